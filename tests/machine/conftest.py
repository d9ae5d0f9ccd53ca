"""The ground that all examples of a worker share, and the counts that are printed at the end."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import stamina
import structlog

from syncd.store.embedded import EmbeddedPostgres
from tests.machine.ground import Ground
from tests.machine.tally import Tally, lines

COUNTS = "machine"


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the machine did, over all workers."""
    tally, seeds = Tally(), []
    for reports in terminalreporter.stats.values():
        for report in reports:
            told = dict(getattr(report, "user_properties", ()))
            if COUNTS in told and getattr(report, "when", "") == "call":
                tally.take(told[COUNTS]["counts"])
                seeds += told[COUNTS]["seeds"]
    if seeds:
        terminalreporter.section("the machine")
        for line in lines(tally, seeds):
            terminalreporter.line(line)
