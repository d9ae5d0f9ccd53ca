"""What the checker says of the end of a run, over time and of a clock that was moved: nothing where
all is well, and each broken promise where the rows are doctored."""

from itertools import pairwise
from typing import Any

import pytest

from tests.arrivals import Rows
from tests.conduct import left_open
from tests.endings import (
    MOVES,
    all_is_decided,
    final_stays,
    moves_are_allowed,
    nothing_is_lost,
    nothing_moves,
)
from tests.moved import Move, moved
from tests.promises import FINAL
from tests.simulator.journals import SECOND, attempt, read, update, write

ASKED = {7: {"external_id": "1", "patch": {"budget.daily": "50.0"}}}


def test_an_acknowledged_update_that_is_gone_or_asks_for_something_else_breaks_1() -> None:
    def found(*rows: dict[str, Any]) -> list[int]:
        return [one.promise for one in nothing_is_lost(ASKED, Rows(rows))]

    assert found(update(7, "1", "50")) == []
    assert found(update(8, "1", "50")) == [1]
    assert found(update(7, "1", "50"), update(7, "1", "50")) == [1]
    assert found(update(7, "2", "50")) == [1]
    assert found(update(7, "1", "60")) == [1]
    assert found(update(7, "1", "50", patch={"budget.monthly": "50"})) == [1]
    assert found(update(7, "1", "50", state="lost")) == [1]
    made = {7: {"external_id": None, "patch": {"budget.daily": "50"}}}
    assert list(nothing_is_lost(made, Rows([update(7, "99", "50")]))) == []


def test_a_final_update_that_changes_or_goes_breaks_2() -> None:
    applied, queued = update(7, "1", "50"), update(7, "1", "50", state="queued", results={})
    other = update(7, "1", "50", results={})
    assert list(final_stays([[queued], [applied], [applied]])) == []
    for later in ([queued], [other], []):
        found = list(final_stays([[queued], [applied], later, later]))
        assert [one.promise for one in found] == [2], later


def events(*states: str | None) -> list[dict[str, Any]]:
    """The moves of an update through these states."""
    return [
        {"id": number, "update_id": 7, "was": was, "state": state}
        for number, (was, state) in enumerate(pairwise(states))
    ]


def moves(*states: str | None, now: str | None = None) -> list[int]:
    row = update(7, "1", "50", state=now or states[-1])
    return [one.promise for one in moves_are_allowed(Rows([row], events=events(*states)))]


def test_every_move_that_there_is_breaks_nothing_and_every_other_breaks_2() -> None:
    ways = {"queued": (None, "queued"), "sending": (None, "queued", "sending")}
    ways["unknown"] = (*ways["sending"], "unknown")
    ways["held"] = (None, "queued", "held")
    ways |= {one: (*ways["sending"], one) for one in ("applied", "rejected")}
    ways |= {one: (*ways["held"], one) for one in ("superseded", "cancelled", "expired")}
    states = {*MOVES, *FINAL}
    for was in states:
        for state in states - {was}:
            expected = [] if state in MOVES.get(was, ()) else [2]
            assert moves(*ways[was], state) == expected, (was, state)


def test_a_gap_in_the_chain_of_moves_breaks_2() -> None:
    assert moves("queued", "sending") == [2], "its beginning is not there"
    assert moves(None, "queued", "sending", now="applied") == [2]
    gap = [*events(None, "queued", "sending"), *events("unknown", "held")]
    gap[-1]["id"] = 9
    row = update(7, "1", "50", state="held")
    assert [one.promise for one in moves_are_allowed(Rows([row], events=gap))] == [2]


@pytest.mark.parametrize("state", ["queued", "sending", "unknown"])
def test_what_is_still_open_in_the_end_breaks_16(state: str) -> None:
    (found,) = all_is_decided(Rows([update(7, "1", "50", state=state)]))
    assert found.promise == 16


def test_what_is_held_needs_a_reason_and_a_way_out() -> None:
    held = update(7, "1", "50", state="held", reason_code="conflict", command="approve 7")
    rows = [update(8, "1", "50", state=one) for one in sorted(FINAL)]
    assert list(all_is_decided(Rows([held, *rows]))) == []
    for lacks in ("reason_code", "command"):
        (found,) = all_is_decided(Rows([held | {lacks: None}]))
        assert found.promise == 16


def test_a_second_round_that_does_anything_breaks_19() -> None:
    before = {"history": [1, 2], "writes": []}
    assert list(nothing_moves(before, dict(before))) == []
    for after in ({"history": [1, 2, 3], "writes": []}, {"history": [1, 2], "writes": [4]}, {}):
        found = list(nothing_moves(before, after))
        assert {one.promise for one in found} == {19}, after


def test_lines_move_along_with_the_clock_from_the_moment_on_in_which_it_was_moved() -> None:
    lines = [{**one, "wall_ns": one["arrived_ns"]} for one in (read(1, {}), write(9, {"1": "5"}))]
    first, second = moved(lines, [Move(5 * SECOND, 60), Move(20 * SECOND, 600)])
    assert first == lines[0]
    assert second["arrived_ns"] == second["wall_ns"] == 69 * SECOND
    assert second["replied_ns"] - second["arrived_ns"] == SECOND // 10
    assert second["gone_ns"] is None
    (held,) = moved([lines[0] | {"replied_ns": 9 * SECOND}], [Move(5 * SECOND, 60)])
    assert (held["arrived_ns"], held["replied_ns"]) == (SECOND, 69 * SECOND)


def test_what_a_cancelled_pass_sent_and_left_open_breaks_18() -> None:
    first, second = {"1": "50"}, {"1": "60"}
    done, cut = attempt(1, 1, first), attempt(2, 2, second, None)
    lines = [write(100, first), write(101, second)]
    assert [one.promise for one in left_open(lines, [done, cut])] == [18]
    assert list(left_open(lines, [done, attempt(2, 2, second, "unknown")])) == []
    assert list(left_open(lines[:1], [done, cut])) == [], "it never left"


def test_a_call_that_never_left_is_not_taken_for_another_of_the_same_bytes() -> None:
    same = {"1": "50"}
    done, cut = attempt(1, 1, same), attempt(2, 2, same, None)
    assert list(left_open([write(100, same)], [done, cut])) == []
    assert list(left_open([write(100, same)], [cut, done])) == []
    both = [write(100, same), write(101, same)]
    assert [one.promise for one in left_open(both, [done, cut])] == [18]
    several = [attempt(1, 1, same), attempt(1, 3, same), cut]
    assert [one.promise for one in left_open(both, several)] == [18], "one batch is one call"
