"""The kill switch: while a push of many single calls is under way, a person pauses the account,
by one statement in SQL or by one command. What had not been intended by then is not sent."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from syncd.model.run import RunOutcome
from tests.e2e.conftest import Stage
from tests.e2e.place import simulated
from tests.e2e.processes import syncd
from tests.e2e.scene import Scene
from tests.e2e.truths import assert_all_is_kept, is_there
from tests.waiting import eventually

UPDATES = 60
BEFORE = 6
"""So many calls have arrived when somebody pauses; four at a time are under way."""
SECOND = 1_000_000_000
Pause = Callable[[Scene], Awaitable[None]]


async def by_sql(scene: Scene) -> None:
    await scene.books.connection.execute("UPDATE syncd.accounts SET paused_at = now()")


async def by_command(scene: Scene) -> None:
    code, said = await syncd(scene.place, "accounts", "pause", "--all")
    assert code == 0, said


async def slow(stage: Stage) -> Scene:
    """A pulled account whose provider takes its time over every single change, and the updates;
    the last of them get no answer until the test lets them."""
    lease = {"ttl": "45s", "renew": "1s", "request_timeout": "40s"}
    tables = {"push": {"in_flight": 4}, "guard": {"share": 1}, "lease": lease}
    scene = await stage(simulated("pai", campaigns=UPDATES), tables=tables)
    await scene.pull()
    for number, campaign in enumerate(scene.simulator.world.ids()):
        await scene.books.enqueue(campaign, "note", f"wave {number}")
    scene.simulator.faults.arm("delay", "update", count=None, seconds=0.05)
    scene.simulator.faults.arm("hold", "update", count=None, nth=UPDATES // 2)
    return scene


async def batches(scene: Scene) -> int:
    found: int = await scene.books.connection.fetchval("SELECT count(*) FROM syncd.batches")
    return found


@pytest.mark.parametrize("pause", [by_sql, by_command])
async def test_after_a_pause_nothing_is_sent_that_was_not_intended_before(
    stage: Stage, pause: Pause
) -> None:
    scene = await slow(stage)
    pushing = asyncio.create_task(scene.push())
    await eventually(lambda: len(scene.writes()) >= BEFORE)
    await pause(scene)
    intended = await batches(scene)
    assert not pushing.done()
    assert intended < UPDATES
    scene.simulator.faults.clear()
    report = await pushing
    assert await batches(scene) == intended, "an intent was committed after the pause"
    assert report.pushed is not None
    assert report.pushed.outcome is RunOutcome.PARTIAL
    rows = await scene.books.view("updates")
    assert {row["state"] for row in rows} == {"applied", "queued"}
    assert sum(row["state"] == "applied" for row in rows) == len(scene.writes())
    # What a machine that stands still lets leave too late is kept back.
    late = await scene.books.view("update_attempts", "outcome = 'not_judged'")
    assert intended == len(scene.writes()) + len(late)
    assert {row["waiting_for"]["code"] for row in rows if row["state"] == "queued"} == {
        "account_paused"
    }
    assert await scene.violations() == []


async def assert_quiet_after(scene: Scene) -> None:
    """No write reached the provider later than a second after the pause."""
    paused: datetime = await scene.books.connection.fetchval("SELECT paused_at FROM syncd.accounts")
    last = max(arrival.wall_ns for arrival in scene.writes())
    assert last <= paused.timestamp() * SECOND + SECOND


async def test_what_was_left_goes_out_when_the_account_is_resumed(stage: Stage) -> None:
    scene = await slow(stage)
    pushing = asyncio.create_task(scene.push())
    await eventually(lambda: len(scene.writes()) >= BEFORE)
    await by_sql(scene)
    scene.simulator.faults.clear()
    await pushing
    arrived = len(scene.writes())
    assert arrived < UPDATES
    paused = await scene.sync()
    assert paused.paused
    assert len(scene.writes()) == arrived
    code, said = await syncd(scene.place, "accounts", "resume", scene.place.account)
    assert code == 0, said
    await scene.push()
    rows = await scene.books.view("updates")
    assert all(row["state"] == "applied" and is_there(scene, row) for row in rows)
    assert len(scene.writes()) == UPDATES
    await assert_all_is_kept(scene)
