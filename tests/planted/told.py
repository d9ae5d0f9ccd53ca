"""The table of planted bugs, told at the end of a run that had any. It reads reports only, so that
it counts over all workers."""

import pytest

TOLD = "planted bug"
_WIDTHS = (3, 61, 52)


def tell(terminal: pytest.TerminalReporter) -> None:
    """One line a bug, and one for the sum."""
    rows = {
        told[0]: told[1:]
        for reports in terminal.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
        for name, told in report.user_properties
        if name == TOLD and isinstance(told, list | tuple)
    }
    if not rows:
        return
    from tests.planted.table import COUNT, NOT_YET  # which knows all scenarios

    rows |= {number: (name, "-", why) for number, (name, why) in NOT_YET.items()}
    terminal.section("planted bugs")
    for number, (bug, scenario, outcome) in sorted(rows.items()):
        cells = zip(_WIDTHS, (number, bug, scenario), strict=True)
        terminal.line("  ".join([*(f"{one!s:<{width}}" for width, one in cells), outcome]))
    caught = sum(outcome.startswith("caught") for *_, outcome in rows.values())
    run = len(rows) - len(NOT_YET)
    terminal.line(f"{caught} of {run} caught; {len(NOT_YET)} of all {COUNT} not yet")
