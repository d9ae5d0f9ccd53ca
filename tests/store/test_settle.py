"""Settling a call: the result of every item, late and repeated words, and what a read confirms
of it afterwards."""

from __future__ import annotations

import datetime as dt

import pytest

from syncd.model.path import Field, Kind
from syncd.model.run import RunKind
from syncd.model.update import Outcome, State, Verdict
from tests.store.parts import SETTLE, Parts, campaign, settlement

APPLIED = Verdict(outcome=Outcome.APPLIED)
REJECTED = Verdict(outcome=Outcome.REJECTED, code="bad", message="no", trace_id="t1")
UNKNOWN = Verdict(outcome=Outcome.UNKNOWN, code="no-answer", message="cut")
NOT_JUDGED = Verdict(outcome=Outcome.NOT_JUDGED, code="throttled", message="later")
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
async def parts(parts: Parts) -> Parts:
    """The account after its first complete pull of six campaigns."""
    await parts.pull([campaign(one) for one in "abcdef"])
    return parts


async def now(parts: Parts) -> dt.datetime:
    moment: dt.datetime = await parts.sql.fetchval("SELECT syncd.now()")
    return moment


async def test_every_item_of_a_call_gets_its_own_result(parts: Parts) -> None:
    ids = [await parts.enqueue(one, "50") for one in "abcd"]
    batch = await parts.intend()
    reached = await parts.settle(batch, APPLIED, REJECTED, UNKNOWN, NOT_JUDGED)
    states = [State.APPLIED, State.REJECTED, State.UNKNOWN, State.QUEUED]
    assert reached == dict(zip(ids, states, strict=True))
    rows = [await parts.update(one) for one in ids]
    assert [row["state"] for row in rows] == [state.value for state in states]
    assert [row["settled_at"] is not None for row in rows] == [True, True, False, False]
    assert (rows[1]["reason_code"], rows[1]["reason"]) == ("bad", "no")
    waits = rows[2]["read_after"] - await now(parts)
    assert SETTLE - MINUTE < waits <= SETTLE
    attempts = await parts.sql.fetch(
        "SELECT outcome, code, trace_id FROM syncd.attempts ORDER BY update_id"
    )
    assert [tuple(one) for one in attempts] == [
        ("applied", None, None),
        ("rejected", "bad", "t1"),
        ("unknown", "no-answer", None),
        ("not_judged", "throttled", None),
    ]


@pytest.mark.parametrize("verdict", [APPLIED, REJECTED, UNKNOWN, NOT_JUDGED])
async def test_settling_twice_is_settling_once(parts: Parts, verdict: Verdict) -> None:
    update_id = await parts.enqueue("a", "50")
    batch = await parts.intend()
    assert len(await parts.settle(batch, verdict)) == 1
    before = await parts.update(update_id)
    call = await parts.row("syncd.batches", batch.id)
    assert await parts.settle(batch, verdict) == {}
    assert await parts.update(update_id) == before
    assert await parts.row("syncd.batches", batch.id) == call


async def test_a_late_answer_changes_nothing_that_was_decided_since(parts: Parts) -> None:
    """The owner was gone, the next one adopted its attempt and found out; then the old answer."""
    update_id = await parts.enqueue("a", "50")
    batch = await parts.intend()
    await parts.unknowns.adopt()
    assert await parts.settle(batch, APPLIED) == {}
    assert (await parts.update(update_id))["state"] == "unknown"


async def test_an_answer_to_an_older_batch_does_not_touch_a_newer_one(parts: Parts) -> None:
    update_id = await parts.enqueue("a", "50")
    first = await parts.intend()
    await parts.settle(first, NOT_JUDGED)
    second = await parts.intend()
    assert await parts.outbox.settle(first, settlement(first, REJECTED)) == {}
    update = await parts.update(update_id)
    assert (update["state"], update["batch_id"]) == ("sending", second.id)


async def test_only_queued_updates_are_decided_without_a_call(parts: Parts) -> None:
    set_already = await parts.enqueue("a", "100")
    held = await parts.enqueue("b", "1", expect={"budget.daily": "9"})
    gone = await parts.enqueue("c", "100")
    plan = await parts.plan()
    await parts.accounts.cancel(gone, "ann")
    assert await parts.outbox.decide(plan.updates) == {set_already, held}
    rows = [await parts.update(one) for one in (set_already, held, gone)]
    assert [(row["state"], row["reason_code"], row["confirmation"]) for row in rows] == [
        ("applied", "already_set", "confirmed"),
        ("held", "conflict", "none"),
        ("cancelled", "cancelled", "none"),
    ]
    assert rows[0]["results"]["budget.daily"]["outcome"] == "applied"
    assert await parts.outbox.decide([]) == set()
    assert await parts.outbox.decide(plan.updates) == set()


async def read(parts: Parts, daily: str) -> None:
    """A read by id of campaign "a"."""
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    await parts.mirror.absorb(run_id, [campaign("a", daily)], await parts.mirror.mark())


async def confirmation(parts: Parts, update_id: int) -> str:
    return str((await parts.update(update_id))["confirmation"])


async def test_another_value_is_different_only_after_the_settle_time(parts: Parts) -> None:
    update_id = await parts.apply("a", "50")
    await read(parts, "100")
    assert await confirmation(parts, update_id) == "none"
    await parts.move_clock(SETTLE)
    await read(parts, "100")
    assert await confirmation(parts, update_id) == "different"
    await read(parts, "50")
    assert await confirmation(parts, update_id) == "confirmed"
    await read(parts, "70")
    assert await confirmation(parts, update_id) == "confirmed"


async def test_a_read_that_leaves_out_what_was_to_be_null_does_not_show_it(parts: Parts) -> None:
    path = "native.goal"
    goal = Field(path=path, kind=Kind.TEXT, changeable=True, nullable=True, call="PATCH")
    await parts.accounts.declare("criteo", "documented", [goal])
    update_id = await parts.enqueue("a", patch={path: None})
    await parts.settle(await parts.intend(), APPLIED)
    await parts.move_clock(SETTLE)
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    for native, shown in (({}, "none"), ({"goal": None}, "confirmed")):
        seen = campaign("a", native=native)
        await parts.mirror.absorb(run_id, [seen], await parts.mirror.mark())
        assert await confirmation(parts, update_id) == shown


async def test_a_value_accepted_for_later_stays_pending_until_it_shows(parts: Parts) -> None:
    update_id = await parts.enqueue("a", "50")
    await parts.settle(await parts.intend(), Verdict(outcome=Outcome.APPLIED, is_pending=True))
    await parts.move_clock(SETTLE * 100)
    await read(parts, "100")
    assert await confirmation(parts, update_id) == "pending"
    await read(parts, "50")
    assert await confirmation(parts, update_id) == "confirmed"


async def test_a_later_write_of_the_same_path_decides_for_itself(parts: Parts) -> None:
    first = await parts.apply("a", "50")
    second = await parts.apply("a", "60")
    await parts.move_clock(SETTLE)
    await read(parts, "60")
    assert [await confirmation(parts, one) for one in (first, second)] == ["none", "confirmed"]


async def test_a_later_write_that_was_refused_decides_nothing(parts: Parts) -> None:
    first = await parts.apply("a", "50")
    await parts.enqueue("a", "60", expect={"budget.daily": "100"})
    await parts.settle(await parts.intend(["a"]), REJECTED)
    await read(parts, "50")
    assert await confirmation(parts, first) == "confirmed"


async def test_a_read_that_left_before_the_write_says_nothing_about_it(parts: Parts) -> None:
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    marker = await parts.mirror.mark()
    update_id = await parts.apply("a", "50")
    await parts.move_clock(SETTLE)
    await parts.mirror.absorb(run_id, [campaign("a", "50")], marker)
    assert await confirmation(parts, update_id) == "none"


async def test_a_read_that_left_before_the_write_does_not_confirm_the_value_of_before(
    parts: Parts,
) -> None:
    """A value is on its way, the old one is asked for again, and a read from before shows it."""
    await parts.enqueue("a", "70")
    later = Verdict(outcome=Outcome.APPLIED, is_pending=True)
    await parts.settle(await parts.intend(), later)
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    marker = await parts.mirror.mark()
    back = await parts.apply("a", "100")
    await parts.mirror.absorb(run_id, [campaign("a", "100")], marker)
    assert await confirmation(parts, back) == "none"
    await read(parts, "100")
    assert await confirmation(parts, back) == "confirmed"
