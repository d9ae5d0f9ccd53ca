"""The rules that the database keeps for every role and every door: transitions, final results,
append-only history, money, balanced books, rights."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import asyncpg
import pytest

from syncd.model.run import RunKind
from syncd.model.update import State
from tests.store.parts import Parts, campaign

ROLES = ("postgres", "syncd_owner", "syncd_service")
ALLOWED = {
    "queued": "sending held applied rejected superseded cancelled expired",
    "sending": "applied rejected unknown queued",
    "unknown": "applied queued held expired",
    "held": "queued superseded cancelled expired",
}
EDGES = {(old, new) for old, ends in ALLOWED.items() for new in ends.split()}
WAY = {
    "queued": (),
    "sending": ("sending",),
    "unknown": ("sending", "unknown"),
    "held": ("held",),
    "applied": ("applied",),
    "rejected": ("rejected",),
    "superseded": ("superseded",),
    "cancelled": ("cancelled",),
    "expired": ("expired",),
}
MOVE = """
UPDATE syncd.updates
   SET state = $2::text::syncd.update_state, reason_code = 'test', read_after = now(),
       settled_at = CASE WHEN $2 = ANY ($3::text[]) THEN now() END,
       superseded_by = CASE WHEN $2 = 'superseded' THEN 1 END
 WHERE id = $1
"""
FINAL_NAMES = ["applied", "rejected", "superseded", "cancelled", "expired"]


async def begin(parts: Parts, count: int) -> list[int]:
    """So many queued updates."""
    await parts.pull([campaign("a")])
    rows = await parts.sql.fetch(
        "SELECT syncd.enqueue('shop', 'a', '{\"budget.daily\": 5}') AS id"
        " FROM generate_series(1, $1)",
        count,
    )
    return [row["id"] for row in rows]


async def move(parts: Parts, update_id: int, state: str) -> None:
    await parts.sql.execute(MOVE, update_id, state, FINAL_NAMES)


async def test_exactly_the_designed_transitions_are_possible(parts: Parts) -> None:
    states = [state.value for state in State]
    pairs = [(old, new) for old, new in itertools.product(states, states) if old != new]
    ids = await begin(parts, len(pairs) * len(ROLES))
    for number, role in enumerate(ROLES):
        await parts.sql.execute(f"SET ROLE {role}")
        mine = ids[number * len(pairs) : (number + 1) * len(pairs)]
        assert await possible(parts, list(zip(mine, pairs, strict=True))) == EDGES
    assert len(pairs) - len(EDGES) == 53


async def refusal_of(parts: Parts, update_id: int, state: str) -> asyncpg.PostgresError | None:
    """Try to move an update; the database's refusal, or None."""
    try:
        await move(parts, update_id, state)
    except asyncpg.PostgresError as error:
        return error
    return None


async def possible(
    parts: Parts, cases: Sequence[tuple[int, tuple[str, str]]]
) -> set[tuple[str, str]]:
    """Which of these transitions go through; each is tried with an update of its own."""
    found = set()
    for update_id, (old, new) in cases:
        for step in WAY[old]:
            await move(parts, update_id, step)
        refusal = await refusal_of(parts, update_id, new)
        if refusal is None:
            found.add((old, new))
            continue
        assert refusal.sqlstate == "SY010", (old, new, refusal)
        assert f"update {update_id} cannot go from {old} to {new}" in str(refusal)
        assert refusal.hint
    return found


async def refused_everywhere(parts: Parts, changes: Sequence[str], update_id: int) -> None:
    """Every role is refused each of these changes of an update."""
    for role, change in itertools.product(ROLES, changes):
        await parts.sql.execute(f"SET ROLE {role}")
        with pytest.raises(asyncpg.PostgresError) as refused:
            await parts.sql.execute(f"UPDATE syncd.updates SET {change} WHERE id = $1", update_id)
        # Of what is asked for the service's role may write no column to begin with.
        if role == "syncd_service" and refused.value.sqlstate == "42501":
            continue
        assert refused.value.sqlstate == "SY010", (role, change)
        assert "cannot be changed" in str(refused.value)
    await parts.sql.execute("RESET ROLE")


async def test_a_final_result_cannot_be_changed(parts: Parts) -> None:
    ids = await begin(parts, len(FINAL_NAMES))
    changes = (
        'results = \'{"budget.daily": {"outcome": "applied"}}\'',
        "settled_at = settled_at + interval '1 s'",
        "reason = 'other'",
        "reason_code = NULL",
        "superseded_by = 99",
    )
    for update_id, state in zip(ids, FINAL_NAMES, strict=True):
        await move(parts, update_id, state)
        await refused_everywhere(parts, changes, update_id)


async def test_what_an_update_asks_for_cannot_be_changed(parts: Parts) -> None:
    (update_id,) = await begin(parts, 1)
    changes = (
        'patch = \'{"budget.daily": "6"}\'',
        "external_id = 'b'",
        "id = id + 1",
        "requester = 'other'",
        "key = 'other'",
        "is_create = true",
        "external_id = NULL",
        "created_at = created_at - interval '1 s'",
        "asked_by = 'other'",
        "policy = 'ours'",
        "reference = '{}'",
        'reference_sources = \'{"budget.daily": "requester"}\'',
    )
    await refused_everywhere(parts, changes, update_id)


async def test_an_update_begins_as_queued(parts: Parts) -> None:
    await begin(parts, 1)
    copy = (
        "INSERT INTO syncd.updates SELECT (jsonb_populate_record(u, jsonb_build_object("
        "'id', u.id + 1000, 'state', $1::text))).* FROM syncd.updates u"
    )
    for role, state in itertools.product(ROLES, State):
        await parts.sql.execute(f"SET ROLE {role}")
        if state is State.QUEUED:
            continue
        with pytest.raises(asyncpg.PostgresError) as refused:
            await parts.sql.execute(copy, state.value)
        # The service's role comes in by syncd.enqueue alone.
        assert refused.value.sqlstate == ("42501" if role == "syncd_service" else "SY010")


async def history(parts: Parts) -> None:
    """One row at least in every table that keeps history."""
    await parts.pull([campaign("a")])
    await parts.pull([campaign("a", "120")])
    await parts.apply("a", "50")


async def test_history_is_never_edited(parts: Parts) -> None:
    await history(parts)
    statements = (
        "DELETE FROM syncd.updates",
        "DELETE FROM syncd.attempts",
        "DELETE FROM syncd.field_changes",
        "UPDATE syncd.field_changes SET new = 'x'",
        "UPDATE syncd.campaign_versions SET name = 'x' WHERE valid_to IS NOT NULL",
        "UPDATE syncd.campaign_versions SET valid_to = NULL WHERE valid_to IS NOT NULL",
        "UPDATE syncd.attempts SET outcome = 'rejected'",
        "UPDATE syncd.attempts SET outcome = NULL",
        "DELETE FROM syncd.campaign_versions",
        "TRUNCATE syncd.update_events",
        "TRUNCATE syncd.approvals",
        "TRUNCATE syncd.field_changes",
        "TRUNCATE syncd.plans",
        "TRUNCATE syncd.campaign_versions",
        "TRUNCATE syncd.attempts",
        "TRUNCATE syncd.updates CASCADE",
        "TRUNCATE syncd.batches CASCADE",
    )
    await parts.pull([])
    await parts.accounts.confirm_gone("shop", "a", "ann")
    for role, statement in itertools.product(ROLES, statements):
        await parts.sql.execute(f"SET ROLE {role}")
        with pytest.raises(asyncpg.PostgresError) as refused:
            await parts.sql.execute(statement)
        # The service has no right to delete to begin with; everybody else meets the trigger.
        assert refused.value.sqlstate == "SY011" or (
            role == "syncd_service" and refused.value.sqlstate == "42501"
        ), statement


async def test_money_is_finite_and_not_negative(parts: Parts) -> None:
    ask = "SELECT $1::text::numeric::syncd.money::text"
    for amount in ("NaN", "Infinity", "-Infinity", "-1", "-0.000001", "100000000000000"):
        with pytest.raises(asyncpg.PostgresError):
            await parts.sql.fetchval(ask, amount)
    for amount in ("0.000000", "0.000001", "99999999999999.999999"):
        assert await parts.sql.fetchval(ask, amount) == amount


BALANCED = {
    "pull": '{"seen": 6, "new": 1, "changed": 1, "moved": 1, "unchanged": 1, "skipped": 1,'
    ' "bad": 1}',
    "push": '{"claimed": 8, "applied": 1, "rejected": 1, "unknown": 1, "held": 1, "superseded": 1,'
    ' "expired": 1, "cancelled": 1, "queued": 1}',
    "recover": '{"found": 5, "applied": 1, "queued": 1, "held": 1, "expired": 1, "waiting": 1}',
}
CLOSE = "UPDATE syncd.runs SET outcome = 'ok', ended_at = now(), counts = $2 WHERE id = $1"


async def test_a_run_closes_with_books_that_balance_and_with_no_others(parts: Parts) -> None:
    for kind, good in BALANCED.items():
        run_id = await parts.runs.open(RunKind(kind), "test")
        counts = json.loads(good)
        total = next(iter(counts))
        wrong = [counts | {total: counts[total] + 1}, {"other": 1}, {total: 5}, {}]
        wrong += [{name: n for name, n in counts.items() if name != left} for left in counts]
        for one in wrong:
            with pytest.raises(asyncpg.CheckViolationError):
                await parts.sql.execute(CLOSE, run_id, json.dumps(one))
        await parts.sql.execute(CLOSE, run_id, good)


async def test_the_clock_moves_everything_that_is_stored_except_leases(parts: Parts) -> None:
    await parts.sql.execute("UPDATE syncd.clock SET shift = '1 day'")
    ahead = await parts.sql.fetchval("SELECT syncd.now() - clock_timestamp()")
    assert 86_399 < ahead.total_seconds() <= 86_400
    await parts.pull([campaign("a")])
    stamps = await parts.sql.fetch("SELECT first_seen_at - now() AS ahead FROM syncd.campaigns")
    assert stamps[0]["ahead"].total_seconds() > 86_000
    await parts.lease.renew()


async def test_the_clock_has_one_row_only(parts: Parts) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await parts.sql.execute("INSERT INTO syncd.clock DEFAULT VALUES")


async def heard(parts: Parts, channel: str, act: Sequence[str]) -> list[str]:
    """What arrives on a channel when these statements run in one transaction each."""
    payloads: list[str] = []
    listener = await asyncpg.connect(parts.url)
    try:
        await listener.add_listener(channel, lambda *event: payloads.append(str(event[3])))
        for statement in act:
            await parts.sql.execute(statement)
        await parts.sql.execute(f"NOTIFY {channel}, 'end'")
        while "end" not in payloads:
            await listener.fetchval("SELECT 1")
    finally:
        await listener.close()
    return [payload for payload in payloads if payload != "end"]


async def test_one_statement_wakes_each_of_its_accounts_once(parts: Parts) -> None:
    await begin(parts, 1)
    copy = (
        "INSERT INTO syncd.updates SELECT (jsonb_populate_record(u, jsonb_build_object("
        "'id', u.id + 1000 + n,"
        " 'created_at', now()))).* FROM syncd.updates u, generate_series(1, 50) n"
    )
    payloads = await heard(parts, "syncd_updates", [copy])
    assert payloads == [str(parts.number)]


async def test_each_enqueue_wakes_its_account(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    act = "SELECT syncd.enqueue('shop', 'a', '{\"budget.daily\": 7}')"
    assert await heard(parts, "syncd_updates", [act, act]) == [str(parts.number)] * 2


async def test_a_refused_update_wakes_nobody(parts: Parts) -> None:
    act = (
        "DO $$ BEGIN PERFORM syncd.enqueue('shop', 'a', '{}');"
        " EXCEPTION WHEN OTHERS THEN NULL; END $$"
    )
    assert await heard(parts, "syncd_updates", [act]) == []
