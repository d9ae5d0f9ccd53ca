"""The mirror: what a pass saw, compared page by page with what Postgres has, staged, and applied in
one transaction with history. Knows values and statements, nothing of providers or of why a pass
runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import asyncpg

from syncd.model.brake import Absence
from syncd.model.campaign import Campaign, seen_digest, version_of
from syncd.model.listing import BadRow, Capabilities, Marker
from syncd.model.path import VERSION
from syncd.model.run import RunOutcome, RunResult
from syncd.ports import Seen
from syncd.store.database import Database, Session
from syncd.store.runs import OpenRun, close_run
from syncd.store.staging import Staging

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
        staging = Staging(account_id=self.account_id, run_id=run_id)
        async with self.database.transaction() as session:
            await session.run("require_lease", self.account_id, self.epoch)
            skipped: list[str] = []
            changed = await staging.add(session, campaigns, marker)
            if changed:
                _, skipped = await staging.apply(session)
            ids = [campaign.external_id for campaign in campaigns]
            same = sorted(set(ids) - set(changed))
            await session.run("read_again", self.account_id, same, marker.batch, marker.at)
            await self._confirm(session, ids, marker, skipped)

    async def bury(self, run_id: int, ids: Sequence[str], marker: Marker) -> None:
        """Mark campaigns as gone of which the provider said, asked after `marker`, that they do not
        exist. One that a push touched since is left alone."""
        staging = Staging(account_id=self.account_id, run_id=run_id)
        async with self.database.transaction() as session:
            await session.run("require_lease", self.account_id, self.epoch)
            await staging.bury(session, ids, marker)
            _, skipped = await staging.apply(session)
            await self._confirm(session, list(ids), marker, skipped)

    async def note_dialect(self, dialect: str) -> None:
        """Remember which dialect the provider's answers bear the marks of."""
        async with self.database.transaction() as session:
            await session.run("require_lease", self.account_id, self.epoch)
            await session.run("dialect_note", self.account_id, dialect)

    async def dialect_seen(self) -> str | None:
        """The dialect that was noted last, None where none was."""
        seen: str | None = await self.database.value("dialect_seen", self.account_id)
        return seen

    async def witnesses(self, without: Collection[str]) -> list[str]:
        """A few campaigns beside these that were there when they were last read, the latest
        first."""
        rows = await self.database.rows("mirror_witnesses", self.account_id, list(without))
        return [row["external_id"] for row in rows]

    async def values(self, ids: Sequence[str]) -> dict[str, Mapping[str, str | None]]:
        """The mirror's own values by external id, for a plan that reads nothing. Absent: missing or
        unknown; a campaign that is gone shows `deleted` alone."""
        rows = await self.database.rows("mirror_values", self.account_id, list(ids))
        return {row["external_id"]: row["values"] for row in rows}

    async def recent(self, ids: Collection[str], seconds: float) -> dict[str, Seen]:
        """The values, with the version of each, of those campaigns that were read at most so long
        ago and to which nothing of ours was sent since then. A complete pull counts as a read."""
        rows = await self.database.rows("mirror_recent", self.account_id, list(ids), seconds)
        return {row["external_id"]: Seen(values=_versioned(row), at=row["read_at"]) for row in rows}

    async def _confirm(
        self, session: Session, ids: Sequence[str], marker: Marker, skipped: Sequence[str]
    ) -> None:
        await session.run("confirm", self.account_id, ids, marker.batch, marker.at, skipped)
        await session.run("confirm_overtaken", self.account_id, ids)


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
        self._newly = 0
        self._staging = Staging(account_id=mirror.account_id, run_id=run_id)

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
            staged = await self._staging.add(session, fresh, marker)
            if bad:
                await _write_errors(session, self._mirror.account_id, self._run_id, bad)
        self.counts["unchanged"] += len(fresh) - len(staged)

    async def absent(self, capabilities: Capabilities) -> Absence:
        """The campaigns of the mirror that this pull did not see, and the parts that showed none at
        all. Those that the configuration leaves out are told apart."""
        mirror = self._mirror
        rows = await mirror.database.rows("mirror_known", mirror.account_id)
        expected = [row for row in rows if _is_in_scope(row, capabilities)]
        absent = [row for row in expected if not self._was_seen(row["external_id"])]
        left = [
            row["external_id"]
            for row in rows
            if not _is_in_scope(row, capabilities) and not self._was_seen(row["external_id"])
        ]
        had = {row["part"] for row in expected if not row["is_missing"] and row["part"] is not None}
        self._newly = sum(not row["is_missing"] for row in absent)
        return Absence(
            known=sum(not row["is_missing"] for row in expected),
            ids=tuple(row["external_id"] for row in absent),
            newly=self._newly,
            empty_parts=tuple(sorted(had - self._parts)),
            accepted=await mirror.database.value("accepted", mirror.account_id),
            left=tuple(left),
        )

    async def overdue(self, ids: Collection[str]) -> list[str]:
        """Those of these absent campaigns that an earlier complete pull of the same scope missed
        too, at least the account's `missing_after` ago; the longest missing first."""
        mirror = self._mirror
        rows = await mirror.database.rows("overdue", mirror.account_id, list(ids))
        return [row["external_id"] for row in rows]

    async def close(
        self, result: RunResult, missing: Sequence[str], left: Sequence[str] = ()
    ) -> dict[str, int]:
        """Apply everything, mark these as missing or as left out by the configuration, and close
        the run with its counts, in one transaction. Returns the counts."""
        mirror, run_id = self._mirror, self._run_id
        outside = left if result.is_complete else ()
        counts = self.counts + Counter(missing=len(missing) + len(outside))
        async with mirror.database.transaction() as session:
            await session.run("require_lease", mirror.account_id, mirror.epoch)
            began = self._began
            if began is not None:
                applied, skipped = await self._staging.apply(session, [*missing, *outside])
                counts += applied
                await session.run(
                    "apply_missing", mirror.account_id, list(missing), began.at, began.batch,
                    list(outside),
                )  # fmt: skip
                if result.is_complete:
                    await self._complete(session, began, [*skipped, *self._unread])
            if result.outcome is RunOutcome.BRAKED:
                await session.run("apply_braked", mirror.account_id, self._newly)
            books = {name: counts[name] for name in _COUNTS}
            run = OpenRun(account_id=mirror.account_id, run_id=run_id, epoch=mirror.epoch)
            await close_run(session, run, result, books)
        return books

    async def _complete(self, session: Session, began: Marker, unread: list[str]) -> None:
        """A complete listing says something of every campaign that is not missing."""
        account = self._mirror.account_id
        await session.run("apply_complete", account, began.at, began.batch)
        await session.run("confirm", account, None, began.batch, began.at, unread)
        await session.run("confirm_overtaken", account, None)

    def _was_seen(self, external_id: str) -> bool:
        return seen_digest(external_id) in self._seen

    def _is_first(self, campaign: Campaign) -> bool:
        digest = seen_digest(campaign.external_id)
        if digest in self._seen:
            self.counts["duplicates"] += 1
            return False
        self._seen.add(digest)
        self._parts.add(campaign.part)
        return True


def _versioned(row: asyncpg.Record) -> Mapping[str, str | None]:
    values: dict[str, str | None] = row["values"]
    version = version_of(row["status_raw"], row["provider_updated_at"])
    return values if version is None else {**values, VERSION: version}


def _is_in_scope(row: asyncpg.Record, capabilities: Capabilities) -> bool:
    return (capabilities.parts is None or row["part"] in capabilities.parts) and (
        capabilities.ids is None or row["external_id"] in capabilities.ids
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
