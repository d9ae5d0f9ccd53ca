"""What a plan has to know beside the queue and the mirror's values: what waits and why, what is
held, how old the values are, what is left of free requests, what was approved. Reads only, and
needs no lease."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from syncd.model.guard import Hit, Way
from syncd.model.plan import Mark, PathPlan, UpdatePlan, blank
from syncd.model.update import Pending, Policy, new_id
from syncd.store.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountState:
    """One account at a moment: when its mirror was last complete, and who paused it since when."""

    at: dt.datetime
    complete_at: dt.datetime | None
    paused_at: dt.datetime | None
    paused_by: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenUpdate:
    """An update that has no final state, and what it waits for. A push ends one that `is_late`, and
    takes one that `is_releasable` back into the queue."""

    id: int
    state: str
    code: str
    text: str
    is_late: bool
    is_releasable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """Who let an item through, until when."""

    by: str
    until: dt.datetime


class Prospects:
    """What the database knows of what one account's next push may do."""

    def __init__(self, database: Database, account_id: int) -> None:
        self._database = database
        self._account_id = account_id

    async def account(self) -> AccountState:
        """How the account stands."""
        (row,) = await self._database.rows("prospect_account", self._account_id)
        return AccountState(**row)

    async def open(self) -> list[OpenUpdate]:
        """Every open update."""
        rows = await self._database.rows("prospect_open", self._account_id)
        return [
            OpenUpdate(
                id=row["id"],
                state=row["state"],
                code=row["waiting_for"]["code"],
                text=row["waiting_for"]["text"],
                is_late=bool(row["is_late"]),
                is_releasable=row["is_releasable"],
            )
            for row in rows
        ]

    async def held(self) -> tuple[UpdatePlan, ...]:
        """Updates that a person has to decide about, as the push that held them saw them."""
        rows = await self._database.rows("prospect_held", self._account_id)
        return tuple(_held(row) for row in rows)

    async def seen(self, ids: Collection[str]) -> dict[str, dt.datetime]:
        """When what the mirror shows of these campaigns was read."""
        rows = await self._database.rows("prospect_seen", self._account_id, list(ids))
        return {row["external_id"]: row["seen_at"] for row in rows}

    async def used(self) -> dict[str, int]:
        """Requests of this month by operation, where requests are billed."""
        rows = await self._database.rows("prospect_used", self._account_id)
        return {row["operation"]: row["requests"] for row in rows}

    async def approvals(self, items: Mapping[str, Collection[str]]) -> dict[str, Approval]:
        """Of these items, each with the digests of its hits, those that were approved and still
        are."""
        met = [(item, hit) for item, hits in items.items() for hit in hits]
        columns = [[item for item, _ in met], [hit for _, hit in met]]
        rows = await self._database.rows("prospect_approvals", self._account_id, *columns)
        return {
            row["digest"]: Approval(by=row["approved_by"], until=row["expires_at"]) for row in rows
        }


def _held(row: asyncpg.Record) -> UpdatePlan:
    update = Pending(
        id=row["id"],
        external_id=new_id(row["id"]) if row["external_id"] is None else row["external_id"],
        patch=row["patch"],
        reference=row["reference"],
        policy=Policy(row["policy"]),
        name=row["name"] or "",
        currency=row["currency"],
        requester=row["requester"],
        is_create=row["is_create"],
    )
    holds: Mapping[str, Any] = row["holds"] or {}
    why = Hit(code=row["reason_code"], message=row["reason"] or "", way=Way.RETRY)
    paths = tuple(_held_path(update, path, holds.get(path), why) for path in sorted(update.patch))
    return UpdatePlan(update=update, paths=paths)


def _held_path(update: Pending, path: str, hold: Mapping[str, Any] | None, why: Hit) -> PathPlan:
    """A path under the digest that an approval of it would be bound to."""
    held = blank(update, path, None, Mark.HELD, why)
    if hold is None:
        return held
    hits = tuple(
        Hit(
            code=hit["rule"],
            message=hit["message"],
            figures=hit["figures"],
            way=Way(hit["way"]),
        )
        for hit in hold["hits"]
    )
    return replace(
        held,
        remote=hold["remote"],
        hits=hits,
        digest=hold["digest"],
        hit_digests=tuple(hit["digest"] for hit in hold["hits"]),
    )
