"""The middle of the demo: changes come in by the command line, by SQL and from a file, and one that
makes no sense is refused at the door."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from syncd.cli.choices import Choices
from syncd.cli.codes import MISUSE, OK
from syncd.cli.demo.mirroring import Edits, picks
from syncd.cli.demo.narrator import Narrator
from syncd.cli.demo.stage import ACCOUNT, Stage
from syncd.cli.opened import finish, opened
from syncd.cli.updates import OPEN
from syncd.errors import UsageError
from syncd.model.update import State
from syncd.store.reports import UpdateFilter

_BY_SQL: Final = ("uncapped", "unavailable_feature")
_BY_FILE: Final = ("lifetime_spent", "daily_spent", "hidden_rule")
_WHY: Final = {
    "uncapped": "has no limit at all",
    "unavailable_feature": "its advertiser lacks the feature",
    "lifetime_spent": "has spent more than that in its life",
    "daily_spent": "has spent more than that today",
    "hidden_rule": "above a ceiling that only Criteo knows",
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One wanted amount and what is to become of it: `code` as the provider's pages document it."""

    campaign: str
    path: str
    amount: str
    state: State
    code: str | None = None
    is_pending: bool = False


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Every queued change by its update's number."""

    by_id: Mapping[int, Change]

    @property
    def campaigns(self) -> int:
        """How many campaigns are to be written."""
        return len({change.campaign for change in self.by_id.values()})


def order_changes(narrator: Narrator, here: Stage, choices: Choices, edits: Edits) -> Changes:
    """Queue everything, through three doors."""
    narrator.chapter("Changes come in")
    found = picks(here)
    absent = [case for case in (*_BY_SQL, *_BY_FILE) if case not in found]
    if absent:
        raise UsageError(
            f"this world has no campaign for: {', '.join(absent)}", remedy="give more --campaigns"
        )
    ordinary = [_good(pick) for pick in found["ordinary"]]
    first = next(change for change in ordinary if change.campaign == edits.followed)
    second, third = [one for one in ordinary if one.campaign != edits.followed][:2]
    _by_command(narrator, here, first, second)
    by_sql = [_special(case, found[case]) for case in _BY_SQL]
    finish(choices, _by_sql(narrator, choices, by_sql))
    by_file = [_special(case, found[case]) for case in _BY_FILE]
    later = _raised(third)
    lost = Change(
        campaign=third.campaign, path=third.path, amount=third.amount, state=State.SUPERSEDED
    )
    _by_file(narrator, here, [second, *by_file, lost, later])
    every = [first, second, *by_sql, *by_file, lost, later]
    return finish(choices, _numbered(narrator, choices, every))


def _by_command(narrator: Narrator, here: Stage, good: Change, bad: Change) -> None:
    narrator.say("By the command line:")
    arguments = [
        "enqueue",
        ACCOUNT,
        good.campaign,
        "--set",
        f"{good.path}={good.amount}",
        "--reason",
        "spring sale",
    ]
    narrator.command(here.shell(arguments))
    code, said = here.syncd(arguments)
    narrator.quote(said)
    narrator.check(code, OK, "exit code")
    narrator.say("A negative amount is refused at once:")
    arguments = ["enqueue", ACCOUNT, bad.campaign, "--set", f"{bad.path}=-5"]
    narrator.command(here.shell(arguments))
    code, said = here.syncd(arguments)
    narrator.quote(said)
    narrator.check(code, MISUSE, "exit code")


async def _by_sql(narrator: Narrator, choices: Choices, changes: Sequence[Change]) -> None:
    narrator.say("By SQL, as a spreadsheet, a script or a dashboard would:")
    async with opened(choices) as here, here.database.session() as session:
        for change in changes:
            patch = json.dumps({change.path: change.amount})
            narrator.query(
                f"SELECT syncd.enqueue('{ACCOUNT}', '{change.campaign}', '{patch}', "
                "requester => 'dashboard');"
            )
            rows = await session.ask(
                "SELECT syncd.enqueue($1, $2, $3, requester => $4) AS id",
                ACCOUNT,
                change.campaign,
                {change.path: change.amount},
                "dashboard",
            )
            narrator.quote(f"{rows[0]['id']}")


def _by_file(narrator: Narrator, here: Stage, changes: Sequence[Change]) -> None:
    narrator.say("From a CSV, with two changes of one campaign at its end; all of it or nothing:")
    file = here.folder / "changes.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["account", "campaign", "path", "value", "key", "reason"])
        writer.writerows(
            [
                ACCOUNT,
                change.campaign,
                change.path,
                change.amount,
                f"demo-{number}",
                "from the plan",
            ]
            for number, change in enumerate(changes, start=1)
        )
    narrator.quote(file.read_text("utf-8"))
    narrator.command(here.shell(["enqueue", "--from", file.name]))
    code, said = here.syncd(["enqueue", "--from", str(file)])
    narrator.quote(said)
    narrator.check(code, OK, "exit code")


async def _numbered(narrator: Narrator, choices: Choices, changes: Sequence[Change]) -> Changes:
    async with opened(choices) as here:
        rows = await here.reports.updates(UpdateFilter(account=ACCOUNT, states=OPEN, limit=None))
    narrator.check(len(rows), len(changes), "queued updates:")
    left = list(changes)
    by_id = {}
    for row in rows:
        change = next(
            one
            for one in left
            if one.campaign == row["external_id"]
            and Decimal(row["patch"][one.path]) == Decimal(one.amount)
        )
        left.remove(change)
        by_id[row["id"]] = change
    return Changes(by_id=by_id)


def reason_of(change: Change) -> str:
    """Why the provider will answer as it will."""
    if change.state is State.SUPERSEDED:
        return "a later change of the same campaign replaces it"
    return next(
        (why for case, why in _WHY.items() if change.code and _CODES[case] in change.code), ""
    )


_CODES: Final = {
    "uncapped": "spend-limit-does-not-exist",
    "unavailable_feature": "unavailable-feature-for-this-advertiser",
    "lifetime_spent": "cannot-decrease-lifetime-spend-limit",
    "daily_spent": "next-period-start",
    "hidden_rule": "validation-failed-on-spend-limit",
}


def _good(pick: Mapping[str, Any]) -> Change:
    return Change(
        campaign=pick["id"], path=pick["path"], amount=pick["amount"], state=State.APPLIED
    )


def _special(case: str, pick: Mapping[str, Any]) -> Change:
    is_pending = case == "daily_spent"
    return Change(
        campaign=pick["id"],
        path=pick["path"],
        amount=pick["amount"],
        state=State.APPLIED if is_pending else State.REJECTED,
        code=pick["code"],
        is_pending=is_pending,
    )


def _raised(change: Change) -> Change:
    amount = f"{Decimal(change.amount) + 1:f}"
    return Change(campaign=change.campaign, path=change.path, amount=amount, state=State.APPLIED)
