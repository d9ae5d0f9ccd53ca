"""Which changes are planned as which call, in which order, and what is refused before anything is
sent."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from syncd.model.call import WriteCall, WriteItem
from syncd.model.listing import Evidence
from syncd.model.path import Guard, field_of
from syncd.providers.epom import capabilities, writes
from tests.providers.epom.network import REMOTE, item

Values = Mapping[str, str | None]

SET = {"price.amount": "2", "price.type": "CPC"}
COUNTRY = "price.country"


def steps(changes: Values, remote: Values) -> list[tuple[str, list[str]]]:
    """All calls of a change, each planned after what the one before put there."""
    left, shown, calls = dict(changes), dict(remote), []
    while left:
        plan = writes.plan([item(left, shown)])
        assert not plan.refused
        ((call,), (part,)) = plan.calls, plan.calls[0].items
        assert part.changes
        calls.append((call.operation, [*part.changes]))
        shown |= part.changes
        left = {path: it for path, it in left.items() if path not in part.changes}
    return calls


def test_the_base_price_comes_first_then_countries_then_their_end_then_actions() -> None:
    changes = {
        "price.action.ab12": "1",
        f"{COUNTRY}.FR": None,
        f"{COUNTRY}.UK": "2",
        "price.min_clicks": "1",
        'price.action."x y"': "3",
        f"{COUNTRY}.US": "3",
        "price.type": "CPA",
        f"{COUNTRY}.DE": None,
        f"{COUNTRY}.CA": "2",
        "price.amount": "2",
    }
    assert steps(changes, REMOTE) == [
        ("POST pricing", ["price.min_clicks", "price.type", "price.amount"]),
        ("POST pricing/country", [f"{COUNTRY}.UK", f"{COUNTRY}.CA"]),
        ("POST pricing/country", [f"{COUNTRY}.US"]),
        ("DELETE pricing/country", [f"{COUNTRY}.FR", f"{COUNTRY}.DE"]),
        ("POST actionPricing", ["price.action.ab12"]),
        ("POST actionPricing", ['price.action."x y"']),
    ]


@pytest.mark.parametrize(
    ("prices", "kind", "expected"),
    [
        (["1"], "CPM", [("POST pricing/country", 1)]),
        (["1", "1.0", "1"], "CPM", [("POST pricing/country", 3)]),
        (["1", "2"], "CPM", [("POST pricing/country", 1), ("POST pricing/country", 1)]),
        (["1", "2", "1"], "CPC", [("POST pricing/country", 2), ("POST pricing/country", 1)]),
        (["1", "2", "3"], "CPM", [("POST pricing/batch", 3)]),
        (["1", "2", "3", "1", "2"], "CPC", [("POST pricing/batch", 5)]),
        (
            ["1", "2", "3", "1"],
            "CPA",
            [
                ("POST pricing/country", 2),
                ("POST pricing/country", 1),
                ("POST pricing/country", 1),
            ],
        ),
    ],
)
def test_countries_travel_in_as_few_calls_as_their_prices_allow(
    prices: list[str], kind: str, expected: list[tuple[str, int]]
) -> None:
    codes = ["UK", "US", "CA", "DE", "FR"]
    changes = {f"{COUNTRY}.{code}": price for code, price in zip(codes, prices, strict=False)}
    found = steps(changes, REMOTE | {"price.type": kind})
    assert [(operation, len(paths)) for operation, paths in found] == expected


def test_a_file_comes_after_the_end_of_what_it_must_not_name() -> None:
    changes = {f"{COUNTRY}.US": "1", f"{COUNTRY}.FR": None, f"{COUNTRY}.UK": "2"}
    remote = REMOTE | {COUNTRY: "FR", f"{COUNTRY}.FR": "9"}
    assert steps(changes | {f"{COUNTRY}.CA": "3"}, remote) == [
        ("DELETE pricing/country", [f"{COUNTRY}.FR"]),
        ("POST pricing/batch", [f"{COUNTRY}.US", f"{COUNTRY}.UK", f"{COUNTRY}.CA"]),
    ]
    assert [operation for operation, _ in steps(changes, remote)] == [
        "POST pricing/country",
        "POST pricing/country",
        "DELETE pricing/country",
    ]


def test_no_file_goes_out_where_the_prices_that_it_may_replace_are_not_known() -> None:
    changes = {
        f"{COUNTRY}.{code}": price for code, price in zip(("US", "UK", "CA"), "123", strict=True)
    }
    remote = {path: it for path, it in REMOTE.items() if path != COUNTRY}
    assert [operation for operation, _ in steps(changes, remote)] == 3 * ["POST pricing/country"]


def test_the_end_of_all_pricing_travels_alone() -> None:
    changes = {f"{COUNTRY}.US": None, "price.amount": None}
    (call,) = writes.plan([item(changes)]).calls
    assert (call.operation, call.items[0].changes) == ("DELETE pricing", {"price.amount": None})


def test_a_first_price_brings_its_countries_behind_it() -> None:
    found = steps(SET | {f"{COUNTRY}.UK": "1"}, {"name": "x", "price.amount": None})
    assert [operation for operation, _ in found] == ["POST pricing", "POST pricing/country"]


def test_each_campaign_has_one_call_and_the_same_items_give_the_same_calls() -> None:
    items = [
        WriteItem(external_id=str(number), changes=changes, remote=REMOTE)
        for number, changes in enumerate(
            [{"price.amount": "3"}, {"price.amount": "-3"}, {f"{COUNTRY}.US": "3"}]
        )
    ]
    plan = writes.plan(items)
    assert [(call.operation, call.items[0].external_id) for call in plan.calls] == [
        ("POST pricing", "0"),
        ("POST pricing/country", "2"),
    ]
    assert set(plan.refused) == {"1"}
    assert plan == writes.plan(items)


NO_PRICE: Values = {"name": "x", "price.amount": None}
REFUSED: dict[str, tuple[Values, Values, str]] = {
    "a country without a pricing": ({f"{COUNTRY}.US": "1"}, NO_PRICE, "no_pricing"),
    "three countries without a pricing": (
        {f"{COUNTRY}.US": "1", f"{COUNTRY}.UK": "2", f"{COUNTRY}.CA": "3"},
        NO_PRICE,
        "no_pricing",
    ),
    "an action without a pricing": ({"price.action.a": "1"}, NO_PRICE, "no_pricing"),
    "nothing read, nothing set": ({f"{COUNTRY}.US": "1"}, {}, "no_pricing"),
    "an amount without a type": ({"price.amount": "1"}, NO_PRICE, "no_pricing"),
    "a type without an amount": ({"price.type": "CPM"}, NO_PRICE, "no_pricing"),
    "an amount, the type unknown": ({"price.amount": "1"}, {"price.amount": "2"}, "type_unknown"),
    "a shared revenue": (
        {"price.amount": "1"},
        REMOTE | {"native.paymentModel": "REVENUE_SHARE"},
        "other_model",
    ),
    "an action of CPM": ({"price.action.a": "1"}, REMOTE, "bad_type"),
    "an action, asked to be CPM": (
        {"price.action.a": "1", "price.type": "CPM"},
        REMOTE | {"price.type": "CPA"},
        "bad_type",
    ),
    "an action, the type unknown": ({"price.action.a": "1"}, {"price.amount": "2"}, "bad_type"),
    "the end and a price": ({"price.amount": None, f"{COUNTRY}.US": "1"}, REMOTE, "bad_value"),
    "UK and GB": ({f"{COUNTRY}.UK": "1", f"{COUNTRY}.GB": "1"}, REMOTE, "bad_value"),
    "the list of countries": ({COUNTRY: "US"}, REMOTE, "not_changeable"),
    "a name": ({"name": "x"}, REMOTE, "not_changeable"),
    "a delete": ({"deleted": "true"}, REMOTE, "not_changeable"),
    "no country at all": ({"price.country.": "1"}, REMOTE, "not_changeable"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_before_it_is_sent(what: str) -> None:
    changes, remote, code = REFUSED[what]
    plan = writes.plan([item(changes, remote)])
    assert plan.calls == ()
    assert plan.refused["17"].code == code
    if code == "no_pricing":
        said = plan.refused["17"].message
        assert said == "no pricing set: give price.amount and price.type too"


def test_a_create_is_refused() -> None:
    create = WriteItem(external_id="+1", changes=SET, remote={}, is_create=True)
    assert writes.plan([create]).refused["+1"].code == "not_offered"


CPA = REMOTE | {"price.type": "CPA"}
VALUES: dict[str, tuple[list[str], list[str | None]]] = {
    "price.amount": (
        ["0", "0.000001", "12345678.123456"],
        ["-1", "1.0000001", "1e3", "1,5", "", "unlimited", "NaN", "12345678901.123456"],
    ),
    "price.type": (["CPM", "CPC", "CPA"], ["cpm", "CPV", "", None]),
    "price.estimated_ctr": (
        ["0.00000001", "1", "150"],
        ["0", "0.0", "-0.1", "0.000000001", "1e-3", "x", None],
    ),
    "price.estimated_conversion_rate": (["0", "0.5"], ["-0.1", "x", "", "1.", None]),
    "price.burn_up_period": (["0", "2147483647"], ["-1", "2147483648", "1.5", "x", None]),
    "price.start_up_period": (["0", "2147483647"], ["-1", "2147483648", "٣", None]),
    "price.min_conversions": (["0", str(2**63 - 1)], ["-1", str(2**63), "1.5", None]),
    "price.min_clicks": (["0", str(2**63 - 1)], ["-1", str(2**63), "9" * 20, None]),
    "price.country.UK": (["0", "2.5"], ["-1", "unlimited", "0.0000001"]),
    "price.action.ab12": (["0", "2.5"], ["-1", "unlimited", None]),
}


@pytest.mark.parametrize("path", VALUES)
def test_every_range_is_checked_before_sending(path: str) -> None:
    good, bad = VALUES[path]
    for value in good:
        assert not writes.plan([item({path: value}, CPA)]).refused, value
    for wrong in bad:
        (verdict,) = writes.plan([item({path: wrong}, CPA)]).refused.values()
        assert verdict.code == "bad_value", wrong
        assert (verdict.message or "").startswith(f"{path}: ")


@pytest.mark.parametrize(
    "path",
    [
        "price.country.us",
        "price.country.USA",
        "price.country.*",
        'price.country."US, CA"',
        'price.country."U,S"',
        "price.country.ÄÖ",
        f"price.action.{'a' * 256}",
        'price.action."a\nb"',
    ],
)
@pytest.mark.parametrize("value", ["1", None])
def test_a_key_that_would_say_something_else_is_refused(path: str, value: str | None) -> None:
    assert writes.plan([item({path: value}, CPA)]).refused["17"].code == "bad_value"


def test_what_the_account_can_do() -> None:
    listed = capabilities("documented", {"advertisers": ("7", "8")})
    by_ids = capabilities("current", {"ids": ("17",)})
    free = capabilities("documented", {})
    assert (listed.parts, listed.ids, listed.gone) == (frozenset({"7", "8"}), None, Evidence.PERSON)
    assert (by_ids.parts, by_ids.ids, by_ids.gone) == (None, frozenset({"17"}), Evidence.NEVER)
    assert (free.parts, free.ids, free.gone) == (None, None, Evidence.PERSON)
    assert (by_ids.dialect, by_ids.read_batch, by_ids.creates) == ("current", 20, False)
    assert free.reads_back
    assert free.writes == {
        "POST pricing",
        "POST pricing/country",
        "POST pricing/batch",
        "POST actionPricing",
        "DELETE pricing/country",
        "DELETE pricing",
    }


def test_the_fields_say_which_call_changes_them_and_what_null_does() -> None:
    fields = capabilities("documented", {}).fields
    calls = {one.path: one.call for one in fields if one.changeable}
    assert calls == {
        "price.amount": "POST pricing",
        "price.type": "POST pricing",
        "price.estimated_ctr": "POST pricing",
        "price.estimated_conversion_rate": "POST pricing",
        "price.burn_up_period": "POST pricing",
        "price.start_up_period": "POST pricing",
        "price.min_conversions": "POST pricing",
        "price.min_clicks": "POST pricing",
        "price.country.*": "POST pricing/country",
        "price.action.*": "POST actionPricing",
    }
    listed = field_of(fields, COUNTRY)
    assert listed is not None
    assert (listed.path, listed.readable, listed.changeable) == (COUNTRY, True, False)
    amount, country = (field_of(fields, path) for path in ("price.amount", "price.country.UK"))
    assert amount is not None
    assert country is not None
    assert (amount.guarded(None), amount.guarded("1")) == (Guard.DISABLE, None)
    assert (country.nullable, country.guarded(None)) == (True, None)
    assert {one.path for one in fields if one.above_least} == {"price.estimated_ctr"}
    assert {one.path for one in fields if one.nullable} == {"price.amount", "price.country.*"}


def test_a_call_of_several_countries_knows_that_it_is_one() -> None:
    several = item({f"{COUNTRY}.US": "1", f"{COUNTRY}.UK": "1"})
    assert writes.is_of_many(WriteCall(operation=writes.COUNTRIES, items=(several,)))
    assert not writes.is_of_many(
        WriteCall(operation=writes.COUNTRIES, items=(item({f"{COUNTRY}.US": "1"}),))
    )
    assert not writes.is_of_many(WriteCall(operation=writes.UPDATE, items=(item(SET),)))
