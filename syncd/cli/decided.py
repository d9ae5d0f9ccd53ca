"""What a person decides, carried out: each update by itself, so that one that is refused undoes no
other, and a row for each with what happened. Who may do what is the database's own."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncd.cli.changes import campaign_of, change_of, move, short_code
from syncd.cli.choices import Choices
from syncd.cli.codes import ITEMS, MISUSE, OK
from syncd.cli.opened import Opened, opened
from syncd.cli.plan_document import SHORT
from syncd.cli.planned import known_plan
from syncd.cli.requester import person
from syncd.cli.text import moment, shown
from syncd.errors import Refused, UsageError
from syncd.store.accounts import Accounts
from syncd.store.decisions import DAY, Decisions
from syncd.store.plans import SavedPlan
from syncd.store.reports import Row


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Who decides, why, and for how long."""

    requester: str | None = None
    reason: str | None = None
    valid_for: dt.timedelta = DAY

    @property
    def by(self) -> str:
        """The one named, else the user of this machine."""
        return self.requester or person() or "somebody"


@dataclass(kw_only=True, slots=True)
class Tally:
    """The updates that were decided about, and how many were refused."""

    done: list[int] = field(default_factory=list)
    refused: int = 0

    @property
    def code(self) -> int:
        """The exit code: some refused is 3, all of them is wrong use."""
        if not self.refused:
            return OK
        return ITEMS if self.done else MISUSE


async def approve(
    choices: Choices, ids: Sequence[int], plan: str | None, decision: Decision
) -> int:
    """Let updates through, or all that a plan showed; returns the exit code."""
    if plan is None and not ids:
        raise UsageError(
            "name the updates, or give --plan", remedy="see: syncd updates list --state held"
        )
    async with opened(choices) as here:
        here.screen.refuse_csv("approving")
        if plan is not None and not ids:
            return await _approve_plan(here, plan, decision)
        decisions = Decisions(here.database)

        async def act(one: int) -> None:
            await decisions.approve(one, decision.by, decision.reason, decision.valid_for, plan)

        tally = await _each(here, ids, act)
        rows = await here.reports.acted_on(tally.done)
        items = await here.reports.let_through(tally.done)
        through = {
            row["id"]: [one for one in items if one["update_id"] == row["id"]] for row in rows
        }
        if choices.format == "json":
            told = [_approved(row, through[row["id"]]) for row in rows]
            here.screen.document("syncd.approved/1", {"updates": told})
        else:
            for row in rows:
                _tell_approved(here, row, through[row["id"]])
            _hint_push(here, rows)
        return tally.code


async def retry(choices: Choices, ids: Sequence[int], decision: Decision) -> int:
    """Try updates again; returns the exit code."""
    async with opened(choices) as here:
        here.screen.refuse_csv("trying again")
        await _warn_of_twins(here, ids)
        before = {row["id"]: row for row in await here.reports.acted_on(ids)}
        decisions, again = Decisions(here.database), {}

        async def act(one: int) -> None:
            again[one] = await decisions.retry(one, decision.by, decision.reason)

        tally = await _each(here, ids, act)
        rows = {row["id"]: row for row in await here.reports.acted_on(again.values())}
        if choices.format == "json":
            told = [
                {
                    "id": one,
                    "was": before[one]["state"],
                    "queued_as_id": new,
                    "account": rows[new]["account"],
                    "external_id": rows[new]["external_id"],
                    "state": rows[new]["state"],
                }
                for one, new in again.items()
            ]
            here.screen.document("syncd.retried/1", {"updates": told})
            return tally.code
        for one, new in again.items():
            row = rows[new]
            how = (
                "is queued again, to be judged anew"
                if new == one
                else f"was {before[one]['state']}; queued once more as #{new}"
            )
            here.screen.deed(f"#{one} {how}: {row['account']}/{campaign_of(row)} {change_of(row)}")
        _hint_push(here, list(rows.values()))
        return tally.code


async def seen(choices: Choices, ids: Sequence[int], decision: Decision) -> int:
    """Take note of updates; returns the exit code."""
    async with opened(choices) as here:
        here.screen.refuse_csv("taking note")
        decisions = Decisions(here.database)
        tally = await _each(here, ids, lambda one: decisions.seen(one, decision.by))
        rows = await here.reports.acted_on(tally.done)
        if choices.format == "json":
            names = ("id", "account", "external_id", "state", "reason_code", "seen_at", "seen_by")
            told = [{name: row[name] for name in names} for row in rows]
            here.screen.document("syncd.seen/1", {"updates": told})
            return tally.code
        for row in rows:
            code = f" {short_code(row['reason_code'])}" if row["state"] == "rejected" else ""
            here.screen.deed(
                f"seen #{row['id']} {row['account']}/{campaign_of(row)} {change_of(row)}: "
                f"{row['state']}{code}, noted by {shown(row['seen_by'])}"
            )
        return tally.code


async def cancel(choices: Choices, ids: Sequence[int], decision: Decision) -> int:
    """Take updates back; returns the exit code."""
    async with opened(choices) as here:
        here.screen.refuse_csv("cancelling")
        accounts = Accounts(here.database)
        tally = await _each(here, ids, lambda one: accounts.cancel(one, decision.by))
        rows = await here.reports.acted_on(tally.done)
        if choices.format == "json":
            here.screen.document("syncd.cancelled/1", {"updates": rows})
            return tally.code
        for row in rows:
            here.screen.deed(
                f"cancelled #{row['id']} {row['account']}/{campaign_of(row)} {change_of(row)}"
            )
        return tally.code


async def _each(here: Opened, ids: Sequence[int], act: Callable[[int], Awaitable[None]]) -> Tally:
    """Every update in a transaction of its own; what is refused is told at once."""
    tally = Tally()
    for one in dict.fromkeys(ids):
        try:
            await act(one)
        except Refused as refused:
            here.screen.problem(refused)
            tally.refused += 1
        else:
            tally.done.append(one)
    return tally


async def _approve_plan(here: Opened, plan: str, decision: Decision) -> int:
    saved = await known_plan(here.database, plan)
    outcomes = await Decisions(here.database).approve_plan(
        saved.hash, decision.by, decision.reason, decision.valid_for
    )
    counts = Counter(one.outcome for one in outcomes)
    rows = {row["id"]: row for row in await here.reports.acted_on(saved.updates)}
    if here.choices.format == "json":
        told = [
            {
                "update_id": one.update_id,
                "path": one.path,
                "outcome": one.outcome,
                "reason": one.reason,
            }
            for one in outcomes
        ]
        content = {"account": saved.account, "hash": saved.hash, "items": told}
        here.screen.document("syncd.approved_plan/1", content)
    else:
        named = ", ".join(
            f"{counts[name]} {word}"
            for name, word in (
                ("approved", "approved"),
                ("dropped", "dropped out"),
                ("not_needed", "in need of no approval"),
            )
            if counts[name]
        )
        here.screen.deed(f"plan {saved.hash[:SHORT]} of {saved.account}: {named or 'empty'}")
        for one in outcomes:
            if one.outcome != "not_needed" and one.update_id in rows:
                text = _item(saved, rows[one.update_id], one.path)
                end = "approved" if one.outcome == "approved" else f"dropped out: {one.reason}"
                here.screen.deed(f"  #{one.update_id}  {text}  {shown(end)}")
        if counts["approved"]:
            here.screen.hint(f"syncd sync --plan {saved.hash[:SHORT]}")
    return Tally(done=[0] * counts["approved"], refused=counts["dropped"]).code


def _item(saved: SavedPlan, row: Row, path: str) -> str:
    """An item of a plan with the rules that it meets."""
    (item,) = [one for one in saved.items if (one["update"], one["path"]) == (row["id"], path)]
    return _moved(row, path, item["remote"], item["hits"])


def _moved(row: Row, path: str, remote: str | None, hits: Sequence[Row]) -> str:
    rules = ", ".join(dict.fromkeys(hit["rule"] for hit in hits))
    return f"{move(path, remote, row['patch'][path], row['currency'])}  {rules}"


def _tell_approved(here: Opened, row: Row, items: Sequence[Row]) -> None:
    screen = here.screen
    until = moment(items[0]["expires_at"], screen.zone)
    where = f"{row['account']}/{campaign_of(row)}"
    screen.deed(f"approved #{row['id']} {where} until {until} {screen.zone_name}")
    for one in items:
        screen.deed(f"  {_moved(row, one['path'], one['remote'], one['hits'])}")


def _approved(row: Row, items: Sequence[Row]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "account": row["account"],
        "external_id": row["external_id"],
        "state": row["state"],
        "approved_by": items[0]["approved_by"],
        "approved_until": items[0]["expires_at"],
        "items": [
            {
                "path": one["path"],
                "from": one["remote"],
                "to": row["patch"][one["path"]],
                "rules": one["hits"],
            }
            for one in items
        ],
    }


async def _warn_of_twins(here: Opened, ids: Sequence[int]) -> None:
    """A create whose call had no answer may have happened: once more may be twice."""
    for one in await here.reports.unclear_creates(ids):
        here.screen.ask(
            f"warning: #{one} may have made its campaign already, for its call had no "
            "answer: tried again, it may make it twice"
        )


def _hint_push(here: Opened, rows: Sequence[Row]) -> None:
    accounts = " ".join(sorted({row["account"] for row in rows}))
    if accounts:
        here.screen.hint(f"syncd sync {accounts} --push")
