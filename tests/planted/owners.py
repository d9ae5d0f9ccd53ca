"""Bugs in who may act for an account, each with two owners of it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from syncd.daemon import composition
from syncd.store.leases import take_lease
from tests.planted.bug import Bug, Ground
from tests.planted.planting import Plant, replaced, together
from tests.promises import Violation
from tests.waiting import eventually

TOO_SHORT = 2.5


async def an_owner_who_lost_the_account_goes_on(ground: Ground) -> Sequence[Violation]:
    """One waits for its settle time, its lease runs out, and another has a call under way when the
    first one takes up its work again."""
    lease = {"ttl": "60s", "renew": "30s", "request_timeout": "20s"}
    tables = {"lease": lease, "push": {"settle": "1500ms"}}
    async with ground.scene(tables=tables) as scene:
        one, two = scene.ordinary(2)
        await scene.books.enqueue_picks([one])
        scene.simulator.faults.arm("reset", "update", when="before")
        first = asyncio.create_task(scene.push(wait_unknown=True))

        async def is_waiting() -> bool:
            return [run["outcome"] for run in await scene.books.runs("push")] == ["ok"]

        await eventually(is_waiting)
        await scene.books.connection.execute("UPDATE syncd.leases SET expires_at = 'epoch'")
        await scene.books.enqueue_picks([two])
        held = scene.simulator.faults.arm("hold", "update", when="before")
        second = asyncio.create_task(scene.push())
        async with asyncio.timeout(15):
            await held.wait_fired()
            await first
        held.release()
        await second
        return await scene.violations()


async def an_owner_who_stands_still_during_a_call(ground: Ground) -> Sequence[Violation]:
    """The process is stopped with a call under way, for which the provider takes nearly as long as
    a request may; another one waits for the account."""
    lease = {"ttl": "6s", "renew": "500ms", "request_timeout": "4s"}
    async with ground.scene(tables={"lease": lease}) as scene:
        await scene.books.enqueue_picks(scene.ordinary(1))
        held = scene.simulator.faults.arm("hold", "update", when="before")
        again = scene.simulator.faults.arm("hold", "update", when="before", nth=2)
        async with ground.process(scene.place, "sync", "--push") as running:
            async with asyncio.timeout(30):
                await held.wait_fired()
            running.signal(signal.SIGSTOP)
            other = asyncio.create_task(scene.push(wait_unknown=True))
            with suppress(TimeoutError):
                async with asyncio.timeout(3.7):
                    await again.wait_fired()
            held.release()
            again.release()
            await other
        return await scene.violations()


def _short_lease() -> Plant:
    """Leases end before a request may, and nobody looks whether one still fits in."""
    account = composition._account  # noqa: SLF001

    async def take(database: Any, account_id: int, _: float, **more: Any) -> Any:
        return await take_lease(database, account_id, TOO_SHORT, **more)

    def account_of(*given: Any) -> Any:
        return replace(account(*given), request_timeout=0.0)

    return together(
        replaced(composition, "take_lease", take),
        replaced(composition, "_account", account_of),
    )


BUGS = (
    Bug(
        number=14,
        name="a lease without an epoch: that anybody has one is enough",
        scenario=an_owner_who_lost_the_account_goes_on,
        promise=5,
        plant=together,
        in_database={"require_lease": {"AND l.epoch = require_lease.epoch": ""}},
        is_slow=True,
    ),
    Bug(
        number=15,
        name="a lease shorter than a request may take",
        scenario=an_owner_who_stands_still_during_a_call,
        promise=5,
        plant=_short_lease,
        is_slow=True,
    ),
)
