"""Plans as people read them: every path with what stands, what is wanted and why it would not go
out, and how old the knowledge is that all of it rests on."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from syncd import daemon
from syncd.cli.choices import Choices
from syncd.cli.codes import ITEMS, OK
from syncd.cli.opened import opened
from syncd.cli.plan_summary import later_paths, summary
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Column, Line
from syncd.cli.text import age, clock, difference, is_money, shown, value, visible
from syncd.daemon import AccountPlan
from syncd.model.plan import Mark, PathPlan, UpdatePlan
from syncd.model.registration import Price
from syncd.model.update import Pending

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
    "is_later",
)


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
            prices = {account.name: account.prices for account in here.config.accounts}
            for position, one in enumerate(plans):
                if position:
                    screen.answer()
                _draw(screen, one, at, prices[one.account])
        return ITEMS if exit_code and any(one.plan.updates for one in plans) else OK


def _draw(screen: Screen, planned: AccountPlan, at: dt.datetime, prices: Sequence[Price]) -> None:
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
            later = later_paths(planned)
            screen.table(
                _COLUMNS,
                [line for one in planned.plan.updates for line in _lines(screen, one, later)],
            )
            screen.answer()
        for number, _, text in planned.waiting:
            screen.answer(f"waits       #{number}: {shown(text)}")
    for text in summary(planned, prices):
        screen.answer(text)
    if planned.plan.calls:
        screen.hint(f"syncd sync {name} --push")


def _knowledge(screen: Screen, planned: AccountPlan, at: dt.datetime) -> str:
    if planned.read_at is None:
        return "never pulled: the mirror is empty"
    old = age((at - planned.read_at).total_seconds())
    return f"mirror of {clock(planned.read_at, screen.zone)} {screen.zone_name} ({old} old)"


def _lines(screen: Screen, plan: UpdatePlan, later: Collection[tuple[str, str]]) -> Iterator[Line]:
    update = plan.update
    for position, path in enumerate(plan.paths):
        is_first = position == 0
        yield Line(
            (
                screen.mark(path.mark.value),
                f"#{update.id}" if is_first else "",
                _id(update) if is_first else "",
                _name(update) if is_first else "",
                path.path,
                "-" if path.remote is None else value(path.path, path.remote, update.currency),
                value(path.path, path.desired, update.currency),
                _change(
                    path,
                    update.currency,
                    is_later=(update.external_id, path.path) in later,
                ),
            ),
            (shown(path.message),)
            if path.message and path.mark in (Mark.HELD, Mark.REJECTED)
            else (),
        )


def _id(update: Pending) -> str:
    return "new" if update.is_create else update.external_id


def _name(update: Pending) -> str:
    return visible(update.patch.get("name") if update.is_create else update.name)


def _change(path: PathPlan, currency: str | None, *, is_later: bool) -> str:
    if path.mark is Mark.SUPERSEDED:
        return f"superseded by #{path.superseded_by}"
    word = _WORDS.get(path.mark, "")
    if path.mark is Mark.ALREADY_SET:
        return word
    moved = difference(path.remote, path.desired, currency) if is_money(path.path) else ""
    if is_later:
        return f"{moved}  in a later call".strip()
    return f"{moved}  {word}: {path.code}".strip() if word else moved


def _document(planned: AccountPlan) -> dict[str, Any]:
    marks = Counter(one.mark.value for one in planned.plan.updates)
    return {
        "account": planned.account,
        "read_at": planned.read_at,
        "limit": planned.limit,
        "items": list(_items(planned)),
        "calls": [
            {
                "operation": call.operation,
                "campaigns": [None if item.is_create else item.external_id for item in call.items],
            }
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
    later = later_paths(planned)
    for one in planned.plan.updates:
        for path in one.paths:
            yield {
                "account": planned.account,
                "update": str(one.update.id),
                "campaign": None if one.update.is_create else one.update.external_id,
                "path": path.path,
                "base": path.reference,
                "remote": path.remote,
                "desired": path.desired,
                "mark": path.mark.value,
                "code": path.code,
                "message": path.message,
                "superseded_by": path.superseded_by,
                "is_later": (one.update.external_id, path.path) in later,
            }
