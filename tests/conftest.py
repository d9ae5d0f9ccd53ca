"""What every test may ask for: a database of its own in a real cluster, and at the end of a run the
time that each suite took."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import structlog
from hypothesis import settings

from syncd.store.embedded import EmbeddedPostgres, temporary_cluster
from syncd.store.migrations import upgrade
from tests.kill import table
from tests.lasting import SCHEMA, emptied, made
from tests.machine import counts
from tests.planted import told as bugs

# A loaded machine is not a failure, and what was found stands in the test, not in a folder.
settings.register_profile("exploring", deadline=None, database=None)
settings.register_profile("same", settings.get_profile("exploring"), derandomize=True)
settings.load_profile("same")


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A command that a test runs in this process writes to that test's output, which is closed
    after it: the next test has a log of its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def cluster() -> Iterator[EmbeddedPostgres]:
    """A cluster for all tests of this worker, gone with it even when it is killed."""
    with temporary_cluster() as running:
        yield running


@pytest.fixture(scope="session")
async def template(cluster: EmbeddedPostgres) -> str:
    """Name of a database with the whole schema and no rows, which is only ever copied."""
    async with _administrator(cluster) as connection:
        await connection.execute("CREATE DATABASE template_syncd")
    await upgrade(cluster.dsn("template_syncd"))
    return "template_syncd"


@pytest.fixture
async def empty_database_url(cluster: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database of this test alone, without any schema."""
    async for url in _database(cluster, "template1"):
        yield url


@pytest.fixture(scope="session")
async def lasting(
    cluster: EmbeddedPostgres, template: str
) -> AsyncIterator[tuple[str, asyncpg.Connection[asyncpg.Record]]]:
    """A migrated database for all tests of this worker, one after the other, and a way in that has
    seen every table."""
    url = await made(cluster, template, "lasting")
    connection = await asyncpg.connect(url)
    yield url, connection
    await connection.close()


@pytest.fixture
async def database_url(
    lasting: tuple[str, asyncpg.Connection[asyncpg.Record]],
) -> AsyncIterator[str]:
    """A migrated database without any rows, as the cluster's superuser."""
    url, connection = lasting
    await emptied(connection)
    schema = await connection.fetchval(SCHEMA)
    yield url
    assert await connection.fetchval(SCHEMA) == schema, "take own_database_url to change a schema"


@pytest.fixture
async def own_database_url(cluster: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """A migrated database of this test alone, whose schema it may change."""
    async for url in _database(cluster, template):
        yield url


async def _database(cluster: EmbeddedPostgres, origin: str) -> AsyncIterator[str]:
    name = f"test_{uuid4().hex}"
    async with _administrator(cluster) as connection:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {origin}")
    yield cluster.dsn(name)
    async with _administrator(cluster) as connection:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def _administrator(cluster: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(cluster.dsn("postgres"))
    try:
        yield connection
    finally:
        await connection.close()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run in which a predicate of the machine's judge met no case has failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and counts.is_blind(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how long each folder of tests took, set-up included, over all workers, where pushes
    were made to crash, and what the machine did: the process that collects the workers' reports
    knows no folder's own conftest."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                folders = Path(report.nodeid.partition("::")[0]).parts[1:-1]
                seconds[folders[0] if folders else "."] += report.duration
    terminalreporter.section("time of each suite")
    for suite, taken in sorted(seconds.items()):
        terminalreporter.line(f"{taken:7.1f} s  tests/{suite}")
    table.tell(terminalreporter)
    counts.tell(terminalreporter)
    bugs.tell(terminalreporter)
