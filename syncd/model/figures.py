"""Values of a path as figures: a number where it is one, and how a message writes it. Pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation


def number(value: str | None) -> Decimal | None:
    """The number that a value is, None for null, for words and for what no figure can be set
    against (NaN, infinity)."""
    try:
        found = None if value is None else Decimal(value)
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def plain(value: Decimal) -> str:
    """Digits without an exponent and without zeros at the end."""
    return f"{value.normalize():f}"


def word(value: str | None) -> str:
    """A value as a message names it."""
    return "null" if value is None else value
