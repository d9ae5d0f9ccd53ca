"""Several processes and one account: one at a time sends, the others wait or say so, and one that
lost its lease sends nothing any more."""

import asyncio
import signal
from datetime import datetime
from typing import Any

import pytest

from syncd.simulator.faults import Fault
from tests.e2e.conftest import Stage
from tests.e2e.processes import PATIENCE, syncd, syncd_started
from tests.e2e.scene import Scene
from tests.waiting import eventually

BUSY = 5


SHORT = {"ttl": "5s", "renew": "500ms", "request_timeout": "1s"}


async def opened(stage: Stage, **where: Any) -> Scene:
    """A pulled scene with two updates queued; nobody gives up while a test holds a call."""
    scene = await stage(**where)
    await scene.pull()
    await scene.books.enqueue_picks(scene.ordinary(2))
    return scene


async def epochs(scene: Scene, kind: str) -> list[int]:
    return [row["epoch"] for row in await scene.books.runs(kind)]


async def assert_one_at_a_time(scene: Scene) -> None:
    """No run of a later owner began before those of the earlier ones had ended, and whatever
    arrived came over the connections of one owner after the other's."""
    runs = await scene.books.view("runs", "true ORDER BY started_at")
    last: dict[int, str] = {}
    for row in runs:
        earlier = [end for epoch, end in last.items() if epoch < row["epoch"]]
        assert all(end <= row["started_at"] for end in earlier)
        last[row["epoch"]] = max(row["ended_at"], last.get(row["epoch"], ""))
    assert await scene.violations() == []


async def test_two_at_once_take_turns(stage: Stage) -> None:
    scene = await opened(stage)
    first, second = await asyncio.gather(
        syncd(scene.place, "sync"), syncd(scene.place, "sync", "--if-busy", "wait")
    )
    assert (first[0], second[0]) == (0, 0), f"{first[1]}\n{second[1]}"
    assert len(scene.sent()) == 1
    pulls = await epochs(scene, "pull")
    assert len(set(pulls)) == len(pulls) == 3
    await assert_one_at_a_time(scene)


async def test_who_will_not_wait_is_told_who_has_the_account_and_ends_with_5(
    stage: Stage,
) -> None:
    scene = await opened(stage)
    held = scene.simulator.faults.arm("hold", "update", when="after")
    async with syncd_started(scene.place, "sync") as first:
        await fired(held)
        code, told = await syncd(scene.place, "sync", "--if-busy", "fail")
        assert code == BUSY
        assert f"process {first.pid}" in told
        held.release()
        assert await first.end() == 0
    assert len(scene.sent()) == 1
    await assert_one_at_a_time(scene)


async def fired(fault: Fault) -> None:
    """Wait until the fault holds a call."""
    async with asyncio.timeout(PATIENCE):
        await fault.wait_fired()


async def test_who_waits_begins_when_the_other_has_ended(stage: Stage) -> None:
    scene = await opened(stage)
    held = scene.simulator.faults.arm("hold", "update", when="after")
    async with syncd_started(scene.place, "sync") as first:
        await fired(held)
        before = {pid for pid, _ in await statements(scene)}
        async with syncd_started(scene.place, "sync") as second:
            arrived = len(scene.simulator.journal.arrivals)
            await has_asked_for_the_lease(scene, before)
            assert len(scene.simulator.journal.arrivals) == arrived
            held.release()
            assert (await first.end(), await second.end()) == (0, 0)
    assert len(scene.sent()) == 1
    assert len(set(await epochs(scene, "pull"))) == 3
    await assert_one_at_a_time(scene)


async def statements(scene: Scene) -> set[tuple[int, datetime]]:
    """The last statement of each connection of syncd's processes, by its time."""
    rows = await scene.books.connection.fetch(
        "SELECT pid, query_start FROM pg_stat_activity WHERE application_name = 'syncd'"
    )
    return {(row["pid"], row["query_start"]) for row in rows}


async def has_asked_for_the_lease(scene: Scene, before: set[int]) -> None:
    """Wait until a process that came later has come back to the database again and again."""
    seen: set[tuple[int, datetime]] = set()

    async def asked() -> bool:
        seen.update(one for one in await statements(scene) if one[0] not in before)
        return len(seen) >= 6

    await eventually(asked)


async def test_one_that_stood_still_past_its_lease_sends_nothing_when_it_goes_on(
    stage: Stage,
) -> None:
    scene = await opened(stage, tables={"lease": SHORT})
    held = scene.simulator.faults.arm("hold", "search", when="before", nth=2)
    async with syncd_started(scene.place, "sync") as first:
        await fired(held)
        first.signal(signal.SIGSTOP)
        held.release()
        scene.simulator.faults.clear()
        code, told = await syncd(scene.place, "sync")
        assert code == 0, told
        assert len(scene.sent()) == 1
        arrived = len(scene.simulator.journal.arrivals)
        first.signal(signal.SIGCONT)
        assert await first.end() == 1, first.told()
        assert "lease" in first.err.read_text()
    assert len(scene.sent()) == 1
    later = scene.simulator.journal.arrivals[arrived:]
    assert [one.operation for one in later if one.operation == "update"] == []
    await assert_one_at_a_time(scene)


async def test_one_that_stood_still_with_a_call_under_way_settles_nothing_of_it(
    stage: Stage,
) -> None:
    scene = await opened(stage, tables={"lease": SHORT})
    held = scene.simulator.faults.arm("hold", "update", when="after")
    async with syncd_started(scene.place, "sync") as first:
        await fired(held)
        first.signal(signal.SIGSTOP)
        held.release()
        scene.simulator.faults.clear()
        code, told = await syncd(scene.place, "sync", "--wait-unknown")
        assert code == 0, told
        rows = await scene.books.view("updates")
        assert {(row["state"], row["reason_code"]) for row in rows} == {("applied", "read_back")}
        first.signal(signal.SIGCONT)
        assert await first.end() == 1, first.told()
    assert await scene.books.view("updates") == rows
    assert len(scene.sent()) == 1
    await assert_one_at_a_time(scene)


@pytest.mark.parametrize("operation", ["search", "update"])
async def test_one_whose_lease_went_to_another_records_nothing_of_what_it_hears(
    stage: Stage, operation: str
) -> None:
    scene = await stage(tables={"lease": {"ttl": "60s", "renew": "30s", "request_timeout": "5s"}})
    await scene.pull()
    ids = await scene.books.enqueue_picks(scene.ordinary(2))
    edited = scene.simulator.world.in_view()[-1]
    scene.simulator.world.edit(edited.id, name="Seen too late")
    held = scene.simulator.faults.arm("hold", operation, when="after")
    work = asyncio.create_task(scene.sync(pull=operation == "search"))
    await fired(held)
    await scene.books.connection.execute(
        "UPDATE syncd.leases SET owner = 'another', epoch = epoch + 1"
    )
    held.release()
    report = await work
    assert report.error is not None
    assert report.error.code == "lease-lost"
    assert (await scene.books.campaigns())[edited.id]["name"] != "Seen too late"
    assert set(await scene.books.states(ids)) == (
        {"queued"} if operation == "search" else {"sending"}
    )
    await scene.books.connection.execute("UPDATE syncd.leases SET expires_at = 'epoch'")
    report = await scene.sync(wait_unknown=True)
    assert report.error is None
    assert set(await scene.books.states(ids)) == {"applied"}
    assert len(scene.sent()) == 1
    assert await scene.violations() == []
