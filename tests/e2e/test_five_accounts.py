"""One `syncd sync` over an account at each provider: whatever happens to four of them, the fifth is
as it would be alone, and each failure is told with its cause and what to do."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from syncd.daemon import SyncRequest, sync
from syncd.simulator.criteo.world import capped
from tests.e2e.endpoints import Stock
from tests.e2e.place import Place, simulated
from tests.e2e.processes import syncd
from tests.e2e.scene import Scene, staged_together
from tests.e2e.truths import assert_mirror_is_true, is_there
from tests.ports import free_port

PROVIDERS = ("criteo", "icas", "epom", "pai", "voipbin")
FATES = ("down", "throttled", "garbled", "bad row", "well")
Five = dict[str, Scene]
EDITS = {
    "criteo": {"name": "By a person"},
    "icas": {"name": "By a person"},
    "epom": {"price.amount": "8.5"},
    "pai": {"note": "By a person"},
    "voipbin": {"note": "By a person"},
}
PATCHES = {
    "icas": {"budget.daily": "321.5"},
    "pai": {"name": "From the queue"},
    "voipbin": {"note": "From the queue"},
}
"""What is queued, where it is not what a pick of the simulator names."""


@asynccontextmanager
async def five(folder: Path, database_url: str) -> AsyncIterator[Five]:
    """An account at each provider, all pulled once, a person's edit and a queued update at each."""
    place = Place(folder=folder, database_url=database_url, base_url="")
    wanted = [
        (
            replace(place, account=f"at-{one}", provider=one, service={"patience": "100ms"}),
            simulated(one, campaigns=40 if one == "criteo" else 12),
        )
        for one in PROVIDERS
    ]
    async with staged_together(wanted) as scenes:
        found = {scene.place.provider: scene for scene in scenes}
        for scene in scenes:
            report = await scene.pull()
            assert report.pulled is not None
            assert report.pulled.error is None
        yield found


async def worked_at(scene: Scene) -> int:
    """A person edits a campaign and somebody queues an update of another."""
    stock = Stock(scene=scene)
    provider, pick = scene.place.provider, stock.pick()
    scene.simulator.world.edit(stock.pick()["id"], EDITS[provider])
    patch = PATCHES.get(provider) or {pick["path"]: pick["amount"]}
    return await scene.books.queue(pick["id"], patch)


def bad_row(scene: Scene) -> None:
    """One campaign is shown as no campaign can be, from now on."""
    world, faults = scene.simulator.world, scene.simulator.faults
    campaign = world.ids()[-1]
    match scene.place.provider:
        case "criteo":
            world.edit(campaign, limit=capped("daily", "1e20"))
        case "icas":
            faults.arm("bad_micros", "list", count=None, ids=[campaign])
        case "epom":
            (place,) = (at for at, one in enumerate(world.ids(), 1) if one == campaign)
            faults.arm("text_numbers", "get", nth=place)
            world.edit(campaign, {"price.amount": None})
            world.edit(campaign, {"price.amount": "99999999999999999999"})
        case "pai":
            faults.arm("fields", "list", count=None, index=3, set={"Name": 17})
        case _:
            faults.arm("odd_value", "list", count=None, ids=[campaign], field="name", value=17)


def struck(scene: Scene, fate: str) -> None:
    """Let its fate befall an account."""
    faults = scene.simulator.faults
    match fate:
        case "throttled":
            faults.arm("status", status=429, count=None, headers={"Retry-After": "30"})
        case "garbled":
            faults.arm("html", count=None)
        case "bad row":
            bad_row(scene)
        case _:
            return


def moved(first: Place, account: str, base_url: str) -> Place:
    """The whole configuration with one account somewhere else."""
    others = [
        replace(one, base_url=base_url) if one.account == account else one for one in first.beside
    ]
    mine = base_url if first.account == account else first.base_url
    return replace(first, base_url=mine, beside=others)


async def told(place: Place, *arguments: str) -> tuple[int, Any]:
    """Exit code and JSON of one command."""
    place.write()
    code, said = await syncd(place, "--format", "json", *arguments)
    document = said.partition("\n--- stderr")[0]
    return code, json.loads(document)


STATES = {
    "down": {"failing"},
    "throttled": {"waiting", "partial"},
    "garbled": {"failing"},
    "bad row": {"partial"},
    "well": {"ok"},
}


WAITS = {"down": "account_failing", "throttled": "limit", "garbled": "account_failing"}
"""What an update waits for, by the fate of its account."""


@dataclass(frozen=True, kw_only=True)
class Troubled:
    """Five accounts after their fates have befallen them, with what was queued at each."""

    scenes: Five
    fates: dict[str, str]
    updates: dict[str, int]
    place: Place

    def of(self, fate: str) -> Scene:
        return next(self.scenes[one] for one, found in self.fates.items() if found == fate)

    async def assert_each_has_its_own(self) -> None:
        """Cause and remedy stand beside each account that is in trouble; an update went out where
        it could, and says elsewhere what it waits for."""
        for provider, scene in self.scenes.items():
            fate, health = self.fates[provider], await scene.books.health()
            assert health["state"] in STATES[fate], (fate, health)
            assert bool(health["cause"] and health["remedy"]) == (fate != "well"), (fate, health)
            row = await scene.books.update(self.updates[provider])
            is_out = fate not in WAITS
            assert row["state"] == ("applied" if is_out else "queued"), (fate, row)
            assert is_out or row["waiting_for"]["code"] == WAITS[fate], row
            assert is_there(scene, row) == is_out
            assert await scene.violations() == []

    async def assert_one_is_well(self) -> None:
        """What was edited and what was queued is where it belongs."""
        scene = self.of("well")
        (run,) = (await scene.books.runs("pull"))[-1:]
        assert (run["outcome"], run["counts"]["changed"]) == ("ok", 1)
        await assert_mirror_is_true(scene)


async def troubled(scenes: Five, turn: int) -> Troubled:
    """Each account has another fate in each of five turns."""
    fates = {one: FATES[(place + turn) % 5] for place, one in enumerate(PROVIDERS)}
    updates = {one: await worked_at(scene) for one, scene in scenes.items()}
    for provider, scene in scenes.items():
        struck(scene, fates[provider])
    first = scenes[PROVIDERS[0]].place
    (down,) = [scenes[one] for one, fate in fates.items() if fate == "down"]
    path = down.simulator.service.describe()["base_path"]
    place = moved(first, down.place.account, f"http://127.0.0.1:{free_port()}{path}")
    return Troubled(scenes=scenes, fates=fates, updates=updates, place=place)


TURNS = [0, 3, *(pytest.param(turn, marks=pytest.mark.soak) for turn in (1, 2, 4))]
"""Two of them give each provider two fates, and the command below has another one."""


@pytest.mark.parametrize("turn", TURNS)
async def test_four_accounts_in_trouble_leave_the_fifth_alone(
    tmp_path: Path, database_url: str, at_once: None, turn: int
) -> None:
    async with five(tmp_path, database_url) as scenes:
        all_of_them = await troubled(scenes, turn)
        request = SyncRequest(started_by="test")
        database = scenes[PROVIDERS[0]].database
        reports = await sync(all_of_them.place.load(), database, request, lambda _: None)
        assert [report.error for report in reports] == [None] * 5
        await all_of_them.assert_each_has_its_own()
        await all_of_them.assert_one_is_well()


async def test_the_command_ends_with_1_and_status_tells_each_cause_and_remedy(
    tmp_path: Path, database_url: str, at_once: None
) -> None:
    async with five(tmp_path, database_url) as scenes:
        all_of_them = await troubled(scenes, 1)
        code, said = await told(all_of_them.place, "sync")
        assert code == 1, said
        await all_of_them.assert_each_has_its_own()
        _, status = await told(all_of_them.place, "status")
        _, words = await syncd(all_of_them.place, "status")
        for fate in FATES:
            scene = all_of_them.of(fate)
            account, health = scene.place.account, await scene.books.health()
            (shown,) = [one for one in status["accounts"] if one["account"] == account]
            assert (shown["cause"], shown["remedy"]) == (health["cause"], health["remedy"])
            mine = [one for one in status["needs"] if one["account"] == account]
            if fate in {"well", "throttled"}:  # which ends by itself
                assert mine == []
                continue
            assert any(health["cause"] in one["text"] and one["command"] for one in mine), mine
            assert " ".join(health["cause"].split()[:4]) in words
        await all_of_them.assert_one_is_well()


async def test_a_bad_row_and_a_rejected_item_are_3_and_nothing_at_all_is_0(
    tmp_path: Path, database_url: str, at_once: None
) -> None:
    async with five(tmp_path, database_url) as scenes:
        first = scenes[PROVIDERS[0]].place
        struck(scenes["pai"], "bad row")
        pick = scenes["criteo"].picks["uncapped"]
        (update,) = await scenes["criteo"].books.enqueue_picks([pick])
        code, said = await told(first, "sync")
        assert code == 3, said
        assert await scenes["criteo"].books.states([update]) == ["rejected"]
        (run,) = (await scenes["pai"].books.runs("pull"))[-1:]
        assert (run["outcome"], run["counts"]["bad"], run["counts"]["missing"]) == ("partial", 1, 0)
        scenes["pai"].simulator.faults.clear()
        code, said = await told(first, "sync")
        assert code == 0, said
        for scene in scenes.values():
            assert (await scene.books.health())["state"] == "ok"
            assert await scene.differences() == []
            assert await scene.violations() == []
