"""Several updates of one campaign folded into one write: who wins a path, who is left alone, and
what they meet only together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from syncd.model.call import WriteItem, WritePlan
from syncd.model.fold import plan_push
from syncd.model.guard import Bounds, Rules
from syncd.model.path import Guard
from syncd.model.plan import Mark, PushPlan
from syncd.model.update import Outcome, Pending, Policy, Verdict
from tests.model.queued import (
    BOTH,
    DAILY,
    FIELDS,
    MONTHLY,
    NAME,
    QUEUE,
    STATUS,
    asking,
    daily,
    let,
    marks,
    one_call,
    pending,
    plan,
    sent,
)

SUPERSEDED, SEND = ("superseded", "superseded"), ("send", None)
FREE = Rules(fields=FIELDS, free=frozenset(Guard))


def by_path(made: PushPlan) -> dict[int, dict[str, tuple[str, int | None]]]:
    """The mark of each path of each update, and who replaced it."""
    return {
        one.update.id: {path.path: (path.mark.value, path.superseded_by) for path in one.paths}
        for one in made.updates
    }


def test_the_last_of_many_updates_goes_out_and_the_others_say_which_it_was() -> None:
    made = daily([pending(number, f"{number}") for number in range(1, 30)], a="100")
    assert sent(made) == {"a": {DAILY: "29"}}
    assert marks(made) == dict.fromkeys(range(1, 29), SUPERSEDED) | {29: SEND}
    assert {one.deciding.superseded_by for one in made.marked(Mark.SUPERSEDED)} == {29}
    assert "update 29" in (made.updates[0].deciding.message or "")


@pytest.mark.parametrize("policy", Policy)
def test_a_path_that_a_later_update_has_set_meanwhile_is_not_sent_after_it(policy: Policy) -> None:
    """It was held while that one went out; what it asks for otherwise still goes."""
    patch, shown = {DAILY: "50", MONTHLY: "90"}, {DAILY: "100", MONTHLY: "100"}
    late = asking(1, patch, reference=shown, overtaken={DAILY: 7}, policy=policy)
    made = plan([late], {"a": shown})
    assert by_path(made) == {1: {DAILY: ("superseded", 7), MONTHLY: ("send", None)}}
    assert sent(made) == {"a": {MONTHLY: "90"}}
    wanted = pending(1, "50", overtaken={DAILY: 7}, policy=policy)
    made = daily([wanted], a="50")
    assert marks(made) == {1: SUPERSEDED}
    assert "update 7" in (made.updates[0].deciding.message or "")


def test_queue_order_decides_and_not_the_id() -> None:
    """The outbox gives (due, number): one that was asked for first may be due last."""
    assert sent(daily([pending(9, "50"), pending(3, "60")], a="100")) == {"a": {DAILY: "60"}}


@pytest.mark.parametrize(
    ("newer", "word"),
    [
        (pending(2, "60", "99"), ("held", "conflict")),
        (pending(2, "60", None), ("held", "base_unknown")),
        (pending(2, "60", "99", policy=Policy.THEIRS), ("superseded", "remote_wins")),
        (pending(2, "950"), ("rejected", "too_much")),
        (pending(2, "60", patch={DAILY: "60", MONTHLY: "5"}), ("held", "base_unknown")),
        (asking(2, {DAILY: "60", MONTHLY: "5"}, reference={DAILY: "100", MONTHLY: None}),
         ("rejected", BOTH)),
    ],
)  # fmt: skip
def test_a_newer_update_that_does_not_go_out_leaves_an_older_one_alone(
    newer: Pending, word: tuple[str, str]
) -> None:
    made = daily([pending(1, "50"), newer], a="100")
    assert marks(made) == {1: SEND, 2: word}
    assert sent(made) == {"a": {DAILY: "50"}}


@pytest.mark.parametrize(
    ("rules", "word"),
    [
        (replace(FREE, bounds=Bounds(max_amount=Decimal(150))), "amount"),
        (replace(FREE, bounds=Bounds(max_factor=Decimal("1.5"))), "factor"),
        (replace(FREE, max_increase=Decimal(50)), "increase"),
    ],
)
def test_one_that_a_rule_holds_never_eats_a_valid_older_one(rules: Rules, word: str) -> None:
    queue = [pending(1, "150"), pending(2, "151")]
    made = plan(queue, {"a": {DAILY: "100"}}, rules)
    assert marks(made) == {1: SEND, 2: ("held", word)}
    assert marks(plan([queue[0], let(queue[1], made)], {"a": {DAILY: "100"}}, rules)) == {
        1: SUPERSEDED,
        2: SEND,
    }


def test_an_older_update_that_is_held_does_not_stop_a_newer_one() -> None:
    made = daily([pending(1, "50", "99"), pending(2, "60")], a="100")
    assert marks(made) == {1: ("held", "conflict"), 2: SEND}
    rules = replace(FREE, bounds=Bounds(max_amount=Decimal(150)))
    made = plan([pending(1, "151"), pending(2, "150")], {"a": {DAILY: "100"}}, rules)
    assert marks(made) == {1: ("held", "amount"), 2: SEND}


def test_a_newer_update_that_is_already_set_calls_the_older_one_off() -> None:
    made = daily([pending(1, "50"), pending(2, "100")], a="100")
    assert marks(made) == {1: SUPERSEDED, 2: ("already_set", None)}
    assert sent(made) == {}


def test_a_newer_update_supersedes_one_that_is_already_set() -> None:
    made = daily([pending(1, "100"), pending(2, "50")], a="100")
    assert marks(made) == {1: SUPERSEDED, 2: SEND}


def test_updates_of_two_campaigns_do_not_touch_each_other() -> None:
    updates = [pending(1, "50"), pending(2, "60", external_id="b"), pending(3, "70")]
    made = daily(updates, a="100", b="100")
    assert sent(made) == {"a": {DAILY: "70"}, "b": {DAILY: "60"}}


def test_campaigns_are_written_in_the_order_of_the_queue() -> None:
    places = {"b": 5, "a": 2, "c": 3}
    updates = [pending(number, "50", external_id=place) for place, number in places.items()]
    assert list(sent(daily(updates, a="100", b="100", c="100"))) == ["b", "a", "c"]


SHOWN = {"a": {DAILY: None, MONTHLY: None, NAME: None, STATUS: "paused", QUEUE: "7"}}


def test_each_path_goes_to_the_last_that_asks_for_it_and_each_update_tells_it_apart() -> None:
    queue = [
        asking(1, {DAILY: "1", MONTHLY: "1", NAME: "one"}),
        asking(2, {DAILY: "2", QUEUE: "8"}, reference={DAILY: None, QUEUE: "7"}),
        asking(3, {NAME: "three"}),
    ]
    made = plan(queue, SHOWN)
    assert sent(made) == {"a": {DAILY: "2", MONTHLY: "1", NAME: "three", QUEUE: "8"}}
    assert by_path(made) == {
        1: {DAILY: ("superseded", 2), MONTHLY: ("send", None), NAME: ("superseded", 3)},
        2: {DAILY: ("send", None), QUEUE: ("send", None)},
        3: {NAME: ("send", None)},
    }
    assert marks(made) == {1: SEND, 2: SEND, 3: SEND}


def test_a_path_on_which_the_provider_won_takes_nothing_over() -> None:
    shown = {"a": {DAILY: "80", MONTHLY: "9"}}
    older = asking(1, {DAILY: "50"}, reference={DAILY: "80"})
    newer = asking(
        2, {DAILY: "60", MONTHLY: "5"}, reference={DAILY: "70", MONTHLY: "9"}, policy=Policy.THEIRS
    )
    made = plan([older, newer], shown)
    assert sent(made) == {"a": {DAILY: "50", MONTHLY: "5"}}
    assert by_path(made)[2] == {DAILY: ("superseded", None), MONTHLY: ("send", None)}
    before = plan([newer, older], shown)
    assert by_path(before)[2][DAILY] == ("superseded", None)
    assert marks(before)[2] == SEND


def test_a_newer_value_that_stands_there_already_wins_though_the_provider_won_another_path() -> (
    None
):
    shown = {"a": {DAILY: "80", NAME: "old"}}
    older = asking(1, {NAME: "new"}, reference={NAME: "old"})
    newer = asking(
        2, {DAILY: "60", NAME: "old"}, reference={DAILY: "70", NAME: "x"}, policy=Policy.THEIRS
    )
    made = plan([older, newer], shown)
    assert sent(made) == {}
    assert by_path(made) == {
        1: {NAME: ("superseded", 2)},
        2: {DAILY: ("superseded", None), NAME: ("already_set", None)},
    }
    turned = plan([newer, older], shown)
    assert by_path(turned)[2] == {DAILY: ("superseded", None), NAME: ("superseded", 1)}
    assert sent(turned) == {"a": {NAME: "new"}}


GONE = {"deleted": "true"}


def test_a_delete_replaces_what_came_before_and_what_comes_after_waits() -> None:
    queue = [
        asking(1, {NAME: "new", DAILY: "5"}),
        asking(2, {NAME: None}),
        asking(3, {NAME: "x"}, reference={NAME: "odd"}),
        asking(4, GONE),
        asking(5, {NAME: "newer"}),
        asking(6, {NAME: None}),
        asking(7, GONE),
        asking(8, {NAME: "x"}, reference={NAME: "odd"}),
        asking(9, {NAME: "x", DAILY: "5"}, reference={NAME: "odd", DAILY: None},
               policy=Policy.THEIRS),
    ]  # fmt: skip
    made = plan(queue, SHOWN, FREE)
    assert sent(made) == {"a": GONE}
    assert by_path(made) == {
        1: {DAILY: ("superseded", 4), NAME: ("superseded", 4)},
        2: {NAME: ("superseded", 4)},
        3: {NAME: ("held", None)},
        4: {"deleted": ("send", None)},
        5: {NAME: ("later", None)},
        6: {NAME: ("later", None)},
        7: {"deleted": ("later", None)},
        8: {NAME: ("held", None)},
        9: {DAILY: ("later", None), NAME: ("superseded", None)},
    }


def test_a_campaign_that_is_gone_needs_no_delete_and_nobody_waits_for_one() -> None:
    queue = [asking(1, GONE), asking(2, {NAME: "x"}), asking(3, GONE)]
    made = plan(queue, {"a": GONE}, FREE)
    assert marks(made) == {1: SUPERSEDED, 2: ("rejected", "gone"), 3: ("already_set", None)}
    assert sent(made) == {}


def test_a_delete_that_is_held_replaces_nothing_and_keeps_nobody() -> None:
    queue = [asking(1, {NAME: "new"}), asking(2, GONE), asking(3, {DAILY: "5"})]
    made = plan(queue, SHOWN, Rules(fields=FIELDS))
    assert marks(made) == {1: SEND, 2: ("held", "guard-delete"), 3: SEND}
    assert sent(made) == {"a": {NAME: "new", DAILY: "5"}}


def test_what_waits_for_a_delete_relies_on_no_approval_yet() -> None:
    rules = Rules(fields=FIELDS)
    start, end = asking(2, {STATUS: "active"}, reference={STATUS: "paused"}), asking(1, GONE)
    made = plan([let(one, plan([one], SHOWN, rules)) for one in (end, start)], SHOWN, rules)
    assert by_path(made) == {1: {"deleted": ("send", None)}, 2: {STATUS: ("later", None)}}
    assert [bool(one.paths[0].relies_on) for one in made.updates] == [True, False]


def test_what_is_replaced_relies_on_no_approval() -> None:
    rules = replace(FREE, bounds=Bounds(max_amount=Decimal(100)))
    one, two = asking(1, {DAILY: "200"}), asking(2, {DAILY: "50"})
    made = plan([let(one, plan([one], SHOWN, rules)), two], SHOWN, rules)
    assert marks(made) == {1: SUPERSEDED, 2: SEND}
    assert made.updates[0].paths[0].relies_on == ()


# Each by itself meets no rule: one lifts a limit because it sets another, and the later one takes
# that other back; or one starts with what it sets, and the later one unsets it.
PERIOD = {"a": {DAILY: "100", MONTHLY: "unlimited"}}
SWITCH = asking(
    1, {DAILY: "unlimited", MONTHLY: "3000"}, reference={DAILY: "100", MONTHLY: "unlimited"}
)
BACK = asking(2, {MONTHLY: "unlimited"}, reference={MONTHLY: "unlimited"})
MORE = asking(2, {MONTHLY: "4000"}, reference={MONTHLY: "unlimited"})


def test_a_limit_is_not_lifted_for_one_that_a_later_update_takes_back() -> None:
    assert marks(plan([SWITCH], PERIOD, FREE)) == {1: SEND}
    assert marks(plan([BACK], PERIOD, FREE)) == {2: ("already_set", None)}
    made = plan([SWITCH, BACK], PERIOD, FREE)
    assert marks(made) == {1: ("held", "unlimited"), 2: ("already_set", None)}
    assert sent(made) == {}
    out = plan([let(SWITCH, made), BACK], PERIOD, FREE)
    assert sent(out) == {"a": {DAILY: "unlimited"}}
    assert out.updates[0].paths[0].relies_on == made.updates[0].paths[0].hit_digests
    other = plan([SWITCH, MORE], PERIOD, FREE)
    assert sent(other) == {"a": {DAILY: "unlimited", MONTHLY: "4000"}}


def test_a_start_does_not_go_out_with_what_unsets_what_it_needs() -> None:
    shown = {"a": {STATUS: "paused", QUEUE: "7"}}
    start = asking(1, {STATUS: "active"}, reference={STATUS: "paused"})
    unset = asking(2, {QUEUE: None}, reference={QUEUE: "7"})
    for queue in ([start, unset], [unset, start]):
        made = plan(queue, shown, FREE)
        assert marks(made) == {1: ("held", "start-incomplete"), 2: SEND}
    again = asking(3, {QUEUE: "9"}, reference={QUEUE: "7"})
    assert sent(plan([start, unset, again], shown, FREE)) == {"a": {STATUS: "active", QUEUE: "9"}}


def test_what_is_refused_only_together_rejects_the_last_and_sends_the_rest() -> None:
    """Each could be written alone; an older one is superseded only by one that goes out."""
    seen = {DAILY: "unlimited", MONTHLY: "unlimited"}
    updates = [
        asking(1, {DAILY: "5"}, reference=seen),
        asking(2, {DAILY: "6"}, reference=seen),
        asking(3, {MONTHLY: "7"}, reference=seen),
    ]
    shown = {"a": {DAILY: "unlimited", MONTHLY: "unlimited"}}
    made = plan_push(updates, shown, _one_period)
    assert sent(made) == {"a": {DAILY: "6"}}
    assert marks(made) == {1: SUPERSEDED, 2: SEND, 3: ("rejected", BOTH)}
    twice = [
        replace(one, external_id=place, id=10 * one.id + number)
        for one in updates
        for number, place in enumerate("ab")
    ]
    both = plan_push(twice, {"a": shown["a"], "b": shown["a"]}, _one_period)
    assert sent(both) == {"a": {DAILY: "6"}, "b": {DAILY: "6"}}


def test_what_is_held_anyway_gives_no_way() -> None:
    seen: dict[str, str | None] = {DAILY: "unlimited", MONTHLY: "unlimited"}
    updates = [
        asking(1, {DAILY: "5"}, reference=seen),
        asking(2, {MONTHLY: "7"}, reference=seen),
        asking(3, {MONTHLY: "8"}, reference={MONTHLY: "9"}),
    ]
    made = plan_push(updates, {"a": seen}, _one_period)
    assert marks(made) == {1: SEND, 2: ("rejected", BOTH), 3: ("held", "conflict")}


def _one_period(items: Sequence[WriteItem]) -> WritePlan:
    verdict = Verdict(outcome=Outcome.REJECTED, code=BOTH, message="one period at a time")
    refused = {item.external_id: verdict for item in items if len(item.changes) > 1}
    good = [item for item in items if item.external_id not in refused]
    return WritePlan(calls=one_call(good).calls, refused=refused)


def test_a_refusal_speaks_for_itself_or_in_a_word() -> None:
    def silent(items: Sequence[WriteItem]) -> WritePlan:
        verdict = Verdict(outcome=Outcome.REJECTED)
        return WritePlan(refused={item.external_id: verdict for item in items})

    made = plan_push([pending(1, "50")], {"a": {DAILY: "100"}}, silent)
    assert marks(made) == {1: ("rejected", "refused")}


def test_the_adapter_is_told_what_is_a_create() -> None:
    told: set[tuple[str, bool]] = set()

    def taking(items: Sequence[WriteItem]) -> WritePlan:
        told.update((one.external_id, one.is_create) for one in items)
        return one_call(items)

    create = asking(7, {NAME: "n"}, external_id="+7", is_create=True, reference=None)
    assert marks(plan_push([create, asking(8, {NAME: "x"})], SHOWN, taking)) == {7: SEND, 8: SEND}
    assert told == {("+7", True), ("a", False)}


def test_a_push_without_rules_has_none() -> None:
    made = plan_push([pending(1, "unlimited")], {"a": {DAILY: "100"}}, _one_period)
    assert marks(made) == {1: SEND}


def test_what_goes_to_the_provider_has_what_it_shows_beside_it() -> None:
    made = plan([asking(1, {NAME: "x"}), asking(7, {NAME: "n"}, external_id="+7", is_create=True,
                                                reference=None)], SHOWN)  # fmt: skip
    items = {item.external_id: item for call in made.calls for item in call.items}
    assert items["a"] == WriteItem(external_id="a", changes={NAME: "x"}, remote=SHOWN["a"])
    assert items["+7"] == WriteItem(
        external_id="+7", changes={NAME: "n"}, remote={}, is_create=True
    )
