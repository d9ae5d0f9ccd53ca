"""What an answer says of the provider's limits: how long a 429 lasts, and a lowered ceiling.
Pure: it reads headers and is told the time."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from typing import Final

from syncd.providers.transport import Answer

DEFAULT: Final = 10.0
_SHORTEST: Final = 1.0
_LONGEST: Final = 3600.0
_MILLISECONDS: Final = 1e11  # an epoch time above this counts them, not seconds


def freeze_seconds(answer: Answer, now: dt.datetime) -> float:
    """Seconds until a call may succeed: the later of `x-ratelimit-reset` (an epoch time) and
    `Retry-After`, seen from the provider's own Date where it sent one, else from `now`. At least
    one second and at most an hour, ten seconds where nothing readable stands."""
    now = answer.date or now
    reset = _figure(answer.headers.get("x-ratelimit-reset", ""))
    told = [_retry_after(answer.headers.get("retry-after", ""), now)]
    if reset is not None:
        told.append((reset / 1000 if reset > _MILLISECONDS else reset) - now.timestamp())
    known = [seconds for seconds in told if seconds is not None]
    return min(max(_SHORTEST, *known), _LONGEST) if known else DEFAULT


def announced_ceiling(answer: Answer) -> float | None:
    """The `x-ratelimit-limit` of an answer, None where it has none that makes sense."""
    ceiling = _figure(answer.headers.get("x-ratelimit-limit", ""))
    return ceiling if ceiling is not None and ceiling >= 1 else None


def _figure(text: str) -> float | None:
    digits = text.strip().removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
        return None
    return float(text)


def _retry_after(text: str, now: dt.datetime) -> float | None:
    if (seconds := _figure(text)) is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or dt.UTC) - now).total_seconds()
