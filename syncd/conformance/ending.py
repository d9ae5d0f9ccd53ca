"""How a check can end, as values and exceptions. Knows no check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_SHOWN: Final = 8


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One check's end: `told` is what was seen, what is wrong, or why there was nothing to
    check."""

    name: str
    sentence: str
    outcome: Outcome
    told: str
    seconds: float


class Broken(Exception):
    """The adapter does not do what it has to; every finding is a sentence."""

    def __init__(self, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        super().__init__(self.text)

    @property
    def text(self) -> str:
        """The first findings, and how many more there are."""
        shown = "; ".join(self.findings[:_SHOWN])
        more = len(self.findings) - _SHOWN
        return shown if more <= 0 else f"{shown}; and {more} more"


class NotApplicable(Exception):
    """There is nothing to check here, for this reason."""


def demand(findings: Sequence[str]) -> None:
    """Raise Broken where there are findings."""
    if findings:
        raise Broken(findings)


def counted(number: int, noun: str) -> str:
    """`1 call`, `2,400 calls`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
