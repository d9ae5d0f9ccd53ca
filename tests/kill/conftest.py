"""Scenes as the end-to-end tests have them, in a database of these tests' own, and the count of the
cells that fired."""

from collections.abc import Callable

import asyncpg
import pytest

from syncd.store.embedded import EmbeddedPostgres
from tests.e2e.conftest import at_once, database_url, stage
from tests.kill.points import Cell
from tests.kill.table import FIRED

__all__ = ["at_once", "database_url", "stage"]

Fired = Callable[[Cell], None]


@pytest.fixture(scope="session")
async def lasting_url(cluster: EmbeddedPostgres, template: str) -> str:
    """A migrated database for all kills of this worker, one after the other."""
    connection = await asyncpg.connect(cluster.dsn("postgres"))
    await connection.execute(f"CREATE DATABASE kill_points TEMPLATE {template}")
    await connection.close()
    return cluster.dsn("kill_points")


@pytest.fixture
def fired(request: pytest.FixtureRequest) -> Fired:
    """Counts a cell in the table at the end of the run."""

    def count(cell: Cell) -> None:
        request.node.user_properties.append((FIRED, str(cell)))

    return count
