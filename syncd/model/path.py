"""Field paths: the one vocabulary for queueing, diffing, history and reports. Pure text; which of
them a provider reads or changes is what its adapter declares as `Field` values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

PERIODS = ("daily", "monthly", "lifetime")

_FIXED = frozenset(
    {
        "name",
        "note",
        "status",
        *(f"budget.{period}" for period in PERIODS),
        "price.amount",
        "price.type",
        "price.estimated_ctr",
        "price.estimated_conversion_rate",
        "price.burn_up_period",
        "price.start_up_period",
        "price.min_conversions",
        "price.min_clicks",
    }
)
_OPEN = re.compile(
    r'price\.country\.[A-Z]{2}|price\.action\."[^"]+"|price\.action\.[^".,]+|native\.[^".,]+|native\."[^"]+"'
)


class Kind(StrEnum):
    """What a field's value is: `amount` is money or `unlimited`, `text` anything, `status` active
    or paused."""

    AMOUNT = "amount"
    TEXT = "text"
    STATUS = "status"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One path as a provider offers it. `scale` is the number of decimals of an amount; `note` is
    for people."""

    path: str
    kind: Kind
    readable: bool = True
    changeable: bool = False
    call: str = ""
    scale: int = 2
    note: str = ""


def is_path(text: str) -> bool:
    """Whether the vocabulary knows this path at all, whatever a provider offers."""
    return text in _FIXED or _OPEN.fullmatch(text) is not None
