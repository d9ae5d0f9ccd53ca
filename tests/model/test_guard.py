"""What may leave at all: guarded changes, starts that miss something, the rule that is the
narrowest for a path, and accounts that are set to another dialect."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from syncd.model.guard import Bounds, Cap, Change, Hit, Rules, Way, mismatch
from syncd.model.item_rules import item_hits
from syncd.model.path import Field, Guard, Kind
from tests.model.queued import DAILY, FIELDS, MONTHLY, NAME, NOW, QUEUE, STATUS, money

READY = {QUEUE: "7", STATUS: "paused"}


def only(
    rules: Rules, changes: Mapping[str, str | None], remote: Mapping[str, str | None] = READY
) -> Hit | None:
    """The one hit of these changes, None where there is none."""
    found = item_hits(rules, Change(external_id="a", changes=changes, remote=remote), NOW)
    hits = [hit for group in found.values() for hit in group]
    assert len(hits) <= 1
    return hits[0] if hits else None


@pytest.mark.parametrize(
    ("path", "value", "guard"),
    [
        (NAME, "x", None),
        (STATUS, "active", Guard.START),
        (STATUS, "paused", None),
        ("price.amount", None, Guard.DISABLE),
        ("price.amount", "2", None),
        ("price.country.UK", None, None),
        ("deleted", "true", Guard.DELETE),
        ("unknown.path", "active", None),
    ],
)
def test_a_guarded_change_needs_its_own_leave(
    path: str, value: str | None, guard: Guard | None
) -> None:
    hit = only(Rules(fields=FIELDS), {path: value})
    assert (hit.code if hit else None) == (f"guard-{guard}" if guard else None)
    rules = Rules(fields=FIELDS)
    assert rules.is_guarded({NAME: "x", path: value}) is (guard is not None)
    assert rules.starts({NAME: "x", path: value}) is (guard is Guard.START)
    assert rules.activates({NAME: "x", path: value}) is (guard is Guard.START)
    if guard is not None:
        assert hit is not None
        assert f"guard.{guard}" in hit.message
        assert hit.way is Way.APPROVE
        assert hit.figures == {"to": value or "null"}
        assert only(Rules(fields=FIELDS, free=frozenset({guard})), {path: value}) is None
        others = frozenset(Guard) - {guard}
        assert only(Rules(fields=FIELDS, free=others), {path: value}) is not None


def test_one_guarded_change_among_others_is_enough() -> None:
    assert only(Rules(fields=FIELDS), {NAME: "x", STATUS: "active"}) is not None


@pytest.mark.parametrize(
    ("remote", "changes", "is_ready"),
    [
        ("7", {}, True),
        (None, {}, False),
        ("", {}, False),
        ("00000000-0000-0000-0000-000000000000", {}, False),
        ("00000000-0000-0000-0000-000000000001", {}, True),
        (None, {QUEUE: "7"}, True),
        ("7", {QUEUE: None}, False),
        ("7", {QUEUE: ""}, False),
        ("7", {QUEUE: "8"}, True),
    ],
)
@pytest.mark.parametrize("free", [frozenset({Guard.START}), frozenset()])
def test_a_start_needs_what_it_starts_with(
    *,
    remote: str | None,
    changes: Mapping[str, str | None],
    is_ready: bool,
    free: frozenset[Guard],
) -> None:
    rules = Rules(fields=FIELDS, free=free)
    for shown in ({QUEUE: remote}, {} if remote is None else {QUEUE: remote}):
        change = Change(external_id="a", changes={STATUS: "active", **changes}, remote=shown)
        hits = item_hits(rules, change, NOW).get(STATUS, ())
        codes = [] if is_ready else ["start-incomplete"]
        assert [hit.code for hit in hits] == codes + ([] if free else ["guard-start"])
        if not is_ready:
            assert hits[0].way is Way.RETRY
            assert hits[0].figures == {"unset": QUEUE}
            assert QUEUE in hits[0].message
        pause = Change(external_id="a", changes={STATUS: "paused", **changes}, remote=shown)
        assert item_hits(rules, pause, NOW) == {}


def test_only_a_start_waits_for_what_it_needs() -> None:
    field = Field(path="deleted", kind=Kind.FLAG, guard=Guard.DELETE, needs=(QUEUE,))
    hit = only(Rules(fields=(field,)), {"deleted": "true"}, {})
    assert hit is not None
    assert hit.code == "guard-delete"


def bounds(
    factor: str | None = None,
    amount: str | None = None,
    floor: str | None = None,
    gap: float | None = None,
) -> Bounds:
    return Bounds(
        max_factor=money(factor), max_amount=money(amount), floor=money(floor), min_gap=gap
    )


@pytest.mark.parametrize(
    ("paths", "path", "expected"),
    [
        ({}, DAILY, bounds("2", "1000", gap=60)),
        ({}, "price.country.UK", bounds("2", "1000", gap=60)),
        # The account's own bounds are about money; the gap is about everything.
        ({}, "native.level", bounds(gap=60)),
        ({}, "native.clicks", bounds(gap=60)),
        ({}, NAME, bounds(gap=60)),
        ({}, "unknown.path", bounds(gap=60)),
        ({DAILY: bounds("3")}, DAILY, bounds("3", "1000", gap=60)),
        ({DAILY: bounds(amount="5000")}, DAILY, bounds("2", "5000", gap=60)),
        ({DAILY: bounds(floor="5")}, DAILY, bounds("2", "1000", "5", 60)),
        ({DAILY: bounds(gap=0)}, DAILY, bounds("2", "1000", gap=0)),
        ({DAILY: bounds("3")}, MONTHLY, bounds("2", "1000", gap=60)),
        ({"budget.*": bounds("4", "7")}, DAILY, bounds("4", "7", gap=60)),
        ({"budget.*": bounds("4", "7"), DAILY: bounds("3")}, DAILY, bounds("3", "7", gap=60)),
        ({"budget.*": bounds("4", "7"), DAILY: bounds("3")}, MONTHLY, bounds("4", "7", gap=60)),
        ({DAILY: bounds("3"), "budget.*": bounds("4", "7")}, DAILY, bounds("3", "7", gap=60)),
        ({"price.*": bounds("4", "7"), "price.country.*": bounds(floor="1", gap=5)},
         "price.country.UK", bounds("4", "7", "1", 5)),
        ({"price.*": bounds("4"), "price.country.*": bounds("5"), "price.country.UK": bounds("6")},
         "price.country.UK", bounds("6", "1000", gap=60)),
        ({"price.country.*": bounds("4")}, "price.countryside", bounds(gap=60)),
        ({"native.level": bounds("9", "1", "-1")}, "native.level", bounds("9", "1", "-1", 60)),
        ({"native.*": bounds("9")}, NAME, bounds(gap=60)),
        # The path itself, though a stem that covers it is as long.
        ({"native.*": bounds("9", "1"), "native.x": bounds("8")}, "native.x",
         bounds("8", "1", gap=60)),
        ({"native.x": bounds("8"), "native.*": bounds("9", "1")}, "native.x",
         bounds("8", "1", gap=60)),
    ],
)  # fmt: skip
def test_the_narrowest_rule_holds_key_by_key(
    paths: Mapping[str, Bounds], path: str, expected: Bounds
) -> None:
    rules = Rules(fields=FIELDS, bounds=bounds("2", "1000", gap=60), paths=paths)
    assert rules.bounds_of(path) == expected


def cap(amount: str | None = None, factor: str | None = None, *others: str) -> Cap:
    return Cap(
        max_amount=money(amount),
        max_factor=money(factor),
        max_increase=money(others[0]) if others else None,
        activations=int(others[1]) if others else None,
    )


@pytest.mark.parametrize(
    ("caps", "path", "expected"),
    [
        ({}, DAILY, cap()),
        ({"*": cap("5", "2", "9", "1")}, DAILY, cap("5", "2", "9", "1")),
        ({DAILY: cap("5", "2")}, DAILY, cap("5", "2")),
        ({DAILY: cap("5", "2")}, MONTHLY, cap()),
        ({"*": cap("5", "2"), DAILY: cap("7")}, DAILY, cap("7", "2")),
        ({"*": cap("5", "2"), DAILY: cap(None, "3")}, DAILY, cap("5", "3")),
        ({"*": cap("5", "2"), "budget.*": cap("7"), DAILY: cap(None, "3")}, DAILY, cap("7", "3")),
        ({"*": cap("5", "2"), "budget.*": cap("7")}, "budgets", cap("5", "2")),
        ({"price.*": cap("5", "2"), "price.country.*": cap("7")}, "price.country.UK",
         cap("7", "2")),
        # What holds within a window holds for the account and not for a path.
        ({DAILY: cap(None, None, "9", "1")}, DAILY, cap()),
        ({"*": cap(None, None, "9", "1"), DAILY: cap("5", "2", "1", "7")}, DAILY,
         cap("5", "2", "9", "1")),
    ],
)  # fmt: skip
def test_the_owner_caps_a_path_or_all(caps: Mapping[str, Cap], path: str, expected: Cap) -> None:
    assert Rules(caps=caps).cap(path) == expected


def test_without_rules_nothing_is_held() -> None:
    changes = {DAILY: "99999", NAME: "x", STATUS: "active", "price.amount": None, QUEUE: None}
    assert only(Rules(), changes) is None
    figures = {DAILY: "99999", MONTHLY: "1", "native.level": "7", "price.country.UK": None}
    assert only(Rules(fields=FIELDS), figures, {DAILY: "1"}) is None


def test_another_dialect_than_the_configured_is_told_with_its_line() -> None:
    hit = mismatch("documented", "current")
    assert hit is not None
    assert (hit.code, hit.way) == ("dialect_mismatch", Way.ITSELF)
    assert 'dialect = "current"' in hit.message
    assert "set to documented" in hit.message
    assert mismatch("current", "current") is None
    assert mismatch("current", None) is None


def test_the_rules_of_a_path_itself_come_before_those_of_a_stem_that_is_as_long() -> None:
    own, wide = Bounds(max_factor=Decimal(3)), Bounds(max_factor=Decimal(5), floor=Decimal(1))
    both = {"price.action.*": wide, "price.action.a": own}
    for paths in (both, dict(reversed(both.items()))):
        found = Rules(fields=FIELDS, paths=paths).bounds_of("price.action.a")
        assert (found.max_factor, found.floor) == (Decimal(3), Decimal(1))
