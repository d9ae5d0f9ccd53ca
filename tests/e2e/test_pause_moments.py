"""The kill switch in awkward moments: between two calls of one update, between an intent and its
send, in a bisection, in a recovery, with as many calls under way as the account may have. Nothing
leaves later, nothing is lost, and after it all goes on where it stood."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

import pytest

from syncd.daemon import AccountReport, SyncRequest, open_store, sync
from syncd.engine.intent import ASKED, AT_ONCE
from syncd.model.run import RunOutcome
from syncd.simulator.faults import Fault
from syncd.timing import boottime
from tests.e2e.conftest import Stage
from tests.e2e.place import simulated
from tests.e2e.scene import Scene
from tests.e2e.test_kill_switch import assert_quiet_after, by_sql
from tests.e2e.test_steps import STEPS, Steps, assert_done, carried
from tests.e2e.test_steps import opened as stepwise
from tests.e2e.truths import assert_all_is_kept
from tests.proxy import Proxy
from tests.waiting import PATIENCE, eventually

SINGLE = [one for one in STEPS if str(one) in ("icas-start", "epom-countries", "voipbin-parts")]
RESUME = "SELECT syncd.resume()"


async def pushed_into_a_pause(scene: Scene, held: Fault) -> AccountReport:
    """A push that stands at this fault when the account is paused, and then goes on to its end."""
    pushing = asyncio.create_task(scene.push())
    async with asyncio.timeout(PATIENCE):
        await held.wait_fired()
    await by_sql(scene)
    scene.simulator.faults.clear()
    return await pushing


async def assert_waiting(scene: Scene, updates: Iterable[int]) -> None:
    """These stay in the queue for as long as the account is paused, and whoever tries sends
    nothing."""
    arrived = len(scene.writes())
    report = await scene.sync()
    assert report.paused
    assert len(scene.writes()) == arrived
    for one in updates:
        row = await scene.books.update(one)
        assert (row["state"], row["waiting_for"]["code"]) == ("queued", "account_paused"), row


@pytest.mark.soak
@pytest.mark.parametrize("steps", SINGLE, ids=str)
async def test_between_two_calls_of_one_update(stage: Stage, steps: Steps) -> None:
    scene, update = await stepwise(stage, steps)
    held = scene.simulator.faults.arm("hold", steps.calls[0], when="after")
    report = await pushed_into_a_pause(scene, held)
    assert report.pushed is not None
    assert report.pushed.outcome is RunOutcome.PARTIAL
    assert carried(scene) == list(steps.calls[:1])
    row = await scene.books.update(update)
    (first,) = await scene.books.attempts(update)
    assert {path: said["outcome"] for path, said in row["results"].items()} == dict.fromkeys(
        first["sent"], "applied"
    )
    await assert_waiting(scene, [update])
    await scene.books.connection.execute(RESUME)
    await scene.push()
    assert carried(scene) == list(steps.calls)
    await assert_done(scene, update)


@pytest.mark.soak
async def test_a_start_whose_time_passes_in_the_pause_stays_unstarted(stage: Stage) -> None:
    (steps,) = [one for one in STEPS if str(one) == "icas-start"]
    scene, update = await stepwise(stage, steps)
    held = scene.simulator.faults.arm("hold", "budgets", when="after")
    await pushed_into_a_pause(scene, held)
    await scene.books.later("3 hours")
    await scene.books.connection.execute(RESUME)
    await scene.push()
    assert carried(scene) == ["budgets"]
    row = await scene.books.update(update)
    assert row["state"] == "expired"
    outcomes = {path: said["outcome"] for path, said in row["results"].items()}
    assert outcomes["budget.daily"] == "applied"
    assert await scene.violations() == []


async def pushed_with_a_late_commit(
    scene: Scene, meanwhile: Callable[[asyncio.Event], Awaitable[None]]
) -> AccountReport:
    """A push whose first intent is committed, unanswered until `meanwhile` opens the gate."""
    async with Proxy(scene.place.database_url) as proxy:
        config = replace(scene.place, database_url=proxy.url).load()
        async with open_store(config) as database:
            held = proxy.hold_commit(b"INSERT INTO syncd.batches")
            request = SyncRequest(accounts=(scene.place.account,), pull=False, started_by="test")
            pushing = asyncio.create_task(sync(config, database, request, scene.events.append))
            async with asyncio.timeout(PATIENCE):
                await held.reached.wait()
            await meanwhile(held.gate)
            (report,) = await pushing
    return report


async def passed(seconds: float) -> None:
    begun = boottime()
    await eventually(lambda: boottime() - begun > seconds)


async def assert_kept_back(scene: Scene, report: AccountReport, update: int) -> None:
    assert scene.writes() == []
    assert report.pushed is not None
    assert report.pushed.outcome is RunOutcome.PARTIAL
    (attempt,) = await scene.books.attempts(update)
    assert (attempt["outcome"], attempt["http_status"]) == ("not_judged", None)


async def test_nothing_leaves_long_after_its_intent_into_a_pause(stage: Stage) -> None:
    """The intent is committed and its answer takes its time; the account is paused meanwhile."""
    scene = await stage()
    await scene.pull()
    (update,) = await scene.books.enqueue_picks(scene.ordinary(1))

    async def meanwhile(gate: asyncio.Event) -> None:
        await by_sql(scene)
        await passed(AT_ONCE)
        gate.set()

    await assert_kept_back(scene, await pushed_with_a_late_commit(scene, meanwhile), update)
    await assert_waiting(scene, [update])
    await scene.books.connection.execute(RESUME)
    await scene.push()
    assert await scene.books.states([update]) == ["applied"]
    await assert_all_is_kept(scene)


@pytest.mark.soak
async def test_what_is_late_leaves_where_nobody_paused_and_not_where_nobody_can_tell(
    stage: Stage,
) -> None:
    lease = {"ttl": "45s", "renew": "1s", "request_timeout": "20s"}
    scene = await stage(tables={"lease": lease})
    await scene.pull()
    (first,) = await scene.books.enqueue_picks(scene.ordinary(1))

    async def silence(gate: asyncio.Event) -> None:
        async with scene.books.connection.transaction():
            await scene.books.connection.execute("LOCK TABLE syncd.accounts")
            await passed(AT_ONCE)
            gate.set()
            await passed((ASKED + 1) * AT_ONCE)

    async def nothing(gate: asyncio.Event) -> None:
        await passed(AT_ONCE)
        gate.set()

    await assert_kept_back(scene, await pushed_with_a_late_commit(scene, silence), first)
    report = await pushed_with_a_late_commit(scene, nothing)
    assert report.pushed is not None
    assert report.pushed.outcome is RunOutcome.OK
    assert await scene.books.states([first]) == ["applied"]
    await assert_all_is_kept(scene)


@pytest.mark.soak
async def test_in_the_middle_of_a_bisection(stage: Stage) -> None:
    scene = await stage()
    await scene.pull()
    updates = await scene.books.enqueue_picks(scene.ordinary(6))
    scene.simulator.faults.arm("status", "update", when="before", status=422, count=1)
    held = scene.simulator.faults.arm("hold", "update", when="after", nth=2)
    await pushed_into_a_pause(scene, held)
    assert [len(one) for one in scene.sent()] == [6, 3]
    states = await scene.books.states(updates)
    assert sorted(states) == ["applied"] * 3 + ["queued"] * 3
    left = [one for one, state in zip(updates, states, strict=True) if state == "queued"]
    await assert_waiting(scene, left)
    await scene.books.connection.execute(RESUME)
    await scene.push()
    assert set(await scene.books.states(updates)) == {"applied"}
    assert [len(one) for one in scene.sent()] == [6, 3, 3]
    for one in updates:
        outcomes = [row["outcome"] for row in await scene.books.attempts(one)]
        assert outcomes == ["not_judged", "applied"]
    await assert_all_is_kept(scene)


@pytest.mark.soak
@pytest.mark.parametrize("was_applied", [True, False])
async def test_in_the_middle_of_a_recovery(stage: Stage, *, was_applied: bool) -> None:
    """What is read is decided; what would have to be sent again is not."""
    scene = await stage(tables={"push": {"settle": "120s"}})
    await scene.pull()
    updates = await scene.books.enqueue_picks(scene.ordinary(2))
    when = "after" if was_applied else "before"
    scene.simulator.faults.arm("reset", "update", when=when)
    await scene.push()
    assert set(await scene.books.states(updates)) == {"unknown"}
    await scene.books.later("10 minutes")
    held = scene.simulator.faults.arm("hold", "search", when="before")
    await pushed_into_a_pause(scene, held)
    assert len(scene.writes()) == 1
    if was_applied:
        assert set(await scene.books.states(updates)) == {"applied"}
    else:
        await assert_waiting(scene, updates)
    await scene.books.connection.execute(RESUME)
    await scene.push()
    assert set(await scene.books.states(updates)) == {"applied"}
    assert len(scene.writes()) == (1 if was_applied else 2)
    await assert_all_is_kept(scene)


@pytest.mark.soak
async def test_with_as_many_calls_under_way_as_there_may_be(stage: Stage) -> None:
    lease = {"ttl": "45s", "renew": "1s", "request_timeout": "40s"}
    tables = {"push": {"in_flight": 16}, "guard": {"share": 1}, "lease": lease}
    scene = await stage(simulated("pai", campaigns=60), tables=tables)
    await scene.pull()
    ids = scene.simulator.world.ids()
    updates = [await scene.books.enqueue(one, "note", f"wave {one}") for one in ids]
    held = scene.simulator.faults.arm("hold", "update", count=None)
    pushing = asyncio.create_task(scene.push())
    async with asyncio.timeout(PATIENCE):
        await held.wait_fired(16)
    await by_sql(scene)
    scene.simulator.faults.clear()
    await pushing
    assert len(scene.writes()) == 16
    await assert_quiet_after(scene)
    states = await scene.books.states(updates)
    assert (states.count("applied"), states.count("queued")) == (16, len(ids) - 16)
    await scene.books.connection.execute(RESUME)
    await scene.push()
    assert set(await scene.books.states(updates)) == {"applied"}
    assert len(scene.writes()) == len(ids)
    await assert_all_is_kept(scene)
