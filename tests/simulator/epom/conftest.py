"""A simulated Epom with a small world of known campaigns, and a bare caller of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from decimal import Decimal

import aiohttp
import pytest

from syncd.simulator import Settings, Simulator
from syncd.simulator.epom.pricing import Action, Pricing
from syncd.simulator.epom.world import Campaign
from tests.simulator.epom.caller import Caller

Begin = Callable[[Settings], Awaitable[Caller]]
INSTALL = Action(id=1, key="ab12", name="install")
SIGN_UP = Action(id=2, key="cd34", name="Sign up")


@pytest.fixture
async def begin() -> AsyncIterator[Begin]:
    """Starts a simulator with the settings given and returns a caller of it."""
    async with AsyncExitStack() as stack:

        async def start(settings: Settings) -> Caller:
            simulator = await stack.enter_async_context(Simulator(settings))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Caller(simulator, session)

        yield start


@pytest.fixture
async def epom(begin: Begin) -> Caller:
    """Campaign 17 is CPM with a price for the US, 18 is CPA with two actions, 19 has no pricing."""
    caller = await begin(Settings(provider="epom", campaigns=0, advertisers=2, rate=None))
    add = caller.simulator.world.add
    pricing = Pricing(id=501, amount=Decimal("1.25"), type="CPM", countries={"US": Decimal(2)})
    pricing.figures["price.estimated_ctr"] = Decimal("0.01")
    add(Campaign(id="17", name="Banner", advertiser_id="101", actions=[INSTALL], pricing=pricing))
    by_action = Pricing(id=502, amount=Decimal(3), type="CPA", actions={"ab12": Decimal("1.5")})
    actions = [INSTALL, SIGN_UP]
    add(Campaign(id="18", name="App", advertiser_id="101", actions=actions, pricing=by_action))
    add(Campaign(id="19", name="New", advertiser_id="104"))
    return caller
