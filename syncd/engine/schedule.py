"""When a pass is due next: a configured schedule as an APScheduler trigger, which only computes
times."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from apscheduler.triggers.cron import CronTrigger

from syncd.config.schedule import Schedule


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """A schedule whose clock times are those of `zone`, each moved by a random part of `jitter`.
    An hour that the zone repeats is met twice; UTC has no such hour."""

    schedule: Schedule
    zone: dt.tzinfo = dt.UTC
    jitter: dt.timedelta = dt.timedelta()

    def trigger(self) -> CronTrigger | None:
        """None where the queue decides and no clock time is set."""
        if self.schedule.on_enqueue:
            return None
        minute, hour, day, month, weekday = self.schedule.fields
        return CronTrigger(
            minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, timezone=self.zone
        )

    def next_time(self, now: dt.datetime) -> dt.datetime | None:
        """The first time after `now`."""
        trigger = self.trigger()
        at: dt.datetime | None = trigger and trigger.get_next_fire_time(
            now, now + dt.timedelta(microseconds=1)
        )
        return None if at is None else at + self.jitter * random.random()
