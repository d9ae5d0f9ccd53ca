"""What guards are told, read from what TOML gives: how many times a value may grow, which part of
an account may change, and the hours in which nothing changes. It knows neither keys nor files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Final

from syncd.config.values import quoted, refusal, text, wrong_type

LARGEST_FACTOR: Final = 1_000_000
_HOURS = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietHours:
    """From `begin` until just before `end` by the account's clock; past midnight where `end` is
    the earlier of the two."""

    begin: time
    end: time

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


def factor(value: object) -> Decimal:
    """How many times the old value the new one may be, 1 or more."""
    remedy = f"write a number from 1 (nothing may grow) to {LARGEST_FACTOR}, such as 1.5"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(value, "a number", remedy)
    if not 1 <= value <= LARGEST_FACTOR:  # NaN fails here too
        raise refusal("out-of-range", f"{quoted(value)} is no factor of 1 or more", remedy)
    return Decimal(str(value))


def part(value: object) -> Decimal:
    """A part of an account's campaigns, from none (0) to all (1)."""
    remedy = "write a number from 0 to 1, such as 0.3"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(value, "a number", remedy)
    if not 0 <= value <= 1:  # NaN fails here too
        raise refusal("out-of-range", f"{quoted(value)} is no part of a whole", remedy)
    return Decimal(str(value))


def hours(value: object) -> QuietHours:
    """Two times of day: "22:00-06:00" is from ten in the evening until six."""
    remedy = 'write two times of day from 00:00 to 23:59, such as "22:00-06:00"'
    given = text(value, '"22:00-06:00"')
    match = _HOURS.fullmatch(given)
    if match is None:
        raise refusal("bad-hours", f"{quoted(given)} is not two times of day", remedy)
    try:
        begin, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    except ValueError:
        raise refusal("bad-hours", f"{quoted(given)} is no time of day", remedy) from None
    if begin == end:
        raise refusal("bad-hours", f"{quoted(given)} begins when it ends", remedy)
    return QuietHours(begin=begin, end=end)
