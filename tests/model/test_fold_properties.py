"""What holds for any queue under any rules: one decision for each path, nothing beyond a rule that
nobody let through, and plans that depend on what is in them alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.model.guard import Bounds, Cap, Recent, Rules, Way
from syncd.model.path import Guard
from syncd.model.plan import Mark, PushPlan, UpdatePlan
from syncd.model.update import Pending, Policy
from tests.model.queued import (
    DAILY,
    FIELDS,
    MONTHLY,
    NAME,
    NOON,
    QUEUE,
    STATUS,
    digests,
    let,
    plan,
    sent,
)
from tests.model.reckoning import exceeded, reckoned

AMOUNTS = st.sampled_from([None, "0", "50", "100", "150", "201", "900", "unlimited", "NaN"])
VALUES = {
    DAILY: AMOUNTS,
    MONTHLY: AMOUNTS,
    NAME: st.sampled_from([None, "", "old", "new"]),
    STATUS: st.sampled_from(["active", "paused"]),
    QUEUE: st.sampled_from([None, "", "7"]),
}
CAMPAIGNS = "abc"
CURRENCIES = {"a": "EUR", "b": "EUR", "c": None}
SHOWN = st.fixed_dictionaries(VALUES)
PATCHES = st.one_of(
    st.fixed_dictionaries({}, optional=VALUES).filter(bool), st.just({"deleted": "true"})
)
REMOTES = st.fixed_dictionaries(
    {}, optional={place: SHOWN | st.just({"deleted": "true"}) for place in CAMPAIGNS}
)
FIGURES = st.none() | st.sampled_from(["0", "1", "2", "100", "200", "1000"]).map(Decimal)
COUNTS = st.none() | st.integers(0, 3)
RULES = st.builds(
    Rules,
    fields=st.just(FIELDS),
    free=st.frozensets(st.sampled_from(Guard)),
    bounds=st.builds(
        Bounds, max_factor=FIGURES, max_amount=FIGURES, min_gap=st.sampled_from([None, 60.0])
    ),
    paths=st.dictionaries(
        st.sampled_from([DAILY, "budget.*"]),
        st.builds(Bounds, max_factor=FIGURES, max_amount=FIGURES, floor=FIGURES),
    ),
    caps=st.dictionaries(
        st.sampled_from(["*", "budget.*", MONTHLY]),
        st.builds(
            Cap, max_amount=FIGURES, max_factor=FIGURES, max_increase=FIGURES, activations=COUNTS
        ),
    ),
    quiet=st.sampled_from([None, None, (dt.time(11), dt.time(13))]),
    share=st.sampled_from([None, Decimal("0.1"), Decimal("0.2")]),
    activations=COUNTS,
    max_increase=FIGURES,
)
RECENTS = st.builds(
    Recent,
    now=st.just(NOON),
    campaigns=st.sampled_from([3, 10]),
    changed=st.frozensets(st.sampled_from("abcd"), max_size=1),
    activations=st.integers(0, 1),
    increases=st.dictionaries(st.sampled_from(["EUR", ""]), st.just(Decimal(90))),
    last_change=st.dictionaries(
        st.tuples(st.sampled_from(CAMPAIGNS), st.sampled_from([DAILY, STATUS])),
        st.sampled_from([10.0, 90.0]),
    ),
)


@st.composite
def queues(draw: st.DrawFn, campaigns: str = CAMPAIGNS, first: int = 1) -> list[Pending]:
    """Updates in queue order, most of whose requesters saw what is shown or near it."""
    wanted = draw(st.lists(st.tuples(st.sampled_from(campaigns), PATCHES), max_size=6))
    return [
        Pending(
            id=number,
            external_id=place,
            patch=patch,
            reference=draw(st.none() | SHOWN),
            ours=draw(st.fixed_dictionaries({}, optional={DAILY: AMOUNTS})),
            awaited=draw(st.fixed_dictionaries({}, optional={DAILY: AMOUNTS})),
            policy=draw(st.sampled_from(Policy)),
            currency=CURRENCIES[place],
            is_known=draw(st.booleans()),
        )
        for number, (place, patch) in enumerate(wanted, first)
    ]


Remote = Mapping[str, Mapping[str, str | None]]


def approving(
    queue: Sequence[Pending], remote: Remote, rules: Rules, recent: Recent, who: int
) -> list[Pending]:
    """The queue where somebody let some of its updates (a bit each) through, twice over: what a
    window holds shows only when nothing else does."""
    for _ in range(2):
        found = plan(queue, remote, rules, recent)
        queue = [let(one, found) if who >> one.id % 8 & 1 else one for one in queue]
    return list(queue)


def out(made: PushPlan) -> dict[tuple[str, str], UpdatePlan]:
    """Who sends a path of a campaign."""
    return {
        (one.update.external_id, path.path): one
        for one in made.updates
        for path in one.paths
        if path.mark is Mark.SEND
    }


@settings(max_examples=40)
@given(queues(), REMOTES, RULES, RECENTS, st.integers(0, 255))
def test_nothing_goes_out_beyond_a_rule_unless_it_was_let_through(
    queue: list[Pending], remote: Remote, rules: Rules, recent: Recent, who: int
) -> None:
    made = plan(approving(queue, remote, rules, recent, who), remote, rules, recent)
    senders, relied = out(made), set()
    writes = reckoned((item for call in made.calls for item in call.items), CURRENCIES)
    for write in writes:
        for path in write.item.changes:
            sender = senders[write.item.external_id, path]
            (item,) = [one for one in sender.paths if one.path == path]
            faults = {code for where, code in write.faults(rules, recent) if where == path}
            assert faults <= {hit.code for hit in item.hits}
            assert all(hit.way is Way.APPROVE for hit in item.hits)
            assert item.relies_on == item.hit_digests
            assert sender.update.approved.issuperset(item.relies_on)
            relied |= {hit.code for hit in item.hits}
    assert exceeded(rules, recent, writes) <= relied


@settings(max_examples=40)
@given(queues(), REMOTES, RULES, RECENTS, st.integers(0, 255))
def test_every_update_gets_one_decision_for_each_path(
    queue: list[Pending], remote: Remote, rules: Rules, recent: Recent, who: int
) -> None:
    queue = approving(queue, remote, rules, recent, who)
    made = plan(queue, remote, rules, recent)
    assert [one.update for one in made.updates] == queue
    assert all(
        [path.path for path in one.paths] == sorted(one.update.patch) for one in made.updates
    )
    items = [item for call in made.calls for item in call.items]
    assert len({item.external_id for item in items}) == len(items)
    sending = [path for one in made.updates for path in one.paths if path.mark is Mark.SEND]
    assert len(sending) == len(out(made)), "two updates of one path go out"
    assert {key: one.update.patch[key[1]] for key, one in out(made).items()} == {
        (item.external_id, path): value for item in items for path, value in item.changes.items()
    }
    place = {one.update.id: index for index, one in enumerate(made.updates)}
    for one in made.updates:
        for path in one.paths:
            if path.superseded_by is None:
                continue
            winner = made.updates[place[path.superseded_by]]
            assert place[winner.update.id] > place[one.update.id]
            assert winner.update.external_id == one.update.external_id
            assert {"deleted", path.path} & {
                its.path for its in winner.paths if its.mark in (Mark.SEND, Mark.ALREADY_SET)
            }
        if one.mark is Mark.HELD:
            assert {path.mark for path in one.paths} == {Mark.HELD}
            assert any(path.hits for path in one.paths)


@settings(max_examples=40)
@given(queues(), REMOTES, RULES, RECENTS)
def test_the_same_gives_the_same(
    queue: list[Pending], remote: Remote, rules: Rules, recent: Recent
) -> None:
    made = plan(queue, remote, rules, recent)
    turned = {place: _turned(values) for place, values in remote.items()}
    again = plan(
        [replace(one, patch=_turned(one.patch)) for one in queue],
        dict(reversed(turned.items())),
        rules,
        recent,
    )
    assert again.updates == made.updates
    assert (again.hash, sent(again)) == (made.hash, sent(made))


def _turned(values: Mapping[str, str | None]) -> dict[str, str | None]:
    return {path: values[path] for path in reversed(list(values))}


def _without_windows(rules: Rules) -> Rules:
    caps = {
        path: replace(cap, activations=None, max_increase=None) for path, cap in rules.caps.items()
    }
    return replace(rules, share=None, activations=None, max_increase=None, caps=caps)


@settings(max_examples=40)
@given(queues("ab"), queues("c", 100), REMOTES, RULES, RECENTS)
def test_the_order_of_unrelated_campaigns_does_not_matter(
    some: list[Pending], others: list[Pending], remote: Remote, rules: Rules, recent: Recent
) -> None:
    rules = _without_windows(rules)
    made = plan([*some, *others], remote, rules, recent)
    turned = plan([*others, *some], remote, rules, recent)
    assert digests(made) == digests(turned)
    assert made.hash == turned.hash
    assert sent(made) == sent(turned)
    alone = digests(plan(some, remote, rules, recent)) | digests(
        plan(others, remote, rules, recent)
    )
    assert digests(made) == alone


@settings(max_examples=40)
@given(queues(), st.integers(0, 6), REMOTES, RULES, RECENTS)
def test_an_update_that_is_held_changes_nothing_else_that_goes_out(
    queue: list[Pending], place: int, remote: Remote, rules: Rules, recent: Recent
) -> None:
    """For the rules of a window the same holds of whatever meets another rule first."""
    held = [
        Pending(id=90, external_id="a", patch={DAILY: "77"}, reference={DAILY: "3"}),
        Pending(id=90, external_id="b", patch={DAILY: "77", NAME: "z"}, reference=None),
        Pending(id=90, external_id="x", patch={DAILY: "77"}, reference=None),
    ]
    usual = plan(queue, remote, rules, recent)
    for one in held:
        made = plan([*queue[:place], one, *queue[place:]], remote, rules, recent)
        if next(found for found in made.updates if found.update.id == 90).mark is Mark.HELD:
            assert sent(made) == sent(usual)
            rest = tuple(found for found in made.updates if found.update.id != 90)
            assert rest == usual.updates
