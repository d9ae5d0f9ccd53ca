"""Quiet hours in the two nights in which clocks are changed, by real pushes: what is held says when
that ends, and goes back into the queue by itself just then."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from syncd.config import Config, load
from syncd.daemon import AccountReport, SyncRequest, open_store, sync
from syncd.simulator import Settings, Simulator
from syncd.store.accounts import Accounts, Wanted
from syncd.store.database import Database
from tests.daemon.setting import environment, written

WIDE = "guard = { max_factor = 1000000, share = 1 }"
QUIET = WIDE.replace(" }", ', quiet_hours = "22:00-02:30" }\ntimezone = "Europe/Berlin"')


class Night:
    """A pulled account in Berlin whose clock is set by hand; it goes on from there, so that what is
    asked of it holds for half an hour at least."""

    def __init__(
        self, config: Config, database: Database, sql: asyncpg.Connection[asyncpg.Record]
    ) -> None:
        self._config, self._database, self._sql = config, database, sql

    async def sync(self, **asked: Any) -> AccountReport:
        request = SyncRequest(started_by="test", **asked)
        (report,) = await sync(self._config, self._database, request, lambda _event: None)
        assert report.error is None
        return report

    async def set_clock(self, utc: str) -> None:
        await self._sql.execute(
            "UPDATE syncd.clock SET shift = $1 - clock_timestamp()",
            dt.datetime.fromisoformat(f"{utc}+00:00"),
        )

    async def push_at(self, utc: str) -> None:
        """Push at this time."""
        await self.set_clock(utc)
        await self.sync(pull=False)

    async def ask(self, amount: int) -> int:
        """Ask for a daily budget."""
        campaign = await self._sql.fetchval(
            "SELECT min(external_id) FROM report.campaigns WHERE \"values\" ? 'budget.daily'"
        )
        wanted = Wanted(account="shop", campaign=campaign, patch={"budget.daily": str(amount)})
        (update,) = await Accounts(self._database).enqueue([wanted])
        return update

    async def stands(self, update: int) -> tuple[str, str | None]:
        """Its state, and until when it waits."""
        ((state, until),) = await self._sql.fetch(
            "SELECT state::text, (waiting_for ->> 'until')::timestamptz FROM report.updates"
            " WHERE id = $1",
            update,
        )
        return state, None if until is None else f"{until.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


@pytest.fixture
async def night(database_url: str, tmp_path: Path) -> AsyncIterator[Night]:
    async with Simulator(Settings(campaigns=5)) as simulator:
        path = written(tmp_path, simulator.base_url)
        path.write_text(path.read_text().replace(WIDE, QUIET))
        config = load(path, environment(database_url))
        sql = await asyncpg.connect(database_url)
        async with open_store(config) as database:
            found = Night(config, database, sql)
            await found.set_clock("2026-03-28 12:00")
            await found.sync(push=False)
            yield found
        await sql.close()


@pytest.mark.soak
async def test_quiet_hours_end_when_the_clock_says_so_in_the_nights_that_change_it(
    night: Night,
) -> None:
    # In spring half past two never comes: at two it is three.
    spring = await night.ask(21)
    await night.push_at("2026-03-29 00:30")
    assert await night.stands(spring) == ("held", "2026-03-29 01:00")
    await night.push_at("2026-03-29 01:00")
    assert await night.stands(spring) == ("applied", None)
    # In autumn it comes twice.
    autumn = await night.ask(22)
    await night.push_at("2026-10-25 00:00")
    assert await night.stands(autumn) == ("held", "2026-10-25 00:30")
    await night.push_at("2026-10-25 00:30")
    assert await night.stands(autumn) == ("applied", None)
    again = await night.ask(23)
    await night.push_at("2026-10-25 01:00")
    assert await night.stands(again) == ("held", "2026-10-25 01:30")
    await night.push_at("2026-10-25 01:30")
    assert await night.stands(again) == ("applied", None)
