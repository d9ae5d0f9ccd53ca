"""Pulls that show suspiciously little: what they show is applied, nothing is counted as missing."""

import pytest

from syncd.simulator import Settings
from tests.e2e.conftest import Stage
from tests.e2e.scene import Scene


async def opened(stage: Stage, campaigns: int, advertisers: int) -> Scene:
    """A scene that was pulled once."""
    scene = await stage(Settings(campaigns=campaigns, advertisers=advertisers, rate=None))
    await scene.pull()
    return scene


def of_advertiser(scene: Scene, advertiser: str) -> list[str]:
    shown = scene.simulator.world.in_view()
    return [one.id for one in shown if one.advertiser_id == advertiser]


async def pulled(scene: Scene) -> tuple[str, int, str]:
    """Outcome, missing count and message of one pull, and the run's row says the same."""
    report = await scene.pull()
    assert report.pulled is not None
    row = (await scene.books.runs("pull"))[-1]
    assert (row["outcome"], row["counts"]) == (report.pulled.outcome, report.pulled.counts)
    return row["outcome"], row["counts"]["missing"], row["error"] or ""


async def missing(scene: Scene) -> set[str]:
    return {one for one, row in (await scene.books.campaigns()).items() if row["missing_since"]}


async def test_an_advertiser_that_shows_nothing_any_more_brakes_the_pull(stage: Stage) -> None:
    scene = await opened(stage, 60, 6)
    world = scene.simulator.world
    emptied = of_advertiser(scene, "20037")
    other = of_advertiser(scene, "12345")
    world.remove(emptied)
    world.remove(other[:1])
    world.edit(other[1], name="Seen all the same")
    for _ in range(2):
        outcome, count, said = await pulled(scene)
        assert (outcome, count) == ("braked", 0)
        assert "20037" in said
        assert await missing(scene) == set()
    assert (await scene.books.campaigns())[other[1]]["name"] == "Seen all the same"
    world.restore(emptied)
    assert (await pulled(scene))[:2] == ("ok", 1)
    assert await missing(scene) == set(other[:1])


@pytest.mark.parametrize(
    ("known", "gone", "outcome"),
    [(10, 3, "ok"), (10, 4, "braked"), (40, 12, "ok"), (40, 13, "braked"), (9, 8, "ok")],
)
async def test_more_than_three_in_ten_of_ten_or_more_brake_the_pull(
    stage: Stage, known: int, gone: int, outcome: str
) -> None:
    scene = await opened(stage, known, 1)
    ids = of_advertiser(scene, "12345")
    scene.simulator.world.remove(ids[:gone])
    scene.simulator.world.edit(ids[-1], name="Seen all the same")
    found, count, _ = await pulled(scene)
    assert (found, count) == (outcome, gone if outcome == "ok" else 0)
    assert await missing(scene) == (set(ids[:gone]) if outcome == "ok" else set())
    assert (await scene.books.campaigns())[ids[-1]]["name"] == "Seen all the same"


@pytest.mark.parametrize("known", [1, 9, 10, 40])
async def test_a_provider_that_shows_nothing_at_all_brakes_the_pull(
    stage: Stage, known: int
) -> None:
    scene = await opened(stage, known, 1)
    scene.simulator.world.remove(list(scene.simulator.world.campaigns))
    assert (await pulled(scene))[:2] == ("braked", 0)
    assert await missing(scene) == set()
    scene.simulator.world.restore(scene.simulator.world.campaigns)
    assert (await pulled(scene))[:2] == ("ok", 0)
    assert await scene.differences() == []


async def test_shares_are_of_what_was_there_and_not_of_what_is_missing_already(
    stage: Stage,
) -> None:
    scene = await opened(stage, 40, 1)
    ids = of_advertiser(scene, "12345")
    for begin, end, count in ((0, 12, 12), (12, 20, 20), (20, 26, 26)):
        scene.simulator.world.remove(ids[begin:end])
        assert (await pulled(scene))[:2] == ("ok", count)
    scene.simulator.world.remove(ids[26:31])
    assert (await pulled(scene))[:2] == ("braked", 0)
    assert await missing(scene) == set(ids[:26])
