"""The demo at the other providers: one change at each, of the kind that it offers, a start that
waits for a person, and what came of them at the providers themselves."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from syncd.cli.choices import Choices
from syncd.cli.codes import OK
from syncd.cli.demo.narrator import Narrator
from syncd.cli.demo.stage import Stage, account_of
from syncd.cli.opened import finish, opened
from syncd.errors import UsageError
from syncd.model.update import State
from syncd.store.reports import UpdateFilter


@dataclass(frozen=True, kw_only=True)
class Wish:
    """New values of one campaign, by path, and why they are worth a look."""

    provider: str
    campaign: str
    values: Mapping[str, str]
    why: str


def order_elsewhere(narrator: Narrator, here: Stage) -> list[Wish]:
    """One change at each of the others; a call to people only with leave."""
    narrator.chapter("Changes at the other four")
    wishes = [_icas(here), _epom(here), _pai(here), _voipbin(here)]
    for wish in wishes:
        narrator.say(f"{wish.why}.")
    file = here.folder / "elsewhere.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["account", "campaign", "path", "value", "key"])
        writer.writerows(
            [account_of(wish.provider), wish.campaign, path, value, f"demo-{wish.provider}"]
            for wish in wishes
            for path, value in wish.values.items()
        )
    narrator.quote(file.read_text("utf-8"))
    run(narrator, here, ["enqueue", "--from", file.name], ["enqueue", "--from", str(file)], OK)
    narrator.say("Starting to call people takes a person's approval; until then the push holds it:")
    start = ["enqueue", account_of("voipbin"), wishes[-1].campaign, "--set", "status=active"]
    run(narrator, here, start, start, OK)
    return wishes


def check_elsewhere(narrator: Narrator, here: Stage, choices: Choices, wishes: list[Wish]) -> None:
    """The results as the providers have them."""
    narrator.chapter("The other four, seen from their side")
    for wish in wishes:
        truth = _truth(here, wish.provider)[wish.campaign]["values"]
        for path, value in wish.values.items():
            narrator.check(truth[path], value, f"{path} of {wish.campaign} at {wish.provider}:")
            narrator.say(f"  {wish.provider}: {path} of {wish.campaign} is {value}")
    finish(choices, _check_states(narrator, choices, wishes))
    starts = here.providers["voipbin"].ask("state")["starts"]
    narrator.check(starts, [], "campaigns that began to call:")
    narrator.say("No campaign began to call anybody.")


async def _check_states(narrator: Narrator, choices: Choices, wishes: list[Wish]) -> None:
    async with opened(choices) as here:
        for wish in wishes:
            rows = await here.reports.updates(
                UpdateFilter(account=account_of(wish.provider), states=tuple(State), limit=None)
            )
            states = {path: row["state"] for row in rows for path in row["patch"]}
            expected = dict.fromkeys(wish.values, State.APPLIED.value)
            if wish.provider == "voipbin":
                expected["status"] = State.HELD.value
            narrator.check(states, expected, f"{wish.provider}'s updates:")


def run(narrator: Narrator, here: Stage, shown: list[str], arguments: list[str], code: int) -> None:
    """Run a command, quote what it prints, and check how it ends; `shown` is what is told of it."""
    narrator.command(here.shell(shown))
    ended, said = here.syncd(arguments)
    narrator.quote(said)
    narrator.check(ended, code, "exit code")


def _icas(here: Stage) -> Wish:
    campaign = next(
        one
        for one in _truth(here, "icas").values()
        if one["status_raw"] == "ACTIVE" and one["values"]["budget.lifetime"] == "unlimited"
    )
    daily = Decimal(campaign["values"]["budget.daily"]).quantize(Decimal(1)) + 5
    return Wish(
        provider="icas",
        campaign=campaign["id"],
        values={"budget.daily": f"{daily:f}", "name": "Demo of two calls"},
        why="Kleinanzeigen: budget and title are two calls, in the right order",
    )


def _epom(here: Stage) -> Wish:
    pick = here.providers["epom"].ask("picks")["country"]
    return Wish(
        provider="epom",
        campaign=pick["id"],
        values={pick["path"]: pick["amount"]},
        why="Epom: a price of its own for one country",
    )


def _pai(here: Stage) -> Wish:
    pick = here.providers["pai"].ask("picks")["ordinary"][0]
    return Wish(
        provider="pai",
        campaign=pick["id"],
        values={"note": "seen in the demo"},
        why="Alibaba PAI: a remark, where every request may be billed",
    )


def _voipbin(here: Stage) -> Wish:
    campaign = next(
        one
        for one in _truth(here, "voipbin").values()
        if one["status"] == "stop" and not one["is_deleted"]
    )
    return Wish(
        provider="voipbin",
        campaign=campaign["id"],
        values={"name": "Demo of a whole object"},
        why="VoIPBIN: a name; the whole object goes back, so that nothing else is blanked",
    )


def _truth(here: Stage, provider: str) -> dict[str, Any]:
    found = {one["id"]: one for one in here.providers[provider].ask("truth")["campaigns"]}
    if not found:
        raise UsageError(f"the world of {provider} is empty", remedy="choose another --seed")
    return found
