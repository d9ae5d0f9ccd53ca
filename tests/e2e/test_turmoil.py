"""Seeded random histories at every provider, people, queue and faults together: no promise is ever
broken, every update ends where it truly is, the mirror is the truth and a second round is empty."""

from random import Random

import pytest

from tests.e2e.aged import PROVIDERS
from tests.e2e.conftest import Stage
from tests.e2e.place import simulated
from tests.e2e.scene import Scene
from tests.e2e.test_worlds import assert_history_adds_up
from tests.e2e.truths import FINAL, assert_all_is_kept
from tests.e2e.turmoil import Turmoil

FEW, MANY = 1, 60
ROUNDS = 4
HELD = frozenset(
    {
        "attempts_spent",
        "base_unknown",
        "conflict",
        "create_unresolved",
        "out_of_view",
        "start-incomplete",
        "undecidable",
    }
)
"""What a person may be left with."""


async def history(stage: Stage, provider: str, seed: int) -> Scene:
    """The scene of a seed at its end, when nothing goes wrong any more."""
    random = Random(f"{provider} {seed}")
    dialect = random.choice(("documented", "current"))
    scene = await stage(
        simulated(provider, dialect, seed=seed, campaigns=random.randint(14, 30)),
        tables={"push": {"settle": "120s", "batch": random.choice((1, 3, 50))}},
        service={"patience": "50ms"},
    )
    await scene.pull()
    turmoil = Turmoil(scene=scene, random=random)
    for _ in range(ROUNDS):
        turmoil.people_edit()
        await turmoil.people_queue()
        turmoil.things_go_wrong()
        await scene.sync(push=random.random() < 0.9, pull=random.random() < 0.8)
        if random.random() < 0.7:
            await scene.books.later("10 minutes")
    scene.simulator.faults.clear()
    for _ in range(4):
        await scene.books.later("10 minutes")
        report = await scene.sync()
        assert report.error is None
    return scene


async def assert_well(scene: Scene) -> None:
    rows = await scene.books.view("updates", "true ORDER BY id")
    for row in rows:
        is_held = row["state"] == "held" and row["reason_code"] in HELD
        assert row["state"] in FINAL or is_held, row
    assert rows
    await assert_all_is_kept(scene)
    await assert_history_adds_up(scene)


@pytest.mark.parametrize("seed", range(FEW))
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_random_history_ends_in_the_truth(stage: Stage, provider: str, seed: int) -> None:
    await assert_well(await history(stage, provider, seed))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(FEW, MANY))
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_many_random_histories_end_in_the_truth(
    stage: Stage, provider: str, seed: int
) -> None:
    await assert_well(await history(stage, provider, seed))
