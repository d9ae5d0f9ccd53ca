"""A create without an answer: a search that shows nothing decides nothing until it was made three
times, each later than the one before, and in no case is the create sent again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from syncd.engine.push import push
from syncd.engine.recover import RecoverReport, recover
from syncd.model.call import CallResult, WriteCall, WriteItem
from syncd.model.listing import Reading
from syncd.model.run import RunOutcome
from syncd.model.update import Outcome, Verdict
from tests.engine.platform import CAPABILITIES, Bench, Platform, answered, bench
from tests.store.parts import SETTLE, Parts, campaign, registration
from tests.store.test_creates import NEW, OFFERED

VALUES = {"name": "Fresh", "native": {"kind.a": "x"}}


async def without_a_word(_platform: Platform, call: WriteCall) -> CallResult:
    return answered(call, Verdict(outcome=Outcome.UNKNOWN, code="no-answer"))


async def unanswered(parts: Parts, count: int = 1) -> tuple[Bench, list[int]]:
    """Creates that were sent and not answered, in an account of one campaign."""
    await parts.accounts.declare("criteo", "documented", OFFERED)
    await parts.accounts.register([registration(can_create=True)])
    await parts.pull([campaign("a")])
    ids = [await parts.enqueue(None, patch=NEW) for _ in range(count)]
    one = bench(parts, {"a": "100"}, without_a_word)
    one.platform.offer = replace(CAPABILITIES, fields=OFFERED, creates=True)
    await push(one.account)
    assert await one.states(ids) == ["unknown"] * count
    one.platform.calls.clear()
    return one, ids


def showing(*external_ids: str) -> Reading:
    return Reading(campaigns={one: campaign(one, "10", **VALUES) for one in external_ids})


async def searched(one: Bench, times: int) -> RecoverReport:
    """The report of the recovery when so many settle times more have passed."""
    await one.parts.move_clock(SETTLE * times)
    return await recover(one.account)


def waits(report: RecoverReport, times: int) -> bool:
    seconds = SETTLE.total_seconds()
    return (times - 1) * seconds < report.waits <= times * seconds


async def test_an_empty_search_is_made_again_after_two_and_four_settle_times(parts: Parts) -> None:
    one, ids = await unanswered(parts)
    searches: list[str] = []

    def nothing(create: WriteItem) -> Reading:
        searches.append(create.external_id)
        return Reading()

    one.platform.finds = nothing
    for number, pause in enumerate((2, 4), 1):
        report = await searched(one, 1)
        assert (report.outcome, report.counts["waiting"]) == (RunOutcome.OK, 1)
        assert await one.states(ids) == ["unknown"]
        row = await parts.update(ids[0])
        assert (row["searches"], row["reason_code"]) == (number, "not_found_yet")
        report = await recover(one.account)
        assert report.run_id is None
        assert waits(report, pause), report.waits
        assert (await searched(one, pause - 1)).run_id is None, "not a moment earlier"
        assert len(searches) == number
    report = await searched(one, 1)
    assert report.counts["held"] == 1
    assert (await parts.update(ids[0]))["reason_code"] == "create_unresolved"
    await push(one.account)
    assert (len(searches), one.platform.calls) == (3, [])


@pytest.mark.parametrize("late", [1, 2])
async def test_what_shows_late_is_adopted(parts: Parts, late: int) -> None:
    one, ids = await unanswered(parts)
    for pause in (1, 2, 4)[:late]:
        await searched(one, pause)
    one.platform.finds = lambda _create: showing("900")
    report = await searched(one, (1, 2, 4)[late])
    assert report.counts["applied"] == 1
    row = await parts.update(ids[0])
    assert (row["state"], row["external_id"]) == ("applied", "900")
    assert one.platform.calls == []


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (showing("900", "901"), "create_unresolved"),
        (Reading(unlike={"900": "name is Old"}), "conflict"),
    ],
)
async def test_what_a_person_has_to_see_is_not_searched_for_again(
    parts: Parts, found: Reading, code: str
) -> None:
    one, ids = await unanswered(parts)
    one.platform.finds = lambda _create: found
    await searched(one, 1)
    row = await parts.update(ids[0])
    assert (row["state"], row["reason_code"]) == ("held", code)


async def test_a_search_that_was_not_whole_is_not_counted(parts: Parts) -> None:
    one, ids = await unanswered(parts)
    one.platform.finds = lambda _create: Reading(is_whole=False)
    for _ in range(4):
        report = await searched(one, 1)
        assert report.outcome is RunOutcome.PARTIAL
    assert (await parts.update(ids[0]))["searches"] == 0
    assert await one.states(ids) == ["unknown"]


async def test_each_create_waits_for_its_own_search(parts: Parts) -> None:
    """Books that balance: what is searched for again counts as waiting."""
    one, ids = await unanswered(parts, 3)
    answers: dict[int, Sequence[str]] = {ids[0]: ["900"], ids[1]: [], ids[2]: ["901", "902"]}
    one.platform.finds = lambda create: showing(*answers[int(create.external_id.lstrip("+"))])
    report = await searched(one, 1)
    assert await one.states(ids) == ["applied", "unknown", "held"]
    counts = report.counts
    assert [counts[name] for name in ("found", "applied", "held", "waiting")] == [3, 1, 1, 1]
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.runs WHERE outcome = 'open'") == 0
