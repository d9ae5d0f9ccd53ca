"""When a pass is due next: a configured schedule as an APScheduler trigger, which only computes
times."""

from __future__ import annotations

import datetime as dt
import random

from apscheduler.triggers.cron import CronTrigger

from syncd.config.schedule import Schedule


def trigger(schedule: Schedule) -> CronTrigger:
    """The trigger of a schedule with clock times, in UTC: an hour that a zone repeats or skips
    fires once."""
    minute, hour, day, month, weekday = schedule.fields
    return CronTrigger(
        minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, timezone=dt.UTC
    )


def next_time(schedule: Schedule, now: dt.datetime, jitter: dt.timedelta) -> dt.datetime | None:
    """The first time after `now`, later by a random part of `jitter`; None where no clock time is
    set."""
    if schedule.on_enqueue:
        return None
    at: dt.datetime | None = trigger(schedule).get_next_fire_time(
        now, now + dt.timedelta(microseconds=1)
    )
    if at is None:
        return None
    return at + jitter * random.random()
