"""Waiting in tests: for a condition and until a deadline, never for a stretch of time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

Found = TypeVar("Found")
_POLL = 0.02


@overload
async def eventually(
    condition: Callable[[], Awaitable[Found]], *, timeout: float = 10.0
) -> Found: ...


@overload
async def eventually(condition: Callable[[], Found], *, timeout: float = 10.0) -> Found: ...


async def eventually(condition: Callable[[], Any], *, timeout: float = 10.0) -> Any:
    """What `condition` returns once it is true; AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        value = await found if inspect.isawaitable(found) else found
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout} s: {condition}"
        await asyncio.sleep(_POLL)
