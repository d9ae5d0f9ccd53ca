"""Field paths: the one vocabulary for queueing, diffing, history and reports. Pure text; which of
them a provider reads or changes is what its adapter declares as `Field` values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PERIODS = ("daily", "monthly", "lifetime")


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
