"""Permits: the one gate that every request of an account passes, with one aiolimiter per declared
limit behind it. Holds rate, freezes and who goes first; knows neither HTTP nor what is asked."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from aiolimiter import AsyncLimiter

from syncd import timing
from syncd.errors import LimitWait, Stopped
from syncd.model.limits import ImpossibleLimit, Limit

PERMIT_LIFE: Final = 5.0

# Who goes first through the gate; equal ones in order of arrival.
_OWNER, _WRITE, _READ = 0, 1, 2


@dataclass(frozen=True, eq=False, kw_only=True, slots=True, weakref_slot=True)
class Permit:
    """The right to send one request of this operation, until `expires` (CLOCK_BOOTTIME)."""

    operation: str
    expires: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Freeze:
    """Nothing leaves for `seconds` from now, and why."""

    seconds: float
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """What the next permit waits for: `code` is `limit` or `frozen`, `until` is CLOCK_BOOTTIME."""

    code: str
    text: str
    until: float


class _Bucket:
    """A limit and its leaky bucket."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._leaky = AsyncLimiter(limit.capacity, limit.capacity / limit.rate)

    async def fill(self) -> None:
        await self._leaky.acquire(self.limit.capacity)

    async def take(self) -> None:
        await self._leaky.acquire(1)

    def wait(self, ahead: int = 0) -> float:
        """Seconds until one more fits after `ahead` others."""
        return max(0.0, (1 + ahead - self._room()) / self.limit.rate)

    def _room(self) -> float:
        # The limiter tells whether an amount fits, not how much does: halve until it is known.
        low, high = 0.0, self.limit.capacity
        if self._leaky.has_capacity(high):
            return high
        while high - low > 1e-6:
            middle = (low + high) / 2
            low, high = (middle, high) if self._leaky.has_capacity(middle) else (low, middle)
        return low


class Limits:
    """All limits of one account. `patience` is how long a caller may wait for a permit, in seconds,
    None for ever; `on_freeze` makes a freeze known beyond this process. `share` is the part of what
    the provider announces that is ours; it is in the declared limits already."""

    def __init__(
        self,
        limits: Sequence[Limit],
        *,
        patience: float | None,
        on_freeze: Callable[[Freeze], Awaitable[None]] | None,
        share: float = 1.0,
    ) -> None:
        self._share = share
        self.patience = patience
        self._declared = tuple(limits)
        self._on_freeze = on_freeze
        self._buckets: list[_Bucket] | None = None
        self._queue: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()
        self._is_free = True
        self._frozen_until = 0.0
        self._frozen_why = ""
        self._taken: Counter[str] = Counter()
        self._waits: set[asyncio.Timeout] = set()
        self._is_closed = False
        self.lowered: float | None = None
        """What the provider announced for the longest window, where that is below the declared."""
        self._waiting: Waiting | None = None

    @property
    def waiting(self) -> Waiting | None:
        """What the first in line waits for, None when nobody waits."""
        return self._waiting

    async def own(self) -> None:
        """Begin as a new owner: every bucket full, as if the last owner had just sent a burst."""
        async with self._gate(_OWNER):
            self._buckets = await _filled(self._declared)

    async def acquire(self, operation: str, *, is_write: bool) -> Permit:
        """A permit as soon as every limit allows it. Raises LimitWait, with nothing consumed, when
        that would be later than the patience; its `seconds` is the wait still ahead."""
        rank = _WRITE if is_write else _READ
        if self._is_closed:
            raise _closed(operation)
        late = self._expected(rank)
        if self.patience is not None and late > self.patience:
            raise self._too_late(operation, late)
        loop = asyncio.get_running_loop()
        deadline = None if self.patience is None else loop.time() + self.patience
        try:
            async with self._waiting_until(deadline), self._gate(rank):
                await self._take(operation, deadline)
        except TimeoutError:
            if self._is_closed:
                raise _closed(operation) from None
            raise self._too_late(operation, self._expected(rank)) from None
        self._taken[operation] += 1
        return Permit(operation=operation, expires=timing.boottime() + PERMIT_LIFE)

    def close(self) -> None:
        """Grant nothing any more: whoever waits is told at once that the process stops."""
        self._is_closed = True
        for wait in self._waits:
            wait.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def _waiting_until(self, deadline: float | None) -> AsyncIterator[None]:
        async with asyncio.timeout_at(deadline) as wait:
            self._waits.add(wait)
            try:
                yield
            finally:
                self._waits.discard(wait)

    async def freeze(self, seconds: float, reason: str) -> None:
        """Let nothing leave for so long; a longer freeze that already holds stays."""
        until = asyncio.get_running_loop().time() + seconds
        if until <= self._frozen_until:
            return
        self._frozen_until, self._frozen_why = until, reason
        if self._on_freeze is not None:
            await self._on_freeze(Freeze(seconds=seconds, reason=reason))

    async def lower(self, count: float) -> None:
        """The provider announced `count` requests for the longest declared window; only a lower
        figure is believed."""
        longest = max(self._declared, key=lambda limit: limit.window, default=None)
        if longest is None or count * self._share >= longest.count:
            return
        lowered = replace(longest, count=count * self._share)
        try:
            fresh = await _filled([lowered])
        except ImpossibleLimit:
            return
        self.lowered = count
        self._declared = tuple(lowered if limit is longest else limit for limit in self._declared)
        if self._buckets is not None:
            self._buckets = [b for b in self._buckets if b.limit is not longest] + fresh

    def frozen_for(self) -> float:
        """Seconds until requests may leave again, 0 when they may now."""
        return max(0.0, self._frozen_until - asyncio.get_running_loop().time())

    def taken(self) -> dict[str, int]:
        """Permits granted per operation since this was last asked."""
        counts, self._taken = dict(self._taken), Counter()
        return counts

    async def _take(self, operation: str, deadline: float | None) -> None:
        if self._buckets is None:
            self._buckets = await _filled(self._declared)
        try:
            while True:
                await self._thaw(operation, deadline)
                buckets = sorted(self._buckets, key=_Bucket.wait, reverse=True)
                if buckets:
                    self._note(operation, buckets[0])
                    # The slowest first: once it lets one through, the others have room, so that
                    # none is charged before the moment when the request may really leave.
                    await buckets[0].take()
                if self.frozen_for() == 0 and set(buckets) == set(self._buckets):
                    break
            for bucket in buckets[1:]:
                await bucket.take()
        finally:
            self._waiting = None

    async def _thaw(self, operation: str, deadline: float | None) -> None:
        while (seconds := self.frozen_for()) > 0:
            if deadline is not None and self._frozen_until > deadline:
                raise self._too_late(operation, seconds)
            text = f"{operation} waits: {self._frozen_why}"
            self._waiting = Waiting(code="frozen", text=text, until=timing.boottime() + seconds)
            await asyncio.sleep(seconds)

    def _note(self, operation: str, bucket: _Bucket) -> None:
        if (seconds := bucket.wait()) > 0:
            limit = bucket.limit
            text = f"{operation} waits for the limit of {limit.count:g} in {limit.window:g} s"
            self._waiting = Waiting(code="limit", text=text, until=timing.boottime() + seconds)

    def _expected(self, rank: int) -> float:
        ahead = sum(1 for other, _, turn in self._queue if other <= rank and not turn.done())
        ahead += not self._is_free
        limits = (bucket.wait(ahead) for bucket in self._buckets or ())
        return max(self.frozen_for(), *limits, 0.0)

    def _too_late(self, operation: str, seconds: float) -> LimitWait:
        why = self._frozen_why if self.frozen_for() > 0 else "the account's limit is used up"
        return LimitWait(
            f"{operation} was not sent: {why}; a permit would come in {seconds:.0f} s,"
            f" and a pass waits at most {self.patience:g} s",
            seconds=seconds,
            remedy="nothing to do: the next pass goes on; service.patience is how long one waits",
        )

    @asynccontextmanager
    async def _gate(self, rank: int) -> AsyncIterator[None]:
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (rank, next(self._arrivals), turn))
        self._admit()
        try:
            await turn
            yield
        finally:
            # Cancelled before its turn, the future is too; just after, the turn is passed on.
            if turn.done() and not turn.cancelled():
                self._is_free = True
            turn.cancel()
            self._admit()

    def _admit(self) -> None:
        while self._is_free and self._queue:
            *_, turn = heapq.heappop(self._queue)
            if not turn.done():
                self._is_free = False
                turn.set_result(None)


def _closed(operation: str) -> Stopped:
    return Stopped(
        f"{operation} was not sent: the process was asked to stop",
        remedy="nothing to do: the next one goes on",
    )


async def _filled(limits: Sequence[Limit]) -> list[_Bucket]:
    buckets = [_Bucket(limit) for limit in limits]
    for bucket in buckets:
        await bucket.fill()
    return buckets
