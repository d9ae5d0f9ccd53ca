"""The only loop: one account's passes, woken by schedules, by the queue or by a slow poll, under
one lease that pull and push share while they run side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog

from syncd.engine.account import Account
from syncd.engine.pull import pull
from syncd.engine.push import PushReport, push
from syncd.engine.recover import recover
from syncd.engine.schedule import Timetable
from syncd.engine.supervisor import in_parallel
from syncd.errors import DatabaseUnavailable, LeaseBusy, LeaseLost, SyncdError
from syncd.model.run import RunOutcome
from syncd.ports import Due, Renewable, Slots
from syncd.timing import boottime

POLL = 30.0
BACKOFF = (5.0, 300.0)
BUSY = 2.0
BUSY_POLL = 0.2

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Duties:
    """What one worker is to do: `hold` takes the account's lease and gives its parts for the length
    of a block."""

    name: str
    slots: Slots
    hold: Callable[[], AbstractAsyncContextManager[Account]]
    pull: Timetable
    push: Timetable


async def keep(lease: Renewable, every: float) -> None:
    """Renew the lease for ever. Raises LeaseLost when it is ours no longer, or when Postgres stayed
    out of reach until nothing may be in flight any more."""
    while True:
        await asyncio.sleep(every)
        try:
            await lease.renew()
        except DatabaseUnavailable as error:
            if boottime() + every >= lease.deadline:
                raise LeaseLost(
                    "the lease could not be renewed in time", remedy=error.remedy
                ) from error


async def until_free(take: Callable[[], Awaitable[None]], patience: float) -> None:
    """Try until the account is free or `patience` seconds have passed; the last LeaseBusy is
    raised."""
    deadline = boottime() + patience
    while True:
        try:
            await take()
        except LeaseBusy:
            if boottime() >= deadline:
                raise
            await asyncio.sleep(BUSY_POLL)
        else:
            return


async def rest(seconds: float) -> None:
    """Wait for a settle time to pass."""
    await asyncio.sleep(seconds)


class Worker:
    """Runs until told to stop. One account's trouble stays its own."""

    def __init__(self, duties: Duties) -> None:
        self.name = duties.name
        self._duties = duties
        self._wake = asyncio.Event()
        self._failures = 0
        self._rest_until = 0.0

    def wake(self) -> None:
        """Look now instead of at the next poll."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Pass after pass. SyncdErrors are logged and waited out; anything else is a bug and ends
        the service."""
        while not stop.is_set():
            try:
                wait = await self._once(stop)
            except LeaseBusy as error:
                log.info("account-busy", account=self.name, reason=error.message)
                wait = BUSY
            except SyncdError as error:
                wait = self._rest()
                log.warning(
                    "pass-failed", account=self.name, code=error.code, reason=error.message,
                    remedy=error.remedy,
                    again_in=round(wait, 1),
                )  # fmt: skip
            await self._sleep(wait, stop)

    async def _once(self, stop: asyncio.Event) -> float:
        """Work while there is any; returns how long to wait for more."""
        due = await self._planned()
        if not self._has_work(due):
            return self._idle(due)
        async with self._duties.hold() as account:
            is_pulling = self._pull_is_due(due)
            pulled = asyncio.Event()
            if not is_pulling:
                pulled.set()
            await in_parallel(
                [lambda: self._pull(account, pulled), lambda: self._push(account, pulled, stop)], 2
            )
        return self._idle(await self._duties.slots.due())

    async def _planned(self) -> Due:
        """What is due. A push that goes by the clock and was never planned waits for its first time
        as for every later one: nobody expects it before."""
        due = await self._duties.slots.due()
        first = self._duties.push.next_time(due.now) if due.push_in is None else None
        if first is None:
            return due
        await self._duties.slots.pushed(first)
        return await self._duties.slots.due()

    async def _pull(self, account: Account, pulled: asyncio.Event) -> None:
        if pulled.is_set():
            return
        try:
            report = await pull(account)
            due = await self._duties.slots.due()
            at = self._duties.pull.next_time(due.now)
            await self._duties.slots.pulled(at or due.now)
            log.info(
                "pull",
                account=self.name,
                outcome=report.outcome.value,
                run=report.run_id,
                **report.counts,
            )
        finally:
            pulled.set()
            self._wake.set()

    async def _push(self, account: Account, pulled: asyncio.Event, stop: asyncio.Event) -> None:
        """Push whenever something is due, as long as the pull beside it runs. What had no answer is
        looked up in its own time, whenever the next push may be."""
        while not stop.is_set():
            self._wake.clear()
            due = await self._duties.slots.due()
            if self._push_is_due(due):
                await self._recover_and_push(account, due)
                continue
            if self._recovery_is_due(due):
                await self._recover(account)
                continue
            if pulled.is_set():
                return
            await self._sleep(self._idle(due), stop)

    async def _recover_and_push(self, account: Account, due: Due) -> None:
        found = await recover(account)
        report = await push(account) if found.outcome is RunOutcome.OK else PushReport()
        await self._duties.slots.pushed(self._duties.push.next_time(due.now))
        error = found.error or report.error
        if error is not None or report.counts.get("queued"):
            self._rest()
        else:
            self._failures = 0
        if report.run_id is not None:
            log.info(
                "push",
                account=self.name,
                outcome=report.outcome.value,
                run=report.run_id,
                **report.counts,
            )

    async def _recover(self, account: Account) -> None:
        found = await recover(account)
        if found.error is not None:
            self._rest()

    def _has_work(self, due: Due) -> bool:
        return self._pull_is_due(due) or self._push_is_due(due) or self._recovery_is_due(due)

    def _pull_is_due(self, due: Due) -> bool:
        return not due.is_paused and (due.pull_in is None or due.pull_in <= 0)

    def _recovery_is_due(self, due: Due) -> bool:
        return self._may_ask(due) and due.unknown_in is not None and due.unknown_in <= 0

    def _may_ask(self, due: Due) -> bool:
        return not due.is_paused and boottime() >= self._rest_until

    def _push_is_due(self, due: Due) -> bool:
        if not self._may_ask(due) or due.work_in is None or due.work_in > 0:
            return False
        by_the_clock = due.push_in is not None and due.push_in <= 0
        return by_the_clock or self._duties.push.schedule.on_enqueue

    def _idle(self, due: Due) -> float:
        """Until the next thing is due, and never longer than the poll that makes a lost wake-up
        harmless."""
        ahead = [
            POLL,
            *(
                one
                for one in (due.pull_in, due.push_in, due.work_in, due.unknown_in)
                if one is not None and one > 0
            ),
        ]
        rest = self._rest_until - boottime()
        return max(0.05, min([*ahead, *([rest] if rest > 0 else [])]))

    def _rest(self) -> float:
        """After trouble with the push: longer each time, up to five minutes."""
        wait = min(BACKOFF[0] * 2.0**self._failures, BACKOFF[1])
        self._failures += 1
        self._rest_until = boottime() + wait
        return wait

    async def _sleep(self, seconds: float, stop: asyncio.Event) -> None:
        if stop.is_set():
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()
