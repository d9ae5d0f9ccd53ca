"""The three-way merge, case by case: what the requester saw, what we put there, what is awaited and
what the provider shows, under each policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from syncd.model.fold import plan_push
from syncd.model.guard import Bounds, Rules, Way
from syncd.model.plan import Mark, PathPlan
from syncd.model.update import Pending, Policy, new_id
from tests.model.queued import (
    BOTH,
    DAILY,
    FIELDS,
    MONTHLY,
    NAME,
    NOW,
    QUEUE,
    STATUS,
    asking,
    daily,
    let,
    marks,
    pending,
    picky,
    plan,
    sent,
)

# The requester saw R, D or nothing and asks for D; since then our own last write put O there, or
# there was none; a value was accepted for later and B stands there until then, or nothing is
# awaited. The provider shows one of these, or T that nobody knows, or does not tell (-). What is to
# happen under the policy hold, for every combination:
#   shown:                      R    D    O    B    T    -
MERGE: dict[tuple[str | None, str | None, bool], str] = {
    ("R", None, False): "     send same con  con  con  mute",
    ("R", "O", False): "      send same send con  con  mute",
    ("R", None, True): "      send con  con  send con  mute",
    ("R", "O", True): "       send con  send send con  mute",
    (None, None, False): "    base same base base base base",
    (None, "O", False): "     base same base base base base",
    (None, None, True): "     base base base base base base",
    (None, "O", True): "      base base base base base base",
    # What is asked for is what stood there already, as far as the requester saw.
    ("D", None, False): "     con  same con  con  con  mute",
    ("D", "O", False): "      con  same send con  con  mute",
    ("D", None, True): "      con  send con  send con  mute",
    ("D", "O", True): "       con  send send send con  mute",
}
HELD, SEND = ("held", "conflict"), ("send", None)
WORDS = {
    "send": SEND,
    "same": ("already_set", None),
    "con": HELD,
    "mute": HELD,
    "base": ("held", "base_unknown"),
}
# A third value is no matter for a person where a policy says what it means; nobody's value wins
# over one that nobody saw, nor one that is not shown (mute) over any, save where ours goes out in
# any case.
BY_POLICY: dict[Policy, dict[str, tuple[str, str | None]]] = {
    Policy.HOLD: {},
    Policy.OURS: {"con": SEND, "mute": SEND, "base": SEND},
    Policy.THEIRS: {"con": ("superseded", "remote_wins")},
}
VALUES = {
    "amounts": {"R": "100", "D": "50", "O": "70", "B": "90", "T": "80"},
    "words": {"R": "unlimited", "D": "50", "O": "0", "B": "unlimited ", "T": "UNLIMITED"},
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One field of the table, for one kind of values and one policy."""

    kind: str
    policy: Policy
    reference: str | None
    ours: str | None
    is_awaited: bool
    shown: str
    expected: tuple[str, str | None]


CASES = [
    Case(
        kind=kind,
        policy=policy,
        reference=reference,
        ours=ours,
        is_awaited=is_awaited,
        shown=shown,
        expected=(WORDS | BY_POLICY[policy])[word],
    )
    for kind in VALUES
    for policy in Policy
    for (reference, ours, is_awaited), row in MERGE.items()
    for shown, word in zip("RDOBT-", row.split(), strict=True)
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_merge(case: Case) -> None:
    reference, expected = case.reference, case.expected
    values = VALUES[case.kind]
    update = pending(
        1,
        values["D"],
        values[reference] if reference else None,
        ours={DAILY: values[case.ours]} if case.ours else {},
        awaited={DAILY: values["B"]} if case.is_awaited else {},
        policy=case.policy,
    )
    now = values.get(case.shown)
    made = plan([update], {"a": {NAME: "x"} if case.shown == "-" else {DAILY: now}})
    (path,) = made.updates[0].paths
    assert (path.mark.value, path.code) == expected
    assert sent(made) == ({"a": {DAILY: values["D"]}} if expected == SEND else {})
    assert (path.remote, path.superseded_by) == (now, None)
    assert path.reference == (values[reference] if reference else None)
    is_mute = expected == HELD and case.shown == "-" and reference is not None
    shown = "not shown" if is_mute else now or "null"
    if path.code is not None:
        words = {values["D"], shown} | ({values["R"]} if reference == "R" else set())
        if expected != HELD:
            words -= {values["R"]} - {now}
        assert all(word in (path.message or "") for word in words)
    if path.mark is Mark.HELD:
        (hit,) = path.hits
        assert (hit.code, hit.way, hit.binds) == (path.code, Way.APPROVE, shown)
        assert hit.figures["desired"] == values["D"]


KEY = "price.country.UK"
LIST = {"price.country": "US"}
OTHERS = {NAME: "x"}


@pytest.mark.parametrize(
    ("seen", "wanted", "shown", "awaited", "expected"),
    [
        # No key in a list that is shown is null; of a list that is not shown nothing is known.
        ("2", None, {KEY: "2"}, {}, SEND),
        ("2", None, {KEY: None}, {}, WORDS["same"]),
        ("2", None, LIST, {}, WORDS["same"]),
        ("2", None, OTHERS, {}, HELD),
        ("2", None, {KEY: "3"}, {}, HELD),
        (None, None, LIST, {}, WORDS["same"]),
        (None, None, OTHERS, {}, SEND),
        (None, "2", LIST, {}, SEND),
        (None, "2", OTHERS, {}, SEND),
        (None, "2", {KEY: "3"}, {}, HELD),
        (None, "2", {KEY: "null"}, {}, HELD),
        # The empty text is a value, and no null.
        ("", "2", {KEY: ""}, {}, SEND),
        ("", "2", {KEY: None}, {}, HELD),
        (None, "", {KEY: None}, {}, SEND),
        ("", None, {KEY: ""}, {}, SEND),
        ("2", "", {KEY: None}, {}, HELD),
        # Nothing may stand there until the value that was accepted for later does.
        ("2", "3", LIST, {KEY: None}, SEND),
        ("2", None, LIST, {KEY: "4"}, HELD),
        ("2", None, {KEY: "4"}, {KEY: "4"}, SEND),
        (None, None, LIST, {KEY: "4"}, SEND),
    ],
)
def test_null_is_a_value_like_any_other(
    seen: str | None,
    wanted: str | None,
    shown: Mapping[str, str | None],
    awaited: Mapping[str, str | None],
    expected: tuple[str, str | None],
) -> None:
    update = asking(1, {KEY: wanted}, reference={KEY: seen}, awaited=awaited)
    assert marks(plan([update], {"a": shown})) == {1: expected}


@pytest.mark.parametrize("seen", [{}, {MONTHLY: "1"}])
def test_a_path_that_the_requester_did_not_see_has_no_base(seen: Mapping[str, str | None]) -> None:
    update = pending(1, "50", reference=seen)
    assert marks(daily([update], a="100")) == {1: WORDS["base"]}
    assert marks(daily([replace(update, awaited={DAILY: "100"})], a="100")) == {1: WORDS["base"]}


GONE = {"deleted": "true"}
LIVE = {DAILY: "100"}
NONE = ("rejected", "no_such_campaign")


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("reference", [{DAILY: "100", "deleted": None}, None])
@pytest.mark.parametrize(
    ("update", "shown", "expected"),
    [
        (asking(1, {DAILY: "50"}, is_known=True), None, ("held", "out_of_view")),
        (asking(1, {DAILY: "50"}, is_known=False), None, NONE),
        (asking(1, {DAILY: "50"}, is_known=True), GONE, ("rejected", "gone")),
        (asking(1, {DAILY: "50"}, is_known=False), GONE, NONE),
        (asking(1, GONE, is_known=True), None, ("held", "out_of_view")),
        (asking(1, GONE, is_known=False), None, NONE),
        (asking(1, GONE, is_known=True), GONE, ("already_set", None)),
        # A number that we never saw alive may be a mistake: that nothing is there proves nothing.
        (asking(1, GONE, is_known=False), GONE, NONE),
        (asking(1, GONE, is_known=True), LIVE, SEND),
        (asking(1, GONE, is_known=False), LIVE, SEND),
    ],
)
def test_a_campaign_that_is_gone_or_not_shown(
    policy: Policy,
    reference: Mapping[str, str | None] | None,
    update: Pending,
    shown: Mapping[str, str | None] | None,
    expected: tuple[str, str | None],
) -> None:
    update = replace(update, reference=reference, policy=policy)
    made = plan([update], {} if shown is None else {"a": shown})
    assert marks(made) == {1: expected}
    if expected not in (SEND, ("already_set", None)):
        assert "campaign a" in (made.updates[0].deciding.message or "")
    assert sent(made) == ({"a": update.patch} if expected == SEND else {})


@pytest.mark.parametrize("policy", Policy)
def test_a_create_has_nothing_to_be_merged_with(policy: Policy) -> None:
    create = asking(
        7, {NAME: "new"}, external_id=new_id(7), reference=None, is_create=True, policy=policy
    )
    made = plan([create], {"a": {NAME: "x"}, "+7": {NAME: "odd"}})
    assert marks(made) == {7: SEND}
    (path,) = made.updates[0].paths
    assert (path.reference, path.remote) == (None, None)


def approved(
    update: Pending, shown: Mapping[str, str | None], rules: Rules | None = None
) -> Pending:
    """The same, with everything approved that it meets now."""
    return let(update, plan([update], {"a": shown}, rules))


def only_path(update: Pending, shown: Mapping[str, str | None], rules: Rules) -> PathPlan:
    (path,) = plan([update], {"a": shown}, rules).updates[0].paths
    return path


@pytest.mark.parametrize("seen", ["100", None])
def test_an_approval_holds_for_the_value_that_the_approver_saw(seen: str | None) -> None:
    one = approved(pending(1, "50", seen), {DAILY: "80"})
    path = only_path(one, {DAILY: "80"}, Rules())
    assert (path.mark, path.code, path.message) == (Mark.SEND, None, None)
    assert path.relies_on == path.hit_digests
    assert set(path.relies_on) == one.approved
    assert only_path(one, {DAILY: "81"}, Rules()).mark is Mark.HELD
    assert only_path(one, {NAME: "x"}, Rules()).mark is Mark.HELD
    assert only_path(replace(one, patch={DAILY: "51"}), {DAILY: "80"}, Rules()).mark is Mark.HELD
    assert (
        only_path(replace(one, reference={DAILY: "99"}), {DAILY: "80"}, Rules()).mark is Mark.HELD
    )
    assert only_path(replace(one, id=2), {DAILY: "80"}, Rules()).mark is Mark.HELD
    back = only_path(replace(one, reference={DAILY: "80"}), {DAILY: "80"}, Rules())
    assert (back.mark, back.relies_on) == (Mark.SEND, ()), "an approval that nothing needs"


def test_all_that_a_path_meets_is_shown_and_approved_at_once() -> None:
    rules = Rules(fields=FIELDS, max_increase=None)
    update = asking(1, {STATUS: "active", NAME: "y"}, reference={STATUS: "paused", NAME: "w"})
    shown = {STATUS: "paused", NAME: "x", QUEUE: "7"}
    made = plan([update], {"a": shown}, rules)
    assert {path.path: [hit.code for hit in path.hits] for path in made.updates[0].paths} == {
        NAME: ["conflict"],
        STATUS: ["guard-start"],
    }
    said = made.updates[0].deciding.message or ""
    assert said.startswith("name moved")
    assert "guard.start" in said
    out = plan([approved(update, shown, rules)], {"a": shown}, rules)
    assert sent(out) == {"a": {NAME: "y", STATUS: "active"}}
    (name,) = [path for path in made.updates[0].paths if path.path == NAME]
    half = replace(update, approved=frozenset(name.hit_digests))
    left = plan([half], {"a": shown}, rules)
    assert marks(left) == {1: ("held", "guard-start")}
    assert "name moved" not in (left.updates[0].deciding.message or "")
    assert {path.relies_on for path in left.updates[0].paths} == {()}


@pytest.mark.parametrize(
    ("update", "shown"),
    [
        (pending(1, "50"), None),
        (asking(1, {STATUS: "active"}, reference={STATUS: "paused"}), {STATUS: "paused"}),
    ],
)
def test_nobody_approves_what_needs_a_cause_to_be_mended(
    update: Pending, shown: Mapping[str, str | None] | None
) -> None:
    remote = {} if shown is None else {"a": shown}
    rules = Rules(fields=FIELDS)
    held = plan([update], remote, rules)
    assert [hit.way for hit in held.updates[0].deciding.hits][:1] == [Way.RETRY]
    again = plan([let(update, held)], remote, rules)
    assert marks(again) == marks(held)
    assert again.updates[0].mark is Mark.HELD


TWO = {DAILY: "50", NAME: "new"}
SEEN = {DAILY: "100", NAME: "old"}


@pytest.mark.parametrize(
    ("shown", "policy", "expected"),
    [
        ({DAILY: "100", NAME: "old"}, Policy.HOLD, {DAILY: "send", NAME: "send"}),
        ({DAILY: "80", NAME: "old"}, Policy.HOLD, {DAILY: "held", NAME: "held"}),
        ({DAILY: "80", NAME: "new"}, Policy.HOLD, {DAILY: "held", NAME: "held"}),
        ({DAILY: "50", NAME: "old"}, Policy.HOLD, {DAILY: "already_set", NAME: "send"}),
        ({DAILY: "50", NAME: "new"}, Policy.HOLD, {DAILY: "already_set", NAME: "already_set"}),
        ({DAILY: "80", NAME: "old"}, Policy.OURS, {DAILY: "send", NAME: "send"}),
        ({DAILY: "80", NAME: "new"}, Policy.OURS, {DAILY: "send", NAME: "already_set"}),
        ({DAILY: "80", NAME: "old"}, Policy.THEIRS, {DAILY: "superseded", NAME: "send"}),
        ({DAILY: "80", NAME: "new"}, Policy.THEIRS, {DAILY: "superseded", NAME: "already_set"}),
        ({DAILY: "80", NAME: "odd"}, Policy.THEIRS, {DAILY: "superseded", NAME: "superseded"}),
    ],
)
def test_a_conflict_on_one_path_holds_all_and_a_policy_lets_each_go_its_way(
    shown: Mapping[str, str], policy: Policy, expected: Mapping[str, str]
) -> None:
    update = asking(1, TWO, reference=SEEN, policy=policy)
    made = plan([update], {"a": shown})
    assert {path.path: path.mark.value for path in made.updates[0].paths} == expected
    out = {path: TWO[path] for path, mark in expected.items() if mark == "send"}
    assert sent(made) == ({"a": out} if out else {})


def test_of_two_conflicts_both_are_told_and_each_says_what_stands_there() -> None:
    made = plan([asking(1, TWO, reference=SEEN)], {"a": {DAILY: "80", NAME: "odd"}})
    assert [path.remote for path in made.updates[0].paths] == ["80", "odd"]
    said = made.updates[0].deciding.message or ""
    assert "80" in said
    assert "odd" in said


def test_theirs_does_not_decide_about_a_path_that_nobody_saw() -> None:
    update = asking(1, TWO, reference={NAME: "old"}, policy=Policy.THEIRS)
    made = plan([update], {"a": {DAILY: "80", NAME: "odd"}})
    assert marks(made) == {1: ("held", "base_unknown")}


def test_what_cannot_be_written_is_rejected_unless_a_conflict_comes_first() -> None:
    both = {DAILY: "50", MONTHLY: "500"}
    update = asking(1, both, reference={DAILY: "100", MONTHLY: "1000"})
    refused = daily([update], a="100")
    assert marks(refused) == {1: ("held", "conflict")}, "monthly is not what the requester saw"
    seen = replace(update, reference={DAILY: "100", MONTHLY: None})
    refused = daily([seen], a="100")
    assert marks(refused) == {1: ("rejected", BOTH)}
    assert "refused" in (refused.updates[0].deciding.message or "")
    assert refused.updates[0].deciding.hits == ()
    assert sent(refused) == {}


def test_the_adapter_is_asked_about_what_would_be_sent_alone() -> None:
    update = asking(1, {DAILY: "100", MONTHLY: "5"}, reference={MONTHLY: "9"})
    made = plan_push([update], {"a": {DAILY: "100", MONTHLY: "9"}}, picky)
    assert marks(made) == {1: SEND}
    assert sent(made) == {"a": {MONTHLY: "5"}}


def test_what_cannot_be_written_is_rejected_even_where_a_rule_would_hold_it() -> None:
    rules = Rules(fields=FIELDS, bounds=Bounds(max_amount=Decimal(10)))
    for wanted, expected in (("950", ("rejected", "too_much")), ("900", ("held", "amount"))):
        made = plan_push([pending(1, wanted)], {"a": {DAILY: "100"}}, picky, rules, NOW)
        assert marks(made) == {1: expected}
    conflicting = pending(1, "950")
    assert marks(daily([conflicting], a="1")) == {1: HELD}
    assert marks(daily([let(conflicting, daily([conflicting], a="1"))], a="1")) == {
        1: ("rejected", "too_much")
    }


def test_the_version_of_what_was_read_goes_with_the_plan() -> None:
    made = plan([pending(1, "50")], {"a": {DAILY: "100", "@version": "7"}})
    assert made.updates[0].version == "7"
    assert plan([pending(1, "50")], {"a": {DAILY: "100"}}).updates[0].version is None
