"""The first half of the demo: the mirror fills, somebody changes things at the provider, and the
next pull shows exactly that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from syncd.cli.choices import Choices
from syncd.cli.demo.narrator import Narrator
from syncd.cli.demo.provider import OF_EACH_OTHER, OTHERS
from syncd.cli.demo.stage import ACCOUNT, Stage, account_of
from syncd.cli.mirrored import COLUMNS, campaign_line, draw_changes
from syncd.cli.opened import Opened, finish, opened
from syncd.cli.passes import sync_accounts
from syncd.cli.text import count, money, visible
from syncd.errors import UsageError
from syncd.store.reports import CampaignFilter, HistoryFilter, Row

_SHOWN: Final = 5
PULL: Final = {
    "only_pull": True,
    "only_push": False,
    "due": False,
    "if_busy": "wait",
    "wait_unknown": False,
    "everything": False,
}


@dataclass(frozen=True, kw_only=True)
class Edits:
    """What somebody did at the provider: new values by (campaign, path), and the one that was
    removed."""

    values: dict[tuple[str, str], str]
    removed: str
    followed: str


def first_pull(narrator: Narrator, here: Stage, choices: Choices, campaigns: int) -> None:
    """Everything is new."""
    narrator.chapter("First pull")
    narrator.say(
        f"Every provider in its own way, side by side, each under its own limits: "
        f"{count(campaigns + len(OTHERS) * OF_EACH_OTHER)} campaigns come into Postgres."
    )
    narrator.command(here.shell(["sync", "--pull"]))
    narrator.check(finish(choices, sync_accounts(choices, [], PULL)), 0, "exit code")
    finish(choices, _show_some(narrator, choices, campaigns))


def second_pull(narrator: Narrator, here: Stage, choices: Choices) -> Edits:
    """Three edits and one removal at the provider, and the diff that the next pull finds."""
    narrator.chapter("Somebody works at the provider")
    edits = _edit(narrator, here)
    narrator.command(here.shell(["sync", ACCOUNT, "--pull"]))
    narrator.check(finish(choices, sync_accounts(choices, [ACCOUNT], PULL)), 0, "exit code")
    finish(choices, _show_difference(narrator, choices, edits))
    return edits


def picks(here: Stage) -> dict[str, Any]:
    """Campaigns of the simulated world that show one rule of the provider each."""
    found: dict[str, Any] = here.provider.ask("criteo/picks")
    return found


async def _show_some(narrator: Narrator, choices: Choices, campaigns: int) -> None:
    async with opened(choices) as here:
        rows = await here.reports.campaigns(CampaignFilter(account=ACCOUNT, limit=None))
        narrator.check(len(rows), campaigns, "campaigns in the mirror:")
        for name in OTHERS:
            found = await here.reports.campaigns(
                CampaignFilter(account=account_of(name), limit=None)
            )
            here_now = [row for row in found if row["gone_at"] is None]
            narrator.check(len(here_now), OF_EACH_OTHER, f"campaigns of {name} in the mirror:")
        narrator.command(f"syncd campaigns list --account {ACCOUNT} --limit {_SHOWN}")
        here.screen.table(COLUMNS, [campaign_line(here.screen, row) for row in rows[:_SHOWN]])


def _edit(narrator: Narrator, here: Stage) -> Edits:
    ordinary = picks(here)["ordinary"]
    if len(ordinary) < 12:
        raise UsageError(
            "this world has too few ordinary campaigns for the story",
            remedy="give more --campaigns",
        )
    followed, second, renamed, removed = ordinary[0], ordinary[-1], ordinary[-2], ordinary[-3]
    values: dict[tuple[str, str], str] = {}
    wishes = []
    for pick in (followed, second):
        raised = f"{Decimal(pick['current']) + 20:f}"
        values[pick["id"], pick["path"]] = raised
        wishes.append({"id": pick["id"], "budget": {pick["path"].removeprefix("budget."): raised}})
        narrator.say(f"  {pick['id']}: {pick['path']} becomes {money(raised, 'EUR')}")
    name = f"{renamed['name']} (paused by legal)"
    values[renamed["id"], "name"] = name
    wishes.append({"id": renamed["id"], "name": name})
    narrator.say(f'  {renamed["id"]}: is called "{visible(name)}" now')
    narrator.say(f"  {removed['id']}: is removed")
    here.provider.act("edit", edits=wishes)
    here.provider.act("remove", ids=[removed["id"]])
    return Edits(values=values, removed=removed["id"], followed=followed["id"])


async def _show_difference(narrator: Narrator, choices: Choices, edits: Edits) -> None:
    async with opened(choices) as here:
        changes = await here.reports.history(HistoryFilter(account=ACCOUNT, limit=None))
        narrator.say("The second pull shows exactly that, field by field (report.field_history):")
        draw_changes(here.screen, changes)
        _check_difference(narrator, changes, edits)
        await _check_missing(narrator, here, edits)


def _check_difference(narrator: Narrator, changes: Sequence[Row], edits: Edits) -> None:
    found = {(row["external_id"], row["path"]) for row in changes}
    narrator.check(found, set(edits.values), "changed fields:")
    for row in changes:
        wanted = edits.values[row["external_id"], row["path"]]
        is_same = (
            row["new"] == wanted
            if row["path"] == "name"
            else Decimal(row["new"]) == Decimal(wanted)
        )
        narrator.check(
            is_same, expected=True, what=f"{row['path']} of {row['external_id']} as it was set:"
        )


async def _check_missing(narrator: Narrator, here: Opened, edits: Edits) -> None:
    missing = await here.reports.campaigns(CampaignFilter(account=ACCOUNT, only_missing=True))
    narrator.check([row["external_id"] for row in missing], [edits.removed], "missing campaigns:")
    narrator.check(missing[0]["gone_at"], None, "gone since:")
    narrator.say(
        f"Campaign {edits.removed} was absent from one complete pull: it is missing, not gone. "
        "A person decides."
    )
