"""Recovery: read after the settle time, decide by value, send nothing before."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.engine.push import push
from syncd.engine.recover import recover
from syncd.errors import NoAnswer, ProviderDown
from syncd.model.call import CallResult, WriteCall
from syncd.model.listing import Reading
from syncd.model.run import RunOutcome
from tests.engine.platform import Bench, Platform, apply, bench
from tests.store.parts import SETTLE, Parts, campaign


async def lost(parts: Parts, *, is_applied: bool, count: int = 1) -> tuple[Bench, list[int]]:
    """Updates whose call the provider carried out, or not, without a word."""

    async def answer(platform: Platform, call: WriteCall) -> CallResult:
        if is_applied:
            await apply(platform, call)
        raise NoAnswer("cut")

    ids = [f"c{number}" for number in range(count)]
    await parts.pull([campaign(one) for one in ids])
    queued = [await parts.enqueue(one, "50") for one in ids]
    one = bench(parts, dict.fromkeys(ids, "100"), answer)
    await push(one.account)
    one.platform.asked.clear()
    return one, queued


async def test_nothing_unknown_opens_no_run(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    report = await recover(bench(parts, {"a": "100"}).account)
    assert (report.run_id, report.outcome, report.waits) == (None, RunOutcome.OK, 0.0)


async def test_before_the_settle_time_nothing_is_read_and_nothing_is_sent(parts: Parts) -> None:
    one, ids = await lost(parts, is_applied=False)
    later = await parts.enqueue("c0", "60")
    report = await recover(one.account)
    assert report.run_id is None
    assert 60 < report.waits <= SETTLE.total_seconds()
    await push(one.account)
    assert one.platform.asked == []
    assert len(one.platform.calls) == 1
    assert await one.states([*ids, later]) == ["unknown", "queued"]


async def test_what_was_applied_without_a_word_is_applied(parts: Parts) -> None:
    one, ids = await lost(parts, is_applied=True, count=3)
    await parts.move_clock(SETTLE)
    report = await recover(one.account)
    assert (report.outcome, report.counts["found"], report.counts["applied"]) == (
        RunOutcome.OK,
        3,
        3,
    )
    assert report.touched == tuple(ids)
    assert await one.states(ids) == ["applied"] * 3
    row = await parts.update(ids[0])
    assert (row["confirmation"], row["reason_code"]) == ("confirmed", "read_back")
    assert (await parts.mirror.values(["c0"]))["c0"]["budget.daily"] == "50"
    assert len(one.platform.calls) == 1


async def test_what_was_not_applied_is_sent_once_more_and_then_held(parts: Parts) -> None:
    one, ids = await lost(parts, is_applied=False)
    for state in ("queued", "held"):
        await parts.move_clock(SETTLE)
        await recover(one.account)
        assert await one.states(ids) == [state]
        await push(one.account)
    assert len(one.platform.calls) == 2
    assert await one.states(ids) == ["held"]


async def test_an_incomplete_read_decides_only_what_it_shows_and_says_so(parts: Parts) -> None:
    one, ids = await lost(parts, is_applied=True, count=2)
    await parts.move_clock(SETTLE)
    one.platform.reads = lambda _ids: Reading(
        campaigns={"c0": campaign("c0", "50")}, is_whole=False
    )
    report = await recover(one.account)
    assert await one.states(ids) == ["applied", "unknown"]
    assert (report.counts["applied"], report.counts["waiting"]) == (1, 1)
    assert report.outcome is RunOutcome.PARTIAL
    assert report.error is not None


async def test_a_whole_read_without_the_campaign_is_a_matter_for_a_person(parts: Parts) -> None:
    one, ids = await lost(parts, is_applied=True)
    await parts.move_clock(SETTLE)
    one.platform.daily.clear()
    await recover(one.account)
    assert await one.states(ids) == ["held"]
    assert (await parts.update(ids[0]))["reason_code"] == "out_of_view"


async def test_a_read_that_fails_leaves_them_unknown(parts: Parts) -> None:
    one, ids = await lost(parts, is_applied=True, count=2)
    await parts.move_clock(SETTLE)

    def fail(_ids: Sequence[str]) -> Reading:
        raise ProviderDown("503")

    one.platform.reads = fail
    report = await recover(one.account)
    assert (report.outcome, report.counts["waiting"]) == (RunOutcome.FAILED, 2)
    assert await one.states(ids) == ["unknown"] * 2
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.runs WHERE outcome = 'open'") == 0
