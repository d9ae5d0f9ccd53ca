"""What a person may do about an update: let it through just as it is held, try it again, take note
of it; and what nobody may."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from syncd.errors import IntentRefused, Refused
from syncd.model.guard import Bounds, Rules
from syncd.model.plan import Mark, PushPlan
from syncd.model.run import RunKind
from syncd.model.update import Outcome, Verdict
from syncd.store.plans import Plans
from tests.store.parts import BODY, FIELDS, Parts, campaign, registration

APPLIED = Verdict(outcome=Outcome.APPLIED)
REJECTED = Verdict(outcome=Outcome.REJECTED, code="bad", message="no", trace_id="t1")
DAILY = "budget.daily"
DAY = dt.timedelta(hours=24)


@pytest.fixture
async def parts(parts: Parts) -> Parts:
    """The account after a complete pull of three campaigns."""
    await parts.pull([campaign(one) for one in "abc"])
    return parts


async def state(parts: Parts, update_id: int) -> tuple[str, str | None]:
    row = await parts.update(update_id)
    return row["state"], row["reason_code"]


async def refused(act: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as said:
        await act
    return said.value.message, said.value.remedy


async def save(parts: Parts, plan: PushPlan) -> str:
    """Keep a plan as the command line does; returns the beginning of its hash."""
    items = [
        {"update": one.update.id, "path": path.path, "digest": path.digest,
         "mark": path.mark.value, "remote": path.remote,
         "hits": [{"rule": hit.code, "message": hit.message, "figures": dict(hit.figures),
                   "way": hit.way.value, "digest": digest}
                  for hit, digest in zip(path.hits, path.hit_digests, strict=True)]}
        for one in plan.updates for path in one.paths
    ]  # fmt: skip
    await Plans(parts.database, parts.number).save(plan.hash, items, {"any": "thing"}, "ann", DAY)
    return plan.hash[:8]


async def test_an_approved_update_goes_out_once_it_is_planned_again(parts: Parts) -> None:
    update_id = await parts.hold()
    await parts.decisions.approve(update_id, "bob", "a sale")
    update = await parts.update(update_id)
    assert (update["state"], update["holds"]) == ("queued", None)
    assert update["reason"] == "by bob: a sale"
    plan = await parts.plan()
    assert plan.marked(Mark.SEND)[0].paths[0].relies_on is not None
    await parts.settle(await parts.intend(), APPLIED)
    assert await state(parts, update_id) == ("applied", None)


async def test_what_was_approved_is_held_again_when_it_is_another_thing(parts: Parts) -> None:
    update_id = await parts.hold()
    await parts.decisions.approve(update_id, "bob")
    await parts.pull([campaign("a", "50"), campaign("b"), campaign("c")])
    await parts.decide()
    assert (await parts.update(update_id))["state"] == "held"


ALWAYS = (dt.time(0), dt.time(0))
"""Quiet hours that are over once nobody wants them any more."""


async def hold_overnight(parts: Parts) -> int:
    parts.rules = Rules(fields=FIELDS, bounds=Bounds(max_factor=Decimal(2)), quiet=ALWAYS)
    update_id = await parts.enqueue("a", "500")
    await parts.decide()
    hits = (await parts.update(update_id))["holds"][DAILY]["hits"]
    assert [hit["rule"] for hit in hits] == ["factor", "quiet_hours"]
    return update_id


async def test_what_is_approved_overnight_goes_out_in_the_morning(parts: Parts) -> None:
    update_id = await hold_overnight(parts)
    await parts.decisions.approve(update_id, "bob")
    parts.rules = replace(parts.rules, quiet=None)
    (path,) = (await parts.plan()).marked(Mark.SEND)[0].paths
    assert len(path.relies_on) == 1
    assert path.digest != (await parts.sql.fetchval("SELECT digest FROM syncd.approvals"))
    assert (await parts.reports.updates_by_id([update_id]))[0]["approved_until"] is not None
    await parts.settle(await parts.intend(), APPLIED)
    assert await state(parts, update_id) == ("applied", None)


async def test_a_rule_that_nobody_was_shown_holds_what_was_approved(parts: Parts) -> None:
    update_id = await hold_overnight(parts)
    await parts.decisions.approve(update_id, "bob")
    bounds = Bounds(max_factor=Decimal(2), max_amount=Decimal(400))
    parts.rules = replace(parts.rules, quiet=None, bounds=bounds)
    await parts.decide()
    assert await state(parts, update_id) == ("held", "amount")


async def test_every_approval_that_a_call_relies_upon_is_asked_for_once_more(parts: Parts) -> None:
    update_id = await parts.hold()
    await parts.decisions.approve(update_id, "bob", valid_for=dt.timedelta(hours=9))
    bounds = Bounds(max_factor=Decimal(2), max_amount=Decimal(400))
    parts.rules = replace(parts.rules, bounds=bounds)
    await parts.decide()
    await parts.decisions.approve(update_id, "eve", valid_for=dt.timedelta(hours=1))
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    batch = await parts.batch(run_id, await parts.plan())
    await parts.move_clock(dt.timedelta(hours=2))
    with pytest.raises(IntentRefused, match=f"the approval of update {update_id} holds no longer"):
        await parts.outbox.intend(batch, BODY)
    parts.rules = replace(parts.rules, bounds=Bounds(max_factor=Decimal(2)))
    assert (await parts.plan()).marked(Mark.SEND), "the first of them still holds"


async def test_what_meets_less_than_was_let_through_meanwhile_is_not_held(parts: Parts) -> None:
    update_id = await hold_overnight(parts)
    await parts.decisions.retry(update_id, "bob")
    prefix = await save(parts, await parts.plan())
    parts.rules = replace(parts.rules, quiet=None)
    stale = await parts.plan()
    (told,) = await parts.decisions.approve_plan(prefix, "bob")
    assert told.outcome == "approved"
    assert await parts.outbox.decide(stale.marked(Mark.HELD)) == set()
    assert (await state(parts, update_id))[0] == "queued"


async def test_a_plan_that_showed_more_than_holds_it_now_lets_it_through(parts: Parts) -> None:
    update_id = await hold_overnight(parts)
    await parts.decisions.retry(update_id, "bob")
    prefix = await save(parts, await parts.plan())
    parts.rules = replace(parts.rules, quiet=None)
    await parts.decide()
    await parts.decisions.approve(update_id, "bob", plan=prefix)
    assert (await parts.plan()).marked(Mark.SEND)


async def test_an_approval_ends(parts: Parts) -> None:
    update_id = await parts.hold()
    await parts.decisions.approve(update_id, "bob", valid_for=dt.timedelta(hours=1))
    assert (await parts.reports.updates_by_id([update_id]))[0]["approved_until"] is not None
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    batch = await parts.batch(run_id, await parts.plan())
    await parts.move_clock(dt.timedelta(hours=1))
    with pytest.raises(IntentRefused) as said:
        await parts.outbox.intend(batch, BODY)
    assert said.value.code == "changed"
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.attempts") == 0
    await parts.decide()
    assert (await state(parts, update_id))[0] == "held"


async def test_only_what_is_held_for_an_approval_can_be_approved(parts: Parts) -> None:
    queued = await parts.enqueue("b", "60")
    said, remedy = await refused(parts.decisions.approve(queued, "bob"))
    assert said == f"update {queued} is queued; only what is held can be approved"
    assert "syncd plan --save" in remedy
    assert "unknown update 999" in (await refused(parts.decisions.approve(999, "bob")))[0]
    held = await parts.hold()
    await parts.sql.execute(
        "UPDATE syncd.updates SET holds ="
        " jsonb_set(holds, '{budget.daily,hits,0,way}', '\"retry\"') WHERE id = $1", held,
    )  # fmt: skip
    said, remedy = await refused(parts.decisions.approve(held, "bob"))
    assert "cannot be approved: budget.daily would rise" in said
    assert remedy == f"mend the cause, then: syncd updates retry {held}"
    await parts.sql.execute("UPDATE syncd.updates SET holds = NULL WHERE id = $1", held)
    said, remedy = await refused(parts.decisions.approve(held, "bob"))
    assert "nothing of update" in said
    assert remedy == f"syncd updates retry {held}"
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.approvals") == 0


@pytest.mark.parametrize("span", ["0 s", "-1 h", "100 years", None])
async def test_an_approval_holds_for_a_time_that_can_be_told(
    parts: Parts, span: str | None
) -> None:
    update_id = await parts.hold()
    with pytest.raises(asyncpg.PostgresError, match="has to hold for some time"):
        await parts.sql.execute(
            "SELECT syncd.approve($1, valid_for => $2::text::interval)", update_id, span
        )


async def test_with_four_eyes_nobody_approves_what_they_asked_for(parts: Parts) -> None:
    await parts.accounts.register([registration(four_eyes=True)])
    update_id = await parts.hold(requester="ann")
    said, _ = await refused(parts.decisions.approve(update_id, "ann"))
    assert said == f"ann asked for update {update_id}, and somebody else has to approve it"
    prefix = await save(parts, await parts.plan())
    await parts.decisions.approve(update_id, "bob")
    assert (await state(parts, update_id))[0] == "queued"
    assert await parts.decisions.approve_plan(prefix, "ann") == []


async def test_four_eyes_look_through_what_is_tried_again(parts: Parts) -> None:
    await parts.accounts.register([registration(four_eyes=True)])
    first = await parts.enqueue("a", "500", requester="ann")
    await parts.settle(await parts.intend(["a"]), REJECTED)
    parts.rules = Rules(fields=FIELDS, bounds=Bounds(max_factor=Decimal(2)))
    second = await parts.decisions.retry(first, "bob")
    await parts.decide()
    for who in ("ann", "bob"):
        said, _ = await refused(parts.decisions.approve(second, who))
        assert said == f"{who} asked for update {second}, and somebody else has to approve it"
    await parts.decisions.approve(second, "eve")


async def test_what_a_later_update_has_overtaken_is_offered_to_nobody(parts: Parts) -> None:
    older = await parts.hold()
    assert (await parts.reports.inbox())[0]["command"] == f"syncd updates approve {older}"
    later = await parts.apply("a", "120")
    said, remedy = await refused(parts.decisions.approve(older, "bob"))
    assert said == f"update {later} of the same campaign came later than {older} and was applied"
    assert remedy.startswith(f"syncd updates cancel {older}")
    (row,) = await parts.reports.inbox()
    command = f"update {later} came later and was applied: syncd updates cancel {older}"
    assert row["command"] == command


async def test_what_is_overtaken_in_part_is_still_a_persons_to_decide(parts: Parts) -> None:
    older = await parts.hold(patch={DAILY: "500", "budget.monthly": "700"})
    await parts.apply("a", "120")
    await parts.decisions.approve(older, "bob")
    (row,) = await parts.reports.updates_by_id([older])
    assert (row["state"], row["approved_until"] is not None) == ("queued", True)


async def test_nobody_approves_past_the_owners_caps(parts: Parts) -> None:
    update_id = await parts.hold()
    await parts.cap(DAILY, max_amount=400)
    assert (
        "above the owner's cap, 400" in (await refused(parts.decisions.approve(update_id, "b")))[0]
    )
    await parts.cap(DAILY, max_factor=3)
    assert "more than 3 times" in (await refused(parts.decisions.approve(update_id, "b")))[0]
    await parts.cap(DAILY, max_factor=5)
    await parts.decisions.approve(update_id, "b")


async def test_a_plan_lets_through_what_it_showed_and_nothing_else(parts: Parts) -> None:
    parts.rules = Rules(fields=FIELDS, bounds=Bounds(max_factor=Decimal(2)))
    shown, plain, gone, later = [
        await parts.enqueue(*one)
        for one in (("a", "500"), ("b", "150"), ("c", "900"), ("b", "160"))
    ]
    prefix = await save(parts, await parts.plan())
    await parts.decide()
    assert [(await state(parts, one))[0] for one in (shown, gone)] == ["held", "held"]
    await parts.accounts.cancel(gone, "ann")
    told = await parts.decisions.approve_plan(prefix, "bob", "as planned")
    assert [(one.update_id, one.outcome, one.reason) for one in told] == [
        (shown, "approved", None),
        (plain, "not_needed", "it meets no rule"),
        (gone, "dropped", f"update {gone} is cancelled by now"),
        (later, "not_needed", "it meets no rule"),
    ]
    assert (await state(parts, shown)) == ("queued", "approved")
    assert not (await parts.plan()).marked(Mark.HELD)


async def test_what_a_plan_shows_can_be_approved_before_it_is_held(parts: Parts) -> None:
    parts.rules = Rules(fields=FIELDS, bounds=Bounds(max_factor=Decimal(2)))
    update_id = await parts.enqueue("a", "500")
    prefix = await save(parts, await parts.plan())
    (told,) = await parts.decisions.approve_plan(prefix, "bob")
    assert told.outcome == "approved"
    assert [one.update.id for one in (await parts.plan()).marked(Mark.SEND)] == [update_id]


async def test_an_item_that_has_changed_since_the_plan_drops_out(parts: Parts) -> None:
    update_id = await parts.hold()
    await parts.decisions.retry(update_id, "bob")
    prefix = await save(parts, await parts.plan())
    parts.rules = replace(parts.rules, bounds=Bounds(max_factor=Decimal(2), max_amount=Decimal(2)))
    await parts.decide()
    (told,) = await parts.decisions.approve_plan(prefix, "bob")
    assert (told.outcome, told.reason) == (
        "dropped", "what it meets has changed since the plan was made",
    )  # fmt: skip
    said, _ = await refused(parts.decisions.approve(update_id, "bob", plan=prefix))
    assert "has changed since plan" in said
    assert (await state(parts, update_id))[0] == "held"


async def test_a_plan_that_is_unknown_ambiguous_or_old_approves_nothing(parts: Parts) -> None:
    await parts.hold()
    prefix = await save(parts, await parts.plan())
    for one, said in (("abc", "is not the hash of a plan"), ("000000", "unknown plan 000000")):
        assert said in (await refused(parts.decisions.approve_plan(one, "bob")))[0]
    plans = Plans(parts.database, parts.number)
    for end in "ab":
        await plans.save(f"c0ffee{end * 26}", [], {}, "ann", DAY)
    assert "more than one plan" in (await refused(parts.decisions.approve_plan("c0ffee", "b")))[0]
    await parts.move_clock(DAY)
    assert "expired at" in (await refused(parts.decisions.approve_plan(prefix, "bob")))[0]


async def test_a_held_update_that_is_tried_again_is_judged_anew(parts: Parts) -> None:
    update_id = await parts.hold()
    await parts.sql.execute("UPDATE syncd.updates SET repeats = 1, searches = 2")
    assert await parts.decisions.retry(update_id, "bob", "now") == update_id
    update = await parts.update(update_id)
    assert (update["state"], update["reason"]) == ("queued", "by bob: now")
    assert (update["repeats"], update["searches"]) == (0, 0)
    await parts.decide()
    assert (await state(parts, update_id))[0] == "held"


async def test_a_final_update_that_is_tried_again_is_a_new_one(parts: Parts) -> None:
    patch = {DAILY: "60", "budget.monthly": "70"}
    first = await parts.enqueue("a", patch=patch, policy="ours", key="k")
    await parts.settle(await parts.intend(), REJECTED)
    again = await parts.decisions.retry(first, "bob")
    update = await parts.update(again)
    assert (update["retry_of"], update["patch"], update["policy"]) == (first, patch, "ours")
    assert (update["asked_by"], update["request_reason"]) == ("bob", f"retry of update {first}")
    assert (await parts.update(first))["state"] == "rejected"
    said, _ = await refused(parts.decisions.retry(again, "bob"))
    assert said == f"update {again} is queued already"
    batch = await parts.intend()
    assert "is sending" in (await refused(parts.decisions.retry(again, "bob")))[0]
    await parts.settle(batch, APPLIED)
    third = await parts.update(await parts.decisions.retry(again, "bob"))
    assert third["patch"] == patch


async def test_only_what_was_not_applied_is_tried_again(parts: Parts) -> None:
    first = await parts.enqueue("a", patch={DAILY: "60", "budget.monthly": "70"})
    await parts.sql.execute(
        "UPDATE syncd.updates SET state = 'cancelled', settled_at = now(), reason_code = 'x',"
        ' results = \'{"budget.daily": {"outcome": "applied"}}\''
    )
    update = await parts.update(await parts.decisions.retry(first, "bob"))
    assert update["patch"] == {"budget.monthly": "70"}


async def test_a_create_that_made_a_campaign_is_not_tried_again(parts: Parts) -> None:
    await parts.accounts.register([registration(can_create=True)])
    fields = tuple(replace(one, creatable=True) for one in FIELDS)
    await parts.accounts.declare("criteo", "documented", fields)
    update_id = await parts.enqueue(None, patch={"name": "New", DAILY: "5"})
    await parts.settle(await parts.intend(), replace(APPLIED, created_id="z"))
    assert "has made campaign z" in (await refused(parts.decisions.retry(update_id, "bob")))[0]


async def test_a_create_is_tried_again_once_as_long_as_that_may_make_a_campaign(
    parts: Parts,
) -> None:
    await parts.accounts.declare(
        "criteo", "documented", [replace(one, creatable=True) for one in FIELDS]
    )
    await parts.accounts.register([registration(can_create=True)])
    first = await parts.enqueue(None, patch={"name": "Fresh", DAILY: "10"})
    await parts.accounts.cancel(first, "ann")
    second = await parts.decisions.retry(first, "bob")
    said, remedy = await refused(parts.decisions.retry(first, "bob"))
    assert said == f"update {first} was tried again as update {second}, which is queued"
    assert remedy == "another try would make a second campaign"
    await parts.accounts.cancel(second, "ann")
    third = await parts.decisions.retry(second, "bob")
    for tried in (first, second):
        said, _ = await refused(parts.decisions.retry(tried, "bob"))
        assert f"was tried again as update {third}" in said
    made = Verdict(outcome=Outcome.APPLIED, created_id="z")
    await parts.settle(await parts.intend(), made)
    assert "which is applied" in (await refused(parts.decisions.retry(first, "bob")))[0]


async def test_what_went_wrong_is_marked_as_seen_once(parts: Parts) -> None:
    update_id = await parts.enqueue("a", "60")
    said, _ = await refused(parts.decisions.seen(update_id, "bob"))
    assert said == f"update {update_id} is queued; there is nothing to take note of"
    await parts.settle(await parts.intend(), REJECTED)
    assert [one["id"] for one in await parts.reports.inbox()] == [update_id]
    await parts.decisions.seen(update_id, "bob")
    await parts.decisions.seen(update_id, "ann")
    assert (await parts.update(update_id))["seen_by"] == "bob"
    assert await parts.reports.inbox() == []


async def test_pausing_everything_stops_every_account_and_says_who_did_it(parts: Parts) -> None:
    await parts.accounts.register([registration("shop"), registration("other")])
    assert await parts.accounts.pause(None, "ann", "an emergency") == 2
    assert await parts.accounts.pause("shop", "bob") == 0
    await parts.enqueue("a", "60")
    with pytest.raises(IntentRefused, match="paused by ann"):
        await parts.intend()
    causes = [one["cause"] for one in await parts.reports.accounts()]
    assert causes == ["paused by ann: an emergency"] * 2
    assert await parts.accounts.resume("shop", "bob") == 1
    assert await parts.accounts.resume(None, "bob") == 1
    assert "unknown account" in (await refused(parts.accounts.pause("nope", "ann")))[0]
    await parts.intend()
