"""The mirror while others work: pages that are stale, open attempts, reads by id, readers of every
kind and owners that follow each other."""

from __future__ import annotations

import asyncio
import datetime as dt

import asyncpg
import pytest

from syncd.model.listing import BadRow
from syncd.model.run import RunKind
from syncd.model.update import Outcome, Verdict
from syncd.store.leases import take_lease
from tests.store.parts import COMPLETE, SETTLE, Parts, bound, campaign, opened
from tests.store.test_mirror import changes, counted, history_is_whole


async def test_a_page_that_left_before_a_write_is_stale_for_its_campaigns_only(
    parts: Parts,
) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    run_id = await parts.runs.open(RunKind.PULL, "test")
    marker = await parts.mirror.mark()
    await parts.apply("a", "50")
    sighting = parts.mirror.sighting(run_id)
    await sighting.see([campaign("a", "90"), campaign("b", "90")], (), marker)
    assert await sighting.close(COMPLETE, ()) == counted(seen=2, changed=1, skipped=1)
    values = await parts.mirror.values(["a", "b"])
    assert [values[one]["budget.daily"] for one in "ab"] == ["100", "90"]
    assert await parts.pull([campaign("a", "50"), campaign("b", "90")]) == counted(
        seen=2, changed=1, unchanged=1
    )


@pytest.mark.parametrize("outcome", [None, Outcome.UNKNOWN])
async def test_a_campaign_with_an_open_attempt_is_left_alone(
    parts: Parts, outcome: Outcome | None
) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    await parts.enqueue("a", "50")
    batch = await parts.intend()
    if outcome is not None:
        await parts.settle(batch, Verdict(outcome=outcome))
    assert await parts.pull([campaign("a", "50"), campaign("b", "50")]) == counted(
        seen=2, changed=1, skipped=1
    )
    assert (await parts.mirror.values(["a"]))["a"]["budget.daily"] == "100"


async def test_a_campaign_that_was_written_since_the_first_page_is_not_marked_missing(
    parts: Parts,
) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    _, sighting = await parts.see([campaign("b")])
    await parts.apply("a", "50")
    await sighting.close(COMPLETE, ["a"])
    assert (
        await parts.sql.fetchval(
            "SELECT count(*) FROM syncd.campaigns WHERE missing_since IS NOT NULL"
        )
        == 0
    )


async def test_our_own_value_comes_back_as_ours_and_confirms_the_update(parts: Parts) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    update_id = await parts.apply("a", "50")
    await parts.pull([campaign("a", "50", name="Other"), campaign("b", "50")])
    rows = await parts.sql.fetch(
        "SELECT external_id, path, origin, update_id FROM syncd.field_changes ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        ("a", "budget.daily", "update", update_id),
        ("a", "name", "provider", None),
        ("b", "budget.daily", "provider", None),
    ]
    update = await parts.update(update_id)
    assert update["confirmation"] == "confirmed"
    assert update["confirmed_at"] is not None
    await parts.pull([campaign("a", "100", name="Other"), campaign("b", "50")])
    await parts.pull([campaign("a", "50", name="Other"), campaign("b", "50")])
    assert [row[4] for row in await changes(parts)][3:] == ["provider", "provider"]


async def test_a_read_by_id_changes_the_mirror_and_confirms(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    update_id = await parts.apply("a", "50")
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    await parts.mirror.absorb(run_id, [campaign("a", "50")], await parts.mirror.mark())
    assert (await parts.update(update_id))["confirmation"] == "confirmed"
    assert await changes(parts) == [("a", "budget.daily", "100", "50", "update")]
    await history_is_whole(parts)


async def test_a_read_by_id_that_shows_the_same_is_a_read_save_after_a_call_of_ours(
    parts: Parts,
) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    run_id = await parts.runs.open(RunKind.PUSH, "test")

    async def read(*ids: str) -> set[str]:
        """Which of them count as read within the last minute, an hour after what was before."""
        await parts.move_clock(dt.timedelta(hours=1))
        same = [campaign(one) for one in ids]
        await parts.mirror.absorb(run_id, same, await parts.mirror.mark())
        return set(await parts.mirror.recent(["a", "b"], 60))

    assert await read("a") == {"a"}
    assert await changes(parts) == []
    await parts.apply("a", "50")
    # It may lag behind the write, and still show what was there before it.
    assert await read("a", "b") == {"b"}


async def test_a_read_during_a_pull_keeps_the_versions_in_order(parts: Parts) -> None:
    """The pull began first, a push read the campaign, then its page shows a third value."""
    await parts.pull([campaign("a"), campaign("b")])
    _, sighting = await parts.see([campaign("b")])
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    await parts.mirror.absorb(run_id, [campaign("a", "70")], await parts.mirror.mark())
    await sighting.see([campaign("a", "80")], (), await parts.mirror.mark())
    await sighting.close(COMPLETE, ())
    assert [row[2:4] for row in await changes(parts)] == [("100", "70"), ("70", "80")]
    await history_is_whole(parts)
    stamps = await parts.sql.fetch("SELECT seen_at FROM syncd.field_changes ORDER BY id")
    assert stamps[0]["seen_at"] < stamps[1]["seen_at"]


async def test_a_page_that_left_before_a_read_does_not_undo_what_the_read_showed(
    parts: Parts,
) -> None:
    await parts.pull([campaign("a")])
    pulling = await parts.runs.open(RunKind.PULL, "test")
    marker = await parts.mirror.mark()
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    await parts.mirror.absorb(run_id, [campaign("a", "70")], await parts.mirror.mark())
    sighting = parts.mirror.sighting(pulling)
    await sighting.see([campaign("a", "100")], (), marker)
    assert (await sighting.close(COMPLETE, ()))["skipped"] == 1
    assert (await parts.mirror.values(["a"]))["a"]["budget.daily"] == "70"
    assert len(await changes(parts)) == 1


async def test_an_unreadable_row_neither_confirms_nor_contradicts(parts: Parts) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    update_id = await parts.apply("a", "50")
    await parts.move_clock(SETTLE * 2)
    bad = BadRow(external_id="a", raw=b"?", message="bad")
    await parts.pull([campaign("b")], bad=[bad])
    assert (await parts.update(update_id))["confirmation"] == "none"
    await parts.pull([campaign("a", "50"), campaign("b")])
    assert (await parts.update(update_id))["confirmation"] == "confirmed"


async def test_readers_see_whole_pulls_only(parts: Parts) -> None:
    ids = [f"c{number:02}" for number in range(30)]
    await parts.pull([campaign(one, "1") for one in ids])
    reader = await asyncpg.connect(parts.url)
    done = asyncio.Event()
    seen: set[str] = set()

    async def read() -> int:
        looks = 0
        while not done.is_set():
            rows = await reader.fetch(
                "SELECT DISTINCT c.\"values\" ->> 'budget.daily' AS daily,"
                ' v."values" = c."values" AS same FROM report.campaigns c'
                " JOIN report.campaign_history v USING (account, external_id)"
                " WHERE v.valid_to IS NULL"
            )
            assert len(rows) == 1, [tuple(row) for row in rows]
            assert rows[0]["same"]
            seen.add(rows[0]["daily"])
            looks += 1
        return looks

    reading = asyncio.ensure_future(read())
    for generation in range(2, 14):
        await parts.pull(
            *([campaign(one, f"{generation}")] for one in ids[:3]),
            [campaign(one, f"{generation}") for one in ids[3:]],
        )
    done.set()
    assert await reading > 12
    assert len(seen) > 3
    await reader.close()


async def test_a_pull_remembers_ids_in_little_memory(parts: Parts) -> None:
    """A listing of many campaigns is kept as numbers; only pages are held as values."""
    _, sighting = await parts.see(
        *([campaign(f"{page}-{n}") for n in range(200)] for page in range(5))
    )
    kept = vars(sighting)
    held = [value for value in kept.values() if isinstance(value, set | list | dict)]
    assert all(isinstance(one, int) for value in held if len(value) > 100 for one in value)
    assert sum(len(value) for value in held) < 1100
    assert (await sighting.close(COMPLETE, ()))["new"] == 1000


async def test_a_crash_of_the_staging_table_loses_no_campaign(parts: Parts) -> None:
    """Rows that an owner before us staged are cleared when its runs are closed."""
    await parts.see([campaign("a")])
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.staging") == 1
    later = await successor(parts)
    await later.runs.interrupted()
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.staging") == 0
    row = await parts.sql.fetchrow("SELECT outcome::text, error_code FROM syncd.runs")
    assert tuple(row or ()) == ("failed", "interrupted")
    assert await later.pull([campaign("a")]) == counted(seen=1, new=1)


async def successor(parts: Parts) -> Parts:
    """The next owner of the account."""
    await parts.lease.release()
    lease = await take_lease(parts.database, parts.number, 45)
    return bound(parts.database, lease, parts.url, parts.sql, parts.name)


async def test_two_accounts_with_one_campaign_id_do_not_meet(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    async with opened(parts.url, name="other") as other:
        await other.pull([campaign("a", "7")])
        await other.pull([])
        assert (await parts.mirror.values(["a"]))["a"]["budget.daily"] == "100"
        rows = await parts.sql.fetch(
            "SELECT account, missing_since IS NULL AS is_there FROM report.campaigns ORDER BY 1"
        )
    assert [tuple(row) for row in rows] == [("other", False), ("shop", True)]
