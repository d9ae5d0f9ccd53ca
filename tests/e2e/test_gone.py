"""Campaigns that providers show no more: what it takes at each before one is missing or gone, what
brakes a pull that misses too many, and how they come back."""

from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest

from syncd.simulator import Settings
from tests.e2e.conftest import Stage
from tests.e2e.place import simulated
from tests.e2e.scene import Row, Scene
from tests.e2e.truths import assert_nothing_is_left

LISTED = ("criteo", "icas", "epom", "pai", "voipbin")
CONFIRMED_BY_PEOPLE = ("criteo", "icas", "epom")
HOUR = "61 minutes"
ADVERTISERS = {"criteo": ("12345", "20037"), "epom": ("101", "104")}
"""Of a simulator with two."""


async def opened(stage: Stage, provider: str, **more: Any) -> Scene:
    """A pulled scene; of two advertisers where the provider has such."""
    settings: Settings = simulated(provider, advertisers=2, **more)
    scene = await stage(settings)
    assert (await pulled(scene))["outcome"] == "ok"
    return scene


async def pulled(scene: Scene) -> Row:
    """The run of one pull."""
    report = await scene.pull()
    assert report.pulled is not None
    return (await scene.books.runs("pull"))[-1]


async def standing(scene: Scene) -> dict[str, str]:
    """Each campaign that is not simply there: `missing`, `out of scope` or `gone`."""
    found = {}
    for one, row in (await scene.books.campaigns()).items():
        if row["gone_at"]:
            found[one] = "gone"
        elif row["missing_since"]:
            found[one] = "missing" if row["missing_why"] == "absent" else "out of scope"
    return found


def some(scene: Scene, count: int) -> list[str]:
    """So many campaigns in view, taken from all over the list."""
    ids: list[str] = scene.simulator.world.ids()
    return ids[:: max(1, len(ids) // count)][:count]


async def confirm_gone(scene: Scene, campaign: str) -> None:
    await scene.books.connection.execute(
        "SELECT syncd.confirm_gone($1, $2, 'ann')", scene.place.account, campaign
    )


async def assert_no_door(scene: Scene, campaign: str) -> None:
    """Nothing can be queued for a campaign that is gone."""
    path, value = (
        ("note", "too late")
        if scene.place.provider in {"pai", "voipbin"}
        else (("price.amount", "1") if scene.place.provider == "epom" else ("budget.daily", "1"))
    )
    with pytest.raises(asyncpg.PostgresError, match="deleted at the provider since"):
        await scene.books.queue(campaign, {path: value})


@pytest.mark.parametrize("provider", CONFIRMED_BY_PEOPLE)
async def test_a_campaign_out_of_view_is_missing_until_a_person_says_that_it_is_gone(
    stage: Stage, provider: str
) -> None:
    scene = await opened(stage, provider)
    there, lost = some(scene, 2)
    with pytest.raises(asyncpg.PostgresError):
        await confirm_gone(scene, there)
    scene.simulator.world.remove([lost])
    for _ in range(3):
        run = await pulled(scene)
        assert (run["outcome"], run["counts"]["missing"]) == ("ok", 1)
        assert await standing(scene) == {lost: "missing"}
        await scene.books.later(HOUR)
    await confirm_gone(scene, lost)
    assert await standing(scene) == {lost: "gone"}
    assert (await scene.books.campaigns())[lost]["gone_by"] == "ann"
    await assert_no_door(scene, lost)
    assert (await pulled(scene))["counts"]["missing"] == 0
    scene.simulator.world.restore([lost])
    await pulled(scene)
    assert await standing(scene) == {}
    assert await scene.differences() == []
    await assert_nothing_is_left(scene)


async def test_by_configured_ids_no_campaign_is_ever_missing(stage: Stage) -> None:
    settings = simulated("epom")
    first = await opened(stage, "epom")
    ids = some(first, 12)
    scene = await stage(settings, account="epom-by-id", scope={"ids": ids})
    await pulled(scene)
    assert set(await scene.books.campaigns()) == set(ids)
    for count in (1, 8, 12):
        scene.simulator.world.remove(ids[:count])
        await pulled(scene)
        await scene.books.later(HOUR)
        await pulled(scene)
        assert await standing(scene) == {}
    scene.simulator.world.restore(ids)
    assert (await pulled(scene))["outcome"] == "ok"


async def test_pai_needs_two_pulls_an_hour_apart_and_a_single_read_that_says_so(
    stage: Stage,
) -> None:
    scene = await opened(stage, "pai")
    hidden, deleted = some(scene, 2)
    scene.simulator.world.campaigns[hidden].is_listed = False
    scene.simulator.world.remove([deleted])
    both = dict.fromkeys((hidden, deleted), "missing")
    for _ in range(3):
        await pulled(scene)
        assert await standing(scene) == both
        assert scene.simulator.journal.of("get") == []
    await scene.books.later(HOUR)
    scene.simulator.faults.arm("status", "get", status=503, count=None)
    await pulled(scene)
    assert await standing(scene) == both, "a read that failed says nothing"
    scene.simulator.faults.clear()
    scene.simulator.faults.arm("lost_route", "get", count=None)
    await pulled(scene)
    assert await standing(scene) == both, "a 404 of somebody else's says nothing"
    scene.simulator.faults.clear()
    await pulled(scene)
    assert await standing(scene) == {deleted: "gone"}, "what is shown singly is there"
    assert (await scene.books.campaigns())[deleted]["gone_by"] == "provider"
    await assert_no_door(scene, deleted)
    scene.simulator.world.restore([deleted])
    scene.simulator.world.campaigns[hidden].is_listed = True
    await pulled(scene)
    assert await standing(scene) == {}
    assert await scene.differences() == []


async def test_voipbin_marks_deleted_campaigns_and_hidden_rows_are_none(stage: Stage) -> None:
    scene = await opened(stage, "voipbin", campaigns=130)
    world = scene.simulator.world
    world_ids = [one for one in world.ids() if world.campaigns[one].status == "stop"]
    deleted, vanished, left_out = world_ids[0], world_ids[5], world_ids[10:14]
    before = await standing(scene)
    scene.simulator.service.acts["delete"]({"ids": [deleted]})
    scene.simulator.faults.arm("rows_left_out", "list", ids=left_out, count=None)
    world.remove([vanished])
    run = await pulled(scene)
    assert run["outcome"] == "ok"
    assert await standing(scene) == before | {deleted: "gone", vanished: "gone"}
    asked = {
        one.path.rpartition("/")[2].partition("?")[0] for one in scene.simulator.journal.of("get")
    }
    assert asked >= {vanished, *left_out}
    await assert_no_door(scene, deleted)
    scene.simulator.faults.clear()
    scene.simulator.faults.arm("page_drift", "list", count=None)
    await pulled(scene)
    assert await standing(scene) == before | {deleted: "gone", vanished: "gone"}
    scene.simulator.faults.clear()
    world.restore([vanished])
    await pulled(scene)
    assert await standing(scene) == before | {deleted: "gone"}
    assert await scene.differences() == []


@pytest.mark.parametrize("provider", LISTED)
async def test_too_many_at_once_brake_the_pull_until_somebody_accepts_just_them(
    stage: Stage, provider: str
) -> None:
    scene = await opened(stage, provider)
    world = scene.simulator.world
    before = await standing(scene)
    absent = "gone" if provider == "voipbin" else "missing"
    lost, more = some(scene, 16), []
    edits: Mapping[str, str] = (
        {"price.amount": "8.5"} if provider == "epom" else {"name": "Seen all the same"}
    )
    seen = next(one for one in world.ids() if one not in lost)
    world.remove(lost)
    world.edit(seen, edits)
    for _ in range(2):
        run = await pulled(scene)
        assert (run["outcome"], run["counts"]["missing"]) == ("braked", 0), run
        assert await standing(scene) == before
    ((path, value),) = edits.items()
    assert (await scene.books.campaigns())[seen]["values"][path] == value
    health = await scene.books.health()
    assert health["state"] == "braked"
    assert f"syncd accounts accept {scene.place.account}" in health["remedy"]
    accept = "SELECT syncd.accept($1, 'ann')"
    assert await scene.books.connection.fetchval(accept, scene.place.account) == len(lost)
    more = [one for one in world.ids() if one != seen][:1]
    world.remove(more)
    assert (await pulled(scene))["outcome"] == "braked", "one more than was accepted"
    world.restore(more)
    run = await pulled(scene)
    assert run["outcome"] == "ok", run
    assert await standing(scene) == before | dict.fromkeys(lost, absent)
    assert (await scene.books.health())["state"] == "ok"
    more = [one for one in world.ids() if one != seen][:12]
    world.remove(more)
    assert (await pulled(scene))["outcome"] == "braked", "it was for once"
    with pytest.raises(asyncpg.PostgresError):
        await confirm_gone(scene, seen)
    world.restore([*lost, *more])
    assert (await pulled(scene))["outcome"] == "ok"
    assert await standing(scene) == before
    await assert_nothing_is_left(scene)


@pytest.mark.parametrize("provider", ["criteo", "epom"])
async def test_what_the_configuration_leaves_out_is_out_of_scope_and_brakes_nothing(
    stage: Stage, provider: str
) -> None:
    settings = simulated(provider, advertisers=2)
    first, second = ADVERTISERS[provider]
    wide = await stage(settings)
    assert (await pulled(wide))["outcome"] == "ok"
    both = wide.narrowed({"advertisers": [first, second]})
    assert (await pulled(both))["outcome"] == "ok"
    assert await standing(both) == {}
    of = {one["id"]: one["advertiser_id"] for one in both.truth().values()}
    assert set(of.values()) == {first, second}
    world = both.simulator.world
    lost = next(one for one in world.ids() if of[one] == first)
    world.remove([lost])
    narrow = both.narrowed({"advertisers": [first]})
    assert (await pulled(narrow))["outcome"] == "ok"
    out = {one for one in world.ids() if of[one] == second}
    assert len(out) > 0.3 * len(of)
    assert await standing(narrow) == dict.fromkeys(out, "out of scope") | {lost: "missing"}
    assert (await narrow.books.health())["state"] == "ok"
    world.restore([lost])
    both = narrow.narrowed({"advertisers": [first, second]})
    assert (await pulled(both))["outcome"] == "ok"
    assert await standing(both) == {}
    assert await both.differences() == []
    await assert_nothing_is_left(both)
