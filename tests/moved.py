"""Lines of a journal in the time of a moved clock: a test that moves `syncd.now()` says when and by
how much, and every time in the journal is moved along. Plain values in, plain values out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.arrivals import Row

SECOND = 1_000_000_000
_TIMES = ("arrived_ns", "replied_ns", "gone_ns")


@dataclass(frozen=True)
class Move:
    """The clock went on by so many seconds at this time of the wall clock."""

    wall_ns: int
    seconds: float


def moved(lines: Iterable[Row], moves: Sequence[Move]) -> list[Row]:
    """The same lines as a clock would have stamped them that was moved like the database's."""
    return [_moved(line, moves) for line in lines]


def _moved(line: Row, moves: Sequence[Move]) -> Row:
    arrived, wall = int(line["arrived_ns"]), int(line["wall_ns"])
    found: dict[str, Any] = {**line, "wall_ns": wall + _shift(moves, wall)}
    for name in _TIMES:
        if line[name] is not None:
            time = int(line[name])
            found[name] = time + _shift(moves, wall + time - arrived)
    return found


def _shift(moves: Sequence[Move], wall_ns: int) -> int:
    return int(sum(one.seconds for one in moves if one.wall_ns <= wall_ns) * SECOND)
