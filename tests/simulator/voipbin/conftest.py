"""A simulated VoIPBIN and a bare client for each test that asks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from syncd.simulator import Settings, Simulator
from tests.simulator.voipbin.client import Client

Begin = Callable[..., Awaitable[Client]]


@pytest.fixture
async def begin() -> AsyncIterator[Begin]:
    """Starts a simulator, without a limit unless one is given, and returns a client of it."""
    async with AsyncExitStack() as stack:

        async def made(**settings: Any) -> Client:
            chosen: dict[str, Any] = {
                "provider": "voipbin",
                "campaigns": 40,
                "rate": None,
            } | settings
            simulator = await stack.enter_async_context(Simulator(Settings(**chosen)))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Client(simulator, session)

        yield made


@pytest.fixture
async def client(begin: Begin) -> Client:
    """40 campaigns in the dialect of the document."""
    return await begin()


@pytest.fixture
async def current(begin: Begin) -> Client:
    """40 campaigns in the dialect of today's API."""
    return await begin(dialect="current")
