"""Scenes for end-to-end tests, and reads that are tried again without a pause."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import stamina

from syncd.simulator import Settings
from tests.e2e.place import ACCOUNT, Place
from tests.e2e.scene import Scene, staged

Stage = Callable[..., Awaitable[Scene]]


@pytest.fixture
def at_once() -> Iterator[None]:
    """Reads are tried again as often as ever, without waiting in between."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture
async def stage(tmp_path: Path, database_url: str, at_once: None) -> AsyncIterator[Stage]:
    """Opens a scene: keywords of `Place`, and `settings` of the simulator, whose provider and
    dialect are the account's unless another dialect is given."""
    async with AsyncExitStack() as stack:

        async def begin(settings: Settings | None = None, **where: Any) -> Scene:
            wanted = settings or Settings(campaigns=40, rate=None)
            name = ACCOUNT if wanted.provider == "criteo" else wanted.provider
            told = {"account": name, "provider": wanted.provider, "dialect": wanted.dialect}
            place = Place(
                folder=tmp_path, database_url=database_url, base_url="", **{**told, **where}
            )
            return await stack.enter_async_context(staged(place, wanted))

        yield begin


@pytest.fixture
async def scene(stage: Stage) -> Scene:
    """40 campaigns of five advertisers, pulled once."""
    opened = await stage()
    report = await opened.pull()
    assert report.error is None
    return opened
