"""Who goes first, who gives up, who is told what: the gate in front of the limits."""

from __future__ import annotations

import asyncio
import random

import pytest

from syncd import timing
from syncd.errors import LimitWait, Stopped
from syncd.limiter import Freeze, Limits, Permit, Waiting
from syncd.model.limits import Limit
from tests.limiter import virtual

SLOW = Limit(count=10, window=10, jitter=0.0)


def limits_of(limit: Limit = SLOW, patience: float | None = None) -> Limits:
    return Limits([limit], patience=patience, on_freeze=None)


def now() -> float:
    return asyncio.get_running_loop().time()


def test_writes_go_before_reads_and_equals_by_arrival() -> None:
    async def main() -> list[str]:
        limits = limits_of()
        order: list[str] = []

        async def caller(name: str) -> None:
            await limits.acquire(name, is_write=name.startswith("write"))
            order.append(name)

        async with asyncio.TaskGroup() as group:
            for name in ("read 1", "read 2", "write 1", "read 3", "write 2"):
                group.create_task(caller(name))
        return order

    # The first was at the head, waiting for the limit, before anybody else came.
    assert virtual.run(main()) == ["read 1", "write 1", "write 2", "read 2", "read 3"]


def test_a_permit_names_its_operation_and_ends_in_a_few_seconds() -> None:
    async def main() -> Permit:
        return await Limits([], patience=None, on_freeze=None).acquire("search", is_write=False)

    permit = virtual.run(main())
    assert permit.operation == "search"
    assert 0 < permit.expires - timing.boottime() <= 5


@pytest.mark.parametrize("cancelled", [0, 1, 2])
def test_a_cancelled_caller_costs_nobody_a_permit(cancelled: int) -> None:
    async def main() -> tuple[float, float, int]:
        limits = limits_of()
        start = now()
        tasks = [asyncio.create_task(limits.acquire("op", is_write=False)) for _ in range(4)]
        await asyncio.sleep(0.1)
        tasks[cancelled].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        granted = sum(isinstance(result, Permit) for result in results)
        return now() - start, SLOW.rate, granted

    elapsed, rate, granted = virtual.run(main())
    assert granted == 3
    assert elapsed == pytest.approx(3 / rate, abs=1e-3)


def test_a_storm_of_cancellations_leaves_the_gate_working() -> None:
    chance = random.Random(11)

    async def main() -> tuple[int, int, float]:
        limits = limits_of(Limit(count=100, window=10))
        start = now()
        granted = 0

        async def caller() -> None:
            nonlocal granted
            await limits.acquire("op", is_write=chance.random() < 0.5)
            granted += 1

        tasks = [asyncio.create_task(caller()) for _ in range(600)]
        while not all(task.done() for task in tasks):
            chance.choice(tasks).cancel()
            await asyncio.sleep(chance.random() * 0.1)
        await limits.acquire("last", is_write=False)
        return granted, limits.taken()["op"], now() - start

    granted, counted, elapsed = virtual.run(main())
    assert granted == counted
    assert 100 < granted < 600
    assert granted / elapsed >= 0.85 * Limit(count=100, window=10).rate


def test_a_caller_cancelled_in_the_moment_of_its_turn_passes_the_turn_on() -> None:
    async def main() -> Permit:
        limits = Limits([], patience=None, on_freeze=None)
        first = asyncio.create_task(limits.acquire("first", is_write=False))
        second = asyncio.create_task(limits.acquire("second", is_write=False))
        await asyncio.sleep(0)
        second.cancel()
        first.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        return await limits.acquire("third", is_write=False)

    assert virtual.run(main()).operation == "third"


def test_a_freeze_holds_everybody_and_is_made_known() -> None:
    known: list[Freeze] = []

    async def remember(freeze: Freeze) -> None:
        known.append(freeze)

    async def main() -> tuple[float, float]:
        limits = Limits([], patience=None, on_freeze=remember)
        await limits.freeze(30, "throttled (429)")
        await limits.freeze(10, "a shorter one changes nothing")
        start = now()
        assert limits.frozen_for() == pytest.approx(30, abs=0.01)
        await limits.acquire("op", is_write=True)
        return now() - start, limits.frozen_for()

    waited, left = virtual.run(main())
    assert waited == pytest.approx(30, abs=0.01)
    assert left == 0
    assert known == [Freeze(seconds=30, reason="throttled (429)")]


def test_a_freeze_that_comes_while_the_head_waits_holds_it_too() -> None:
    async def main() -> float:
        limits = limits_of()
        start = now()
        head = asyncio.create_task(limits.acquire("op", is_write=False))
        await asyncio.sleep(0.1)
        await limits.freeze(100, "throttled")
        await head
        return now() - start

    assert virtual.run(main()) >= 100


def test_at_the_stop_nobody_waits_any_more_and_nothing_is_granted() -> None:
    async def main() -> tuple[float, int]:
        limits = limits_of()
        await limits.freeze(500, "throttled")
        start = now()
        waiting = [asyncio.create_task(limits.acquire("op", is_write=False)) for _ in range(3)]
        await asyncio.sleep(1)
        limits.close()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        with pytest.raises(Stopped):
            await limits.acquire("op", is_write=True)
        return now() - start, sum(isinstance(one, Stopped) for one in ended)

    took, stopped = virtual.run(main())
    assert stopped == 3
    assert took < 1.1


def test_a_permit_that_would_come_too_late_is_refused_at_once_and_costs_nothing() -> None:
    async def main() -> tuple[float, float, dict[str, int]]:
        limits = limits_of(patience=60)
        await limits.freeze(120, "throttled by the provider")
        start = now()
        with pytest.raises(LimitWait, match="throttled by the provider") as caught:
            await limits.acquire("op", is_write=False)
        return now() - start, caught.value.seconds, limits.taken()

    waited, seconds, taken = virtual.run(main())
    assert waited < 0.001
    assert seconds == pytest.approx(120)
    assert taken == {}


def test_a_queue_longer_than_the_patience_is_refused_before_it_is_joined() -> None:
    async def main() -> tuple[list[bool], float]:
        limits = limits_of(patience=3)
        start = now()
        tasks = [asyncio.create_task(limits.acquire("op", is_write=False)) for _ in range(9)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return [isinstance(result, Permit) for result in results], now() - start

    granted, elapsed = virtual.run(main())
    assert granted == sorted(granted, reverse=True)
    assert 2 <= sum(granted) <= 3
    assert elapsed < 3.01


def test_a_read_that_writes_keep_overtaking_gives_up_when_its_patience_ends() -> None:
    async def main() -> tuple[float, dict[str, int]]:
        limits = limits_of(patience=3)
        start = now()

        async def writer() -> None:
            while now() < start + 10:
                await limits.acquire("write", is_write=True)

        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(writer())
            await asyncio.sleep(0.1)
            with pytest.raises(LimitWait, match="read was not sent"):
                await limits.acquire("read", is_write=False)
            gave_up = now() - start
        return gave_up, limits.taken()

    gave_up, taken = virtual.run(main())
    assert gave_up == pytest.approx(3.1, abs=0.01)
    assert set(taken) == {"write"}
    assert taken["write"] >= 10


def test_a_freeze_that_begins_in_the_queue_ends_the_patience_of_all_who_wait() -> None:
    async def main() -> tuple[int, float]:
        limits = limits_of(patience=20)
        start = now()
        tasks = [asyncio.create_task(limits.acquire("op", is_write=False)) for _ in range(5)]
        await asyncio.sleep(0.1)
        await limits.freeze(500, "throttled")
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return sum(isinstance(result, LimitWait) for result in results), now() - start

    refused, elapsed = virtual.run(main())
    assert refused == 5
    assert elapsed < 2, "the head saw the freeze when its bucket let it through, the rest at once"


def test_what_the_head_waits_for_can_be_read() -> None:
    async def main() -> list[Waiting | None]:
        limits = limits_of()
        seen: list[Waiting | None] = [limits.waiting]
        head = asyncio.create_task(limits.acquire("POST search", is_write=False))
        await asyncio.sleep(0.1)
        seen.append(limits.waiting)
        await limits.freeze(30, "throttled")
        await asyncio.sleep(5)
        seen.append(limits.waiting)
        await head
        return [*seen, limits.waiting]

    before, limited, frozen, after = virtual.run(main())
    assert before is None
    assert after is None
    assert limited is not None
    assert limited.code == "limit"
    assert limited.text == "POST search waits for the limit of 10 in 10 s"
    assert frozen is not None
    assert frozen.code == "frozen"
    assert frozen.text == "POST search waits: throttled"
    assert 20 < frozen.until - timing.boottime() <= 30


def test_requests_are_counted_per_operation_until_asked_for() -> None:
    async def main() -> list[dict[str, int]]:
        limits = Limits([], patience=None, on_freeze=None)
        for operation in ("a", "b", "a"):
            await limits.acquire(operation, is_write=False)
        return [limits.taken(), limits.taken()]

    assert virtual.run(main()) == [{"a": 2, "b": 1}, {}]
