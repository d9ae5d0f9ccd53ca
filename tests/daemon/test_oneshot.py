"""One round over accounts: what each report says, and that one account's trouble is its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from syncd.config import Config
from syncd.daemon import AccountReport, SyncRequest, check_account, open_store, plan, register, sync
from syncd.errors import UsageError
from syncd.model.run import RunOutcome
from syncd.simulator import Settings, Simulator
from syncd.store.accounts import Accounts, Wanted
from syncd.store.database import Database
from syncd.store.leases import take_lease
from tests.daemon.setting import loaded


@dataclass
class Place:
    """Two accounts beside a simulator that knows only the first one's credentials."""

    config: Config
    database: Database
    sql: asyncpg.Connection[asyncpg.Record]

    async def sync(self, *accounts: str, **other: Any) -> dict[str, AccountReport]:
        request = SyncRequest(accounts=accounts, started_by="test", **other)
        reports = await sync(self.config, self.database, request, lambda _event: None)
        return {report.account: report for report in reports}

    async def enqueue(self, amount: str) -> int:
        """Change a campaign that has a daily cap."""
        campaign = await self.sql.fetchval(
            "SELECT external_id FROM report.campaigns"
            " WHERE \"values\" ->> 'budget.daily' ~ '^[0-9]' ORDER BY external_id LIMIT 1"
        )
        wanted = Wanted(account="shop", campaign=campaign, patch={"budget.daily": amount})
        return (await Accounts(self.database).enqueue([wanted]))[0]


@pytest.fixture
async def place(database_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with Simulator(Settings(campaigns=20)) as simulator:
        config = loaded(tmp_path, simulator.base_url, database_url, ("shop", "other"))
        sql = await asyncpg.connect(database_url)
        async with open_store(config) as database:
            yield Place(config, database, sql)
        await sql.close()


async def test_every_account_gets_its_own_report(place: Place) -> None:
    reports = await place.sync()
    assert list(reports) == ["shop", "other"]
    good, bad = reports["shop"], reports["other"]
    assert good.pulled is not None
    assert (good.pulled.outcome, good.pulled.counts["new"]) == (RunOutcome.OK, 20)
    assert good.error is None
    assert bad.pulled is not None
    assert bad.pulled.outcome is RunOutcome.FAILED
    assert bad.pulled.error is not None
    assert bad.pulled.error.code == "auth-failed"


async def test_only_the_accounts_named_and_the_passes_asked_for_run(place: Place) -> None:
    reports = await place.sync("shop", push=False)
    assert list(reports) == ["shop"]
    assert reports["shop"].pushed is None
    again = (await place.sync("shop", pull=False))["shop"]
    assert again.pulled is None
    assert again.pushed is not None
    with pytest.raises(UsageError, match='unknown account "nope"') as refused:
        await place.sync("nope")
    assert "other, shop" in refused.value.remedy


async def test_a_queued_update_is_planned_pushed_and_confirmed(place: Place) -> None:
    await place.sync("shop")
    update_id = await place.enqueue("321.50")
    (planned,) = await plan(place.config, place.database, ["shop"])
    assert [one.update.id for one in planned.plan.updates] == [update_id]
    assert await place.sql.fetchval("SELECT count(*) FROM syncd.batches") == 0
    report = (await place.sync("shop", pull=False))["shop"]
    assert report.pushed is not None
    assert report.pushed.counts["applied"] == 1
    row = await place.sql.fetchrow("SELECT state::text, confirmation::text FROM report.updates")
    assert tuple(row or ()) == ("applied", "confirmed")
    assert await place.sql.fetchval("SELECT owner IS NULL FROM syncd.leases WHERE account_id = 1")
    assert await place.sql.fetchval("SELECT sum(requests) FROM syncd.request_usage") >= 4


async def test_a_busy_account_is_reported_and_the_other_goes_on(place: Place) -> None:
    numbers = await register(place.config, place.database)
    await take_lease(place.database, numbers["other"], 45)
    reports = await place.sync(if_busy="fail")
    assert reports["other"].is_busy
    assert reports["other"].error is not None
    assert reports["other"].error.code == "busy"
    assert not reports["shop"].is_busy
    assert reports["shop"].pulled is not None


async def test_waiting_for_a_busy_account_takes_it_when_its_lease_runs_out(place: Place) -> None:
    numbers = await register(place.config, place.database)
    await take_lease(place.database, numbers["shop"], 0.3)
    report = (await place.sync("shop"))["shop"]
    assert report.error is None
    assert report.pulled is not None


async def test_paused_accounts_and_those_not_due_are_left_alone(place: Place) -> None:
    await place.sync("shop")
    assert (await place.sync("shop", due_only=True))["shop"].skipped
    await Accounts(place.database).pause("shop", "ann")
    report = (await place.sync("shop"))["shop"]
    assert report.paused
    assert report.pulled is None
    await Accounts(place.database).resume("shop", "ann")
    await place.enqueue("5")
    report = (await place.sync("shop", due_only=True))["shop"]
    assert not report.skipped
    assert report.pulled is None
    assert report.pushed is not None


async def test_an_account_of_another_provider_keeps_its_name(place: Place) -> None:
    await register(place.config, place.database)
    await place.sql.execute("UPDATE syncd.accounts SET provider = 'other' WHERE name = 'shop'")
    with pytest.raises(Exception, match="belongs to another provider"):
        await register(place.config, place.database)


async def test_accounts_that_the_configuration_no_longer_names_keep_their_data(
    place: Place,
) -> None:
    await place.sync("shop")
    alone = place.config.model_copy(update={"accounts": place.config.accounts[1:]})
    await register(alone, place.database)
    rows = await place.sql.fetch(
        "SELECT account, campaigns, is_configured FROM report.account_health ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [("other", 0, True), ("shop", 20, False)]


async def test_a_check_goes_step_by_step_and_ends_at_the_first_that_fails(place: Place) -> None:
    good = [step async for step in check_account(place.config, "shop")]
    assert all(step.ok for step in good)
    assert [step.name for step in good] == [
        "credentials", "credentials", "database", "lease", "token", "one page",
    ]  # fmt: skip
    bad = [step async for step in check_account(place.config, "other")]
    assert [step.ok for step in bad][-1] is False
    assert bad[-1].name == "auth-failed"
    assert bad[-1].remedy
    assert "demo-secret" not in str(good + bad)
