"""Passes that something happens to at one point: a `syncd sync` that is killed there, and one in
this process that an exception, a cancellation or the loss of its database hits there. It judges
nothing."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from syncd import crashpoint
from syncd.daemon import SyncRequest, open_store, sync
from syncd.simulator.faults import Fault
from tests.e2e.processes import syncd, syncd_started
from tests.e2e.scene import Place, Scene
from tests.kill.points import RECOVERY, Cell, Manner
from tests.proxy import Held, Proxy

KILLED = -signal.SIGKILL
PATIENCE = 30.0
COMMITS = {
    "during_intent_commit": b"INSERT INTO syncd.batches",
    "during_result_commit": b"UPDATE syncd.batches",
}
"""What only the transaction in question says."""
TURNS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "after_body_no_reply": ("reset", {"when": "before"}),
    "mid_reply_body": ("drip", {"when": "after", "seconds": 0.001}),
}
"""What the provider does so that a point is the moment that its name says."""
DEAD = "UPDATE syncd.leases SET expires_at = clock_timestamp() WHERE owner IS NOT NULL"
"""A process that is gone does not hold an account; in this one it takes the end of the lease."""


class Planted(Exception):
    """What nobody expects at a crash point."""


async def killed(scene: Scene, cell: Cell) -> None:
    """Run `syncd sync` and kill it at the cell's point; fails where it gets past that."""
    _arm(scene, cell)
    if cell.point in COMMITS:
        async with Proxy(scene.place.database_url) as proxy:
            held = proxy.hold_commit(COMMITS[cell.point])
            await _killed_when(held.reached, _by_way_of(proxy, scene))
            held.gate.set()
    elif cell.point == "provider_applied_no_reply":
        held_up = scene.simulator.faults.arm("hold", cell.kind.at, when="after")
        await _killed_when(held_up, scene.place)
    else:
        code, told = await syncd(scene.place, "sync", "--push", SYNCD_CRASHPOINT=cell.point)
        assert code == KILLED, told
    scene.simulator.faults.clear()


async def _killed_when(moment: asyncio.Event | Fault, place: Place) -> None:
    async with syncd_started(place, "sync", "--push") as running, asyncio.timeout(PATIENCE):
        await (moment.wait_fired() if isinstance(moment, Fault) else moment.wait())
        running.signal(signal.SIGKILL)
        assert await running.end() == KILLED


async def hit(scene: Scene, cell: Cell) -> int:
    """Push in this process and let it happen at the cell's point; returns how often it did."""
    _arm(scene, cell)
    async with (
        Proxy(scene.place.database_url) as proxy,
        open_store(_by_way_of(proxy, scene).load()) as database,
    ):
        request = SyncRequest(accounts=(scene.place.account,), pull=False, started_by="test")
        work = sync(scene.config, database, request, lambda _: None)
        async with _happens(scene, cell, proxy) as happened:
            task = asyncio.create_task(work)
            happened.task = task
            await _ended(task)
    left = [one.get_name() for one in asyncio.all_tasks() if one.get_name().startswith("send-")]
    assert left == [], "what was stopped goes on sending"
    scene.simulator.faults.clear()
    await scene.books.connection.execute(DEAD)
    return happened.times


async def _ended(task: asyncio.Task[Any]) -> None:
    """Wait for its end, which may be what was planted and no other bug."""
    _, pending = await asyncio.wait([task], timeout=PATIENCE)
    for one in pending:
        one.cancel()
    assert not pending, "it neither ends nor goes on"
    if task.cancelled() or (error := task.exception()) is None:
        return
    bugs = error
    if isinstance(error, BaseExceptionGroup):
        _, rest = error.split(Planted)
        if rest is None:
            return
        bugs = rest
    if not isinstance(bugs, Planted):
        raise bugs


class _Happening:
    """What happens to one task, once."""

    def __init__(self, manner: Manner, proxy: Proxy) -> None:
        self.task: asyncio.Task[Any] | None = None
        self.times = 0
        self._manner = manner
        self._proxy = proxy

    def now(self, where: str) -> None:
        """Let it happen; raises Planted where that is it."""
        self.times += 1
        match self._manner:
            case Manner.EXCEPTION:
                raise Planted(where)
            case Manner.CANCELLATION:
                assert self.task is not None
                self.task.cancel()
            case _:
                self._proxy.is_cut = self._manner is Manner.GONE
                self._proxy.cut()


@asynccontextmanager
async def _happens(scene: Scene, cell: Cell, proxy: Proxy) -> AsyncIterator[_Happening]:
    """Whatever is to happen at the cell's point happens inside the block."""
    happening = _Happening(cell.manner, proxy)
    if cell.point in COMMITS:
        held = proxy.hold_commit(COMMITS[cell.point])
        other = asyncio.create_task(_at_commit(held, happening, cell.manner))
    elif cell.point == "provider_applied_no_reply":
        kind = "reset" if cell.manner is Manner.EXCEPTION else "hold"
        fault = scene.simulator.faults.arm(kind, cell.kind.at, when="after")
        other = asyncio.create_task(_at_provider(fault, happening, cell.manner))
    else:
        with crashpoint.armed(lambda name: _at_point(name, cell.point, happening)):
            yield happening
        return
    try:
        yield happening
    finally:
        other.cancel()
        await asyncio.wait([other])


def _at_point(name: str, point: str, happening: _Happening) -> None:
    if name == point and not happening.times:
        happening.now(name)


async def _at_commit(held: Held, happening: _Happening, manner: Manner) -> None:
    """An exception there is the server's own last word in the place of the answer."""
    await held.reached.wait()
    if manner is Manner.EXCEPTION:
        happening.times += 1
        held.stops = True
    else:
        happening.now("COMMIT")
    held.gate.set()


async def _at_provider(fault: Fault, happening: _Happening, manner: Manner) -> None:
    """An exception there is the end of the connection."""
    await fault.wait_fired()
    if manner is Manner.EXCEPTION:
        happening.times += 1
    else:
        happening.now("reply")
    fault.release()


def _arm(scene: Scene, cell: Cell) -> None:
    if cell.point in TURNS and cell.point not in RECOVERY:
        kind, options = TURNS[cell.point]
        scene.simulator.faults.arm(kind, cell.kind.at, **options)


def _by_way_of(proxy: Proxy, scene: Scene) -> Place:
    return replace(scene.place, database_url=proxy.url)
