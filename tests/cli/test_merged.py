"""A merge in words: what had been seen, what is there, what is wanted and what came of it."""

import datetime as dt
from typing import Any

import pytest

from syncd.cli.merged import merge_step
from syncd.cli.text import rfc3339

AT = dt.datetime(2026, 11, 11, 13, 2, 11, tzinfo=dt.UTC)
DAILY = "budget.daily"
SEEN = "budget.daily was 100.00 EUR as the mirror showed it"
STANDS = f"{SEEN}, is 100.00 EUR, wanted 150.00 EUR"
NAME = "name was null as #7 put it"


def told(path: str, read: str | None = "now", **found: Any) -> tuple[str, str]:
    """Text and note of a merge that found this of a path."""
    update = {
        "patch": {DAILY: "150", "name": "x", "deleted": "true"},
        "reference": {DAILY: "100", "name": None},
        "reference_sources": {DAILY: "mirror", "name": "update 7"},
        "currency": "EUR",
        "policy": "ours",
    }
    plain = {"remote": "100", "code": None, "superseded_by": None, "is_approved": False}
    read_at = None if read is None else AT.isoformat()
    merged = {"read": read, "read_at": read_at, "paths": {path: plain | found}}
    step = merge_step(update, merged, AT, rfc3339)
    (note,) = step.notes
    return step.text, note


@pytest.mark.parametrize(
    ("path", "found", "note"),
    [
        (DAILY, {"found": "as_seen", "mark": "send"}, f"{STANDS}: as it was seen -> send"),
        (
            DAILY, {"found": "third_value", "mark": "send", "remote": "90"},
            f"{SEEN}, is 90.00 EUR, wanted 150.00 EUR: a third value -> send, policy ours",
        ),
        (
            DAILY, {"found": "third_value", "mark": "send", "is_approved": True},
            f"{STANDS}: a third value -> send, as it was approved",
        ),
        (
            DAILY, {"found": "third_value", "mark": "superseded", "code": "remote_wins"},
            f"{STANDS}: a third value -> theirs stays",
        ),
        (
            DAILY, {"found": "awaited", "mark": "later"},
            f"{STANDS}: stays until our last value takes effect -> wait for a later call",
        ),
        (
            DAILY, {"found": "untold", "mark": "send", "remote": None},
            f"{SEEN}, is not shown, wanted 150.00 EUR: the read leaves it out -> send, policy ours",
        ),
        (
            DAILY, {"found": "overtaken", "mark": "superseded", "superseded_by": 9},
            f"{STANDS}: set by a later update already -> superseded by #9",
        ),
        (
            "name", {"found": "ours", "mark": "held", "code": "factor"},
            f'{NAME}, is "100", wanted "x": what we put there since -> held: factor',
        ),
        (
            "name", {"found": "already_set", "mark": "already_set", "remote": "x"},
            f'{NAME}, is "x", wanted "x": already set -> no call',
        ),
        (
            "deleted", {"found": "present", "mark": "send"},
            "delete the campaign: it is there -> send",
        ),
        (
            DAILY, {"found": "not_shown", "mark": "rejected", "code": "gone"},
            "budget.daily -> 150.00 EUR: the provider does not show the campaign -> rejected: gone",
        ),
    ],
)  # fmt: skip
def test_each_finding_has_words(path: str, found: dict[str, Any], note: str) -> None:
    assert told(path, **found) == ("read just before, 2026-11-11T13:02:11.000000Z", note)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        ("mirror", "mirror of 2026-11-11T13:02:11.000000Z"),
        (None, "with no read: nothing is there yet"),
    ],
)
def test_whether_the_mirror_stood_for_a_read_is_said(read: str | None, text: str) -> None:
    assert told(DAILY, read, found="as_seen", mark="send")[0] == text
