"""Limits of single operations, measured at the receiver: each holds in every sliding window over
the operations that it counts, and each is used, whatever the others wait for."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Mapping, Sequence

import pytest

from syncd.limiter import Limits
from syncd.model.limits import Limit
from tests.limiter import virtual
from tests.limiter.receiver import fullest, jitter


def only(count: float, window: float, *operations: str) -> Limit:
    return Limit(count=count, window=window, operations=frozenset(operations))


BY_OPERATION = (
    only(10, 1, "get"),
    only(100, 1, "update"),
    only(100, 1, "delete"),
    only(10, 1, "list"),
    only(10, 1, "create"),
)
LOGIN = (Limit(count=16.7, window=1), only(10, 1, "login"))
OVERLAPPING = (
    Limit(count=250, window=60),
    Limit(count=20, window=1),
    only(3, 2, "get", "list"),
    only(40, 60, "list", "update"),
)
# Together 100,000 requests.
SETTINGS: Mapping[str, tuple[tuple[Limit, ...], int]] = {
    "one limit for each operation": (BY_OPERATION, 60_000),
    "one for all and one for logins": (LOGIN, 25_000),
    "one for all over a chain of others": (OVERLAPPING, 15_000),
}
OPERATIONS = ("get", "update", "delete", "list", "create", "login", "token")

Arrivals = list[tuple[str, float]]


def counts(limit: Limit, operation: str) -> bool:
    return not limit.operations or operation in limit.operations


def most(arrivals: Arrivals, limit: Limit) -> int:
    times = [time for operation, time in arrivals if counts(limit, operation)]
    return fullest(times, limit.window)


async def saturate(
    limits: Limits, declared: Sequence[Limit], shares: Mapping[str, int], seed: int
) -> Arrivals:
    """Four callers per operation who ask again at once, until so many of it have left; each arrives
    after a delay of its own, as long as the strictest of its limits takes into account."""
    chance = random.Random(seed)
    arrivals: Arrivals = []

    async def caller(operation: str, number: int) -> None:
        longest = min(jitter(limit) for limit in declared if counts(limit, operation))
        for _ in range(number):
            await limits.acquire(operation, is_write=operation in {"update", "create", "delete"})
            delay = chance.choice((0.0, longest, chance.random() * longest))
            arrivals.append((operation, asyncio.get_running_loop().time() + delay))

    async with asyncio.TaskGroup() as group:
        for operation, number in shares.items():
            for part in range(4):
                group.create_task(caller(operation, (number + part) // 4))
    return arrivals


def counted(declared: Sequence[Limit]) -> list[str]:
    return [one for one in OPERATIONS if any(counts(limit, one) for limit in declared)]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_limit_holds_in_every_window_of_what_it_counts(name: str) -> None:
    declared, requests = SETTINGS[name]
    chance = random.Random(3)

    async def main() -> Arrivals:
        limits = Limits(declared, patience=None, on_freeze=None)
        await limits.own()
        arrivals: Arrivals = []
        while len(arrivals) < requests:
            asked = {one: chance.randint(0, requests // 40) for one in counted(declared)}
            arrivals += await saturate(limits, declared, asked, seed=len(arrivals))
            await asyncio.sleep(chance.expovariate(1))
        return arrivals

    arrivals = virtual.run(main())
    assert len(arrivals) >= requests
    for limit in declared:
        assert most(arrivals, limit) <= math.floor(limit.count), limit


@pytest.mark.parametrize("name", SETTINGS)
def test_owners_who_follow_each_other_at_once_keep_every_limit_together(name: str) -> None:
    declared, _ = SETTINGS[name]
    chance = random.Random(3)

    async def main() -> Arrivals:
        arrivals: Arrivals = []
        limits = Limits(declared, patience=None, on_freeze=None)
        for turn in range(60):
            if turn % 2:
                limits = Limits(declared, patience=None, on_freeze=None)
            else:
                await limits.own()
            asked = {one: chance.randint(0, 8) for one in counted(declared)}
            arrivals += await saturate(limits, declared, asked, seed=turn)
        return arrivals

    arrivals = virtual.run(main())
    for limit in declared:
        assert most(arrivals, limit) <= math.floor(limit.count), limit


def used(arrivals: Arrivals, limit: Limit, span: float) -> float:
    """Which share of what a limit allows arrived within a time in which it was always asked for."""
    times = [time for operation, time in arrivals if counts(limit, operation)]
    assert max(times) - min(times) >= 0.9 * span
    return len(times) / ((max(times) - min(times)) / limit.window) / limit.count


@pytest.mark.parametrize(
    "declared",
    [
        pytest.param(BY_OPERATION, id="apart"),
        pytest.param((*BY_OPERATION, Limit(count=300, window=1)), id="under a wide one for all"),
    ],
)
def test_nine_tenths_of_every_lane_are_used_at_the_same_time(declared: Sequence[Limit]) -> None:
    own = [limit for limit in declared if limit.operations]
    seconds = 120

    async def main() -> Arrivals:
        limits = Limits(declared, patience=None, on_freeze=None)
        asked = {next(iter(one.operations)): math.floor(seconds * one.rate) for one in own}
        return await saturate(limits, declared, asked, seed=1)

    arrivals = virtual.run(main())
    for limit in own:
        assert used(arrivals, limit, seconds) >= 0.9, limit
    for limit in declared:
        assert most(arrivals, limit) <= math.floor(limit.count), limit


def test_nine_tenths_of_the_limit_for_all_are_used_though_a_slow_operation_waits() -> None:
    everything = Limit(count=50, window=1)
    declared = (everything, only(1, 1, "get"))
    seconds = 120

    async def main() -> Arrivals:
        limits = Limits(declared, patience=None, on_freeze=None)
        asked = {"list": math.floor(seconds * (everything.rate - 1)), "get": 60}
        return await saturate(limits, declared, asked, seed=1)

    arrivals = virtual.run(main())
    assert used(arrivals, everything, seconds) >= 0.9
    for limit in declared:
        assert most(arrivals, limit) <= math.floor(limit.count), limit


def test_no_limit_is_exceeded_after_a_freeze_of_all() -> None:
    declared = BY_OPERATION

    async def main() -> Arrivals:
        limits = Limits(declared, patience=None, on_freeze=None)
        work = asyncio.create_task(
            saturate(limits, declared, dict.fromkeys(counted(declared), 200), seed=2)
        )
        await asyncio.sleep(5)
        await limits.freeze(30, "throttled")
        return await work

    start = 1000.0
    arrivals = virtual.run(main())
    times = sorted(time for _, time in arrivals)
    frozen = [time for time in times if start + 5 + 0.06 < time < start + 35]
    assert frozen == []
    assert times[-1] > start + 35
    for limit in declared:
        assert most(arrivals, limit) <= math.floor(limit.count), limit
