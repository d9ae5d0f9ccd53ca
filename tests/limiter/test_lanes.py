"""Limits of single operations: who waits for whom, and who does not."""

from __future__ import annotations

import asyncio
import random

import pytest

from syncd.limiter import Permit
from syncd.model.limits import Limit
from tests.limiter import virtual
from tests.limiter.asking import GET, UPDATE, ended, limits_of, now, rested, took, waiters

ALL = Limit(count=100, window=1)


@pytest.mark.parametrize("operation", ["update", "one that no limit counts"])
def test_an_operation_goes_through_at_once_while_another_with_other_limits_waits(
    operation: str,
) -> None:
    async def main() -> float:
        limits = await rested(limits_of(GET, UPDATE))
        gets = waiters(limits, "get", 20)
        await asyncio.sleep(0.1)
        elapsed = await took(limits, operation)
        assert not all(task.done() for task in gets)
        await ended(gets)
        return elapsed

    assert virtual.run(main()) < 0.001


@pytest.mark.parametrize("declared", [(GET, ALL), (ALL, GET)])
def test_who_waits_for_a_slow_limit_holds_nobody_back_at_the_one_for_all(
    declared: tuple[Limit, ...],
) -> None:
    async def main() -> float:
        limits = await rested(limits_of(*declared))
        gets = waiters(limits, "get", 20)
        await asyncio.sleep(0.1)
        elapsed = await took(limits, "list")
        await ended(gets)
        return elapsed

    assert virtual.run(main()) < 0.001


def test_at_a_shared_limit_writes_go_before_reads_and_equals_by_arrival() -> None:
    everything = Limit(count=10, window=10, jitter=0.0)
    names = ["list 1", "list 2", "update 1", "get 1", "update 2", "list 3"]

    async def main() -> list[str]:
        limits = limits_of(everything, GET, UPDATE)
        order: list[str] = []

        async def caller(name: str) -> None:
            operation = name.partition(" ")[0]
            await limits.acquire(operation, is_write=operation == "update")
            order.append(name)

        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(caller(name))
        return order

    # The first was already waiting for room when the others came.
    assert virtual.run(main()) == ["list 1", "update 1", "update 2", "list 2", "get 1", "list 3"]


def test_who_waited_for_a_slow_limit_keeps_its_place_at_the_one_for_all() -> None:
    everything = Limit(count=10, window=10, jitter=0.0)
    slow = Limit(count=5, window=10, jitter=0.0, operations=frozenset({"get"}))

    async def main() -> list[str]:
        limits = limits_of(everything, slow)
        order: list[str] = []

        async def caller(name: str) -> None:
            await limits.acquire(name.partition(" ")[0], is_write=False)
            order.append(name)

        async with asyncio.TaskGroup() as group:
            for name in ("get", *(f"list {number}" for number in range(1, 7))):
                group.create_task(caller(name))
        return order

    # Two lists leave before the slow limit has room, and a third already has its turn.
    assert virtual.run(main()) == [
        *("list 1", "list 2", "list 3", "get", "list 4", "list 5", "list 6"),
    ]


def test_operations_that_share_limits_in_a_ring_never_wait_for_each_other_for_ever() -> None:
    pairs = [("a", "b"), ("b", "c"), ("c", "a")]
    ring = [
        Limit(count=5 + extra, window=1, operations=frozenset(pair))
        for extra, pair in enumerate(pairs)
    ]
    chance = random.Random(5)

    async def main() -> dict[str, int]:
        limits = limits_of(*ring)

        async def caller(operation: str) -> None:
            for _ in range(100):
                await limits.acquire(operation, is_write=chance.random() < 0.5)

        async with asyncio.TaskGroup() as group:
            for operation in "abc" * 3:
                group.create_task(caller(operation))
        return limits.taken()

    assert virtual.run(main()) == {"a": 300, "b": 300, "c": 300}


def test_a_storm_of_cancellations_leaves_every_lane_working() -> None:
    chance = random.Random(11)
    declared = [
        Limit(count=100, window=10),
        Limit(count=70, window=10, operations=frozenset({"a", "b"})),
        Limit(count=40, window=10, operations=frozenset({"b"})),
    ]

    async def main() -> tuple[int, int, float]:
        limits = limits_of(*declared)
        start = now()
        granted = 0

        async def caller() -> None:
            nonlocal granted
            await limits.acquire(chance.choice("abc"), is_write=chance.random() < 0.5)
            granted += 1

        tasks = [asyncio.create_task(caller()) for _ in range(600)]
        while not all(task.done() for task in tasks):
            chance.choice(tasks).cancel()
            await asyncio.sleep(chance.random() * 0.1)
        elapsed = now() - start
        counted = sum(limits.taken().values())
        for operation in "abc":
            assert await took(limits, operation) < 2
        assert limits.waiting is None
        return granted, counted, elapsed

    granted, counted, elapsed = virtual.run(main())
    assert granted == counted
    assert 100 < granted < 600
    assert granted / elapsed >= 0.75 * declared[0].rate


@pytest.mark.parametrize("cancelled", [0, 1, 2])
def test_a_caller_cancelled_with_turns_in_two_lanes_costs_nobody_a_permit(cancelled: int) -> None:
    both = Limit(count=5, window=10, jitter=0.0)

    async def main() -> tuple[float, int]:
        limits = limits_of(GET, both)
        start = now()
        tasks = waiters(limits, "get", 4)
        await asyncio.sleep(0.1)
        tasks[cancelled].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return now() - start, sum(isinstance(result, Permit) for result in results)

    elapsed, granted = virtual.run(main())
    assert granted == 3
    assert elapsed == pytest.approx(3 / both.rate, abs=1e-3)
