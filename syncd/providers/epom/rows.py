"""A campaign's pricing, and the row of a list that names the campaign, become a campaign value, or
an error that says why not. Requires little of a pricing: an object that speaks of a price; knows
no HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from syncd.model.campaign import Campaign
from syncd.model.jsontext import canonical_json
from syncd.model.money import canonical
from syncd.model.path import keyed
from syncd.providers.fields import (
    RowError,
    amount,
    clean,
    identifier,
    mapping,
    number,
    row_object,
    text,
)

TYPES: Final = ("CPM", "CPC", "CPA")
COUNTRY: Final = "price.country"
ACTION: Final = "price.action"
UK: Final = "UK"
GB: Final = "GB"
# Between the codes in the value of `price.country`.
LISTED: Final = ", "
NUMBERS: Final = {
    "price.estimated_ctr": "estimatedCtr",
    "price.estimated_conversion_rate": "estimatedConversionRate",
}
COUNTS: Final = {
    "price.burn_up_period": "burnUpPeriod",
    "price.start_up_period": "startUpPeriod",
    "price.min_conversions": "minConversions",
    "price.min_clicks": "minClicks",
}
NUMBER_SCALE: Final = 8
ACTIONS: Final = "actions"

# What a pricing is known by: an object without any of these says nothing of prices.
_BASE: Final = ("price", "paymentModel", "pricingType")
_TOO_MUCH: Final = Decimal(10) ** 14
# No answer is printed in the documents: a figure may stand there as a number or as its text.
_FIGURE = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,2})?", re.ASCII)
_TOO_MANY: Final = 2**63
_COUNTRIES: Final = ("countries", "countryPricing", "countryPrices")
_COUNTRY_NAMES: Final = ("country", "countryCode")
_ACTIONS: Final = ("actions", "actionPricing")
_ACTION_KEYS: Final = ("key", "actionKey")
_ACTION_NAMES: Final = ("name", "actionName")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A campaign before its pricing is read: `row` is what named it, byte for byte; `name` None:
    nobody was asked yet."""

    external_id: str
    name: str | None = None
    part: str | None = None
    row: bytes | None = None


def listed(row: bytes, part: str | None) -> Listed:
    """One campaign of a list, or by itself. Raises RowError."""
    found = row_object(row)
    external_id = identifier(found.get("id"), "id")
    given = found.get("name")
    name = external_id if given is None else text(given, "name")
    return Listed(external_id=external_id, name=name, part=part, row=row)


def raw(one: Listed, pricing: bytes | None) -> bytes:
    """All that was said of a campaign, in one JSON object; null where nothing was."""
    return b'{"campaign":%b,"pricing":%b}' % (one.row or b"null", pricing or b"null")


def campaign(
    one: Listed, pricing: bytes | None, currency: str | Mapping[str, str] | None
) -> Campaign:
    """The campaign with its pricing; None: it has none, and so no country has. Raises RowError."""
    others: dict[str, str | None] = {"price.amount": None, COUNTRY: ""}
    native: dict[str, str | None] = {}
    if pricing is not None:
        found = row_object(pricing)
        owner = found.get("campaignId")
        if owner is not None and identifier(owner, "campaignId") != one.external_id:
            raise RowError(f"it is the pricing of campaign {owner}")
        if not any(key in found for key in _BASE):
            raise RowError(f"it is no pricing: it has none of {', '.join(_BASE)}")
        others, native = values(found), _native(found)
    name, is_cleaned = clean(one.name or one.external_id)
    if is_cleaned:
        native["text_cleaned"] = "true"
    return Campaign(
        external_id=one.external_id,
        name=name,
        raw=raw(one, pricing),
        part=one.part,
        currency=_currency(one, currency),
        others=others,
        native=native,
    )


def values(found: Mapping[str, Any]) -> dict[str, str | None]:
    """The paths that a pricing shows; what it leaves out is absent. Raises RowError."""
    shown: dict[str, str | None] = {}
    if "price" in found:
        given = found["price"]
        shown["price.amount"] = None if given is None else canonical(_amount(given, "price"))
    if found.get("pricingType") in TYPES:
        shown["price.type"] = found["pricingType"]
    shown.update(
        (path, _number(found[key], key))
        for path, key in NUMBERS.items()
        if found.get(key) is not None
    )
    shown.update(
        (path, _count(found[key], key))
        for path, key in COUNTS.items()
        if found.get(key) is not None
    )
    countries = _countries(found)
    if any(found.get(key) is not None for key in _COUNTRIES):
        shown[COUNTRY] = LISTED.join(sorted(countries))
    if GB in countries:
        countries.setdefault(UK, countries[GB])
    shown.update((keyed(COUNTRY, code), price) for code, price in countries.items())
    shown.update((keyed(ACTION, key), price) for key, price in _actions(found)[1].items())
    return shown


def _native(found: Mapping[str, Any]) -> dict[str, str | None]:
    native: dict[str, str | None] = {}
    if found.get("paymentModel") is not None:
        native["paymentModel"] = clean(text(found["paymentModel"], "paymentModel"))[0]
    if found.get("pricingType") not in (None, *TYPES):
        native["pricingType"] = clean(text(found["pricingType"], "pricingType"))[0]
    if names := _actions(found)[0]:
        native[ACTIONS] = canonical_json(names)
    return native


def _countries(found: Mapping[str, Any]) -> dict[str, str]:
    """Prices by country as the provider spells it."""
    prices: dict[str, str] = {}
    for entry, given in _priced(found, _COUNTRIES, _COUNTRY_NAMES):
        code = _first(entry, _COUNTRY_NAMES)
        if code is None:
            raise RowError("a country's price has no country")
        if given is not None:
            _set(prices, code, canonical(_amount(given, f"the price of {code}")))
    return prices


def _actions(found: Mapping[str, Any]) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Both by key, else by name: what a request names the action with, and its price."""
    names: dict[str, dict[str, str]] = {}
    prices: dict[str, str] = {}
    for entry, given in _priced(found, _ACTIONS, _ACTION_KEYS + _ACTION_NAMES):
        key, name = _first(entry, _ACTION_KEYS), _first(entry, _ACTION_NAMES)
        known = key or name
        if known is None:
            raise RowError("an action's price has neither key nor name")
        both = {"actionKey": key, "actionName": name}
        names[known] = {field: value for field, value in both.items() if value is not None}
        if given is not None:
            _set(prices, known, canonical(_amount(given, f"the price of {known}")))
    return names, prices


def _priced(
    found: Mapping[str, Any], fields: tuple[str, ...], names: tuple[str, ...]
) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Entries that carry one of `names`, each with its price; `{"US": 2.0}` is such an entry
    too."""
    for field in fields:
        given = found.get(field)
        entries = given if isinstance(given, list) else [] if given is None else [given]
        for entry in entries:
            fits = mapping(entry, field)
            if "price" in fits or any(name in fits for name in names):
                yield fits, fits.get("price")
            else:
                yield from (({names[0]: key}, price) for key, price in fits.items())


def _first(entry: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    given = next((entry[name] for name in names if entry.get(name) is not None), None)
    return None if given is None else clean(identifier(given, names[0]))[0]


def _set(prices: dict[str, str], key: str, price: str) -> None:
    if prices.setdefault(key, price) != price:
        raise RowError(f"{key} has two prices, {prices[key]} and {price}")


def _amount(given: Any, field: str) -> Decimal:
    return amount(_figure(given), field)


def _figure(given: Any) -> Any:
    """The number that a text spells, else what was given."""
    if isinstance(given, str) and _FIGURE.fullmatch(given):
        return Decimal(given)
    return given


def _number(given: Any, field: str) -> str:
    found = number(_figure(given), field)
    if abs(found) >= _TOO_MUCH:
        raise RowError(f"{field} is {found}, out of all bounds")
    return canonical(found.quantize(Decimal(1).scaleb(-NUMBER_SCALE)))


def _count(given: Any, field: str) -> str:
    found = number(_figure(given), field)
    if abs(found) >= _TOO_MANY or found != found.to_integral_value():
        raise RowError(f"{field} is {found}, not a whole number")
    return str(int(found))


def _currency(one: Listed, currency: str | Mapping[str, str] | None) -> str | None:
    """The account's, or its advertiser's: the one whose list showed the campaign, else the one that
    its row names."""
    if currency is None or isinstance(currency, str):
        return currency
    advertiser = one.part
    if advertiser is None and one.row is not None:
        given = row_object(one.row).get("advertiserId")
        advertiser = None if given is None else identifier(given, "advertiserId")
    return None if advertiser is None else currency.get(advertiser)
