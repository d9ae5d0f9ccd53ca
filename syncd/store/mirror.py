"""The mirror: what a pass saw, compared page by page with what Postgres has, staged, and applied in
one transaction with history. Knows values and statements, nothing of providers or of why a pass
runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from syncd.model.brake import Absence
from syncd.model.campaign import Campaign, seen_digest
from syncd.model.run import RunResult
from syncd.ports import BadRow, Marker
from syncd.store.database import Database, Session
from syncd.store.runs import OpenRun, close_run

_COUNTS: Final = (
    "seen",
    "new",
    "changed",
    "moved",
    "unchanged",
    "skipped",
    "bad",
    "missing",
    "duplicates",
)
_STAGED: Final = (
    "account_id",
    "run_id",
    "external_id",
    "mark",
    "read_at",
    "name",
    "status",
    "status_seen",
    "status_raw",
    "goal",
    "kind",
    "part",
    "currency",
    "is_default",
    "values",
    "raw",
    "raw_digest",
    "fingerprint",
)


class Mirror:
    """The mirror of one account, written under one lease."""

    def __init__(self, database: Database, account_id: int, epoch: int) -> None:
        self.database = database
        self.account_id = account_id
        self.epoch = epoch

    async def mark(self) -> Marker:
        """To be asked before a request leaves: the account's last batch, and the time."""
        (row,) = await self.database.rows("mark", self.account_id)
        return Marker(batch=row["last_batch"], at=row["at"])

    def sighting(self, run_id: int) -> Sighting:
        """What a pull is about to see."""
        return Sighting(self, run_id)

    async def absorb(self, run_id: int, campaigns: Sequence[Campaign], marker: Marker) -> None:
        """Apply campaigns that were read by id, and let them confirm updates."""
        async with self.database.transaction() as session:
            await session.run("require_lease", self.account_id, self.epoch)
            skipped: list[str] = []
            if await self.stage(session, run_id, campaigns, marker):
                _, skipped = await self.apply(session, run_id)
            ids = [campaign.external_id for campaign in campaigns]
            await session.rows("confirm", self.account_id, ids, marker.batch, marker.at, skipped)
            await session.run("confirm_overtaken", self.account_id, ids)

    async def values(self, ids: Sequence[str]) -> dict[str, Mapping[str, str | None]]:
        """The mirror's own values by external id, for a plan that reads nothing. Absent: missing or
        unknown."""
        rows = await self.database.rows("mirror_values", self.account_id, list(ids))
        return {row["external_id"]: row["values"] for row in rows}

    async def stage(
        self, session: Session, run_id: int, campaigns: Sequence[Campaign], marker: Marker
    ) -> int:
        """Stage those that differ from the mirror; returns how many."""
        ids = [campaign.external_id for campaign in campaigns]
        rows = await session.rows("mirror_lookup", self.account_id, ids)
        known = {row["external_id"]: row for row in rows}
        changed = [
            campaign
            for campaign in campaigns
            if (row := known.get(campaign.external_id)) is None
            or row["raw_digest"] != campaign.raw_digest
            or row["is_missing"]
            or row["currency"] != campaign.currency
        ]
        if changed:
            records = [_record(self.account_id, run_id, campaign, marker) for campaign in changed]
            await session.copy("staging", _STAGED, records)
        return len(changed)

    async def apply(
        self, session: Session, run_id: int, missing: Sequence[str] = ()
    ) -> tuple[Counter[str], list[str]]:
        """Bring what this run has staged into the mirror, with versions and field changes; returns
        the counts, and the ids that were left alone."""
        account = self.account_id
        await session.rows("apply_lock", account, run_id, list(missing))
        skipped = [row["external_id"] for row in await session.rows("apply_skip", account, run_id)]
        counts = Counter(skipped=len(skipped))
        counts.update(dict(await session.row("apply_counts", account, run_id) or {}))
        await session.run("apply_changes", account, run_id)
        await session.run("apply_close_versions", account, run_id)
        await session.run("apply_campaigns", account, run_id)
        await session.run("apply_open_versions", account, run_id)
        await session.run("staging_clear", account, run_id)
        return counts, skipped


class Sighting:
    """What one pull has seen so far. Ids are kept as eight bytes each, so that memory stays
    small."""

    def __init__(self, mirror: Mirror, run_id: int) -> None:
        self.counts: Counter[str] = Counter()
        self._mirror = mirror
        self._run_id = run_id
        self._seen: set[int] = set()
        self._parts: set[str | None] = set()
        self._unread: list[str] = []
        self._began: Marker | None = None

    async def see(
        self, campaigns: Sequence[Campaign], bad: Sequence[BadRow], marker: Marker
    ) -> None:
        """Compare one page with the mirror and stage what differs. A campaign seen twice counts
        once."""
        self._began = self._began or marker
        fresh = [campaign for campaign in campaigns if self._is_first(campaign)]
        named = [row.external_id for row in bad if row.external_id is not None]
        self._unread.extend(named)
        self._seen.update(seen_digest(external_id) for external_id in named)
        self.counts["seen"] += len(fresh) + len(bad)
        self.counts["bad"] += len(bad)
        if not fresh and not bad:
            return
        async with self._mirror.database.transaction() as session:
            await session.run("require_lease", self._mirror.account_id, self._mirror.epoch)
            staged = await self._mirror.stage(session, self._run_id, fresh, marker)
            if bad:
                await _write_errors(session, self._mirror.account_id, self._run_id, bad)
        self.counts["unchanged"] += len(fresh) - staged

    async def absent(self) -> Absence:
        """The campaigns of the mirror that this pull did not see, and the parts that showed none at
        all."""
        rows = await self._mirror.database.rows("mirror_known", self._mirror.account_id)
        absent = [row for row in rows if seen_digest(row["external_id"]) not in self._seen]
        had = {row["part"] for row in rows if not row["is_missing"] and row["part"] is not None}
        return Absence(
            known=sum(not row["is_missing"] for row in rows),
            ids=tuple(row["external_id"] for row in absent),
            newly=sum(not row["is_missing"] for row in absent),
            empty_parts=tuple(sorted(had - self._parts)),
        )

    async def close(self, result: RunResult, missing: Sequence[str]) -> dict[str, int]:
        """Apply everything, mark these as missing, and close the run with its counts, in one
        transaction. Returns the counts."""
        mirror, run_id = self._mirror, self._run_id
        counts = self.counts + Counter(missing=len(missing))
        async with mirror.database.transaction() as session:
            await session.run("require_lease", mirror.account_id, mirror.epoch)
            if self._began is not None:
                applied, skipped = await mirror.apply(session, run_id, missing)
                counts += applied
                unread = [*skipped, *self._unread]
                await self._conclude(session, result, (missing, unread), self._began)
            books = {name: counts[name] for name in _COUNTS}
            run = OpenRun(account_id=mirror.account_id, run_id=run_id, epoch=mirror.epoch)
            await close_run(session, run, result, books)
        return books

    async def _conclude(
        self,
        session: Session,
        result: RunResult,
        ids: tuple[Sequence[str], list[str]],
        began: Marker,
    ) -> None:
        account, (missing, unread) = self._mirror.account_id, ids
        if missing:
            await session.run("apply_missing", account, list(missing), began.at, began.batch)
        if result.is_complete:
            await session.run("apply_complete", account, began.at, began.batch)
            # A complete listing says something of every campaign that is not missing.
            await session.rows("confirm", account, None, began.batch, began.at, unread)
            await session.run("confirm_overtaken", account, None)

    def _is_first(self, campaign: Campaign) -> bool:
        digest = seen_digest(campaign.external_id)
        if digest in self._seen:
            self.counts["duplicates"] += 1
            return False
        self._seen.add(digest)
        self._parts.add(campaign.part)
        return True


def _record(account_id: int, run_id: int, campaign: Campaign, marker: Marker) -> tuple[object, ...]:
    return (
        account_id,
        run_id,
        campaign.external_id,
        marker.batch,
        marker.at,
        campaign.name,
        campaign.status.value,
        campaign.status_seen.value,
        campaign.status_raw,
        campaign.goal,
        campaign.kind,
        campaign.part,
        campaign.currency,
        campaign.is_default,
        json.dumps(campaign.values),
        campaign.raw,
        campaign.raw_digest,
        campaign.fingerprint,
    )


async def _write_errors(
    session: Session, account_id: int, run_id: int, bad: Sequence[BadRow]
) -> None:
    await session.run(
        "run_error",
        account_id,
        run_id,
        [row.external_id for row in bad],
        ["bad-row"] * len(bad),
        [row.message for row in bad],
        [row.raw for row in bad],
    )
