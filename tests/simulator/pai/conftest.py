"""A simulated PAI and a bare client for each test that asks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from syncd.simulator import Settings, Simulator
from tests.simulator.pai.client import PaiClient

Start = Callable[..., Awaitable[PaiClient]]


@pytest.fixture(params=["documented", "current"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def begin() -> AsyncIterator[Start]:
    """Starts a simulator with 30 campaigns and no limit, unless told otherwise; what is no setting
    is an option."""
    async with AsyncExitStack() as stack:

        async def start(
            dialect: str = "documented",
            *,
            campaigns: int = 30,
            journal: Path | None = None,
            **options: Any,
        ) -> PaiClient:
            settings = Settings(
                provider="pai",
                dialect=dialect,
                campaigns=campaigns,
                rate=None,
                journal=journal,
                options=options,
            )
            simulator = await stack.enter_async_context(Simulator(settings))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return PaiClient(simulator, session)

        yield start


@pytest.fixture
async def pai(begin: Start, dialect: str) -> PaiClient:
    """A client of a simulator in either dialect."""
    return await begin(dialect)


@pytest.fixture
async def documented(begin: Start) -> PaiClient:
    return await begin("documented")


@pytest.fixture
async def current(begin: Start) -> PaiClient:
    return await begin("current")
