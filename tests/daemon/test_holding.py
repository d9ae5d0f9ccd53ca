"""Holding an account: what a process does about a lease that it could not give back, and what wakes
its workers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from syncd.config.schedule import cron
from syncd.daemon.composition import Watch, hold, register, stations
from syncd.engine.schedule import Timetable, WakeTrigger
from syncd.store.database import open_database
from tests.daemon.setting import loaded
from tests.proxy import Proxy

WATCH = Watch(started_by="test", observe=lambda _event: None, is_stopping=lambda: False)


async def test_a_lease_that_could_not_be_given_back_is_taken_again_at_once(
    database_url: str, tmp_path: Path
) -> None:
    async with Proxy(database_url) as proxy, open_database(proxy.url) as database:
        config = loaded(tmp_path, "http://127.0.0.1:9", proxy.url)
        numbers = await register(config, database)
        async with stations(config, database, config.accounts, numbers) as (station,):
            async with hold(database, station, WATCH):
                proxy.is_cut = True
                proxy.cut()
            assert station.left == station.epoch
            proxy.is_cut = False
            before = station.epoch
            async with hold(database, station, WATCH):
                assert station.epoch == before + 1
            assert station.left is None


def test_the_schedulers_next_wake_up_is_the_next_slot_and_always_ahead() -> None:
    trigger = WakeTrigger(Timetable(schedule=cron("*/15 * * * *")))
    now = dt.datetime(2026, 11, 22, 5, 50, tzinfo=dt.UTC)
    first = trigger.get_next_fire_time(None, now)
    assert first == dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC)
    # Asked again in the same moment, it goes on from the wake-up that it named.
    assert trigger.get_next_fire_time(first, now) == dt.datetime(2026, 11, 22, 6, 15, tzinfo=dt.UTC)
