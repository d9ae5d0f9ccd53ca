"""A plan from the mirror is what the next push does, by the account's own rules and the database's
own records; what its calls take of limits and money is plain arithmetic."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest

from syncd.config import Config, load
from syncd.daemon import AccountPlan, SyncRequest, open_store, plan, sync
from syncd.daemon.calls import costs, shares
from syncd.model.plan import Mark
from syncd.model.registration import Price
from syncd.simulator import Settings, Simulator
from syncd.store.accounts import Accounts, Wanted
from syncd.store.database import Database
from syncd.store.prospects import Prospects
from tests.daemon.setting import environment, loaded, written

WIDE, NARROW = "guard = { max_factor = 1000000, share = 1 }", "guard = { share = 0.1 }"
STATES = {
    Mark.SEND: "applied",
    Mark.HELD: "held",
    Mark.ALREADY_SET: "applied",
    Mark.SUPERSEDED: "superseded",
}


@dataclass
class Place:
    """A pulled account of 20 campaigns, of which at most two may be changed within an hour."""

    config: Config
    database: Database
    sql: asyncpg.Connection[asyncpg.Record]

    async def push(self) -> None:
        request = SyncRequest(pull=False, started_by="test")
        (report,) = await sync(self.config, self.database, request, lambda _event: None)
        assert report.error is None

    async def ask(self, count: int) -> list[int]:
        """Raise so many daily budgets a little."""
        rows = await self.sql.fetch(
            "SELECT external_id, (\"values\" ->> 'budget.daily')::numeric + 1 AS wanted"
            " FROM report.campaigns WHERE \"values\" ->> 'budget.daily' ~ '^[0-9]'"
            " ORDER BY external_id LIMIT $1",
            count,
        )
        wanted = [
            Wanted(account="shop", campaign=row[0], patch={"budget.daily": str(row[1])})
            for row in rows
        ]
        return await Accounts(self.database).enqueue(wanted)

    async def plan(self) -> AccountPlan:
        (made,) = await plan(self.config, self.database, ["shop"])
        return made

    async def marks(self) -> dict[int, tuple[Mark, str | None]]:
        """What is to become of each update of the plan, and why."""
        made = await self.plan()
        return {one.update.id: (one.mark, one.deciding.code) for one in made.plan.updates}

    async def states(self) -> dict[int, tuple[str, str | None]]:
        rows = await self.sql.fetch("SELECT id, state::text, reason_code FROM report.updates")
        return {row[0]: (row[1], row[2]) for row in rows}


@pytest.fixture
async def place(database_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with Simulator(Settings(campaigns=20)) as simulator:
        path = written(tmp_path, simulator.base_url)
        path.write_text(path.read_text().replace(WIDE, NARROW))
        config = load(path, environment(database_url))
        sql = await asyncpg.connect(database_url)
        async with open_store(config) as database:
            request = SyncRequest(push=False, started_by="test")
            await sync(config, database, request, lambda _event: None)
            yield Place(config, database, sql)
        await sql.close()


async def test_a_plan_holds_by_the_rules_of_the_window_what_the_push_will_hold(
    place: Place,
) -> None:
    ids = await place.ask(4)
    planned = await place.marks()
    assert planned == dict.fromkeys(ids[:2], (Mark.SEND, None)) | dict.fromkeys(
        ids[2:], (Mark.HELD, "share")
    )
    await place.push()
    states = {number: (STATES[mark], code) for number, (mark, code) in planned.items()}
    assert await place.states() == states
    made = await place.plan()
    assert made.held == set(ids[2:]), "what is held already stays in the plan"
    assert {one.update.id for one in made.plan.updates} == set(ids[2:])
    assert made.plan.calls == ()
    assert [path.digest for one in made.plan.updates for path in one.paths] == [
        hold["budget.daily"]["digest"]
        for hold in [
            (await place.database.rows("report_updates_by_id", [one]))[0]["holds"]
            for one in ids[2:]
        ]
    ]
    (again,) = await place.ask(1)  # a campaign that was changed within the window already
    assert (await place.marks())[again] == (Mark.SEND, None)
    await place.sql.execute(
        "INSERT INTO syncd.caps (account_id, path, max_amount)"
        " SELECT id, '*', 1 FROM syncd.accounts"
    )
    assert (await place.marks())[again] == (Mark.HELD, "cap-amount")


async def test_a_plan_leaves_out_what_its_time_has_passed_of_and_what_waits(place: Place) -> None:
    late, waiting = await place.ask(2)
    await place.sql.execute(
        "UPDATE syncd.updates SET expires_at = syncd.now() + interval '1 h' WHERE id = $1", late
    )
    await place.sql.execute(
        "UPDATE syncd.updates SET not_before = syncd.now() + interval '9 h',"
        " due_at = syncd.now() + interval '9 h' WHERE id = $1",
        waiting,
    )
    await place.sql.execute("UPDATE syncd.clock SET shift = '2 h'")
    made = await place.plan()
    assert (made.plan.updates, made.late) == ((), (late,))
    assert [(one.id, one.code) for one in made.waiting] == [(waiting, "not_before")]
    assert made.read_at == made.state.complete_at


async def test_a_plan_knows_what_a_push_takes_back_into_the_queue(place: Place) -> None:
    (update,) = await place.ask(1)
    await place.sql.execute("UPDATE syncd.accounts SET dialect_seen = 'current'")
    assert await place.marks() == {update: (Mark.HELD, "dialect_mismatch")}
    await place.sql.execute(
        "UPDATE syncd.updates SET state = 'held', reason_code = 'dialect_mismatch'"
    )
    made = await place.plan()
    assert (made.held, made.plan.updates[0].mark) == (frozenset({update}), Mark.HELD)
    await place.sql.execute("UPDATE syncd.accounts SET dialect_seen = 'documented'")
    made = await place.plan()
    assert (made.held, made.waiting) == (frozenset(), ())
    assert await place.marks() == {update: (Mark.SEND, None)}
    await place.push()
    assert await place.states() == {update: ("applied", None)}


async def test_a_plan_says_how_old_its_oldest_value_is(place: Place) -> None:
    ids = await place.ask(2)
    made = await place.plan()
    assert made.read_at == made.state.complete_at
    await place.push()
    await place.sql.execute("UPDATE syncd.clock SET shift = shift + interval '1 h'")
    await place.ask(1)
    after = await place.plan()
    assert after.plan.updates[0].update.id not in ids
    assert after.read_at is not None
    assert made.read_at is not None
    assert made.read_at < after.read_at < after.state.at, "the read-back was later"


async def test_requests_of_this_month_count_by_the_clock_of_the_price(place: Place) -> None:
    await place.sql.execute(
        """INSERT INTO syncd.prices (account_id, operation, amount, currency, free_per_month, zone)
           SELECT id, 'PUT', 1, 'CNY', 9, 'Asia/Shanghai' FROM syncd.accounts"""
    )
    await place.sql.execute(
        """INSERT INTO syncd.request_usage (account_id, operation, hour, requests)
           SELECT a.id, 'PUT', h.hour, h.requests FROM syncd.accounts a CROSS JOIN LATERAL (
               SELECT date_trunc('month', syncd.now() AT TIME ZONE 'Asia/Shanghai')
                      AT TIME ZONE 'Asia/Shanghai' AS begins) m
            CROSS JOIN LATERAL (VALUES (m.begins - interval '1 h', 400), (m.begins, 30),
                                       (m.begins + interval '9 h', 2)) h(hour, requests)"""
    )
    number = await place.sql.fetchval("SELECT id FROM syncd.accounts")
    assert await Prospects(place.database, number).used() == {"PUT": 32}


def test_calls_take_their_share_of_every_limit_that_counts_them(tmp_path: Path) -> None:
    (account,) = loaded(tmp_path, "http://127.0.0.1:9", "postgresql://x", ("shop",)).accounts
    assert shares(account, {}) == ()
    (one,) = shares(account, {"PATCH campaigns": 50})
    assert (one.key, one.ceiling, one.calls, one.share) == ("default", "250/60s", 50, 0.2)
    # Ten a window of 60 s are kept for the burst; 241 a window and its jitter are left.
    assert one.seconds == pytest.approx(50 / ((251 - 10) / 61.2))


def test_calls_cost_what_the_free_ones_of_the_month_do_not_cover() -> None:
    prices = (
        Price(operation="PUT", amount=Decimal("0.002"), currency="CNY", free_per_month=100),
        Price(operation="POST", amount=Decimal("0.5"), currency="USD"),
    )
    put, post = costs(prices, {"PUT": 5, "POST": 2, "PATCH": 9}, {"PUT": 98})
    assert (put.free_left, put.billed, put.amount, put.currency) == (2, 3, Decimal("0.006"), "CNY")
    assert (post.free_left, post.billed, post.amount) == (0, 2, Decimal(1))
    (put,) = costs(prices, {"PUT": 5}, {"PUT": 1000})
    assert put.billed == 5
    assert costs((), {"PATCH": 1}, {}) == ()
