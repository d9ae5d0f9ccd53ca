"""The only place that creates tasks: eternal ones of the service, parallel sends of a pass, the
renewal of a lease, and the write that must happen although its task is being cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import structlog

from syncd.errors import SyncdError

T = TypeVar("T")
log = structlog.get_logger()


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Let this write happen, cancelled or not, however often; its own error is logged when a
    cancellation wins. Bounded by the database's statement timeout."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception:  # the task's own error, dealt with below
            break
    if cancelled is None:
        return task.result()
    failed = None if task.cancelled() else task.exception()
    if isinstance(failed, Exception):  # a second Ctrl-C is no error: recovery finds out
        log.error("write-failed-while-stopping", exc_info=failed)
    raise cancelled


async def in_parallel(work: Sequence[Callable[[], Awaitable[None]]], limit: int) -> None:
    """Run these, at most `limit` at a time. The first SyncdError is raised as itself, after all
    have ended."""
    gate = asyncio.Semaphore(limit)

    async def one(act: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await act()

    try:
        async with asyncio.TaskGroup() as group:
            for number, act in enumerate(work):
                group.create_task(one(act), name=f"send-{number}")
    except BaseExceptionGroup as group_error:
        raise _told(group_error) from group_error


def _told(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first SyncdError of a group that holds nothing else, else what is a bug. No `except*`:
    before Python 3.11.4 what is raised there is wrapped into a group again."""
    ours, bugs = group.split(SyncdError)
    return _first(ours) if bugs is None and ours is not None else bugs or group


def _first(group: BaseExceptionGroup[SyncdError]) -> SyncdError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


@contextlib.asynccontextmanager
async def beside(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Run `work` beside the body and end it with the body. When it fails, the body is cancelled and
    the failure is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work, name=name)
            try:
                yield
            finally:
                task.cancel()
    except BaseExceptionGroup as group_error:
        raise _told(group_error) from group_error


async def serve(
    work: Sequence[tuple[str, Coroutine[Any, Any, None]]], stop: asyncio.Event, grace: float
) -> None:
    """Run eternal tasks until `stop`, give them `grace` seconds to end by themselves, then cancel.
    A task that raises takes all down, loudly."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine, name=name) for name, coroutine in work]
        await stop.wait()
        await asyncio.wait(tasks, timeout=grace)
        for task in tasks:
            task.cancel()
