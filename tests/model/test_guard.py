"""What may leave at all: guarded changes, and accounts that are set to another dialect."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import pytest

from syncd.model.guard import Bounds, Change, Hit, Recent, Rules, mismatch
from syncd.model.item_rules import item_hits
from syncd.model.path import Field, Guard, Kind

FIELDS = (
    Field(path="name", kind=Kind.TEXT, changeable=True),
    Field(path="status", kind=Kind.STATUS, changeable=True, guard=Guard.START),
    Field(
        path="price.amount", kind=Kind.AMOUNT, changeable=True, nullable=True, guard=Guard.DISABLE
    ),
    Field(path="price.country.*", kind=Kind.AMOUNT, changeable=True, nullable=True),
    Field(path="deleted", kind=Kind.FLAG, changeable=True, guard=Guard.DELETE),
)


NOW = Recent(now=dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC))


def only(rules: Rules, changes: Mapping[str, str | None]) -> Hit | None:
    """The one hit of these changes, None where there is none."""
    found = item_hits(rules, Change(external_id="a", changes=changes, remote={}), NOW)
    hits = [hit for group in found.values() for hit in group]
    assert len(hits) <= 1
    return hits[0] if hits else None


@pytest.mark.parametrize(
    ("path", "value", "guard"),
    [
        ("name", "x", None),
        ("status", "active", Guard.START),
        ("status", "paused", None),
        ("price.amount", None, Guard.DISABLE),
        ("price.amount", "2", None),
        ("price.country.UK", None, None),
        ("deleted", "true", Guard.DELETE),
    ],
)
def test_a_guarded_change_needs_its_own_leave(
    path: str, value: str | None, guard: Guard | None
) -> None:
    hit = only(Rules(fields=FIELDS), {path: value})
    assert (hit.code if hit else None) == (f"guard-{guard}" if guard else None)
    if guard is not None:
        assert hit is not None
        assert f"guard.{guard}" in hit.message
        assert only(Rules(fields=FIELDS, free=frozenset({guard})), {path: value}) is None
        others = frozenset(Guard) - {guard}
        assert only(Rules(fields=FIELDS, free=others), {path: value}) is not None


def test_one_guarded_change_among_others_is_enough() -> None:
    assert only(Rules(fields=FIELDS), {"name": "x", "status": "active"}) is not None


def test_another_dialect_than_the_configured_is_told_with_its_line() -> None:
    hit = mismatch("documented", "current")
    assert hit is not None
    assert hit.code == "dialect_mismatch"
    assert 'dialect = "current"' in hit.message
    assert mismatch("current", "current") is None
    assert mismatch("current", None) is None


def test_the_rules_of_a_path_itself_come_before_those_of_a_stem_that_is_as_long() -> None:
    own, wide = Bounds(max_factor=Decimal(3)), Bounds(max_factor=Decimal(5), floor=Decimal(1))
    both = {"price.action.*": wide, "price.action.a": own}
    for paths in (both, dict(reversed(both.items()))):
        found = Rules(fields=FIELDS, paths=paths).bounds_of("price.action.a")
        assert (found.max_factor, found.floor) == (Decimal(3), Decimal(1))
