"""What an approval is bound to: what changes the digest of an item and what must not, and the hash
of a plan."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from syncd.model.digest import item_digest, plan_hash
from syncd.model.guard import Bounds, Cap, Hit, Recent, Rules, Way
from syncd.model.plan import Mark, whole
from syncd.model.update import Pending, Policy
from tests.model.queued import (
    DAILY,
    FIELDS,
    MONTHLY,
    NAME,
    NOON,
    QUEUE,
    STATUS,
    asking,
    digests,
    let,
    pending,
    plan,
)

VALUES = ("100", "50")
HITS = [
    Hit(code="factor", message="m", binds="100 2"),
    Hit(code="share", message="m", binds="30 %"),
]
DIGEST = item_digest(7, DAILY, VALUES, HITS)


def test_a_digest_is_the_first_half_of_a_hash_of_canonical_json() -> None:
    text = '[7, "budget.daily", "100", "50", [["factor", "100 2"], ["share", "30 %"]]]'
    assert hashlib.sha256(text.encode()).hexdigest()[:32] == DIGEST


@pytest.mark.parametrize(
    "other",
    [
        item_digest(8, DAILY, VALUES, HITS),
        item_digest(7, MONTHLY, VALUES, HITS),
        item_digest(7, DAILY, ("101", "50"), HITS),
        item_digest(7, DAILY, ("100", "51"), HITS),
        item_digest(7, DAILY, ("50", "100"), HITS),
        item_digest(7, DAILY, (None, "50"), HITS),
        item_digest(7, DAILY, ("100", None), HITS),
        item_digest(7, DAILY, ("null", "50"), HITS),
        item_digest(7, DAILY, VALUES, HITS[:1]),
        item_digest(7, DAILY, VALUES, []),
        item_digest(7, DAILY, VALUES, [*HITS, Hit(code="amount", message="m", binds="9")]),
        item_digest(7, DAILY, VALUES, [*HITS, HITS[0]]),
        item_digest(7, DAILY, VALUES, [replace(HITS[0], code="floor"), HITS[1]]),
        item_digest(7, DAILY, VALUES, [replace(HITS[0], binds="100 3"), HITS[1]]),
    ],
)
def test_each_part_of_an_item_changes_its_digest(other: str) -> None:
    assert other != DIGEST
    assert len(other) == 32


@pytest.mark.parametrize(
    "hits",
    [
        HITS[::-1],
        [replace(HITS[0], message="other words"), HITS[1]],
        [replace(HITS[0], figures={"from": "1"}), HITS[1]],
        [replace(HITS[0], way=Way.CAP), HITS[1]],
    ],
)
def test_order_words_and_counts_do_not_change_a_digest(hits: list[Hit]) -> None:
    assert item_digest(7, DAILY, VALUES, hits) == DIGEST


def test_a_plan_is_named_by_its_items_in_any_order() -> None:
    found = plan_hash(["a", "b", "c"])
    assert found == plan_hash(["c", "a", "b"])
    assert found == hashlib.sha256(b"a\nb\nc").hexdigest()[:32]
    assert len({found, plan_hash(["a", "b"]), plan_hash(["a", "b", "c", "c"]), plan_hash([])}) == 4


RULES = Rules(
    fields=FIELDS,
    bounds=Bounds(max_factor=Decimal(2), max_amount=Decimal(250), min_gap=60),
    share=Decimal("0.1"),
    activations=0,
    max_increase=Decimal(100),
    quiet=(dt.time(11), dt.time(13)),
)
BUSY = Recent(
    now=NOON,
    campaigns=10,
    changed=frozenset({"x"}),
    activations=1,
    increases={"EUR": Decimal(100)},
    last_change={("a", DAILY): 5.0},
)
UPDATE = asking(
    7, {DAILY: "300", STATUS: "active"}, reference={DAILY: "90", STATUS: "paused", QUEUE: "7"}
)
SHOWN = {DAILY: "100", STATUS: "paused", QUEUE: "7", NAME: "n"}


def items(
    update: Pending = UPDATE,
    shown: dict[str, str] = SHOWN,
    rules: Rules = RULES,
    recent: Recent = BUSY,
) -> dict[tuple[int, str], str]:
    return digests(plan([update], {"a": shown}, rules, recent))


ALONE = replace(RULES, share=None, activations=None, max_increase=None)
# The conflict alone holds it, so that what is met within a window comes on top when it is let
# through: both are looked at.
LET = let(UPDATE, plan([UPDATE], {"a": SHOWN}, RULES, BUSY))


def test_the_update_meets_every_kind_of_rule() -> None:
    made = plan([LET], {"a": SHOWN}, RULES, BUSY)
    assert {path.path: [hit.code for hit in path.hits] for path in made.updates[0].paths} == {
        DAILY: ["conflict", "amount", "factor", "quiet_hours", "min_gap", "share", "increase"],
        STATUS: ["guard-start", "quiet_hours", "share", "activations"],
    }
    again = let(LET, made)
    assert plan([again], {"a": SHOWN}, RULES, BUSY).calls != ()


@pytest.mark.parametrize(
    "what",
    [
        {"shown": SHOWN | {NAME: "other"}},
        {"shown": SHOWN | {QUEUE: "8"}},
        {"shown": SHOWN | {"@version": "9"}},
        # How much was changed, started and raised meanwhile, and how long ago.
        {"recent": replace(BUSY, campaigns=11)},
        {"recent": replace(BUSY, changed=frozenset("xyz"))},
        {"recent": replace(BUSY, activations=7)},
        {"recent": replace(BUSY, increases={"EUR": Decimal(999)})},
        {"recent": replace(BUSY, last_change={("a", DAILY): 6.0})},
        {"recent": replace(BUSY, now=NOON + dt.timedelta(minutes=30))},
        {"rules": replace(RULES, window=60.0)},
        {"rules": replace(RULES, quiet=(dt.time(10), dt.time(14)))},
        {"update": replace(LET, name="other", requester="other")},
        {"update": replace(LET, ours={DAILY: "77"})},
        {"update": replace(LET, awaited={DAILY: "77"})},
        {"update": replace(LET, approved=LET.approved | {"0" * 32})},
    ],
)
def test_what_an_approver_did_not_decide_about_leaves_the_digests_alone(
    what: dict[str, Any],
) -> None:
    assert items(**({"update": LET} | what)) == items(LET)


@pytest.mark.parametrize(
    ("what", "moved"),
    [
        ({"shown": SHOWN | {DAILY: "101"}}, {DAILY}),
        ({"shown": SHOWN | {QUEUE: ""}}, {STATUS}),
        ({"update": replace(UPDATE, patch=dict(UPDATE.patch) | {DAILY: "301"})}, {DAILY}),
        (
            {"update": replace(UPDATE, reference=dict(UPDATE.reference or {}) | {DAILY: "91"})},
            {DAILY},
        ),
        ({"update": replace(UPDATE, reference=None)}, {DAILY, STATUS}),
        ({"update": replace(UPDATE, id=8)}, {DAILY, STATUS}),
        ({"update": replace(UPDATE, currency=None)}, {DAILY}),
        ({"rules": replace(ALONE, bounds=replace(RULES.bounds, max_factor=Decimal(1)))}, {DAILY}),
        ({"rules": replace(ALONE, bounds=replace(RULES.bounds, max_amount=Decimal(9)))}, {DAILY}),
        ({"rules": replace(ALONE, bounds=replace(RULES.bounds, min_gap=None))}, {DAILY}),
        ({"rules": replace(ALONE, paths={DAILY: Bounds(floor=Decimal(999))})}, {DAILY}),
        ({"rules": replace(ALONE, caps={"*": Cap(max_amount=Decimal(9))})}, {DAILY}),
        ({"rules": replace(ALONE, quiet=None)}, {DAILY, STATUS}),
    ],
)
def test_what_an_approver_decided_about_changes_the_digest_of_that_item_alone(
    what: dict[str, Any], moved: set[str]
) -> None:
    usual = items(rules=ALONE)
    found = items(**({"rules": ALONE} | what))
    update_id = next(iter(found))[0]
    assert {path for path in (DAILY, STATUS) if found[update_id, path] != usual[7, path]} == moved


@pytest.mark.parametrize(
    "rules",
    [
        replace(RULES, share=Decimal("0.05")),
        replace(RULES, activations=1),
        replace(RULES, max_increase=Decimal(90)),
        replace(RULES, caps={"*": Cap(max_increase=Decimal(50))}),
    ],
)
def test_another_figure_for_a_window_changes_what_was_approved_beside_it(rules: Rules) -> None:
    whole = let(LET, plan([LET], {"a": SHOWN}, RULES, BUSY))
    assert plan([whole], {"a": SHOWN}, RULES, BUSY).calls != ()
    assert plan([whole], {"a": SHOWN}, rules, BUSY).calls == ()


def factor(most: str) -> Bounds:
    return Bounds(max_factor=Decimal(most))


def amount(most: str) -> Bounds:
    return Bounds(max_amount=Decimal(most))


def floor(least: str) -> Bounds:
    return Bounds(floor=Decimal(least))


@pytest.mark.parametrize(
    ("wanted", "apart", "alike"),
    [
        ("300", [("100", factor("2")), ("101", factor("2")), ("100", factor("2.5"))], []),
        ("300", [("100", amount("250")), ("100", amount("260"))], [("101", amount("250"))]),
        ("5", [("100", floor("10")), ("100", floor("11"))], [("101", floor("10"))]),
        ("unlimited", [("100", Bounds()), ("101", Bounds())], [("100", amount("250"))]),
    ],
)
def test_an_approval_is_of_the_figures_that_were_told(
    wanted: str, apart: list[tuple[str, Bounds]], alike: list[tuple[str, Bounds]]
) -> None:
    """Ours goes out in any case, so that nothing but the rule itself is met. Those that are alike
    are like the first."""
    update = pending(1, wanted, policy=Policy.OURS)

    def found(shown: str, bounds: Bounds) -> str:
        rules = Rules(fields=FIELDS, paths={DAILY: bounds})
        return digests(plan([update], {"a": {DAILY: shown}}, rules))[1, DAILY]

    assert len({found(*one) for one in apart}) == len(apart)
    assert {found(*one) for one in alike} <= {found(*apart[0])}


FACTOR, QUIET = RULES.bounds.max_factor, RULES.quiet
NIGHT = Rules(fields=FIELDS, bounds=Bounds(max_factor=FACTOR), quiet=QUIET)


@pytest.mark.parametrize(
    ("later", "fate"),
    [
        (NIGHT, "send"),
        (replace(NIGHT, quiet=None), "send"),
        (replace(NIGHT, bounds=Bounds()), "send"),
        (replace(NIGHT, bounds=factor("2.5")), "held"),
        (replace(NIGHT, paths={DAILY: amount("250")}), "held"),
        (replace(NIGHT, quiet=None, paths={DAILY: amount("250")}), "held"),
        (replace(NIGHT, caps={"*": Cap(max_factor=Decimal(2))}), "held"),
    ],
)
def test_an_approval_covers_any_part_of_what_was_shown_and_nothing_else(
    later: Rules, fate: str
) -> None:
    update, shown = pending(1, "300", policy=Policy.OURS), {"a": {DAILY: "100"}}
    overnight = plan([update], shown, NIGHT)
    assert [hit.code for hit in overnight.updates[0].paths[0].hits] == ["factor", "quiet_hours"]
    made = plan([let(update, overnight)], shown, later)
    assert made.updates[0].mark.value == fate
    (path,) = made.updates[0].paths
    assert path.relies_on == (path.hit_digests if fate == "send" else ())
    moved = plan([let(update, overnight)], {"a": {DAILY: "101"}}, later)
    is_out = later == replace(NIGHT, bounds=Bounds())
    assert moved.updates[0].mark.value == ("send" if is_out else "held"), (
        "a factor of another value"
    )


def test_a_policy_that_leaves_nothing_open_leaves_nothing_to_approve() -> None:
    held = pending(1, "50", "99")
    ours = replace(held, policy=Policy.OURS)
    shown = {"a": {DAILY: "100"}}
    assert digests(plan([held], shown)) != digests(plan([ours], shown))
    assert digests(plan([ours], shown))[1, DAILY] == item_digest(1, DAILY, ("99", "50"), [])


def test_a_plan_moves_with_each_of_its_items_and_not_with_the_queue() -> None:
    one = asking(1, {DAILY: "50", NAME: "x"}, reference={DAILY: "100", NAME: "n"})
    two = pending(2, "60", external_id="b")
    shown = {"a": {DAILY: "100", NAME: "n"}, "b": {DAILY: "100"}}
    usual = plan([one, two], shown).hash
    assert usual == plan([two, one], shown).hash
    assert usual == plan_hash(
        f'["{path.digest}", "send", {json.dumps(path.remote)}]'
        for update in plan([one, two], shown).updates
        for path in update.paths
    )
    assert usual != plan([one], shown).hash
    moved = [replace(one, policy=Policy.OURS), two], shown | {"a": {DAILY: "99", NAME: "n"}}
    assert digests(plan(*moved)) == digests(plan([one, two], shown))
    assert usual != plan(*moved).hash, "it shows another value beside the same items"
    kept = plan([one, two], shown)
    held = replace(kept, updates=(whole(kept.updates[0], Mark.HELD, "x", "x"), kept.updates[1]))
    assert usual != held.hash, "it says that another thing happens"
    assert usual != plan([replace(one, patch=dict(one.patch) | {NAME: "y"}), two], shown).hash
    assert usual != plan([one, replace(two, patch={DAILY: "61"})], shown).hash
    assert len(usual) == 32
