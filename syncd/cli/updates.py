"""`syncd updates`: what is queued, what became of each update, and what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

import rich_click as click

from syncd.cli.choices import Choices, Id, LazyGroup, command, group
from syncd.cli.codes import ITEMS, OK

if TYPE_CHECKING:
    from syncd.cli.opened import Opened
    from syncd.store.reports import Row

OPEN: Final = ("queued", "sending", "unknown", "held")
INBOX: Final = "inbox"
_STATES: Final = (*OPEN, "applied", "rejected", "superseded", "cancelled", "expired")


class Updates(LazyGroup):
    """The commands about updates."""

    places: ClassVar[Mapping[str, str]] = {
        "list": "syncd.cli.updates:list_",
        "show": "syncd.cli.updates:show_",
        "explain": "syncd.cli.explain:explain",
        **{name: f"syncd.cli.deciding:{name}_" for name in ("approve", "retry", "seen", "cancel")},
    }


@group("updates", Updates)
def updates() -> None:
    """List updates, explain one, or decide about those that wait for you."""


@command("list")
@click.option(
    "--state",
    type=click.Choice(["open", INBOX, *_STATES, "all"]),
    default="open",
    show_default=True,
    help="`open` is queued, sending, unknown and held; `inbox` is all that waits for a person.",
)
@click.option("--account", metavar="ACCOUNT", help="Only of this account.")
@click.option("--campaign", metavar="ID", help="Only of this campaign.")
@click.option("--run", metavar="ID", type=Id(), help="Only those that this run sent or superseded.")
@click.option("--before", metavar="ID", type=Id(), help="Only older ones than this update.")
@click.option(
    "--limit", type=click.IntRange(0, 1_000_000), default=50, show_default=True, help="0: all."
)
@click.option("--exit-code", is_flag=True, help="End with 3 when any update is listed.")
@click.pass_obj
def list_(choices: Choices, /, **wanted: Any) -> int:
    """Updates, newest first.

    `--state inbox` and `--state held` say of each why it waits, with the figures, and the command
    that ends it; the inbox has the longest waiting first."""
    from syncd.cli.opened import finish

    listed = finish(choices, _list(choices, wanted))
    return ITEMS if listed and wanted["exit_code"] else OK


@command("show")
@click.argument("update", metavar="ID", type=Id())
@click.pass_obj
def show_(choices: Choices, /, update: int) -> int:
    """One update with every attempt and the provider's own words."""
    from syncd.cli.opened import finish

    finish(choices, _show(choices, update))
    return OK


async def _list(choices: Choices, wanted: dict[str, Any]) -> int:
    """Print them; returns how many they are."""
    from syncd.cli import inbox
    from syncd.cli.checking import require_account
    from syncd.cli.opened import opened
    from syncd.cli.render.table import Listing
    from syncd.cli.update_table import COLUMNS, FIELDS, line
    from syncd.store.reports import UpdateFilter

    state = wanted["state"]
    chosen = {"open": OPEN, "all": None}.get(state, (state,))
    async with opened(choices) as here:
        require_account(wanted["account"], await here.reports.known_accounts())
        if state == INBOX:
            inbox.refuse_other(wanted)
            limit = wanted["limit"] or None
            return await inbox.show(here, wanted["account"], wanted["campaign"], limit)
        filters = UpdateFilter(
            states=chosen,
            account=wanted["account"],
            campaign=wanted["campaign"],
            before=wanted["before"],
            run=wanted["run"],
            limit=wanted["limit"] or None,
        )
        rows = await here.reports.updates(filters)
        counts = await here.reports.update_counts(wanted["account"])
        listing = Listing(
            schema="syncd.updates/1",
            key="updates",
            fields=FIELDS,
            rows=rows,
            columns=COLUMNS,
            lines=[line(here.screen, row) for row in rows],
            extra={"counts": counts},
        )
        if state == "held":
            listing = await inbox.reasoned(here, listing)
        here.screen.listing(listing, empty=_nothing(state, counts))
        _footer(here, rows, counts, wanted["limit"])
        return len(rows)


def _nothing(state: str, counts: dict[str, int]) -> str:
    total = sum(counts.values())
    if not total:
        return (
            "Nothing was queued yet. Begin with: "
            "syncd enqueue ACCOUNT CAMPAIGN --set budget.daily=120.50"
        )
    words = "open" if state == "open" else "of that kind"
    return f"No update is {words}. There are {total} in all: syncd updates list --state all"


def _footer(here: Opened, rows: Sequence[Row], counts: dict[str, int], limit: int) -> None:
    if here.choices.format != "table" or not rows:
        return
    still = {state: counts.get(state, 0) for state in OPEN if counts.get(state)}
    named = ", ".join(f"{number} {state}" for state, number in still.items())
    text = f"{sum(still.values())} open" + (f" ({named})" if named else "")
    older = f". Older: --before {rows[-1]['id']}" if limit and len(rows) == limit else ""
    here.screen.talk(text + older)


async def _show(choices: Choices, update: int) -> None:
    from syncd.cli.checking import unknown_update
    from syncd.cli.opened import opened
    from syncd.cli.update_table import SHOWN, show

    async with opened(choices) as here:
        here.screen.refuse_csv("one update")
        rows = await here.reports.updates_by_id([update])
        if not rows:
            raise unknown_update(update)
        attempts = await here.reports.attempts([update])
        if choices.format == "json":
            fields = {name: rows[0][name] for name in SHOWN}
            here.screen.document("syncd.update/1", {"update": fields, "attempts": attempts})
            return
        show(here.screen, rows[0], attempts)
