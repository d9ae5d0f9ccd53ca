"""One account at work: the parts that its passes use, all bound to one lease. Knows ports only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syncd.engine.events import Observer, PassEnded, PassStarted
from syncd.model.guard import Rules
from syncd.model.path import Guard
from syncd.model.run import RunKind, RunResult
from syncd.ports import Mirror, Outbox, Provider, Queue, Runs, Tenure, Unknowns


@dataclass(frozen=True, kw_only=True)
class Account:
    """`batch` is how many campaigns one call carries, `in_flight` how many calls may be unanswered
    at once, `request_timeout` seconds a write may take, `is_stopping` whether nothing new may
    leave, `free` the guarded changes that the configuration lets through. `started_by` goes into
    every run."""

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
    free: frozenset[Guard] = frozenset()

    @property
    def rules(self) -> Rules:
        """What may leave."""
        return Rules(fields=self.provider.capabilities.fields, free=self.free)

    async def begin(self, kind: RunKind) -> int:
        """Open a run and say so; returns its id."""
        run_id = await self.runs.open(kind, self.started_by)
        self.observe(PassStarted(account=self.name, kind=kind, run_id=run_id))
        return run_id

    def end(self, kind: RunKind, run_id: int, result: RunResult, counts: Mapping[str, int]) -> None:
        """Say that a run was closed."""
        self.observe(
            PassEnded(
                account=self.name,
                kind=kind,
                run_id=run_id,
                outcome=result.outcome,
                counts=counts,
                error=result.error,
            )
        )
