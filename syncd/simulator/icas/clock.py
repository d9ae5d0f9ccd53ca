"""The time of the simulated ICAS: the machine's, moved ahead as far as somebody asked for. Tokens
and dates go by it; nothing waits for it."""

from datetime import UTC, datetime, timedelta
from time import monotonic_ns

from syncd.simulator.rate import SECOND_NS


class Clock:
    """A clock that only goes forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now_ns(self) -> int:
        """Nanoseconds from a moment that does not matter."""
        return monotonic_ns() + int(self.ahead.total_seconds()) * SECOND_NS

    def utc(self) -> datetime:
        """The date and time, to the second."""
        return (datetime.now(UTC) + self.ahead).replace(microsecond=0)

    def advance(self, ahead: timedelta) -> None:
        """Move ahead; raises ValueError for a step back."""
        if ahead < timedelta():
            raise ValueError("time only goes forward")
        self.ahead += ahead
