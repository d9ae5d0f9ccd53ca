"""How campaigns travel into the mirror: rows that differ are staged under a run, and applied with
versions and field changes in the caller's transaction. Knows one run of one account and nothing of
why it reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from syncd.model.campaign import Campaign
from syncd.model.listing import Marker
from syncd.store.database import Session

_COLUMNS: Final = (
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
    "is_gone",
    "provider_created_at",
    "provider_updated_at",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Staging:
    """The staged rows of one run."""

    account_id: int
    run_id: int

    async def add(
        self, session: Session, campaigns: Sequence[Campaign], marker: Marker
    ) -> list[str]:
        """Stage those that differ from the mirror; returns the ids of these."""
        ids = [campaign.external_id for campaign in campaigns]
        rows = await session.rows("mirror_lookup", self.account_id, ids)
        known = {row["external_id"]: row for row in rows}
        changed = [one for one in campaigns if _differs(one, known.get(one.external_id))]
        if changed:
            records = [self._record(campaign, marker) for campaign in changed]
            await session.copy("staging", _COLUMNS, records)
        return [campaign.external_id for campaign in changed]

    async def bury(self, session: Session, ids: Sequence[str], marker: Marker) -> None:
        """Stage campaigns of the mirror as deleted."""
        await session.run(
            "bury_stage", self.account_id, self.run_id, list(ids), marker.batch, marker.at
        )

    async def apply(
        self, session: Session, absent: Sequence[str] = ()
    ) -> tuple[Counter[str], list[str]]:
        """Bring what is staged into the mirror, with versions and field changes, and hold the rows
        of `absent` as well; returns the counts, and the ids that were left alone."""
        place = (self.account_id, self.run_id)
        await session.rows("apply_lock", *place, list(absent))
        skipped = [row["external_id"] for row in await session.rows("apply_skip", *place)]
        counts = Counter(skipped=len(skipped))
        counts.update(dict(await session.row("apply_counts", *place) or {}))
        await session.run("apply_changes", *place)
        await session.run("apply_close_versions", *place)
        await session.run("apply_campaigns", *place)
        await session.run("apply_open_versions", *place)
        await session.run("staging_clear", *place)
        return counts, skipped

    def _record(self, campaign: Campaign, marker: Marker) -> tuple[object, ...]:
        return (
            self.account_id,
            self.run_id,
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
            campaign.is_gone,
            campaign.created_at,
            campaign.updated_at,
        )


def _differs(campaign: Campaign, row: asyncpg.Record | None) -> bool:
    return (
        row is None
        or row["raw_digest"] != campaign.raw_digest
        or row["is_missing"]
        or row["is_gone"] != campaign.is_gone
        or row["currency"] != campaign.currency
        # A read by id may not tell the part; a listing does.
        or campaign.part not in {None, row["part"]}
    )
