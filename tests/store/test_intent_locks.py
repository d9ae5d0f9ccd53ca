"""Intents, pulls and reads of one account at the same time: every one of them ends, and none loses
what another wrote."""

from __future__ import annotations

import asyncio
import datetime as dt

from syncd.model.run import RunKind
from syncd.model.update import Outcome, State, Verdict
from tests.store.parts import BODY, COMPLETE, Parts, campaign
from tests.waiting import eventually

APPLIED = Verdict(outcome=Outcome.APPLIED)


async def test_four_calls_of_one_account_are_intended_at_the_same_time(parts: Parts) -> None:
    ids = [f"c{number:02}" for number in range(40)]
    await parts.pull([campaign(one) for one in ids])
    for one in ids:
        await parts.enqueue(one, "50")
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    plan = await parts.plan()
    for start in range(0, 40, 4):
        batches = [await parts.batch(run_id, plan, [one]) for one in ids[start : start + 4]]
        await asyncio.gather(*(parts.outbox.intend(batch, BODY) for batch in batches))
        await asyncio.gather(*(parts.settle(batch, APPLIED) for batch in batches))
    assert (
        await parts.sql.fetchval("SELECT count(*) FROM syncd.updates WHERE state = 'applied'") == 40
    )
    newest = await parts.sql.fetchval("SELECT max(id) FROM syncd.batches")
    assert await parts.sql.fetchval("SELECT last_batch FROM syncd.accounts") == newest


async def test_a_pull_that_ends_and_an_intent_that_begins_wait_for_each_other_only_once(
    parts: Parts,
) -> None:
    ids = [f"c{number:02}" for number in range(20)]
    await parts.pull([campaign(one) for one in ids])
    for round_ in range(10):
        await parts.enqueue("c10", f"{50 + round_}")
        run_id, sighting = await parts.see([campaign(one, f"{200 + round_}") for one in ids])
        batch = await parts.batch(await parts.runs.open(RunKind.PUSH, "test"), await parts.plan())
        await asyncio.gather(sighting.close(COMPLETE, ()), parts.outbox.intend(batch, BODY))
        await parts.settle(batch, APPLIED)
        assert (
            await parts.sql.fetchval(
                "SELECT last_batch FROM syncd.campaigns WHERE external_id = 'c10'"
            )
            == batch.id
        )
        assert (await parts.row("syncd.runs", run_id))["outcome"] == "ok"


async def test_a_missing_campaign_and_its_intent_do_not_block_each_other_for_ever(
    parts: Parts,
) -> None:
    """The pull holds "b" and wants to mark "a"; the intent holds "a" and wants "b"."""
    await parts.pull([campaign("a"), campaign("b")])
    await parts.enqueue("a", "50")
    await parts.enqueue("b", "50")
    batch = await parts.batch(await parts.runs.open(RunKind.PUSH, "test"), await parts.plan())
    _, sighting = await parts.see([campaign("b", "200")])
    async with parts.database.transaction() as session:
        # Somebody holds "b" until both stand in line: the intent has "a" by then.
        await session.ask("SELECT FROM syncd.campaigns WHERE external_id = 'b' FOR UPDATE")
        closing = asyncio.ensure_future(sighting.close(COMPLETE, ["a"]))
        intending = asyncio.ensure_future(parts.outbox.intend(batch, BODY))
        await eventually(lambda: parts.is_waiting(2))
    await asyncio.gather(closing, intending)
    missing = await parts.sql.fetchval(
        "SELECT missing_since FROM syncd.campaigns WHERE external_id = 'a'"
    )
    assert missing is None or isinstance(missing, dt.datetime)


async def test_an_update_that_was_intended_during_a_pull_keeps_its_campaign_out_of_that_pull(
    parts: Parts,
) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    _, sighting = await parts.see([campaign("a", "200"), campaign("b", "200")])
    await parts.enqueue("a", "50")
    batch = await parts.intend()
    await parts.settle(batch, APPLIED)
    counts = await sighting.close(COMPLETE, ())
    assert (counts["changed"], counts["skipped"]) == (1, 1)
    rows = await parts.mirror.values(["a", "b"])
    assert {one: values["budget.daily"] for one, values in rows.items()} == {"a": "100", "b": "200"}
    assert (await parts.update(batch.updates[0].update.id))["state"] == State.APPLIED
