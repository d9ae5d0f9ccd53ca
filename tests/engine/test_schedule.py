"""When a pass is due next: clock times in UTC, weekdays as cron numbers them."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from syncd.config.schedule import cron, cron_or_enqueue
from syncd.engine.schedule import Timetable


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        ("*/15 * * * *", "2026-03-01 10:07", "2026-03-01 10:15"),
        ("*/15 * * * *", "2026-03-01 10:15", "2026-03-01 10:30"),
        ("*/15 * * * *", "2026-03-01 23:59", "2026-03-02 00:00"),
        ("@hourly", "2026-12-31 23:30", "2027-01-01 00:00"),
        ("@weekly", "2026-11-18 12:00", "2026-11-22 00:00"),
        # 2026-11-22 is a Sunday: both its numbers and its name mean that day.
        ("30 4 * * 0", "2026-11-18 12:00", "2026-11-22 04:30"),
        ("30 4 * * 7", "2026-11-18 12:00", "2026-11-22 04:30"),
        ("30 4 * * sun", "2026-11-18 12:00", "2026-11-22 04:30"),
        ("30 4 * * 1", "2026-11-18 12:00", "2026-11-23 04:30"),
        ("30 4 * * 6-7", "2026-11-18 12:00", "2026-11-21 04:30"),
        ("0 0 29 2 *", "2026-01-01 00:00", "2028-02-29 00:00"),
        # The nights in which clocks of Europe and America are set.
        ("30 2 * * *", "2026-03-29 00:00", "2026-03-29 02:30"),
        ("30 2 * * *", "2026-10-25 02:30", "2026-10-26 02:30"),
        ("30 2 * * *", "2026-03-08 00:00", "2026-03-08 02:30"),
        ("0 3 * * *", "2038-01-19 03:00", "2038-01-20 03:00"),
    ],
)
def test_the_next_time(schedule: str, now: str, expected: str) -> None:
    assert Timetable(schedule=cron(schedule)).next_time(at(now)) == at(expected)


def test_a_day_has_as_many_slots_whatever_clocks_do() -> None:
    for day in ("2026-03-29", "2026-10-25", "2026-06-01"):
        now, slots = at(f"{day} 00:00") - dt.timedelta(seconds=1), 0
        while (now := Timetable(schedule=cron("0 * * * *")).next_time(now) or now) < at(
            f"{day} 23:59"
        ):
            slots += 1
        assert slots == 24


def test_jitter_makes_a_pass_later_and_never_earlier() -> None:
    jitter = dt.timedelta(seconds=30)
    times = {
        Timetable(schedule=cron("@daily"), jitter=jitter).next_time(at("2026-01-01 05:00"))
        for _ in range(50)
    }
    assert len(times) > 10
    assert all(
        at("2026-01-02 00:00") <= (one or at("1970-01-01")) <= at("2026-01-02 00:00") + jitter
        for one in times
    )


def test_a_push_that_follows_the_queue_has_no_time() -> None:
    assert (
        Timetable(schedule=cron_or_enqueue("@on_enqueue")).next_time(at("2026-01-01 00:00")) is None
    )


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("schedule", ["30 2 * * *", "*/15 * * * *", "0 * * * *", "45 1 * * *"])
def test_the_next_time_is_always_ahead(zone: str, schedule: str) -> None:
    """Also in nights in which the zone repeats or leaves out an hour, at which nothing may be due
    at once again and again."""
    times = Timetable(schedule=cron(schedule), zone=ZoneInfo(zone))
    for day in ("2026-03-08", "2026-03-29", "2026-04-04", "2026-10-03", "2026-10-25", "2026-11-01"):
        now = at(f"{day} 00:00")
        while now < at(f"{day} 23:59"):
            ahead = times.next_time(now)
            assert ahead is not None
            assert now < ahead <= now + dt.timedelta(days=1, hours=2), (now, ahead)
            now += dt.timedelta(minutes=7, seconds=13)


def test_a_slot_comes_every_quarter_of_an_hour_whatever_clocks_do() -> None:
    times = Timetable(schedule=cron("*/15 * * * *"), zone=ZoneInfo("Europe/Berlin"))
    for day in ("2026-03-29", "2026-10-25"):
        now = at(f"{day} 00:00") - dt.timedelta(hours=3)
        slots: list[dt.datetime] = []
        while len(slots) < 40:
            now = times.next_time(now) or now
            slots.append(now.astimezone(dt.UTC))
        steps = {later - earlier for earlier, later in pairwise(slots)}
        assert steps == {dt.timedelta(minutes=15)}
