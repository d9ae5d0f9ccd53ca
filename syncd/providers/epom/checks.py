"""What can be asked of Epom's pricing: ranges, combinations, and what has to be set before. Pure;
what it refuses is never sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from syncd.model.call import WriteItem
from syncd.model.money import AmountError, parse_amount
from syncd.model.path import key_of
from syncd.model.update import Verdict
from syncd.providers.epom.rows import ACTION, COUNTRY, COUNTS, NUMBER_SCALE, NUMBERS, TYPES
from syncd.providers.outcomes import refused

AMOUNT_SCALE: Final = 6
OPTIONAL: Final = NUMBERS | COUNTS

_BASE: Final = ("price.amount", "price.type", *OPTIONAL)
_ONE_COUNTRY: Final = ("price.country.UK", "price.country.GB")
_TYPES_WITH_ACTIONS: Final = ("CPA", "CPC")
_OTHER_MODEL: Final = "REVENUE_SHARE"
_NUMBER = re.compile(rf"[0-9]{{1,14}}(\.[0-9]{{1,{NUMBER_SCALE}}})?", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,19}", re.ASCII)
_CODE = re.compile(r"[A-Z]{2}", re.ASCII)
_LONGEST_KEY: Final = 255
_DOUBLE_DIGITS: Final = 15


def refusal(item: WriteItem) -> Verdict | None:
    """Why these changes can never be written, None where they can."""
    if item.is_create:
        return refused("not_offered", "syncd creates no campaigns at Epom")
    for path, value in item.changes.items():
        if not _is_known(path):
            return refused("not_changeable", f"Epom takes no change of {path}")
        if (why := flaw(path, value)) is not None:
            return refused("bad_value", f"{path}: {why}")
    if item.changes.keys() >= set(_ONE_COUNTRY):
        return refused("bad_value", "UK and GB are one country: change one of the two")
    return _base_refusal(item) or _action_refusal(item)


def flaw(path: str, value: str | None) -> str | None:
    """Why a path cannot have this value, None where it can."""
    code, action = key_of(COUNTRY, path), key_of(ACTION, path)
    if code is not None and not _CODE.fullmatch(code):
        return "a country is two capital letters, as in US or UK"
    if action is not None and not (action.isprintable() and len(action) <= _LONGEST_KEY):
        return f"an action's key is a text of at most {_LONGEST_KEY} characters"
    if value is None:
        is_end = code is not None or path == "price.amount"
        return None if is_end else "null is no value here"
    if path == "price.type":
        return None if value in TYPES else f"give one of {', '.join(TYPES)}"
    if path in OPTIONAL:
        is_good, words = _RANGES[path]
        return None if is_good(value) else words
    return _price_flaw(value)


def _price_flaw(value: str) -> str | None:
    try:
        price = parse_amount(value, scale=AMOUNT_SCALE)
    except AmountError as error:
        return str(error)
    if len(price.normalize().as_tuple().digits) > _DOUBLE_DIGITS:
        return f"Epom keeps {_DOUBLE_DIGITS} digits of a price"
    return None


def _is_known(path: str) -> bool:
    return path in _BASE or bool(key_of(COUNTRY, path)) or bool(key_of(ACTION, path))


def _base_refusal(item: WriteItem) -> Verdict | None:
    """A base price needs amount and type, and everything else needs a base price."""
    if item.changes.get("price.amount", "") is None:
        if any(value is not None for value in item.changes.values()):
            return refused("bad_value", "price.amount = null disables all pricing and stands alone")
        return None
    known = {**item.remote, **item.changes}
    is_set = item.remote.get("price.amount") is not None
    is_base = any(path in _BASE for path in item.changes)
    if not is_set and (known.get("price.amount") is None or known.get("price.type") is None):
        return refused("no_pricing", "no pricing set: give price.amount and price.type too")
    if is_base and known.get("price.type") is None:
        return refused("type_unknown", "Epom does not show the pricing's type: give price.type too")
    if is_base and item.remote.get("native.paymentModel") == _OTHER_MODEL:
        return refused(
            "other_model",
            f"the campaign is paid by {_OTHER_MODEL}, and this call would make it a fixed price:"
            " change the payment model at Epom first",
        )
    return None


def _action_refusal(item: WriteItem) -> Verdict | None:
    if not any(key_of(ACTION, path) for path in item.changes):
        return None
    found = {**item.remote, **item.changes}.get("price.type")
    if found in _TYPES_WITH_ACTIONS:
        return None
    words = "its type is not known" if found is None else f"this is {found}"
    return refused("bad_type", f"only CPA and CPC campaigns have action prices, and {words}")


def _number(*, is_above: bool) -> tuple[Callable[[str], bool], str]:
    bound = "above" if is_above else "of at least"
    return (
        lambda value: bool(_NUMBER.fullmatch(value)) and (Decimal(value) > 0 or not is_above),
        f"a number {bound} 0, with at most {NUMBER_SCALE} decimals",
    )


def _count(largest: int) -> tuple[Callable[[str], bool], str]:
    return (
        lambda value: bool(_COUNT.fullmatch(value)) and int(value) <= largest,
        f"a whole number from 0 to {largest}",
    )


_INT: Final = _count(2**31 - 1)
_LONG: Final = _count(2**63 - 1)
_RANGES: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "price.estimated_ctr": _number(is_above=True),
    "price.estimated_conversion_rate": _number(is_above=False),
    "price.burn_up_period": _INT,
    "price.start_up_period": _INT,
    "price.min_conversions": _LONG,
    "price.min_clicks": _LONG,
}
