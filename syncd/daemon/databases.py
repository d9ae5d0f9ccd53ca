"""The database that the configuration names: somebody's server, or an embedded one that is started
or joined. Knows no account."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from syncd.config import Config
from syncd.errors import UsageError
from syncd.store.database import Database, open_database
from syncd.store.migrations import SERVICE, upgrade

if TYPE_CHECKING:
    from syncd.store.embedded import EmbeddedPostgres


@contextlib.asynccontextmanager
async def open_store(config: Config) -> AsyncIterator[Database]:
    """The configured database. An embedded one is started, or joined, and brought to this
    schema."""
    async with open_lasting_store(config) as (database, _):
        yield database


@contextlib.asynccontextmanager
async def open_lasting_store(
    config: Config,
) -> AsyncIterator[tuple[Database, Callable[[], Awaitable[None]]]]:
    """The configured database, and what brings it back after it went away: an embedded one is
    joined or started again, for any other there is nothing to do but wait."""
    if config.database.url is not None:
        async with open_database(config.database.url.resolve().get_secret_value()) as database:
            yield database, _wait_for_it
        return
    with _cluster(config) as cluster:
        await upgrade(cluster.dsn())
        async with open_database(cluster.dsn(), role=SERVICE) as database:

            async def bring_back() -> None:
                database.move(await asyncio.to_thread(cluster.rejoin))

            yield database, bring_back


async def _wait_for_it() -> None:
    """Somebody else's server comes back by itself."""


@contextlib.contextmanager
def owner_dsn(config: Config) -> Iterator[str]:
    """The address under which the schema may be changed."""
    address = config.database.owner_url or config.database.url
    if address is not None:
        yield address.resolve().get_secret_value()
        return
    with _cluster(config) as cluster:
        yield cluster.dsn()


@contextlib.contextmanager
def _cluster(config: Config) -> Iterator[EmbeddedPostgres]:
    if not config.database.embedded:
        raise UsageError(
            "no database is configured", remedy="set [database] url, or embedded = true"
        )
    from syncd.store.embedded import shared_cluster  # its binaries are an extra

    with shared_cluster(config.service.data_dir) as cluster:
        yield cluster
