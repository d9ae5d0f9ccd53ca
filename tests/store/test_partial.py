"""Updates that several calls carry: each path has a result of its own that nothing changes again,
and the update ends when the last of them has one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import asyncpg
import pytest

from syncd.model.campaign import Amount
from syncd.model.plan import Mark, UpdatePlan
from syncd.model.recovery import resolve
from syncd.model.run import RunKind
from syncd.model.update import Outcome, State, Verdict
from tests.store.parts import BODY, SETTLE, Parts, campaign, stepwise

APPLIED = Verdict(outcome=Outcome.APPLIED)
REJECTED = Verdict(outcome=Outcome.REJECTED, code="bad", message="no")
UNKNOWN = Verdict(outcome=Outcome.UNKNOWN, code="no-answer", message="cut")
NOT_JUDGED = Verdict(outcome=Outcome.NOT_JUDGED, code="throttled", message="later")
BOTH = {"budget.daily": "50", "budget.monthly": "900"}


@pytest.fixture
async def parts(parts: Parts) -> Parts:
    """An account whose provider takes one path a call, after its first complete pull."""
    await parts.pull([campaign("a"), campaign("b")])
    parts.calls = stepwise
    return parts


async def halfway(parts: Parts, verdict: Verdict = APPLIED, external_id: str = "a") -> int:
    """An update of two paths of which the first call carried one."""
    update_id = await parts.enqueue(external_id, patch=BOTH)
    await parts.settle(await parts.intend([external_id]), verdict)
    return update_id


async def outcomes(parts: Parts, update_id: int) -> dict[str, str]:
    results = (await parts.update(update_id))["results"]
    return {path: result["outcome"] for path, result in results.items()}


async def read(parts: Parts, daily: str, monthly: str) -> None:
    """A read by id of campaign "a"."""
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    budgets: dict[str, Amount] = {
        "daily": Decimal(daily),
        "monthly": "unlimited" if monthly == "unlimited" else Decimal(monthly),
        "lifetime": "unlimited",
    }
    shown = replace(campaign("a"), budgets=budgets, raw=f"{daily} {monthly}".encode())
    await parts.mirror.absorb(run_id, [shown], await parts.mirror.mark())


async def test_what_is_left_of_an_update_goes_out_with_the_next_call(parts: Parts) -> None:
    update_id = await halfway(parts)
    assert (await parts.update(update_id))["state"] == "queued"
    assert await outcomes(parts, update_id) == {"budget.daily": "applied"}
    (rest,) = await parts.outbox.due(10, ())
    assert rest.patch == {"budget.monthly": "900"}
    await parts.settle(await parts.intend(), APPLIED)
    update = await parts.update(update_id)
    assert (update["state"], update["settled_at"] is not None) == ("applied", True)
    assert await outcomes(parts, update_id) == dict.fromkeys(BOTH, "applied")
    sent = await parts.sql.fetch("SELECT sent FROM syncd.attempts ORDER BY batch_id")
    assert [row["sent"] for row in sent] == ['{"budget.daily": "50"}', '{"budget.monthly": "900"}']


async def test_a_call_that_was_not_judged_takes_no_result_back(parts: Parts) -> None:
    update_id = await halfway(parts)
    await parts.settle(await parts.intend(), NOT_JUDGED)
    assert await outcomes(parts, update_id) == {"budget.daily": "applied"}
    assert [one.patch for one in await parts.outbox.due(10, ())] == [{"budget.monthly": "900"}]


async def test_a_path_that_was_rejected_is_not_sent_again_and_decides_the_end(parts: Parts) -> None:
    update_id = await halfway(parts, REJECTED)
    (rest,) = await parts.outbox.due(10, ())
    assert rest.patch == {"budget.monthly": "900"}
    await read(parts, "100", "900")
    await parts.outbox.decide((await parts.plan()).marked(Mark.ALREADY_SET))
    update = await parts.update(update_id)
    assert (update["state"], update["confirmation"]) == ("rejected", "none")
    assert await outcomes(parts, update_id) == {
        "budget.daily": "rejected",
        "budget.monthly": "applied",
    }


async def test_a_path_that_was_set_already_is_no_read_of_the_other(parts: Parts) -> None:
    update_id = await halfway(parts)
    await read(parts, "100", "900")
    await parts.outbox.decide((await parts.plan()).marked(Mark.ALREADY_SET))
    update = await parts.update(update_id)
    assert (update["state"], update["confirmation"]) == ("applied", "none")
    await read(parts, "50", "900")
    assert (await parts.update(update_id))["confirmation"] == "confirmed"


@pytest.mark.parametrize("daily", ["50", "100"])
async def test_an_unanswered_call_is_found_out_by_its_own_paths(parts: Parts, daily: str) -> None:
    update_id = await halfway(parts, UNKNOWN)
    (one,) = await parts.unknowns.all()
    assert (one.sent, one.has_more) == ({"budget.daily": "50"}, True)
    await parts.unknowns.resolve([resolve(one, {"budget.daily": daily})])
    update = await parts.update(update_id)
    assert (update["state"], update["repeats"]) == ("queued", int(daily == "100"))
    (rest,) = await parts.outbox.due(10, ())
    assert set(rest.patch) == ({"budget.monthly"} if daily == "50" else set(BOTH))


async def test_the_last_unanswered_call_has_no_more(parts: Parts) -> None:
    update_id = await halfway(parts)
    await parts.settle(await parts.intend(), UNKNOWN)
    (one,) = await parts.unknowns.all()
    assert (one.sent, one.has_more) == ({"budget.monthly": "900"}, False)
    await parts.unknowns.resolve([resolve(one, {"budget.monthly": "900"})])
    assert (await parts.update(update_id))["state"] == "applied"
    assert await outcomes(parts, update_id) == dict.fromkeys(BOTH, "applied")


async def test_a_part_that_was_applied_is_ours_whatever_becomes_of_the_rest(parts: Parts) -> None:
    first = await parts.enqueue("a", patch=BOTH)
    batch = await parts.intend(["a"])
    await parts.enqueue("a", "60")
    await parts.settle(batch, APPLIED)
    for end in (None, "cancel"):
        if end is not None:
            await parts.accounts.cancel(first, "ann")
        later = (await parts.outbox.due(10, ()))[-1]
        assert (later.reference, later.ours) == ({"budget.daily": "100"}, {"budget.daily": "50"})


async def test_what_was_seen_since_a_part_was_applied_is_no_more_ours(parts: Parts) -> None:
    """It was cancelled, a pull showed its value, somebody moved it and another update was asked
    for."""
    first = await halfway(parts)
    await parts.accounts.cancel(first, "ann")
    await parts.pull([campaign("a", "50"), campaign("b")])
    await parts.pull([campaign("a", "70"), campaign("b")])
    await parts.enqueue("a", "80")
    (later,) = await parts.outbox.due(10, ())
    assert (later.reference, later.ours) == ({"budget.daily": "70"}, {})


async def test_the_last_write_of_a_path_is_ours_in_the_order_of_the_calls(parts: Parts) -> None:
    """An old update still waits for its second call when a newer one has written its first path
    and is settled."""
    old = await halfway(parts)
    await parts.sql.execute("UPDATE syncd.updates SET state = 'held', reason_code = 'x'")
    await parts.apply("a", "60")
    late = await parts.enqueue("a", "70")
    await parts.sql.execute(
        "UPDATE syncd.updates SET state = 'queued' WHERE id = $1 AND state = 'held'", old
    )
    found = {one.id: one for one in await parts.outbox.due(10, ())}
    assert found[late].ours == {"budget.daily": "60"}


async def test_a_part_that_was_applied_comes_back_as_ours_once(parts: Parts) -> None:
    update_id = await halfway(parts)
    for daily in ("50", "70", "50"):
        await read(parts, daily, "unlimited")
    rows = await parts.sql.fetch("SELECT origin, update_id FROM syncd.field_changes ORDER BY id")
    assert [tuple(row) for row in rows] == [("update", update_id)] + [("provider", None)] * 2


async def test_a_part_of_a_later_update_decides_for_itself(parts: Parts) -> None:
    first = await parts.apply("a", "40")
    await halfway(parts)
    await parts.move_clock(SETTLE)
    await read(parts, "50", "unlimited")
    assert (await parts.update(first))["confirmation"] == "none"


async def test_an_update_that_is_taken_back_says_what_it_has_done(parts: Parts) -> None:
    update_id = await halfway(parts)
    await parts.accounts.cancel(update_id, "ann")
    update = await parts.update(update_id)
    assert (update["state"], update["reason"]) == (
        "cancelled",
        "by ann; applied before: budget.daily",
    )
    assert await outcomes(parts, update_id) == {"budget.daily": "applied"}


async def test_an_update_that_runs_out_of_time_says_what_it_has_done(parts: Parts) -> None:
    at = await parts.sql.fetchval("SELECT syncd.now()")
    minute = dt.timedelta(minutes=1)
    update_id = await parts.enqueue("a", patch=BOTH, expires_at=at + minute)
    await parts.settle(await parts.intend(), APPLIED)
    await parts.move_clock(minute)
    assert await parts.outbox.expire() == [update_id]
    assert "applied before: budget.daily" in (await parts.update(update_id))["reason"]


async def test_a_result_of_a_path_is_final_while_its_update_goes_on(parts: Parts) -> None:
    update_id = await halfway(parts)
    for results in ("'{}'", '\'{"budget.daily": {"outcome": "rejected"}}\''):
        for role in ("postgres", "syncd_owner", "syncd_service"):
            await parts.sql.execute(f"SET ROLE {role}")
            with pytest.raises(asyncpg.PostgresError) as refused:
                await parts.sql.execute(
                    f"UPDATE syncd.updates SET results = {results} WHERE id = {update_id}"
                )
            assert refused.value.sqlstate == "SY010"
            assert "is final" in str(refused.value)


async def test_a_path_that_loses_keeps_its_result_while_the_others_wait(parts: Parts) -> None:
    """The newer daily budget goes out; the older update waits with its monthly one."""
    old = await parts.enqueue("a", patch=BOTH)
    new = await parts.enqueue("a", "60")
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    plan = await parts.plan()
    batch = await parts.batch(run_id, plan)
    carried = {update.update.id: update for update in batch.updates}
    if old not in carried:
        carried[old] = _waiting(next(one for one in plan.updates if one.update.id == old))
    await parts.outbox.intend(replace(batch, updates=tuple(carried.values())), BODY)
    await parts.settle(batch, APPLIED)
    update = await parts.update(old)
    assert (update["state"], update["batch_id"]) == ("queued", None)
    assert await outcomes(parts, old) == {"budget.daily": "superseded"}
    assert (await parts.update(new))["state"] == "applied"
    chain = await parts.reports.chain(old)
    assert chain is not None
    (merged,) = [one for one in chain.events if one["merged"] is not None]
    assert (merged["was"], merged["state"]) == ("queued", "queued")
    assert merged["merged"]["paths"]["budget.daily"]["superseded_by"] == new
    (rest,) = await parts.outbox.due(10, ())
    assert rest.patch == {"budget.monthly": "900"}


def _waiting(plan: UpdatePlan) -> UpdatePlan:
    """The update with nothing to send in this call."""
    return replace(
        plan,
        paths=tuple(
            replace(path, mark=Mark.LATER) if path.mark is Mark.SEND else path
            for path in plan.paths
        ),
    )


async def test_each_campaign_of_a_call_goes_its_own_way(parts: Parts) -> None:
    first, second = [await parts.enqueue(one, patch=BOTH) for one in "ab"]
    reached = await parts.settle(await parts.intend(), APPLIED, REJECTED)
    assert reached == {first: State.QUEUED, second: State.QUEUED}
    reached = await parts.settle(await parts.intend(), REJECTED, APPLIED)
    assert reached == {first: State.REJECTED, second: State.APPLIED}
    assert await outcomes(parts, first) == {"budget.daily": "applied", "budget.monthly": "rejected"}
