"""What one merge found of an update, as a step: when the values were read, and for each path what
had been seen, what is there, what is wanted, and what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from syncd.cli.changes import wanted_value
from syncd.cli.steps import Stamp, Step, origin, wanted
from syncd.model.path import DELETED
from syncd.store.reports import Row

_FOUND: Final = {
    "as_seen": "as it was seen",
    "ours": "what we put there since",
    "awaited": "stays until our last value takes effect",
    "already_set": "already set",
    "third_value": "a third value",
    "untold": "the read leaves it out",
    "unseen": "a value that nobody had seen",
    "overtaken": "set by a later update already",
    "present": "it is there",
    "create": "a new campaign",
    "not_shown": "the provider does not show the campaign",
}
_MARKS: Final = {"send": "send", "later": "wait for a later call", "already_set": "no call"}
_READS: Final = {"now": "read just before, {at}", "mirror": "mirror of {at}"}


def merge_step(update: Row, merged: Row, at: dt.datetime, stamp: Stamp) -> Step:
    """One merge; `at` is when it was acted upon."""
    read_at = merged["read_at"]
    when = None if read_at is None else dt.datetime.fromisoformat(read_at)
    text = "with no read: nothing is there yet"
    if when is not None:
        text = _READS[merged["read"]].format(at=stamp(when))
    reference, sources = update["reference"] or {}, update["reference_sources"] or {}
    paths = {
        path: {
            "reference": reference.get(path),
            "reference_source": sources.get(path),
            "desired": update["patch"].get(path),
            **found,
        }
        for path, found in sorted(merged["paths"].items())
    }
    return Step(
        at=at,
        word="merged",
        text=text,
        notes=tuple(_notes(update, paths)),
        data={"read": merged["read"], "read_at": when, "paths": paths},
    )


def _notes(update: Row, paths: Row) -> Iterator[str]:
    for path, one in paths.items():
        yield f"{_values(update, path, one)}: {_FOUND[one['found']]} -> {_verdict(update, one)}"


def _values(update: Row, path: str, one: Row) -> str:
    """What stands at the provider, what had been seen there, and what is wanted."""
    if path == DELETED or one["found"] in ("create", "not_shown"):
        return wanted(update, path)
    now, seen, desired = (
        wanted_value(path, one[name], update["currency"])
        for name in ("remote", "reference", "desired")
    )
    source = one["reference_source"]
    was = f"was {seen} {origin(source)}, " if source is not None else ""
    is_told = one["found"] != "untold"
    return f"{path} {was}is {now if is_told else 'not shown'}, wanted {desired}"


def _verdict(update: Row, one: Row) -> str:
    mark = one["mark"]
    if mark == "superseded":
        by = one["superseded_by"]
        return "theirs stays" if by is None else f"superseded by #{by}"
    if mark != "send":
        return _MARKS.get(mark) or f"{mark}: {one['code']}"
    if one["is_approved"]:
        return "send, as it was approved"
    is_odd = one["found"] in ("third_value", "untold", "unseen")
    return f"send, policy {update['policy']}" if is_odd else "send"
