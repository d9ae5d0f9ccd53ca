"""Times of the simulated VoIPBIN: a clock that an admin act can move, and every spelling in which
the API has shown a time or the absence of one. It knows nothing of campaigns."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import time_ns

SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[ T](?P<time>\d{2}:\d{2}:\d{2})(?:\.(?P<us>\d{1,9}))?Z?", re.ASCII
)

SPELLINGS = ("documented", "rfc3339", "padded", "nanoseconds")
"""`2022-04-28 02:16:39.712142`; RFC 3339 with trailing zeros of the fraction trimmed, with always
six digits, with nine."""
UNSET: dict[str, str | None] = {
    "sentinel": "9999-01-01 00:00:00.000000",
    "sentinel_z": "9999-01-01T00:00:00.000000Z",
    "sentinel_trimmed": "9999-01-01T00:00:00Z",
    "null": None,
}
"""What stands for a time that is not set."""
MIXED = "mixed"
"""In the place of a spelling: another one for each campaign."""


@dataclass
class Clock:
    """The provider's clock: this machine's, and what was added to it."""

    moved_us: int = 0

    def now(self) -> int:
        """Microseconds since 1970."""
        return time_ns() // 1_000 + self.moved_us

    def move(self, seconds: int) -> None:
        self.moved_us += seconds * SECOND_US


def instant(text: str) -> int:
    """Microseconds since 1970 of a time in any spelling; raises ValueError for anything else."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time")
    moment = datetime.fromisoformat(f"{found['day']}T{found['time']}+00:00")
    fraction = (found["us"] or "0").ljust(6, "0")[:6]
    return (moment - _EPOCH) // timedelta(microseconds=1) + int(fraction)


def spelt(us: int, spelling: str) -> str:
    """A time in one of the SPELLINGS."""
    moment = _EPOCH + timedelta(microseconds=us)
    if spelling == "documented":
        return f"{moment:%Y-%m-%d %H:%M:%S.%f}"
    padded = f"{moment:%Y-%m-%dT%H:%M:%S.%f}"
    if spelling == "rfc3339":
        return padded.rstrip("0").rstrip(".") + "Z"
    if spelling == "nanoseconds":
        return f"{padded}{us * 7 % 1_000:03d}Z"
    return f"{padded}Z"
