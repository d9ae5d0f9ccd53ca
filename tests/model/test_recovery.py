"""What a read says about an update that got no answer: every case, decided by values."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from syncd.model.recovery import Unknown, resolve
from syncd.model.update import State


def unknown(
    sent: str = "50", before: str | None = "100", *, repeats: int = 0, late: bool = False
) -> Unknown:
    return Unknown(
        update_id=7,
        external_id="a",
        sent={"budget.daily": sent},
        before={"budget.daily": before},
        repeats=repeats,
        seconds_left=0.0,
        is_late=late,
    )


@pytest.mark.parametrize(
    ("one", "shown", "state", "code"),
    [
        (unknown(), "50", State.APPLIED, "read_back"),
        (unknown(repeats=5, late=True), "50", State.APPLIED, "read_back"),
        (unknown(), "100", State.QUEUED, "not_applied"),
        (unknown(repeats=1), "100", State.HELD, "attempts_spent"),
        (unknown(late=True), "100", State.EXPIRED, "expired"),
        (unknown(repeats=1, late=True), "100", State.EXPIRED, "expired"),
        (unknown(), "75", State.HELD, "conflict"),
        (unknown(late=True), "75", State.HELD, "conflict"),
        (unknown(), None, State.HELD, "conflict"),
        (unknown(before=None), None, State.QUEUED, "not_applied"),
        (unknown(before="unlimited"), "unlimited", State.QUEUED, "not_applied"),
        (unknown(sent="100"), "100", State.HELD, "undecidable"),
        (unknown(sent="100"), "50", State.HELD, "undecidable"),
    ],
)
def test_a_read_decides_by_value(one: Unknown, shown: str | None, state: State, code: str) -> None:
    found = resolve(one, {"budget.daily": shown, "name": "other"})
    assert (found.update_id, found.state, found.code) == (7, state, code)
    assert (found.message or "") != ""


@pytest.mark.parametrize("late", [True, False])
def test_a_campaign_that_is_not_shown_is_a_matter_for_a_person(*, late: bool) -> None:
    found = resolve(unknown(late=late), None)
    assert (found.state, found.code) == (State.HELD, "out_of_view")


def two(shown_daily: str, shown_monthly: str) -> tuple[State, str | None]:
    one = Unknown(
        update_id=7,
        external_id="a",
        sent={"budget.daily": "50", "budget.monthly": "500"},
        before={"budget.daily": "100", "budget.monthly": "1000"},
        repeats=0,
        seconds_left=0.0,
        is_late=False,
    )
    remote: Mapping[str, str] = {"budget.daily": shown_daily, "budget.monthly": shown_monthly}
    found = resolve(one, remote)
    return found.state, found.code


def test_two_paths_are_decided_together_and_a_half_is_held() -> None:
    assert two("50", "500") == (State.APPLIED, "read_back")
    assert two("100", "1000") == (State.QUEUED, "not_applied")
    assert two("50", "1000") == (State.HELD, "conflict")
    assert two("100", "500") == (State.HELD, "conflict")
    assert two("60", "500") == (State.HELD, "conflict")


def test_only_an_applied_update_gets_results_for_its_paths() -> None:
    applied = resolve(unknown(), {"budget.daily": "50"})
    assert {path: word["outcome"] for path, word in applied.results.items()} == {
        "budget.daily": "applied"
    }
    assert resolve(unknown(), {"budget.daily": "100"}).results == {}
