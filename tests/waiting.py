"""Waiting in tests: for a condition and until a deadline, never for a stretch of time; and time
that passes without anybody waiting."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

Found = TypeVar("Found")
_POLL = 0.02
PATIENCE = 25.0
"""However loaded the machine is; less than the service's slow poll, which would find by itself what
it was not woken for."""


@overload
async def eventually(
    condition: Callable[[], Awaitable[Found]], *, timeout: float = PATIENCE
) -> Found: ...


@overload
async def eventually(condition: Callable[[], Found], *, timeout: float = PATIENCE) -> Found: ...


async def eventually(condition: Callable[[], Any], *, timeout: float = PATIENCE) -> Any:
    """What `condition` returns once it is true; AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        value = await found if inspect.isawaitable(found) else found
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout} s: {condition}"
        await asyncio.sleep(_POLL)


def let_pass(seconds: float) -> None:
    """For every timer of the running loop so many seconds more have passed, from now on: what they
    would have ended by then ends at once. Other clocks stay as they are."""
    loop = asyncio.get_running_loop()
    sound = loop.time
    setattr(loop, "time", lambda: sound() + seconds)  # noqa: B010  (mypy knows a method there)
