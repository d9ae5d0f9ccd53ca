"""Calls that are refused as a whole: nothing was judged, so no update is charged; what may go again
goes again, after the wait that the provider asks for."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from syncd.simulator import Settings
from tests.e2e.conftest import Stage
from tests.e2e.scene import Scene
from tests.waiting import PATIENCE


async def assert_promises_kept(scene: Scene) -> None:
    assert await scene.violations() == []


def statuses(scene: Scene) -> list[int | None]:
    return [one.status for one in scene.simulator.journal.of("update")]


async def opened(stage: Stage, settings: Settings | None = None, **where: Any) -> Scene:
    """A scene that was pulled once."""
    scene = await stage(settings, **where)
    await scene.pull()
    return scene


async def test_a_token_that_expires_on_the_way_costs_one_more_call(scene: Scene) -> None:
    ids = await scene.books.enqueue_picks(scene.ordinary(3))
    tokens = len(scene.simulator.journal.of("token"))
    held = scene.simulator.faults.arm("hold", "update", when="before")
    work = asyncio.create_task(scene.push())
    async with asyncio.timeout(PATIENCE):
        await held.wait_fired()
    scene.simulator.service.expire_tokens()
    held.release()
    await work
    assert statuses(scene) == [401, 200]
    assert set(await scene.books.states(ids)) == {"applied"}
    attempts = await scene.books.attempts(ids[0])
    assert [(one["http_status"], one["outcome"]) for one in attempts] == [
        (401, "not_judged"),
        (200, "applied"),
    ]
    assert len(scene.simulator.journal.of("token")) == tokens + 2
    await assert_promises_kept(scene)


async def test_credentials_that_writes_refuse_end_the_pass_and_charge_no_update(
    scene: Scene,
) -> None:
    ids = await scene.books.enqueue_picks(scene.ordinary(3))
    scene.simulator.faults.arm("status", "update", when="before", status=401, count=None)
    report = await scene.push()
    assert report.pushed is not None
    assert report.pushed.outcome == "failed"
    assert 2 <= len(statuses(scene)) <= 3
    assert set(await scene.books.states(ids)) == {"queued"}
    (health,) = await scene.books.view("account_health")
    assert health["state"] == "blocked"
    scene.simulator.faults.clear()
    await scene.push()
    assert set(await scene.books.states(ids)) == {"applied"}
    await assert_promises_kept(scene)


async def test_a_forbidden_call_ends_the_pass_with_its_remedy(scene: Scene) -> None:
    ids = await scene.books.enqueue_picks(scene.ordinary(3))
    scene.simulator.faults.arm("status", "update", when="before", status=403)
    report = await scene.push()
    assert report.pushed is not None
    assert report.pushed.error is not None
    assert report.pushed.error.remedy
    assert statuses(scene) == [403]
    assert set(await scene.books.states(ids)) == {"queued"}
    await scene.push()
    assert set(await scene.books.states(ids)) == {"applied"}
    await assert_promises_kept(scene)


def throttle(scene: Scene, operation: str, seconds: int = 2) -> int:
    """429 until a full second that is at most so far ahead, less than one sooner; returns it as
    time since the epoch."""
    reset = int(time.time()) + seconds
    headers = {"limit": 250, "remaining": 0, "reset": reset}
    scene.simulator.faults.arm("throttle", operation, when="before", **headers)
    return reset


def arrivals_between(scene: Scene, seq: int, reset: int) -> list[str]:
    """What arrived after that arrival and before that time."""
    later = scene.simulator.journal.arrivals[seq:]
    return [one.operation for one in later if one.wall_ns < reset * 1_000_000_000]


@pytest.mark.parametrize("operation", ["update", "search"])
async def test_nothing_arrives_between_a_429_and_its_reset(scene: Scene, operation: str) -> None:
    ids = await scene.books.enqueue_picks(scene.ordinary(3))
    reset = throttle(scene, operation)
    await scene.push()
    (refused,) = (one for one in scene.simulator.journal.arrivals if one.status == 429)
    assert refused.operation == operation
    assert arrivals_between(scene, refused.seq, reset) == []
    assert set(await scene.books.states(ids)) == {"applied"}
    outcomes = [one["outcome"] for one in await scene.books.attempts(ids[0])]
    assert outcomes == (["not_judged", "applied"] if operation == "update" else ["applied"])
    await assert_promises_kept(scene)


async def test_a_freeze_outlives_the_pass_that_was_told_of_it(stage: Stage) -> None:
    impatient = await opened(stage, service={"patience": "0s"})
    ids = await impatient.books.enqueue_picks(impatient.ordinary(2))
    reset = throttle(impatient, "update", 60)
    report = await impatient.push()
    assert report.pushed is not None
    assert report.pushed.outcome == "partial"
    (refused,) = (one for one in impatient.simulator.journal.arrivals if one.status == 429)
    (row, _) = [await impatient.books.update(one) for one in ids]
    assert (row["state"], row["waiting_for"]["code"]) == ("queued", "limit")
    report = await impatient.push()
    assert report.pushed is not None
    assert report.pushed.outcome == "partial"
    assert len(impatient.simulator.journal.arrivals) == refused.seq
    patient = impatient.config.model_copy(
        update={"service": impatient.config.service.model_copy(update={"patience": _MINUTE})}
    )
    await impatient.books.later("59 s")
    await impatient.sync(config=patient, pull=False)
    assert arrivals_between(impatient, refused.seq, reset - 59) == []
    assert set(await impatient.books.states(ids)) == {"applied"}
    await assert_promises_kept(impatient)


_MINUTE = timedelta(minutes=1)


async def test_a_call_that_is_too_large_is_halved_until_it_fits(stage: Stage) -> None:
    settings = Settings(campaigns=60, advertisers=2, rate=None, entry_cap=2)
    scene = await opened(stage, settings)
    picks = [*scene.ordinary(7), scene.picks["uncapped"]]
    ids = await scene.books.enqueue_picks(picks)
    await scene.push()
    assert await scene.books.states(ids) == ["applied"] * 7 + ["rejected"]
    assert sorted(statuses(scene), key=str) == [200] * 4 + [413] * 3
    await assert_promises_kept(scene)


async def test_one_item_that_is_too_large_alone_is_refused_with_the_reason(stage: Stage) -> None:
    settings = Settings(campaigns=60, advertisers=2, rate=None, entry_cap=0)
    scene = await opened(stage, settings)
    ids = await scene.books.enqueue_picks(scene.ordinary(2))
    await scene.push()
    assert await scene.books.states(ids) == ["rejected"] * 2
    assert statuses(scene) == [413] * 3
    assert "At most 0 entries" in (await scene.books.update(ids[0]))["reason"]
    await assert_promises_kept(scene)


@pytest.mark.parametrize("status", [400, 422])
async def test_one_item_that_spoils_the_call_is_found_and_the_others_are_applied(
    scene: Scene, status: int
) -> None:
    picks = scene.ordinary(6)
    ids = await scene.books.enqueue_picks(picks)
    # Refused whole: all six, the half with the culprit, and so on down to the culprit alone.
    scene.simulator.faults.arm("status", "update", when="before", status=status, count=3)
    await scene.push()
    states = await scene.books.states(ids)
    assert (states.count("applied"), states.count("rejected")) == (5, 1)
    assert len(statuses(scene)) <= 2 * 3 + 2
    await assert_promises_kept(scene)


@pytest.mark.parametrize("status", [404, 405, 410, 415])
async def test_an_address_that_takes_no_writes_ends_the_pass_after_one_call(
    scene: Scene, status: int
) -> None:
    ids = await scene.books.enqueue_picks(scene.ordinary(3))
    scene.simulator.faults.arm("status", "update", when="before", status=status)
    report = await scene.push()
    assert report.pushed is not None
    assert report.pushed.outcome == "failed"
    assert statuses(scene) == [status]
    assert set(await scene.books.states(ids)) == {"queued"}
    await scene.push()
    assert set(await scene.books.states(ids)) == {"applied"}
    await assert_promises_kept(scene)


async def test_a_provider_that_cannot_be_reached_leaves_the_queue_as_it_is(scene: Scene) -> None:
    ids = await scene.books.enqueue_picks(scene.ordinary(2))
    (account,) = scene.config.accounts
    nowhere = account.model_copy(update={"base_url": "http://127.0.0.1:1"})
    config = scene.config.model_copy(update={"accounts": (nowhere,)})
    report = await scene.sync(config=config, pull=False)
    assert report.pushed is not None
    assert report.pushed.outcome == "failed"
    assert set(await scene.books.states(ids)) == {"queued"}
    assert await scene.books.attempts(ids[0]) == []
    await scene.push()
    assert set(await scene.books.states(ids)) == {"applied"}
