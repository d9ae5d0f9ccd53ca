"""A plan as a value: which updates a call decides and in which of their paths, the path that
explains an update, and the state that a mark gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from syncd.model.call import WriteCall, WriteItem
from syncd.model.guard import Hit, Way
from syncd.model.plan import Mark, PushPlan, hold_all
from syncd.model.update import Pending, Policy, State
from tests.model.queued import (
    DAILY,
    MONTHLY,
    NAME,
    STATUS,
    asking,
    daily,
    digests,
    let,
    pending,
    plan,
)

SHOWN = {"a": {DAILY: "100", MONTHLY: "9", NAME: "n", STATUS: "paused"}, "b": {DAILY: "100"}}


def told(number: int, patch: Mapping[str, str | None], **other: Any) -> Pending:
    """An update whose requester saw what is shown."""
    return asking(number, patch, reference=SHOWN["a"], **other)


def carrying(made: PushPlan, *paths: str, campaign: str = "a") -> dict[int, dict[str, str]]:
    """What a call with these paths of a campaign decides."""
    call = WriteCall(
        operation="write",
        items=(WriteItem(external_id=campaign, changes=dict.fromkeys(paths), remote={}),),
    )
    return {
        one.update.id: {path.path: path.mark.value for path in one.paths}
        for one in made.carried_by(call)
    }


def test_the_updates_of_a_call_are_those_that_it_sends_and_those_that_it_supersedes() -> None:
    queue = [
        pending(1, "50"),
        pending(2, "60"),
        pending(3, "60", "99"),
        pending(4, "9", external_id="b"),
    ]
    made = daily(queue, a="100", b="100")
    assert carrying(made, DAILY) == {1: {DAILY: "superseded"}, 2: {DAILY: "send"}}
    assert carrying(made, DAILY, campaign="b") == {4: {DAILY: "send"}}
    assert carrying(made, DAILY, campaign="c") == {}


@pytest.mark.parametrize(
    ("queue", "paths", "expected"),
    [
        # A replaced value goes with the newer one and neither before nor after it.
        ([{DAILY: "5", NAME: "x"}, {DAILY: "6"}], [DAILY],
         {1: {DAILY: "superseded", NAME: "later"}, 2: {DAILY: "send"}}),
        ([{DAILY: "5", NAME: "x"}, {DAILY: "6"}], [NAME],
         {1: {DAILY: "later", NAME: "send"}}),
        ([{DAILY: "5"}, {DAILY: "6", NAME: "x"}], [NAME],
         {2: {DAILY: "later", NAME: "send"}}),
        # What the newer one asks for stands there already, so no call carries it: the older value
        # is decided with the newer update, and not sent after it.
        ([{DAILY: "5"}, {DAILY: "100", MONTHLY: "7"}], [MONTHLY],
         {1: {DAILY: "superseded"}, 2: {DAILY: "already_set", MONTHLY: "send"}}),
        ([{DAILY: "5", NAME: "x"}, {DAILY: "100", MONTHLY: "7"}], [MONTHLY],
         {1: {DAILY: "superseded", NAME: "later"}, 2: {DAILY: "already_set", MONTHLY: "send"}}),
        ([{DAILY: "5", NAME: "x"}, {DAILY: "100", MONTHLY: "7"}], [MONTHLY, NAME],
         {1: {DAILY: "superseded", NAME: "send"}, 2: {DAILY: "already_set", MONTHLY: "send"}}),
        ([{DAILY: "5", NAME: "x"}, {DAILY: "100", MONTHLY: "7"}], [NAME],
         {1: {DAILY: "later", NAME: "send"}}),
        ([{DAILY: "5", NAME: "x"}, {DAILY: "100"}], [NAME],
         {1: {DAILY: "superseded", NAME: "send"}}),
        ([{DAILY: "5", NAME: "x"}, {DAILY: "100", NAME: "y"}, {NAME: "z"}], [NAME],
         {1: {DAILY: "superseded", NAME: "superseded"},
          2: {DAILY: "already_set", NAME: "superseded"}, 3: {NAME: "send"}}),
        # What stands already stands whatever else the update loses, as long as it is decided.
        ([{DAILY: "5", MONTHLY: "7"}, {DAILY: "100", NAME: "y"}, {NAME: "n"}], [MONTHLY],
         {1: {DAILY: "superseded", MONTHLY: "send"}}),
        ([{DAILY: "5", MONTHLY: "7"}, {DAILY: "100", NAME: "y"}, {NAME: "z"}], [MONTHLY],
         {1: {DAILY: "later", MONTHLY: "send"}}),
        # One that needs no call is decided without one, and so is all that falls with it.
        ([{DAILY: "5"}, {DAILY: "100"}, {NAME: "x"}], [NAME], {3: {NAME: "send"}}),
        ([{DAILY: "100"}, {NAME: "x"}], [NAME], {2: {NAME: "send"}}),
        # A delete takes all before it along.
        ([{DAILY: "5", NAME: "n"}, {"deleted": "true"}, {NAME: "x"}], ["deleted"],
         {1: {DAILY: "superseded", NAME: "superseded"}, 2: {"deleted": "send"}}),
    ],
)  # fmt: skip
def test_a_call_decides_what_it_carries_and_what_that_replaces(
    queue: Sequence[Mapping[str, str]], paths: list[str], expected: Mapping[int, Mapping[str, str]]
) -> None:
    made = plan([told(number, patch) for number, patch in enumerate(queue, 1)], SHOWN)
    assert carrying(made, *paths) == expected


def test_what_a_call_leaves_for_later_relies_on_no_approval_yet() -> None:
    update = pending(1, "50", "99", patch={DAILY: "50", NAME: "x"}, reference={NAME: "n"})
    made = plan([let(update, plan([update], SHOWN))], SHOWN)
    (call,) = made.calls
    part = WriteCall(
        operation="write",
        items=(WriteItem(external_id="a", changes={NAME: "x"}, remote=SHOWN["a"]),),
    )
    (whole,), (left,) = made.carried_by(call), made.carried_by(part)
    assert [bool(path.relies_on) for path in whole.paths] == [True, False]
    assert [(path.mark.value, path.relies_on) for path in left.paths] == [
        ("later", ()),
        ("send", ()),
    ]


def test_a_path_on_which_the_provider_won_waits_for_no_call_and_explains_no_other() -> None:
    lost = told(1, {DAILY: "5", NAME: "x"}, policy=Policy.THEIRS)
    shown = {"a": SHOWN["a"] | {DAILY: "80"}}
    made = plan([lost, told(2, {NAME: "y"})], shown)
    assert [(path.path, path.mark.value, path.superseded_by) for path in made.updates[0].paths] == [
        (DAILY, "superseded", None),
        (NAME, "superseded", 2),
    ]
    assert (made.updates[0].deciding.path, made.updates[0].deciding.superseded_by) == (NAME, 2)
    assert carrying(made, NAME)[1] == {DAILY: "superseded", NAME: "superseded"}
    alone = plan([told(1, {DAILY: "5"}, policy=Policy.THEIRS), told(2, {NAME: "y"})], shown)
    assert alone.updates[0].deciding.code == "remote_wins"
    assert carrying(alone, NAME) == {2: {NAME: "send"}}


@pytest.mark.parametrize(
    ("patch", "other", "mark", "code"),
    [
        ({DAILY: "50", NAME: "n"}, {}, Mark.SEND, None),
        ({DAILY: "100", NAME: "n"}, {}, Mark.ALREADY_SET, None),
        ({DAILY: "100", MONTHLY: "8"}, {"reference": {MONTHLY: "1"}, "policy": Policy.THEIRS},
         Mark.SUPERSEDED, "remote_wins"),
        ({DAILY: "50", MONTHLY: "8"}, {"reference": {DAILY: "100", MONTHLY: "1"}}, Mark.HELD,
         "conflict"),
    ],
)  # fmt: skip
def test_an_update_stands_where_the_most_pressing_of_its_paths_does(
    patch: Mapping[str, str], other: Mapping[str, Any], mark: Mark, code: str | None
) -> None:
    update = pending(1, None, **({"patch": patch, "reference": SHOWN["a"]} | dict(other)))
    (one,) = plan([update], SHOWN).updates
    assert (one.mark, one.deciding.mark, one.deciding.code) == (mark, mark, code)


def test_what_goes_nowhere_and_falls_with_nobody_needs_no_call() -> None:
    queue = [
        told(1, {DAILY: "5"}),
        told(2, {DAILY: "6"}),
        told(3, {MONTHLY: "7"}),
        told(4, {MONTHLY: "9"}),
        asking(5, {NAME: "x"}, reference={NAME: "odd"}),
        asking(6, {NAME: "x"}, reference={NAME: "odd"}, policy=Policy.THEIRS),
        told(7, {"deleted": "true"}, external_id="b"),
        told(8, {DAILY: "5"}, external_id="b"),
        told(9, {DAILY: "5"}, external_id="c", is_known=False),
    ]
    made = plan(queue, SHOWN)
    assert {one.update.id for one in made.marked(Mark.SEND)} == {2, 7}
    assert {one.update.id for one in made.without_call} == {3, 4, 5, 6, 9}


def test_what_falls_with_one_that_falls_itself_waits_for_the_same_call() -> None:
    """What the second asks for stands there, but for a part that the third takes over."""
    queue = [
        told(1, {DAILY: "100"}),
        told(2, {DAILY: "100", MONTHLY: "8"}),
        told(3, {MONTHLY: "7"}),
    ]
    made = plan(queue, SHOWN)
    assert [one.mark for one in made.updates] == [Mark.SUPERSEDED, Mark.SUPERSEDED, Mark.SEND]
    assert made.without_call == ()
    (call,) = made.calls
    assert [one.update.id for one in made.carried_by(call)] == [1, 2, 3]


def test_every_mark_gives_a_state() -> None:
    assert {mark.value: mark.state for mark in Mark} == {
        "send": State.SENDING,
        "later": State.QUEUED,
        "already_set": State.APPLIED,
        "superseded": State.SUPERSEDED,
        "rejected": State.REJECTED,
        "held": State.HELD,
    }


def test_holding_all_gives_every_path_the_same_reason() -> None:
    hit = Hit(code="c", message="m", way=Way.ITSELF)
    queue = [pending(1, "5", patch={NAME: "x", DAILY: "5"}), pending(2, "6")]
    made = hold_all(queue, hit)
    assert [[path.path for path in one.paths] for one in made.updates] == [[DAILY, NAME], [DAILY]]
    for one in made.updates:
        for path in one.paths:
            assert (path.mark, path.code, path.message) == (Mark.HELD, "c", "m")
            assert (path.hits, path.relies_on) == ((hit,), ())
    assert made.calls == ()
    assert len(set(digests(made).values())) == 3
    assert digests(made) != digests(hold_all(queue, Hit(code="d", message="m")))
