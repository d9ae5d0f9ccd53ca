"""Queued updates, a provider and its fields for tests of plans: what is queued, shown and sent, in
as few words as a table needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.fold import plan_push
from syncd.model.guard import Recent, Rules
from syncd.model.path import Field, Guard, Kind
from syncd.model.plan import PushPlan
from syncd.model.update import Outcome, Pending, Verdict

DAILY, MONTHLY, NAME, STATUS, QUEUE = (
    "budget.daily",
    "budget.monthly",
    "name",
    "status",
    "native.queue",
)
BOTH = "period_mismatch"
FIELDS = (
    Field(path=DAILY, kind=Kind.AMOUNT, changeable=True),
    Field(path=MONTHLY, kind=Kind.AMOUNT, changeable=True),
    Field(path=NAME, kind=Kind.TEXT, changeable=True),
    Field(path=STATUS, kind=Kind.STATUS, changeable=True, guard=Guard.START, needs=(QUEUE,)),
    Field(path=QUEUE, kind=Kind.TEXT, changeable=True),
    Field(path="native.level", kind=Kind.NUMBER, changeable=True),
    Field(path="native.clicks", kind=Kind.COUNT, changeable=True),
    Field(
        path="price.amount", kind=Kind.AMOUNT, changeable=True, nullable=True, guard=Guard.DISABLE
    ),
    Field(path="price.country.*", kind=Kind.AMOUNT, changeable=True, nullable=True),
    Field(path="deleted", kind=Kind.FLAG, changeable=True, guard=Guard.DELETE),
)
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
NOW = Recent(now=NOON)


def one_call(items: Sequence[WriteItem]) -> WritePlan:
    """A provider that takes everything, in one call."""
    good = tuple(items)
    return WritePlan(calls=(WriteCall(operation="write", items=good),) if good else ())


def picky(items: Sequence[WriteItem]) -> WritePlan:
    """A provider that takes one period at a time and no amount above 900."""
    refused = {
        item.external_id: Verdict(outcome=Outcome.REJECTED, code=code, message=f"refused: {code}")
        for item in items
        if (code := _code(item))
    }
    good = [item for item in items if item.external_id not in refused]
    return WritePlan(calls=one_call(good).calls, refused=refused)


def _code(item: WriteItem) -> str | None:
    periods = [path for path in item.changes if path.startswith("budget.")]
    if len(periods) > 1:
        return BOTH
    return "too_much" if any(float(item.changes[one] or 0) > 900 for one in periods) else None


def money(text: str | None) -> Decimal | None:
    """An amount of a table."""
    return None if text is None else Decimal(text)


def pending(number: int, wanted: str | None, seen: str | None = "100", **other: Any) -> Pending:
    """An update of the daily budget of campaign `a`, whose requester saw `seen` (None: nothing)."""
    settings: dict[str, Any] = {
        "external_id": "a",
        "patch": {DAILY: wanted},
        "reference": None if seen is None else {DAILY: seen},
        "currency": "EUR",
    }
    return Pending(id=number, **(settings | other))


def asking(number: int, patch: Mapping[str, str | None], **other: Any) -> Pending:
    """An update of any paths of campaign `a`; unless told, all of them were null when it was asked
    for."""
    reference = other.pop("reference", dict.fromkeys(patch))
    return pending(number, None, patch=patch, reference=reference, **other)


def plan(
    updates: Sequence[Pending],
    remote: Mapping[str, Mapping[str, str | None]],
    rules: Rules | None = None,
    recent: Recent = NOW,
) -> PushPlan:
    """The plan for a provider that takes everything."""
    return plan_push(updates, remote, one_call, rules, recent)


def daily(updates: Sequence[Pending], **remote: str | None) -> PushPlan:
    """The plan where campaigns show these daily budgets, at the provider that is picky."""
    shown = {campaign: {DAILY: value} for campaign, value in remote.items()}
    return plan_push(updates, shown, picky)


def marks(made: PushPlan) -> dict[int, tuple[str, str | None]]:
    """The mark of each update and the code that explains it."""
    return {one.update.id: (one.mark.value, one.deciding.code) for one in made.updates}


def sent(made: PushPlan) -> dict[str, Mapping[str, str | None]]:
    """What goes out, by campaign."""
    return {item.external_id: item.changes for call in made.calls for item in call.items}


def digests(made: PushPlan) -> dict[tuple[int, str], str]:
    """The digest of each item."""
    return {(one.update.id, path.path): path.digest for one in made.updates for path in one.paths}


def let(update: Pending, made: PushPlan) -> Pending:
    """The same update where somebody let through, beside what was before, all that this plan shows
    of it."""
    (mine,) = [one for one in made.updates if one.update.id == update.id]
    met = {digest for path in mine.paths for digest in path.hit_digests}
    return replace(update, approved=update.approved | met)
