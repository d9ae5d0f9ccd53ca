"""Bugs in how a call leaves: its intent, how often it is sent, what a stop leaves behind."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

from syncd.engine.send import Sender
from syncd.providers import transport
from syncd.providers.calls import Calls
from syncd.providers.retries import retried
from syncd.store.outbox import Outbox
from syncd.timing import boottime
from tests.checker import read_rows
from tests.conduct import stopped_cleanly, tried_at_most
from tests.planted.bug import Bug, Ground
from tests.planted.planting import replaced, statement
from tests.promises import Violation
from tests.waiting import eventually

TRIES = 4
"""How often a read is tried in all, as the providers' pages of the documentation say."""


async def a_death_before_the_answer(ground: Ground) -> Sequence[Violation]:
    """The process is killed when the provider has carried its call out and not answered."""
    return await _death(ground, "after")


async def a_death_before_the_call_takes_effect(ground: Ground) -> Sequence[Violation]:
    """The process is killed when its call has arrived and nothing shows of it yet."""
    return await _death(ground, "before")


async def _death(ground: Ground, when: str) -> Sequence[Violation]:
    """Another process goes on, before the settle time has passed."""
    async with ground.scene(tables={"push": {"settle": "60s"}}) as scene:
        await scene.books.enqueue_picks(scene.ordinary(1))
        held = scene.simulator.faults.arm("hold", "update", when=when)
        async with ground.process(scene.place, "sync", "--push") as running, asyncio.timeout(30):
            await held.wait_fired()
            running.signal(signal.SIGKILL)
            await running.end()
        await scene.sync()
        scene.simulator.faults.clear()
        await eventually(scene.is_quiet)
        return await scene.violations()


async def an_ordinary_push(ground: Ground) -> Sequence[Violation]:
    """Nothing goes wrong."""
    async with ground.scene() as scene:
        await scene.books.enqueue_picks(scene.ordinary(2))
        await scene.push()
        return await scene.violations()


async def a_connection_that_is_lost_during_a_put(ground: Ground) -> Sequence[Violation]:
    """The provider has carried the call out and the connection is gone."""
    async with ground.scene("icas") as scene:
        campaign = scene.picks["ordinary"][0]["id"]
        await scene.books.queue(campaign, {"budget.daily": "321.5"})
        scene.simulator.faults.arm("reset", "budgets", when="after")
        await scene.push()
        return await scene.violations()


async def a_provider_that_is_down(ground: Ground) -> Sequence[Violation]:
    """Every read is answered with 503."""
    async with ground.scene() as scene:
        before = len(scene.simulator.journal.arrivals)
        scene.simulator.faults.arm("status", "search", status=503, count=None)
        await scene.pull()
        return list(tried_at_most(scene.simulator.journal.since(before), TRIES))


async def a_stop_while_a_call_is_under_way(ground: Ground) -> Sequence[Violation]:
    """The grace of a stop has passed and the pass is cancelled: it ends by itself, and all that it
    sent has an outcome."""
    async with ground.scene() as scene:
        await scene.books.enqueue_picks(scene.ordinary(2))
        held = scene.simulator.faults.arm("hold", "update", when="after")
        work = asyncio.create_task(scene.push())
        async with asyncio.timeout(20):
            await held.wait_fired()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        held.release()
        await eventually(scene.is_quiet)
        rows = await read_rows(scene.books.connection)
        return [*stopped_cleanly(rows), *await scene.violations()]


def _intent_after_sending() -> AbstractContextManager[None]:
    sound = Calls.write

    async def write(self: Calls, request: Any, ready: Any, intend: Any) -> Any:
        intended: list[Any] = []

        async def note(what: Any) -> None:
            intended.append(what)

        answer = await sound(self, request, ready, note)
        await intend(*intended)
        return answer

    return replaced(Calls, "write", write)


def _no_intent() -> AbstractContextManager[None]:
    async def intend(*_: Any) -> float:
        """Nothing is written."""
        return boottime()

    return replaced(Outbox, "intend", intend)


def _resend() -> AbstractContextManager[None]:
    async def call(_: Any, request: Any, handler: Any) -> Any:
        return await handler(request)

    return replaced(transport._Send, "__call__", call)  # noqa: SLF001


def _two_layers() -> AbstractContextManager[None]:
    sound = Calls.read

    async def read(self: Calls, *given: Any, **more: Any) -> Any:
        return await retried(lambda: sound(self, *given, **more), patience=None)

    return replaced(Calls, "read", read)


def _swallowed() -> AbstractContextManager[None]:
    sound = Sender._exchange  # noqa: SLF001

    async def nothing(*_: Any) -> None:
        """The cancelled call is not recorded."""

    async def exchange(self: Any, batch: Any) -> Any:
        self._settle = nothing
        try:
            return await sound(self, batch)
        except asyncio.CancelledError:
            return None
        finally:
            del self._settle

    return replaced(Sender, "_exchange", exchange)


BUGS = (
    Bug(
        number=1,
        name="the intent is committed after sending",
        scenario=a_death_before_the_answer,
        promise=7,
        plant=_intent_after_sending,
        is_slow=True,
    ),
    Bug(
        number=2,
        name="no intent is committed",
        scenario=an_ordinary_push,
        promise=7,
        plant=_no_intent,
    ),
    Bug(
        number=6,
        name="the HTTP library's own resend is left on",
        scenario=a_connection_that_is_lost_during_a_put,
        promise=7,
        plant=_resend,
    ),
    Bug(
        number=7,
        name="requests are tried again in two layers",
        scenario=a_provider_that_is_down,
        promise=12,
        plant=_two_layers,
    ),
    Bug(
        number=17,
        name="what a dead owner sent goes back into the queue",
        scenario=a_death_before_the_call_takes_effect,
        promise=4,
        plant=lambda: statement("orphans", {"state = 'unknown'": "state = 'queued'"}),
        is_slow=True,
    ),
    Bug(
        number=25,
        name="a cancellation between send and record is swallowed",
        scenario=a_stop_while_a_call_is_under_way,
        promise=18,
        plant=_swallowed,
    ),
)
