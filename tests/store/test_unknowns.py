"""Updates that got no answer: adopted from owners that are gone, read after their settle time, and
decided once."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from syncd.model.recovery import Resolution, Unknown, resolve
from syncd.model.update import Outcome, State, Verdict
from syncd.store.prospects import Prospects
from tests.store.parts import SETTLE, Parts, campaign, settlement
from tests.store.test_mirror_beside import successor

UNKNOWN = Verdict(outcome=Outcome.UNKNOWN, code="no-answer", message="cut")


@pytest.fixture
async def parts(parts: Parts) -> Parts:
    """The account after its first complete pull of three campaigns."""
    await parts.pull([campaign(one) for one in "abc"])
    return parts


async def unanswered(parts: Parts, external_id: str = "a") -> int:
    update_id = await parts.enqueue(external_id, "50")
    await parts.settle(await parts.intend([external_id]), UNKNOWN)
    return update_id


async def only(parts: Parts) -> Unknown:
    (one,) = await parts.unknowns.all()
    return one


async def test_an_unknown_update_comes_with_what_was_sent_and_what_stood_there(
    parts: Parts,
) -> None:
    update_id = await unanswered(parts)
    one = await only(parts)
    assert (one.update_id, one.external_id, one.repeats, one.is_late) == (update_id, "a", 0, False)
    assert (one.sent, one.before) == ({"budget.daily": "50"}, {"budget.daily": "100"})
    assert SETTLE.total_seconds() - 60 < one.seconds_left <= SETTLE.total_seconds()
    await parts.move_clock(SETTLE)
    assert (await only(parts)).seconds_left == 0


async def test_attempts_of_an_owner_that_is_gone_become_unknown_and_settle_from_now(
    parts: Parts,
) -> None:
    sending = await parts.enqueue("a", "50")
    await parts.intend(["a"])
    before = await unanswered(parts, "b")
    await parts.move_clock(dt.timedelta(hours=5))
    later = await successor(parts)
    assert await later.unknowns.adopt() == 1
    assert await later.unknowns.adopt() == 0
    found = {one.update_id: one for one in await later.unknowns.all()}
    assert set(found) == {sending, before}
    assert found[sending].seconds_left > 100
    assert found[before].seconds_left == 0
    outcomes = await parts.sql.fetch("SELECT outcome, code FROM syncd.attempts ORDER BY update_id")
    assert [tuple(one) for one in outcomes] == [
        ("unknown", "interrupted"),
        ("unknown", "no-answer"),
    ]


async def test_what_a_search_does_not_show_is_searched_for_after_ever_longer_times(
    parts: Parts,
) -> None:
    await unanswered(parts)
    empty = Resolution(update_id=(await only(parts)).update_id, state=State.UNKNOWN,
                       code="not_found_yet", message="nothing")  # fmt: skip
    settle = SETTLE.total_seconds()
    for searches, wait in ((0, 2 * settle), (1, 4 * settle)):
        await parts.move_clock(dt.timedelta(seconds=wait))
        one = await only(parts)
        assert (one.searches, one.seconds_left) == (searches, 0)
        await parts.unknowns.resolve([empty])
        assert wait - 60 < (await only(parts)).seconds_left <= wait
    events = "SELECT was, state, code, message, batch_id IS NOT NULL FROM report.update_events"
    told = [tuple(row) for row in await parts.sql.fetch(f"{events} WHERE was = state ORDER BY id")]
    assert told == [("unknown", "unknown", "not_found_yet", "nothing", True)] * 2
    # A search is no beginning: how long it has been unknown counts from the lost answer.
    row = await parts.sql.fetchrow(
        "SELECT i.since, e.at FROM report.inbox i JOIN report.update_events e"
        " ON e.update_id = i.id AND e.was = 'sending'"
    )
    assert row is not None
    assert row["since"] == row["at"]
    await parts.sql.execute("UPDATE syncd.updates SET settle = '10 min', searches = 0")
    await parts.unknowns.resolve([empty])
    assert 1140 < (await only(parts)).seconds_left <= 1200


async def test_a_longer_settle_time_of_a_call_holds_for_what_reads_say_of_it(parts: Parts) -> None:
    update_id = await parts.enqueue("a", "50")
    batch = await parts.intend()
    one = settlement(batch, Verdict(outcome=Outcome.APPLIED))
    await parts.outbox.settle(
        batch, replace(one, items=tuple(replace(item, settle=600.0) for item in one.items))
    )
    for passed, said in ((SETTLE, "none"), (SETTLE * 4, "different")):
        await parts.move_clock(passed)
        await parts.pull([campaign(each) for each in "abc"])
        assert (await parts.update(update_id))["confirmation"] == said


async def test_what_a_read_decides_is_recorded_once(parts: Parts) -> None:
    shown = {"applied": "50", "queued": "100", "held": "75"}
    for (state, value), external_id in zip(shown.items(), "abc", strict=True):
        update_id = await unanswered(parts, external_id)
        one = next(one for one in await parts.unknowns.all() if one.update_id == update_id)
        await parts.unknowns.resolve([resolve(one, {"budget.daily": value})])
        update = await parts.update(update_id)
        assert update["state"] == state
        assert update["read_after"] is None
        assert (update["settled_at"] is not None) == (state == "applied")
        await parts.unknowns.resolve([resolve(one, {"budget.daily": "1"})])
        assert await parts.update(update_id) == update
    assert await parts.unknowns.all() == []


async def test_an_update_is_sent_once_more_and_then_held(parts: Parts) -> None:
    update_id = await unanswered(parts)
    await parts.unknowns.resolve([resolve(await only(parts), {"budget.daily": "100"})])
    update = await parts.update(update_id)
    assert (update["state"], update["repeats"], update["reason_code"]) == (
        "queued",
        1,
        "not_applied",
    )
    await parts.settle(await parts.intend(), UNKNOWN)
    await parts.unknowns.resolve([resolve(await only(parts), {"budget.daily": "100"})])
    update = await parts.update(update_id)
    assert (update["state"], update["reason_code"]) == ("held", "attempts_spent")
    (row,) = await parts.reports.updates_by_id([update_id])
    assert row["command"] == (
        f"look at the provider, then: syncd updates retry {update_id}"
        f" (or: syncd updates cancel {update_id})"
    )
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.attempts") == 2


@pytest.mark.parametrize("end", ["cancelled", "expired"])
async def test_what_a_person_was_to_decide_of_a_path_ends_with_the_update(
    parts: Parts, end: str
) -> None:
    at = await parts.sql.fetchval("SELECT syncd.now()")
    update_id = await parts.enqueue("a", "50", expires_at=at + dt.timedelta(hours=1))
    await parts.settle(await parts.intend(), UNKNOWN)
    await parts.move_clock(SETTLE)
    spent = replace(await only(parts), repeats=1)
    await parts.unknowns.resolve([resolve(spent, {"budget.daily": "100"})])
    assert (await parts.update(update_id))["results"]["budget.daily"]["outcome"] == "held"
    if end == "cancelled":
        await parts.accounts.cancel(update_id, "ann")
    else:
        await parts.move_clock(dt.timedelta(hours=1))
        assert await parts.outbox.expire() == [update_id]
    result = (await parts.update(update_id))["results"]["budget.daily"]
    assert (result["outcome"], result["code"]) == (end, "attempts_spent")
    assert result["at"] is not None


async def test_an_update_whose_time_passed_while_nobody_knew_expires(parts: Parts) -> None:
    at = await parts.sql.fetchval("SELECT syncd.now()")
    update_id = await parts.enqueue("a", "50", expires_at=at + dt.timedelta(minutes=1))
    await parts.settle(await parts.intend(), UNKNOWN)
    await parts.move_clock(SETTLE)
    assert await parts.outbox.expire() == []
    one = await only(parts)
    assert one.is_late
    await parts.unknowns.resolve([resolve(one, {"budget.daily": "100"})])
    assert (await parts.update(update_id))["state"] == "expired"


@pytest.mark.parametrize(
    ("shows", "code"),
    [({"budget.daily": "77"}, "conflict"), (None, "out_of_view")],
)
async def test_what_may_have_been_done_is_not_over_when_its_time_has_passed(
    parts: Parts, shows: dict[str, str | None] | None, code: str
) -> None:
    at = await parts.sql.fetchval("SELECT syncd.now()")
    update_id = await parts.enqueue("a", "50", expires_at=at + dt.timedelta(minutes=30))
    await parts.settle(await parts.intend(), UNKNOWN)
    await parts.move_clock(SETTLE)
    await parts.unknowns.resolve([resolve(await only(parts), shows)])
    await parts.move_clock(dt.timedelta(hours=1))
    assert await parts.outbox.expire() == []
    update = await parts.update(update_id)
    assert (update["state"], update["reason_code"]) == ("held", code)
    (waiting,) = await Prospects(parts.database, parts.number).open()
    assert not waiting.is_late
    wanted = await parts.database.row("push_wanted", parts.number)
    assert wanted is not None
    assert wanted["due_in"] is None
    await parts.accounts.cancel(update_id, "ann")
    said = "by ann; what became of its last call was not found out"
    assert (await parts.update(update_id))["reason"] == said


async def test_what_was_not_applied_is_over_with_its_time_and_says_so(parts: Parts) -> None:
    at = await parts.sql.fetchval("SELECT syncd.now()")
    update_id = await parts.enqueue("a", "50", expires_at=at + dt.timedelta(minutes=30))
    await parts.settle(await parts.intend(), UNKNOWN)
    await parts.move_clock(SETTLE)
    await parts.unknowns.resolve([resolve(await only(parts), {"budget.daily": "100"})])
    await parts.move_clock(dt.timedelta(hours=1))
    assert await parts.outbox.expire() == [update_id]
    said = "its time has passed; what was sent was not applied"
    assert (await parts.update(update_id))["reason"] == said


async def test_the_service_hears_when_an_unknown_update_may_be_read(parts: Parts) -> None:
    await unanswered(parts)
    wait = await parts.database.value("push_wanted", parts.number)
    assert wait is False
    row = await parts.database.row("push_wanted", parts.number)
    assert row is not None
    assert 60 < row["due_in"] <= SETTLE.total_seconds()
    await parts.enqueue("a", "60")
    row = await parts.database.row("push_wanted", parts.number)
    assert row is not None
    assert row["due_in"] > 60
    await parts.enqueue("b", "60")
    row = await parts.database.row("push_wanted", parts.number)
    assert row is not None
    assert row["due_in"] <= 0
