"""`syncd updates`: what is queued, what became of each update, and taking one back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

import rich_click as click

from syncd.cli.choices import Choices, Id, LazyGroup, command, group
from syncd.cli.codes import MISUSE, OK

if TYPE_CHECKING:
    from syncd.cli.opened import Opened
    from syncd.store.reports import Row

OPEN: Final = ("queued", "sending", "unknown", "held")
_STATES: Final = (*OPEN, "applied", "rejected", "superseded", "cancelled", "expired")
FIELDS: Final = (
    "id", "account", "external_id", "campaign_name", "patch", "reference", "currency", "state",
    "reason_code", "reason", "results", "confirmation", "confirmed_at", "requester",
    "request_reason", "created_at", "settled_at", "waiting_for", "superseded_by", "key",
    "not_before", "expires_at", "is_create",
)  # fmt: skip


class Updates(LazyGroup):
    """The commands about updates."""

    places: ClassVar[Mapping[str, str]] = {
        name: f"syncd.cli.updates:{name}_" for name in ("list", "show", "cancel")
    }


@group("updates", Updates)
def updates() -> None:
    """List, show or take back queued updates."""


@command("list")
@click.option(
    "--state",
    type=click.Choice(["open", *_STATES, "all"]),
    default="open",
    show_default=True,
    help="`open` is queued, sending, unknown and held.",
)
@click.option("--account", metavar="ACCOUNT", help="Only of this account.")
@click.option("--campaign", metavar="ID", help="Only of this campaign.")
@click.option("--run", metavar="ID", type=Id(), help="Only those that this run sent or superseded.")
@click.option("--before", metavar="ID", type=Id(), help="Only older ones than this update.")
@click.option(
    "--limit", type=click.IntRange(0, 1_000_000), default=50, show_default=True, help="0: all."
)
@click.pass_obj
def list_(choices: Choices, /, **wanted: Any) -> int:
    """Updates, newest first."""
    from syncd.cli.opened import finish

    finish(choices, _list(choices, wanted))
    return OK


@command("show")
@click.argument("update", metavar="ID", type=Id())
@click.pass_obj
def show_(choices: Choices, /, update: int) -> int:
    """One update with every attempt and the provider's own words."""
    from syncd.cli.opened import finish

    finish(choices, _show(choices, update))
    return OK


@command("cancel")
@click.argument("ids", metavar="ID...", type=Id(), nargs=-1, required=True)
@click.option(
    "--requester", metavar="NAME", help="Who takes it back; else the user of this machine."
)
@click.pass_obj
def cancel_(choices: Choices, /, ids: tuple[int, ...], requester: str | None) -> int:
    """Take updates back that were not sent yet."""
    from syncd.cli.opened import finish

    return finish(choices, _cancel(choices, ids, requester))


async def _list(choices: Choices, wanted: dict[str, Any]) -> None:
    from syncd.cli.checking import require_account
    from syncd.cli.opened import opened
    from syncd.cli.render.table import Listing
    from syncd.cli.update_table import COLUMNS, line
    from syncd.store.reports import UpdateFilter

    state = wanted["state"]
    chosen = {"open": OPEN, "all": None}.get(state, (state,))
    filters = UpdateFilter(
        states=chosen,
        account=wanted["account"],
        campaign=wanted["campaign"],
        before=wanted["before"],
        run=wanted["run"],
        limit=wanted["limit"] or None,
    )
    async with opened(choices) as here:
        require_account(wanted["account"], await here.reports.known_accounts())
        rows = await here.reports.updates(filters)
        counts = await here.reports.update_counts(wanted["account"])
        here.screen.listing(
            Listing(
                schema="syncd.updates/1",
                key="updates",
                fields=FIELDS,
                rows=rows,
                columns=COLUMNS,
                lines=[line(here.screen, row) for row in rows],
                extra={"counts": counts},
            ),
            empty=_nothing(state, counts),
        )
        _footer(here, rows, counts, wanted["limit"])


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
    from syncd.cli.opened import opened
    from syncd.cli.update_table import show
    from syncd.errors import UsageError

    async with opened(choices) as here:
        here.screen.refuse_csv("one update")
        rows = await here.reports.updates_by_id([update])
        if not rows:
            raise UsageError(
                f"there is no update #{update}",
                remedy="syncd updates list --state all",
                code="update",
            )
        attempts = await here.reports.attempts([update])
        if choices.format == "json":
            fields = {name: rows[0][name] for name in FIELDS}
            here.screen.document("syncd.update/1", {"update": fields, "attempts": attempts})
            return
        show(here.screen, rows[0], attempts)


async def _cancel(choices: Choices, ids: Sequence[int], requester: str | None) -> int:
    from syncd.cli.changes import campaign_of, change_of
    from syncd.cli.opened import opened
    from syncd.cli.requester import person
    from syncd.errors import Refused
    from syncd.store.accounts import Accounts

    code = OK
    async with opened(choices) as here:
        here.screen.refuse_csv("cancelling")
        accounts, done = Accounts(here.database), []
        for one in dict.fromkeys(ids):
            try:
                await accounts.cancel(one, requester or person() or "somebody")
                done.append(one)
            except Refused as refused:
                here.screen.problem(refused)
                code = MISUSE
        rows = await here.reports.updates_by_id(done)
        if choices.format == "json":
            here.screen.document("syncd.cancelled/1", {"updates": rows})
            return code
        for row in rows:
            here.screen.deed(
                f"cancelled #{row['id']} {row['account']}/{campaign_of(row)} {change_of(row)}"
            )
    return code
