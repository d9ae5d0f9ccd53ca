"""What the machine did, told at the end of a run. It reads reports only, so that it counts over all
workers."""

import pytest

from syncd.simulator import PROVIDERS
from tests.cases import never
from tests.machine.tally import Tally, lines

COUNTS = "machine"
FOUND = "found by the machine"
_LONG = 20_000
"""So many steps that every predicate has met a case."""


def is_blind(terminal: pytest.TerminalReporter) -> bool:
    """Whether a predicate judged nothing: then nobody knows whether it finds anything."""
    return bool(_never(*_told(terminal)))


def tell(terminal: pytest.TerminalReporter) -> None:
    """Print the seeds, what happened how often, and which predicates judged nothing."""
    tally, seeds = _told(terminal)
    for reports in terminal.stats.values():
        for report in reports:
            found = dict(getattr(report, "user_properties", ())).get(FOUND)
            if found is not None and getattr(report, "when", "") == "call":
                terminal.line(f"the machine {found}")
    if seeds:
        terminal.section("the machine")
        for line in lines(tally, seeds):
            terminal.line(line)
        for name in _never(tally, seeds):
            terminal.line(f"JUDGED NOTHING: {name}")


def _told(terminal: pytest.TerminalReporter) -> tuple[Tally, list[str]]:
    """What the machine did, over all workers."""
    tally, seeds = Tally(), list[str]()
    for reports in terminal.stats.values():
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
