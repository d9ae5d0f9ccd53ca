"""The outbox: who is due and in which order, what an intent commits and when it refuses, and the
result of every item."""

from __future__ import annotations

import datetime as dt

import pytest

from syncd.errors import DatabaseUnavailable, IntentRefused, LeaseLost
from syncd.model.plan import Mark
from syncd.model.recovery import resolve
from syncd.model.run import RunKind
from syncd.model.update import Outcome, State, Verdict
from syncd.store.database import open_database
from tests.proxy import Proxy
from tests.store.parts import BODY, SETTLE, Parts, bound, campaign
from tests.waiting import eventually

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


async def due(parts: Parts, campaigns: int = 100, without: tuple[str, ...] = ()) -> list[int]:
    return [update.id for update in await parts.outbox.due(campaigns, without)]


async def now(parts: Parts) -> dt.datetime:
    moment: dt.datetime = await parts.sql.fetchval("SELECT syncd.now()")
    return moment


async def test_updates_are_due_in_the_order_of_their_time_and_then_their_number(
    parts: Parts,
) -> None:
    at = await now(parts)
    third = await parts.enqueue("a", "3", not_before=at + 3 * MINUTE)
    second = await parts.enqueue("b", "2", not_before=at + 2 * MINUTE)
    first = await parts.enqueue("c", "1", not_before=at + 2 * MINUTE)
    fourth = await parts.enqueue("a", "4", not_before=at + 4 * MINUTE)
    assert await due(parts) == []
    await parts.move_clock(2 * MINUTE + dt.timedelta(seconds=30))
    assert await due(parts) == [second, first]
    await parts.move_clock(2 * MINUTE)
    assert await due(parts) == [second, first, third, fourth]


async def test_so_many_campaigns_are_taken_with_all_their_updates(parts: Parts) -> None:
    ids = [await parts.enqueue(one, f"{number}") for number, one in enumerate("abacad", 1)]
    assert await due(parts, 1) == [ids[0], ids[2], ids[4]]
    assert await due(parts, 2) == [ids[0], ids[1], ids[2], ids[4]]
    assert await due(parts, 100) == ids
    assert await due(parts, 100, ("a", "b")) == [ids[3], ids[5]]


async def test_nothing_of_a_campaign_is_due_while_an_answer_is_outstanding_or_unknown(
    parts: Parts,
) -> None:
    await parts.enqueue("a", "1")
    batch = await parts.intend()
    later, other = await parts.enqueue("a", "2"), await parts.enqueue("b", "2")
    assert await due(parts) == [other]
    await parts.settle(batch, UNKNOWN)
    assert await due(parts) == [other]
    (one,) = await parts.unknowns.all()
    await parts.move_clock(SETTLE)
    await parts.unknowns.resolve([resolve(one, {"budget.daily": "1"})])
    assert await due(parts) == [later, other]


async def test_an_update_that_is_held_stops_no_other(parts: Parts) -> None:
    held = await parts.enqueue("a", "1", expect={"budget.daily": "99"})
    await parts.outbox.decide((await parts.plan()).marked(Mark.HELD))
    assert (await parts.update(held))["state"] == "held"
    later = await parts.enqueue("a", "2")
    assert await due(parts) == [later]


async def test_an_update_knows_what_our_own_writes_put_there(parts: Parts) -> None:
    """It was asked for while another was on its way; the value of that one is no third value."""
    await parts.enqueue("a", "50")
    batch = await parts.intend()
    await parts.enqueue("a", "60")
    await parts.settle(batch, APPLIED)
    (update,) = await parts.outbox.due(10, ())
    assert (update.reference, update.ours) == ({"budget.daily": "100"}, {"budget.daily": "50"})
    assert not update.awaited


async def test_an_update_that_was_held_while_a_later_one_went_out_does_not_follow_it(
    parts: Parts,
) -> None:
    held = await parts.enqueue("a", "1", expect={"budget.daily": "99"})
    await parts.outbox.decide((await parts.plan()).marked(Mark.HELD))
    later = await parts.enqueue("a", "2")
    await parts.settle(await parts.intend(), APPLIED)
    await parts.sql.execute("SELECT syncd.retry($1)", held)
    (update,) = await parts.outbox.due(10, ())
    assert (update.id, update.overtaken) == (held, {"budget.daily": later})
    await parts.outbox.decide((await parts.plan()).updates)
    row = await parts.update(held)
    assert (row["state"], row["superseded_by"]) == ("superseded", later)
    newest = await parts.enqueue("a", "3")
    (update,) = await parts.outbox.due(10, ())
    assert (update.id, update.overtaken) == (newest, {})


async def test_what_was_confirmed_before_an_update_was_asked_for_is_not_ours(parts: Parts) -> None:
    """Of two, one was asked for while ours was on its way, one after a read had shown it."""
    await parts.enqueue("a", "50")
    batch = await parts.intend()
    early = await parts.enqueue("a", "60")
    await parts.settle(batch, APPLIED)
    await parts.pull([campaign(one, "50" if one == "a" else "100") for one in "abcdef"])
    late = await parts.enqueue("a", "70")
    found = {update.id: update for update in await parts.outbox.due(10, ())}
    assert found[early].ours == {"budget.daily": "50"}
    assert (found[late].ours, found[late].reference) == ({}, {"budget.daily": "50"})


async def test_a_value_accepted_for_later_is_awaited_until_it_shows(parts: Parts) -> None:
    await parts.enqueue("a", "50")
    pending = Verdict(outcome=Outcome.APPLIED, is_pending=True, warnings=("next period",))
    await parts.settle(await parts.intend(), pending)
    await parts.enqueue("a", "50")
    (update,) = await parts.outbox.due(10, ())
    assert set(update.awaited) == {"budget.daily"}
    await parts.pull([campaign(one, "50" if one == "a" else "100") for one in "abcdef"])
    (update,) = await parts.outbox.due(10, ())
    assert not update.awaited


async def test_what_ran_out_of_time_expires_whether_queued_or_held(parts: Parts) -> None:
    soon = await now(parts) + MINUTE
    queued = await parts.enqueue("a", "1", expires_at=soon)
    held = await parts.enqueue("b", "1", expect={"budget.daily": "9"}, expires_at=soon)
    stays = await parts.enqueue("c", "1", expires_at=soon + MINUTE)
    await parts.outbox.decide((await parts.plan()).marked(Mark.HELD))
    assert await parts.outbox.expire() == []
    await parts.move_clock(MINUTE)
    assert sorted(await parts.outbox.expire()) == [queued, held]
    assert [(await parts.update(one))["state"] for one in (queued, held, stays)] == [
        "expired",
        "expired",
        "queued",
    ]


async def test_an_intent_commits_batch_attempts_updates_and_its_cost_together(parts: Parts) -> None:
    old, new = await parts.enqueue("a", "50"), await parts.enqueue("a", "60")
    other = await parts.enqueue("b", "70")
    batch = await parts.intend()
    row = await parts.row("syncd.batches", batch.id)
    assert row["items"] == [
        {"external_id": "a", "changes": {"budget.daily": "60"}, "updates": [new]},
        {"external_id": "b", "changes": {"budget.daily": "70"}, "updates": [other]},
    ]
    assert (row["body_sha256"], row["epoch"], row["answered_at"]) == (
        BODY.sha256,
        parts.lease.epoch,
        None,
    )
    attempts = await parts.sql.fetch(
        "SELECT update_id, sent, remote, outcome FROM syncd.attempts ORDER BY 1"
    )
    assert [tuple(one) for one in attempts] == [
        (new, '{"budget.daily": "60"}', '{"budget.daily": "100"}', None),
        (other, '{"budget.daily": "70"}', '{"budget.daily": "100"}', None),
    ]
    lost = await parts.update(old)
    assert (lost["state"], lost["superseded_by"]) == ("superseded", new)
    assert [(await parts.update(one))["state"] for one in (new, other)] == ["sending", "sending"]
    assert await parts.sql.fetchval("SELECT sum(requests) FROM syncd.request_usage") == 1


async def no_trace(parts: Parts, *ids: int) -> bool:
    """Nothing was written by the intent that was refused."""
    batches = await parts.sql.fetchval("SELECT count(*) FROM syncd.batches")
    marks = await parts.sql.fetchval("SELECT max(last_batch) FROM syncd.campaigns")
    usage = await parts.sql.fetchval("SELECT count(*) FROM syncd.request_usage")
    sending = await parts.sql.fetchval("SELECT count(*) FROM syncd.updates WHERE state = 'sending'")
    return (batches, marks, usage, sending) == (0, 0, 0, 0)


async def test_an_intent_of_a_paused_account_is_refused(parts: Parts) -> None:
    await parts.enqueue("a", "50")
    await parts.accounts.pause(parts.name, "ann")
    with pytest.raises(IntentRefused, match="paused by ann") as refused:
        await parts.intend()
    assert refused.value.code == "paused"
    assert await no_trace(parts)
    await parts.accounts.resume(parts.name, "ann")
    await parts.intend()


async def test_an_intent_without_the_lease_is_refused(parts: Parts) -> None:
    await parts.enqueue("a", "50")
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    batch = await parts.batch(run_id, await parts.plan())
    await parts.lease.release()
    with pytest.raises(LeaseLost):
        await parts.outbox.intend(batch, BODY)
    assert await no_trace(parts)


@pytest.mark.parametrize("why", ["cancelled", "expired", "sent"])
async def test_an_intent_with_an_update_that_moved_meanwhile_is_given_up_whole(
    parts: Parts, why: str
) -> None:
    update_id = await parts.enqueue("a", "50", expires_at=await now(parts) + MINUTE)
    other = await parts.enqueue("b", "50")
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    plan = await parts.plan()
    batch = await parts.batch(run_id, plan)
    if why == "cancelled":
        await parts.accounts.cancel(update_id, "ann")
    elif why == "expired":
        await parts.move_clock(MINUTE)
    else:
        first = await parts.batch(run_id, plan, ["a"])
        await parts.outbox.intend(first, BODY)
    with pytest.raises(IntentRefused) as refused:
        await parts.outbox.intend(batch, BODY)
    assert refused.value.code == "changed"
    assert (await parts.update(other))["state"] == "queued"
    assert (
        await parts.sql.fetchval("SELECT count(*) FROM syncd.batches WHERE id = $1", batch.id) == 0
    )


async def test_an_intent_whose_commit_was_not_answered_is_found_again(parts: Parts) -> None:
    update_id = await parts.enqueue("a", "50")
    async with (
        Proxy(parts.url) as proxy,
        open_database(proxy.url, role="syncd_service") as database,
    ):
        there = bound(database, parts.lease, parts.url, parts.sql, parts.name)
        run_id = await there.runs.open(RunKind.PUSH, "test")
        batch = await there.batch(run_id, await there.plan())
        proxy.loses_commit = True
        await there.outbox.intend(batch, BODY)
        assert proxy.lost == 1
    assert (await parts.update(update_id))["batch_id"] == batch.id
    assert (await parts.settle(batch, APPLIED)) == {update_id: State.APPLIED}


async def test_an_intent_that_certainly_did_not_happen_says_so(parts: Parts) -> None:
    await parts.enqueue("a", "50")
    async with (
        Proxy(parts.url) as proxy,
        open_database(proxy.url, role="syncd_service") as database,
    ):
        there = bound(database, parts.lease, parts.url, parts.sql, parts.name)
        run_id = await there.runs.open(RunKind.PUSH, "test")
        batch = await there.batch(run_id, await there.plan())
        proxy.is_cut = True
        proxy.cut()
        with pytest.raises(DatabaseUnavailable):
            await there.outbox.intend(batch, BODY)
    assert await no_trace(parts)


async def test_a_result_whose_commit_was_not_answered_is_there_all_the_same(parts: Parts) -> None:
    update_id = await parts.enqueue("a", "50")
    batch = await parts.intend()
    async with (
        Proxy(parts.url) as proxy,
        open_database(proxy.url, role="syncd_service") as database,
    ):
        there = bound(database, parts.lease, parts.url, parts.sql, parts.name)
        proxy.loses_commit = True
        with pytest.raises(DatabaseUnavailable):
            await there.settle(batch, APPLIED)

        async def is_applied() -> bool:
            return bool((await parts.update(update_id))["state"] == "applied")

        await eventually(is_applied)
        assert await there.settle(batch, APPLIED) == {}
