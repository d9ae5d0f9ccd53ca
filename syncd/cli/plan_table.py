"""A plan in the terminal: how old the knowledge is that all of it rests on, the rows, what waits,
the summary, and what to do next with a plan that was kept."""

from __future__ import annotations

import datetime as dt
from typing import Final

from syncd.cli.plan_document import SHORT, Document, approvable, is_covered, of_updates
from syncd.cli.plan_rows import HEADINGS, moment_in, rows
from syncd.cli.plan_summary import summary
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Column, Line
from syncd.cli.text import age, clock, shown

_COLUMNS: Final = (
    Column(""),
    *(Column(name, right=name in ("NOW", "WANTED"), flexible=name == "NAME") for name in HEADINGS),
)
_GOING: Final = ("send", "later")


def draw(screen: Screen, plan: Document, at: dt.datetime) -> None:
    """One account's plan; where little is wanted its summary alone."""
    if not plan["items"] and not plan["waiting"] and not plan["late"]:
        screen.answer(f"Nothing to do on {plan['account']}: the queue is empty.")
        return
    if not screen.choices.quiet:
        screen.answer(_head(screen, plan, at))
        screen.answer()
        _rows(screen, plan)
        for one in plan["waiting"]:
            screen.answer(f"waits       #{one['update']}: {shown(one['text'])}")
    for text in summary(plan):
        screen.answer(text)
    if plan["saved"] is not None:
        _next(screen, plan)
    elif plan["totals"]["send"] or approvable(plan):
        screen.hint(f"syncd plan {plan['account']} --save")


def _head(screen: Screen, plan: Document, at: dt.datetime) -> str:
    name = f" · plan {plan['hash'][:SHORT]}" if plan["hash"] else ""
    words = [f"{plan['account']}{name}", _knowledge(screen, plan, at)]
    saved = plan["saved"]
    if saved is None:
        return " · ".join([*words, "nothing is sent by this command"])
    made, until = moment_in(saved, "made_at"), moment_in(saved, "expires_at")
    if made is not None and until is not None:
        ended = "expired" if until <= at else "valid until"
        words.append(f"saved {screen.stamp(made)} by {shown(saved['made_by'])}")
        words.append(f"{ended} {screen.stamp(until)}")
    return " · ".join(words)


def _knowledge(screen: Screen, plan: Document, at: dt.datetime) -> str:
    read = moment_in(plan, "read_at")
    if read is None:
        return "never pulled: the mirror is empty"
    old = age((at - read).total_seconds())
    return f"mirror of {clock(read, screen.zone)} {screen.zone_name} ({old} old)"


def _rows(screen: Screen, plan: Document) -> None:
    lines = [
        Line((screen.mark(row.mark), *row.cells), row.notes) for row in rows(plan, screen.stamp)
    ]
    if lines:
        screen.table(_COLUMNS, lines)
        screen.answer()


def _next(screen: Screen, plan: Document) -> None:
    """The whole hash of a plan that was kept, and what can still be done with it."""
    short = plan["hash"][:SHORT]
    screen.answer(f"saved       {plan['hash']}")
    items = of_updates(plan)
    still = {update for update in items if _is_open(items[update][0])}
    if plan["saved"]["is_expired"] or not still:
        return
    held = [
        update
        for update in approvable(plan)
        if update in still and not any(_is_held_otherwise(item) for item in items[update])
    ]
    asking = [update for update in held if not _is_let_out(items[update][0])]
    if asking:
        screen.answer(
            f"next        syncd updates approve --plan {short}  lets out {len(asking)} held"
        )
    if held or any(item["mark"] in _GOING and item["update"] in still for item in plan["items"]):
        screen.answer(f"next        syncd sync --plan {short}  sends what is still the same")


def _is_let_out(item: Document) -> bool:
    """Whether somebody has decided about an update that the plan held."""
    return "now" in item and item["now"]["state"] != "held" and bool(item["approved_by"])


def _is_held_otherwise(item: Document) -> bool:
    """Whether the plan is no leave any more for what holds this path."""
    return "now" in item and not is_covered(item, item["now"]["held_for"])


def _is_open(item: Document) -> bool:
    return "now" not in item or item["now"]["state"] in ("queued", "held")
