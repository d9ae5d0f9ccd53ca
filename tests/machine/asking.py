"""What people ask of campaigns at each provider, in the queue and in the provider's own pages: few
values, so that they meet. It knows field paths and nothing of syncd."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

_IS_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?").fullmatch
Values = Mapping[str, str | None]
Patch = dict[str, Any]
Choice = tuple[int, int]
"""A path and a value of it, each by its place; both may be past the end."""

_NAMES = ("One", "Two", "夏", "'; --")
_NOTES = ("", "first wave", "Once more.")
_BUDGETS = ("120", "150", "60", "100", "199.99", "250", "1000", "100.00", "unlimited", "30000")
_PRICES = ("1.5", "2", "3", "0.75", "9")
_ACTIONS = ("[]", '[{"type": "answer"}]')
_START: Mapping[str, Mapping[str, Values]] = {
    "criteo": {"": {"budget.daily": "100"}},
    "icas": {"": {"budget.daily": "100", "budget.lifetime": "1000"}},
    "epom": {"price.amount": {"price.amount": "2"}},
}
"""What the campaigns that matter begin with, where they have a path."""
_CREATES: Mapping[str, Patch] = {
    "criteo": {"name": "Made {}", "native.goal": "Acquisition", "budget.daily": "12.5"},
    "icas": {"native.vendorId": "made-{}", "name": "Made", "budget.daily": "12.5"},
    "pai": {"name": "Made {}", "note": "by the queue"},
    "voipbin": {
        "name": "Made {}",
        "native.type": "call",
        "native.service_level": "80",
        "native.end_handle": "stop",
    },
}
DELETING = frozenset({"pai", "voipbin"})


def start(provider: str, values: Values) -> Values:
    """What a campaign that matters is made to have at first."""
    found: dict[str, str | None] = {}
    for needed, given in _START.get(provider, {}).items():
        if not needed or values.get(needed) is not None:
            found |= given
    return found


def offers(provider: str, values: Values) -> Mapping[str, Sequence[str | None]]:
    """What may be asked for of a campaign with these values, by path."""
    match provider:
        case "criteo":
            periods = ("budget.daily", "budget.monthly", "budget.lifetime")
            return dict.fromkeys(periods, _BUDGETS)
        case "icas":
            budgets = dict.fromkeys(("budget.daily", "budget.lifetime"), _BUDGETS)
            return {**budgets, "status": ("active", "paused"), "name": _NAMES}
        case "epom":
            prices = {"price.amount": (*_PRICES, None)}
            prices |= dict.fromkeys(("price.country.US", "price.country.SE"), (*_PRICES, None))
            actions = [path for path in values if path.startswith("price.action.")]
            return {**prices, **dict.fromkeys(sorted(actions)[:1], _PRICES)}
        case "pai":
            return {"name": _NAMES, "note": _NOTES}
        case _:
            return {
                "note": _NOTES,
                "status": ("active", "paused"),
                "name": _NAMES,
                "native.service_level": ("65", "80"),
                "native.end_handle": ("stop", "continue"),
                "native.actions": _ACTIONS,
            }


def patch(provider: str, values: Values, choices: Sequence[Choice]) -> Patch:
    """The values that these choices stand for."""
    offered = offers(provider, values)
    paths = [*_in_force(provider, values), *offered]
    chosen = [(paths[path % len(paths)], value) for path, value in choices]
    found: Patch = {path: offered[path][value % len(offered[path])] for path, value in chosen}
    if values.get("price.amount", "") is None and "price.amount" in found:
        found["price.type"] = "CPM"
    return found


def _in_force(provider: str, values: Values) -> Sequence[str]:
    """What is asked for more often than the rest: of Criteo's periods the one that has a limit,
    because a limit of another one is refused."""
    if provider != "criteo":
        return ()
    set_there = [path for path, value in sorted(values.items()) if _is_amount(path, value)]
    return [*set_there[:1], *set_there[:1]]


def _is_amount(path: str, value: str | None) -> bool:
    is_money = path.startswith(("budget.", "price."))
    return is_money and value is not None and _IS_NUMBER(value) is not None


def amount(values: Values) -> tuple[str, Decimal] | None:
    """A path of money and what stands there, where there is one above zero."""
    for path, value in sorted(values.items()):
        if _is_amount(path, value) and Decimal(value or 0) >= 1:
            return path, Decimal(value or 0)
    return None


def new_campaign(provider: str, number: int, advertiser: str | None) -> Patch | None:
    """A campaign to create; numbers repeat, so that names do."""
    if provider not in _CREATES:
        return None
    made = {path: value.format(number) for path, value in _CREATES[provider].items()}
    return made if advertiser is None else {**made, "native.advertiserId": advertiser}
