"""A push in trouble: exceptions, cancellations, stops, pauses, reads that fail and a database that
goes away, none of which loses what became of an update."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from syncd.engine.push import push
from syncd.engine.recover import recover
from syncd.errors import BadAnswer, DatabaseUnavailable, LeaseLost, NoAnswer, Throttled
from syncd.model.call import CallResult, WriteCall
from syncd.model.listing import Reading
from syncd.model.run import RunOutcome
from syncd.model.update import Outcome, Verdict
from syncd.store.database import open_database
from syncd.store.leases import take_lease
from syncd.timing import boottime
from tests.engine.platform import Platform, answered, apply, bench
from tests.engine.test_push import ready
from tests.proxy import Proxy
from tests.store.parts import SETTLE, Parts, bound, campaign


@pytest.mark.parametrize("error", [NoAnswer("cut"), BadAnswer("not JSON"), RuntimeError("bug")])
async def test_an_exception_after_the_intent_leaves_the_outcome_unknown(
    parts: Parts, error: Exception
) -> None:
    async def answer(_platform: Platform, _call: WriteCall) -> CallResult:
        raise error

    one, ids = await ready(parts, 2, answer)
    if isinstance(error, RuntimeError):
        with pytest.raises(ExceptionGroup):
            await push(one.account)
    else:
        assert (await push(one.account)).counts["unknown"] == 2
    assert await one.states(ids) == ["unknown", "unknown"]
    assert len(one.platform.calls) == 1


@pytest.mark.parametrize("cancellations", [1, 2, 3])
async def test_a_cancelled_send_is_recorded_as_unknown(parts: Parts, cancellations: int) -> None:
    sent = asyncio.Event()

    async def answer(_platform: Platform, _call: WriteCall) -> CallResult:
        sent.set()
        await asyncio.Event().wait()
        raise AssertionError

    one, ids = await ready(parts, 2, answer)
    task = asyncio.create_task(push(one.account))
    await sent.wait()
    for _ in range(cancellations):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await one.states(ids) == ["unknown", "unknown"]


async def test_what_an_odd_reply_is_read_for_is_recorded_when_that_read_is_cancelled(
    parts: Parts,
) -> None:
    async def answer(platform: Platform, call: WriteCall) -> CallResult:
        platform.read = never  # type: ignore[method-assign]
        odd = Verdict(outcome=Outcome.REJECTED, code="not_taken", message="it shows 55")
        fine = Verdict(outcome=Outcome.APPLIED)
        return CallResult(verdicts={"c00": odd, "c01": fine}, status=200)

    async def never(ids: Sequence[str]) -> Reading:
        reading.set()
        await asyncio.Event().wait()
        raise AssertionError(ids)

    reading = asyncio.Event()
    one, ids = await ready(parts, 2, answer)
    task = asyncio.create_task(push(one.account))
    await reading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await one.states(ids) == ["unknown", "applied"]


async def test_a_call_for_which_the_lease_is_too_short_is_queued_again_unsent(parts: Parts) -> None:
    one, ids = await ready(parts, 2)
    parts.lease.deadline = boottime() + 19
    arrived: list[WriteCall] = []

    async def answer(_platform: Platform, call: WriteCall) -> CallResult:
        arrived.append(call)
        return answered(call, Verdict(outcome=Outcome.APPLIED))

    one.platform.script = answer
    report = await push(one.account)
    assert arrived == []
    assert report.outcome is RunOutcome.PARTIAL
    assert await one.states(ids) == ["queued", "queued"]
    outcomes = await parts.sql.fetch("SELECT outcome, code FROM syncd.attempts")
    assert [tuple(row) for row in outcomes] == [("not_judged", "deadline")] * 2


async def test_no_call_begins_once_the_process_was_asked_to_stop(parts: Parts) -> None:
    one, ids = await ready(parts, 4)
    one.platform.batch = 1

    async def before(_call: WriteCall) -> None:
        if len(one.platform.calls) == 1:
            one.stopping.set()

    one.platform.before = before
    one_at_a_time = replace(one.account, in_flight=1)
    report = await push(one_at_a_time)
    assert len(one.platform.calls) == 1
    assert await one.states(ids) == ["applied", "queued", "queued", "queued"]
    assert report.outcome is RunOutcome.PARTIAL


async def test_a_call_that_has_not_left_when_the_process_is_stopped_stays(parts: Parts) -> None:
    """Its intent is committed, and the way to the provider takes its time."""
    one, ids = await ready(parts, 2)

    async def between(_call: WriteCall) -> None:
        one.stopping.set()

    one.platform.between = between
    report = await push(one.account)
    assert one.platform.calls == []
    assert (report.outcome, report.error and report.error.message) == (
        RunOutcome.PARTIAL,
        "the process was asked to stop",
    )
    assert await one.states(ids) == ["queued", "queued"]
    outcomes = await parts.sql.fetch("SELECT outcome, code FROM syncd.attempts")
    assert [tuple(row) for row in outcomes] == [("not_judged", "stopped")] * 2


async def test_an_update_taken_back_in_the_last_moment_is_counted_as_cancelled(
    parts: Parts,
) -> None:
    one, ids = await ready(parts, 3)
    taken: list[int] = []

    async def before(_call: WriteCall) -> None:
        if not taken:
            taken.append(ids[1])
            await parts.accounts.cancel(ids[1], "ann")

    one.platform.before = before
    report = await push(one.account)
    assert await one.states(ids) == ["applied", "cancelled", "applied"]
    assert (report.outcome, report.counts["cancelled"], report.counts["queued"]) == (
        RunOutcome.OK,
        1,
        0,
    )
    assert one.platform.calls == [("c00", "c02")]


async def test_a_paused_account_sends_nothing(parts: Parts) -> None:
    one, ids = await ready(parts, 2)
    await parts.accounts.pause(parts.name, "ann")
    report = await push(one.account)
    assert one.platform.calls == []
    assert (report.outcome, report.error and report.error.code) == (RunOutcome.PARTIAL, "paused")
    assert await one.states(ids) == ["queued", "queued"]


async def test_another_owner_ends_the_push_before_it_sends(parts: Parts) -> None:
    one, ids = await ready(parts, 2)

    async def before(_call: WriteCall) -> None:
        await parts.lease.release()
        await take_lease(parts.database, parts.number, 45)

    one.platform.before = before
    with pytest.raises(LeaseLost):
        await push(one.account)
    assert one.platform.calls == []
    assert await one.states(ids) == ["queued", "queued"]


async def test_a_third_value_is_held_and_an_equal_one_needs_no_call(parts: Parts) -> None:
    one, ids = await ready(parts, 3)
    one.platform.daily |= {"c00": "77", "c01": "50"}
    report = await push(one.account)
    assert await one.states(ids) == ["held", "applied", "applied"]
    assert one.platform.calls == [("c02",)]
    assert (report.counts["held"], report.counts["applied"]) == (1, 2)
    reasons = [(await parts.update(update_id))["reason_code"] for update_id in ids]
    assert reasons == ["conflict", "already_set", None]


async def test_a_read_that_fails_sends_nothing(parts: Parts) -> None:
    one, ids = await ready(parts, 2)

    def fail(_ids: Sequence[str]) -> Reading:
        raise Throttled("wait", retry_after=90)

    one.platform.reads = fail
    report = await push(one.account)
    assert one.platform.calls == []
    assert report.outcome is RunOutcome.PARTIAL
    assert await one.states(ids) == ["queued", "queued"]


async def test_a_campaign_that_an_incomplete_read_left_out_is_not_judged(parts: Parts) -> None:
    one, ids = await ready(parts, 2)

    def half(_ids: Sequence[str]) -> Reading:
        return Reading(
            campaigns={"c00": campaign("c00", one.platform.daily["c00"])}, is_whole=False
        )

    one.platform.reads = half
    report = await push(one.account)
    assert one.platform.calls == [("c00",)]
    assert await one.states(ids) == ["applied", "queued"]
    assert report.outcome is RunOutcome.PARTIAL
    assert report.error is not None
    assert report.error.message.startswith("1 update not judged")
    assert report.error.message.endswith("for c01")  # who is to look has to know where


async def test_a_whole_read_without_the_campaign_holds_its_update(parts: Parts) -> None:
    one, ids = await ready(parts, 2)
    del one.platform.daily["c00"]
    await push(one.account)
    assert await one.states(ids) == ["held", "applied"]
    assert (await parts.update(ids[0]))["reason_code"] == "out_of_view"


async def test_expired_updates_are_in_the_books_of_the_push(parts: Parts) -> None:
    one, ids = await ready(parts, 1)
    soon = await parts.sql.fetchval("SELECT syncd.now() + interval '1 s'")
    late = await parts.enqueue("c00", "60", expires_at=soon)
    await parts.move_clock(SETTLE)
    report = await push(one.account)
    assert await one.states([*ids, late]) == ["applied", "expired"]
    assert (report.counts["claimed"], report.counts["expired"]) == (2, 1)


async def test_an_answer_that_cannot_be_recorded_is_found_out_by_a_read_later(parts: Parts) -> None:
    """Postgres goes away between the provider's answer and its settlement."""
    one, ids = await ready(parts, 2)
    async with (
        Proxy(parts.url) as proxy,
        open_database(proxy.url, role="syncd_service") as database,
    ):

        async def answer(platform: Platform, call: WriteCall) -> CallResult:
            proxy.is_cut = True
            proxy.cut()
            return await apply(platform, call)

        there = bound(database, parts.lease, parts.url, parts.sql, parts.name)
        broken = bench(there, one.platform.daily, answer)
        with pytest.raises(DatabaseUnavailable):
            await push(broken.account)
    assert await one.states(ids) == ["sending", "sending"]
    one.platform.daily = broken.platform.daily
    assert (await recover(one.account)).counts == {"waiting": 2}
    await parts.move_clock(SETTLE)
    assert (await recover(one.account)).counts["applied"] == 2
    assert await one.states(ids) == ["applied", "applied"]
    assert one.platform.calls == []


async def test_an_intent_whose_commit_was_not_answered_is_sent_once(parts: Parts) -> None:
    one, ids = await ready(parts, 2)
    async with (
        Proxy(parts.url) as proxy,
        open_database(proxy.url, role="syncd_service") as database,
    ):
        there = bound(database, parts.lease, parts.url, parts.sql, parts.name)
        other = bench(there, one.platform.daily)

        async def before(_call: WriteCall) -> None:
            proxy.loses_commit = True

        other.platform.before = before
        report = await push(other.account)
        assert proxy.lost == 1
    assert len(other.platform.calls) == 1
    assert report.counts["applied"] == 2
    assert await one.states(ids) == ["applied", "applied"]
