"""A push as a value: the three-way merge case by case, and several updates of one campaign folded
into one write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.fold import plan_push
from syncd.model.plan import Mark, PathPlan, PushPlan
from syncd.model.update import Outcome, Pending, State, Verdict

DAILY, MONTHLY = "budget.daily", "budget.monthly"
BOTH = "period_mismatch"


def calls(items: Sequence[WriteItem]) -> WritePlan:
    """A provider that takes one period at a time and no amount above 900."""
    refused = {
        item.external_id: Verdict(outcome=Outcome.REJECTED, code=code, message=f"refused: {code}")
        for item in items
        if (code := _code(item))
    }
    good = tuple(item for item in items if item.external_id not in refused)
    return WritePlan(
        calls=(WriteCall(operation="write", items=good),) if good else (), refused=refused
    )


def _code(item: WriteItem) -> str | None:
    if len(item.changes) > 1:
        return BOTH
    return "too_much" if any(float(value or 0) > 900 for value in item.changes.values()) else None


def pending(number: int, wanted: str, seen: str | None = "100", **other: Any) -> Pending:
    settings: dict[str, Any] = {
        "external_id": "a",
        "patch": {DAILY: wanted},
        "reference": None if seen is None else {DAILY: seen},
    }
    return Pending(id=number, **(settings | other))


def plan(updates: Sequence[Pending], **remote: str | None) -> PushPlan:
    shown = {campaign: {DAILY: value} for campaign, value in remote.items()}
    return plan_push(updates, shown, calls)


def marks(made: PushPlan) -> dict[int, tuple[str, str | None]]:
    return {one.update.id: (one.mark.value, one.deciding.code) for one in made.updates}


def sent(made: PushPlan) -> dict[str, Mapping[str, str | None]]:
    return {item.external_id: item.changes for call in made.calls for item in call.items}


# The requester saw R (or nothing) and asks for D; since then our own write put O there (or there
# was none); the provider shows one of R, D, O, or T that nobody knows. A value is awaited where an
# earlier one was accepted for later. What is to happen, for every combination:
#   shown:                      R              D              O              T
MERGE: dict[tuple[str | None, str | None, bool], tuple[str, str, str, str]] = {
    ("R", None, False): ("send", "already_set", "conflict", "conflict"),
    ("R", "O", False): ("send", "already_set", "send", "conflict"),
    ("R", None, True): ("send", "conflict", "conflict", "conflict"),
    ("R", "O", True): ("send", "conflict", "send", "conflict"),
    (None, None, False): ("base_unknown", "already_set", "base_unknown", "base_unknown"),
    (None, "O", False): ("base_unknown", "already_set", "base_unknown", "base_unknown"),
    (None, None, True): ("base_unknown", "base_unknown", "base_unknown", "base_unknown"),
    (None, "O", True): ("base_unknown", "base_unknown", "base_unknown", "base_unknown"),
    # What is asked for is what stands there already, as far as the requester saw.
    ("D", None, False): ("conflict", "already_set", "conflict", "conflict"),
    ("D", "O", False): ("conflict", "already_set", "send", "conflict"),
    ("D", None, True): ("conflict", "send", "conflict", "conflict"),
    ("D", "O", True): ("conflict", "send", "send", "conflict"),
}
VALUES = {"R": "100", "D": "50", "O": "70", "T": "80"}
CASES = [
    (*case, shown, expected)
    for case, row in MERGE.items()
    for shown, expected in zip("RDOT", row, strict=True)
]


@pytest.mark.parametrize(("reference", "ours", "is_awaited", "shown", "expected"), CASES)
def test_merge(
    *, reference: str | None, ours: str | None, is_awaited: bool, shown: str, expected: str
) -> None:
    update = pending(
        1,
        VALUES["D"],
        VALUES[reference] if reference else None,
        ours={DAILY: VALUES[ours]} if ours else {},
        awaited={DAILY: "B"} if is_awaited else {},
    )
    made = plan([update], a=VALUES[shown])
    path = made.updates[0].paths[0]
    assert path.mark.value == {"conflict": "held", "base_unknown": "held"}.get(expected, expected)
    assert path.code == (expected if path.mark is Mark.HELD else None)
    assert sent(made) == ({"a": {DAILY: "50"}} if expected == "send" else {})
    assert path.remote == VALUES[shown]
    if path.mark is Mark.HELD:
        assert VALUES[shown] in (path.message or "")
        assert VALUES["D"] in (path.message or "")


@pytest.mark.parametrize("reference", ["100", None])
@pytest.mark.parametrize("is_awaited", [True, False])
def test_a_value_that_the_provider_does_not_show_is_a_third_one(
    *, reference: str | None, is_awaited: bool
) -> None:
    awaited = {DAILY: "B"} if is_awaited else {}
    made = plan([pending(1, "50", reference, awaited=awaited)], a=None)
    assert marks(made) == {1: ("held", "conflict" if reference else "base_unknown")}


def test_a_path_that_the_requester_did_not_see_has_no_base() -> None:
    update = pending(1, "50", patch={DAILY: "50"}, reference={MONTHLY: "1"})
    assert marks(plan([update], a="100")) == {1: ("held", "base_unknown")}


@pytest.mark.parametrize("seen", [None, "100"])
def test_a_campaign_that_no_pull_ever_saw_and_the_provider_does_not_show_is_rejected(
    seen: str | None,
) -> None:
    made = plan([pending(1, "50", seen, is_known=False)])
    assert marks(made) == {1: ("rejected", "no_such_campaign")}
    assert "no campaign a" in (made.updates[0].deciding.message or "")


def test_a_campaign_that_was_seen_and_is_no_longer_shown_is_held() -> None:
    assert marks(plan([pending(1, "50")])) == {1: ("held", "out_of_view")}


def test_the_last_of_many_updates_goes_out_and_the_others_say_which_it_was() -> None:
    made = plan([pending(number, f"{number}") for number in range(1, 30)], a="100")
    assert sent(made) == {"a": {DAILY: "29"}}
    lost = dict.fromkeys(range(1, 29), ("superseded", "superseded"))
    assert marks(made) == lost | {29: ("send", None)}
    assert {one.deciding.superseded_by for one in made.marked(Mark.SUPERSEDED)} == {29}


def test_queue_order_decides_and_not_the_id() -> None:
    made = plan([pending(9, "50"), pending(3, "60")], a="100")
    assert sent(made) == {"a": {DAILY: "60"}}


@pytest.mark.parametrize(
    ("newer", "word"),
    [
        (pending(2, "60", "99"), ("held", "conflict")),
        (pending(2, "60", None), ("held", "base_unknown")),
        (pending(2, "950"), ("rejected", "too_much")),
        (pending(2, "60", patch={DAILY: "60", MONTHLY: "5"}), ("held", "base_unknown")),
    ],
)
def test_a_newer_update_that_does_not_go_out_leaves_an_older_one_alone(
    newer: Pending, word: tuple[str, str]
) -> None:
    made = plan([pending(1, "50"), newer], a="100")
    assert marks(made) == {1: ("send", None), 2: word}
    assert sent(made) == {"a": {DAILY: "50"}}


def test_an_older_update_that_is_held_does_not_stop_a_newer_one() -> None:
    made = plan([pending(1, "50", "99"), pending(2, "60")], a="100")
    assert marks(made) == {1: ("held", "conflict"), 2: ("send", None)}


def test_a_newer_update_that_is_already_set_calls_the_older_one_off() -> None:
    made = plan([pending(1, "50"), pending(2, "100")], a="100")
    assert marks(made) == {1: ("superseded", "superseded"), 2: ("already_set", None)}
    assert sent(made) == {}


def test_a_newer_update_supersedes_one_that_is_already_set() -> None:
    made = plan([pending(1, "100"), pending(2, "50")], a="100")
    assert marks(made) == {1: ("superseded", "superseded"), 2: ("send", None)}


def test_updates_of_two_campaigns_do_not_touch_each_other() -> None:
    updates = [pending(1, "50"), pending(2, "60", external_id="b"), pending(3, "70")]
    made = plan(updates, a="100", b="100")
    assert sent(made) == {"a": {DAILY: "70"}, "b": {DAILY: "60"}}


def test_campaigns_are_written_in_the_order_of_the_queue() -> None:
    updates = [
        pending(5, "50", external_id="b"),
        pending(2, "60"),
        pending(3, "9", external_id="c"),
    ]
    made = plan(updates, a="100", b="100", c="100")
    assert list(sent(made)) == ["b", "a", "c"]


def test_two_paths_in_one_update_share_its_fate() -> None:
    reference = {DAILY: "100", MONTHLY: "1000"}
    update = pending(1, "", patch={DAILY: "50", MONTHLY: "500"}, reference=reference)
    shown = {"a": {DAILY: "100", MONTHLY: "2000"}}
    made = plan_push([update], shown, calls)
    assert [path.mark for path in made.updates[0].paths] == [Mark.HELD, Mark.HELD]
    refused = plan_push([update], {"a": reference}, calls)
    assert marks(refused) == {1: ("rejected", BOTH)}
    assert sent(refused) == {}


def test_what_is_refused_only_together_rejects_the_last_and_sends_the_rest() -> None:
    """Each could be written alone; an older one is superseded only by one that goes out."""
    seen = {DAILY: "unlimited", MONTHLY: "unlimited"}
    updates = [
        pending(1, "5", patch={DAILY: "5"}, reference=seen),
        pending(2, "6", patch={DAILY: "6"}, reference=seen),
        pending(3, "7", patch={MONTHLY: "7"}, reference=seen),
    ]
    made = plan_push(updates, {"a": seen}, calls)
    winners = {path.superseded_by for one in made.updates for path in one.paths}
    out = {one.update.id for one in made.marked(Mark.SEND)}
    assert winners - {None} <= out
    assert sent(made) == {"a": {DAILY: "6"}}
    assert marks(made) == {
        1: ("superseded", "superseded"),
        2: ("send", None),
        3: ("rejected", BOTH),
    }


def test_the_updates_of_a_call_are_those_that_it_sends_and_those_that_it_supersedes() -> None:
    updates = [
        pending(1, "50"),
        pending(2, "60"),
        pending(3, "60", "99"),
        pending(4, "9", external_id="b"),
    ]
    made = plan(updates, a="100", b="100")
    call = WriteCall(
        operation="write", items=tuple(i for i in made.calls[0].items if i.external_id == "a")
    )
    assert [one.update.id for one in made.carried_by(call)] == [1, 2]


def test_every_mark_gives_a_state() -> None:
    assert {mark.value: mark.state for mark in Mark} == {
        "send": State.SENDING,
        "later": State.QUEUED,
        "already_set": State.APPLIED,
        "superseded": State.SUPERSEDED,
        "rejected": State.REJECTED,
        "held": State.HELD,
    }


AMOUNTS = st.sampled_from(["5", "50", "100", "950"])
UPDATES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        AMOUNTS,
        st.none() | AMOUNTS,
        st.none() | AMOUNTS,
        st.booleans(),
    ),
    max_size=8,
)
REMOTE = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.none() | AMOUNTS)


def _random(rows: Sequence[tuple[str, str, str | None, str | None, bool]]) -> list[Pending]:
    return [
        pending(
            number,
            wanted,
            reference,
            external_id=campaign,
            ours={DAILY: ours} if ours else {},
            awaited={DAILY: "B"} if is_awaited else {},
        )
        for number, (campaign, wanted, reference, ours, is_awaited) in enumerate(rows, 1)
    ]


@given(UPDATES, REMOTE)
def test_every_update_gets_one_decision_and_every_campaign_one_write(
    rows: list[tuple[str, str, str | None, str | None, bool]], remote: dict[str, str | None]
) -> None:
    updates = _random(rows)
    made = plan(updates, **remote)
    assert made == plan(updates, **remote)
    assert [one.update.id for one in made.updates] == [update.id for update in updates]
    items = [item for call in made.calls for item in call.items]
    assert len({item.external_id for item in items}) == len(items)
    out: dict[str, PathPlan] = {}
    for one in made.marked(Mark.SEND):
        assert one.update.external_id not in out, "two updates of one path go out"
        out[one.update.external_id] = one.paths[0]
    assert {key: path.desired for key, path in out.items()} == {
        item.external_id: item.changes[DAILY] for item in items
    }
    by_id = {one.update.id: one for one in made.updates}
    for one in made.marked(Mark.SUPERSEDED):
        winner = by_id[one.deciding.superseded_by or 0]
        assert winner.mark in (Mark.SEND, Mark.ALREADY_SET)
        assert winner.update.external_id == one.update.external_id
        assert winner.update.id > one.update.id
