"""The table at the end of a run: how often each cell of the grid fired. It reads reports only, so
that it counts over all workers."""

from collections import Counter

import pytest

from tests.kill.points import KINDS, MISSING, NOT_THERE, POINTS, Cell, Kind, Manner, cells

FIRED = "a cell fired"


def tell(terminal: pytest.TerminalReporter) -> None:
    """Print how many cells fired, and the table where that were more than each point once."""
    counted = Counter(
        str(said)
        for reports in terminal.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, said in report.user_properties
        if name == FIRED
    )
    if not counted:
        return
    terminal.section("crash points: how often each cell fired")
    if len(counted) > 2 * len(POINTS):
        _tell_squares(terminal, counted)
    there = [str(cell) for cell in cells(*Manner)]
    reached = sum(1 for cell in there if counted[cell])
    terminal.line(f"{reached} of {len(there)} cells fired, {counted.total()} times")


def _tell_squares(terminal: pytest.TerminalReporter, counted: Counter[str]) -> None:
    terminal.line("each cell: " + " / ".join(Manner))
    terminal.line(" " * 27 + "".join(f"{kind.letter:<11}" for kind in KINDS))
    for point in POINTS:
        row = (_square(counted, point, kind) for kind in KINDS)
        terminal.line(f"{point:<27}" + "".join(f"{one:<11}" for one in row).rstrip())
    for kind in KINDS:
        terminal.line(f"{kind.letter}: {kind.what} ({kind.provider}, {kind.operation})")
    for (point, letter), reason in MISSING.items():
        terminal.line(f"no {point} of {letter}: {reason}")
    for point, reason in NOT_THERE.items():
        terminal.line(f"no {point} of E: {reason}")


def _square(counted: Counter[str], point: str, kind: Kind) -> str:
    if (point, kind.letter) in MISSING:
        return "-"
    mine = (Cell(point=point, kind=kind, manner=manner) for manner in Manner)
    return "/".join(str(counted[str(cell)]) for cell in mine)
