"""The two dialects of Criteo: where their paths begin, and which of them an answer bears the marks
of. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

DOCUMENTED: Final = "documented"
CURRENT: Final = "current"

CAMPAIGNS: Final = {
    DOCUMENTED: "/marketing-solutions/campaigns",
    CURRENT: "/2026-07/marketing-solutions/campaigns",
}


def agreed(marks: Iterable[str | None]) -> str | None:
    """The one dialect that these marks speak of; None where there are none, or of both."""
    found = {mark for mark in marks if mark is not None}
    return found.pop() if len(found) == 1 else None
