"""A provider that speaks another dialect than the account is set to: reads go on, every push is
held with the line for the configuration, nothing is written, and what was held goes out by itself
once the two agree."""

from dataclasses import replace
from typing import Any

import pytest

from tests.e2e.conftest import Stage
from tests.e2e.endpoints import Stock, of
from tests.e2e.endpoints import queued as queued_at
from tests.e2e.place import simulated
from tests.e2e.scene import Scene
from tests.e2e.truths import assert_all_is_kept, assert_nothing_else_was_changed, is_there

OTHER = {"documented": "current", "current": "documented"}
SHOWING = ("criteo", "voipbin")
"""Providers whose campaigns bear marks of their dialect."""


def line(dialect: str) -> str:
    return f'dialect = "{dialect}"'


async def queued(scene: Scene) -> list[int]:
    """An update of each of two campaigns."""
    stock = Stock(scene=scene)
    ids = []
    for pick in (stock.pick(), stock.pick()):
        patch = {pick["path"]: pick.get("amount", pick.get("value"))}
        ids.append(await scene.books.queue(pick["id"], patch))
    return ids


async def assert_held(scene: Scene, ids: list[int], seen: str) -> None:
    """Nothing leaves, whatever is pushed, and everybody is told what to write where."""
    for _ in range(2):
        await scene.sync()
        for one in ids:
            row = await scene.books.update(one)
            assert (row["state"], row["reason_code"]) == ("held", "dialect_mismatch"), row
            assert line(seen) in row["reason"]
            assert row["waiting_for"]["code"] == "dialect"
            assert line(seen) in row["waiting_for"]["text"]
    assert scene.writes() == []
    health = await scene.books.health()
    assert health["state"] == "other dialect"
    assert seen in health["cause"]
    assert line(seen) in health["remedy"]


@pytest.mark.parametrize("written", OTHER)
@pytest.mark.parametrize("provider", SHOWING)
async def test_an_account_set_to_the_wrong_dialect_pushes_nothing_until_it_is_right(
    stage: Stage, provider: str, written: str
) -> None:
    spoken = OTHER[written]
    options = {"paths": "both", "amounts": "both"} if provider == "criteo" else {}
    wrong = await stage(simulated(provider, spoken, options=options), dialect=written)
    report = await wrong.pull()
    assert report.pulled is not None
    assert report.pulled.error is None, "both dialects are read"
    assert await wrong.differences() == []
    ids = await queued(wrong)
    await assert_held(wrong, ids, spoken)
    place = replace(wrong.place, dialect=spoken)
    right = replace(wrong, place=place, config=place.load())
    await right.sync()
    assert await right.books.states(ids) == ["applied"] * 2
    assert (await right.books.health())["state"] == "ok"
    assert len(right.writes()) == (1 if provider == "criteo" else 2)
    await assert_all_is_kept(right)


MANNERS: dict[str, dict[str, Any]] = {
    "documented": {"times": "documented", "unset": "sentinel", "customer_id": "hidden"},
    "current": {"times": "rfc3339", "unset": "null", "customer_id": "shown"},
}


async def test_a_provider_that_changes_its_dialect_between_pull_and_push_is_noticed(
    stage: Stage,
) -> None:
    scene = await stage(simulated("voipbin"))
    await scene.pull()
    ids = await queued(scene)
    scene.simulator.service.acts["manner"](MANNERS["current"])
    await scene.push()
    await assert_held(scene, ids, "current")
    scene.simulator.service.acts["manner"](MANNERS["documented"])
    await scene.sync()
    await scene.sync()
    assert await scene.books.states(ids) == ["applied"] * 2
    await assert_all_is_kept(scene)


async def test_a_server_of_the_other_dialect_that_cannot_be_read_is_not_written_to(
    stage: Stage,
) -> None:
    wrong = await stage(simulated("criteo", "current"), dialect="documented")
    report = await wrong.sync()
    assert report.pulled is not None
    assert report.pulled.error is not None
    health = await wrong.books.health()
    assert health["cause"]
    assert health["remedy"]
    assert wrong.writes() == []


@pytest.mark.soak
@pytest.mark.parametrize("written", OTHER)
@pytest.mark.parametrize("provider", ["epom", "icas"])
async def test_where_nothing_bears_a_mark_no_write_in_the_wrong_dialect_is_taken_for_applied(
    stage: Stage, provider: str, written: str
) -> None:
    scene = await stage(simulated(provider, OTHER[written]), dialect=written)
    await scene.pull()
    ids = await queued_at(scene, of(provider, written))
    ends = dict.fromkeys(ids, "queued")
    while {"queued", "unknown"} & set(ends.values()):
        await scene.sync()
        ends = dict(zip(ids, await scene.books.states(ids), strict=True))
        await scene.books.later("10 minutes")
    for one, endpoint in ids.items():
        row = await scene.books.update(one)
        is_alike = endpoint.operation != "POST pricing/batch"
        assert (ends[one], is_there(scene, row)) == (
            ("applied", True) if is_alike else ("held", False)
        ), endpoint
        if not is_alike:
            assert row["reason_code"] == "attempts_spent", "one call, and once more"
    await assert_nothing_else_was_changed(scene)
