"""`syncd sync` that is stopped by a signal, or by several, while its calls are under way: it ends
with its own code and in order, what it sent is found out by a read, and nothing is sent twice."""

import signal
from collections.abc import Sequence

import pytest

from tests.e2e.conftest import Stage
from tests.e2e.place import simulated
from tests.e2e.processes import syncd, syncd_started
from tests.e2e.truths import assert_all_is_kept
from tests.waiting import eventually

INT, TERM = signal.SIGINT, signal.SIGTERM
INTERRUPTED = 130


@pytest.mark.soak
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "signals",
    [(INT,), (TERM,), (INT, INT), (TERM, TERM, INT, INT)],
    ids=("int", "term", "two", "four"),
)
async def test_a_stopped_round_loses_nothing_and_sends_nothing_twice(
    stage: Stage, signals: Sequence[signal.Signals], when: str
) -> None:
    lease = {"ttl": "45s", "renew": "1s", "request_timeout": "40s"}
    push = {"in_flight": 4, "settle": "120s"}
    tables = {"push": push, "guard": {"share": 1}, "lease": lease}
    scene = await stage(simulated("pai", campaigns=12), tables=tables)
    await scene.pull()
    ids = scene.simulator.world.ids()[:8]
    updates = [await scene.books.enqueue(one, "note", f"wave {one}") for one in ids]
    held = scene.simulator.faults.arm("hold", "update", when=when, count=None)
    async with syncd_started(scene.place, "sync", "--push") as running:
        await eventually(lambda: held.fired == 4, timeout=30)
        for number in signals:
            running.signal(number)
        assert await running.end() == INTERRUPTED, running.told()
        said = running.told()
    assert "Traceback" not in said, said
    assert "interrupted" in said
    scene.simulator.faults.clear()
    await eventually(scene.is_quiet)
    states = await scene.books.states(updates)
    assert set(states) <= {"unknown", "queued", "sending"}, states
    assert states.count("queued") == 4
    # What nobody wrote down any more is taken over first, and read after the settle time from then.
    for allowed in ((0, 3), (0,)):
        await scene.books.later("10 minutes")
        code, said = await syncd(scene.place, "sync", "--push")
        assert code in allowed, said
    assert set(await scene.books.states(updates)) == {"applied"}
    assert len([one for one in scene.writes() if one.operation == "update"]) == len(ids)
    await assert_all_is_kept(scene)
