"""The second half of the demo: what a push would do, the one call that does it, what came of every
single change, and the history that stays."""

from __future__ import annotations

from typing import Final

from syncd.cli.changes import warnings_of
from syncd.cli.choices import Choices
from syncd.cli.codes import ITEMS, OK
from syncd.cli.demo.changing import Change, Changes, reason_of
from syncd.cli.demo.mirroring import PULL, Edits
from syncd.cli.demo.narrator import Narrator
from syncd.cli.demo.stage import ACCOUNT, Stage
from syncd.cli.mirrored import show_history
from syncd.cli.opened import finish, opened
from syncd.cli.passes import sync_accounts
from syncd.cli.planned import PlanWish, show_plans
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Column, Line
from syncd.cli.text import money
from syncd.model.update import State
from syncd.store.reports import HistoryFilter, Row

_COLUMNS: Final = (
    Column(""),
    Column("UPDATE"),
    Column("CAMPAIGN"),
    Column("STATE"),
    Column("CONFIRMATION"),
    Column("MIRROR NOW", right=True),
    Column("BECAUSE IT", flexible=True),
)
_HISTORY: Final = (
    "SELECT seen_at, path, old, new, origin, requester FROM report.field_history "
    "WHERE account = '{account}' AND external_id = '{campaign}' ORDER BY id;"
)


def plan_push(narrator: Narrator, here: Stage, choices: Choices, changes: Changes) -> None:
    """What would be sent."""
    narrator.chapter("What a push would do")
    narrator.command(here.shell(["plan"]))
    narrator.check(finish(choices, show_plans(choices, [], PlanWish())), OK, "exit code")
    narrator.say(
        f"At Criteo {len(changes.by_id)} updates become one call with {changes.campaigns} entries, "
        "one per campaign; the others take one campaign a call."
    )


def push(narrator: Narrator, here: Stage, choices: Choices, changes: Changes) -> None:
    """One call, and the receiver's own journal as the witness."""
    narrator.chapter("The push")
    narrator.command(here.shell(["sync", "--push"]))
    before = here.provider.ask("counters")["arrivals"]
    wanted = {**PULL, "only_pull": False, "only_push": True}
    narrator.check(finish(choices, sync_accounts(choices, [], wanted)), ITEMS, "exit code")
    arrivals = here.provider.ask(f"journal?since={before}")["arrivals"]
    patches = [arrival for arrival in arrivals if arrival["method"] == "PATCH"]
    narrator.check(len(patches), 1, "calls that write:")
    narrator.check(len(patches[0]["items"]), changes.campaigns, "entries in the call:")
    narrator.say(
        f"Criteo's journal: 1 {patches[0]['method']} {patches[0]['path']} with "
        f"{len(patches[0]['items'])} entries, answered {patches[0]['status']}."
    )


def read_back(narrator: Narrator, here: Stage, choices: Choices, changes: Changes) -> None:
    """What a read says of what was accepted."""
    narrator.chapter("The read-back")
    finish(choices, _show_results(narrator, choices, changes))
    truth = {one["id"]: one["budget"] for one in here.provider.ask("truth")["campaigns"]}
    for change in changes.by_id.values():
        if change.state is State.APPLIED and not change.is_pending:
            shown = money(truth[change.campaign][change.path.removeprefix("budget.")], "EUR")
            narrator.check(
                shown,
                money(change.amount, "EUR"),
                f"{change.path} of {change.campaign} at the provider:",
            )


def tell_history(narrator: Narrator, here: Stage, choices: Choices, edits: Edits) -> None:
    """One campaign from its first pull on."""
    narrator.chapter("The history of one campaign")
    narrator.command(here.shell(["campaigns", "history", ACCOUNT, edits.followed]))
    wanted = {"path": None, "reverse": False, "limit": 0}
    finish(choices, show_history(choices, ACCOUNT, edits.followed, wanted))
    narrator.say("The same in SQL:")
    narrator.query(_HISTORY.format(account=ACCOUNT, campaign=edits.followed))
    finish(choices, _check_history(narrator, choices, edits))


async def _show_results(narrator: Narrator, choices: Choices, changes: Changes) -> None:
    async with opened(choices) as here:
        rows = await here.reports.updates_by_id(changes.by_id)
        narrator.check(len(rows), len(changes.by_id), "updates:")
        lines = []
        for row in rows:
            change = changes.by_id[row["id"]]
            _check_result(narrator, row, change)
            campaign = await here.reports.campaign(ACCOUNT, change.campaign)
            now = campaign["values"][change.path] if campaign else None
            lines.append(_line(here.screen, row, change, now))
        here.screen.table(_COLUMNS, lines)
    confirmed = sum(row["confirmation"] == "confirmed" for row in rows)
    narrator.say(
        f"{confirmed} values were read back in the same pass and stand in the mirror; the pending "
        "one takes effect at the provider's next period, and a later pull confirms it."
    )


def _check_result(narrator: Narrator, row: Row, change: Change) -> None:
    narrator.check(row["state"], change.state.value, f"#{row['id']} is")
    if change.code is not None:
        said = any(change.code in code for code in (row["reason_code"] or "", *warnings_of(row)))
        narrator.check(said, expected=True, what=f"{change.code} for #{row['id']}:")
    if change.state is State.APPLIED:
        wanted = "pending" if change.is_pending else "confirmed"
        narrator.check(row["confirmation"], wanted, f"#{row['id']} is")


def _line(screen: Screen, row: Row, change: Change, now: str | None) -> Line:
    return Line(
        (
            screen.mark(row["state"]),
            f"#{row['id']}",
            row["external_id"],
            screen.word(row["state"]),
            row["confirmation"] if change.state is State.APPLIED else "-",
            money(now, row["currency"]),
            reason_of(change),
        )
    )


async def _check_history(narrator: Narrator, choices: Choices, edits: Edits) -> None:
    async with opened(choices) as here:
        rows = await here.reports.history(
            HistoryFilter(account=ACCOUNT, campaign=edits.followed, limit=None)
        )
        narrator.check(
            [row["origin"] for row in rows], ["provider", "update"], "origins of the changes:"
        )
