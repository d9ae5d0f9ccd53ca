"""What an end-to-end test stands on: a database of its own, a simulated provider, a configuration
file that joins the two, and syncd between them, in this process or as one of its own. It looks at
results only as users do: report views, exit codes, and what arrived at the provider."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg

from syncd.config import Config, load
from syncd.daemon import AccountReport, SyncRequest, open_store, sync
from syncd.engine.events import Event
from syncd.simulator import Settings, Simulator
from syncd.store.database import Database
from tests.checker import check, compare_mirror
from tests.promises import Violation

ACCOUNT = "criteo-eu"
SETTLE = 0.2
TABLES: Mapping[str, Mapping[str, Any]] = {
    "pull": {"schedule": "0 0 1 1 *", "jitter": "0s"},
    "push": {"settle": f"{SETTLE:g}s"},
    # So wide that no test waits for it, and with it the ceiling that a simulator announces nowhere.
    "limits": {"default": "1000/1s", "granted": "a simulator of our own"},
    "lease": {"ttl": "4s", "renew": "500ms", "request_timeout": "2s"},
}
"""The account's tables unless a test says otherwise; its next scheduled pull is far away."""
SECRETS = {"E2E_CLIENT_ID": "demo-client", "E2E_CLIENT_SECRET": "demo-secret"}

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a configuration is written, and what it joins; the database's URL stays out of it."""

    folder: Path
    database_url: str
    base_url: str
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scope: Sequence[str] = ()
    service: Mapping[str, Any] = field(default_factory=dict)
    owner_url: str = ""
    """Of the user who may change the schema, where that is another one."""

    @property
    def path(self) -> Path:
        return self.folder / "syncd.toml"

    @property
    def environment(self) -> dict[str, str]:
        """What the file's references need."""
        urls = {"E2E_DATABASE_URL": self.database_url, "E2E_OWNER_URL": self.owner_url}
        return {**{name: url for name, url in urls.items() if url}, **SECRETS}

    def write(self) -> Path:
        """Write the configuration file."""
        named = {**TABLES, **self.tables}
        tables: Row = {
            name: {**TABLES.get(name, {}), **self.tables.get(name, {})} for name in named
        }
        tables["scope"] = {"advertisers": list(self.scope)}
        service = {"data_dir": "var", "listen": "127.0.0.1:0", **self.service}
        account = {
            "name": ACCOUNT,
            "provider": "criteo",
            "base_url": self.base_url,
            "allow_loopback": True,
            "currency": "EUR",
            "credentials": {
                "client_id": "env:E2E_CLIENT_ID",
                "client_secret": "env:E2E_CLIENT_SECRET",
            },
            **tables,
        }
        database = {"url": "env:E2E_DATABASE_URL"}
        database |= {"owner_url": "env:E2E_OWNER_URL"} if self.owner_url else {}
        lines = ["[database]", *_keys(database), "[service]", *_keys(service)]
        self.path.write_text("\n".join([*lines, "[[accounts]]", *_keys(account), ""]))
        return self.path

    def load(self) -> Config:
        """The configuration as syncd reads it."""
        return load(self.write(), self.environment)

    def process_environment(self, **more: str) -> dict[str, str]:
        """For a process of syncd's: ours, the references, and more; nothing armed by chance."""
        inherited = {key: one for key, one in os.environ.items() if not key.startswith("SYNCD_")}
        return {**inherited, **self.environment, **more}


def _keys(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items()]


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_keys(value)) + " }"
    return json.dumps(value)


class Books:
    """What syncd says of itself: rows of the report views, and what people do by SQL."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self.connection = connection

    async def view(self, name: str, where: str = "true", *values: Any) -> list[Row]:
        """Rows of a report view as JSON values, fractions exact."""
        found = await self.connection.fetch(
            f"SELECT to_jsonb(v) FROM report.{name} v WHERE {where}", *values
        )
        return [json.loads(row[0], parse_float=Decimal) for row in found]

    async def campaigns(self) -> dict[str, Row]:
        """The mirror by external id."""
        return {row["external_id"]: row for row in await self.view("campaigns")}

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
        """The runs of a kind, in order."""
        return await self.view("runs", "kind::text = $1 ORDER BY id", kind)

    async def enqueue(self, campaign: str, path: str, amount: str, **more: Any) -> int:
        """Queue one change as any SQL client would; returns the update's id. A mapping is JSON."""
        optional = "".join(f", {name} => ${at}" for at, name in enumerate(more, start=4))
        found = await self.connection.fetchval(
            f"SELECT syncd.enqueue($1, $2, $3::jsonb{optional})",
            ACCOUNT,
            campaign,
            json.dumps({path: amount}),
            *(json.dumps(one) if isinstance(one, Mapping) else one for one in more.values()),
        )
        return int(found)

    async def enqueue_picks(self, picks: Iterable[Mapping[str, Any]]) -> list[int]:
        """Queue what the simulator's picks name."""
        return [await self.enqueue(one["id"], one["path"], one["amount"]) for one in picks]


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
        request = SyncRequest(started_by="test", **asked)
        (report,) = await sync(config or self.config, self.database, request, self.events.append)
        return report

    async def pull(self) -> AccountReport:
        return await self.sync(push=False)

    async def push(self, **asked: Any) -> AccountReport:
        return await self.sync(pull=False, **asked)

    async def violations(self) -> list[Violation]:
        """Every promise that this scene has seen broken so far."""
        settle = self.config.accounts[0].push.settle.total_seconds()
        return await check(self.simulator.journal.since(0), self.books.connection, settle)

    async def differences(self) -> list[Violation]:
        """Where the mirror differs from the truth, right after a complete pull."""
        scope = set(self.place.scope)
        truth = [
            one
            for one in self.simulator.world.truth()
            if not scope or one["advertiser_id"] in scope
        ]
        return await compare_mirror(truth, self.books.connection)

    @property
    def picks(self) -> dict[str, Any]:
        """Campaigns that show one documented answer each, and `ordinary` ones."""
        return self.simulator.service.picks()

    def ordinary(self, count: int) -> list[dict[str, Any]]:
        """So many campaigns that take their amount at once."""
        found: list[dict[str, Any]] = self.picks["ordinary"][:count]
        assert len(found) == count
        return found

    def sent(self) -> list[list[str]]:
        """The campaigns of each PATCH that arrived."""
        return [[item.id for item in one.items] for one in self.simulator.journal.of("update")]

    def budget(self, campaign: str, path: str) -> str:
        """What the provider really has."""
        return self.simulator.world.campaigns[campaign].limit.values()[path.removeprefix("budget.")]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Books]:
    """The books of a database, on a connection that is nobody else's."""
    connection = await asyncpg.connect(url)
    try:
        yield Books(connection)
    finally:
        await connection.close()


@asynccontextmanager
async def staged(place: Place, settings: Settings) -> AsyncIterator[Scene]:
    """A scene with a simulator of these settings; `place` says the rest, its base_url aside."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Simulator(settings))
        there = replace(place, base_url=simulator.base_url)
        config = there.load()
        yield Scene(
            place=there,
            simulator=simulator,
            books=await stack.enter_async_context(connected(place.database_url)),
            config=config,
            database=await stack.enter_async_context(open_store(config)),
        )
