"""The grid is whole: every crash point has its place in the code or somebody else who holds the
moment, and every cell is there or has a reason not to be."""

import re

from tests.e2e.processes import ROOT
from tests.kill.points import ELSEWHERE, KINDS, MISSING, POINTS, Manner, cells, rotated

_CALL = re.compile(r'(?:crashpoint|_passes)\("(\w+)"')


def test_every_point_is_named_in_the_code_or_held_elsewhere() -> None:
    sources = (ROOT / "syncd").rglob("*.py")
    named = {name for source in sources for name in _CALL.findall(source.read_text())}
    assert named == set(POINTS) - set(ELSEWHERE)


def test_every_cell_exists_or_has_a_reason() -> None:
    assert len(POINTS) == 22
    there = {(cell.point, cell.kind.letter, cell.manner) for cell in cells(*Manner)}
    missing = {(point, letter, manner) for point, letter in MISSING for manner in Manner}
    assert not there & missing
    assert len(there | missing) == 22 * len(KINDS) * len(Manner)


def test_the_slice_has_every_point_once() -> None:
    assert [cell.point for cell in rotated(*Manner)] == list(POINTS)
