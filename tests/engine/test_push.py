"""A push from the queue to every item's result: real Postgres, a platform whose answers are
scripted."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from syncd.engine.push import PushReport, push
from syncd.engine.recover import recover
from syncd.errors import BadAnswer, DatabaseUnavailable, LeaseLost, LimitWait, NoAnswer, Throttled
from syncd.model.call import CallResult, Whole, WriteCall
from syncd.model.update import Outcome, Verdict
from syncd.ports import Reading, RunOutcome
from syncd.store.database import open_database
from syncd.store.leases import take_lease
from syncd.timing import boottime
from tests.engine.platform import Bench, Platform, Script, answered, apply, bench, refused
from tests.proxy import Proxy
from tests.store.parts import SETTLE, Parts, bound, campaign

IDS = [f"c{number:02}" for number in range(64)]


async def ready(
    parts: Parts, count: int, script: Script = apply, value: str = "50"
) -> tuple[Bench, list[int]]:
    """So many campaigns in the mirror with an update each."""
    ids = IDS[:count]
    await parts.pull([campaign(one) for one in ids])
    queued = [await parts.enqueue(one, value) for one in ids]
    return bench(parts, dict.fromkeys(ids, "100"), script), queued


async def run_of(parts: Parts, report: PushReport) -> dict[str, object]:
    assert report.run_id is not None
    return await parts.row("syncd.runs", report.run_id)


async def test_what_is_due_goes_out_in_one_call_and_is_confirmed_by_a_read(parts: Parts) -> None:
    one, ids = await ready(parts, 5)
    report = await push(one.account)
    assert one.platform.calls == [tuple(IDS[:5])]
    assert (report.outcome, report.error) == (RunOutcome.OK, None)
    assert report.counts["claimed"] == report.counts["applied"] == 5
    rows = [await parts.update(update_id) for update_id in ids]
    assert {(row["state"], row["confirmation"]) for row in rows} == {("applied", "confirmed")}
    assert (await run_of(parts, report))["calls"] == 1


async def test_nothing_due_opens_no_run(parts: Parts) -> None:
    one, _ = await ready(parts, 0)
    assert await push(one.account) == PushReport()
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.runs WHERE kind = 'push'") == 0


async def test_each_item_of_a_mixed_answer_keeps_its_own_result(parts: Parts) -> None:
    verdicts = {
        "c00": Verdict(outcome=Outcome.APPLIED),
        "c01": Verdict(outcome=Outcome.REJECTED, code="too-low", message="too low", trace_id="t"),
        "c02": Verdict(outcome=Outcome.UNKNOWN, code="no-word", message="no word"),
        "c03": Verdict(outcome=Outcome.APPLIED, is_pending=True, warnings=("next period",)),
    }

    async def answer(_platform: Platform, _call: WriteCall) -> CallResult:
        return CallResult(verdicts=verdicts, status=200)

    one, ids = await ready(parts, 4, answer)
    report = await push(one.account)
    assert await one.states(ids) == ["applied", "rejected", "unknown", "applied"]
    assert (report.counts["applied"], report.counts["rejected"], report.counts["unknown"]) == (
        2,
        1,
        1,
    )
    rejected, pending = await parts.update(ids[1]), await parts.update(ids[3])
    assert rejected["results"]["budget.daily"] == {
        "outcome": "rejected",
        "code": "too-low",
        "message": "too low",
        "trace_id": "t",
        "warnings": [],
    }
    assert pending["confirmation"] == "pending"
    assert len(one.platform.calls) == 1


def poison(bad: Sequence[str], whole: Whole) -> Script:
    async def answer(platform: Platform, call: WriteCall) -> CallResult:
        if any(item.external_id in bad for item in call.items):
            return await refused(whole)(platform, call)
        return await apply(platform, call)

    return answer


@pytest.mark.parametrize(
    ("count", "bad", "whole"),
    [
        (1, [0], Whole.INVALID),
        (2, [1], Whole.INVALID),
        (16, [5], Whole.INVALID),
        (37, [0, 36], Whole.TOO_LARGE),
        (50, [7, 8, 31], Whole.INVALID),
        (8, list(range(8)), Whole.INVALID),
    ],
)
async def test_bad_items_in_a_refused_call_are_found_by_halving(
    parts: Parts, count: int, bad: list[int], whole: Whole
) -> None:
    one, ids = await ready(parts, count, poison([IDS[number] for number in bad], whole))
    report = await push(one.account)
    expected = ["rejected" if number in bad else "applied" for number in range(count)]
    assert await one.states(ids) == expected
    assert len(one.platform.calls) <= len(bad) * (2 * math.ceil(math.log2(count)) + 2)
    assert report.outcome is RunOutcome.OK
    assert report.counts["rejected"] == len(bad)


async def test_credentials_refused_twice_end_the_pass_with_nothing_charged(parts: Parts) -> None:
    one, ids = await ready(parts, 3, refused(Whole.UNAUTHORISED, 401))
    report = await push(one.account)
    assert len(one.platform.calls) == 2
    assert (report.outcome, report.error and report.error.code) == (
        RunOutcome.FAILED,
        "auth-failed",
    )
    assert await one.states(ids) == ["queued"] * 3
    assert await parts.sql.fetchval("SELECT failing_since IS NOT NULL FROM syncd.accounts")


@pytest.mark.parametrize(
    ("whole", "code", "outcome"),
    [
        (Whole.NOT_SENT, "not-sent", RunOutcome.FAILED),
        (Whole.FORBIDDEN, "forbidden", RunOutcome.FAILED),
        (Whole.STOPPED, "call-refused", RunOutcome.PARTIAL),
    ],
)
async def test_a_reason_that_no_other_call_would_escape_ends_the_pass(
    parts: Parts, whole: Whole, code: str, outcome: RunOutcome
) -> None:
    one, ids = await ready(parts, 3, refused(whole, None))
    report = await push(one.account)
    assert len(one.platform.calls) == 1
    assert (report.outcome, report.error and report.error.code) == (outcome, code)
    assert await one.states(ids) == ["queued"] * 3
    assert report.counts["queued"] == 3


async def test_a_throttled_pass_ends_as_partial_when_the_limit_would_come_too_late(
    parts: Parts,
) -> None:
    one, ids = await ready(parts, 3, refused(Whole.THROTTLED, 429))

    async def before(_call: WriteCall) -> None:
        if one.platform.calls:
            raise LimitWait("a permit would come in 50 s", seconds=50)

    one.platform.before = before
    report = await push(one.account)
    assert (report.outcome, report.error and report.error.code) == (
        RunOutcome.PARTIAL,
        "limit-wait",
    )
    assert await one.states(ids) == ["queued"] * 3
    assert len(one.platform.calls) == 1
    assert not await parts.sql.fetchval("SELECT failing_since IS NOT NULL FROM syncd.accounts")


async def test_a_campaign_is_tried_three_times_in_one_pass(parts: Parts) -> None:
    one, ids = await ready(parts, 2, refused(Whole.THROTTLED, 429))
    report = await push(one.account)
    assert len(one.platform.calls) == 3
    assert report.outcome is RunOutcome.PARTIAL
    assert "2 updates" in (report.error.message if report.error else "")
    assert await one.states(ids) == ["queued"] * 2


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
    await parts.accounts.pause(parts.number, "ann", await parts.sql.fetchval("SELECT now()"))
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
