"""The simulated provider's own clock: this machine's, moved by as much as somebody wants. It knows
nothing of what happens when."""

from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
"""The provider's zone; it knows no summer time."""


class Clock:
    """What time it is at the provider."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)
        """How far it is before this machine's clock; negative where it is behind."""

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def month(self) -> str:
        """The provider's month, as 2026-11: the one that requests are billed in."""
        return f"{self.now().astimezone(CHINA):%Y-%m}"


def shown(moment: datetime) -> str:
    """A time as the provider writes it: in its own zone, to the second, without an offset."""
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
