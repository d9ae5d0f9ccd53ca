"""The items of a plan as rows of text: what stands, what is wanted, the change in words, and below
that why it would not go out, who approved it and what has moved since. Pure text; knows neither a
terminal nor Markdown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from syncd.cli.plan_document import Document, is_covered, of_updates
from syncd.cli.text import difference, is_money, shown, value, visible

Stamp = Callable[[dt.datetime], str]
"""How a time is written."""

HEADINGS: Final = ("UPDATE", "CAMPAIGN", "NAME", "PATH", "NOW", "WANTED", "CHANGE")
_WORDS: Final = {
    "already_set": "already set, no call",
    "held": "would be held",
    "rejected": "would be rejected",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanRow:
    """One item: its mark, a cell for each of `HEADINGS`, and sentences that belong below. `code` is
    why an item that would not go out stays behind."""

    mark: str
    cells: tuple[str, ...]
    notes: tuple[str, ...]
    code: str | None


def rows(plan: Document, stamp: Stamp) -> Iterator[PlanRow]:
    """Every item in the plan's order; an update's number and campaign stand beside its first."""
    for items in of_updates(plan).values():
        has_rules = any(item["rules"] for item in items)
        for position, item in enumerate(items):
            is_first = position == 0
            named = (f"#{item['update']}", item["campaign"] or "new", visible(item["name"]))
            yield PlanRow(
                mark=item["mark"],
                cells=(
                    *(named if is_first else ("", "", "")),
                    item["path"],
                    "-" if item["remote"] is None else _value(item, "remote"),
                    _value(item, "desired"),
                    _change(item),
                ),
                notes=(
                    *_reasons(item, is_all=is_first and not has_rules),
                    *_beside(item, stamp),
                    *_since(item, is_first=is_first),
                ),
                code=item["code"],
            )


def moment_in(plan: Document, name: str) -> dt.datetime | None:
    """A time of a plan, where it has one."""
    return None if plan[name] is None else dt.datetime.fromisoformat(plan[name])


def _value(item: Document, name: str) -> str:
    return _shown(item, item[name])


def _shown(item: Document, given: str | None) -> str:
    return value(item["path"], given, item["currency"])


def _change(item: Document) -> str:
    mark = item["mark"]
    if mark == "superseded":
        by = item["superseded_by"]
        return "superseded: theirs stays" if by is None else f"superseded by #{by}"
    word = "is held" if item["state"] == "held" else _WORDS.get(mark, "")
    if mark == "already_set":
        return word
    moved = ""
    if is_money(item["path"]):
        moved = difference(item["remote"], item["desired"], item["currency"])
    if item["is_later"]:
        return f"{moved}  in a later call".strip()
    return f"{moved}  {word}: {item['code']}".strip() if word else moved


def _reasons(item: Document, *, is_all: bool) -> Iterator[str]:
    """Every rule that an item meets; what decides an update without a rule stands at its first."""
    stays = item["mark"] in ("held", "rejected") or item["code"] == "remote_wins"
    for rule in item["rules"]:
        if item["mark"] != "superseded":
            yield f"{rule['rule']}: {shown(rule['message'])}"
    if is_all and stays and item["message"]:
        yield shown(item["message"])


def _beside(item: Document, stamp: Stamp) -> Iterator[str]:
    if item["mark"] == "send" and item["base"] is not None and item["base"] != item["remote"]:
        yield f"it was {_value(item, 'base')} when this was asked for; policy {item['policy']}"
    if item["held_for"] and item["rules"]:
        rules = ", ".join(dict.fromkeys(one["rule"] for one in item["held_for"]))
        again = f"syncd updates retry {item['update']}"
        yield f"held for {rules} as it was then; {again} has it judged as it is now"
    if item["approved_by"] is not None:
        until = moment_in(item, "approved_until")
        end = "" if until is None else f" until {stamp(until)}"
        yield f"approved by {shown(item['approved_by'])}{end}"


def _since(item: Document, *, is_first: bool) -> Iterator[str]:
    """What has moved since a plan was kept, where that was looked up."""
    now = item.get("now")
    if now is None:
        return
    if is_first and now["state"] != item["state"]:
        yield f"since then: {now['state'] or 'no such update'}"
    if now["held_for"] is not None:
        word = "fewer rules" if is_covered(item, now["held_for"]) else "other rules"
        word = word if item["rules"] else "a reason of its own"
        told = "; ".join(f"{one['rule']}: {shown(one['message'])}" for one in now["held_for"])
        yield f"since then: held for {word}: {told or 'none at this path'}"
    expected = item["desired"] if now["state"] == "applied" else item["remote"]
    if now["is_shown"] and now["state"] != "superseded" and now["remote"] != expected:
        moved = "nothing" if now["remote"] is None else _shown(item, now["remote"])
        yield f"since then: the mirror shows {moved}"
