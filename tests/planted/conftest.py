"""Prints the table of planted bugs at the end of a session that ran any."""

import pytest

from tests.planted.table import COUNT, NOT_YET

TOLD = "planted bug"
_WIDTHS = (3, 61, 52)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a bug, and one for the sum."""
    rows = {
        told[0]: told[1:]
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
        for name, told in report.user_properties
        if name == TOLD and isinstance(told, list | tuple)
    }
    if not rows:
        return
    rows |= {number: (name, "-", why) for number, (name, why) in NOT_YET.items()}
    terminalreporter.section("planted bugs")
    for number, (bug, scenario, outcome) in sorted(rows.items()):
        cells = zip(_WIDTHS, (number, bug, scenario), strict=True)
        terminalreporter.line("  ".join([*(f"{one!s:<{width}}" for width, one in cells), outcome]))
    caught = sum(outcome.startswith("caught") for *_, outcome in rows.values())
    run = len(rows) - len(NOT_YET)
    terminalreporter.line(f"{caught} of {run} caught; {len(NOT_YET)} of all {COUNT} not yet")
