"""What the database's own records say to the guards: what was sent within a window, and what the
owner's table allows. Reads only, and decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from syncd.model.guard import Cap, Recent
from syncd.store.database import Database

_HOUR: Final = 3600.0


class Records:
    """The records of one account. Whoever means to send asks under the epoch of its lease; None for
    whoever only looks."""

    def __init__(self, database: Database, account_id: int, epoch: int | None = None) -> None:
        self._database = database
        self._account_id = account_id
        self._epoch = epoch

    async def recent(self, seconds: float, ids: Collection[str] | None = None) -> Recent:
        """What was sent in the last so many seconds and not refused. When a path was last sent is
        told of the campaigns in `ids`, else of all that have something queued or held, however long
        ago it was. Raises LeaseLost."""
        chosen = None if ids is None else list(ids)
        async with self._database.transaction() as session:
            if self._epoch is not None:
                await session.run("require_lease", self._account_id, self._epoch)
            (row,) = await session.rows("recent_window", self._account_id, seconds)
            rises = await session.rows("recent_rises", self._account_id, seconds)
            (hour,) = await session.rows("recent_window", self._account_id, _HOUR)
            hour_rises = await session.rows("recent_rises", self._account_id, _HOUR)
            last = await session.rows("recent_changes", self._account_id, chosen)
        return Recent(
            now=row["now"],
            campaigns=row["campaigns"],
            changed=frozenset(row["changed"]),
            activations=row["starts"],
            increases={one["currency"]: one["rise"] for one in rises},
            hour_activations=hour["starts"],
            hour_increases={one["currency"]: one["rise"] for one in hour_rises},
            last_change={(one["external_id"], one["path"]): one["seconds"] for one in last},
        )

    async def caps(self) -> Mapping[str, Cap]:
        """The owner's limits by path, `*` for all."""
        rows = await self._database.rows("caps_of", self._account_id)
        return {
            row["path"]: Cap(
                max_amount=row["max_amount"],
                max_factor=row["max_factor"],
                max_increase=row["max_increase"],
                activations=row["activations"],
            )
            for row in rows
        }
