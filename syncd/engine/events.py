"""What happens during a pass, as frozen facts for whoever watches: the log, a progress bar, a
test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syncd.errors import SyncdError
from syncd.model.run import RunKind, RunOutcome


@dataclass(frozen=True, kw_only=True, slots=True)
class PassStarted:
    """A run was opened."""

    account: str
    kind: RunKind
    run_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PageSeen:
    """A page was compared and staged; `pages` so far, `total` of them where that is known."""

    account: str
    label: str
    pages: int
    total: int | None
    campaigns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CallSettled:
    """A call's answer was recorded for all its updates."""

    account: str
    batch_id: int
    operation: str
    status: int | None
    outcomes: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class PassEnded:
    """A run was closed."""

    account: str
    kind: RunKind
    run_id: int
    outcome: RunOutcome
    counts: Mapping[str, int]
    error: SyncdError | None


Event = PassStarted | PageSeen | CallSettled | PassEnded
Observer = Callable[[Event], None]
