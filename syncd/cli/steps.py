"""One step of what happened to an update, and the words that several kinds of steps share. Pure
text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from syncd.cli.changes import move, wanted_value
from syncd.cli.text import shown
from syncd.model.path import DELETED
from syncd.store.reports import Row

Stamp = Callable[[dt.datetime], str]
"""How a time is written inside a sentence."""

_FEW: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """`at` None: not a moment of the past. `data` is all that is stored of it."""

    at: dt.datetime | None
    word: str
    text: str
    notes: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


def wanted(row: Row, path: str) -> str:
    """A path with the value that an update asks for."""
    if path == DELETED:
        return "delete the campaign"
    return f"{path} -> {wanted_value(path, row['patch'][path], row['currency'])}"


def moved(row: Row, path: str, before: Mapping[str, str | None]) -> str:
    """A path from what stood there, where that is known, to what is wanted."""
    if row["is_create"] or path not in before:
        return wanted(row, path)
    return move(path, before[path], row["patch"][path], row["currency"])


def origin(source: str) -> str:
    """Where a reference came from, in words."""
    told = {"mirror": "as the mirror showed it", "requester": "as the requester saw it"}
    return told.get(source, f"as {source.replace('update ', '#')} put it")


def ends_by_itself(row: Row, stamp: Stamp) -> Iterator[str]:
    """What becomes of a held update that nobody decides about, where a time is set for that."""
    until = (row["waiting_for"] or {}).get("until")
    if until:
        yield f"goes on by itself at {stamp(dt.datetime.fromisoformat(until))}"
    if row["expires_at"] is not None:
        yield f"given up at {stamp(row['expires_at'])}"


def rules_of(hits: Sequence[Row]) -> str:
    """The rules that are met, each once."""
    return ", ".join(dict.fromkeys(hit["rule"] for hit in hits))


def hit_notes(holds: Mapping[str, Row]) -> Iterator[str]:
    """Every rule that a path meets, with its figures in words."""
    for path, hold in sorted(holds.items()):
        for hit in hold["hits"]:
            message = shown(hit["message"])
            told = message if message.startswith(path) else f"{path}: {message}"
            yield f"{hit['rule']}: {told}"


def numbers(ids: Sequence[int]) -> str:
    """`#5, #6, #7 and 4 more`."""
    named = ", ".join(f"#{one}" for one in ids[:_FEW])
    return named + (f" and {len(ids) - _FEW} more" if len(ids) > _FEW else "")
