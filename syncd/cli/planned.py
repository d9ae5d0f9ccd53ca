"""Plans as people read them: every path with what stands, what is wanted and why it would not go
out, the sum of money, and how old the knowledge is that all of it rests on."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from syncd import daemon
from syncd.cli.choices import Choices
from syncd.cli.codes import ITEMS, OK
from syncd.cli.opened import opened
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Column, Line
from syncd.cli.text import (
    age,
    as_amount,
    clock,
    count,
    difference,
    money,
    percent,
    plain_money,
    plural,
    shown,
    visible,
)
from syncd.daemon import AccountPlan
from syncd.model.plan import Mark, PathPlan, UpdatePlan

_COLUMNS: Final = (
    Column(""),
    Column("UPDATE"),
    Column("CAMPAIGN"),
    Column("NAME", flexible=True),
    Column("PATH"),
    Column("NOW", right=True),
    Column("WANTED", right=True),
    Column("CHANGE"),
)
_WORDS: Final = {
    Mark.ALREADY_SET: "already set, no call",
    Mark.HELD: "would be held",
    Mark.REJECTED: "would be rejected",
}
_FIELDS: Final = (
    "account",
    "update",
    "campaign",
    "path",
    "base",
    "remote",
    "desired",
    "mark",
    "code",
    "message",
)
_PERIODS: Final = {
    "budget.daily": " a day",
    "budget.monthly": " a month",
    "budget.lifetime": " in all",
}


async def show_plans(choices: Choices, names: Sequence[str], *, exit_code: bool) -> int:
    """Print the plans of these accounts. The code is 0 unless findings were asked to count."""
    async with opened(choices) as here:
        plans = await daemon.plan(here.config, here.database, names)
        at = await here.reports.now()
        screen = here.screen
        if choices.format == "json":
            screen.document("syncd.plan/1", {"at": at, "plans": [_document(one) for one in plans]})
        elif choices.format == "csv":
            screen.csv(_FIELDS, [item for one in plans for item in _items(one)])
        else:
            for position, one in enumerate(plans):
                if position:
                    screen.answer()
                _draw(screen, one, at)
        return ITEMS if exit_code and any(one.plan.updates for one in plans) else OK


def _draw(screen: Screen, planned: AccountPlan, at: dt.datetime) -> None:
    name = planned.account
    if not planned.plan.updates and not planned.waiting:
        screen.answer(f"Nothing to do on {name}: the queue is empty.")
        return
    if not screen.choices.quiet:
        screen.answer(
            f"{name} · {_knowledge(screen, planned, at)} · nothing is sent by this command"
        )
        screen.answer()
        if planned.plan.updates:
            screen.table(
                _COLUMNS, [line for one in planned.plan.updates for line in _lines(screen, one)]
            )
            screen.answer()
        for number, _, text in planned.waiting:
            screen.answer(f"waits       #{number}: {shown(text)}")
    for text in _summary(planned):
        screen.answer(text)
    if planned.plan.calls:
        screen.hint(f"syncd sync {name} --push")


def _knowledge(screen: Screen, planned: AccountPlan, at: dt.datetime) -> str:
    if planned.read_at is None:
        return "never pulled: the mirror is empty"
    old = age((at - planned.read_at).total_seconds())
    return f"mirror of {clock(planned.read_at, screen.zone)} {screen.zone_name} ({old} old)"


def _lines(screen: Screen, plan: UpdatePlan) -> Iterator[Line]:
    update = plan.update
    for position, path in enumerate(plan.paths):
        is_first = position == 0
        yield Line(
            (
                screen.mark(path.mark.value),
                f"#{update.id}" if is_first else "",
                update.external_id if is_first else "",
                visible(update.name) if is_first else "",
                path.path,
                money(path.remote, update.currency),
                money(path.desired, update.currency),
                _change(path, update.currency),
            ),
            (shown(path.message),)
            if path.message and path.mark in (Mark.HELD, Mark.REJECTED)
            else (),
        )


def _change(path: PathPlan, currency: str | None) -> str:
    if path.mark is Mark.SUPERSEDED:
        return f"superseded by #{path.superseded_by}"
    moved = difference(path.remote, path.desired, currency)
    word = _WORDS.get(path.mark, "")
    if path.mark is Mark.ALREADY_SET:
        return word
    return f"{moved}  {word}: {path.code}".strip() if word else moved


def _summary(planned: AccountPlan) -> Iterator[str]:
    """`will send`, `money`, `will not`: stable lines that also stand alone."""
    sending = planned.plan.marked(Mark.SEND)
    calls = Counter(call.operation for call in planned.plan.calls)
    if sending:
        named = ", ".join(f"{number} x {operation}" for operation, number in calls.items())
        campaigns = sum(len(call.items) for call in planned.plan.calls)
        yield (
            f"will send   {plural(len(sending), 'update')} of {plural(campaigns, 'campaign')} in "
            f"{plural(sum(calls.values()), 'call')} ({named}) · limit {planned.limit} · no cost"
        )
        yield from _money(sending)
    else:
        yield "will send   nothing"
    left = {mark: len(planned.plan.marked(mark)) for mark in Mark if mark is not Mark.SEND}
    words = [
        f"{count(number)} {mark.value.replace('_', ' ')}" for mark, number in left.items() if number
    ]
    if planned.waiting:
        words.append(f"{count(len(planned.waiting))} waiting")
    yield f"will not    {' · '.join(words) or 'leave anything out'}"


def _money(sending: Sequence[UpdatePlan]) -> Iterator[str]:
    """Increases and decreases per currency and period; they are never added up across either."""
    sums: defaultdict[tuple[str, str | None], dict[str, Decimal]] = defaultdict(
        lambda: {"+": Decimal(0), "-": Decimal(0)}
    )
    largest = ""
    most = Decimal(0)
    for plan in sending:
        for path in plan.paths:
            before, after = as_amount(path.remote), as_amount(path.desired)
            if path.mark is not Mark.SEND or before is None or after is None:
                continue
            moved = after - before
            sums[path.path, plan.update.currency]["+" if moved > 0 else "-"] += abs(moved)
            if before and abs(moved / before) > most:
                most, largest = abs(moved / before), percent(before, after)
    words = []
    for (path_name, currency), moves in sums.items():
        unit = f"{currency or '(no currency)'}{_PERIODS.get(path_name, '')}"
        words += [
            f"{sign}{plain_money(sum_, currency)} {unit}" for sign, sum_ in moves.items() if sum_
        ]
    if words:
        yield f"money       {', '.join(words)} · largest {largest}"


def _document(planned: AccountPlan) -> dict[str, Any]:
    marks = Counter(one.mark.value for one in planned.plan.updates)
    return {
        "account": planned.account,
        "read_at": planned.read_at,
        "limit": planned.limit,
        "items": list(_items(planned)),
        "calls": [
            {"operation": call.operation, "campaigns": [item.external_id for item in call.items]}
            for call in planned.plan.calls
        ],
        "waiting": [
            {"update": str(number), "code": code, "text": text}
            for number, code, text in planned.waiting
        ],
        "totals": {
            "calls": len(planned.plan.calls),
            "waiting": len(planned.waiting),
            **{mark.value: marks[mark.value] for mark in Mark},
        },
    }


def _items(planned: AccountPlan) -> Iterator[dict[str, Any]]:
    for one in planned.plan.updates:
        for path in one.paths:
            yield {
                "account": planned.account,
                "update": str(one.update.id),
                "campaign": one.update.external_id,
                "path": path.path,
                "base": path.reference,
                "remote": path.remote,
                "desired": path.desired,
                "mark": path.mark.value,
                "code": path.code,
                "message": path.message,
                "superseded_by": path.superseded_by,
            }
