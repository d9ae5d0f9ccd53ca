"""A campaign's one spend limit as three budget paths: read in either dialect, checked, and written.
Pure; knows nothing of campaigns beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from syncd.model.campaign import Amount
from syncd.model.money import UNLIMITED, AmountError, canonical, parse_amount
from syncd.model.path import PERIODS
from syncd.model.update import Verdict
from syncd.providers import fields
from syncd.providers.criteo.dialects import CURRENT, DOCUMENTED
from syncd.providers.fields import RowError
from syncd.providers.outcomes import refused

SCALE: Final = 2
BUDGETS: Final = {f"budget.{period}": period for period in PERIODS}
UNCAPPED: Final[Mapping[str, object]] = {
    "spendLimitRenewal": "undefined",
    "spendLimitType": "uncapped",
    "spendLimitAmount": None,
}

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def read(limit: Mapping[str, Any]) -> tuple[dict[str, Amount], str | None]:
    """The three periods, of which the one that renews has the amount; and the dialect that the
    amount is written in, None for a bare null. Raises RowError."""
    kind, renewal = limit.get("spendLimitType"), limit.get("spendLimitRenewal")
    amount, mark = _amount(limit.get("spendLimitAmount"))
    budgets: dict[str, Amount] = dict.fromkeys(PERIODS, UNLIMITED)
    match kind:
        case "uncapped":
            if amount is not None or renewal not in (None, "undefined"):
                raise RowError("spendLimit is uncapped and has an amount or a renewal")
        case "capped":
            if renewal not in PERIODS or amount is None:
                raise RowError(f"spendLimit is capped with renewal {renewal!r}, amount {amount}")
            budgets[renewal] = amount
        case _:
            raise RowError(f"spendLimitType is {kind!r}, neither capped nor uncapped")
    return budgets, mark


def capped(path: str, value: str | None, *, is_wrapped: bool) -> dict[str, object]:
    """A limit of this amount and period. Raises ValueError for what is no number."""
    if value is None or not _NUMBER.fullmatch(value):
        raise ValueError(f"{path} is not a number")
    amount = Decimal(canonical(Decimal(value)))
    return {
        "spendLimitRenewal": BUDGETS[path],
        "spendLimitType": "capped",
        "spendLimitAmount": {"value": amount} if is_wrapped else amount,
    }


def amounts(changes: Mapping[str, str | None]) -> dict[str, str | None]:
    """The budgets among these changes that are to have an amount, by path."""
    return {
        path: value for path, value in changes.items() if path in BUDGETS and value != UNLIMITED
    }


def flaw(changes: Mapping[str, str | None]) -> Verdict | None:
    """Why one limit cannot be all that is asked for, None where it can."""
    wanted = amounts(changes)
    for path, value in wanted.items():
        if value is None:
            return refused("bad_amount", f"{path}: null is no amount")
        try:
            parse_amount(value, scale=SCALE)
        except AmountError as error:
            return refused("bad_amount", f"{path}: {error}")
    if len(wanted) > 1:
        return refused(
            "period_mismatch",
            "a Criteo campaign has one spend limit, and"
            f" {' and '.join(BUDGETS[path] for path in wanted)} were asked for; queue one of them",
        )
    return None


def _amount(given: Any) -> tuple[Decimal | None, str | None]:
    """A bare number or null, or one of them as `{"value": …}`; and the dialect that writes so."""
    mark = None if given is None else DOCUMENTED
    if isinstance(given, dict):
        if "value" not in given:
            raise RowError("spendLimitAmount is an object without a value")
        given, mark = given["value"], CURRENT
    if given is None:
        return None, mark
    return fields.amount(given, "spendLimitAmount"), mark
