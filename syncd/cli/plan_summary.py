"""A plan in a few stable lines: the calls with limits, time and cost, the sums of money, what
begins, starts or ends, and what stays behind. Pure text; knows no terminal."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from syncd.cli.plan_document import Document
from syncd.cli.plan_totals import PERIODS
from syncd.cli.text import count, percent, plain_money, plural
from syncd.model.registration import DEFAULT_LIMIT

_LEFT: Final = ("later", "already_set", "superseded", "rejected", "held", "expired", "waiting")
_ACTS: Final = {"create": "create", "start": "start", "delete": "delete"}


def summary(shown: Document) -> Iterator[str]:
    """`will send`, `money`, `acts`, `will not`: stable lines that also stand alone."""
    totals = shown["totals"]
    if shown["paused_by"] is not None:
        yield f"paused      by {shown['paused_by']}: a push sends nothing until it is resumed"
    if totals["send"]:
        yield f"will send   {_sending(shown)}"
        yield from _money(totals["money"])
        yield from _acts(totals["acts"])
    else:
        yield "will send   nothing"
    words = [f"{count(totals[one])} {one.replace('_', ' ')}" for one in _LEFT if totals[one]]
    yield f"will not    {' · '.join(words) or 'leave anything out'}"


def _sending(shown: Document) -> str:
    totals = shown["totals"]
    named = ", ".join(
        f"{number} x {operation}" for operation, number in totals["operations"].items()
    )
    later = " and then in later ones" if any(item["is_later"] for item in shown["items"]) else ""
    going = (
        f"{plural(totals['send'], 'update')} of {plural(totals['campaigns'], 'campaign')} in "
        f"{plural(totals['calls'], 'call')} ({named}){later}"
    )
    words = [
        going,
        *(_share(one) for one in totals["limits"]),
        f"about {max(1, totals['seconds'])} s",
        _cost(totals),
    ]
    return " · ".join(words)


def _share(limit: dict[str, Any]) -> str:
    name = "" if limit["key"] == DEFAULT_LIMIT else f"{limit['key']} "
    share = limit["share"] * 100
    figure = f"{share:.0f}" if share >= 10 else f"{share:.2g}"
    return f"{figure} % of {name}{limit['ceiling']}"


def _cost(totals: dict[str, Any]) -> str:
    """What is billed for these calls, and what is left of the free ones of the month."""
    billed = [
        f"{amount} {currency}" for currency, amount in totals["cost"].items() if amount != "0"
    ]
    free = [
        f"{count(min(one['calls'], one['free_left']))} of {count(one['free_left'])} free left"
        for one in totals["costs"]
        if one["free_left"]
    ]
    told = f"costs {', '.join(billed)}" if billed else "no cost"
    return f"{told} ({', '.join(free)})" if free else told


def _acts(acts: dict[str, int]) -> Iterator[str]:
    """What cannot be told in money."""
    words = [plural(acts[key], word) for key, word in _ACTS.items() if acts[key]]
    if acts["unlimited"]:
        words.append(f"{plural(acts['unlimited'], 'budget')} without a limit")
    if words:
        yield f"acts        {', '.join(words)}"


def _money(sums: list[dict[str, Any]]) -> Iterator[str]:
    """Rises and falls by currency and period; they are never added up across either."""
    words = []
    for one in sums:
        unit = f"{one['currency'] or '(no currency)'} {PERIODS[one['path']]}"
        words += [
            f"{sign}{plain_money(Decimal(one[way]), one['currency'])} {unit}"
            for sign, way in (("+", "up"), ("-", "down"))
            if one[way] != "0"
        ]
    if words:
        largest = max((Decimal(one["largest"]) for one in sums), key=abs)
        most = f" · largest {percent(Decimal(1), 1 + largest)}" if largest else ""
        yield f"money       {', '.join(words)}{most}"
