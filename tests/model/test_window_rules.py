"""What may happen within a window: campaigns changed, campaigns started, budgets raised; counted
over what went before and what the plan sends, in the order of the queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from syncd.model.guard import Cap, Change, Hit, Recent, Rules, Way
from syncd.model.path import Guard
from syncd.model.update import new_id
from syncd.model.window_rules import Tally, rises
from tests.model.queued import (
    DAILY,
    FIELDS,
    MONTHLY,
    NAME,
    NOON,
    STATUS,
)

FREE = Rules(fields=FIELDS, free=frozenset(Guard))


def recent(**what: Any) -> Recent:
    hours = {f"hour_{key}": one for key, one in what.items() if key in ("activations", "increases")}
    return Recent(now=NOON, **(hours | what))


def change(changes: Mapping[str, str | None], campaign: str = "a", **other: Any) -> Change:
    settings: dict[str, Any] = {"remote": {DAILY: "100"}, "currency": "EUR"} | other
    return Change(external_id=campaign, changes=changes, **settings)


def one(rules: Rules, before: Recent, what: Change) -> Hit | None:
    """The one hit of a change, on each path that it concerns."""
    found = Tally(rules, before).hits(what)
    hits = [hit for group in found.values() for hit in group]
    assert all(hit == hits[0] for hit in hits)
    return hits[0] if hits else None


SOME = frozenset({"b", "c"})


@pytest.mark.parametrize(
    ("share", "campaigns", "changed", "is_held"),
    [
        # Ten or more campaigns; the share itself is allowed, one more is not.
        ("0.3", 10, SOME, False),
        ("0.3", 10, SOME | {"d"}, True),
        ("0.3", 9, SOME | {"d"}, False),
        ("0.3", 11, SOME | {"d"}, True),
        ("0.3", 13, SOME | {"d"}, True),
        ("0.3", 14, SOME | {"d"}, False),
        ("0.3", 0, frozenset(), False),
        ("0", 10, frozenset(), True),
        ("0.09", 10, frozenset(), True),
        ("0.1", 10, frozenset(), False),
        ("1", 10, SOME | {"d"}, False),
        (None, 10, frozenset(map(str, range(10))), False),
        # One that was changed already counts once.
        ("0.3", 10, SOME | {"a"}, False),
        ("0.3", 10, SOME | {"a", "d", "e"}, False),
    ],
)
def test_the_share_of_an_account(
    *, share: str | None, campaigns: int, changed: frozenset[str], is_held: bool
) -> None:
    rules = replace(FREE, share=None if share is None else Decimal(share))
    before = recent(campaigns=campaigns, changed=changed)
    hit = one(rules, before, change({NAME: "x", STATUS: "paused"}))
    assert (hit is not None) is is_held
    assert one(rules, before, change({NAME: "x"}, is_create=True)) is None
    if hit is not None:
        assert (hit.code, hit.way) == ("share", Way.APPROVE)
        after = str(len(changed) + 1)
        allowed = f"{float(share or 0):.0%}".replace("%", " %")
        assert hit.figures == {"changed": after, "campaigns": str(campaigns), "allowed": allowed}
        assert f"{after} of {campaigns} campaigns" in hit.message
        assert "within 60 minutes" in hit.message


@pytest.mark.parametrize(
    ("most", "cap", "before", "expected"),
    [
        (10, None, 9, None),
        (10, None, 10, ("activations", "10")),
        (10, None, 11, ("activations", "10")),
        (0, None, 0, ("activations", "0")),
        (None, None, 99, None),
        (None, 3, 2, None),
        (None, 3, 3, ("cap-activations", "3")),
        (10, 3, 3, ("cap-activations", "3")),
        (2, 3, 2, ("activations", "2")),
        (2, 3, 3, ("cap-activations", "3")),
        (10, 0, 0, ("cap-activations", "0")),
    ],
)
def test_starts_are_counted(
    most: int | None, cap: int | None, before: int, expected: tuple[str, str] | None
) -> None:
    rules = replace(FREE, activations=most, caps={"*": Cap(activations=cap)})
    hit = one(rules, recent(activations=before), change({STATUS: "active", NAME: "x"}))
    assert (None if hit is None else (hit.code, hit.binds)) == expected
    assert one(rules, recent(activations=before), change({STATUS: "paused"})) is None
    assert one(rules, recent(activations=before), change({NAME: "active"})) is None
    if hit is not None:
        assert hit.way is (Way.CAP if hit.code.startswith("cap") else Way.APPROVE)
        assert hit.figures == {"started": str(before + 1), "allowed": hit.binds}
        assert f"start {before + 1} within 60 minutes; {hit.binds} may be" in hit.message
        assert Tally(rules, recent(activations=before)).hits(
            change({STATUS: "active", NAME: "x"})
        ).keys() == {STATUS}


@pytest.mark.parametrize(
    ("remote", "changes", "expected"),
    [
        ({DAILY: "100"}, {DAILY: "150"}, {DAILY: "50"}),
        ({DAILY: "100"}, {DAILY: "100.000001"}, {DAILY: "0.000001"}),
        ({DAILY: "100"}, {DAILY: "100"}, {}),
        ({DAILY: "100"}, {DAILY: "50"}, {}),
        ({DAILY: "0"}, {DAILY: "50"}, {DAILY: "50"}),
        ({DAILY: None}, {DAILY: "50"}, {DAILY: "50"}),
        ({}, {DAILY: "50"}, {DAILY: "50"}),
        ({DAILY: "unlimited"}, {DAILY: "50"}, {}),
        ({DAILY: "100"}, {DAILY: "unlimited"}, {}),
        ({DAILY: "100"}, {DAILY: None}, {}),
        ({DAILY: "100", MONTHLY: "9"}, {DAILY: "101", MONTHLY: "12"}, {DAILY: "1", MONTHLY: "3"}),
        ({DAILY: "100", MONTHLY: "9"}, {DAILY: "50", MONTHLY: "12"}, {MONTHLY: "3"}),
        ({"price.amount": "1"}, {"price.amount": "9"}, {}),
        ({"native.level": "1"}, {"native.level": "9"}, {}),
        ({"budgets": "1"}, {"budgets": "9"}, {}),
    ],
)
def test_by_how_much_budgets_rise(
    remote: Mapping[str, str | None],
    changes: Mapping[str, str | None],
    expected: Mapping[str, str],
) -> None:
    found = rises(change(changes, remote=remote))
    assert found == {path: Decimal(text) for path, text in expected.items()}


@pytest.mark.parametrize(
    ("most", "cap", "before", "wanted", "expected"),
    [
        ("1000", None, "950", "149.999999", None),
        ("1000", None, "950", "150", None),
        ("1000", None, "950", "150.000001", ("increase", "1000")),
        ("1000", None, "950", "100", None),
        ("1000", None, "2000", "50", None),
        ("1000", None, "0", "1100", None),
        ("1000", None, "0", "1101", ("increase", "1000")),
        (None, None, "99999", "99999", None),
        (None, "500", "450", "150", None),
        (None, "500", "450", "151", ("cap-increase", "500")),
        ("1000", "500", "450", "151", ("cap-increase", "500")),
        ("400", "500", "390", "120", ("increase", "400")),
        ("400", "500", "390", "210", ("increase", "400")),
        ("400", "500", "390", "211", ("cap-increase", "500")),
        ("0", None, "0", "101", ("increase", "0")),
    ],
)
def test_rises_are_counted_by_currency(
    most: str | None, cap: str | None, before: str, wanted: str, expected: tuple[str, str] | None
) -> None:
    caps = {"*": Cap(max_increase=None if cap is None else Decimal(cap))}
    rules = replace(FREE, max_increase=None if most is None else Decimal(most), caps=caps)
    was = recent(increases={"EUR": Decimal(before), "USD": Decimal(99999), "": Decimal(99999)})
    hit = one(rules, was, change({DAILY: wanted, NAME: "x"}))
    assert (None if hit is None else (hit.code, hit.binds)) == expected
    if hit is not None:
        assert hit.way is (Way.CAP if hit.code.startswith("cap") else Way.APPROVE)
        assert hit.figures["currency"] == "EUR"
        assert Decimal(hit.figures["rise"]) == Decimal(before) + Decimal(wanted) - 100
        assert hit.figures["allowed"] == hit.binds
        assert "EUR within 60 minutes" in hit.message
    other = one(rules, was, change({DAILY: "100.5"}, currency="GBP"))
    assert (other is None) is (most != "0")
    unknown = one(rules, was, change({DAILY: "101"}, currency=None))
    assert (unknown is None) is (most is None and cap is None)
    assert unknown is None or (unknown.code, unknown.way) == ("currency-unknown", Way.ITSELF)
    assert one(rules, was, change({DAILY: "99"}, currency=None)) is None


def test_rises_of_one_update_count_together_and_are_told_on_each_path() -> None:
    rules = replace(FREE, max_increase=Decimal(100))
    both = change({DAILY: "160", MONTHLY: "60", NAME: "x"})
    found = Tally(rules, recent()).hits(both)
    assert {path: [hit.code for hit in hits] for path, hits in found.items()} == {
        DAILY: ["increase"],
        MONTHLY: ["increase"],
    }
    assert one(rules, recent(), change({DAILY: "160", MONTHLY: "40"})) is None


def test_a_tally_counts_what_goes_out() -> None:
    rules = replace(FREE, share=Decimal("0.2"), activations=2, max_increase=Decimal(100))
    tally = Tally(rules, recent(campaigns=10, activations=1, increases={"EUR": Decimal(30)}))
    first = change({STATUS: "active", DAILY: "150"})
    assert tally.hits(first) == {}
    tally.count(first)
    second = change({STATUS: "active", DAILY: "121"}, "b")
    found = tally.hits(second)
    assert {path: [hit.code for hit in hits] for path, hits in found.items()} == {
        STATUS: ["activations"],
        DAILY: ["increase"],
    }
    tally.count(change({NAME: "x"}, "b"))
    tally.count(change({DAILY: "20"}, new_id(7), is_create=True, remote={}))
    assert {hit.code for hits in tally.hits(second).values() for hit in hits} == {
        "activations",
        "increase",
    }
    assert [hit.code for hit in tally.hits(change({NAME: "x"}, "c"))[NAME]] == ["share"]
    assert tally.hits(change({NAME: "y"}, "b")) == {}
    assert [hit.code for hit in tally.hits(change({DAILY: "100.1"}))[DAILY]] == ["increase"]


def test_a_window_is_told_in_minutes() -> None:
    rules = replace(FREE, activations=0, window=5400.0)
    hit = one(rules, recent(), change({STATUS: "active"}))
    assert hit is not None
    assert "within 90 minutes" in hit.message


def test_the_owners_caps_count_an_hour_whatever_the_window_is() -> None:
    caps = {"*": Cap(activations=3, max_increase=Decimal(100))}
    rules = replace(FREE, activations=3, max_increase=Decimal(100), window=60.0, caps=caps)
    before = recent(hour_activations=3, hour_increases={"EUR": Decimal(90)})
    hit = one(rules, before, change({STATUS: "active"}))
    assert hit is not None
    assert (hit.code, hit.figures["started"]) == ("cap-activations", "4")
    assert "60 minutes" in hit.message
    hit = one(rules, before, change({DAILY: "120"}))
    assert hit is not None
    assert (hit.code, hit.figures["rise"]) == ("cap-increase", "110")
    hit = one(rules, recent(activations=3, hour_activations=0), change({STATUS: "active"}))
    assert hit is not None
    assert (hit.code, "1 minutes" in hit.message) == ("activations", True)


def test_a_campaign_that_is_made_is_no_share_of_those_that_are_there() -> None:
    tally = Tally(replace(FREE, share=Decimal("0.1")), recent(campaigns=10))
    tally.count(change({NAME: "x"}, new_id(7), is_create=True, remote={}))
    assert tally.hits(change({NAME: "x"})) == {}


def test_what_goes_out_counts_for_the_window_and_for_the_hour_of_the_caps() -> None:
    cap = Cap(activations=5, max_increase=Decimal(500))
    rules = replace(FREE, activations=5, max_increase=Decimal(500), window=600.0, caps={"*": cap})
    hour: dict[str, Any] = {"hour_activations": 4, "hour_increases": {"EUR": Decimal(450)}}
    tally = Tally(rules, recent(activations=2, increases={"EUR": Decimal(50)}, **hour))
    first = change({STATUS: "active", DAILY: "150"})
    assert tally.hits(first) == {}
    tally.count(first)
    found = [hit for hits in tally.hits(change({STATUS: "active", DAILY: "101"})).values()
             for hit in hits]  # fmt: skip
    assert [(hit.code, hit.way) for hit in found] == [
        ("cap-activations", Way.CAP),
        ("cap-increase", Way.CAP),
    ]
    assert all("within 60 minutes" in hit.message for hit in found)
    assert found[0].figures["started"] == "6"
    assert found[1].figures["rise"] == "501"
    none: dict[str, Any] = {"hour_activations": 0, "hour_increases": {}}
    busy = Tally(rules, recent(activations=5, increases={"EUR": Decimal(500)}, **none))
    codes = [hit.code for hits in busy.hits(first).values() for hit in hits]
    assert codes == ["activations", "increase"]
