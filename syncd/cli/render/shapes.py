"""The shape and the colour role of every state and mark. A shape is one cell wide in every
terminal, has an ASCII twin, and never stands without its word."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a colour repeats; the words say it first."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    ATTENTION = "attention"
    WAIT = "wait"
    QUIET = "quiet"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class Shape:
    """One cell, its ASCII twin, its role."""

    sign: str
    ascii: str
    role: Role


_SHAPES: Final = {
    "queued": Shape("⋯", ".", Role.WAIT),
    "sending": Shape("»", ">", Role.WAIT),
    "applied": Shape("✓", "+", Role.GOOD),
    "rejected": Shape("✗", "x", Role.BAD),
    "unknown": Shape("?", "?", Role.ATTENTION),
    "held": Shape("!", "!", Role.ATTENTION),
    "superseded": Shape("↷", "~", Role.QUIET),
    "cancelled": Shape("⊘", "-", Role.QUIET),
    "expired": Shape("⧗", "e", Role.QUIET),
    "different": Shape("!", "!", Role.ATTENTION),
    # marks of a plan
    "send": Shape("~", "~", Role.PLAIN),
    "already_set": Shape("=", "=", Role.QUIET),
    # accounts
    "ok": Shape("✓", "+", Role.GOOD),
    "blocked": Shape("✗", "x", Role.BAD),
    "failing": Shape("✗", "x", Role.BAD),
    "failed": Shape("✗", "x", Role.BAD),
    "paused": Shape("!", "!", Role.ATTENTION),
    "braked": Shape("!", "!", Role.ATTENTION),
    "other dialect": Shape("!", "!", Role.ATTENTION),
    "partial": Shape("!", "!", Role.ATTENTION),
    "late": Shape("⋯", ".", Role.WAIT),
    "waiting": Shape("⋯", ".", Role.WAIT),
    "never pulled": Shape("⋯", ".", Role.WAIT),
    # campaigns
    "missing": Shape("⊘", "-", Role.ATTENTION),
    "gone": Shape("⊘", "-", Role.QUIET),
    "provider": Shape("*", "*", Role.PLAIN),
    "person": Shape("✓", "+", Role.GOOD),
    "update": Shape("✓", "+", Role.GOOD),
    # a check
    "finding": Shape("!", "!", Role.ATTENTION),
}
_NONE: Final = Shape(" ", " ", Role.PLAIN)


def shape(word: str) -> Shape:
    """The shape of a state or mark; a blank for a word that has none."""
    return _SHAPES.get(word, _NONE)
