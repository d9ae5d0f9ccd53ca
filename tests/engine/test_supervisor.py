"""Tasks: a write that ends whatever happens, sends side by side, and work beside a body."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from syncd.engine.supervisor import beside, finish, in_parallel, serve
from syncd.errors import DatabaseUnavailable, LeaseLost, SyncdError


class Write:
    """A write that waits for leave to end."""

    def __init__(self, error: Exception | None = None) -> None:
        self.leave = asyncio.Event()
        self.is_done = False
        self._error = error

    async def __call__(self) -> str:
        await self.leave.wait()
        self.is_done = True
        if self._error is not None:
            raise self._error
        return "done"


@pytest.mark.parametrize("cancellations", [0, 1, 2, 3])
async def test_a_write_ends_however_often_it_is_cancelled(cancellations: int) -> None:
    write = Write()
    task = asyncio.create_task(finish(write()))
    await asyncio.sleep(0)
    for _ in range(cancellations):
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not task.done()
    write.leave.set()
    if cancellations:
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        assert await task == "done"
    assert write.is_done


@pytest.mark.parametrize("cancellations", [0, 1, 2])
async def test_a_write_that_fails_raises_its_own_error_unless_it_was_cancelled(
    cancellations: int,
) -> None:
    write = Write(DatabaseUnavailable("gone"))
    task = asyncio.create_task(finish(write()))
    await asyncio.sleep(0)
    for _ in range(cancellations):
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    write.leave.set()
    with pytest.raises(asyncio.CancelledError if cancellations else DatabaseUnavailable):
        await task
    assert write.is_done


async def test_so_many_run_side_by_side_and_no_more() -> None:
    running, most, order = 0, 0, []

    def work(number: int) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            for _ in range(5):
                await asyncio.sleep(0)
            order.append(number)
            running -= 1

        return act

    await in_parallel([work(number) for number in range(10)], 3)
    assert most == 3
    assert sorted(order) == list(range(10))


async def test_the_first_error_ends_the_others_and_comes_out_as_itself() -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waiting one")

    async def fail() -> None:
        await asyncio.sleep(0)
        raise LeaseLost("gone")

    with pytest.raises(LeaseLost) as failed:
        await in_parallel([wait, fail, fail], 4)
    assert ended == ["waiting one"]
    assert isinstance(failed.value.__cause__, ExceptionGroup)


async def test_a_mistake_in_the_program_is_not_made_to_look_expected() -> None:
    async def fail() -> None:
        raise KeyError("bug")

    with pytest.raises(ExceptionGroup) as failed:
        await in_parallel([fail], 4)
    assert failed.group_contains(KeyError)
    await in_parallel([], 4)


async def test_work_beside_a_body_ends_with_it() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with beside(work(), "beside"):
        await asyncio.sleep(0)
        assert not ended.is_set()
    assert ended.is_set()


async def test_work_that_fails_cancels_the_body() -> None:
    async def work() -> None:
        raise LeaseLost("gone")

    reached: list[str] = []

    async def body() -> None:
        async with beside(work(), "beside"):
            try:
                await asyncio.Event().wait()
            finally:
                reached.append("end of the body")

    with pytest.raises(LeaseLost, match="gone"):
        await body()
    assert reached == ["end of the body"]


async def test_an_error_of_the_body_comes_out_as_itself() -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    with pytest.raises(SyncdError, match="mine"):
        async with beside(work(), "beside"):
            raise SyncdError("mine")


async def test_a_cancelled_body_ends_the_work_beside_it() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def body() -> None:
        async with beside(work(), "beside"):
            await asyncio.Event().wait()

    task = asyncio.create_task(body())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_serving_ends_after_the_grace_even_with_a_stuck_task() -> None:
    stop = asyncio.Event()
    ended: list[str] = []

    async def polite() -> None:
        await stop.wait()
        ended.append("polite")

    async def stuck() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("stuck")

    serving = asyncio.create_task(serve([("polite", polite()), ("stuck", stuck())], stop, 0.05))
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(60):
        await serving
    assert ended == ["polite", "stuck"]


async def test_a_task_that_raises_takes_the_service_down() -> None:
    async def fail() -> None:
        raise RuntimeError("bug")

    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as failed:
        async with asyncio.timeout(60):
            await serve([("a", fail()), ("b", wait())], asyncio.Event(), 1.0)
    assert failed.group_contains(RuntimeError)
