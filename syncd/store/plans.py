"""Plans that were shown to somebody and kept: found again by the beginning of their hash. What an
approval of one lets through is the database's own business."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncd.errors import UsageError
from syncd.store.database import Database

_PREFIX: Final = re.compile(r"[0-9a-f]{6,32}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedPlan:
    """A plan as it was kept. `digests` of its items, and `hits` the digests of what each meets, by
    update and path; `document` is what was shown."""

    account: str
    hash: str
    digests: Mapping[tuple[int, str], str]
    hits: Mapping[tuple[int, str], frozenset[str]]
    items: Sequence[Mapping[str, Any]]
    document: Mapping[str, Any]
    made_at: dt.datetime
    made_by: str
    expires_at: dt.datetime
    is_expired: bool

    @property
    def updates(self) -> frozenset[int]:
        """The updates in it."""
        return frozenset(update for update, _ in self.digests)


class Plans:
    """The saved plans of one account."""

    def __init__(self, database: Database, account_id: int) -> None:
        self._database = database
        self._account_id = account_id

    async def save(
        self,
        plan_hash: str,
        items: Sequence[Mapping[str, Any]],
        document: Mapping[str, Any],
        made_by: str,
        valid_for: dt.timedelta,
    ) -> None:
        """Keep a plan for so long. Each item has `update`, `path`, `digest`, `mark`, `remote` and
        `hits`, the hits as held updates have them."""
        row = (plan_hash, list(items), dict(document), made_by, valid_for)
        await self._database.run("plan_save", self._account_id, *row)

    async def find(self, prefix: str) -> SavedPlan | None:
        """The plan of any account whose hash begins so, the newest of those with one hash; None
        where there is none. Raises UsageError when it is not the beginning of one hash alone."""
        return await find_plan(self._database, prefix)


async def find_plan(database: Database, prefix: str) -> SavedPlan | None:
    """The same for whoever does not know the account yet."""
    if not _PREFIX.fullmatch(prefix):
        raise UsageError(
            f'"{prefix}" is not the hash of a plan',
            remedy="give the first six or more of its digits, as syncd plan --save shows them",
        )
    rows = await database.rows("plan_find", prefix)
    if len(rows) > 1:
        raise UsageError(
            f"more than one plan begins with {prefix}", remedy="give more of its digits"
        )
    return _saved(dict(rows[0])) if rows else None


def _saved(row: Mapping[str, Any]) -> SavedPlan:
    items = row["items"]
    return SavedPlan(
        account=row["account"],
        hash=row["hash"],
        digests={(item["update"], item["path"]): item["digest"] for item in items},
        hits={
            (item["update"], item["path"]): frozenset(hit["digest"] for hit in item["hits"])
            for item in items
        },
        items=items,
        document=row["document"],
        made_at=row["made_at"],
        made_by=row["made_by"],
        expires_at=row["expires_at"],
        is_expired=row["is_expired"],
    )
