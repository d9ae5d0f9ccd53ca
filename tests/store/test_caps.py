"""The owner's caps: no attempt above one is recorded, whoever writes it, so nothing above one is
sent."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from syncd.errors import IntentRefused
from syncd.model.guard import Rules
from syncd.model.path import Field, Kind
from syncd.model.run import RunKind
from tests.store.parts import BODY, FIELDS, Parts, campaign, registration

DAILY, MONTHLY = "budget.daily", "budget.monthly"
INSERT = """
WITH batch AS (
    INSERT INTO syncd.batches (account_id, id, run_id, operation, items, body_sha256, epoch,
                               sent_at)
    VALUES ($1, nextval('syncd.ids'), $2, 'PATCH', '[]', sha256('x'), 1, syncd.now()) RETURNING id)
INSERT INTO syncd.attempts (account_id, batch_id, update_id, external_id, sent, remote)
SELECT $1, batch.id, u.id, u.external_id, d.sent, d.remote
  FROM batch, jsonb_to_recordset($3) AS d(n int, sent jsonb, remote jsonb)
  JOIN (SELECT row_number() OVER (ORDER BY id) AS n, * FROM syncd.updates) u ON u.n = d.n
"""
Values = dict[str, Any]


@pytest.fixture
async def parts(parts: Parts) -> Parts:
    """Six campaigns, with an update of each; that of the last is of the first one as well."""
    await parts.pull([campaign(one) for one in "abcdef"])
    for one in "abcdea":
        await parts.enqueue(one, "101")
    return parts


async def attempt(parts: Parts, *sent: tuple[Values, Values]) -> None:
    """Write attempts as anybody might, one for each update in its order."""
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    rows = [{"n": n, "sent": one, "remote": was} for n, (one, was) in enumerate(sent, start=1)]
    await parts.sql.execute(INSERT, parts.number, run_id, json.dumps(rows))


async def refused(parts: Parts, *sent: tuple[Values, Values]) -> str:
    before = await parts.sql.fetchval("SELECT count(*) FROM syncd.attempts")
    with pytest.raises(asyncpg.PostgresError) as said:
        await attempt(parts, *sent)
    assert said.value.sqlstate == "SY005"
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.attempts") == before
    return str(said.value).partition("\n")[0]


NOTHING: tuple[Values, Values] = ({}, {})


CASES: list[tuple[Values, str | None, str | None, str]] = [
    ({"max_amount": 100}, "100", "90", "within"),
    ({"max_amount": 100}, "100.01", "90", "above"),
    ({"max_amount": 100}, "100.01", "500", "above"),
    ({"max_amount": 100}, "unlimited", "90", "above"),
    ({"max_amount": 100}, None, "90", "within"),
    ({"max_factor": 2}, "200", "100", "within"),
    ({"max_factor": 2}, "200.01", "100", "above"),
    ({"max_factor": 2}, "0.01", "0", "above"),
    ({"max_factor": 2}, "0", "0", "within"),
    ({"max_factor": 2}, "900", "unlimited", "within"),
    ({"max_factor": 2}, "900", None, "within"),
    ({"max_increase": 50}, "150", "100", "within"),
    ({"max_increase": 50}, "150.01", "100", "above"),
    ({"max_increase": 50}, "40", "unlimited", "within"),
    ({"max_increase": 50}, "50.01", None, "above"),
    ({"activations": 0}, "900", "1", "within"),
    # What has no limit any more has risen by more than anything.
    ({"max_factor": 2}, "unlimited", "100", "above"),
    ({"max_factor": 2}, "unlimited", None, "within"),
    ({"max_increase": 50}, "unlimited", "100", "above"),
    ({"max_increase": 50}, "unlimited", None, "within"),
    ({"max_amount": 100}, "1e3", "90", "no amount"),
    ({"max_factor": 2}, "NaN", "90", "no amount"),
]


async def test_an_amount_above_a_cap_is_no_attempt(parts: Parts) -> None:
    for cap, sent, remote, fate in CASES:
        transaction = parts.sql.transaction()
        await transaction.start()
        await parts.cap("*", **cap)
        told = await fate_of(parts, sent, remote)
        assert told == fate, (cap, sent, remote, told)
        await transaction.rollback()


async def fate_of(parts: Parts, sent: str | None, remote: str | None) -> str:
    """What becomes of an attempt to change the daily budget."""
    try:
        async with parts.sql.transaction():
            await attempt(parts, ({DAILY: sent}, {DAILY: remote}))
    except asyncpg.PostgresError as refused:
        words = "no amount" if "no amount that" in str(refused) else "above"
        return words if "the owner's cap" in str(refused) else str(refused)
    return "within"


async def test_a_cap_of_the_path_itself_comes_before_the_one_for_all(parts: Parts) -> None:
    await parts.cap("*", max_amount=100, max_factor=2)
    await parts.cap(MONTHLY, max_amount=3000)
    await attempt(parts, ({MONTHLY: "3000"}, {MONTHLY: "2000"}))
    assert "above the owner's cap, 3000" in await refused(parts, ({MONTHLY: "3001"}, {}))
    assert "2 times" in await refused(parts, ({MONTHLY: "300"}, {MONTHLY: "100"}))
    await attempt(parts, ({"native.goal": "99999", "name": "101"}, {}))


async def test_a_change_of_the_period_may_lift_the_other_limit(parts: Parts) -> None:
    await parts.cap("*", max_amount=100)
    await attempt(parts, ({DAILY: "unlimited", MONTHLY: "90"}, {DAILY: "5"}))
    halves = [({DAILY: "unlimited"}, {DAILY: "5"}), *[NOTHING] * 4, ({MONTHLY: "90"}, {})]
    await attempt(parts, *halves)
    other = [({DAILY: "unlimited"}, {DAILY: "5"}), ({MONTHLY: "90"}, {})]
    assert '"unlimited" is above' in await refused(parts, *other)


async def test_one_of_two_limits_side_by_side_does_not_stand_for_the_other(parts: Parts) -> None:
    await parts.cap("*", max_amount=9000)
    beside: Values = {DAILY: "5", MONTHLY: "90"}
    assert '"unlimited" is above' in await refused(
        parts, ({DAILY: "6", MONTHLY: "unlimited"}, beside)
    )
    halves = [({MONTHLY: "unlimited"}, {MONTHLY: "90"}), *[NOTHING] * 4, ({DAILY: "6"}, beside)]
    assert '"unlimited" is above' in await refused(parts, *halves)


async def test_a_limit_of_another_campaign_stands_for_none_whatever_a_row_claims(
    parts: Parts,
) -> None:
    await parts.cap("*", max_amount=100)
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    halves = [({DAILY: "unlimited"}, {DAILY: "5"}), ({MONTHLY: "90"}, {})]
    rows = [{"n": n, "sent": one, "remote": was} for n, (one, was) in enumerate(halves, start=1)]
    claimed = INSERT.replace("u.external_id", "'a'")
    with pytest.raises(asyncpg.PostgresError, match='"unlimited" is above'):
        await parts.sql.execute(claimed, parts.number, run_id, json.dumps(rows))


async def test_a_cap_that_nothing_would_meet_is_refused(parts: Parts) -> None:
    for path in (
        "budget.",
        "budget.*.x",
        "*.daily",
        ".*",
        "budget*",
        "Budget daily",
        " budget.daily",
    ):
        with pytest.raises(asyncpg.CheckViolationError, match="path_or_stem"):
            await parts.cap(path, max_amount=5)
    await parts.cap('price.country."a b"', max_amount=5)


async def test_a_stem_stands_for_every_key_there_and_the_narrowest_holds(parts: Parts) -> None:
    await parts.cap("*", max_amount=1000, max_factor=9)
    await parts.cap("price.*", max_amount=10)
    await parts.cap("price.country.*", max_amount=20, max_factor=2)
    await parts.cap("price.country.U", max_amount=30)
    shown = {"price.country.U": "5", "price.country.UK": "10"}
    within = {"price.country.U": "10", "price.country.UK": "20", "price.action.x": "10"}
    await attempt(parts, (within, shown))
    for path, value, cap in (
        ("price.country.UK", "20.1", "20"),
        ("price.country.U", "30.1", "30"),
        ("price.country.U", "11", "2 times"),
        ("price.action.x", "11", "10"),
        ("price.countryside", "11", "10"),
        (DAILY, "1001", "1000"),
    ):
        assert cap in await refused(parts, ({path: value}, shown)), path
    rules = Rules(caps=await parts.records.caps())
    for path, most in (("price.country.UK", 20), ("price.country.U", 30), ("price.action.x", 10)):
        assert rules.cap(path).max_amount == most


async def test_starts_are_counted_over_an_hour_whoever_made_them(parts: Parts) -> None:
    await parts.cap("*", activations=2)
    start = ({"status": "active"}, {"status": "paused"})
    assert await refused(parts, start, start, start) == (
        "it would be start 3 within an hour; the owner's cap is 2"
    )
    await attempt(parts, start, NOTHING, start, ({"status": "active"}, {"status": "active"}))
    await attempt(parts, ({"status": "paused"}, {"status": "active"}))
    assert "it would be start 3" in await refused(parts, start)
    await parts.sql.execute("UPDATE syncd.attempts SET outcome = 'rejected' WHERE update_id IN"
                            " (SELECT min(update_id) FROM syncd.attempts)")  # fmt: skip
    await attempt(parts, start)
    assert "it would be start 3" in await refused(parts, start)
    await parts.move_clock(dt.timedelta(hours=1))
    await attempt(parts, start, start)


async def test_an_hour_is_any_sixty_minutes(parts: Parts) -> None:
    """By no hour of the clock: each start makes room again an hour after it was sent."""
    await parts.cap("*", activations=2, max_increase=50)
    start = ({"status": "active", DAILY: "120"}, {"status": "paused", DAILY: "100"})
    told = "it would be start 3 within an hour; the owner's cap is 2"

    async def after(minutes: int) -> None:
        await parts.move_clock(dt.timedelta(minutes=minutes))

    await attempt(parts, start)
    await after(40)
    await attempt(parts, start)
    await after(19)
    assert await refused(parts, start) == told
    recent = await parts.records.recent(60)
    assert (recent.activations, recent.hour_activations) == (0, 2)
    assert not recent.increases
    assert recent.hour_increases == {"EUR": Decimal(40)}
    await after(1)
    await attempt(parts, start)
    assert await refused(parts, start) == told
    await after(39)
    assert await refused(parts, start) == told
    await after(1)
    await attempt(parts, start)


async def test_a_call_counts_from_when_it_is_written_whatever_time_it_claims(parts: Parts) -> None:
    await parts.cap("*", activations=1)
    start = ({"status": "active"}, {"status": "paused"})
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    await parts.sql.execute("SET ROLE syncd_service")
    for age in ("2 hours", "-2 hours"):
        statement = INSERT.replace("syncd.now()) R", f"syncd.now() - interval '{age}') R")
        rows = json.dumps([{"n": 1, "sent": start[0], "remote": start[1]}])
        await parts.sql.execute(statement, parts.number, run_id, rows)
        with pytest.raises(asyncpg.PostgresError, match="it would be start 2"):
            await parts.sql.execute(statement, parts.number, run_id, rows)
        await parts.sql.execute("RESET ROLE")
        await parts.move_clock(dt.timedelta(hours=1))
        await parts.sql.execute("SET ROLE syncd_service")


async def test_a_call_that_was_begun_long_ago_counts_from_now(parts: Parts) -> None:
    """An empty batch, left lying until it is out of the window, is none to hide starts in."""
    await parts.cap("*", activations=1)
    await parts.sql.execute("SET ROLE syncd_service")
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    empty = INSERT[: INSERT.index("RETURNING")].replace("WITH batch AS (", "")
    late = "INSERT INTO syncd.attempts (account_id, batch_id, update_id, external_id, sent, remote)"
    late += """ SELECT u.account_id, $1, u.id, u.external_id, '{"status": "active"}', '{}'"""
    late += " FROM syncd.updates u ORDER BY u.id LIMIT 1"
    for _ in range(2):
        await parts.sql.execute(empty, parts.number, run_id)
    await parts.sql.execute("RESET ROLE")
    await parts.move_clock(dt.timedelta(hours=2))
    await parts.sql.execute("SET ROLE syncd_service")
    one, other = [row["id"] for row in await parts.sql.fetch("SELECT id FROM syncd.batches")]
    await parts.sql.execute(late, one)
    with pytest.raises(asyncpg.PostgresError, match="it would be start 2"):
        await parts.sql.execute(late, other)


async def test_nobody_counts_by_what_he_saw_before_another_sent(parts: Parts) -> None:
    await parts.cap("*", activations=1)
    start = ({"status": "active"}, {"status": "paused"})
    rows = json.dumps([{"n": 1, "sent": start[0], "remote": start[1]}])
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    beside = await asyncpg.connect(parts.url)
    try:
        await beside.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM syncd.attempts")
        await attempt(parts, start)
        with pytest.raises(asyncpg.SerializationError):
            await beside.execute(INSERT, parts.number, run_id, rows)
    finally:
        await beside.close()


async def test_rises_are_counted_by_currency(parts: Parts) -> None:
    await parts.cap("*", max_increase=50)
    rise = ({DAILY: "130"}, {DAILY: "100"})
    await attempt(parts, rise)
    assert await refused(parts, NOTHING, rise) == (
        "budgets would rise by 60 EUR within an hour; the owner's cap is 50"
    )
    await parts.sql.execute("UPDATE syncd.campaigns SET currency = 'USD' WHERE external_id = 'b'")
    await attempt(parts, NOTHING, rise)
    await attempt(parts, ({DAILY: "10"}, {DAILY: "100"}))


async def test_caps_are_of_one_account(parts: Parts) -> None:
    numbers = await parts.accounts.register([registration("shop"), registration("other")])
    await parts.sql.execute(
        "INSERT INTO syncd.caps (account_id, path, max_amount) VALUES ($1, '*', 1)",
        numbers["other"],
    )
    await attempt(parts, ({DAILY: "900"}, {DAILY: "1"}))
    assert (await parts.records.caps()) == {}


async def test_what_is_counted_is_counted_for_all_paths(parts: Parts) -> None:
    for figures in ({"activations": 1}, {"max_increase": 5}, {}):
        with pytest.raises(asyncpg.CheckViolationError):
            await parts.cap(DAILY, **figures)


async def test_a_cap_that_is_set_between_plan_and_intent_stops_the_call(parts: Parts) -> None:
    parts.rules = Rules(fields=FIELDS)
    plan = await parts.plan()
    batch = await parts.batch(await parts.runs.open(RunKind.PUSH, "test"), plan)
    await parts.cap("*", max_amount=100)
    with pytest.raises(IntentRefused, match="101 is above the owner's cap, 100") as said:
        await parts.outbox.intend(batch, BODY)
    assert said.value.code == "changed"
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.batches") == 0
    held = [path.code for one in (await parts.plan()).updates for path in one.paths]
    assert held == ["cap-amount"] * 6


async def test_what_was_sent_cannot_be_rewritten(parts: Parts) -> None:
    await parts.intend()
    for role in ("postgres", "syncd_owner", "syncd_service"):
        await parts.sql.execute(f"SET ROLE {role}")
        for change in ("sent = '{}'", "remote = '{}'", "external_id = 'z'"):
            with pytest.raises(asyncpg.PostgresError, match=r"cannot be changed|permission denied"):
                await parts.sql.execute(f"UPDATE syncd.attempts SET {change}")


async def test_the_service_cannot_move_a_call_out_of_the_window(parts: Parts) -> None:
    await parts.intend()
    await parts.sql.execute("SET ROLE syncd_service")
    for change in ("sent_at = 'epoch'", "body_sha256 = sha256('y')", "request = 'x'", "epoch = 0"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await parts.sql.execute(f"UPDATE syncd.batches SET {change}")


async def test_money_is_capped_whatever_kind_the_service_calls_it(parts: Parts) -> None:
    await parts.cap("*", max_amount=100)
    prices = ("price.amount", "price.country.UK", "price.action.x")
    await parts.accounts.declare(
        "criteo", "documented",
        [*FIELDS, *(Field(path=one, kind=Kind.TEXT) for one in (*prices, "price.type"))],
    )  # fmt: skip
    await parts.sql.execute("SET ROLE syncd_service")
    await parts.sql.execute("UPDATE syncd.fields SET kind = 'text' WHERE path = $1", DAILY)
    for path in (DAILY, *prices):
        assert "above the owner's cap" in await refused(parts, ({path: "101"}, {path: "90"}))
        assert "is no amount that" in await refused(parts, ({path: "1e9"}, {path: "90"}))
        await attempt(parts, ({path: None}, {path: "90"}))
    await attempt(parts, ({"price.type": "900"}, {}))
    await parts.sql.execute("RESET ROLE")
    await parts.cap("price.*", max_amount=100)
    await attempt(parts, ({"price.type": "900"}, {}))
    await parts.cap("price.type", max_amount=100)
    assert "above the owner's cap" in await refused(parts, ({"price.type": "900"}, {}))


async def test_a_create_without_a_budget_is_capped_where_the_owner_names_one(parts: Parts) -> None:
    """That there are budgets to be given is what `syncd.fields` says, and the service writes it."""
    await parts.cap("budget.*", max_amount=100)
    await parts.accounts.register([registration(can_create=True)])
    await parts.accounts.declare(
        "criteo", "documented", [replace(one, creatable=True) for one in FIELDS]
    )
    number = await parts.enqueue(None, patch={"name": "New", DAILY: "5"})
    await parts.sql.execute("SET ROLE syncd_service")
    await parts.sql.execute("DELETE FROM syncd.fields")
    rows = json.dumps([{"n": 7, "sent": {"name": "New"}, "remote": {}}])
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    for claimed in ("u.external_id", "'a'"):
        statement = INSERT.replace("u.external_id", claimed)
        with pytest.raises(asyncpg.PostgresError, match="no budget is given"):
            await parts.sql.execute(statement, parts.number, run_id, rows)
    assert (await parts.update(number))["state"] == "queued"
