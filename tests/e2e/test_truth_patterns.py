"""A PATCH of many campaigns from the queue to the result: whatever the provider made of each of
them, alone or among others, is what its update says in the end."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from syncd.config import Config
from syncd.simulator import Settings
from syncd.simulator.criteo.world import SpendLimit
from tests.e2e.aged import AGES
from tests.e2e.conftest import Stage
from tests.e2e.scene import Scene

MOST = 6
FEW, MANY = 1, 60
LARGEST = 200
PATIENT = {"ttl": "45s", "renew": "5s", "request_timeout": "20s"}
"""A large call may take its time on a machine that has much to do."""
STATES = {"applied": "applied", "refused": "rejected"}
ALTERED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("reorder", {}),
    ("foreign_id", {}),
    ("omit", {"apply": True}),
    ("omit", {"apply": False}),
    ("both", {}),
    ("no_instance", {}),
    ("bad_index", {}),
    ("half", {}),
)
"""What may become of an answer, or of half of the call."""


async def opened(stage: Stage, campaigns: int) -> Scene:
    """A pulled scene of campaigns that all spend 100 a day; each takes what is asked for, unless
    `forbid` says otherwise."""
    settings = Settings(campaigns=campaigns, advertisers=1, rate=None)
    scene = await stage(settings, tables={"push": {"settle": "120s"}, "lease": PATIENT})
    for campaign in scene.simulator.world.campaigns.values():
        campaign.limit = SpendLimit("daily", Decimal(100))
        campaign.spent_period = campaign.spent_lifetime = Decimal(0)
        campaign.maximum, campaign.pending = None, None
    await scene.pull()
    return scene


def in_batches(scene: Scene, size: int) -> Config:
    """The scene's configuration with so many campaigns in a call."""
    (account,) = scene.config.accounts
    push = account.push.model_copy(update={"batch": size})
    return scene.config.model_copy(
        update={"accounts": (account.model_copy(update={"push": push}),)}
    )


async def queued(scene: Scene, truth: Iterable[bool], amount: str) -> dict[int, str]:
    """An update for each campaign in turn; those of which this is not true are refused by a rule
    that only the provider knows."""
    updates = {}
    for campaign, is_good in zip(scene.simulator.world.campaigns.values(), truth, strict=False):
        campaign.maximum = None if is_good else Decimal(1)
        updates[await scene.books.enqueue(campaign.id, "budget.daily", amount)] = campaign.id
    return updates


async def assert_each_has_its_own(scene: Scene, updates: dict[int, str], amount: str) -> None:
    """Every update says what its campaign came to at the provider."""
    last = {item.id: item.truth for one in scene.writes() for item in one.items}
    for row in await scene.books.view("updates", "id = ANY ($1)", list(updates)):
        campaign = updates.pop(row["id"])
        assert row["state"] == STATES[last[campaign]], row
        assert row["results"]["budget.daily"]["outcome"] == row["state"]
        is_there = scene.simulator.world.campaigns[campaign].limit.amount == Decimal(amount)
        assert is_there == (row["state"] == "applied")
    assert updates == {}


async def test_every_pattern_of_truth_in_a_call_is_told_item_by_item(stage: Stage) -> None:
    scene = await opened(stage, MOST * 2**MOST)
    for size in range(1, MOST + 1):
        patterns = list(itertools.product([True, False], repeat=size))
        before, amount = len(scene.writes()), f"{100 + size}"
        updates = await queued(scene, itertools.chain.from_iterable(patterns), amount)
        assert len(updates) == size * len(patterns)
        report = await scene.sync(config=in_batches(scene, size), pull=False)
        assert report.pushed is not None
        assert report.pushed.error is None
        calls = scene.writes()[before:]
        seen = [tuple(item.truth == "applied" for item in call.items) for call in calls]
        assert sorted(seen) == sorted(patterns), "each pattern was one call"
        await assert_each_has_its_own(scene, updates, amount)
    assert await scene.violations(settle=0) == []


async def history(stage: Stage, seed: int) -> None:
    """One large call of a random truth and a random answer, and everything that follows of it."""
    random = Random(seed)
    size = random.randint(2, LARGEST)
    scene = await opened(stage, size)
    share = random.random()
    truth = [random.random() < share for _ in range(size)]
    updates = await queued(scene, truth, "120")
    kind, options = random.choice(ALTERED)
    indexes = random.sample(range(size), random.randint(1, size))
    scene.simulator.faults.arm(kind, "update", **options, indexes=indexes)
    config = in_batches(scene, LARGEST)
    await scene.sync(config=config, pull=False)
    (call,) = scene.writes()
    assert len(call.items) == size
    for _ in range(2):
        await scene.books.later(AGES)
        report = await scene.sync(config=config, pull=False)
        assert report.error is None
    await assert_each_has_its_own(scene, updates, "120")
    assert await scene.violations(settle=0) == []


@pytest.mark.parametrize("seed", range(FEW))
async def test_a_large_call_ends_in_the_truth(stage: Stage, seed: int) -> None:
    await history(stage, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(FEW, MANY))
async def test_many_large_calls_end_in_the_truth(stage: Stage, seed: int) -> None:
    await history(stage, seed)
