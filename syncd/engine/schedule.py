"""When a pass is due next: a configured schedule as an APScheduler trigger, which only computes
times."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from syncd.config.schedule import Schedule

# Clocks are never set by more than this, save where a country changes its zone.
_SET_BY: Final = dt.timedelta(hours=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """A schedule whose clock times are those of `zone`, each moved by a random part of `jitter`.
    An hour that the zone repeats is met twice, one that it leaves out once, later by what the
    clock was set; UTC has neither."""

    schedule: Schedule
    zone: dt.tzinfo = dt.UTC
    jitter: dt.timedelta = dt.timedelta()

    def next_time(self, now: dt.datetime) -> dt.datetime | None:
        """The first time after `now`; None where the queue decides and no clock time is set."""
        if self.schedule.on_enqueue:
            return None
        wall = now.astimezone(self.zone).replace(tzinfo=dt.UTC)
        ahead: list[dt.datetime] = []
        for reading in self._readings(wall - _SET_BY):
            ahead.extend(one for one in self._moments(reading) if one > now)
            if ahead and reading > wall + _SET_BY:
                break
        return min(ahead) + self.jitter * random.random() if ahead else None

    def interval(self, now: dt.datetime) -> dt.timedelta | None:
        """The time between the next two, jitter left out; None where the queue decides."""
        steady = replace(self, jitter=dt.timedelta())
        first = steady.next_time(now)
        second = None if first is None else steady.next_time(first)
        return None if first is None or second is None else second - first

    def _readings(self, after: dt.datetime) -> Iterator[dt.datetime]:
        """What the clock on the wall shows at each slot. APScheduler loses its way in a repeated
        hour, so it is asked as if the zone had none."""
        minute, hour, day, month, weekday = self.schedule.fields
        trigger = CronTrigger(
            minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, timezone=dt.UTC
        )
        while (reading := trigger.get_next_fire_time(after, after)) is not None:
            yield reading
            after = reading + dt.timedelta(microseconds=1)

    def _moments(self, reading: dt.datetime) -> set[dt.datetime]:
        """When the wall shows this: once, or twice in a repeated hour. In an hour that is left out
        it never does, and the moment is as far behind the change as the reading was."""
        shown = reading.replace(tzinfo=self.zone)
        first, second = (shown.replace(fold=fold).astimezone(dt.UTC) for fold in (0, 1))
        is_left_out = first > second
        return {first} if is_left_out else {first, second}


class WakeTrigger(BaseTrigger):
    """A timetable as APScheduler asks for it."""

    def __init__(self, times: Timetable) -> None:
        self._times = times

    def get_next_fire_time(
        self, previous_fire_time: dt.datetime | None, now: dt.datetime
    ) -> dt.datetime | None:
        """The next wake-up, always ahead of both."""
        return self._times.next_time(max(previous_fire_time or now, now))
