"""The one loop: what wakes it, what it does side by side, and how it bears trouble."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from syncd.config.schedule import cron, cron_or_enqueue
from syncd.engine.account import Account
from syncd.engine.schedule import Timetable
from syncd.engine.worker import Duties, Worker, keep, until_free
from syncd.errors import DatabaseUnavailable, LeaseBusy, LeaseLost, NoAnswer, ProviderDown
from syncd.model.call import CallResult, WriteCall
from syncd.model.listing import Page, Reading
from syncd.store.accounts import Slots
from syncd.timing import boottime
from tests.engine.platform import Bench, Platform, apply, bench
from tests.store.parts import SETTLE, Parts, campaign
from tests.waiting import eventually

IDS = ("a", "b", "c")


@dataclass
class Gated(Platform):
    """A platform whose first page waits for leave."""

    leave: asyncio.Event = field(default_factory=asyncio.Event)
    asked_for_page: asyncio.Event = field(default_factory=asyncio.Event)

    async def pages(self) -> AsyncGenerator[Page, None]:
        self.asked_for_page.set()
        await self.leave.wait()
        async for page in super().pages():
            yield page


@dataclass
class Shift:
    """A worker at work, how often it took the account, and what that should raise."""

    one: Bench
    slots: Slots
    worker: Worker
    task: asyncio.Task[None]
    stop: asyncio.Event
    holds: list[str]
    trouble: list[Exception]

    async def woken(self, times: int) -> None:
        """Wake the worker so often and let it look each time."""
        for _ in range(times):
            self.worker.wake()
            await self.one.parts.sql.fetchval("SELECT pg_sleep(0.01)")

    async def sends(self, count: int) -> None:
        await eventually(lambda: len(self.one.platform.calls) == count)


@asynccontextmanager
async def at_work(
    parts: Parts,
    platform: Platform | None = None,
    trouble: Sequence[Exception] = (),
    push: str = "@on_enqueue",
) -> AsyncIterator[Shift]:
    """A worker over the real store; at the end it is asked to stop and must."""
    one = bench(parts, dict.fromkeys(IDS, "100"))
    if platform is not None:
        one = Bench(
            platform, parts, replace(one.account, provider=platform), one.events, one.stopping
        )
    holds: list[str] = []
    raising = list(trouble)

    @asynccontextmanager
    async def hold() -> AsyncIterator[Account]:
        holds.append("taken")
        if raising:
            raise raising.pop(0)
        yield one.account

    slots, stop = Slots(parts.database, parts.number), one.stopping
    worker = Worker(
        Duties(
            name="shop",
            slots=slots,
            hold=hold,
            pull=Timetable(schedule=cron("@hourly")),
            push=Timetable(schedule=cron_or_enqueue(push)),
        )
    )
    task = asyncio.create_task(worker.run(stop))
    try:
        yield Shift(one, slots, worker, task, stop, holds, raising)
    finally:
        stop.set()
        worker.wake()
        async with asyncio.timeout(10):
            await asyncio.wait([task])


async def is_pulled(parts: Parts) -> bool:
    return bool(await parts.sql.fetchval("SELECT complete_at IS NOT NULL FROM syncd.accounts"))


async def is_planned(shift: Shift) -> bool:
    """Whether the next push has a time ahead of it."""
    seconds = (await shift.slots.due()).push_in
    return seconds is not None and seconds > 0


async def rested(parts: Parts) -> None:
    """The account was pulled just now: nothing is due."""
    await parts.pull([campaign(one) for one in IDS])
    due = await Slots(parts.database, parts.number).due()
    await Slots(parts.database, parts.number).pulled(due.now + dt.timedelta(hours=1))


async def test_an_account_that_was_never_pulled_is_pulled_at_once(parts: Parts) -> None:
    async with at_work(parts) as shift:
        await eventually(lambda: is_pulled(parts))

        async def is_planned() -> bool:
            seconds = (await shift.slots.due()).pull_in
            return seconds is not None and 0 < seconds <= 3600

        await eventually(is_planned)
        await shift.woken(5)
    assert len(shift.holds) == 1
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.runs") == 1


async def test_a_new_update_is_sent_when_the_worker_is_woken(parts: Parts) -> None:
    await rested(parts)
    async with at_work(parts) as shift:
        await shift.woken(3)
        assert shift.holds == []
        await parts.enqueue("a", "50")
        shift.worker.wake()
        await shift.sends(1)
        await parts.enqueue("b", "50")
        shift.worker.wake()
        await shift.sends(2)


async def test_the_first_push_by_the_clock_waits_for_its_time_too(parts: Parts) -> None:
    await rested(parts)
    await parts.enqueue("a", "50")
    async with at_work(parts, push="0 0 1 1 *") as shift:
        await eventually(lambda: is_planned(shift))
        await shift.woken(3)
        assert shift.holds == []
        await shift.slots.pushed((await shift.slots.due()).now)
        shift.worker.wake()
        await shift.sends(1)
        await eventually(lambda: is_planned(shift))


async def test_what_had_no_answer_is_looked_up_before_the_next_push_by_the_clock(
    parts: Parts,
) -> None:
    async def mute(platform: Platform, call: WriteCall) -> CallResult:
        await apply(platform, call)
        raise NoAnswer("cut")

    await rested(parts)
    update_id = await parts.enqueue("a", "50")
    platform = Platform(daily=dict.fromkeys(IDS, "100"), script=mute)
    async with at_work(parts, platform, push="0 0 1 1 *") as shift:
        await eventually(lambda: is_planned(shift))
        await shift.slots.pushed((await shift.slots.due()).now)
        shift.worker.wake()
        await eventually(lambda: is_ended(parts, "push"))
        await parts.move_clock(SETTLE)
        later = await parts.enqueue("b", "50")
        shift.worker.wake()
        await eventually(lambda: is_ended(parts, "recover"))
        await shift.woken(3)
        assert (await parts.update(update_id))["state"] == "applied"
        assert (await parts.update(later))["state"] == "queued"
        assert len(platform.calls) == 1


async def test_an_update_is_pushed_while_a_pull_goes_on(parts: Parts) -> None:
    platform = Gated(daily=dict.fromkeys(IDS, "100"), script=apply)
    await parts.pull([campaign(one) for one in IDS])
    async with at_work(parts, platform) as shift:
        await platform.asked_for_page.wait()
        update_id = await parts.enqueue("a", "50")
        shift.worker.wake()
        await shift.sends(1)
        assert not await is_ended(parts, "pull")
        await eventually(lambda: is_ended(parts, "push"))
        platform.leave.set()
        await eventually(lambda: is_ended(parts, "pull"))
        assert (await parts.update(update_id))["confirmation"] == "confirmed"
    assert len(shift.holds) == 1


async def is_ended(parts: Parts, kind: str) -> bool:
    newest = (
        "SELECT outcome::text FROM syncd.runs WHERE kind = $1::text::syncd.run_kind"
        " ORDER BY id DESC LIMIT 1"
    )
    return (await parts.sql.fetchval(newest, kind)) in {"ok", "partial", "failed"}


async def test_stopping_ends_the_pull_at_its_next_page(parts: Parts) -> None:
    platform = Gated(daily=dict.fromkeys(IDS, "100"), script=apply, size=1)
    async with at_work(parts, platform) as shift:
        await platform.asked_for_page.wait()
        shift.stop.set()
        shift.worker.wake()
        platform.leave.set()
        async with asyncio.timeout(60):
            await shift.task
    row = await parts.sql.fetchrow("SELECT outcome::text, error_code, calls FROM syncd.runs")
    assert tuple(row or ()) == ("partial", "stopped", 1)


async def test_an_account_that_another_process_holds_is_tried_again(parts: Parts) -> None:
    busy: list[Exception] = [LeaseBusy("held"), LeaseBusy("held")]
    async with at_work(parts, trouble=busy) as shift:
        await eventually(lambda: len(shift.holds) == 1)
        shift.worker.wake()
        await eventually(lambda: len(shift.holds) == 2)
        shift.worker.wake()
        await eventually(lambda: is_pulled(parts))


async def test_trouble_with_the_push_is_waited_out_although_the_worker_is_woken(
    parts: Parts,
) -> None:
    await rested(parts)
    reads: list[Sequence[str]] = []

    def fail(ids: Sequence[str]) -> Reading:
        reads.append(ids)
        raise ProviderDown("503")

    async with at_work(parts) as shift:
        shift.one.platform.reads = fail
        await parts.enqueue("a", "50")
        shift.worker.wake()
        await eventually(lambda: is_ended(parts, "push"))
        await shift.woken(20)
        assert len(reads) == 1
        assert len(shift.holds) == 1


@pytest.mark.parametrize("schedule", ["@on_enqueue", "0 0 1 1 *"])
async def test_an_unknown_update_that_cannot_be_read_whole_is_not_asked_about_without_end(
    parts: Parts, schedule: str
) -> None:
    await rested(parts)
    await parts.enqueue("a", "50")
    await parts.intend()
    await parts.unknowns.adopt()
    await parts.move_clock(dt.timedelta(minutes=10))
    async with at_work(parts, push=schedule) as shift:
        shift.one.platform.reads = lambda _ids: Reading(is_whole=False)
        shift.worker.wake()
        await eventually(lambda: is_ended(parts, "recover"))
        await shift.woken(20)
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.runs WHERE kind = 'recover'") == 1


async def test_a_lost_database_is_waited_out(parts: Parts) -> None:
    gone: list[Exception] = [DatabaseUnavailable("gone"), LeaseLost("gone")]
    async with at_work(parts, trouble=gone) as shift:
        for _ in range(2):
            await shift.woken(2)
        await eventually(lambda: len(shift.holds) >= 3)
        await eventually(lambda: is_pulled(parts))


async def test_a_mistake_in_the_program_ends_the_worker(parts: Parts) -> None:
    async with at_work(parts, trouble=[RuntimeError("bug")]) as shift:
        await asyncio.wait([shift.task])
        assert isinstance(shift.task.exception(), RuntimeError)


async def test_a_paused_account_is_left_alone(parts: Parts) -> None:
    await rested(parts)
    await parts.enqueue("a", "50")
    await parts.accounts.pause(parts.name, "ann")
    async with at_work(parts) as shift:
        await shift.woken(5)
        assert shift.holds == []
        await parts.accounts.resume(parts.name, "ann")
        shift.worker.wake()
        await shift.sends(1)


class Leased:
    """A lease whose renewals a test scripts."""

    def __init__(self, deadline: float, errors: list[Exception | None]) -> None:
        self.deadline = deadline
        self.errors = errors
        self.asked = 0

    async def renew(self) -> None:
        self.asked += 1
        error = self.errors.pop(0) if self.errors else LeaseLost("over")
        if error is not None:
            raise error


async def test_a_lease_is_renewed_until_it_is_lost() -> None:
    lease = Leased(boottime() + 100, [None, None, DatabaseUnavailable("gone"), None])
    with pytest.raises(LeaseLost, match="over"):
        await keep(lease, 0.001)
    assert lease.asked == 5


async def test_a_lease_that_could_not_be_renewed_in_time_counts_as_lost() -> None:
    lease = Leased(boottime() - 1, [DatabaseUnavailable("gone")])
    with pytest.raises(LeaseLost, match="could not be renewed in time"):
        await keep(lease, 0.001)


async def test_waiting_for_a_busy_account_ends_with_patience() -> None:
    tries: list[float] = []

    def taking(busy: int) -> Callable[[], asyncio.Future[None]]:
        async def take() -> None:
            tries.append(boottime())
            if len(tries) <= busy:
                raise LeaseBusy("held")

        return lambda: asyncio.ensure_future(take())

    await until_free(taking(1), 5)
    assert len(tries) == 2
    tries.clear()
    with pytest.raises(LeaseBusy):
        await until_free(taking(99), 0)
    assert len(tries) == 1
