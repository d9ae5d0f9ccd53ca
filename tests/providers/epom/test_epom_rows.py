"""One pricing becomes a campaign's values: every shape that Epom may give it, and what is no
pricing."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from syncd.model.campaign import Campaign
from syncd.providers.epom import rows
from syncd.providers.epom.rows import Listed
from syncd.providers.fields import RowError
from tests.providers.epom.network import PRICING, SHOWN, encoded

ONE = Listed(external_id="17", name="Spring")


def read(document: Any, one: Listed = ONE) -> Campaign:
    content = document if isinstance(document, bytes) else encoded(document)
    return rows.campaign(one, content, None)


def prices(**pricing: Any) -> dict[str, str | None]:
    values = read({"paymentModel": "FIXED_PRICE"} | pricing).values
    return {path: value for path, value in values.items() if path.startswith("price.")}


COUNTRIES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "records": (
        {"countries": [{"country": "US", "price": 2.0}, {"country": "UK", "price": 0.025}]},
        {"US": "2", "UK": "0.025"},
    ),
    "records with another name": (
        {"countries": [{"countryCode": "US", "price": 2.0, "enabled": True}]},
        {"US": "2"},
    ),
    "pairs": ({"countryPricing": [{"US": 2.0}, {"UK": 2.5}]}, {"US": "2", "UK": "2.5"}),
    "one object": ({"countryPrices": {"US": 2.0, "UK": 2.5}}, {"US": "2", "UK": "2.5"}),
    "one object under another name": ({"countries": {"US": 2}}, {"US": "2"}),
    "the same in two shapes": (
        {"countries": [{"country": "US", "price": 2.0}], "countryPricing": [{"US": 2}]},
        {"US": "2"},
    ),
    "a disabled one": ({"countries": {"US": None, "CA": 1}}, {"CA": "1"}),
    "a disabled record": ({"countries": [{"country": "US", "price": None}]}, {}),
    "a full name": ({"countries": {"United States": 1}}, {'"United States"': "1"}),
    "none": ({"countries": []}, {}),
    "GB, which the documents call UK": ({"countries": {"GB": 3}}, {"GB": "3", "UK": "3"}),
    "UK alone": ({"countries": {"UK": 3}}, {"UK": "3"}),
    "GB and UK": ({"countries": {"GB": 3, "UK": 4}}, {"GB": "3", "UK": "4"}),
}


@pytest.mark.parametrize("what", COUNTRIES)
def test_country_prices_come_in_three_shapes(what: str) -> None:
    pricing, expected = COUNTRIES[what]
    found = prices(**pricing)
    del found["price.country"]
    assert found == {f"price.country.{code}": it for code, it in expected.items()}


LISTS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "codes in order": ({"countries": {"US": 1, "CA": 2, "UK": 3}}, {"price.country": "CA, UK, US"}),
    "none": ({"countries": []}, {"price.country": ""}),
    "none in an object": ({"countryPrices": {}}, {"price.country": ""}),
    "disabled ones": ({"countryPricing": [{"US": None}, {"CA": 1}]}, {"price.country": "CA"}),
    "as Epom spells it": ({"countries": {"GB": 3}}, {"price.country": "GB"}),
    "no list": ({"price": 1}, {}),
    "null": ({"countries": None}, {}),
}


@pytest.mark.parametrize("what", LISTS)
def test_the_countries_are_told_where_a_list_of_them_stands(what: str) -> None:
    pricing, expected = LISTS[what]
    found = prices(**pricing)
    assert {path: it for path, it in found.items() if path == "price.country"} == expected


ACTIONS: dict[str, tuple[Any, dict[str, str], dict[str, dict[str, str]]]] = {
    "key and name": (
        [{"name": "install", "key": "ab12", "price": 1.5}],
        {"ab12": "1.5"},
        {"ab12": {"actionKey": "ab12", "actionName": "install"}},
    ),
    "the request's names": (
        [{"actionName": "install", "actionKey": "ab12", "price": 1.5}],
        {"ab12": "1.5"},
        {"ab12": {"actionKey": "ab12", "actionName": "install"}},
    ),
    "a name alone": (
        [{"name": "Über.install", "price": 1.5}],
        {'"Über.install"': "1.5"},
        {"Über.install": {"actionName": "Über.install"}},
    ),
    "a number as key": (
        [{"key": 12, "price": 1.5}],
        {"12": "1.5"},
        {"12": {"actionKey": "12"}},
    ),
    "pairs": ({"ab12": 1.5}, {"ab12": "1.5"}, {"ab12": {"actionKey": "ab12"}}),
    "without a price": (
        [{"name": "install", "key": "ab12"}],
        {},
        {"ab12": {"actionKey": "ab12", "actionName": "install"}},
    ),
}


@pytest.mark.parametrize("what", ACTIONS)
def test_action_prices_are_kept_by_key_and_tell_how_to_name_the_action(what: str) -> None:
    actions, expected, names = ACTIONS[what]
    values = read({"paymentModel": "FIXED_PRICE", "actions": actions}).values
    assert {path: it for path, it in values.items() if path.startswith("price.")} == {
        f"price.action.{key}": price for key, price in expected.items()
    }
    assert json.loads(values["native.actions"] or "") == names


@pytest.mark.parametrize("key", ["paymentModel", "pricingType"])
def test_one_word_of_a_pricing_is_enough_for_one(key: str) -> None:
    assert read({"id": 501, key: None}).values == {"name": "Spring"}


def test_a_price_of_null_and_no_pricing_at_all_are_null() -> None:
    assert read({"price": None}).values == {"name": "Spring", "price.amount": None}
    assert rows.campaign(ONE, None, None).values == {
        "name": "Spring",
        "price.amount": None,
        "price.country": "",
    }


def test_unknown_keys_stay_in_the_raw_row_alone() -> None:
    document = copy.deepcopy(PRICING) | {"floor": {"a": [1]}, "currency": "USD"}
    campaign = read(document)
    assert campaign.values == {"name": "Spring", **SHOWN}
    assert campaign.raw == b'{"campaign":null,"pricing":' + encoded(document) + b"}"


@pytest.mark.parametrize("kind", ["FLAT", "cpm", ""])
def test_an_unknown_type_is_kept_raw_and_never_guessed(kind: str) -> None:
    values = read({"price": 1, "pricingType": kind}).values
    assert values == {"name": "Spring", "price.amount": "1", "native.pricingType": kind}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0.1", "0.1"),
        ("2", "2"),
        ("0.30000000000000004", "0.3"),
        ("19.989999", "19.989999"),
        ("1E-6", "0.000001"),
        ("1.5E2", "150"),
        ("99999999999999.123456", "99999999999999.123456"),
        ("-0.0", "0"),
    ],
)
def test_doubles_become_exact_decimals(written: str, expected: str) -> None:
    document = f'{{"price": {written}, "countries": {{"US": {written}}}}}'.encode()
    assert {path: it for path, it in read(document).values.items() if path != "name"} == {
        "price.country": "US",
        "price.amount": expected,
        "price.country.US": expected,
    }


def test_figures_may_come_as_texts() -> None:
    def as_text(value: Any) -> Any:
        if isinstance(value, list):
            return [as_text(one) for one in value]
        if isinstance(value, dict):
            return {key: as_text(one) for key, one in value.items()}
        return value if isinstance(value, str) else str(value)

    assert read(as_text(PRICING)).values == {"name": "Spring", **SHOWN}
    assert prices(price="1.5E-1", countryPricing=[{"US": "0.30000000000000004"}]) == {
        "price.amount": "0.15",
        "price.country": "US",
        "price.country.US": "0.3",
    }


def test_estimates_and_counts_are_read_as_they_are() -> None:
    assert prices(
        estimatedCtr=0.00000012,
        estimatedConversionRate=1e-05,
        burnUpPeriod=3.0,
        minClicks=2**62,
        startUpPeriod=None,
    ) == {
        "price.estimated_ctr": "0.00000012",
        "price.estimated_conversion_rate": "0.00001",
        "price.burn_up_period": "3",
        "price.min_clicks": str(2**62),
    }


BROKEN: dict[str, Any] = {
    "nothing of a price": {},
    "a yes": {"success": True},
    "a pricing within": {"success": True, "pricing": PRICING},
    "countries alone": {"countries": {"US": 2}},
    "an id and a rate": {"id": 501, "campaignId": 17, "estimatedCtr": 0.01, "amount": 1.25},
    "a list": [PRICING],
    "null": b"null",
    "a text": b'"x"',
    "words as price": {"price": "1,25"},
    "no price as text": {"price": ""},
    "a text that is no number": {"price": "NaN"},
    "a negative text": {"price": "-1"},
    "another alphabet's figures": {"price": "\u0661"},
    "a huge text": {"price": "1e99"},
    "a negative price": {"price": -1},
    "a huge price": {"price": 10**14},
    "NaN": b'{"price": NaN}',
    "a huge exponent": b'{"price": 1e999}',
    "true as price": {"price": True},
    "a key twice": b'{"price": 1, "price": 2}',
    "a type that is a number": {"pricingType": 1},
    "a type that is a list": {"pricingType": ["CPM"]},
    "a model that is an object": {"paymentModel": {}},
    "half a period": {"price": 1, "burnUpPeriod": 1.5},
    "a huge period": b'{"price": 1, "burnUpPeriod": 1e40}',
    "a huge rate": b'{"price": 1, "estimatedCtr": 1e40}',
    "a text as rate": {"price": 1, "estimatedCtr": "x"},
    "countries that are a text": {"price": 1, "countries": "US"},
    "a country that is a text": {"price": 1, "countries": ["US"]},
    "a country without a name": {"price": 1, "countries": [{"price": 1}]},
    "a country with an empty name": {"price": 1, "countries": {"": 1}},
    "a country without a number": {"price": 1, "countries": [{"country": "US", "price": {}}]},
    "a country with two prices": {"price": 1, "countries": [{"US": 1}, {"US": 2}]},
    "an action without key and name": {"price": 1, "actions": [{"price": 1}]},
    "an action with a negative price": {"price": 1, "actions": {"ab12": -1}},
    "another campaign's pricing": {"campaignId": 18, "price": 1},
    "a campaignId that is none": {"price": 1, "campaignId": [17]},
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_pricing_is_no_campaign(what: str) -> None:
    with pytest.raises(RowError):
        read(BROKEN[what])


@pytest.mark.parametrize("number", [17, "17"])
def test_the_campaigns_own_id_may_be_a_number_or_a_text(number: Any) -> None:
    assert read({"campaignId": number, "price": 1}).external_id == "17"


def test_a_list_row_names_its_campaign() -> None:
    assert rows.listed(b'{"id": 1, "name": "campaign1"}', "7") == Listed(
        external_id="1", name="campaign1", part="7", row=b'{"id": 1, "name": "campaign1"}'
    )
    assert rows.listed(b'{"id": "1"}', None).name == "1"
    for broken in (b"[]", b"{}", b'{"id": null}', b'{"id": 1.5}', b'{"id": 1, "name": 2}'):
        with pytest.raises(RowError):
            rows.listed(broken, None)


def test_a_name_that_no_database_takes_is_cleaned_and_says_so() -> None:
    one = rows.listed(b'{"id": 17, "name": "a\\u0000b\\ud800"}', None)
    campaign = rows.campaign(one, None, None)
    assert campaign.name == "a\ufffdb\ufffd"
    assert campaign.values["native.text_cleaned"] == "true"


def test_the_currency_is_the_accounts_or_its_advertisers() -> None:
    by_advertiser = {"7": "CHF", "8": "EUR"}
    row = b'{"id": 17, "name": "x", "advertiserId": 8}'

    def currency(part: str | None, given: Any) -> str | None:
        return rows.campaign(rows.listed(row, part), None, given).currency

    assert currency(None, "USD") == "USD"
    assert currency("7", by_advertiser) == "CHF"
    assert currency(None, by_advertiser) == "EUR"
    assert currency("9", by_advertiser) is None
    assert currency(None, None) is None
    assert rows.campaign(ONE, None, by_advertiser).currency is None
