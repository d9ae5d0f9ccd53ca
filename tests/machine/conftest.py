"""The ground that all examples of a worker share, and the counts that are printed at the end."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import stamina
import structlog

from syncd.simulator import PROVIDERS
from syncd.store.embedded import EmbeddedPostgres
from tests.cases import never
from tests.machine.ground import Ground
from tests.machine.tally import Tally, lines

COUNTS = "machine"
FOUND = "found by the machine"
_LONG = 20_000
"""So many steps that every predicate has met a case."""


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


def _told(terminalreporter: pytest.TerminalReporter) -> tuple[Tally, list[str]]:
    """What the machine did, over all workers."""
    tally, seeds = Tally(), list[str]()
    for reports in terminalreporter.stats.values():
        for report in reports:
            told = dict(getattr(report, "user_properties", ()))
            if COUNTS in told and getattr(report, "when", "") == "call":
                tally.take(told[COUNTS]["counts"])
                seeds += told[COUNTS]["seeds"]
    return tally, seeds


def _never(tally: Tally, seeds: list[str]) -> list[str]:
    """The predicates that judged nothing, where every provider had its turn."""
    is_whole = {seed.split()[0] for seed in seeds} >= set(PROVIDERS)
    is_long = tally.of("run", "steps") >= _LONG
    return never(tally.counts["case"], is_long=is_long) if is_whole else []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run in which a predicate judged nothing has failed: nobody knows whether it finds
    anything."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _never(*_told(reporter)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the machine did, over all workers."""
    tally, seeds = _told(terminalreporter)
    for reports in terminalreporter.stats.values():
        for report in reports:
            found = dict(getattr(report, "user_properties", ())).get(FOUND)
            if found is not None and getattr(report, "when", "") == "call":
                terminalreporter.line(f"the machine {found}")
    if seeds:
        terminalreporter.section("the machine")
        for line in lines(tally, seeds):
            terminalreporter.line(line)
        for name in _never(tally, seeds):
            terminalreporter.line(f"JUDGED NOTHING: {name}")
