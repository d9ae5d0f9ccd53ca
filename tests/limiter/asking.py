"""Callers who ask for permits in virtual time, and two limits of single operations for them. It
judges nothing."""

from __future__ import annotations

import asyncio

from syncd.limiter import Limits, Permit
from syncd.model.limits import Limit

GET = Limit(count=10, window=10, jitter=0.0, operations=frozenset({"get"}))
UPDATE = Limit(count=100, window=1, operations=frozenset({"update"}))


def limits_of(*declared: Limit, patience: float | None = None) -> Limits:
    return Limits(declared, patience=patience, on_freeze=None)


def now() -> float:
    return asyncio.get_running_loop().time()


async def rested(limits: Limits) -> Limits:
    """Every bucket has begun and had time to run empty."""
    await limits.own()
    await asyncio.sleep(100)
    return limits


async def took(limits: Limits, operation: str, *, is_write: bool = False) -> float:
    start = now()
    await limits.acquire(operation, is_write=is_write)
    return now() - start


async def ended(tasks: list[asyncio.Task[Permit]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def waiters(limits: Limits, operation: str, number: int) -> list[asyncio.Task[Permit]]:
    return [asyncio.create_task(limits.acquire(operation, is_write=False)) for _ in range(number)]
