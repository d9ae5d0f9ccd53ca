"""Scenes for end-to-end tests, in a database that every test finds empty, and reads that are tried
again without a pause."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import stamina

from syncd.simulator import Settings
from syncd.store.embedded import EmbeddedPostgres
from tests.e2e.place import ACCOUNT, Place
from tests.e2e.scene import Scene, staged
from tests.waiting import eventually

Stage = Callable[..., Awaitable[Scene]]

EMPTY = """
    DO $$ DECLARE one text; BEGIN
        SET LOCAL session_replication_role = replica;
        FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'syncd'
                      AND tablename NOT IN ('alembic_version', 'clock') LOOP
            EXECUTE format('DELETE FROM syncd.%I', one);
        END LOOP;
        UPDATE syncd.clock SET shift = '0';
    END $$"""
"""Takes a hundredth of the time that a new database does."""

ALONE = """
    SELECT count(*) = 1 FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend'"""
"""A process that was killed leaves its connection for a moment."""


@pytest.fixture(scope="session")
async def lasting_url(cluster: EmbeddedPostgres, template: str) -> str:
    """A migrated database for all end-to-end tests of this worker, one after the other."""
    connection = await asyncpg.connect(cluster.dsn("postgres"))
    await connection.execute(f"CREATE DATABASE end_to_end TEMPLATE {template}")
    await connection.close()
    return cluster.dsn("end_to_end")


@pytest.fixture
async def database_url(lasting_url: str) -> str:
    """A migrated database without any rows."""
    connection = await asyncpg.connect(lasting_url)

    async def is_alone() -> bool:
        return bool(await connection.fetchval(ALONE))

    await eventually(is_alone)
    await connection.execute(EMPTY)
    await connection.close()
    return lasting_url


@pytest.fixture
def at_once() -> Iterator[None]:
    """Reads are tried again as often as ever, without waiting in between."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture
async def stage(tmp_path: Path, database_url: str, at_once: None) -> AsyncIterator[Stage]:
    """Opens a scene: keywords of `Place`, and `settings` of the simulator, whose provider and
    dialect are the account's unless another dialect is given."""
    async with AsyncExitStack() as stack:

        async def begin(settings: Settings | None = None, **where: Any) -> Scene:
            wanted = settings or Settings(campaigns=40, rate=None)
            name = ACCOUNT if wanted.provider == "criteo" else wanted.provider
            told = {"account": name, "provider": wanted.provider, "dialect": wanted.dialect}
            place = Place(
                folder=tmp_path, database_url=database_url, base_url="", **{**told, **where}
            )
            return await stack.enter_async_context(staged(place, wanted))

        yield begin


@pytest.fixture
async def scene(stage: Stage) -> Scene:
    """40 campaigns of five advertisers, pulled once."""
    opened = await stage()
    report = await opened.pull()
    assert report.error is None
    return opened
