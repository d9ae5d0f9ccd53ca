"""Permits: one lane per declared limit of an account, each an aiolimiter behind a gate, and every
request passes the lanes of its operation. Holds rate, freezes and who goes first; knows neither
HTTP nor what is asked."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from aiolimiter import AsyncLimiter

from syncd import timing
from syncd.errors import LimitWait, Stopped
from syncd.model.limits import ImpossibleLimit, Limit

PERMIT_LIFE: Final = 5.0

# Who goes first through a gate; equal ones in order of arrival.
_OWNER, _WRITE, _READ = 0, 1, 2
_Place = tuple[int, int]


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
    """What permits wait for: `code` is `limit` or `frozen`, `until` is CLOCK_BOOTTIME."""

    code: str
    text: str
    until: float


class _Gate:
    """The line of those who need a turn; one at a time has it."""

    def __init__(self) -> None:
        self.inside: str | None = None
        """The operation that has its turn."""
        self._line: list[tuple[_Place, str, asyncio.Future[None]]] = []

    def wait(self, ahead: int = 0) -> float:  # noqa: ARG002
        """Seconds until one more may leave after `ahead` others; 0 when it may now."""
        return 0.0

    async def take(self) -> None:
        """Count one that may leave now; this does not wait."""

    def ahead(self, rank: int) -> int:
        """How many go before one of this rank who would come now."""
        waiting = (place for place, _, turn in self._line if not turn.done())
        return (self.inside is not None) + sum(1 for other, _ in waiting if other <= rank)

    @asynccontextmanager
    async def turn(self, place: _Place, operation: str) -> AsyncIterator[None]:
        """Wait for the turn, and keep it until the end."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._line, (place, operation, turn))
        self._admit()
        try:
            await turn
            yield
        finally:
            # Cancelled before its turn, the future is too; just after, the turn is passed on.
            if turn.done() and not turn.cancelled():
                self.inside = None
            turn.cancel()
            self._admit()

    def _admit(self) -> None:
        while self.inside is None and self._line:
            _, operation, turn = heapq.heappop(self._line)
            if not turn.done():
                self.inside = operation
                turn.set_result(None)


class _Lane(_Gate):
    """A limit, its leaky bucket and the gate before it."""

    def __init__(self, limit: Limit) -> None:
        super().__init__()
        self.limit = limit
        self._leaky = AsyncLimiter(limit.capacity, limit.capacity / limit.rate)

    async def fill(self, limit: Limit) -> None:
        """Begin with this limit, as if a whole burst had just left."""
        self._leaky = AsyncLimiter(limit.capacity, limit.capacity / limit.rate)
        self.limit = limit
        await self._leaky.acquire(limit.capacity)

    async def take(self) -> None:
        await self._leaky.acquire(1)

    def wait(self, ahead: int = 0) -> float:
        if ahead == 0 and self._leaky.has_capacity(1):
            return 0.0
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
    """All limits of one account; a request keeps those that name its operation or name none.
    `patience` is how long a caller may wait for a permit, in seconds, None for ever; `on_freeze`
    makes a freeze known beyond this process. `share` is the part of what the provider announces
    that is ours; it is in the declared limits already."""

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
        self._on_freeze = on_freeze
        # Everybody goes through the lanes in this one order, so that nobody waits in a circle. The
        # slowest comes first: who waits there has no turn yet in a lane that others could use.
        self._lanes = tuple(_Lane(limit) for limit in sorted(limits, key=lambda one: one.rate))
        self._unlimited = _Gate()
        self._has_begun = False
        self._arrivals = itertools.count()
        self._frozen_until = 0.0
        self._frozen_why = ""
        self._taken: Counter[str] = Counter()
        self._waits: set[asyncio.Timeout] = set()
        self._is_closed = False
        self.lowered: float | None = None
        """What the provider announced for the longest window, where that is below the declared."""

    @property
    def waiting(self) -> Waiting | None:
        """What the longest wait of those first in their lanes is for, None when nobody waits."""
        busy = [gate for gate in (*self._lanes, self._unlimited) if gate.inside is not None]
        if not busy:
            return None
        slowest = max(busy, key=lambda gate: gate.wait())
        code, seconds, why = "frozen", self.frozen_for(), f": {self._frozen_why}"
        if seconds == 0:
            if not isinstance(slowest, _Lane):
                return None
            limit = slowest.limit
            why = f" for the limit of {limit.count:g} in {limit.window:g} s"
            code, seconds = "limit", slowest.wait()
        text = f"{slowest.inside} waits{why}"
        return Waiting(code=code, text=text, until=timing.boottime() + seconds)

    async def own(self) -> None:
        """Begin as a new owner: every bucket full, as if the last owner had just sent a burst."""
        place = (_OWNER, next(self._arrivals))
        async with AsyncExitStack() as turns:
            for lane in self._lanes:
                await turns.enter_async_context(lane.turn(place, "taking over"))
            await self._fill()

    async def acquire(self, operation: str, *, is_write: bool) -> Permit:
        """A permit as soon as every limit of the operation allows it. Raises LimitWait, with
        nothing consumed, when that would be later than the patience; its `seconds` is the wait
        still ahead."""
        if self._is_closed:
            raise _closed(operation)
        if not self._has_begun:
            await self._fill()
        rank = _WRITE if is_write else _READ
        late = self._expected(operation, rank)
        if self.patience is not None and late > self.patience:
            raise self._too_late(operation, late)
        loop = asyncio.get_running_loop()
        deadline = None if self.patience is None else loop.time() + self.patience
        try:
            async with self._waiting_until(deadline):
                await self._take(operation, rank, deadline)
        except TimeoutError:
            if self._is_closed:
                raise _closed(operation) from None
            raise self._too_late(operation, self._expected(operation, rank)) from None
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
        """The provider announced `count` requests for the longest window that counts every
        operation; only a lower figure is believed."""
        general = (lane for lane in self._lanes if not lane.limit.operations)
        longest = max(general, key=lambda lane: lane.limit.window, default=None)
        if longest is None or count * self._share >= longest.limit.count:
            return
        try:
            await longest.fill(replace(longest.limit, count=count * self._share))
        except ImpossibleLimit:
            return
        self.lowered = count

    def frozen_for(self) -> float:
        """Seconds until requests may leave again, 0 when they may now."""
        return max(0.0, self._frozen_until - asyncio.get_running_loop().time())

    def taken(self) -> dict[str, int]:
        """Permits granted per operation since this was last asked."""
        counts, self._taken = dict(self._taken), Counter()
        return counts

    async def _fill(self) -> None:
        self._has_begun = True
        for lane in self._lanes:
            await lane.fill(lane.limit)

    def _needed(self, operation: str) -> Sequence[_Gate]:
        every = frozenset((operation,))
        lanes = [one for one in self._lanes if operation in (one.limit.operations or every)]
        return lanes or [self._unlimited]

    async def _take(self, operation: str, rank: int, deadline: float | None) -> None:
        place = (rank, next(self._arrivals))
        gates: list[_Gate] = []
        async with AsyncExitStack() as turns:
            for gate in self._needed(operation):
                await turns.enter_async_context(gate.turn(place, operation))
                gates.append(gate)
                await self._clear(operation, gates, deadline)
            # All have room now and nothing may wait from here on, so that each is charged in the
            # moment when the request may really leave.
            for gate in gates:
                await gate.take()

    async def _clear(self, operation: str, gates: Sequence[_Gate], deadline: float | None) -> None:
        """Until nothing is frozen and all these have room at once. Room stays with those who have
        the turn, unless the limit is lowered meanwhile."""
        while True:
            frozen = self.frozen_for()
            if frozen > 0 and deadline is not None and self._frozen_until > deadline:
                raise self._too_late(operation, frozen)
            seconds = max(frozen, *(gate.wait() for gate in gates))
            if seconds == 0:
                return
            await asyncio.sleep(seconds)

    def _expected(self, operation: str, rank: int) -> float:
        waits = (gate.wait(gate.ahead(rank)) for gate in self._needed(operation))
        return max(self.frozen_for(), *waits)

    def _too_late(self, operation: str, seconds: float) -> LimitWait:
        why = self._frozen_why if self.frozen_for() > 0 else "the account's limit is used up"
        return LimitWait(
            f"{operation} was not sent: {why}; a permit would come in {seconds:.0f} s,"
            f" and a pass waits at most {self.patience:g} s",
            seconds=seconds,
            remedy="nothing to do: the next pass goes on; service.patience is how long one waits",
        )


def _closed(operation: str) -> Stopped:
    return Stopped(
        f"{operation} was not sent: the process was asked to stop",
        remedy="nothing to do: the next one goes on",
    )
