"""A simulator and a bare client for each test that asks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest

from syncd.simulator import Settings, Simulator
from tests.simulator.client import Client

Start = Callable[[Settings], Awaitable[Client]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a simulator with the settings given and returns a client of it."""
    async with AsyncExitStack() as stack:

        async def begin(settings: Settings) -> Client:
            simulator = await stack.enter_async_context(Simulator(settings))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Client(simulator, session)

        yield begin


@pytest.fixture
async def client(start: Start) -> Client:
    """A client of a simulator with 30 campaigns of five advertisers and no limit."""
    return await start(Settings(campaigns=30, rate=None))
