"""What goes out of a saved plan: only what is still what somebody looked at, and nothing that would
be overwritten by what stays behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.fold import plan_push
from syncd.model.guard import Bounds, Rules
from syncd.model.path import Field, Kind
from syncd.model.plan import PushPlan
from syncd.model.update import Pending, Policy, Terms
from tests.model.queued import let

DAILY, MONTHLY = "budget.daily", "budget.monthly"
PATCHES = st.dictionaries(
    st.sampled_from([DAILY, MONTHLY]), st.sampled_from(["90", "120", "250"]), min_size=1
)
RULES: Final = Rules(
    fields=tuple(Field(path=path, kind=Kind.AMOUNT, call="write") for path in (DAILY, MONTHLY)),
    bounds=Bounds(max_factor=Decimal(2)),
)


def calls(items: Sequence[WriteItem]) -> WritePlan:
    return WritePlan(calls=(WriteCall(operation="write", items=tuple(items)),) if items else ())


def pending(number: int, campaign: str = "a", **other: Any) -> Pending:
    settings: dict[str, Any] = {"patch": {DAILY: "120"}, "reference": {DAILY: "100"}}
    return Pending(id=number, external_id=campaign, **(settings | other))


def made(updates: Sequence[Pending], remote: str = "100", rules: Rules = RULES) -> PushPlan:
    shown = {one.external_id: {DAILY: remote, MONTHLY: remote} for one in updates}
    return plan_push(updates, shown, calls, rules)


def saved(plan: PushPlan, updates: Sequence[Pending]) -> list[Pending]:
    """The same updates, bound to what the plan lets out."""
    return [replace(update, agreed=_agreed(plan, update.id)) for update in updates]


def _agreed(plan: PushPlan, number: int) -> Terms:
    paths = [
        path
        for one in plan.updates
        if one.update.id == number
        for path in one.paths
        if path.mark.value in ("send", "later", "held")
    ]
    return Terms(
        remote={path.path: path.remote for path in paths},
        hits={path.path: frozenset(path.hit_digests) for path in paths},
        is_held=any(path.mark.value == "held" for path in paths),
    )


def marks(plan: PushPlan) -> dict[int, tuple[str, str | None]]:
    return {one.update.id: (one.mark.value, one.deciding.code) for one in plan.updates}


def sent(plan: PushPlan) -> dict[str, Mapping[str, str | None]]:
    return {item.external_id: item.changes for call in plan.calls for item in call.items}


def test_what_is_the_same_goes_out() -> None:
    updates = [pending(1, "a"), pending(2, "b")]
    assert marks(made(saved(made(updates), updates))) == {1: ("send", None), 2: ("send", None)}


def test_what_stands_otherwise_at_the_provider_stays_behind_though_no_rule_minds() -> None:
    updates = [pending(1, policy=Policy.OURS)]
    plan = made(saved(made(updates), updates), remote="110")
    assert marks(plan) == {1: ("later", "plan_changed")}
    assert plan.updates[0].deciding.message == (
        "budget.daily is 110 at the provider now, and the saved plan shows 100"
    )


def test_what_a_plan_holds_goes_out_by_no_retry() -> None:
    updates = [pending(1, patch={DAILY: "210"})]
    held = made(updates)
    bound = saved(held, updates)
    relaxed = replace(RULES, bounds=Bounds())
    plan = made(bound, rules=relaxed)
    assert marks(plan) == {1: ("later", "plan_changed")}
    assert "not by an approval" in (plan.updates[0].deciding.message or "")
    assert marks(made([let(bound[0], held)], rules=relaxed)) == {1: ("send", None)}
    elsewhere = made(updates, remote="90")
    assert marks(made([let(bound[0], elsewhere)], rules=relaxed)) == {1: ("later", "plan_changed")}


def test_what_a_plan_holds_for_no_rule_goes_out_by_no_plan() -> None:
    """Read again and found cleared, or left to a person by a read."""
    update = pending(1)
    terms = Terms(remote={DAILY: "100"}, hits={DAILY: frozenset()}, is_held=True)
    assert marks(made([replace(update, agreed=terms)])) == {1: ("later", "plan_changed")}
    bound = replace(update, agreed=replace(terms, is_held=False))
    assert marks(made([bound])) == {1: ("send", None)}


def test_what_a_rule_holds_by_now_is_held_alone() -> None:
    updates = [pending(1, "a"), pending(2, "b", reference={DAILY: "90"})]
    plan = made(saved(made(updates, remote="100"), updates))
    assert marks(plan) == {1: ("send", None), 2: ("held", "conflict")}
    assert list(sent(plan)) == ["a"]


def test_an_approval_of_something_else_than_was_looked_at_lets_nothing_out() -> None:
    free = [pending(1, patch={DAILY: "210"})]
    agreed = saved(made(free, rules=replace(RULES, bounds=Bounds())), free)
    held = made(agreed)
    assert marks(held) == {1: ("held", "factor")}
    plan = made([let(one, held) for one in agreed])
    assert marks(plan) == {1: ("later", "plan_changed")}
    assert plan.updates[0].deciding.message == (
        "budget.daily meets factor now, which is not what the saved plan says"
    )
    assert plan.calls == ()


def test_what_was_held_and_approved_as_it_was_goes_out() -> None:
    updates = [pending(1, patch={DAILY: "210"})]
    plan = made(updates)
    bound = [let(one, plan) for one in saved(plan, updates)]
    assert marks(made(bound)) == {1: ("send", None)}


def test_what_meets_less_than_the_plan_says_goes_out_and_what_meets_more_does_not() -> None:
    updates = [pending(1, patch={DAILY: "210"}, reference={DAILY: "90"})]
    plan = made(updates)
    assert [hit.code for hit in plan.updates[0].paths[0].hits] == ["conflict", "factor"]
    relaxed = replace(RULES, bounds=Bounds())
    bound = [let(one, plan) for one in saved(plan, updates)]
    assert marks(made(bound, rules=relaxed)) == {1: ("send", None)}
    bound = [let(one, plan) for one in saved(made(updates, rules=relaxed), updates)]
    late = made(bound)
    assert marks(late) == {1: ("later", "plan_changed")}
    assert late.updates[0].deciding.message == (
        "budget.daily meets factor now, which is not what the saved plan says"
    )


def test_what_the_plan_replaced_does_not_come_back_when_the_winner_stays_behind() -> None:
    older, newer = pending(1), pending(2, patch={DAILY: "210"})
    free = replace(RULES, bounds=Bounds())
    updates = saved(made([older, newer], rules=free), [older, newer])
    plan = made(updates)
    assert marks(plan) == {1: ("later", "plan_changed"), 2: ("held", "factor")}
    assert plan.updates[0].deciding.message == (
        "budget.daily was not to be sent by the saved plan, and now it would be"
    )


def test_nothing_overtakes_what_stays_behind() -> None:
    """Sent without the older one, the newer would be overwritten by it later."""
    both = {DAILY: "120", MONTHLY: "210"}
    older = pending(1, patch=both, reference=dict.fromkeys(both, "100"))
    newer = pending(2, patch={DAILY: "130"})
    free = replace(RULES, bounds=Bounds())
    plan = made([older, newer], rules=free)
    assert marks(plan) == {1: ("send", None), 2: ("send", None)}
    updates = saved(plan, [older, newer])
    updates[0] = let(updates[0], made(updates))
    plan = made(updates)
    assert marks(plan) == {1: ("later", "plan_changed"), 2: ("later", "plan_changed")}
    assert plan.updates[1].deciding.message == (
        "update 1 of the same campaign comes before it and stays in the queue"
    )


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), PATCHES, st.sampled_from([None, "approved", "left out"])),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_is_agreed_on_only_that_leaves_and_in_order(
    asked: list[tuple[str, dict[str, str], str | None]],
) -> None:
    updates = [
        pending(number, campaign, patch=patch, reference=dict.fromkeys(patch, "100"))
        for number, (campaign, patch, _) in enumerate(asked, start=1)
    ]
    before = made(updates)
    bound = saved(before, updates)
    for place, (_, _, drift) in enumerate(asked):
        if drift == "left out":
            bound[place] = replace(bound[place], agreed=Terms())
        if drift == "approved":
            bound[place] = let(bound[place], before)
    plan = made(bound)
    behind: set[tuple[str, str]] = set()
    for one in plan.updates:
        for path in one.paths:
            if path.mark.value == "send":
                assert one.update.agreed is not None
                assert one.update.agreed.hits[path.path] >= set(path.hit_digests)
                assert (one.update.external_id, path.path) not in behind
        if one.deciding.code == "plan_changed":
            behind |= {(one.update.external_id, path) for path in one.update.patch}
