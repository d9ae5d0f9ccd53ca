"""A campaign's values and its two digests: what people set, and any byte."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from syncd.model.campaign import Campaign, Status, StatusSeen, seen_digest

SHOP = Campaign(
    external_id="1",
    name="Shop",
    raw=b'{"id": 1}',
    status=Status.ACTIVE,
    status_seen=StatusSeen.ACTIVE,
    goal="Retention",
    currency="EUR",
    part="10",
    budgets={"daily": Decimal("120.50"), "lifetime": "unlimited"},
    native={"goal": "Retention", "empty": None},
)


def test_values_hold_every_readable_path_as_text() -> None:
    assert SHOP.values == {
        "name": "Shop",
        "status": "active",
        "budget.daily": "120.5",
        "budget.lifetime": "unlimited",
        "native.goal": "Retention",
        "native.empty": None,
    }


def test_a_provider_without_a_status_shows_no_status() -> None:
    assert "status" not in replace(SHOP, status=Status.NONE).values


@pytest.mark.parametrize(
    "moved",
    [
        replace(SHOP, raw=b'{"id":1}'),
        replace(SHOP, raw=b"other", status_seen=StatusSeen.LIMITED, status_raw="capped"),
        replace(SHOP, raw=b"other", part="11", kind="other", is_default=True),
    ],
)
def test_a_campaign_moved_when_only_its_bytes_or_what_it_does_differ(moved: Campaign) -> None:
    assert moved.raw_digest != SHOP.raw_digest
    assert moved.fingerprint == SHOP.fingerprint


@pytest.mark.parametrize(
    "changed",
    [
        replace(SHOP, name="Shop 2"),
        replace(SHOP, status=Status.PAUSED),
        replace(SHOP, goal="Traffic"),
        replace(SHOP, currency="USD"),
        replace(SHOP, currency=None),
        replace(SHOP, budgets={"daily": Decimal("120.51"), "lifetime": "unlimited"}),
        replace(SHOP, budgets={"daily": "unlimited", "lifetime": "unlimited"}),
        replace(SHOP, budgets={"monthly": Decimal("120.50"), "lifetime": "unlimited"}),
        replace(SHOP, native={"goal": "Retention", "empty": ""}),
    ],
)
def test_a_campaign_changed_when_something_that_people_set_differs(changed: Campaign) -> None:
    assert changed.fingerprint != SHOP.fingerprint


def test_the_same_amount_in_another_spelling_is_no_change() -> None:
    other = replace(SHOP, budgets={"lifetime": "unlimited", "daily": Decimal("120.500")})
    assert other.fingerprint == SHOP.fingerprint


def test_names_in_every_script_have_digests() -> None:
    for name in ("Żółć", "広告", "🛒", "a\u202eb", "\u200b"):
        assert len(replace(SHOP, name=name).fingerprint) == 32


def test_ids_are_remembered_in_eight_bytes() -> None:
    digests = {seen_digest(str(number)) for number in range(10_000)}
    assert len(digests) == 10_000
    assert all(0 <= digest < 2**64 for digest in digests)
