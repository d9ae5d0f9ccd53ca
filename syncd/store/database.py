"""The connection pool and the named statements. The only door to Postgres: everything in `store`
goes through `Database`, nothing above it names asyncpg."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from functools import cache
from importlib import resources
from typing import Any, Final, LiteralString, TypeVar, cast

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from syncd.errors import SchemaMismatch, Undone
from syncd.store.translation import GONE, shown_dsn, translated

SCHEMA_VERSION: Final = "0003"
FROZEN: Final = "15000"
"""Milliseconds after which Postgres ends a transaction that says nothing: whoever is frozen, or cut
off, in the middle of one keeps neither the account nor its lease, and no pause waits for them."""

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_TRIES: Final = 3
"""How often a transaction is begun that Postgres takes back."""

T = TypeVar("T")


@cache
def statements() -> dict[str, LiteralString]:
    """Every statement of `store/sql/*.sql` by its name."""
    found: dict[str, LiteralString] = {}
    for file in sorted(resources.files("syncd.store").joinpath("sql").iterdir(), key=str):
        parts = _NAME.split(file.read_text())
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if name in found:
                raise ValueError(f"two statements are named {name}")
            found[name] = cast("LiteralString", text.strip())
    return found


class Session:
    """One connection for the length of a transaction, or of one statement."""

    def __init__(self, connection: PoolConnectionProxy[asyncpg.Record]) -> None:
        self._connection = connection

    async def rows(self, name: str, *values: Any) -> list[asyncpg.Record]:
        """All rows of the named statement."""
        return await self._connection.fetch(statements()[name], *values)

    async def row(self, name: str, *values: Any) -> asyncpg.Record | None:
        """The first row, or None."""
        return await self._connection.fetchrow(statements()[name], *values)

    async def value(self, name: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        return await self._connection.fetchval(statements()[name], *values)

    async def run(self, name: str, *values: Any) -> None:
        """Execute the named statement for its effect."""
        await self._connection.execute(statements()[name], *values)

    async def copy(self, table: str, columns: Sequence[str], records: Iterable[Any]) -> None:
        """COPY records into a table of schema syncd."""
        await self._connection.copy_records_to_table(
            table, schema_name="syncd", columns=list(columns), records=records
        )

    async def ask(self, query: LiteralString, *values: Any) -> list[asyncpg.Record]:
        """A query that is itself the data: the report views, whose text is fixed in `reports`."""
        return await self._connection.fetch(query, *values)


class Database:
    """A pool against one database. Every method raises DatabaseUnavailable when Postgres is out of
    reach."""

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], dsn: str, connect: Mapping[str, Any]
    ) -> None:
        self._pool = pool
        self._connect = connect
        self.dsn = dsn

    def move(self, dsn: str) -> None:
        """Connect to this address from now on."""
        self.dsn = dsn
        self._pool.set_connect_args(dsn, **self._connect)

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """One connection, each statement by itself."""
        with translated(self.dsn):
            async with self._pool.acquire() as connection:
                yield Session(connection)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """One transaction. When leaving it raises DatabaseUnavailable it may have been committed
        all the same: the caller looks for the key that it wrote."""
        with translated(self.dsn):
            async with self._pool.acquire() as connection, connection.transaction():
                yield Session(connection)

    @contextlib.asynccontextmanager
    async def rehearsal(self) -> AsyncIterator[Session]:
        """A transaction that is always taken back."""
        with translated(self.dsn):
            async with self._pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                try:
                    yield Session(connection)
                finally:
                    await transaction.rollback()

    async def repeated(self, work: Callable[[], Awaitable[T]]) -> T:
        """What this work gives: one transaction with nothing in it but statements, begun anew when
        it is certain that Postgres took it back. A commit without an answer is none of that."""
        for _ in range(_TRIES - 1):
            try:
                return await work()
            except Undone as error:
                if not error.may_repeat:
                    raise
        return await work()

    async def rows(self, name: str, *values: Any) -> list[asyncpg.Record]:
        """All rows of the named statement."""

        async def ask() -> list[asyncpg.Record]:
            async with self.session() as session:
                return await session.rows(name, *values)

        return await self.repeated(ask)

    async def row(self, name: str, *values: Any) -> asyncpg.Record | None:
        """The first row of the named statement, or None."""

        async def ask() -> asyncpg.Record | None:
            async with self.session() as session:
                return await session.row(name, *values)

        return await self.repeated(ask)

    async def value(self, name: str, *values: Any) -> Any:
        """One value of the named statement."""

        async def ask() -> Any:
            async with self.session() as session:
                return await session.value(name, *values)

        return await self.repeated(ask)

    async def run(self, name: str, *values: Any) -> None:
        """Execute the named statement."""

        async def act() -> None:
            async with self.session() as session:
                await session.run(name, *values)

        await self.repeated(act)


@contextlib.asynccontextmanager
async def open_database(
    dsn: str, *, size: int = 8, role: str | None = None, check: bool = True
) -> AsyncIterator[Database]:
    """A pool of at most `size` connections, acting as `role` where one is named; with `check` a
    schema of another version raises SchemaMismatch."""
    settings = {
        "application_name": "syncd",
        "statement_timeout": "60000",
        "idle_in_transaction_session_timeout": FROZEN,
    }
    if role is not None:
        settings["role"] = role
    connect: dict[str, Any] = {"command_timeout": 90, "timeout": 10, "server_settings": settings}
    with translated(dsn):
        pool = await asyncpg.create_pool(dsn, min_size=1, max_size=size, init=_prepare, **connect)
    try:
        database = Database(pool, dsn, connect)
        if check:
            await _check_schema(database)
        yield database
    finally:
        # close() waits for borrowed connections; a cancelled pass has returned its own by now.
        with contextlib.suppress(*GONE):
            await pool.close()


@contextlib.asynccontextmanager
async def listening(
    dsn: str, channels: Sequence[str], heard: Callable[[str, str], None]
) -> AsyncIterator[Callable[[], bool]]:
    """A connection of its own that calls `heard(channel, payload)`; gives what tells whether it is
    still there. Ends quietly, whatever has become of Postgres."""
    with translated(dsn):
        connection = await asyncpg.connect(dsn, timeout=10)
        for channel in channels:
            await connection.add_listener(
                channel, lambda _c, _pid, name, payload: heard(name, str(payload))
            )
    try:
        yield lambda: not connection.is_closed()
    finally:
        with contextlib.suppress(*GONE):
            await connection.close(timeout=2)


async def _check_schema(database: Database) -> None:
    found = await database.value("schema_version")
    if found != SCHEMA_VERSION:
        raise SchemaMismatch(
            f"the schema of {shown_dsn(database.dsn)} is {found}, "
            f"this program needs {SCHEMA_VERSION}",
            remedy=schema_remedy(found),
        )


def schema_remedy(found: str | None) -> str:
    """What to do about a schema of another version than this program needs."""
    is_newer = found is not None and str(found) > SCHEMA_VERSION
    return "install the newer syncd" if is_newer else "run: syncd db upgrade"


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb", encoder=_as_json, decoder=json.loads, schema="pg_catalog", format="text"
    )


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
