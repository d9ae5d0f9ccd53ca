"""Calls without a clear answer: the update is unknown, nothing is sent again before a read that
began after the settle time, and then its result is the truth."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from syncd.simulator.faults import Fault
from tests.e2e.aged import AGES
from tests.e2e.conftest import Stage
from tests.e2e.scene import SETTLE, Scene
from tests.waiting import let_pass

BAD_WORDS = ("omit", "both", "no_instance", "bad_index")
TOO_LONG = 21.0
"""A second more than a call has."""


@pytest.fixture
async def scene(stage: Stage) -> Scene:
    """As everywhere, with a settle time that passes only where a test says so."""
    return await pulled(await stage(tables={"push": {"settle": "120s"}}))


@pytest.fixture
async def hasty(stage: Stage) -> Scene:
    """With a settle time that is waited for."""
    return await pulled(await stage())


async def pulled(scene: Scene) -> Scene:
    report = await scene.pull()
    assert report.error is None
    return scene


async def settled(scene: Scene, ids: list[int], picks: list[dict[str, Any]]) -> list[str]:
    """Let the settle time pass and every update reach its end; returns how each got there.

    Whatever happened before, the provider has the value once, and no promise is broken.
    """
    await scene.books.later(AGES)
    report = await scene.push()
    assert report.error is None
    assert report.waiting_unknown == 0
    assert set(await scene.books.states(ids)) == {"applied"}
    for pick in picks:
        assert Decimal(scene.budget(pick["id"], pick["path"])) == Decimal(pick["amount"])
    assert await scene.violations(settle=0) == []
    await scene.pull()
    assert await scene.differences() == []
    rows = [await scene.books.update(one) for one in ids]
    assert {row["confirmation"] for row in rows} == {"confirmed"}
    return ["read back" if row["reason_code"] == "read_back" else "sent" for row in rows]


async def pushed(scene: Scene, ids: list[int]) -> list[str]:
    """States after one push that does not wait."""
    await scene.push()
    for one in ids:
        row = await scene.books.update(one)
        if row["state"] == "unknown":
            assert row["waiting_for"]["code"] == "settle_time"
            assert (await scene.books.attempts(one))[-1]["outcome"] == "unknown"
    return await scene.books.states(ids)


async def given_up(scene: Scene, held: Fault, ids: list[int]) -> list[str]:
    """States after a push whose call is still held when its time is up."""
    pushing = asyncio.create_task(pushed(scene, ids))
    await held.wait_fired()
    let_pass(TOO_LONG)
    return await pushing


def arm(scene: Scene, kind: str, **options: Any) -> Fault:
    return scene.simulator.faults.arm(kind, "update", **options)


@pytest.mark.parametrize("is_applied", [True, False])
@pytest.mark.parametrize("kind", BAD_WORDS)
async def test_an_item_without_a_clear_word_is_unknown_and_the_others_have_their_results(
    scene: Scene, kind: str, *, is_applied: bool
) -> None:
    picks = scene.ordinary(4)
    ids = await scene.books.enqueue_picks(picks)
    arm(scene, kind, indexes=[1, 3], apply=is_applied)
    assert await pushed(scene, ids) == ["applied", "unknown", "applied", "unknown"]
    how = "read back" if is_applied else "sent"
    assert await settled(scene, ids, picks) == ["sent", how, "sent", how]
    repeated = [] if is_applied else [[picks[1]["id"], picks[3]["id"]]]
    assert scene.sent()[1:] == repeated


@pytest.mark.parametrize(
    ("kind", "when", "options"),
    [
        ("reset", "head", {}),
        ("reset", "before", {}),
        ("reset", "after", {}),
        ("status", "before", {"status": 500}),
        ("status", "after", {"status": 500}),
        ("status", "after", {"status": 503, "headers": {"Retry-After": "1"}}),
        ("status", "before", {"status": 504, "body": "<html>upstream timed out</html>"}),
        ("status", "after", {"status": 200, "body": {"errors": []}}),
        ("status", "after", {"status": 204}),
        ("html", "before", {}),
        ("html", "after", {}),
        ("empty", "after", {}),
        ("malformed", "after", {}),
        ("duplicate_keys", "after", {}),
        ("truncate", "before", {}),
        ("truncate", "after", {}),
    ],
)
async def test_a_call_without_a_readable_answer_is_unknown_until_a_read(
    scene: Scene, kind: str, when: str, options: dict[str, Any]
) -> None:
    picks = scene.ordinary(3)
    ids = await scene.books.enqueue_picks(picks)
    arm(scene, kind, when=when, **options)
    assert await pushed(scene, ids) == ["unknown"] * 3
    assert await settled(scene, ids, picks) == ["read back" if when == "after" else "sent"] * 3
    assert len(scene.sent()) == (1 if when == "after" else 2)


async def test_a_bomb_in_an_answer_is_cut_off_and_the_call_is_unknown(scene: Scene) -> None:
    picks = scene.ordinary(2)
    ids = await scene.books.enqueue_picks(picks)
    arm(scene, "gzip_bomb", when="after", megabytes=64)
    assert await pushed(scene, ids) == ["unknown"] * 2
    assert await settled(scene, ids, picks) == ["read back"] * 2


async def test_a_failure_after_half_was_applied_ends_in_each_updates_own_truth(
    scene: Scene,
) -> None:
    picks = scene.ordinary(6)
    ids = await scene.books.enqueue_picks(picks)
    arm(scene, "half")
    assert await pushed(scene, ids) == ["unknown"] * 6
    assert await settled(scene, ids, picks) == ["read back"] * 3 + ["sent"] * 3
    assert scene.sent()[1:] == [[one["id"] for one in picks[3:]]]


async def test_an_answer_that_never_comes_is_given_up_after_the_request_timeout(
    scene: Scene,
) -> None:
    picks = scene.ordinary(2)
    ids = await scene.books.enqueue_picks(picks)
    held = arm(scene, "hold", when="after")
    assert await given_up(scene, held, ids) == ["unknown"] * 2
    assert await settled(scene, ids, picks) == ["read back"] * 2
    held.release()


async def test_a_call_that_takes_effect_late_within_the_settle_time_is_not_sent_twice(
    scene: Scene,
) -> None:
    picks = scene.ordinary(2)
    ids = await scene.books.enqueue_picks(picks)
    held = arm(scene, "hold", when="before")
    assert await given_up(scene, held, ids) == ["unknown"] * 2
    assert [scene.budget(one["id"], one["path"]) for one in picks] == [
        one["current"] for one in picks
    ]
    held.release()
    assert await settled(scene, ids, picks) == ["read back"] * 2
    assert len(scene.sent()) == 1


async def test_two_unanswered_calls_that_were_not_applied_leave_the_decision_to_a_person(
    hasty: Scene,
) -> None:
    scene = hasty
    ids = await scene.books.enqueue_picks(scene.ordinary(1))
    arm(scene, "reset", when="before", count=None)
    report = await scene.push(wait_unknown=True)
    assert report.recovered is not None
    # Both recoveries of the round are told.
    counts = {name: number for name, number in report.recovered.counts.items() if number}
    assert counts == {"found": 2, "queued": 1, "held": 1}
    row = await scene.books.update(ids[0])
    assert (row["state"], row["reason_code"]) == ("held", "attempts_spent")
    assert row["waiting_for"]["code"] == "decision"
    assert len(scene.sent()) == 2
    assert await scene.violations() == []


async def test_a_person_who_edits_while_the_outcome_is_unknown_gets_a_held_conflict(
    scene: Scene,
) -> None:
    (pick,) = scene.ordinary(1)
    ids = await scene.books.enqueue_picks([pick])
    arm(scene, "reset", when="before")
    assert await pushed(scene, ids) == ["unknown"]
    edit = {"id": pick["id"], "budget": {pick["path"].removeprefix("budget."): "4321"}}
    await admin(scene, "edit", edit)
    await scene.books.later(AGES)
    await scene.push()
    row = await scene.books.update(ids[0])
    assert (row["state"], row["reason_code"]) == ("held", "conflict")
    assert "4321" in row["reason"]
    assert await scene.violations(settle=0) == []


async def admin(scene: Scene, act: str, asked: dict[str, Any]) -> None:
    """What a person does at the provider, by the simulator's own door."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{scene.simulator.admin_url}/{act}", json=asked) as answer,
    ):
        assert answer.status == 200, await answer.text()


async def test_a_newer_update_waits_for_the_read_of_an_unknown_one(scene: Scene) -> None:
    (pick,) = scene.ordinary(1)
    (first,) = await scene.books.enqueue_picks([pick])
    arm(scene, "reset", when="after")
    assert await pushed(scene, [first]) == ["unknown"]
    wanted = Decimal(pick["amount"]) + 1
    second = await scene.books.enqueue(pick["id"], pick["path"], f"{wanted}")
    assert (await scene.books.update(second))["waiting_for"]["code"] == "unknown_first"
    await scene.push()
    assert len(scene.sent()) == 1
    await scene.books.later(AGES)
    await scene.push()
    await scene.push()
    assert await scene.books.states([first, second]) == ["applied", "applied"]
    assert Decimal(scene.budget(pick["id"], pick["path"])) == wanted
    assert await scene.violations(settle=0) == []


async def test_an_update_that_expires_while_it_is_unknown_and_was_not_applied_is_expired(
    scene: Scene,
) -> None:
    pick, other = scene.ordinary(2)
    (update,) = await scene.books.enqueue_picks([pick])
    due = await scene.books.connection.fetchval("SELECT syncd.now() + interval '1 minute'")
    late = await scene.books.enqueue(other["id"], other["path"], other["amount"], expires_at=due)
    arm(scene, "reset", when="before")
    assert await pushed(scene, [update, late]) == ["unknown"] * 2
    await scene.books.connection.execute("UPDATE syncd.clock SET shift = interval '1 hour'")
    await scene.push()
    assert await scene.books.states([update, late]) == ["applied", "expired"]
    assert [len(call) for call in scene.sent()] == [2, 1]


@asynccontextmanager
async def trap() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server of somebody else's: its address, and all that it was ever sent."""
    received: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(65_536))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", received


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_its_target_sees_nothing(
    scene: Scene, status: int
) -> None:
    picks = scene.ordinary(2)
    ids = await scene.books.enqueue_picks(picks)
    async with trap() as (address, received):
        arm(scene, "redirect", status=status, location=f"{address}/campaigns")
        assert await pushed(scene, ids) == ["unknown"] * 2
        assert await settled(scene, ids, picks) == ["sent"] * 2
        assert received == []


async def test_the_settle_time_is_kept_before_the_read_that_decides(hasty: Scene) -> None:
    scene = hasty
    ids = await scene.books.enqueue_picks(scene.ordinary(1))
    arm(scene, "reset", when="after")
    await scene.push()
    assert await scene.books.states(ids) == ["unknown"]
    (write,) = scene.simulator.journal.of("update")
    await scene.push(wait_unknown=True)
    reads = [one.arrived_ns for one in scene.simulator.journal.of("get") if one.seq > write.seq]
    assert write.gone_ns is not None
    assert reads[0] - write.gone_ns >= (SETTLE - 0.05) * 1_000_000_000
