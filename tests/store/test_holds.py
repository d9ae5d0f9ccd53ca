"""Held updates: why, with which figures and which command, how they leave, and the chain of what
happened to an update."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from syncd.model.guard import Hit, Way
from syncd.model.plan import Mark, UpdatePlan, hold_all
from syncd.model.update import Confirmation, Outcome, Policy, Verdict
from tests.store.parts import SETTLE, Parts, campaign

APPLIED = Verdict(outcome=Outcome.APPLIED)
MONEY = 'write currency = "..." under account shop in the configuration'
DAILY, MONTHLY = "budget.daily", "budget.monthly"


@pytest.fixture
async def parts(parts: Parts) -> Parts:
    """The account after a complete pull of three campaigns."""
    await parts.pull([campaign(one) for one in "abc"])
    return parts


async def shown(parts: Parts, update_id: int) -> Any:
    return (await parts.reports.updates_by_id([update_id]))[0]


async def held_by(parts: Parts, *hits: Hit, patch: dict[str, str] | None = None) -> int:
    """An update that these hits hold."""
    update_id = await parts.enqueue("a", patch=patch or {DAILY: "60"})
    (pending,) = await parts.outbox.due(9, (), [update_id])
    (plan,) = hold_all([pending], hits[0]).updates
    paths = tuple(path.meeting(update_id, hits[1:]) for path in plan.paths)
    await parts.outbox.decide([UpdatePlan(update=pending, paths=paths)])
    return update_id


async def test_a_held_update_keeps_what_it_met_and_what_ends_it(parts: Parts) -> None:
    update_id = await parts.hold()
    row = await shown(parts, update_id)
    (path,) = row["holds"]
    assert path == DAILY
    hold = row["holds"][DAILY]
    assert (len(hold["digest"]), hold["remote"]) == (32, "100")
    figures = {"from": "100", "to": "500", "allowed": "2"}
    assert hold["hits"] == [
        {
            "rule": "factor",
            "way": "approve",
            "figures": figures,
            "message": row["reason"],
            "digest": hold["digest"],
        }
    ], "the item meets nothing else"
    command = f"syncd updates approve {update_id}"
    assert row["command"] == row["waiting_for"]["command"] == command
    assert row["waiting_for"]["text"] == f"a person decides: {row['reason']}; {command}"
    (inbox,) = await parts.reports.inbox("shop")
    assert (inbox["cause"], inbox["code"], inbox["command"]) == ("held", "factor", command)
    assert inbox["figures"] == {DAILY: hold["hits"]}
    assert await parts.reports.inbox("other") == []


@pytest.mark.parametrize(
    ("ways", "command"),
    [
        (["approve"], "syncd updates approve ID"),
        (["approve", "retry"], "mend the cause, then: syncd updates retry ID"),
        (["approve", "cap"],
         ("let the owner raise the cap (syncd db caps list --account shop shows it),"
          " then: syncd updates retry ID")),
        (["itself"], f"{MONEY}; what is held then goes out by itself"),
        (["itself", "approve"], f"{MONEY}; then: syncd updates retry ID"),
    ],
)  # fmt: skip
async def test_the_command_goes_by_the_hardest_way_out(
    parts: Parts, ways: list[str], command: str
) -> None:
    hits = [Hit(code="currency-unknown", message="why", way=Way(one)) for one in ways]
    update_id = await held_by(parts, *hits)
    assert (await shown(parts, update_id))["command"] == command.replace("ID", str(update_id))


async def test_what_recovery_holds_has_a_command_too(parts: Parts) -> None:
    update_id = await held_by(parts, Hit(code="x", message="why"))
    change = "UPDATE syncd.updates SET holds = NULL, reason_code = $1"
    for code, command in (
        ("conflict", f"syncd updates retry {update_id}"),
        ("create_unresolved", f"look at the provider, then: syncd updates cancel {update_id} "),
    ):
        await parts.sql.execute(change, code)
        assert (await shown(parts, update_id))["command"].startswith(command)


UNKNOWN_MONEY = Hit(code="currency-unknown", message="why", way=Way.ITSELF)


async def test_an_unknown_currency_holds_until_it_is_known(parts: Parts) -> None:
    await parts.sql.execute("UPDATE syncd.campaigns SET currency = NULL")
    update_id = await held_by(parts, UNKNOWN_MONEY)
    mixed = await held_by(parts, UNKNOWN_MONEY, Hit(code="factor", message="why"))
    assert await parts.outbox.release() == 0
    await parts.sql.execute("UPDATE syncd.campaigns SET currency = 'EUR'")
    waiting = (await shown(parts, update_id))["waiting_for"]
    assert waiting["text"] == "the cause is gone; the next push queues it again"
    assert await parts.outbox.release() == 1
    states = [(await parts.update(one))["state"] for one in (update_id, mixed)]
    assert states == ["queued", "held"]


async def test_what_a_clock_holds_leaves_when_its_time_has_come(parts: Parts) -> None:
    now = await parts.reports.now()
    until = now + dt.timedelta(hours=1)
    sooner = now + dt.timedelta(minutes=30)
    quiet = Hit(code="quiet_hours", message="quiet", figures={"until": until.isoformat()})
    gap = Hit(code="min_gap", message="gap", figures={"until": sooner.isoformat()})
    update_id = await held_by(parts, quiet, gap)
    assert await parts.outbox.release() == 0
    waits_until = (await shown(parts, update_id))["waiting_for"]["until"]
    assert dt.datetime.fromisoformat(waits_until) == until
    (due,) = await parts.database.rows("push_wanted", parts.number)
    assert 3500 < due["due_in"] <= 3600
    await parts.move_clock(dt.timedelta(minutes=31))
    assert await parts.outbox.release() == 0  # one of the two causes holds on
    await parts.move_clock(dt.timedelta(minutes=29))
    assert await parts.outbox.release() == 1
    assert (await parts.update(update_id))["holds"] is None


async def test_what_somebody_else_put_there_stays_by_policy(parts: Parts) -> None:
    first = await parts.enqueue("a", "60", policy="theirs")
    both = await parts.enqueue("b", patch={DAILY: "60", MONTHLY: "70"}, policy="theirs")
    await parts.pull([campaign("a", "80"), campaign("b", "80"), campaign("c")])
    await parts.decide()
    row = await parts.update(first)
    assert (row["state"], row["reason_code"], row["superseded_by"]) == (
        "superseded", "remote_wins", None,
    )  # fmt: skip
    assert "80 at the provider" in row["reason"]
    batch = await parts.intend()
    assert (await parts.update(both))["state"] == "sending"
    await parts.settle(batch, APPLIED)
    row = await parts.update(both)
    assert (row["state"], row["reason_code"], row["superseded_by"]) == (
        "superseded", "remote_wins", None,
    )  # fmt: skip
    assert (
        row["reason"] == f"in part, what somebody else put there stays; applied before: {MONTHLY}"
    )
    assert row["results"][MONTHLY]["outcome"] == "applied"


async def test_a_winner_is_linked_also_where_a_part_gives_way(parts: Parts) -> None:
    await parts.enqueue("a", patch={DAILY: "60", MONTHLY: "70"}, policy="theirs")
    winner = await parts.enqueue("a", patch={MONTHLY: "90"})
    await parts.pull([campaign("a", "80"), campaign("b"), campaign("c")])
    plan = await parts.plan()
    (loser,) = plan.marked(Mark.SUPERSEDED)
    await parts.intend()
    row = await parts.update(loser.update.id)
    assert (row["state"], row["superseded_by"]) == ("superseded", winner)
    assert row["results"][DAILY]["code"] == "remote_wins"


async def test_policy_approvals_and_awaited_values_come_with_an_update(parts: Parts) -> None:
    first = await parts.enqueue("a", "60")
    await parts.settle(await parts.intend(), Verdict(outcome=Outcome.APPLIED, is_pending=True))
    second = await parts.enqueue("a", "70", policy="ours")
    (pending,) = await parts.outbox.due(9, ())
    assert (pending.id, pending.policy, pending.approved) == (second, Policy.OURS, frozenset())
    assert pending.awaited == {DAILY: "100"}
    assert (await parts.update(first))["confirmation"] == Confirmation.PENDING.value
    held = await parts.hold("b")
    await parts.decisions.approve(held, "bob")
    digest = await parts.sql.fetchval("SELECT digest FROM syncd.approvals")
    assert (await parts.outbox.due(9, ("a",)))[0].approved == {digest}
    await parts.move_clock(dt.timedelta(hours=24))
    assert (await parts.outbox.due(9, ("a",)))[0].approved == frozenset()


async def test_only_the_updates_of_a_plan_are_due_for_it(parts: Parts) -> None:
    old = await parts.enqueue("a", "60")
    new = await parts.enqueue("a", "70")
    other = await parts.enqueue("a", patch={MONTHLY: "9"})
    alone = await parts.enqueue("b", "60")

    async def due(*only: int, campaigns: int = 9) -> list[int]:
        return [one.id for one in await parts.outbox.due(campaigns, (), only)]

    assert await due(alone) == [alone]
    assert await due(old, alone) == [old, alone]
    assert await due(old, new) == [old, new]
    assert await due(other) == [other]
    # The older value of the same path would be sent after the newer one.
    assert await due(new, other, alone) == [alone]
    assert await due(alone, campaigns=1) == [alone]
    assert await due() == []


async def test_the_chain_of_an_update_tells_everything_in_order(parts: Parts) -> None:
    first = await parts.enqueue("a", "60", requester="ann")
    update_id = await parts.hold(requester="ann", reason="a sale")
    await parts.decisions.approve(update_id, "bob", "fine")
    await parts.settle(await parts.intend(), APPLIED)
    await parts.pull([campaign("a", "500"), campaign("b"), campaign("c")])
    again = await parts.decisions.retry(update_id, "ann")
    chain = await parts.reports.chain(update_id)
    assert chain is not None
    told = [(one["was"], one["state"], one["code"], one["by"]) for one in chain.events]
    assert told == [
        (None, "queued", None, "ann"),
        ("queued", "held", "factor", "postgres"),
        ("held", "queued", "approved", "bob"),
        ("queued", "sending", None, "postgres"),
        ("sending", "applied", None, "postgres"),
    ]
    assert chain.events[0]["message"] == "a sale"
    assert chain.events[1]["holds"][DAILY]["hits"][0]["rule"] == "factor"
    assert chain.events[2]["message"] == "by bob: fine"
    (attempt,) = chain.attempts
    assert chain.events[3]["batch_id"] == chain.events[4]["batch_id"] == attempt["batch_id"]
    assert attempt["request"].startswith("PATCH /campaigns")
    assert (attempt["sent"], attempt["remote"]) == ({DAILY: "500"}, {DAILY: "100"})
    assert [(one["approved_by"], one["reason"]) for one in chain.approvals] == [("bob", "fine")]
    assert [(one["old"], one["new"]) for one in chain.history] == [("100", "500")]
    links = {(one["link"], one["id"]) for one in chain.links}
    assert links == {("supersedes", first), ("retried_by", again)}
    assert chain.inbox is None
    assert await parts.reports.chain(999_999) is None
    other = await parts.reports.chain(first)
    assert other is not None
    assert [(one["link"], one["id"]) for one in other.links] == [("superseded_by", update_id)]


async def test_every_state_is_noted_whoever_sets_it(parts: Parts) -> None:
    update_id = await parts.enqueue("a", "60")
    await parts.sql.execute(
        "UPDATE syncd.updates SET state = 'held', reason_code = 'x', reason = 'by hand'"
    )
    await parts.sql.execute("UPDATE syncd.updates SET reason = 'another word'")
    await parts.accounts.cancel(update_id, "bob")
    rows = await parts.sql.fetch("SELECT state, message, by FROM report.update_events ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("queued", None, "postgres"), ("held", "by hand", "postgres"),
        ("cancelled", "by bob", "bob"),
    ]  # fmt: skip


async def test_the_inbox_has_what_a_read_shows_otherwise_and_what_is_unknown(parts: Parts) -> None:
    update_id = await parts.apply("a", "60")
    unknown = await parts.enqueue("b", "60")
    await parts.settle(await parts.intend(), Verdict(outcome=Outcome.UNKNOWN))
    await parts.move_clock(SETTLE)
    await parts.pull([campaign("a", "55"), campaign("b"), campaign("c")])
    assert [row["id"] for row in await parts.reports.inbox()] == [update_id]
    await parts.move_clock(dt.timedelta(minutes=5))
    rows = {row["id"]: row for row in await parts.reports.inbox()}
    different = rows[update_id]
    assert (different["cause"], different["code"]) == ("different", "different")
    assert different["reason"] == "budget.daily is 55 at the provider, asked was 60"
    assert different["figures"] == {DAILY: {"asked": "60", "shown": "55"}}
    assert different["command"] == f"syncd updates seen {update_id}"
    assert rows[unknown]["cause"] == "unknown"
    assert "nothing to do" in rows[unknown]["command"]
    assert [row["count"] for row in (await parts.reports.overview()).differing] == [1]
    assert await parts.reports.inbox_counts(["shop"]) == {"different": 1, "unknown": 1}
    await parts.decisions.seen(update_id, "ann")
    assert [row["id"] for row in await parts.reports.inbox()] == [unknown]
    assert (await parts.reports.overview()).differing == []
    assert await parts.reports.inbox_counts(["other"]) == {}


async def test_what_was_refused_has_its_command_without_being_judged_row_by_row(
    parts: Parts,
) -> None:
    await parts.pull([campaign("a")])
    number = await parts.enqueue("a", "60")
    await parts.settle(await parts.intend(), Verdict(outcome=Outcome.REJECTED, code="x"))
    async with parts.sql.transaction():
        await parts.sql.execute("SET LOCAL track_functions = 'all'")
        for view in ("updates", "inbox"):
            (row,) = await parts.sql.fetch(f"SELECT * FROM report.{view} WHERE id = {number}")
            assert row["command"] == f"syncd updates seen {number}"
        called = await parts.sql.fetch("SELECT funcname FROM pg_stat_xact_user_functions")
        assert "now" in {row["funcname"] for row in called}
        assert "resolving_command" not in {row["funcname"] for row in called}
    await parts.decisions.seen(number, "ann")
    (row,) = await parts.sql.fetch("SELECT command FROM report.updates")
    assert row["command"] is None
