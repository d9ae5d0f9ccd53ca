"""The one place that reads a clock. Durations and deadlines use CLOCK_BOOTTIME, which goes on while
the machine sleeps; stored or compared times are Postgres's own (`syncd.now()`) and never come from
here."""

from __future__ import annotations

import datetime as dt
import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boottime() -> float:
    """Seconds since boot, time asleep included."""
    return time.clock_gettime(_CLOCK)


def wall_clock() -> dt.datetime:
    """The host's own idea of now, in UTC: for log lines and for reading a provider's reset header
    only."""
    return dt.datetime.now(dt.UTC)
