"""Twenty random worlds: whatever people do at the provider, the mirror shows it after one pull,
with history that adds up, and a pull of an unchanged world writes nothing."""

from random import Random
from typing import Any

import pytest

from syncd.simulator import Settings
from tests.e2e.conftest import Stage
from tests.e2e.scene import Row, Scene
from tests.e2e.worlds import Scope, Truth, changes, folded, people_edit, without_nulls

SIZES = (0, 1, 2, 9, 10, 11, 33, 64, 120, 400)
SPELLINGS = ("number", "string", "mixed")


async def opened(stage: Stage, seed: int) -> tuple[Scene, Scope]:
    """The world of a seed; every other account names advertisers, and not always all of them."""
    random = Random(seed)
    settings = Settings(
        seed=seed,
        campaigns=SIZES[seed % len(SIZES)],
        advertisers=random.randint(1, 8),
        advertiser_id_as=SPELLINGS[seed % 3],
        rate=None,
    )
    scope: tuple[str, ...] = ()
    if seed % 2:
        known = ["12345", *(str(20_000 + 37 * place) for place in range(1, settings.advertisers))]
        scope = tuple(random.sample(known, random.randint(1, len(known))))
    return await stage(settings, scope=scope), Scope(advertisers=scope)


async def pulled(scene: Scene) -> Row:
    """The counts of a clean pull."""
    report = await scene.pull()
    assert report.error is None
    assert report.pulled is not None
    assert (report.pulled.outcome, report.pulled.error) == ("ok", None)
    (row,) = await scene.books.view("runs", "id = $1", report.pulled.run_id)
    assert row["counts"] == dict(report.pulled.counts)
    assert row["outcome"] == "ok"
    return row


def expected(known: Truth, after: Truth) -> dict[str, int]:
    """The counts of a pull, by the truth: `known` is the last that was seen of every campaign."""
    changed = {one for one, *_ in changes(known, after)}
    new = after.keys() - known.keys()
    # Nothing has only moved: what changes beside the values is spend, and no read shows it.
    counts = {"seen": len(after), "new": len(new), "changed": len(changed), "moved": 0}
    counts |= {"unchanged": len(after) - len(new) - len(changed), "skipped": 0, "bad": 0}
    return counts | {"missing": len(known.keys() - after.keys()), "duplicates": 0}


async def history(scene: Scene, run: int) -> list[tuple[str, str, str, str]]:
    """The field changes of one run; all of them came from the provider's side."""
    rows = await scene.books.view("field_history", "run_id = $1", run)
    assert {row["origin"] for row in rows} <= {"provider"}
    return sorted((row["external_id"], row["path"], row["old"], row["new"]) for row in rows)


async def assert_history_adds_up(scene: Scene) -> None:
    """First versions and field changes give the mirror, and so does the last version."""
    versions: dict[str, list[Row]] = {}
    for row in await scene.books.view("campaign_history", "true ORDER BY external_id, version"):
        versions.setdefault(row["external_id"], []).append(row)
    moves: dict[str, list[Row]] = {}
    for row in await scene.books.view("field_history", "true ORDER BY id"):
        moves.setdefault(row["external_id"], []).append(row)
    mirror = await scene.books.campaigns()
    assert versions.keys() == mirror.keys()
    for one, row in mirror.items():
        values = folded(versions[one][0]["values"], moves.get(one, []))
        # What a row leaves out is null there, whether it ever had a value or not.
        assert without_nulls(values) == without_nulls(row["values"])
        assert versions[one][-1]["values"] == row["values"]
        spans = [(version["valid_from"], version["valid_to"]) for version in versions[one]]
        assert [until for _, until in spans] == [*(since for since, _ in spans[1:]), None]


@pytest.mark.parametrize("seed", range(20))
async def test_a_pull_makes_the_mirror_the_truth_and_a_second_one_writes_nothing(
    stage: Stage, seed: int
) -> None:
    scene, scope = await opened(stage, seed)
    random = Random(seed)
    known: dict[str, Any] = {}
    for _ in range(3):
        after = scope.of(scene.simulator)
        run = await pulled(scene)
        assert await scene.differences() == []
        assert run["counts"] == expected(known, after)
        assert await history(scene, run["id"]) == changes(known, after)
        known |= after
        rows = await written(scene)
        counts = (await pulled(scene))["counts"]
        assert counts["unchanged"] == counts["seen"]
        assert await written(scene) == rows, "nothing has changed, and something was written"
        people_edit(scene.simulator, random)
    await assert_history_adds_up(scene)


async def written(scene: Scene) -> list[tuple[Any, ...]]:
    """Which transaction wrote each row about campaigns: what is not written keeps its own."""
    tables = ("campaigns", "campaign_versions", "field_changes")
    rows = [
        await scene.books.connection.fetch(f"SELECT xmin, ctid FROM syncd.{table} ORDER BY ctid")
        for table in tables
    ]
    return [tuple(row) for found in rows for row in found]
