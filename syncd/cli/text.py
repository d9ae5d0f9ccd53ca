"""Values as people read them: names made visible, money, changes, counts, times and ages, and the
cell that a spreadsheet must not take for a formula. Pure text; knows no terminal."""

from __future__ import annotations

import datetime as dt
import unicodedata
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Final

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  (spreadsheets take the wide forms too)
_NO_DECIMALS: Final = frozenset(
    {"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"}
)
_THREE_DECIMALS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_SLIPPED: Final = 10
_DAY: Final = 86_400
_LONGEST: Final = 60
_PRICES: Final = ("price.country.", "price.action.")


def visible(text: str | None) -> str:
    """Foreign text with every control, bidi and zero-width character shown as `<U+202E>`; never
    empty."""
    if text is None or not text.strip():
        return "(no name)"
    return shown(text)


def shown(text: str) -> str:
    """The same for text that may be empty."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"<U+{ord(char):04X}>" if unicodedata.category(char) in _INVISIBLE else char
        for char in text
    )


def guarded(text: str) -> str:
    """Text for a CSV cell: a leading apostrophe where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def money(value: str | None, currency: str | None) -> str:
    """An amount with its currency's least decimals and all that it has; other values as they
    are."""
    if value is None:
        return "-"
    amount = as_amount(value)
    if amount is None:
        return shown(value)
    return f"{plain_money(amount, currency)} {currency or '(no currency)'}"


def plain_money(amount: Decimal, currency: str | None) -> str:
    """Digits only: never rounded, never fewer decimals than the currency has."""
    least = 0 if currency in _NO_DECIMALS else 3 if currency in _THREE_DECIMALS else 2
    exponent = amount.normalize().as_tuple().exponent
    decimals = max(least, -exponent if isinstance(exponent, int) else 0)
    return f"{amount:.{decimals}f}"


def as_amount(value: str | None) -> Decimal | None:
    """The decimal that a stored value is, None for a word such as `unlimited`."""
    try:
        amount = Decimal(value or "")
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def difference(old: str | None, new: str | None, currency: str | None) -> str:
    """`+30.00  +25 %`, `x10` for a factor of ten, nothing where one of the two is no amount."""
    before, after = as_amount(old), as_amount(new)
    if before is None or after is None or before == after:
        return ""
    if is_slip(old, new):
        return "x10"
    moved = after - before
    sign = "+" if moved > 0 else "-"
    change = f"{sign}{plain_money(abs(moved), currency)}"
    return f"{change}  {percent(before, after)}" if before else f"{change}  new"


def percent(before: Decimal, after: Decimal) -> str:
    """`+25 %`, `-0.4 %`; `before` is not zero. `-100 %` only where nothing is left."""
    share = (after - before) / before * 100
    digits = f"{share:+.0f}" if abs(share) >= 1 else f"{share:+.2g}"
    if digits == "-100" and after:
        digits = f"{share.quantize(Decimal('0.1'), ROUND_DOWN):+f}"
    return f"{digits} %"


def is_slip(old: str | None, new: str | None) -> bool:
    """Whether one amount is exactly ten times the other, as a slipped digit would make it."""
    before, after = as_amount(old), as_amount(new)
    return before is not None and after is not None and before > 0 and after == before * _SLIPPED


def is_money(path: str) -> bool:
    """Whether a path's values are amounts of money: budgets and prices, not what else is said of a
    price."""
    return path.startswith(("budget.", *_PRICES)) or path == "price.amount"


def value(path: str, given: str | None, currency: str | None) -> str:
    """A value as it is wanted or shown: money with its currency, a text as it is, `null`."""
    if given is None:
        return "null"
    return money(given, currency) if is_money(path) else shown(given)


def transition(path: str, old: str | None, new: str | None, currency: str | None) -> str:
    """`budget.daily 120.00 -> 150.00 EUR`, the currency once; other values as they are. `-`: there
    was none; `null`: there is to be none."""
    if not is_money(path):
        return f"{path} {quoted(old)} -> {'null' if new is None else quoted(new)}"
    before, after = money(old, currency), value(path, new, currency)
    unit = f" {currency or '(no currency)'}"
    if before.endswith(unit) and after.endswith(unit):
        before = before.removesuffix(unit)
    return f"{path} {before} -> {after}"


def quoted(value: str | None) -> str:
    """A text in quotation marks, cut where it is long; `-` for none."""
    if value is None:
        return "-"
    text = shown(value)
    return f'"{text}"' if len(text) <= _LONGEST else f'"{text[: _LONGEST - 3]}..."'


def count(number: int) -> str:
    """`1,204`."""
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """`1 update`, `2 updates`."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def age(seconds: float) -> str:
    """A stretch of time in its largest unit, never negative: `40 s`, `12 min`, `5 h`, `3 d`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    return f"{whole // 3600} h" if whole < 2 * _DAY else f"{whole // _DAY} d"


def lasted(seconds: float) -> str:
    """How long something took: `0.8 s`, `3 min 12 s`."""
    if seconds < 60:
        return f"{max(0.0, seconds):.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def rfc3339(time: dt.datetime) -> str:
    """UTC with `Z` and microseconds."""
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(time: dt.datetime, zone: dt.tzinfo | None, *, has_seconds: bool = False) -> str:
    """`2026-11-11 14:02` in a zone; None is this machine's own."""
    return time.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S" if has_seconds else "%Y-%m-%d %H:%M")


def clock(time: dt.datetime, zone: dt.tzinfo | None) -> str:
    """`14:02:11`."""
    return time.astimezone(zone).strftime("%H:%M:%S")
