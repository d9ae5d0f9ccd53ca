"""The ground that all examples of a worker share."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import stamina
import structlog

from syncd.store.embedded import EmbeddedPostgres
from tests.machine.ground import Ground


@pytest.fixture(scope="session")
async def machine_url(cluster: EmbeddedPostgres, template: str) -> str:
    """A migrated database for all examples of this worker."""
    connection = await asyncpg.connect(cluster.dsn("postgres"))
    await connection.execute(f"CREATE DATABASE machine TEMPLATE {template}")
    await connection.close()
    return cluster.dsn("machine")


@pytest.fixture
def ground(machine_url: str, tmp_path: Path) -> Iterator[Ground]:
    """Reads are tried again without waiting, and nothing is logged: there is too much of it."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    try:
        with stamina.set_testing(True, attempts=100, cap=True), Ground(machine_url, tmp_path) as at:
            yield at
    finally:
        structlog.configure(**before)
