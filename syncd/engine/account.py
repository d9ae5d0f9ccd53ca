"""One account at work: the parts that its passes use, all bound to one lease. Knows ports only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from syncd.engine.events import Observer
from syncd.ports import Mirror, Outbox, Provider, Queue, Runs, Tenure, Unknowns


@dataclass(frozen=True, kw_only=True)
class Account:
    """`batch` is how many campaigns one call carries, `in_flight` how many calls may be unanswered
    at once, `request_timeout` seconds a write may take, `is_stopping` whether nothing new may
    leave. `started_by` goes into every run."""

    name: str
    provider: Provider
    mirror: Mirror
    outbox: Outbox
    queue: Queue
    unknowns: Unknowns
    runs: Runs
    tenure: Tenure
    observe: Observer
    started_by: str
    is_stopping: Callable[[], bool]
    batch: int
    in_flight: int
    request_timeout: float
