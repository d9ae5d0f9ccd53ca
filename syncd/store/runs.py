"""The recorded history of passes: a row when one begins, closed once with counts that must balance.
Also what an account's runs say of its health, and how many requests they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from syncd.errors import SyncdError
from syncd.model.run import RunKind, RunOutcome, RunResult
from syncd.store.database import Database, Session

# Failures that say something about the account itself rather than about this process.
_OURS: Final = frozenset({"lease-lost", "busy", "database-unreachable", "schema-version"})
# Reasons why a run was cut short that say nothing of the account either.
_WANTED: Final = frozenset({"stopped", "paused", "deadline"})


class Runs:
    """The runs of one account under one lease."""

    def __init__(self, database: Database, account_id: int, epoch: int, owner: str) -> None:
        self._database = database
        self._account_id = account_id
        self._epoch = epoch
        self._owner = owner

    async def open(self, kind: RunKind, started_by: str) -> int:
        """A new open run; returns its id."""
        return int(
            await self._database.value(
                "run_open", self._account_id, kind.value, started_by, self._owner, self._epoch
            )
        )

    async def close(self, run_id: int, result: RunResult, counts: Mapping[str, int]) -> None:
        """End a run that did not close itself."""
        async with self._database.transaction() as session:
            run = OpenRun(account_id=self._account_id, run_id=run_id, epoch=self._epoch)
            await close_run(session, run, result, counts)

    async def interrupted(self) -> None:
        """Close the runs that an owner before us left open, and clear what they had staged."""
        async with self._database.transaction() as session:
            await session.run("runs_interrupted", self._account_id, self._epoch)
            await session.run("staging_clear", self._account_id, 0)

    async def used(self, requests: Mapping[str, int]) -> None:
        """Add to the account's request usage, by operation."""
        if requests:
            await self._database.run(
                "usage_add", self._account_id, list(requests), list(requests.values())
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenRun:
    """A run that is to be closed, and the lease under which it ran."""

    account_id: int
    run_id: int
    epoch: int


async def close_run(
    session: Session, run: OpenRun, result: RunResult, counts: Mapping[str, int]
) -> None:
    """Close the run in the caller's transaction and carry its word over to the account's health."""
    error = result.error
    await session.run(
        "run_close",
        run.account_id,
        run.run_id,
        result.outcome.value,
        dict(counts),
        result.calls,
        *((error.code, error.message, error.remedy) if error else (None, None, None)),
        run.epoch,
    )
    await session.run("staging_clear", run.account_id, run.run_id)
    await _note_health(session, run, result.outcome, error)


async def _note_health(
    session: Session, run: OpenRun, outcome: RunOutcome, error: SyncdError | None
) -> None:
    account = run.account_id
    if outcome is RunOutcome.FAILED and error is not None and error.code not in _OURS:
        await session.run("account_failed", account, error.code, error.message, error.remedy)
    elif outcome is not RunOutcome.FAILED:
        await session.run("account_works", account)
    if error is None or error.code not in _WANTED:
        await session.run("account_troubled", account, run.run_id)
