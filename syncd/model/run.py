"""How a pass is recorded: what it was, how it ended and why. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from syncd.errors import SyncdError


class RunKind(StrEnum):
    """What a pass does."""

    PULL = "pull"
    PUSH = "push"
    RECOVER = "recover"


class RunOutcome(StrEnum):
    """How a pass ended."""

    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"
    BRAKED = "braked"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResult:
    """How a pass ended, with the reason where it was not `ok`. `is_complete`: a pull saw
    everything."""

    outcome: RunOutcome
    error: SyncdError | None = None
    calls: int = 0
    is_complete: bool = False
