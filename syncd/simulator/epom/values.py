"""A campaign of the simulated Epom in the vocabulary of field paths, read and written. People's
edits and accepted calls are applied by the same function; whether a call may be is judged
elsewhere."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Protocol, TypeVar

from syncd.simulator.epom.pricing import FIGURES, TYPES, Action, Pricing
from syncd.simulator.wire import plain

NAME = "name"
AMOUNT = "price.amount"
TYPE = "price.type"
_COUNTRY = re.compile(r"price\.country\.(?P<country>[A-Z]{2})")
_ACTION = re.compile(r'price\.action\.(?:"(?P<quoted>.+)"|(?P<bare>[^".,]+))')
_COUNTRY_ACTION = re.compile(r'price\.country\.(?P<country>[A-Z]{2})\.action\."(?P<key>.+)"')
_DECIMAL = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_WHOLE = re.compile(r"[0-9]+")
_LONGEST = 40
_Key = TypeVar("_Key", str, tuple[str, str])
_FIGURES = {figure.path: figure for figure in FIGURES}


class Priced(Protocol):
    """What is read and written here: a campaign."""

    name: str
    actions: list[Action]
    pricing: Pricing | None


def country_path(country: str) -> str:
    """The path of a country's price."""
    return f"price.country.{country}"


def action_path(key: str) -> str:
    """The path of an action's price; keys are always quoted."""
    return f'price.action."{key}"'


def country_action_path(country: str, key: str) -> str:
    """The path of an action's price in one country. The vocabulary of the API has none: this one is
    the simulator's own, for the journal."""
    return f'{country_path(country)}.action."{key}"'


def of(campaign: Priced) -> dict[str, str | None]:
    """All values of a campaign by path, as text; without pricing its own paths are null."""
    return {NAME: campaign.name} | of_pricing(campaign.pricing)


def of_pricing(pricing: Pricing | None) -> dict[str, str | None]:
    """The values of a pricing by path."""
    if pricing is None:
        return dict.fromkeys((AMOUNT, TYPE, *_FIGURES))
    told: dict[str, str | None] = {AMOUNT: plain(pricing.amount), TYPE: pricing.type}
    for figure in FIGURES:
        value = pricing.figure(figure)
        told[figure.path] = None if value is None else plain(value)
    told |= {country_path(one): plain(price) for one, price in pricing.countries.items()}
    return told | {action_path(key): plain(price) for key, price in pricing.actions.items()}


def value_at(campaign: Priced, path: str) -> str | None:
    """One value; None where nothing is set."""
    found = _COUNTRY_ACTION.fullmatch(path)
    if found is None:
        return of(campaign).get(path)
    by_country = {} if campaign.pricing is None else campaign.pricing.country_actions
    price = by_country.get((found["country"], found["key"]))
    return None if price is None else plain(price)


def number(text: str) -> Decimal:
    """A number in plain digits with a dot; raises ValueError for every other text."""
    if len(text) > _LONGEST or not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text[:_LONGEST]!r} is no plain decimal number")
    return Decimal(text)


def whole(text: str) -> Decimal:
    """A whole number in plain digits; raises ValueError for every other text."""
    if len(text) > _LONGEST or not _WHOLE.fullmatch(text):
        raise ValueError(f"{text[:_LONGEST]!r} is no whole number")
    return Decimal(text)


def put(
    campaign: Priced, changed: Mapping[str, str | None], enable: Callable[[Decimal], Pricing]
) -> None:
    """Set values by path: all, or none where ValueError is raised.

    A price per country or action that is null is taken away, an amount that is null takes the whole
    pricing away; `enable` makes a pricing where there was none.
    """
    changed = dict(changed)
    name = changed.pop(NAME, campaign.name)
    if name is None:
        raise ValueError("a name is a text")
    pricing = deepcopy(campaign.pricing)
    if AMOUNT in changed:
        amount = changed.pop(AMOUNT)
        pricing = None if amount is None else _amount(pricing, number(amount), enable)
    for path, text in changed.items():
        if pricing is None:
            raise ValueError(f"{path} needs a price.amount first")
        _put(campaign, pricing, path, text)
    campaign.name, campaign.pricing = name, pricing


def _amount(
    pricing: Pricing | None, amount: Decimal, enable: Callable[[Decimal], Pricing]
) -> Pricing:
    pricing = pricing or enable(amount)
    pricing.amount = amount
    return pricing


def _put(campaign: Priced, pricing: Pricing, path: str, text: str | None) -> None:
    if path == TYPE:
        if text not in TYPES:
            raise ValueError(f"{text!r} is no pricing type; known: {', '.join(TYPES)}")
        pricing.type = text
    elif path in _FIGURES:
        read = whole if _FIGURES[path].is_whole else number
        _set(pricing.figures, path, text, read)
    elif country := _COUNTRY.fullmatch(path):
        _set(pricing.countries, country["country"], text, number)
    elif found := _COUNTRY_ACTION.fullmatch(path):
        _check_action(campaign, found["key"])
        _set(pricing.country_actions, (found["country"], found["key"]), text, number)
    elif found := _ACTION.fullmatch(path):
        key = found["quoted"] or found["bare"]
        _check_action(campaign, key)
        _set(pricing.actions, key, text, number)
    else:
        raise ValueError(f"epom knows nothing at {path!r}")


def _set(
    prices: dict[_Key, Decimal], key: _Key, text: str | None, read: Callable[[str], Decimal]
) -> None:
    if text is None:
        prices.pop(key, None)
    else:
        prices[key] = read(text)


def _check_action(campaign: Priced, key: str) -> None:
    if all(action.key != key for action in campaign.actions):
        raise ValueError(f"the campaign has no action {key!r}")
