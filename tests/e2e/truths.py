"""What must hold at the end of every end-to-end test, whatever happened before."""

from typing import Any

from tests.arrivals import same
from tests.e2e.scene import Row, Scene
from tests.e2e.spelling import spelt_arrival

FINAL = frozenset({"applied", "rejected", "superseded", "cancelled", "expired"})


def is_there(scene: Scene, row: Row) -> bool:
    """Whether the provider has all that an update asked for."""
    if row["patch"] == {"deleted": "true"}:
        return row["external_id"] not in scene.simulator.world.ids()
    values = scene.truth()[row["external_id"]]["values"]
    return all(same(path, values.get(path), wanted) for path, wanted in row["patch"].items())


async def assert_mirror_is_true(scene: Scene) -> None:
    """A complete pull makes the mirror the truth."""
    report = await scene.pull()
    assert report.pulled is not None
    assert report.pulled.error is None, report.pulled
    differences = await scene.differences()
    assert differences == [], differences


async def assert_nothing_is_left(scene: Scene) -> None:
    """Another round writes nothing: no call, no history, no update moved."""
    before = await written(scene)
    for _ in range(2):
        report = await scene.sync()
        assert report.error is None
        assert report.waiting_unknown == 0
    after = await written(scene)
    for was, now in zip(before, after, strict=True):
        assert was == now, (was, now)


async def written(scene: Scene) -> tuple[Any, ...]:
    """All that a round without anything to do leaves as it is."""
    return (
        len(scene.writes()),
        await scene.books.view("field_history", "true ORDER BY id"),
        await scene.books.view("campaign_history", "true ORDER BY account, external_id, version"),
        await scene.books.view("updates", "true ORDER BY id"),
    )


async def assert_nothing_else_was_changed(scene: Scene) -> None:
    """No call took anything away or set anything that no update of the campaign had asked for."""
    asked: dict[str, set[str]] = {}
    where = "account = $1 AND external_id IS NOT NULL"
    for row in await scene.books.view("updates", where, scene.place.account):
        asked.setdefault(row["external_id"], set()).update(row["patch"])
    for arrival in map(spelt_arrival, scene.simulator.journal.since(0)):
        for item in arrival["items"]:
            if item["kind"] != "update" or not item["truth"].startswith("applied"):
                continue
            new = item["new"]
            moved = {
                path for path, old in item["old"].items() if not same(path, old, new.get(path, old))
            }
            assert moved <= asked[item["id"]], (item, asked[item["id"]])


async def assert_all_is_kept(scene: Scene, settle: float = 0) -> None:
    """No promise was broken, the mirror is the truth, and nothing is left to do."""
    violations = await scene.violations(settle=settle)
    assert violations == [], violations
    await assert_nothing_else_was_changed(scene)
    await assert_mirror_is_true(scene)
    await assert_nothing_is_left(scene)
