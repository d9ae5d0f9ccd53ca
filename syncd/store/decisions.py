"""What a person decides about updates that wait for one: let through, tried again, taken note of.
Every rule about who may do so is the database's own; this only asks it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from syncd.store.database import Database

DAY: Final = dt.timedelta(hours=24)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanOutcome:
    """What approving a plan did with one of its items: `approved`, `dropped` with the reason, or
    `not_needed`."""

    update_id: int
    path: str
    outcome: str
    reason: str | None


class Decisions:
    """The decisions about updates of all accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def approve(
        self,
        update_id: int,
        requester: str | None,
        reason: str | None = None,
        valid_for: dt.timedelta = DAY,
        plan: str | None = None,
    ) -> None:
        """Let a held update through, just as it is held, for so long; with a plan only what that
        showed. Raises Refused."""
        await self._database.run("approve", update_id, requester, reason, valid_for, plan)

    async def approve_plan(
        self,
        plan: str,
        requester: str | None,
        reason: str | None = None,
        valid_for: dt.timedelta = DAY,
    ) -> list[PlanOutcome]:
        """Let through what a saved plan showed, item by item. Raises Refused."""
        rows = await self._database.rows("approve_plan", plan, requester, reason, valid_for)
        return [PlanOutcome(**row) for row in rows]

    async def retry(self, update_id: int, requester: str | None, reason: str | None = None) -> int:
        """Try an update again; returns the number of the one that will be sent, a new one where
        this one is final. Raises Refused."""
        return int(await self._database.value("retry", update_id, requester, reason))

    async def seen(self, update_id: int, requester: str | None) -> None:
        """Take note of what went wrong. Raises Refused where nothing did."""
        await self._database.run("seen", update_id, requester)
