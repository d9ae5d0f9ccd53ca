"""Rows into updates: consecutive rows of one account, campaign and key are one update.
Contradictions inside an update are problems with their line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from syncd.cli.intake.rows import InputRow, Reading
from syncd.store.accounts import Wanted

_COMMON: Final = ("policy", "not_before", "expires_at", "reason")
_WHEN_HELP: Final = "write date, time and zone, such as 2026-11-30T09:00:00+01:00"


class NoTime(ValueError):
    """The text is not a time with a zone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An update with its first line, and the line of each of its paths."""

    line: int
    wanted: Wanted
    lines: dict[str, int]


def entries(reading: Reading, requester: str | None) -> Iterator[Entry]:
    """Every update that the usable rows make; what contradicts itself becomes a problem instead."""
    for _, rows in groupby(reading.rows, key=_identity):
        found = _entry(reading, list(rows), requester)
        if found is not None:
            yield found


def when(text: str) -> dt.datetime:
    """A time with its zone. Raises NoTime."""
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        raise NoTime(f'"{text}" is not a time') from None
    if time.tzinfo is None:
        raise NoTime(f'"{text}" does not say its zone')
    return time


def _identity(row: InputRow) -> tuple[str | None, str | None, str | None]:
    return row.cells["account"], row.cells.get("campaign"), row.cells.get("key")


def _entry(reading: Reading, rows: Sequence[InputRow], requester: str | None) -> Entry | None:
    before = len(reading.problems)
    patch, expect, lines = _values(reading, rows)
    common = {name: _agreed(reading, rows, name) for name in _COMMON}
    times = {
        name: _time(reading, rows[0].line, name, common[name])
        for name in ("not_before", "expires_at")
    }
    if len(reading.problems) > before:
        return None
    cells: dict[str, Any] = rows[0].cells
    wanted = Wanted(
        account=cells["account"],
        campaign=cells.get("campaign"),
        patch=patch,
        expect=expect or None,
        key=cells.get("key"),
        policy=common["policy"],
        requester=requester,
        reason=common["reason"],
        **times,
    )
    return Entry(line=rows[0].line, wanted=wanted, lines=lines)


def _values(
    reading: Reading, rows: Sequence[InputRow]
) -> tuple[dict[str, str | None], dict[str, str | None], dict[str, int]]:
    patch: dict[str, str | None] = {}
    expect: dict[str, str | None] = {}
    lines: dict[str, int] = {}
    for row in rows:
        path = row.cells["path"] or ""
        if path in patch:
            named = row.cells.get("campaign") or "a new one"
            text = f"{path} of campaign {named} stands in line {lines[path]} already"
            reading.refuse(row.line, "duplicate-path", text, "give two changes two different keys")
            continue
        patch[path], lines[path] = row.cells["value"], row.line
        if "expect" in row.cells:
            expect[path] = row.cells["expect"]
    return patch, expect, lines


def _agreed(reading: Reading, rows: Sequence[InputRow], name: str) -> str | None:
    """The one value that the rows of an update give for this column."""
    given = {row.cells[name]: row.line for row in reversed(rows) if name in row.cells}
    if len(given) > 1:
        text = f"the rows of one update give two values for {name}"
        reading.refuse(max(given.values()), "contradiction", text, "give it in the first row only")
    return next(iter(given), None)


def _time(reading: Reading, line: int, name: str, text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        return when(text)
    except NoTime as error:
        reading.refuse(line, "time", f"{name}: {error}", _WHEN_HELP)
        return None
