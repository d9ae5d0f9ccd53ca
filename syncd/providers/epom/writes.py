"""Changes of Epom pricing as calls, one campaign and one step a call: the base price before the
countries, the countries before the actions, because Epom refuses those while no pricing is set.
Pure; the bytes of a step stand in `forms`, what may be asked for in `checks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.path import key_of
from syncd.providers.epom.checks import refusal
from syncd.providers.epom.rows import ACTION, COUNTRY

UPDATE: Final = "POST pricing"
COUNTRIES: Final = "POST pricing/country"
BATCH: Final = "POST pricing/batch"
ACTIONS: Final = "POST actionPricing"
DISABLE_COUNTRIES: Final = "DELETE pricing/country"
DISABLE: Final = "DELETE pricing"
WRITES: Final = frozenset({UPDATE, COUNTRIES, BATCH, ACTIONS, DISABLE_COUNTRIES, DISABLE})

# From so many different prices on, one file says all of them.
_MANY_PRICES: Final = 3
# For this type the file has a column for each action: it says something else.
_OTHER_FILE: Final = "CPA"


def plan(items: Sequence[WriteItem]) -> WritePlan:
    """One call a campaign: the first step of what was asked."""
    impossible = {item.external_id: verdict for item in items if (verdict := refusal(item))}
    calls = tuple(_first_step(item) for item in items if item.external_id not in impossible)
    return WritePlan(calls=calls, refused=impossible)


def is_of_many(call: WriteCall) -> bool:
    """Whether a call sets several countries, each of which may end in its own way."""
    return len(call.items[0].changes) > 1 and call.operation in _BY_COUNTRY


_BY_COUNTRY: Final = frozenset({COUNTRIES, BATCH, DISABLE_COUNTRIES})


def _first_step(item: WriteItem) -> WriteCall:
    operation, paths = _step(item.changes, has_file=_has_file(item.remote))
    part = replace(item, changes={path: item.changes[path] for path in paths})
    return WriteCall(operation=operation, items=(part,))


def _has_file(remote: Mapping[str, str | None]) -> bool:
    """Whether a file of prices does what is meant. It may replace all prices of countries, so that
    they have to be known."""
    return COUNTRY in remote and remote.get("price.type") != _OTHER_FILE


def _step(changes: Mapping[str, str | None], *, has_file: bool) -> tuple[str, list[str]]:
    countries = {path: price for path, price in changes.items() if key_of(COUNTRY, path)}
    actions = [path for path in changes if key_of(ACTION, path)]
    if changes.get("price.amount", "") is None:
        return DISABLE, ["price.amount"]
    if base := [path for path in changes if path not in countries and path not in actions]:
        return UPDATE, base
    wanted = {path: price for path, price in countries.items() if price is not None}
    ended = [path for path in countries if path not in wanted]
    prices = list(dict.fromkeys(map(Decimal, wanted.values())))
    is_file = has_file and len(prices) >= _MANY_PRICES
    if ended and (is_file or not prices):  # before a file, which names what is still there
        return DISABLE_COUNTRIES, ended
    if is_file:
        return BATCH, [*wanted]
    if prices:
        return COUNTRIES, [path for path, price in wanted.items() if Decimal(price) == prices[0]]
    return ACTIONS, actions[:1]
