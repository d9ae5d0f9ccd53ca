"""What a single amount may become: each rule just below, at and just above its figure, beside what
stands there now, under the file's bounds and the owner's caps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from syncd.model.guard import Bounds, Cap, Change, Hit, Rules, Way
from syncd.model.item_rules import item_hits
from tests.model.queued import DAILY, FIELDS, MONTHLY, NAME, NOW, STATUS, money


def rules(**figures: str | Mapping[str, Bounds]) -> Rules:
    """Rules for all money: `cap_amount` and `cap_factor` are the owner's."""
    paths: Any = figures.pop("paths", {})
    found = {name: money(str(text)) for name, text in figures.items()}
    cap = Cap(max_amount=found.pop("cap_amount", None), max_factor=found.pop("cap_factor", None))
    return Rules(fields=FIELDS, bounds=Bounds(**found), caps={"*": cap}, paths=paths)  # type: ignore[arg-type]


def hits(
    held: Rules,
    changes: Mapping[str, str | None],
    remote: Mapping[str, str | None],
    currency: str | None = "EUR",
) -> dict[str, tuple[Hit, ...]]:
    change = Change(external_id="a", changes=changes, remote=remote, currency=currency)
    return item_hits(held, change, NOW)


def codes(held: Rules, path: str, before: str | None, wanted: str | None) -> str:
    """The codes that this change of a path meets, with a word for each way out."""
    found = hits(held, {path: wanted}, {path: before}).get(path, ())
    return ", ".join(f"{hit.code} {hit.way.value}" for hit in found)


LEVEL = {"native.level": Bounds(max_factor=money("2"), max_amount=money("10"), floor=money("-1"))}
FLOOR = {DAILY: Bounds(floor=money("5"))}
FACTOR, AMOUNT = "factor approve", "amount approve"


@pytest.mark.parametrize(
    ("held", "before", "wanted", "expected"),
    [
        # No factor without a number before; from zero every rise is one without end.
        (rules(max_factor="2"), "100", "199.999999", ""),
        (rules(max_factor="2"), "100", "200", ""),
        (rules(max_factor="2"), "100", "200.000001", FACTOR),
        (rules(max_factor="2"), "100", "100", ""),
        (rules(max_factor="2"), "100", "0", ""),
        (rules(max_factor="2"), "0.1", "0.2", ""),
        (rules(max_factor="2"), "0.1", "0.21", FACTOR),
        (rules(max_factor="3"), "0.1", "0.3", ""),
        (rules(max_factor="1"), "100", "100.000001", FACTOR),
        (rules(max_factor="1"), "100", "100", ""),
        (rules(max_factor="0.5"), "100", "60", ""),
        (rules(max_factor="0.5"), "100", "101", FACTOR),
        (rules(max_factor="2"), "0", "0.01", FACTOR),
        (rules(max_factor="2"), "0", "0", ""),
        (rules(max_factor="2"), None, "99999", ""),
        (rules(max_factor="2"), "unlimited", "99999", ""),
        (rules(max_factor="2"), "49999999999999", "99999999999999", FACTOR),
        (rules(max_factor="2"), "0.000001", "99999999999999", FACTOR),
        (rules(max_amount="1000"), "900", "999.999999", ""),
        (rules(max_amount="1000"), "900", "1000", ""),
        (rules(max_amount="1000"), "900", "1000.000001", AMOUNT),
        (rules(max_amount="1000"), None, "1000.000001", AMOUNT),
        (rules(max_amount="1000"), "unlimited", "1001", AMOUNT),
        (rules(max_amount="1000"), "0", "1000", ""),
        (rules(max_amount="1000"), "5000", "2000", AMOUNT),
        (rules(max_amount="0"), "0", "0", ""),
        (rules(max_amount="0"), "0", "0.000001", AMOUNT),
        (rules(paths=FLOOR), "100", "5.000001", ""),
        (rules(paths=FLOOR), "100", "5", ""),
        (rules(paths=FLOOR), "100", "4.999999", "floor approve"),
        (rules(paths=FLOOR), None, "0", "floor approve"),
        (rules(paths=FLOOR), "unlimited", "4", "floor approve"),
        # Each rule for itself, and all that are met.
        (rules(max_factor="2", max_amount="1000"), "100", "1001", f"{AMOUNT}, {FACTOR}"),
        (rules(max_factor="2", max_amount="1000"), "600", "1001", AMOUNT),
        (rules(max_factor="2", max_amount="1000"), "100", "201", FACTOR),
        (rules(max_factor="2", paths=FLOOR), "1", "4", f"floor approve, {FACTOR}"),
        # The owner's caps: the lower figure rules, and nobody lets anything past the owner's.
        (rules(cap_amount="1000"), "900", "1000", ""),
        (rules(cap_amount="1000"), "900", "1000.000001", "cap-amount cap"),
        (rules(cap_amount="1000", max_amount="500"), "400", "500", ""),
        (rules(cap_amount="1000", max_amount="500"), "400", "501", AMOUNT),
        (rules(cap_amount="1000", max_amount="500"), "400", "1000", AMOUNT),
        (rules(cap_amount="1000", max_amount="500"), "400", "1001", "cap-amount cap"),
        (rules(cap_amount="500", max_amount="1000"), "400", "501", "cap-amount cap"),
        (rules(cap_amount="500", max_amount="1000"), "400", "500", ""),
        (rules(cap_factor="2"), "100", "200", ""),
        (rules(cap_factor="2"), "100", "200.000001", "cap-factor cap"),
        (rules(cap_factor="2"), "0", "1", "cap-factor cap"),
        (rules(cap_factor="2"), None, "1", ""),
        (rules(cap_factor="3", max_factor="2"), "100", "300", FACTOR),
        (rules(cap_factor="3", max_factor="2"), "100", "301", "cap-factor cap"),
        (rules(cap_factor="2", max_factor="3"), "100", "250", "cap-factor cap"),
        (rules(cap_factor="2", max_factor="3"), "100", "200", ""),
        # No limit at all is more than any figure.
        (rules(), "100", "unlimited", "unlimited approve"),
        (rules(), None, "unlimited", "unlimited approve"),
        (rules(), "0", "unlimited", "unlimited approve"),
        (rules(max_amount="1000", max_factor="2"), "100", "unlimited", "unlimited approve"),
        (rules(cap_factor="2"), "100", "unlimited", "cap-factor cap"),
        (rules(cap_factor="2"), "0", "unlimited", "cap-factor cap"),
        (rules(cap_factor="2"), None, "unlimited", "unlimited approve"),
        (rules(cap_factor="2", cap_amount="1000"), "100", "unlimited", "cap-amount cap"),
        (rules(cap_amount="1000"), "100", "unlimited", "cap-amount cap"),
        # What no figure can be set against does not slip through.
        (rules(), "100", "NaN", "amount retry"),
        (rules(), "100", "sNaN", "amount retry"),
        (rules(max_amount="1000"), "100", "Infinity", "amount retry"),
        (rules(max_amount="1000"), "100", "-Infinity", "amount retry"),
        (rules(max_amount="1000"), "100", "1,000", "amount retry"),
        (rules(max_amount="1000"), "100", "12,50", "amount retry"),
        (rules(max_amount="1000"), "100", "", "amount retry"),
        (rules(max_amount="1000"), "100", "Unlimited", "amount retry"),
        (rules(max_amount="1000"), "100", "-0.01", "amount retry"),
        (rules(max_amount="1000"), "100", "-0", "amount retry"),
        (rules(max_amount="1000", max_factor="2"), "1", "1e400", "amount retry"),
        (rules(), "1", "1e1", "amount retry"),
        (rules(), "1", "0.30000000000000004", "amount retry"),
        (rules(), "1", "1000000000000000000", "amount retry"),
        (rules(max_factor="2"), "NaN", "5", ""),
        (rules(max_amount="1000"), "100", None, ""),
    ],
)
def test_an_amount_beside_its_figure(
    held: Rules, before: str | None, wanted: str | None, expected: str
) -> None:
    assert codes(held, DAILY, before, wanted) == expected


@pytest.mark.parametrize(
    ("path", "before", "wanted", "expected"),
    [
        # Bounds and caps for all are about money; a number has those of its own path.
        ("native.level", "1", "9", FACTOR),
        ("native.level", "1", "11", f"{AMOUNT}, {FACTOR}"),
        ("native.level", "9", "10", ""),
        ("native.level", "0", "-1", ""),
        ("native.level", "0", "-1.1", "floor approve"),
        ("native.level", "0", "NaN", "amount retry"),
        ("native.clicks", "1", "9999", ""),
        ("native.clicks", "1", "many", "amount retry"),
        ("price.country.UK", "1", "2.01", FACTOR),
        ("price.country.UK", "1", "101", "amount approve, factor approve"),
        ("price.country.UK", "1", None, ""),
        ("native.level", "0", "Infinity", "amount retry"),
        ("native.level", "9", "1e1", ""),
        (NAME, "1", "9999", ""),
        (NAME, "1", "unlimited", ""),
        (STATUS, "active", "paused", ""),
        ("unknown.path", "1", "9999", ""),
        ("unknown.path", "1", "unlimited", ""),
    ],
)
def test_bounds_are_about_money_and_about_paths_that_are_named(
    path: str, before: str, wanted: str | None, expected: str
) -> None:
    held = rules(max_factor="2", max_amount="100", paths=LEVEL)
    assert codes(held, path, before, wanted) == expected
    capped = rules(cap_amount="100", cap_factor="2", paths=LEVEL)
    as_capped = expected.replace("approve", "cap").replace("amount cap", "cap-amount cap")
    as_capped = as_capped.replace("factor cap", "cap-factor cap")
    assert codes(capped, path, before, wanted) == (
        expected if path.startswith("native.") else as_capped
    )


@pytest.mark.parametrize(
    ("changes", "is_held"),
    [
        ({DAILY: "unlimited"}, True),
        ({DAILY: "unlimited", MONTHLY: "3000"}, False),
        ({DAILY: "unlimited", MONTHLY: "0"}, False),
        ({DAILY: "unlimited", MONTHLY: "unlimited"}, True),
        ({DAILY: "unlimited", MONTHLY: None}, True),
        ({DAILY: "unlimited", MONTHLY: "NaN"}, True),
        ({DAILY: "unlimited", "price.country.UK": "1"}, True),
        ({DAILY: "unlimited", NAME: "12"}, True),
    ],
)
@pytest.mark.parametrize("cap", [None, "5000"])
def test_a_limit_may_go_where_the_same_write_sets_another(
    *, changes: Mapping[str, str | None], is_held: bool, cap: str | None
) -> None:
    held = rules() if cap is None else rules(cap_amount=cap)
    found = hits(held, changes, {DAILY: "100", MONTHLY: "unlimited"})
    assert [hit.code for hit in found.get(DAILY, ())] == (
        [] if not is_held else ["unlimited" if cap is None else "cap-amount"]
    )


@pytest.mark.parametrize("cap", [None, "5000"])
def test_one_of_two_limits_side_by_side_does_not_stand_for_the_other(*, cap: str | None) -> None:
    held = rules() if cap is None else rules(cap_amount=cap)
    found = hits(held, {DAILY: "101", MONTHLY: "unlimited"}, {DAILY: "100", MONTHLY: "3000"})
    assert [hit.code for hit in found.get(MONTHLY, ())] == [
        "unlimited" if cap is None else "cap-amount"
    ]
    assert DAILY not in found


@pytest.mark.parametrize(
    ("before", "expected"),
    [("100", "cap-increase"), ("unlimited", "unlimited"), (None, "unlimited")],
)
def test_no_limit_rises_by_more_than_the_owner_allows(before: str | None, expected: str) -> None:
    held = Rules(fields=FIELDS, caps={"*": Cap(max_increase=money("50"))})
    (hit,) = hits(held, {DAILY: "unlimited"}, {DAILY: before})[DAILY]
    assert hit.code == expected


@pytest.mark.parametrize(
    ("held", "wanted", "expected"),
    [
        (rules(max_amount="1000"), "1", ["currency-unknown"]),
        (rules(cap_amount="1000"), "1", ["currency-unknown"]),
        (rules(max_amount="1000"), "1001", ["currency-unknown", "amount"]),
        (rules(max_factor="2"), "200", []),
        (rules(paths=FLOOR), "200", []),
        (rules(), "200", []),
    ],
)
def test_an_amount_is_capped_in_a_currency(held: Rules, wanted: str, expected: list[str]) -> None:
    found = hits(held, {DAILY: wanted}, {DAILY: "100"}, None).get(DAILY, ())
    assert [hit.code for hit in found] == expected
    if expected:
        assert found[0].way is Way.ITSELF
    known = hits(held, {DAILY: wanted}, {DAILY: "100"}, "EUR").get(DAILY, ())
    assert [hit.code for hit in known] == expected[1:]
    number = {"native.level": Bounds(max_amount=money("10"))}
    assert hits(rules(paths=number), {"native.level": "9"}, {}, None) == {}


@pytest.mark.parametrize(
    ("held", "before", "wanted", "figures", "words"),
    [
        (rules(max_factor="2"), "100", "350",
         {"from": "100", "to": "350", "allowed": "2"}, "3.50 times"),
        (rules(max_factor="2"), "0", "350",
         {"from": "0", "to": "350", "allowed": "2"}, "infinitely"),
        (rules(cap_factor="1.5"), "100", "350",
         {"from": "100", "to": "350", "allowed": "1.5"}, "1.5 times"),
        (rules(max_amount="300"), "100", "350", {"to": "350", "allowed": "300"}, "350 is above"),
        (rules(cap_amount="300"), "100", "350", {"to": "350", "allowed": "300"}, "350 is above"),
        (rules(cap_amount="300"), "9", "unlimited",
         {"to": "unlimited", "allowed": "300"}, "unlimited is above"),
        (rules(paths=FLOOR), "100", "1", {"to": "1", "allowed": "5"}, "floor of 5"),
        (rules(), "100", "unlimited", {"from": "100", "to": "unlimited"}, "it is 100 now"),
        (rules(), None, "unlimited", {"from": "null", "to": "unlimited"}, "it is null now"),
        (rules(), "100", "12,50", {"to": "12,50"}, '"12,50" is ambiguous'),
    ],
)  # fmt: skip
def test_a_hit_says_its_figures(
    held: Rules, before: str | None, wanted: str, figures: Mapping[str, str], words: str
) -> None:
    (hit,) = hits(held, {DAILY: wanted}, {DAILY: before})[DAILY]
    assert hit.figures == figures
    assert words in hit.message
    assert DAILY in hit.message


@pytest.mark.parametrize(
    ("path", "before", "wanted", "expected"),
    [
        ("native.level", "4", "10", ""),
        ("native.level", "4", "10.1", "cap-amount cap"),
        ("native.level", "1", "3.1", "cap-factor cap"),
        ("native.clicks", None, "11", "cap-amount cap"),
        (NAME, "old", "10", ""),
        (NAME, "old", "11", "cap-amount cap"),
        (NAME, "3", "9.1", "cap-factor cap"),
        (NAME, "old", "new", "cap-amount cap"),
        (NAME, "old", "unlimited", "cap-amount cap"),
        (NAME, "old", None, ""),
    ],
)
def test_a_cap_that_names_what_is_no_amount_is_met_before_the_database_refuses_it(
    path: str, before: str | None, wanted: str | None, expected: str
) -> None:
    named = Cap(max_amount=money("10"), max_factor=money("3"))
    assert codes(Rules(fields=FIELDS, caps={path: named}), path, before, wanted) == expected
    for wide in ("*", f"{path.rpartition('.')[0]}.*"):
        assert codes(Rules(fields=FIELDS, caps={wide: named}), path, before, wanted) == ""


def made(changes: Mapping[str, str | None], *, cap: str | None = None) -> list[tuple[str, str]]:
    """The codes that a create with these values meets, with the way out of each."""
    fields = tuple(replace(one, creatable=one.path in {NAME, DAILY}) for one in FIELDS)
    caps = {DAILY: Cap(max_amount=None if cap is None else money(cap))}
    new = Change(external_id="+1", changes=changes, remote={}, currency="EUR", is_create=True)
    found = item_hits(Rules(fields=fields, caps=caps), new, NOW)
    return [(hit.code, hit.way.value) for hits in found.values() for hit in hits]


def test_a_campaign_that_is_made_without_a_budget_has_no_limit() -> None:
    assert made({NAME: "x"}) == [("unlimited", "approve")]
    assert made({NAME: "x", DAILY: "unlimited"}) == [("unlimited", "approve")]
    assert made({NAME: "x", DAILY: "5"}) == []
    assert made({NAME: "x"}, cap="10") == [("cap-amount", "cap")]
    assert made({NAME: "x", DAILY: "5"}, cap="10") == []


def test_where_no_budget_can_be_given_none_is_missed() -> None:
    new = Change(external_id="+1", changes={NAME: "x"}, remote={}, is_create=True)
    assert item_hits(Rules(fields=FIELDS, caps={"*": Cap(max_amount=money("1"))}), new, NOW) == {}
