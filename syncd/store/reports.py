"""Reads for people: the report views, filtered and paged, and what a door needs to know before it
asks the queue. Writes nothing and decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

import asyncpg

from syncd.model.path import Field, Guard, Kind
from syncd.store.database import Database

Row = Mapping[str, Any]
_NEAR = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateFilter:
    """Which updates: None does not narrow. `before` is an update's number, `run` a run's."""

    states: tuple[str, ...] | None = None
    account: str | None = None
    campaign: str | None = None
    before: int | None = None
    run: int | None = None
    limit: int | None = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignFilter:
    """Which campaigns: `text` is part of a name or a whole id, `after` the account and id that the
    page before ended with."""

    account: str | None = None
    text: str | None = None
    only_missing: bool = False
    after: tuple[str, str] | None = None
    limit: int | None = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryFilter:
    """Which field changes of an account: of one campaign, of one path, or those that one run
    saw."""

    account: str
    campaign: str | None = None
    path: str | None = None
    run: int | None = None
    limit: int | None = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownAccount:
    """An account as the database knows it. `fields` by path are all that its provider declares in
    the account's dialect; a path that ends in `.*` stands for many."""

    number: int
    name: str
    provider: str
    dialect: str
    can_create: bool
    free_guards: frozenset[Guard]
    complete_at: dt.datetime | None
    paused_at: dt.datetime | None
    is_configured: bool
    fields: Mapping[str, Field]


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """What `syncd status` tells, read at `at`; `inbox` counts by cause what waits for a person."""

    at: dt.datetime
    accounts: list[Row]
    services: list[Row]
    needs: list[Row]
    stuck: list[Row]
    differing: list[Row]
    inbox: Mapping[str, int]
    last_trouble: Row | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """Everything that happened to one update, each list in its order: the states that it reached,
    what was sent and what came back, who let what through, which values of the mirror moved because
    of it, the updates that it is linked to (`link` says how: `superseded_by`, `supersedes`,
    `retry_of`, `retried_by`) and the nearest that ask for a path of its own (`earlier`, `later`),
    the saved plans that show it, and by batch the other updates there. `inbox` is its row there,
    where it has one."""

    update: Row
    events: list[Row]
    attempts: list[Row]
    approvals: list[Row]
    history: list[Row]
    links: list[Row]
    neighbours: list[Row]
    plans: list[Row]
    mates: Mapping[int, Sequence[int]]
    inbox: Row | None


class Reports:
    """The report views of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def now(self) -> dt.datetime:
        """The time that everything stored is compared with."""
        at: dt.datetime = await self._database.value("clock")
        return at

    async def overview(self) -> Overview:
        """Health, queue and what needs a person, of one moment."""
        async with self._database.session() as session:
            trouble = await session.row("report_last_trouble")
            return Overview(
                at=await session.value("clock"),
                accounts=_rows(await session.rows("report_accounts")),
                services=_rows(await session.rows("report_services")),
                needs=_rows(await session.rows("report_needs")),
                stuck=_rows(await session.rows("report_stuck")),
                differing=_rows(await session.rows("report_differing")),
                inbox=_counts(await session.rows("report_inbox_counts", None)),
                last_trouble=None if trouble is None else dict(trouble),
            )

    async def accounts(self) -> list[Row]:
        """Every account with its health, most urgent first."""
        return _rows(await self._database.rows("report_accounts"))

    async def known_accounts(self) -> dict[str, KnownAccount]:
        """Every account by name, with what can be changed there."""
        rows = await self._database.rows("report_fields")
        return {row["name"]: _known(row) for row in rows}

    async def updates(self, wanted: UpdateFilter) -> list[Row]:
        """Updates, newest first."""
        states = None if wanted.states is None else list(wanted.states)
        return _rows(
            await self._database.rows(
                "report_updates",
                states,
                wanted.account,
                wanted.campaign,
                wanted.before,
                wanted.run,
                wanted.limit,
            )
        )

    async def updates_by_id(self, ids: Collection[int]) -> list[Row]:
        """These updates in the order of their numbers; unknown ones are absent."""
        return _rows(await self._database.rows("report_updates_by_id", list(ids)))

    async def acted_on(self, ids: Collection[int]) -> list[Row]:
        """The same to whoever asked for them or decides about them, and need not read the views;
        what is not theirs to see is absent."""
        return _rows(await self._database.rows("report_acted_on", list(ids)))

    async def update_counts(self, account: str | None) -> dict[str, int]:
        """How many updates are in each state."""
        rows = await self._database.rows("report_update_counts", account)
        return {row["state"]: row["count"] for row in rows}

    async def attempts(self, update_ids: Collection[int]) -> list[Row]:
        """Every attempt of these updates, oldest first."""
        return _rows(await self._database.rows("report_attempts", list(update_ids)))

    async def chain(self, update_id: int) -> Chain | None:
        """What happened to one update; None where there is no such update."""
        async with self._database.session() as session:
            update = await session.rows("report_updates_by_id", [update_id])
            if not update:
                return None
            inbox = await session.row("report_inbox_row", update_id)
            return Chain(
                update=dict(update[0]),
                events=_rows(await session.rows("report_events", update_id)),
                attempts=_rows(await session.rows("report_attempts", [update_id])),
                approvals=_rows(await session.rows("report_approvals", update_id)),
                history=_rows(await session.rows("report_history_of", update_id)),
                links=_rows(await session.rows("report_links", update_id)),
                neighbours=_rows(await session.rows("report_neighbours", update_id, _NEAR)),
                plans=_rows(await session.rows("report_plans_of", update_id)),
                mates={
                    row["batch_id"]: row["updates"]
                    for row in await session.rows("report_mates", update_id)
                },
                inbox=None if inbox is None else dict(inbox),
            )

    async def inbox(
        self,
        account: str | None = None,
        campaign: str | None = None,
        ids: Collection[int] | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """What a person has to look at, the longest waiting first; of these updates where `ids` are
        given."""
        chosen = None if ids is None else list(ids)
        return _rows(await self._database.rows("report_inbox", account, campaign, chosen, limit))

    async def inbox_counts(self, accounts: Collection[str] | None = None) -> dict[str, int]:
        """How many that are by cause, of all accounts or of these."""
        chosen = None if accounts is None else list(accounts)
        return _counts(await self._database.rows("report_inbox_counts", chosen))

    async def queued(self, account: str, most: int) -> list[Row]:
        """What is in the queue of an account, oldest first, and what each waits for."""
        return _rows(await self._database.rows("report_queued", account, most))

    async def let_through(self, ids: Collection[int]) -> list[Row]:
        """What the last approval of each of these updates let through, path by path."""
        return _rows(await self._database.rows("report_let_through", list(ids)))

    async def unclear_creates(self, ids: Collection[int]) -> list[int]:
        """Those of these creates that may have made a campaign: their call had no answer."""
        rows = await self._database.rows("report_unclear_creates", list(ids))
        return [row["id"] for row in rows]

    async def campaigns(self, wanted: CampaignFilter) -> list[Row]:
        """Campaigns in the order of account and id."""
        account, external_id = wanted.after or (None, None)
        return _rows(
            await self._database.rows(
                "report_campaigns", wanted.account, wanted.text, wanted.only_missing, account,
                external_id, wanted.limit,
            )
        )  # fmt: skip

    async def campaign(self, account: str, external_id: str) -> Row | None:
        """One campaign, None where the mirror has none of this id."""
        row = await self._database.row("report_campaign", account, external_id)
        return None if row is None else dict(row)

    async def gone(self, account: str | None, limit: int | None = 50) -> list[Row]:
        """Campaigns that are out of view or gone, undecided ones first, with the evidence that it
        takes."""
        return _rows(await self._database.rows("report_gone", account, limit))

    async def names(self, ids: Mapping[str, Collection[str]]) -> dict[tuple[str, str], Row]:
        """Name and currency by account and id, of these ids by account."""
        every = sorted({one for some in ids.values() for one in some})
        rows = await self._database.rows("report_campaign_names", list(ids), every)
        return {(row["account"], row["external_id"]): dict(row) for row in rows}

    async def near_campaigns(self, account: str, external_id: str) -> list[str]:
        """Ids in the mirror that could have been meant."""
        rows = await self._database.rows("report_near_ids", account, external_id)
        return get_close_matches(external_id, [row["external_id"] for row in rows], n=3)

    async def history(self, wanted: HistoryFilter) -> list[Row]:
        """The last field changes of a campaign, or those that one run saw, oldest first."""
        return _rows(
            await self._database.rows(
                "report_history",
                wanted.account,
                wanted.campaign,
                wanted.path,
                wanted.run,
                wanted.limit,
            )
        )

    async def runs(self, ids: Sequence[int]) -> dict[int, Row]:
        """These runs by number."""
        return {row["id"]: dict(row) for row in await self._database.rows("report_runs", list(ids))}

    async def server(self) -> Row:
        """Version, size, connections and roles."""
        row = await self._database.row("report_server")
        return dict(row or {})


def _rows(records: Sequence[asyncpg.Record]) -> list[Row]:
    return [dict(record) for record in records]


def _counts(records: Sequence[asyncpg.Record]) -> dict[str, int]:
    return {row["cause"]: row["count"] for row in records}


def _known(row: asyncpg.Record) -> KnownAccount:
    return KnownAccount(
        number=row["id"],
        name=row["name"],
        provider=row["provider"],
        dialect=row["dialect"],
        can_create=row["can_create"],
        free_guards=frozenset(Guard(one) for one in row["free_guards"]),
        complete_at=row["complete_at"],
        paused_at=row["paused_at"],
        is_configured=row["is_configured"],
        fields={one["path"]: _field(one) for one in row["fields"]},
    )


def _field(one: Row) -> Field:
    return Field(
        path=one["path"],
        kind=Kind(one["kind"]),
        readable=one["is_readable"],
        changeable=one["is_changeable"],
        creatable=one["is_creatable"],
        required=one["is_required"],
        nullable=one["is_nullable"],
        choices=tuple(one["choices"]),
        scale=one["scale"],
        least=None if one["least"] is None else Decimal(one["least"]),
        above_least=one["is_above_least"],
        longest=one["longest"],
        guard=None if one["guard"] is None else Guard(one["guard"]),
        call=one["call"],
        note=one["note"],
    )
