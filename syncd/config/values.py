"""Plain settings read from what TOML gives: durations, limits, amounts, names, currencies, time
zones. Each reader takes any value, returns the typed one or raises a refusal with code, sentence
and remedy. It knows neither keys nor files; a refusal quotes a value only where that value can be
no secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic_core import PydanticCustomError

from syncd.model.money import AmountError, parse_amount

UNITS: Final = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
LONGEST: Final = timedelta(days=400)
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s?(ms|s|m|h|d)", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)

# The active codes of ISO 4217, without metals, funds and test codes.
CURRENCIES: Final = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF
    KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
    MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
    UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905 - as a list of 156 lines nobody would read it
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitSetting:
    """At most `count` requests in any `window`."""

    count: Decimal
    window: timedelta

    def __str__(self) -> str:
        return f"{self.count.normalize():f}/{self.window.total_seconds():g}s"


def refusal(code: str, text: str, help_text: str) -> PydanticCustomError:
    """A refusal in the form that pydantic keeps with the path of the value. `text` says what is
    wrong."""
    return PydanticCustomError("refused", "{text}", {"code": code, "text": text, "help": help_text})


def quoted(value: object) -> str:
    """A value as a message shows it: one line, at most 60 characters, nothing invisible."""
    text = value if isinstance(value, str) else str(value)
    shown = "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in text)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return f'"{shown}"' if isinstance(value, str) else shown


def kind(value: object) -> str:
    """What a value is, in the words of TOML."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        (date, "a date"),
        (dict, "a table"),
        (list, "a list"),
    )
    return next((words for type_, words in kinds if isinstance(value, type_)), "a time")


def wrong_type(value: object, expected: str, help_text: str) -> PydanticCustomError:
    """The refusal of a value of another kind; it tells the kind and not the value."""
    return refusal("wrong-type", f"expected {expected}, found {kind(value)}", help_text)


def text(value: object, example: str) -> str:
    """Text that is not empty and holds no control characters."""
    if not isinstance(value, str):
        raise wrong_type(value, "text in quotes", f"for example {example}")
    if not value.strip() or not value.isprintable():
        raise refusal(
            "bad-text", "the text is empty or holds invisible characters", f"for example {example}"
        )
    return value


def matching(value: object, pattern: str, example: str) -> str:
    """Text that matches a regular expression as a whole; `example` shows one that does."""
    given = text(value, f'"{example}"')
    if not re.fullmatch(pattern, given, re.ASCII):
        raise refusal(
            "bad-scope", f"{quoted(given)} cannot be a {{key}}", f'for example "{example}"'
        )
    return given


def flag(value: object) -> bool:
    """True or false, as TOML writes them."""
    if not isinstance(value, bool):
        raise wrong_type(value, "true or false", "write true or false, without quotes")
    return value


def whole(value: object, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included."""
    remedy = f"write a whole number from {low} to {high}, without quotes"
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(value, "a whole number", remedy)
    if not low <= value <= high:
        raise refusal("out-of-range", f"{quoted(value)} is not between {low} and {high}", remedy)
    return value


def choice(value: object, allowed: tuple[str, ...], code: str, noun: str) -> str:
    """One of a few words; what is near to one is offered."""
    words = ", ".join(f'"{word}"' for word in allowed)
    given = text(value, words)
    if given not in allowed:
        near = get_close_matches(given, allowed, n=1)
        remedy = f'did you mean "{near[0]}"?' if near else f"known: {words}"
        raise refusal(code, f"unknown {noun} {quoted(given)}", remedy)
    return given


def duration(value: object) -> timedelta:
    """A number and a unit: "50ms", "60s", "15m", "1h", "2d". Zero is a duration."""
    remedy = 'write a number and a unit (ms, s, m, h, d), such as "60s", "15m" or "1h"'
    if not isinstance(value, str):
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise wrong_type(value, "a duration in quotes", remedy)
        raise wrong_type(value, "a duration", remedy)
    match = _DURATION.fullmatch(value)
    if match is None:
        raise refusal("bad-duration", f"{quoted(value)} is not a duration", remedy)
    microseconds = Decimal(match[1]) * (UNITS[match[2]] // timedelta(microseconds=1))
    if microseconds != int(microseconds):
        raise refusal("bad-duration", f"{quoted(value)} is finer than a microsecond", remedy)
    if microseconds > LONGEST // timedelta(microseconds=1):
        raise refusal("bad-duration", f"{quoted(value)} is longer than {LONGEST.days} days", remedy)
    return timedelta(microseconds=int(microseconds))


def positive_duration(value: object) -> timedelta:
    """A duration above zero."""
    span = duration(value)
    if not span:
        raise refusal(
            "bad-duration",
            f"{quoted(value)} is no time at all",
            'write more than zero, such as "1s"',
        )
    return span


def limit(value: object) -> LimitSetting:
    """A count and a window: "250/60s" is at most 250 requests in any 60 seconds."""
    remedy = 'write requests/window, such as "250/60s" or "5/1s"'
    if not isinstance(value, str):
        raise wrong_type(value, "a limit in quotes", remedy)
    count, slash, window = value.partition("/")
    if not slash:
        raise refusal("impossible-limit", f"{quoted(value)} is not a limit", remedy)
    if not _COUNT.fullmatch(count.strip()):
        raise refusal("impossible-limit", f"{quoted(value)} does not count requests", remedy)
    if Decimal(count) == 0:
        raise refusal("impossible-limit", f"{quoted(value)} allows no request at all", remedy)
    span = duration(window.strip())
    if not span:
        raise refusal("impossible-limit", f"{quoted(value)} has a window of no length", remedy)
    return LimitSetting(count=Decimal(count), window=span)


def share(value: object) -> Decimal:
    """A part of a whole, above 0 and at most 1."""
    remedy = "write a number above 0 and at most 1, such as 0.5"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(value, "a number", remedy)
    if not 0 < value <= 1:  # NaN fails here too
        raise refusal("impossible-limit", f"{quoted(value)} is not a share of a limit", remedy)
    return Decimal(str(value))


def amount(value: object) -> Decimal:
    """Money as exact decimal text, zero or more."""
    remedy = 'write digits in quotes, with a point for decimals, such as "10000" or "99.50"'
    if not isinstance(value, str):
        raise wrong_type(value, "an amount in quotes", remedy)
    try:
        return parse_amount(value)
    except AmountError:
        raise refusal("bad-amount", f"{quoted(value)} is not an amount", remedy) from None


def name(value: object) -> str:
    """A name that is safe in commands, SQL, metrics and file names."""
    given = text(value, '"criteo-eu"')
    if not _NAME.fullmatch(given):
        raise refusal(
            "bad-name",
            f"{quoted(given)} is not a name",
            "use lowercase letters, digits, - and _, beginning with a letter or digit, at most 63",
        )
    return given


def identifiers(value: object) -> tuple[str, ...]:
    """Ids of the provider's, as text; none of them twice."""
    remedy = 'write a list of texts, such as ["12345", "67890"]'
    if not isinstance(value, list):
        raise wrong_type(value, "a list", remedy)
    for item in value:
        if not isinstance(item, str):
            raise wrong_type(item, "ids in quotes", remedy)
        if not item or not item.isprintable() or " " in item:
            raise refusal("bad-scope", f"{quoted(item)} is not an id", remedy)
    if twice := {item for item in value if value.count(item) > 1}:
        raise refusal(
            "bad-scope", f"the id {quoted(min(twice))} stands there twice", "name each id once"
        )
    return tuple(value)


def currency(value: object) -> str | Mapping[str, str]:
    """An ISO 4217 code for the whole account, or a table from an advertiser's id to its code."""
    remedy = (
        'write an ISO 4217 code such as "EUR", or a table: { "12345" = "EUR", "67890" = "JPY" }'
    )
    if isinstance(value, dict):
        return MappingProxyType(
            {str(key): _currency_code(code, remedy) for key, code in value.items()}
        )
    return _currency_code(value, remedy)


def time_zone(value: object) -> ZoneInfo:
    """A time zone by its IANA name."""
    given = text(value, '"Europe/Berlin"')
    try:
        return ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(given, available_timezones(), n=1)
        remedy = (
            f'did you mean "{near[0]}"?' if near else 'write an IANA name such as "Europe/Berlin"'
        )
        raise refusal("bad-timezone", f"unknown time zone {quoted(given)}", remedy) from None


def _currency_code(value: object, remedy: str) -> str:
    if not isinstance(value, str):
        raise wrong_type(value, "a currency code in quotes", remedy)
    if value not in CURRENCIES:
        if value.upper() in CURRENCIES:
            remedy = f'did you mean "{value.upper()}"?'
        raise refusal("bad-currency", f"{quoted(value)} is not a currency", remedy)
    return value
