"""A pause and an intent at the same moment: whoever pauses waits for the intents that have begun,
so that none is committed once the pause is there, and none begins after it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import asyncpg
import pytest

from syncd.errors import DatabaseUnavailable, IntentRefused
from syncd.model.run import RunKind
from tests.store.parts import BODY, Parts, campaign
from tests.waiting import eventually


async def test_a_pause_returns_only_after_the_intents_that_had_begun(parts: Parts) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    await parts.enqueue("a", "50")
    await parts.enqueue("b", "50")
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    plan = await parts.plan()
    begun, late = [await parts.batch(run_id, plan, [one]) for one in ("a", "b")]
    owner = await asyncpg.connect(parts.url)
    async with owner.transaction():
        # The intent has asked whether the account is paused, and stands before writing anything.
        await owner.execute("LOCK TABLE syncd.batches IN SHARE MODE")
        intending = asyncio.ensure_future(parts.outbox.intend(begun, BODY))
        await eventually(lambda: parts.is_waiting(1))
        pausing = asyncio.ensure_future(paused(parts))
        await eventually(lambda: parts.is_waiting(2))
    await owner.close()
    await asyncio.gather(intending, pausing)
    assert await parts.sql.fetchval("SELECT array_agg(id) FROM syncd.batches") == [begun.id]
    with pytest.raises(IntentRefused) as refused:
        await parts.outbox.intend(late, BODY)
    assert refused.value.code == "paused"
    assert await parts.sql.fetchval("SELECT array_agg(id) FROM syncd.batches") == [begun.id]


async def paused(parts: Parts) -> None:
    """As any SQL client may, on a connection of its own."""
    async with parts.database.session() as session:
        await session.ask("UPDATE syncd.accounts SET paused_at = now()")


@pytest.mark.soak
async def test_a_pause_does_not_wait_for_somebody_who_is_frozen_in_an_intent(parts: Parts) -> None:
    """Nothing more is heard of a process that holds the account, and its lease; it finds out that
    nothing was committed."""
    async with AsyncExitStack() as frozen:
        session = await frozen.enter_async_context(parts.database.transaction())
        await session.run("intent_lease", parts.number, parts.lease.epoch)
        await session.run("intent_gate", parts.number)
        owner = await asyncpg.connect(parts.url)
        async with asyncio.timeout(30):
            assert await owner.fetchval("SELECT syncd.pause()") == 1
        await owner.close()
        with pytest.raises(DatabaseUnavailable):
            await frozen.aclose()
