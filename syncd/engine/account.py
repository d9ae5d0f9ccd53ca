"""One account at work: the parts that its passes use, all bound to one lease. Knows ports only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from syncd.engine.events import Observer, PassEnded, PassStarted
from syncd.model.guard import Rules
from syncd.model.run import RunKind, RunResult
from syncd.ports import Mirror, Outbox, Provider, Queue, Records, Runs, Tenure, Unknowns

FEW: Final = 5


@dataclass(frozen=True, kw_only=True)
class Account:
    """`batch` is how many campaigns one call carries, `in_flight` how many calls may be unanswered
    at once, `request_timeout` seconds a write may take, `is_stopping` whether nothing new may
    leave, `rules` what the configuration lets through, `fresh_for` how many seconds a read stands
    for what the provider shows. `started_by` goes into every run."""

    name: str
    provider: Provider
    mirror: Mirror
    outbox: Outbox
    queue: Queue
    records: Records
    unknowns: Unknowns
    runs: Runs
    tenure: Tenure
    observe: Observer
    started_by: str
    is_stopping: Callable[[], bool]
    batch: int
    in_flight: int
    request_timeout: float
    rules: Rules
    fresh_for: float = 0.0

    @property
    def portion(self) -> int:
        """How many campaigns are read, judged and written before the next ones: few, where each
        write takes a call of its own and must not come long after its read."""
        reads_first = self.provider.capabilities.reads_first
        return self.in_flight * (FEW if reads_first else self.batch)

    async def rules_now(self) -> Rules:
        """What may leave, with what the database's owner says this very moment."""
        return replace(self.rules, caps=await self.records.caps())

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
