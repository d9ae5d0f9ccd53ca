"""What an end-to-end test stands on: a database of its own, a simulated provider, a configuration
file that joins the two, and syncd between them, in this process or as one of its own. It looks at
results only as users do: report views, exit codes, and what arrived at the provider."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import asyncpg

from syncd.config import Config
from syncd.daemon import AccountReport, SyncRequest, open_store, sync
from syncd.engine.events import Event
from syncd.simulator import Arrival, Settings, Simulator
from syncd.store.database import Database
from tests.checker import check, compare_mirror
from tests.e2e.place import ACCOUNT, SECRETS, SETTLE, Place, Row
from tests.e2e.spelling import spelt_arrival, spelt_truth
from tests.promises import Violation

__all__ = ["ACCOUNT", "SECRETS", "SETTLE", "Books", "Place", "Row", "Scene", "connected", "staged"]


class Books:
    """What syncd says of itself: rows of the report views, and what people do by SQL."""

    def __init__(
        self, connection: asyncpg.Connection[asyncpg.Record], account: str = ACCOUNT
    ) -> None:
        self.connection = connection
        self.account = account

    async def view(self, name: str, where: str = "true", *values: Any) -> list[Row]:
        """Rows of a report view as JSON values, fractions exact."""
        found = await self.connection.fetch(
            f"SELECT to_jsonb(v) FROM report.{name} v WHERE {where}", *values
        )
        return [json.loads(row[0], parse_float=Decimal) for row in found]

    async def campaigns(self) -> dict[str, Row]:
        """The account's mirror by external id."""
        rows = await self.view("campaigns", "account = $1", self.account)
        return {row["external_id"]: row for row in rows}

    async def health(self) -> Row:
        """How the account is."""
        (row,) = await self.view("account_health", "account = $1", self.account)
        return row

    async def update(self, update_id: int) -> Row:
        (row,) = await self.view("updates", "id = $1", update_id)
        return row

    async def states(self, ids: Iterable[int]) -> list[str]:
        """The states of these updates, in their order."""
        return [(await self.update(one))["state"] for one in ids]

    async def attempts(self, update_id: int) -> list[Row]:
        """The attempts of an update, in order."""
        return await self.view("update_attempts", "update_id = $1 ORDER BY batch_id", update_id)

    async def runs(self, kind: str) -> list[Row]:
        """The account's runs of a kind, in order."""
        where = "kind::text = $1 AND account = $2 ORDER BY id"
        return await self.view("runs", where, kind, self.account)

    async def queue(self, campaign: str | None, patch: Mapping[str, Any], **more: Any) -> int:
        """Queue a change as any SQL client would, without a campaign a create; returns the update's
        id. A mapping is JSON."""
        optional = "".join(f", {name} => ${at}" for at, name in enumerate(more, start=4))
        found = await self.connection.fetchval(
            f"SELECT syncd.enqueue($1, $2, $3::jsonb{optional})",
            self.account,
            campaign,
            json.dumps(patch),
            *(json.dumps(one) if isinstance(one, Mapping) else one for one in more.values()),
        )
        return int(found)

    async def enqueue(self, campaign: str, path: str, amount: str, **more: Any) -> int:
        """Queue one value."""
        return await self.queue(campaign, {path: amount}, **more)

    async def enqueue_picks(self, picks: Iterable[Mapping[str, Any]]) -> list[int]:
        """Queue what the simulator's picks name."""
        return [await self.enqueue(one["id"], one["path"], one["amount"]) for one in picks]

    async def later(self, time: str) -> None:
        """Move `syncd.now()` by an interval."""
        await self.connection.execute(
            "UPDATE syncd.clock SET shift = shift + $1::text::interval", time
        )


@dataclass(kw_only=True)
class Scene:
    """One account between its database and its simulated provider."""

    place: Place
    simulator: Simulator
    books: Books
    config: Config
    database: Database
    events: list[Event] = field(default_factory=list)

    async def sync(self, *, config: Config | None = None, **asked: Any) -> AccountReport:
        """Recover, pull and push in this process, as `syncd sync` would."""
        asked = {"accounts": (self.place.account,), **asked}
        request = SyncRequest(started_by="test", **asked)
        (report,) = await sync(config or self.config, self.database, request, self.events.append)
        return report

    async def pull(self) -> AccountReport:
        return await self.sync(push=False)

    async def push(self, **asked: Any) -> AccountReport:
        return await self.sync(pull=False, **asked)

    def narrowed(self, scope: Mapping[str, Any]) -> Scene:
        """The same account after somebody has written another scope."""
        place = replace(self.place, scope=scope)
        return replace(self, place=place, config=place.load())

    async def violations(self, settle: float | None = None) -> list[Violation]:
        """Every promise that this scene has seen broken so far; `settle` in seconds, where
        `syncd.now()` was moved over the rest of it."""
        if settle is None:
            account = next(one for one in self.config.accounts if one.name == self.place.account)
            settle = account.push.settle.total_seconds()
        journal = [spelt_arrival(row) for row in self.simulator.journal.since(0)]
        return await check(journal, self.books.connection, settle, account=self.place.account)

    async def differences(self) -> list[Violation]:
        """Where the mirror differs from the truth, right after a complete pull."""
        truth = list(self.truth().values())
        return await compare_mirror(truth, self.books.connection, self.place.account)

    def truth(self) -> dict[str, Row]:
        """All campaigns in the account's scope as they really are, those out of view too."""
        ids, advertisers = self.place.scope_table.get("ids"), self.place.advertisers
        return {
            one["id"]: spelt_truth(one)
            for one in self.simulator.world.truth()
            if (not advertisers or one["advertiser_id"] in advertisers)
            and (not ids or one["id"] in ids)
        }

    def value(self, campaign: str, path: str) -> str | None:
        """What the provider really has."""
        values: Mapping[str, str | None] = self.truth()[campaign]["values"]
        return values.get(path)

    @property
    def picks(self) -> dict[str, Any]:
        """Campaigns that show one documented answer each, and `ordinary` ones."""
        return self.simulator.service.picks()

    def ordinary(self, count: int) -> list[dict[str, Any]]:
        """So many campaigns that take their amount at once."""
        found: list[dict[str, Any]] = self.picks["ordinary"][:count]
        assert len(found) == count
        return found

    def writes(self) -> list[Arrival]:
        """Every write that arrived, in order."""
        return [one for one in self.simulator.journal.arrivals if one.is_write]

    def is_quiet(self) -> bool:
        """Whether nothing that arrived is still under way."""
        return all(one.over for one in self.simulator.journal.arrivals)

    def sent(self) -> list[list[str]]:
        """The campaigns of each PATCH that arrived."""
        return [[item.id for item in one.items] for one in self.simulator.journal.of("update")]

    def budget(self, campaign: str, path: str) -> str:
        """What a provider of budgets really has."""
        return str(self.value(campaign, path))


@asynccontextmanager
async def connected(url: str, account: str = ACCOUNT) -> AsyncIterator[Books]:
    """The books of a database, on a connection that is nobody else's."""
    connection = await asyncpg.connect(url)
    try:
        yield Books(connection, account)
    finally:
        await connection.close()


@asynccontextmanager
async def staged(place: Place, settings: Settings) -> AsyncIterator[Scene]:
    """A scene with a simulator of these settings; `place` says the rest, its base_url aside."""
    async with staged_together([(place, settings)]) as (scene,):
        yield scene


@asynccontextmanager
async def staged_together(
    wanted: Sequence[tuple[Place, Settings]],
) -> AsyncIterator[tuple[Scene, ...]]:
    """Scenes of several accounts in one database and one configuration, that of the first."""
    async with AsyncExitStack() as stack:
        simulators = [await stack.enter_async_context(_simulator(one)) for _, one in wanted]
        places = [place.at(one) for (place, _), one in zip(wanted, simulators, strict=True)]
        first, *others = places
        first = replace(first, beside=tuple(others))
        config = first.load()
        database = await stack.enter_async_context(open_store(config))
        connect = [connected(first.database_url, one.account) for one in places]
        yield tuple(
            [
                Scene(
                    place=place,
                    simulator=simulator,
                    books=await stack.enter_async_context(books),
                    config=config,
                    database=database,
                )
                for place, simulator, books in zip(
                    [first, *others], simulators, connect, strict=True
                )
            ]
        )


def _simulator(settings: Settings) -> Simulator:
    """A simulator that limits nothing where its settings say so, logins included."""
    simulator = Simulator(settings)
    if settings.rate is None:
        for window in simulator.windows.values():
            window.rate = None
    return simulator
