"""What a push left in the queue without looking at it, and why: a line for each reason. Knows no
reason by itself: they are the database's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from syncd.cli.render.screen import Screen
from syncd.cli.text import plural, shown
from syncd.store.reports import Row

FREE: Final = ("push_schedule", "no_service")
"""The reasons of what the next push takes: it came too late for this one, or was not asked for."""


MOST: Final = 1000
"""So many updates are asked what they wait for: after a push of thousands each would take long."""


def kept_back(rows: Sequence[Row], seen: Collection[int]) -> list[dict[str, Any]]:
    """By reason what is queued and was not taken by a push that saw these updates; `rows` are the
    oldest that are queued, `MOST` at most, and `is_all` whether there are no more of them."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    is_all = len(rows) < MOST
    for row in rows:
        code, text = row["code"], row["text"]
        if row["id"] in seen or code in FREE:
            continue
        reason = found.setdefault(
            (code, text),
            {"code": code, "text": text, "updates": 0, "first": str(row["id"]), "is_all": is_all},
        )
        reason["updates"] += 1
    return list(found.values())


def draw(screen: Screen, account: str, reasons: Sequence[Mapping[str, Any]]) -> None:
    """What they wait for, a line for each reason."""
    for one in reasons:
        number, first = one["updates"], one["first"]
        waits = f"{plural(number, 'update')} {'waits' if number == 1 else 'wait'}"
        waits = waits if one["is_all"] else f"at least {waits}"
        named = f"#{first}" if number == 1 else f"first #{first}"
        screen.deed(f"{account}: {waits} ({named}) for: {shown(one['text'])}")
