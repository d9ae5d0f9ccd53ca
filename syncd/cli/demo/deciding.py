"""The demo's chapter about people: a budget that would be trebled and a start that would call
people are held, each with its figures; one is let through and goes out, the other is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from syncd.cli.choices import Choices
from syncd.cli.codes import ITEMS, OK
from syncd.cli.decided import Decision, approve, cancel, seen
from syncd.cli.demo.elsewhere import run
from syncd.cli.demo.mirroring import PULL, Edits, picks
from syncd.cli.demo.narrator import Narrator
from syncd.cli.demo.stage import ACCOUNT, Stage
from syncd.cli.explained import show as show_explained
from syncd.cli.inbox import show as show_inbox
from syncd.cli.opened import finish, opened
from syncd.cli.passes import sync_accounts
from syncd.cli.text import money
from syncd.errors import UsageError
from syncd.model.update import State
from syncd.store.reports import Row, UpdateFilter

_REASON: Final = "Black Friday, agreed with Marc"


def decide(narrator: Narrator, here: Stage, choices: Choices, edits: Edits) -> None:
    """Nothing that looks wrong goes out before somebody has looked."""
    narrator.chapter("A person decides")
    pick = _untouched(here, choices, edits)
    tripled = f"{Decimal(pick['current']) * 3:f}"
    narrator.say("A budget three times as high may be a slip of the finger, and costs real money:")
    wish = ["enqueue", ACCOUNT, pick["id"], "--set", f"{pick['path']}={tripled}"]
    run(narrator, here, wish, wish, OK)
    _push(narrator, here, choices, ITEMS)
    _check_truth(narrator, here, pick, pick["current"])
    narrator.say("Nothing was sent. What waits for a person is one list, with the commands:")
    narrator.command(here.shell(["updates", "list", "--state", "inbox"]))
    waiting = finish(choices, _inbox(choices, is_shown=True))
    (budget,) = _of(waiting, "factor")
    (start,) = _of(waiting, "guard-start")
    narrator.command(here.shell(["updates", "approve", str(budget["id"]), "--reason", _REASON]))
    ended = finish(choices, approve(choices, [budget["id"]], None, Decision(reason=_REASON)))
    narrator.check(ended, OK, "exit code")
    _push(narrator, here, choices, OK)
    _check_truth(narrator, here, pick, tripled)
    narrator.say("How it came to that, from the wish to what the provider shows:")
    narrator.command(here.shell(["updates", "explain", str(budget["id"])]))
    finish(choices, show_explained(choices, budget["id"]))
    narrator.say("The start of calls is taken back, and what was refused is taken note of:")
    narrator.command(here.shell(["updates", "cancel", str(start["id"])]))
    ended = finish(choices, cancel(choices, [start["id"]], Decision()))
    narrator.check(ended, OK, "exit code")
    refused = [one["id"] for one in waiting if one["cause"] == "rejected"]
    narrator.command(here.shell(["updates", "seen", *map(str, refused)]))
    narrator.check(finish(choices, seen(choices, refused, Decision())), OK, "exit code")
    narrator.check(finish(choices, _inbox(choices)), [], "what still waits for a person:")
    starts = here.providers["voipbin"].ask("state")["starts"]
    narrator.check(starts, [], "campaigns that began to call:")
    narrator.say("Nothing waits for a person any more, and no campaign began to call anybody.")


def _untouched(here: Stage, choices: Choices, edits: Edits) -> dict[str, Any]:
    """A campaign with a budget that nobody has changed so far."""
    used = finish(choices, _used(choices)) | {campaign for campaign, _ in edits.values}
    for pick in picks(here)["ordinary"]:
        if pick["id"] not in used and Decimal(pick["current"]) > 0:
            found: dict[str, Any] = pick
            return found
    raise UsageError("this world has no campaign left to treble", remedy="give more --campaigns")


async def _used(choices: Choices) -> set[str]:
    async with opened(choices) as here:
        rows = await here.reports.updates(UpdateFilter(account=ACCOUNT, limit=None))
    return {row["external_id"] for row in rows}


def _push(narrator: Narrator, here: Stage, choices: Choices, code: int) -> None:
    narrator.command(here.shell(["sync", ACCOUNT, "--push"]))
    wanted = {**PULL, "only_pull": False, "only_push": True}
    narrator.check(finish(choices, sync_accounts(choices, [ACCOUNT], wanted)), code, "exit code")


def _check_truth(narrator: Narrator, here: Stage, pick: Row, wanted: str) -> None:
    truth = {one["id"]: one["budget"] for one in here.provider.ask("truth")["campaigns"]}
    found = truth[pick["id"]][pick["path"].removeprefix("budget.")]
    narrator.check(
        money(found, "EUR"), money(wanted, "EUR"), f"{pick['path']} of {pick['id']} at Criteo:"
    )


async def _inbox(choices: Choices, *, is_shown: bool = False) -> list[Row]:
    # What the list says beside its rows is said by the chapter.
    async with opened(replace(choices, quiet=True)) as here:
        if is_shown:
            await show_inbox(here)
        return await here.reports.inbox()


def _of(waiting: Sequence[Row], code: str) -> list[Row]:
    return [row for row in waiting if (row["cause"], row["code"]) == (State.HELD.value, code)]
