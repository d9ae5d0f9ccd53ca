"""What a plan sends within a window: counted in the order of the queue, what is held makes room,
and what is let through counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from syncd.model.guard import Bounds, Cap, Recent, Rules
from syncd.model.path import Guard
from syncd.model.plan import Mark, PushPlan
from syncd.model.update import Pending, Policy, new_id
from tests.model.queued import (
    DAILY,
    FIELDS,
    NAME,
    NOON,
    QUEUE,
    STATUS,
    asking,
    let,
    marks,
    pending,
    plan,
    sent,
)

FREE = Rules(fields=FIELDS, free=frozenset(Guard))


def recent(**what: Any) -> Recent:
    return Recent(now=NOON, **what)


STARTS = [asking(number, {STATUS: "active"}, external_id=f"c{number}") for number in range(1, 6)]
READY = {f"c{number}": {STATUS: None, QUEUE: "7"} for number in range(1, 6)}


def states(made: PushPlan) -> str:
    """The marks in queue order, a letter each."""
    return "".join(one.mark.value[0] for one in made.updates)


def approving(updates: Sequence[Pending], rules: Rules, *who: int) -> list[Pending]:
    """The same queue, where these updates were let through as they are held in its plan."""
    found = plan(updates, READY, rules)
    return [let(one, found) if one.id in who else one for one in updates]


def test_a_plan_counts_in_queue_order_and_holds_what_is_beyond() -> None:
    rules = replace(FREE, activations=2)
    assert states(plan(STARTS, READY, rules)) == "sshhh"
    assert states(plan(STARTS, READY, rules, recent(activations=1))) == "shhhh"
    assert states(plan(STARTS[::-1], READY, rules)) == "sshhh"
    assert marks(plan(STARTS[::-1], READY, rules))[5] == ("send", None)


def test_what_is_let_through_goes_out_and_counts() -> None:
    rules = replace(FREE, activations=2)
    queue = approving(STARTS, rules, 4)
    assert states(plan(queue, READY, rules)) == "sshsh"
    made = plan(queue[3:] + queue[:3], READY, rules)
    assert [one.update.id for one in made.marked(Mark.SEND)] == [4, 5]
    (path,) = plan(queue, READY, rules).updates[3].paths
    assert path.relies_on == path.hit_digests
    assert set(path.relies_on) == queue[3].approved
    (path,) = made.updates[0].paths
    assert path.relies_on == (), "it does not need its approval here"
    assert states(plan(approving(STARTS, rules, 3, 4, 5), READY, rules)) == "sssss"


def test_nobody_lets_anything_past_the_owner() -> None:
    rules = replace(FREE, caps={"*": Cap(activations=2)})
    made = plan(approving(STARTS, rules, 3, 4, 5), READY, rules)
    assert states(made) == "sshhh"
    assert marks(made)[3] == ("held", "cap-activations")


def test_what_is_held_makes_room_for_what_comes_after() -> None:
    rules = replace(FREE, max_increase=Decimal(100), bounds=Bounds(max_amount=Decimal(180)))
    queue = [
        pending(1, "190", external_id="c1"),
        pending(2, "180", external_id="c2"),
        pending(3, "130", external_id="c3"),
        pending(4, "120", external_id="c4"),
        pending(5, "101", external_id="c5"),
    ]
    made = plan(queue, {f"c{number}": {DAILY: "100"} for number in range(1, 6)}, rules)
    assert {number: code for number, (_, code) in marks(made).items()} == {
        1: "amount",
        2: None,
        3: "increase",
        4: None,
        5: "increase",
    }


def test_a_share_is_one_of_campaigns_and_not_of_updates() -> None:
    rules = replace(FREE, share=Decimal("0.2"))
    queue = [
        asking(1, {NAME: "x"}),
        asking(2, {"native.level": "1"}),
        asking(3, {NAME: "x"}, external_id="b"),
        asking(4, {NAME: "x"}, external_id="c"),
        asking(5, {NAME: "z"}, external_id="b"),
        asking(6, {NAME: "n"}, external_id=new_id(6), is_create=True, reference=None),
    ]
    made = plan(queue, {"a": {NAME: None}, "b": {NAME: None}, "c": {NAME: None}}, rules,
                recent(campaigns=10))  # fmt: skip
    assert {number: mark for number, (mark, _) in marks(made).items()} == {
        1: "send",
        2: "send",
        3: "superseded",
        4: "held",
        5: "send",
        6: "send",
    }


def test_only_what_goes_out_counts() -> None:
    """Not what is active already, nor a budget on which the provider won."""
    rules = replace(FREE, activations=0, max_increase=Decimal(0))
    active = asking(1, {STATUS: "active", NAME: "x"}, reference={STATUS: "active", NAME: None})
    lost = asking(2, {DAILY: "900", NAME: "x"}, reference={DAILY: "5", NAME: None},
                  external_id="b", policy=Policy.THEIRS)  # fmt: skip
    shown = {STATUS: "active", QUEUE: "7", DAILY: "100", NAME: None}
    made = plan([active, lost], {"a": shown, "b": shown}, rules)
    assert states(made) == "ss"
    assert sent(made) == {"a": {NAME: "x"}, "b": {NAME: "x"}}


def test_a_reason_that_several_paths_share_is_told_once() -> None:
    rules = replace(FREE, share=Decimal(0))
    made = plan([asking(1, {NAME: "x", DAILY: "1"})], {"a": {NAME: None, DAILY: None}}, rules,
                recent(campaigns=10))  # fmt: skip
    (one,) = made.updates
    assert [[hit.code for hit in path.hits] for path in one.paths] == [["share"], ["share"]]
    assert one.deciding.message == one.deciding.hits[0].message


def test_what_replaces_several_counts_in_the_place_of_the_first() -> None:
    rules = replace(FREE, share=Decimal("0.1"))
    queue = [
        asking(1, {NAME: "x"}, external_id="b"),
        asking(2, {NAME: "x"}, external_id="c"),
        asking(3, {NAME: "y"}, external_id="b"),
        asking(4, {NAME: "z"}, external_id="b"),
    ]
    made = plan(queue, {"b": {NAME: None}, "c": {NAME: None}}, rules, recent(campaigns=10))
    assert states(made) == "shss"
    assert sent(made) == {"b": {NAME: "z"}}
