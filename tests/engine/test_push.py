"""A push from the queue to every item's result: real Postgres, a platform whose answers are
scripted."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from syncd.engine.push import PushReport, push
from syncd.errors import LimitWait, NoAnswer
from syncd.model.call import CallResult, Whole, WriteCall
from syncd.model.guard import Bounds, Rules
from syncd.model.listing import Reading
from syncd.model.path import Field, Guard, Kind
from syncd.model.run import RunOutcome
from syncd.model.update import Outcome, Verdict
from tests.engine.platform import Bench, Platform, Script, answered, apply, bench, refused
from tests.store.parts import FIELDS, Parts, campaign

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
    word = dict(rejected["results"]["budget.daily"])
    assert word.pop("at")
    assert word == {
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


async def test_of_two_updates_in_one_write_each_is_what_a_read_shows_of_its_own(
    parts: Parts,
) -> None:
    async def half(platform: Platform, call: WriteCall) -> CallResult:
        platform.daily["c00"] = "60"  # and not the other budget
        odd = Verdict(outcome=Outcome.REJECTED, code="not_taken", message="it shows no limit")
        return answered(call, odd)

    one, (daily,) = await ready(parts, 1, half, value="60")
    monthly = await parts.enqueue("c00", patch={"budget.monthly": "900"})
    await push(one.account)
    assert await one.states([daily, monthly]) == ["applied", "rejected"]
    rows = await parts.sql.fetch("SELECT outcome, code FROM syncd.attempts ORDER BY update_id")
    assert [tuple(row) for row in rows] == [("applied", None), ("rejected", "not_taken")]


async def test_of_an_update_that_was_taken_in_part_each_path_has_its_own_result(
    parts: Parts,
) -> None:
    async def half(platform: Platform, call: WriteCall) -> CallResult:
        platform.daily["c00"] = "160"  # and not the other budget
        odd = Verdict(outcome=Outcome.REJECTED, code="not_taken", message="it shows no limit")
        return answered(call, odd)

    await parts.pull([campaign("c00")])
    one = bench(parts, {"c00": "100"}, half)
    both = await parts.enqueue("c00", patch={"budget.daily": "160", "budget.monthly": "900"})
    await push(one.account)
    assert await one.states([both]) == ["rejected"]
    rows = await parts.sql.fetch(
        "SELECT path, said->>'outcome', said->>'code' FROM syncd.updates, jsonb_each(results)"
        " AS t (path, said)"
    )
    told = {row[0]: (row[1], row[2]) for row in rows}
    assert told == {
        "budget.daily": ("applied", None),
        "budget.monthly": ("rejected", "not_taken"),
    }
    await parts.enqueue("c00", "170")
    recent = await parts.records.recent(3600)
    assert (recent.changed, recent.increases) == (frozenset({"c00"}), {"EUR": Decimal(60)})
    assert list(recent.last_change) == [("c00", "budget.daily")]


@pytest.mark.parametrize(
    ("stored", "state", "is_readable"),
    [
        ("60", "applied", True),
        ("70", "rejected", True),
        (None, "rejected", True),
        ("60", "unknown", False),
    ],
)
async def test_a_reply_that_shows_another_value_is_looked_up_before_it_counts(
    parts: Parts, stored: str | None, state: str, *, is_readable: bool
) -> None:
    async def answer(platform: Platform, call: WriteCall) -> CallResult:
        if stored is not None:
            for item in call.items:
                platform.daily[item.external_id] = stored
        if not is_readable:
            platform.reads = _refuse
        said = "the reply shows 55"
        return answered(
            call, Verdict(outcome=Outcome.REJECTED, code="not_taken", message=said, trace_id="t")
        )

    one, ids = await ready(parts, 1, answer, value="60")
    report = await push(one.account)
    assert await one.states(ids) == [state]
    assert report.counts[state] == 1
    (row,) = await parts.sql.fetch("SELECT warnings, trace_id, code FROM syncd.attempts")
    assert row["trace_id"] == "t"
    assert (row["code"] == "not_taken") is (state != "applied")
    assert ("the reply shows 55" in row["warnings"]) is (state == "applied")
    known = await parts.sql.fetchval("SELECT values->>'budget.daily' FROM syncd.campaigns")
    assert known == ((stored or "100") if is_readable else "100"), "the mirror has what was read"


async def test_a_read_that_leaves_the_value_out_does_not_decide_about_it(parts: Parts) -> None:
    def without_budgets(ids: Sequence[str]) -> Reading:
        return Reading(campaigns={one: replace(campaign(one), budgets={}) for one in ids})

    async def answer(platform: Platform, call: WriteCall) -> CallResult:
        platform.reads = without_budgets
        said = "the reply shows 55"
        return answered(call, Verdict(outcome=Outcome.REJECTED, code="not_taken", message=said))

    one, ids = await ready(parts, 1, answer, value="60")
    await push(one.account)
    assert await one.states(ids) == ["unknown"]


def _refuse(_ids: Sequence[str]) -> Reading | None:
    raise NoAnswer("cut")


@pytest.mark.parametrize(("stored", "state"), [("60", "applied"), (None, "rejected")])
async def test_a_start_that_was_refused_is_looked_at(
    parts: Parts, stored: str | None, state: str
) -> None:
    async def answer(platform: Platform, call: WriteCall) -> CallResult:
        if stored is not None:
            platform.daily[call.items[0].external_id] = stored
        return answered(call, Verdict(outcome=Outcome.REJECTED, code="no", message="no"))

    one, ids = await ready(parts, 1, answer, value="60")
    one.platform.offer = replace(one.platform.offer, fields=STARTING)
    account = replace(one.account, rules=Rules(fields=STARTING, free=frozenset({Guard.START})))
    await push(account)
    assert await one.states(ids) == [state]


STARTING = (
    Field(path="budget.daily", kind=Kind.AMOUNT, changeable=True, call="PATCH", guard=Guard.START),
)


async def test_what_is_let_through_while_the_push_reads_goes_out_with_it(parts: Parts) -> None:
    one, (update_id,) = await ready(parts, 1, value="300")
    rules = Rules(fields=FIELDS, bounds=Bounds(max_factor=Decimal(2)))
    account = replace(one.account, rules=rules)
    await push(account)
    await parts.decisions.retry(update_id, "ann")
    read = one.platform.read

    async def approving(ids: Sequence[str]) -> Reading:
        await parts.sql.execute(
            "INSERT INTO syncd.approvals (account_id, update_id, path, digest, covers,"
            " approved_by, approved_at, expires_at) SELECT account_id, update_id, h.key,"
            " h.value ->> 'digest', syncd.hit_digests(h.value), 'bob', n.at,"
            " n.at + interval '1 h'"
            " FROM syncd.update_events, jsonb_each(holds) h, (SELECT syncd.now() AS at) n"
            " WHERE state = 'held'"
        )
        return await read(ids)

    await parts.move_clock(dt.timedelta(minutes=5))
    one.platform.read = approving  # type: ignore[method-assign]
    report = await push(account)
    assert await one.states([update_id]) == ["applied"]
    assert (report.outcome, report.counts["applied"], report.counts["held"]) == ("ok", 1, 0)


async def test_what_is_taken_back_while_the_push_reads_is_counted_as_such(parts: Parts) -> None:
    one, (update_id,) = await ready(parts, 1, value="100")
    read = one.platform.read

    async def cancelling(ids: Sequence[str]) -> Reading:
        await parts.accounts.cancel(update_id, "ann")
        return await read(ids)

    await parts.move_clock(dt.timedelta(minutes=5))
    one.platform.read = cancelling  # type: ignore[method-assign]
    report = await push(one.account)
    assert (report.counts["cancelled"], report.counts["applied"]) == (1, 0)
