"""A plan for a pull request: the heading and the summary whatever happens, and as many rows as fit.
Foreign text stands in code spans, where it is neither markup nor a mention. Pure text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from syncd.cli.plan_document import SHORT, Document
from syncd.cli.plan_rows import HEADINGS, PlanRow, Stamp, moment_in, rows
from syncd.cli.plan_summary import summary
from syncd.cli.text import count, plural

LONGEST: Final = 60_000
_TICKS: Final = re.compile("`+")
_SIGNS: Final[Mapping[str, str]] = {
    "send": "~",
    "later": "~",
    "already_set": "=",
    "superseded": "↷",
    "rejected": "✗",
    "held": "!",
}
_RIGHT: Final = ("NOW", "WANTED")


def markdown(plans: Sequence[Document], stamp: Stamp) -> str:
    """All plans in one text of at most `LONGEST` characters."""
    parts = [(_head(one, stamp), [*_lines(one, stamp)], _foot(one)) for one in plans]
    # Every plan may need its remark about rows that were left out.
    room = LONGEST - sum(len(head) + len(foot) + 200 for head, _, foot in parts)
    told = []
    for (head, lines, foot), plan in zip(parts, plans, strict=True):
        kept = _fitting(lines, room)
        room -= sum(len(line) + 1 for line in kept)
        left = len(lines) - len(kept)
        more = f"\n{plural(left, 'more row')}: `{_command(plan)}`\n" if left else ""
        told.append(head + "".join(f"{line}\n" for line in kept) + more + foot)
    return "\n".join(told)


def _head(plan: Document, stamp: Stamp) -> str:
    name = f" `{plan['hash'][:SHORT]}`" if plan["hash"] else ""
    lines = [f"### syncd plan {_code(plan['account'])}{name}", ""]
    if not plan["items"] and not plan["waiting"] and not plan["late"]:
        return "\n".join([*lines, "Nothing to do: the queue is empty.", ""])
    lines += ["```text", *summary(plan), "```", "", _knowledge(plan, stamp), ""]
    if plan["items"]:
        marks = ["---:" if name in _RIGHT else "---" for name in HEADINGS]
        lines += [_row(["", *(name.lower() for name in HEADINGS)]), _row(["---", *marks]), ""]
    return "\n".join(lines)


def _knowledge(plan: Document, stamp: Stamp) -> str:
    read = moment_in(plan, "read_at")
    known = "The mirror is empty." if read is None else f"Values as of {stamp(read)}."
    saved = plan["saved"]
    if saved is None:
        return known
    until = moment_in(saved, "expires_at")
    return known if until is None else f"{known} Saved, valid until {stamp(until)}."


def _foot(plan: Document) -> str:
    waiting = [
        f"- `#{one['update']}` waits: {_code(one['text'])}\n" for one in plan["waiting"][:20]
    ]
    left = len(plan["waiting"]) - len(waiting)
    if left > 0:
        waiting.append(f"- {count(left)} more wait\n")
    return "".join(["\n", *waiting]) if waiting else ""


def _command(plan: Document) -> str:
    if plan["saved"] is None:
        return f"syncd plan {plan['account']}"
    return f"syncd plan --show {plan['hash'][:SHORT]}"


def _lines(plan: Document, stamp: Stamp) -> Iterator[str]:
    for row in rows(plan, stamp):
        yield _row([_SIGNS.get(row.mark, ""), *_cells(row)])


def _cells(row: PlanRow) -> Iterator[str]:
    *cells, change = row.cells
    for cell in cells:
        yield _code(cell)
    yield "<br>".join(_code(text) for text in (change, *row.notes) if text)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """A code span in a table's cell."""
    if not text:
        return ""
    fence = "`" * (max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    escaped = text.replace("|", "\\|")
    return f"{fence}{pad}{escaped}{pad}{fence}"


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    kept = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return kept
