"""Bugs in how a provider's limit is kept, each judged by what arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, AsyncExitStack
from typing import Any

from syncd import limiter
from syncd.simulator import Settings
from tests.e2e.scene import Scene
from tests.planted.bug import Bug, Ground
from tests.planted.planting import replaced
from tests.promises import Violation, within_limits


def _tables(limit: str) -> dict[str, Any]:
    return {"limits": {"default": limit}}


def _many(advertisers: int) -> dict[str, Any]:
    """As many searches in a pull, and a simulator that counts nothing itself."""
    scope = ["12345", *(str(20_000 + 37 * place) for place in range(1, advertisers))]
    campaigns = 2 * advertisers
    settings = Settings(campaigns=campaigns, advertisers=advertisers, rate=None)
    return {"settings": settings, "scope": scope}


def _judged(scene: Scene, count: int, seconds: float) -> Sequence[Violation]:
    journal = scene.simulator.journal.since(0)
    return list(within_limits(journal, {"default": (count, seconds)}))


async def a_pull_of_two_windows(ground: Ground) -> Sequence[Violation]:
    """Twice as many searches as a window holds."""
    async with ground.scene(tables=_tables("12/2s"), **_many(24)) as scene:
        return _judged(scene, 12, 2)


async def processes_at_one_account(ground: Ground) -> Sequence[Violation]:
    """All begin at once, and each pulls when the one before it has ended."""
    async with ground.scene(tables=_tables("4/3s"), **_many(1)) as scene:
        async with AsyncExitStack() as stack:
            processes = [
                await stack.enter_async_context(ground.process(scene.place, "sync", "--pull"))
                for _ in range(3)
            ]
            for one in processes:
                assert await one.end() == 0, one.told()
        return _judged(scene, 4, 3)


async def restarts_in_quick_succession(ground: Ground) -> Sequence[Violation]:
    """Every pull begins with a limiter of its own, as after a restart."""
    async with ground.scene(tables=_tables("3/1s"), **_many(1)) as scene:
        for _ in range(3):
            await scene.pull()
        return _judged(scene, 3, 1)


class _FixedWindow(limiter._Lane):  # noqa: SLF001
    """So many in each window by the clock; the first is half over when it begins."""

    _count = 0
    _ends = 0.0

    async def fill(self, limit: Any) -> None:
        self.limit = limit
        self._ends = asyncio.get_running_loop().time() + limit.window / 2

    async def take(self) -> None:
        self._count += 1

    def wait(self, ahead: int = 0) -> float:
        now = asyncio.get_running_loop().time()
        if now >= self._ends:
            self._count, self._ends = 0, self._ends + self.limit.window
        return 0.0 if self._count + ahead < self.limit.count else max(0.0, self._ends - now)


def _per_process() -> AbstractContextManager[None]:
    async def own(self: Any) -> None:
        self._has_begun = True

    return replaced(limiter.Limits, "own", own)


def _forgotten() -> AbstractContextManager[None]:
    async def fill(self: Any, limit: Any) -> None:
        self.limit = limit

    return replaced(limiter._Lane, "fill", fill)  # noqa: SLF001


BUGS = (
    Bug(
        number=11,
        name="the limiter counts in fixed windows",
        scenario=a_pull_of_two_windows,
        promise=11,
        plant=lambda: replaced(limiter, "_Lane", _FixedWindow),
        is_slow=True,
    ),
    Bug(
        number=12,
        name="every process has a limiter that knows nothing of the others",
        scenario=processes_at_one_account,
        promise=11,
        plant=_per_process,
        is_slow=True,
    ),
    Bug(
        number=13,
        name="the limiter forgets at a restart what it has sent",
        scenario=restarts_in_quick_succession,
        promise=11,
        plant=_forgotten,
        is_slow=True,
    ),
)
