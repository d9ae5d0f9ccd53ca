"""Updates without a known outcome: those of owners that are gone, those that wait for their settle
time, and what a read decided. The other half of the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncd.model.recovery import Resolution, Unknown
from syncd.store.database import Database
from syncd.store.outbox import PLACEHOLDER


class Unknowns:
    """The unknown updates of one account under one lease."""

    def __init__(self, database: Database, account_id: int, epoch: int) -> None:
        self._database = database
        self._account_id = account_id
        self._epoch = epoch

    async def adopt(self, settles: Mapping[str, float] | None = None) -> int:
        """Turn the attempts that an owner before us left open into unknown ones; returns how many.
        `settles`: seconds by operation, where a call needs more than the account's settle
        time."""
        async with self._database.transaction() as session:
            rows = await session.rows("orphans", self._account_id, self._epoch, dict(settles or {}))
            ids = [row["id"] for row in rows]
            await session.run("orphan_attempts", self._account_id, ids)
        return len(ids)

    async def all(self) -> list[Unknown]:
        """Every unknown update with what its last attempt sent and what stood there before."""
        rows = await self._database.rows("unknown_updates", self._account_id, PLACEHOLDER)
        return [
            Unknown(
                update_id=row["id"],
                external_id=row["external_id"],
                sent=row["sent"],
                before=row["remote"],
                repeats=row["repeats"],
                searches=row["searches"],
                seconds_left=0.0 if row["is_due"] else max(row["seconds_left"], 0.001),
                is_late=bool(row["is_late"]),
                has_more=row["has_more"],
                is_create=row["is_create"],
            )
            for row in rows
        ]

    async def resolve(self, resolutions: Sequence[Resolution]) -> None:
        """Record what a read decided; an update that is no longer unknown is left alone, of two
        creates that seem to have made one campaign the second is held, and what stays unknown may
        be searched for again later."""
        async with self._database.transaction() as session:
            if any(one.created_id is not None for one in resolutions):
                await session.run("account_hold", self._account_id)
            await session.rows(
                "unknown_resolve",
                self._account_id,
                self._epoch,
                [one.update_id for one in resolutions],
                [one.state.value for one in resolutions],
                [one.code for one in resolutions],
                [one.message for one in resolutions],
                [dict(one.results) for one in resolutions],
                [one.is_repeat for one in resolutions],
                [one.created_id for one in resolutions],
            )
            ids = [one.update_id for one in resolutions]
            await session.rows("settle_replaced", self._account_id, ids)

    async def newcomers(self, update_id: int, ids: Sequence[str]) -> list[str]:
        """Those of these campaigns that no read knew before this update's last call was sent, and
        that no other create made."""
        rows = await self._database.rows(
            "unknown_newcomers", self._account_id, update_id, list(ids)
        )
        return [row["id"] for row in rows]
