"""What all lanes of an account share: freezes, the stop, patience, lowered limits, and what is told
of their waits."""

from __future__ import annotations

import asyncio

import pytest

from syncd import timing
from syncd.errors import LimitWait, Stopped
from syncd.limiter import Permit, Waiting
from syncd.model.limits import Limit
from tests.limiter import virtual
from tests.limiter.asking import GET, UPDATE, ended, limits_of, now, rested, took, waiters


def test_a_freeze_holds_every_lane_and_ends_for_all_at_once() -> None:
    async def main() -> list[float]:
        limits = await rested(limits_of(GET, UPDATE))
        gets = waiters(limits, "get", 2)
        await asyncio.sleep(0.1)
        await limits.freeze(30, "throttled")
        operations = ("get", "update", "one that no limit counts")
        times = await asyncio.gather(*(took(limits, one) for one in operations))
        await asyncio.gather(*gets)
        return times

    get, update, unlimited = virtual.run(main())
    assert update == pytest.approx(30, abs=0.01)
    assert unlimited == pytest.approx(30, abs=0.01)
    # One that came before it goes first.
    assert get == pytest.approx(30 + 1 / GET.rate, abs=0.3)


def test_a_freeze_that_comes_while_one_waits_in_its_second_lane_holds_it() -> None:
    both = Limit(count=2, window=1)

    async def main() -> float:
        limits = await rested(limits_of(GET, both))
        await limits.acquire("list", is_write=False)
        start = now()
        get = waiters(limits, "get", 1)
        await asyncio.sleep(0.1)
        assert limits.waiting is not None
        assert limits.waiting.text == "get waits for the limit of 2 in 1 s"
        await limits.freeze(100, "throttled")
        await asyncio.gather(*get)
        return now() - start

    assert virtual.run(main()) >= 100


def test_at_the_stop_nobody_waits_any_more_in_any_lane() -> None:
    async def main() -> tuple[int, float]:
        limits = await rested(limits_of(GET, UPDATE, Limit(count=50, window=1)))
        start = now()
        tasks = waiters(limits, "get", 5) + waiters(limits, "update", 90)
        await asyncio.sleep(0.1)
        granted = sum(task.done() for task in tasks)
        limits.close()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert limits.waiting is None
        return granted + sum(isinstance(one, Stopped) for one in results), now() - start

    settled, elapsed = virtual.run(main())
    assert settled == 95
    assert elapsed < 0.11


def test_patience_ends_for_the_operation_whose_lane_is_full_and_for_no_other() -> None:
    async def main() -> tuple[float, float, int]:
        limits = await rested(limits_of(GET, UPDATE, patience=3))
        gets = waiters(limits, "get", 5)
        await asyncio.sleep(0.1)
        start = now()
        with pytest.raises(LimitWait, match="get was not sent"):
            await limits.acquire("get", is_write=False)
        refused = now() - start
        passed = await took(limits, "update", is_write=True)
        results = await asyncio.gather(*gets, return_exceptions=True)
        return refused, passed, sum(isinstance(one, Permit) for one in results)

    refused, passed, granted = virtual.run(main())
    assert refused < 0.001
    assert passed < 0.001
    assert granted == 4


def test_an_announced_figure_lowers_the_longest_limit_that_counts_everything() -> None:
    short, long = Limit(count=10, window=1), Limit(count=100, window=10)
    longer = Limit(count=600, window=60, operations=frozenset({"get"}))

    async def main() -> tuple[float | None, float, float]:
        limits = limits_of(short, longer, long)
        await limits.lower(50)
        start = now()
        for _ in range(50):
            await limits.acquire("list", is_write=False)
        lists = now() - start
        await asyncio.sleep(100)
        for _ in range(50):
            await limits.acquire("get", is_write=False)
        return limits.lowered, lists, now() - start - lists - 100

    lowered, lists, gets = virtual.run(main())
    assert lowered == 50
    rate = Limit(count=50, window=10).rate
    assert lists == pytest.approx(50 / rate, rel=0.01)
    assert gets == pytest.approx(48 / rate, rel=0.01), "its own limit would allow twice as many"


def test_an_announced_figure_lowers_nothing_where_no_limit_counts_everything() -> None:
    async def main() -> tuple[float | None, float]:
        limits = limits_of(GET, UPDATE)
        await limits.lower(1)
        start = now()
        for _ in range(100):
            await limits.acquire("update", is_write=True)
        return limits.lowered, now() - start

    lowered, elapsed = virtual.run(main())
    assert lowered is None
    assert elapsed == pytest.approx(100 / UPDATE.rate, rel=0.01)


def test_a_limit_lowered_under_one_who_already_had_room_there_holds_it_too() -> None:
    everything = Limit(count=60, window=60)
    fast = Limit(count=1, window=0.5, operations=frozenset({"get"}))

    async def main() -> float:
        limits = await rested(limits_of(everything, fast))
        await limits.acquire("get", is_write=False)
        second = waiters(limits, "get", 1)
        await asyncio.sleep(0.1)
        start = now()
        await limits.lower(30)
        await asyncio.gather(*second)
        return now() - start

    assert virtual.run(main()) == pytest.approx(1 / Limit(count=30, window=60).rate, abs=1e-3)


@pytest.mark.parametrize("declared", [(GET,), ()])
def test_a_freeze_is_told_as_soon_as_it_begins_and_until_it_ends(
    declared: tuple[Limit, ...],
) -> None:
    async def main() -> tuple[Waiting | None, Waiting | None]:
        limits = await rested(limits_of(*declared))
        gets = waiters(limits, "get", 3)
        if declared:
            await asyncio.sleep(0.1)
        await limits.freeze(30, "throttled")
        await asyncio.sleep(0)
        first = limits.waiting
        await limits.freeze(300, "throttled again")
        second = limits.waiting
        await ended(gets)
        assert limits.waiting is None
        return first, second

    first, second = virtual.run(main())
    assert first is not None
    assert second is not None
    assert (first.code, first.text) == ("frozen", "get waits: throttled")
    assert first.until - timing.boottime() == pytest.approx(30, abs=1)
    assert second.text == "get waits: throttled again"
    assert second.until - timing.boottime() == pytest.approx(300, abs=1)


def test_of_several_lanes_the_longest_wait_is_told_with_its_end() -> None:
    async def main() -> tuple[Waiting | None, float]:
        limits = await rested(limits_of(GET, UPDATE))
        tasks = waiters(limits, "update", 90) + waiters(limits, "get", 3)
        await asyncio.sleep(0.1)
        start = now()
        told = limits.waiting
        await tasks[-2]
        waited = now() - start
        await ended(tasks)
        return told, waited

    told, waited = virtual.run(main())
    assert told is not None
    assert (told.code, told.text) == ("limit", "get waits for the limit of 10 in 10 s")
    assert told.until - timing.boottime() == pytest.approx(waited, abs=0.2)


def test_whenever_somebody_waits_something_is_told() -> None:
    async def main() -> int:
        limits = limits_of(Limit(count=2000, window=1))
        tasks = waiters(limits, "list", 100)
        await asyncio.sleep(0)
        looks = 0
        # At every turn of the loop, so also between two who follow each other.
        while sum(task.done() for task in tasks) < 99:
            assert limits.waiting is not None
            looks += 1
            await asyncio.sleep(0)
        await ended(tasks)
        return looks

    assert virtual.run(main()) > 1000
