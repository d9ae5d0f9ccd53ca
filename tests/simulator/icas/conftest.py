"""A simulated ICAS and a bare client for each test that asks."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from syncd.simulator import Settings, Simulator
from syncd.simulator.icas.world import Campaign
from tests.simulator.icas.client import Client

Begin = Callable[..., Awaitable[Client]]
EXAMPLES: dict[str, str] = json.loads(
    (Path(__file__).parent / "data" / "examples.json").read_text("utf-8")
)["examples"]

EXAMPLE: dict[str, Any] = {
    "title": "christmas stuff",
    "vendor_id": "123-abc-vjlkna-124",
    "spent_daily": 9_520_000,
    "spent_total": 124_520_000,
    "created": datetime(2022, 12, 25, 10, 4, 23, tzinfo=UTC),
    "updated": datetime(2022, 12, 28, 22, 40, 15, tzinfo=UTC),
}


@pytest.fixture
async def begin() -> AsyncIterator[Begin]:
    """Starts a simulator with no limit, so many campaigns and these options."""
    async with AsyncExitStack() as stack:

        async def start(
            campaigns: int = 0, *, options: dict[str, str] | None = None, **more: Any
        ) -> Client:
            settings = Settings(provider="icas", campaigns=campaigns, options=options or {})
            settings = replace(settings, **({"rate": None} | more))
            simulator = await stack.enter_async_context(Simulator(settings))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Client(simulator, session)

        yield start


@pytest.fixture
async def client(begin: Begin) -> Client:
    """A client of a simulator with 24 campaigns."""
    return await begin(24)


@pytest.fixture
async def page(begin: Begin) -> Client:
    """A client of the world of the provider's example: campaign 123 alone."""
    client = await begin()
    put(client, "123", **EXAMPLE)
    return client


def put(client: Client, campaign_id: str, **members: Any) -> Campaign:
    """Add one campaign; a daily limit of 10 unless told otherwise."""
    dates = {"created": EXAMPLE["created"], "updated": EXAMPLE["updated"]}
    added: Campaign = client.world.add(Campaign(id=campaign_id, **(dates | members)))
    return added
