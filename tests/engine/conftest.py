"""The parts of one account in a database that every test of the engine finds empty."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from syncd.store.embedded import EmbeddedPostgres
from tests.store.parts import Parts, emptied, opened


@pytest.fixture(scope="session")
async def lasting_url(cluster: EmbeddedPostgres, template: str) -> str:
    """A migrated database for all tests of this folder and worker, one after the other."""
    connection = await asyncpg.connect(cluster.dsn("postgres"))
    await connection.execute(f"CREATE DATABASE engine_tests TEMPLATE {template}")
    await connection.close()
    return cluster.dsn("engine_tests")


@pytest.fixture
async def parts(lasting_url: str) -> AsyncIterator[Parts]:
    """An account that has never been pulled, under a lease."""
    async with opened(await emptied(lasting_url)) as ready:
        yield ready
