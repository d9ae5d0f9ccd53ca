"""Amounts of money as exact decimals: one strict parser from text, one canonical text form. Knows
no currency tables and no provider; what a provider stores more coarsely is the field's `scale`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

UNLIMITED: Final = "unlimited"

_AMOUNT = re.compile(r"[0-9]{1,14}(\.[0-9]{1,6})?", re.ASCII)
_NEGATIVE = re.compile(r"-[0-9]+(\.[0-9]+)?", re.ASCII)
_GROUPED = re.compile(r"[0-9]+([.,' ][0-9]+)+", re.ASCII)


class AmountError(ValueError):
    """The text is not an amount that syncd takes; the message says why and what to write."""


def parse_amount(text: str, *, scale: int = 6) -> Decimal:
    """Plain digits with at most one point: `120`, `120.50`. At most 14 digits before the point and
    `scale` after."""
    if _NEGATIVE.fullmatch(text):
        raise AmountError(f'"{text}" is negative; a budget is zero or more')
    if not _AMOUNT.fullmatch(text):
        raise AmountError(_why_not(text, scale))
    amount = Decimal(text)
    if amount != amount.quantize(Decimal(1).scaleb(-scale)):
        raise AmountError(f'"{text}" has more than {scale} decimals; write at most {scale}')
    return amount


def canonical(amount: Decimal) -> str:
    """The one text form that is stored and compared: no exponent, no trailing zeros (`120`,
    `120.5`)."""
    if amount == 0:
        return "0"
    return f"{amount.normalize():f}"


def _why_not(text: str, scale: int) -> str:
    shown = text if len(text) <= 40 else text[:37] + "..."
    if re.fullmatch(r"[0-9]+\.[0-9]{7,}", text):
        return f'"{shown}" has more than {scale} decimals; write at most {scale}'
    if re.fullmatch(r"[0-9]{15,}(\.[0-9]*)?", text):
        return f'"{shown}" is larger than any budget; at most 14 digits before the point'
    if _GROUPED.fullmatch(text):
        return (
            f'"{shown}" is ambiguous; write digits with one point and no grouping, such as 1000.50'
        )
    return f'"{shown}" is not an amount; write digits with one point, such as 120.50'
