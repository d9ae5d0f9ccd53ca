"""The promise of a limit, measured where it counts: at the receiver, in every sliding window, with
random delays on the way, whoever owns the account and however the requests bunch up."""

from __future__ import annotations

import asyncio
import math
import random

import pytest

from syncd.limiter import Limits
from syncd.model.limits import Limit
from tests.limiter import virtual
from tests.limiter.receiver import fullest, jitter

LIMITS = {
    "250/60s": Limit(count=250, window=60),
    "25/6s": Limit(count=25, window=6),
    "10/1s": Limit(count=10, window=1),
    "100/1s": Limit(count=100, window=1),
    "16.7/1s": Limit(count=16.7, window=1),
}
# Together 100,000 requests.
REQUESTS = 20_000


async def saturate(limits: Limits, requests: int, longest_delay: float, seed: int) -> list[float]:
    """Four callers who ask again at once; what they send arrives after a delay of its own."""
    chance = random.Random(seed)
    arrivals: list[float] = []
    left = requests

    async def caller() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await limits.acquire("read", is_write=False)
            now = asyncio.get_running_loop().time()
            delay = chance.choice((0.0, longest_delay, chance.random() * longest_delay))
            arrivals.append(now + delay)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(caller())
    return arrivals


@pytest.mark.parametrize("name", LIMITS)
def test_no_window_exceeds_a_limit_and_nine_tenths_of_it_are_used(name: str) -> None:
    limit = LIMITS[name]

    async def main() -> list[float]:
        limits = Limits([limit], patience=None, on_freeze=None)
        await limits.own()
        return await saturate(limits, REQUESTS, jitter(limit), seed=1)

    arrivals = virtual.run(main())
    allowed = math.floor(limit.count)
    assert fullest(arrivals, limit.window) <= allowed
    used = len(arrivals) / ((max(arrivals) - min(arrivals)) / limit.window) / limit.count
    assert used >= 0.9


@pytest.mark.parametrize("name", LIMITS)
def test_bursts_after_pauses_keep_within_every_window(name: str) -> None:
    limit = LIMITS[name]
    chance = random.Random(7)

    async def main() -> list[float]:
        limits = Limits([limit], patience=None, on_freeze=None)
        arrivals: list[float] = []
        for _ in range(40):
            burst = chance.randint(1, math.ceil(limit.count))
            arrivals += await saturate(limits, burst, jitter(limit), seed=burst)
            await asyncio.sleep(chance.expovariate(1 / limit.window))
        return arrivals

    assert fullest(virtual.run(main()), limit.window) <= math.floor(limit.count)


@pytest.mark.parametrize("name", LIMITS)
def test_owners_who_follow_each_other_at_once_keep_one_limit_together(name: str) -> None:
    limit = LIMITS[name]
    chance = random.Random(3)

    async def main() -> list[float]:
        arrivals: list[float] = []
        for turn in range(60):
            limits = Limits([limit], patience=None, on_freeze=None)
            if turn % 2:
                await limits.own()
            requests = chance.randint(1, math.ceil(limit.count / 2))
            arrivals += await saturate(limits, requests, jitter(limit), seed=turn)
        return arrivals

    assert fullest(virtual.run(main()), limit.window) <= math.floor(limit.count)


def test_several_limits_hold_at_once() -> None:
    declared = [LIMITS["250/60s"], LIMITS["10/1s"], Limit(count=40, window=6)]

    async def main() -> list[float]:
        limits = Limits(declared, patience=None, on_freeze=None)
        arrivals = await saturate(limits, 600, 0.05, seed=5)
        await asyncio.sleep(100)
        return arrivals + await saturate(limits, 600, 0.05, seed=6)

    arrivals = virtual.run(main())
    for limit in declared:
        assert fullest(arrivals, limit.window) <= math.floor(limit.count)


def test_taking_the_account_over_again_in_one_process_fills_the_bucket_anew() -> None:
    limit = LIMITS["250/60s"]

    async def main() -> list[float]:
        limits = Limits([limit], patience=None, on_freeze=None)
        arrivals: list[float] = []
        for turn in range(30):
            await limits.own()
            arrivals += await saturate(limits, 12, jitter(limit), seed=turn)
        return arrivals

    assert fullest(virtual.run(main()), limit.window) <= math.floor(limit.count)


def test_a_lowered_limit_holds_from_then_on() -> None:
    limit = LIMITS["250/60s"]

    async def main() -> tuple[list[float], float]:
        limits = Limits([limit], patience=None, on_freeze=None)
        before = await saturate(limits, 300, 0.0, seed=1)
        for figure in (100, 250, 400, 0.5):
            await limits.lower(figure)
        after = await saturate(limits, 600, jitter(limit), seed=2)
        return before + after, min(after)

    arrivals, moment = virtual.run(main())
    assert fullest(arrivals, limit.window) <= 250
    later = [arrival for arrival in arrivals if arrival >= moment]
    assert fullest(later, limit.window) <= 100
    assert len(later) / ((max(later) - moment) / limit.window) >= 90
