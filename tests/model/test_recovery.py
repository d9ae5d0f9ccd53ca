"""What a read says about an update that got no answer: every case, decided by values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from syncd.model.path import VERSION
from syncd.model.recovery import SEARCHES, Unknown, resolve, resolve_create
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


@pytest.mark.parametrize(
    ("remote", "state", "code"),
    [
        ({"name": "x"}, State.HELD, "undecidable"),
        ({"price.country": "US", "price.country.US": "2"}, State.QUEUED, "not_applied"),
        ({"price.country": "UK", "price.country.UK": "2"}, State.APPLIED, "read_back"),
        ({"price.country.UK": "2"}, State.APPLIED, "read_back"),
        ({"price.country.UK": None}, State.QUEUED, "not_applied"),
    ],
)
def test_what_no_read_shows_is_not_sent_again(
    remote: Mapping[str, str | None], state: State, code: str
) -> None:
    one = replace(unknown(), sent={"price.country.UK": "2"}, before={"name": "x"})
    found = resolve(one, remote)
    assert (found.state, found.code, found.is_repeat) == (state, code, state is State.QUEUED)


def test_one_path_that_is_shown_tells_of_the_call_that_carried_both() -> None:
    one = replace(unknown(), sent={"price.amount": "2", "price.min_clicks": "5"}, before={})
    assert resolve(one, {"price.amount": None}).code == "not_applied"
    found = resolve(one, {"price.amount": "2"})
    assert (found.state, found.code) == (State.HELD, "undecidable")
    assert {path: word["outcome"] for path, word in found.results.items()} == {
        "price.amount": "applied",
        "price.min_clicks": "held",
    }


@pytest.mark.parametrize("sent", ["2", None])
@pytest.mark.parametrize("remote", [{"name": "x"}, {"price.country.DE": "1"}])
def test_a_read_that_leaves_a_path_out_says_neither_yes_nor_no(
    sent: str | None, remote: Mapping[str, str | None]
) -> None:
    """A price that was set may still be there, or the new one, or none."""
    one = replace(unknown(), sent={"price.country.UK": sent}, before={"price.country.UK": "1"})
    found = resolve(one, remote)
    assert (found.state, found.code) == (State.HELD, "undecidable")
    assert "does not show price.country.UK" in (found.message or "")


def test_a_price_that_the_list_no_longer_has_is_disabled() -> None:
    one = replace(unknown(), sent={"price.country.UK": None}, before={"price.country.UK": "1"})
    assert resolve(one, {"price.country": "DE"}).state is State.APPLIED


@pytest.mark.parametrize("sent", ["50", None])
def test_a_campaign_that_is_gone_tells_nothing_of_its_values(sent: str | None) -> None:
    one = replace(unknown(), sent={"budget.daily": sent})
    found = resolve(one, {"deleted": "true"})
    assert (found.state, found.code) == (State.HELD, "out_of_view")


def test_a_campaign_that_is_still_shown_was_not_deleted() -> None:
    one = replace(unknown(), sent={"deleted": "true"}, before={})
    assert resolve(one, {"name": "x"}).code == "not_applied"


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


def test_of_two_paths_the_one_that_shows_is_applied_and_the_other_goes_on() -> None:
    assert two("50", "500") == (State.APPLIED, "read_back")
    assert two("100", "1000") == (State.QUEUED, "not_applied")
    assert two("50", "1000") == (State.QUEUED, "not_applied")
    assert two("100", "500") == (State.QUEUED, "not_applied")
    assert two("60", "500") == (State.HELD, "conflict")
    assert two("60", "1000") == (State.HELD, "conflict")


@pytest.mark.parametrize(("monthly", "outcome"), [("1000", "queued"), ("700", "held")])
def test_each_path_gets_its_own_result(monthly: str, outcome: str) -> None:
    one = replace(
        unknown(),
        sent={"budget.daily": "50", "budget.monthly": "500"},
        before={"budget.daily": "100", "budget.monthly": "1000"},
    )
    found = resolve(one, {"budget.daily": "50", "budget.monthly": monthly})
    assert {path: word["outcome"] for path, word in found.results.items()} == {
        "budget.daily": "applied",
        "budget.monthly": outcome,
    }


@pytest.mark.parametrize(
    ("one", "shown", "outcome"),
    [
        (unknown(), "50", "applied"),
        (unknown(), "100", "queued"),
        (unknown(repeats=1), "100", "held"),
        (unknown(late=True), "100", "expired"),
        (unknown(), "75", "held"),
    ],
)
def test_the_path_that_was_sent_gets_the_state_of_its_update(
    one: Unknown, shown: str, outcome: str
) -> None:
    found = resolve(one, {"budget.daily": shown})
    assert {path: word["outcome"] for path, word in found.results.items()} == {
        "budget.daily": outcome
    }
    assert found.state.value == outcome
    assert found.is_repeat is (outcome == "queued")


def test_an_update_with_more_to_send_goes_on_and_that_is_no_repeat() -> None:
    found = resolve(replace(unknown(), has_more=True), {"budget.daily": "50"})
    assert (found.state, found.code, found.is_repeat) == (State.QUEUED, "read_back", False)
    assert found.results["budget.daily"]["outcome"] == "applied"


def test_a_delete_is_confirmed_by_a_campaign_that_is_gone() -> None:
    one = replace(unknown(), sent={"deleted": "true"}, before={"deleted": None})
    assert resolve(one, {"deleted": "true"}).state is State.APPLIED
    assert resolve(one, {"name": "still there"}).state is State.QUEUED
    assert resolve(one, None).code == "out_of_view"


@pytest.mark.parametrize(
    ("before", "now", "is_start", "state"),
    [
        ("stop 10:00", "stop 10:00", True, State.QUEUED),
        ("stop 10:00", "stop 10:07", True, State.HELD),
        ("stop 10:00", "stopping 10:00", True, State.HELD),
        ("stop 10:00", "stop 10:07", False, State.QUEUED),
        (None, None, True, State.QUEUED),
        (None, "stop 10:07", True, State.HELD),
    ],
)
def test_a_start_is_sent_again_only_where_nothing_has_moved_since(
    before: str | None, now: str | None, *, is_start: bool, state: State
) -> None:
    one = replace(unknown(), sent={"status": "active"}, before={"status": "paused"})
    if before is not None:
        one = replace(one, before={**one.before, VERSION: before})
    shown = {"status": "paused"} | ({} if now is None else {VERSION: now})
    found = resolve(one, shown, is_start=is_start)
    assert found.state is state
    assert found.code == ("undecidable" if state is State.HELD else "not_applied")
    running = {"status": "active", VERSION: "run 10:08"}
    assert resolve(one, running, is_start=is_start).state is State.APPLIED
    late = resolve(replace(one, is_late=True), shown, is_start=is_start)
    assert late.state is (State.HELD if state is State.HELD else State.EXPIRED)


CREATE = replace(unknown(), external_id="+7", is_create=True, sent={"name": "new"}, before={})


def test_the_one_newcomer_is_what_a_create_made() -> None:
    found = resolve_create(CREATE, ["900"])
    assert (found.state, found.code, found.created_id) == (State.APPLIED, "read_back", "900")
    assert "900" in (found.message or "")


@pytest.mark.parametrize("newcomers", [[], ["900", "901"]])
@pytest.mark.parametrize("late", [True, False])
def test_a_create_is_never_sent_again(newcomers: list[str], *, late: bool) -> None:
    one = replace(CREATE, is_late=late, searches=SEARCHES - 1)
    found = resolve_create(one, newcomers)
    assert (found.state, found.code, found.created_id) == (State.HELD, "create_unresolved", None)
    assert not found.is_repeat
    assert all(one in (found.message or "") for one in newcomers)


@pytest.mark.parametrize("late", [True, False])
def test_a_create_that_is_not_found_is_looked_for_three_times(*, late: bool) -> None:
    for searches in range(SEARCHES):
        found = resolve_create(replace(CREATE, is_late=late, searches=searches), [])
        is_last = searches == SEARCHES - 1
        assert found.state is (State.HELD if is_last else State.UNKNOWN)
        assert (found.code == "create_unresolved") is is_last
        assert (found.results == {}) is not is_last
        assert not found.is_repeat
    assert SEARCHES == 3


@pytest.mark.parametrize("searches", range(SEARCHES))
def test_several_newcomers_need_no_second_search(searches: int) -> None:
    found = resolve_create(replace(CREATE, searches=searches), ["900", "901"])
    assert (found.state, found.code) == (State.HELD, "create_unresolved")


@pytest.mark.parametrize("searches", range(SEARCHES))
def test_the_key_of_a_create_that_belongs_to_something_else_is_a_conflict(searches: int) -> None:
    one = replace(CREATE, searches=searches)
    found = resolve_create(one, [], {"900": "name is old, not new"})
    assert (found.state, found.code, found.created_id) == (State.HELD, "conflict", None)
    assert "campaign 900 (name is old, not new)" in (found.message or "")
    assert resolve_create(one, ["901"], {"900": "name"}).created_id == "901"
