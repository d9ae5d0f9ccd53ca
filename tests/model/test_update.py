"""The nine states of an update and the order in which paths decide for the whole."""

from __future__ import annotations

from syncd.model.update import FINAL, PRECEDENCE, State


def test_five_states_are_final() -> None:
    assert {state for state in State if state.is_final} == FINAL
    assert {state.value for state in FINAL} == {
        "applied",
        "rejected",
        "superseded",
        "cancelled",
        "expired",
    }


def test_every_state_has_its_place_in_the_order() -> None:
    assert [state.value for state in PRECEDENCE] == [
        "sending",
        "unknown",
        "held",
        "queued",
        "rejected",
        "expired",
        "cancelled",
        "superseded",
        "applied",
    ]


def test_every_state_has_its_paragraph() -> None:
    for state in State:
        assert f"{state.value}: " in (State.__doc__ or "")
