"""The mirror: what a pull counts, what it writes and what it leaves alone, and a history without
gaps."""

from __future__ import annotations

import random
from typing import Any

from syncd.model.listing import BadRow
from syncd.model.run import RunOutcome, RunResult
from syncd.model.update import Outcome, Verdict
from tests.store.parts import CAPABILITIES, COMPLETE, Parts, campaign

APPLIED = Verdict(outcome=Outcome.APPLIED)
NONE = dict.fromkeys(
    ("seen", "new", "changed", "moved", "unchanged", "skipped", "bad", "missing", "duplicates"), 0
)
# Every campaign's versions in order: each begins where the one before it ended, one is open.
BROKEN = """
SELECT external_id, version, valid_from, valid_to FROM (
    SELECT v.*, lag(valid_to) OVER w AS before, lag(version) OVER w AS previous,
           lead(version) OVER w AS following
      FROM syncd.campaign_versions v
    WINDOW w AS (PARTITION BY account_id, external_id ORDER BY version)) v
 WHERE valid_to <= valid_from OR (previous IS NULL AND version <> 1)
    OR (previous IS NOT NULL AND (before IS DISTINCT FROM valid_from OR previous <> version - 1))
    OR (following IS NULL) <> (valid_to IS NULL)
"""
# What the history adds up to, beside what the mirror has.
FOLDED = """
SELECT c.external_id FROM syncd.campaigns c
  LEFT JOIN syncd.campaign_versions v
         ON v.account_id = c.account_id AND v.external_id = c.external_id AND v.valid_to IS NULL
 WHERE v."values" IS DISTINCT FROM c."values" OR v.version <> c.version
    OR v.valid_from <> c.changed_at
    OR v.name <> c.name
"""


async def history_is_whole(parts: Parts) -> None:
    assert await parts.sql.fetch(BROKEN) == []
    assert await parts.sql.fetch(FOLDED) == []
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.staging") == 0


async def changes(parts: Parts) -> list[tuple[Any, ...]]:
    rows = await parts.sql.fetch(
        "SELECT external_id, path, old, new, origin FROM syncd.field_changes ORDER BY id"
    )
    return [tuple(row) for row in rows]


def counted(**other: int) -> dict[str, int]:
    return NONE | other


async def test_a_pull_counts_what_it_saw(parts: Parts) -> None:
    first = await parts.pull([campaign("a"), campaign("b"), campaign("c"), campaign("d")])
    assert first == counted(seen=4, new=4)
    bad = BadRow(external_id="d", raw=b'{"id": "d"', message="not readable")
    second = await parts.pull(
        [campaign("a", "120"), campaign("b", spent=5)],
        [campaign("c"), campaign("a", "999"), campaign("e")],
        bad=[bad],
    )
    assert second == counted(seen=5, new=1, changed=1, moved=1, unchanged=1, bad=1, duplicates=1)
    assert await changes(parts) == [("a", "budget.daily", "100", "120", "provider")]
    rows = await parts.sql.fetch("SELECT external_id, code, message, raw FROM syncd.run_errors")
    assert [tuple(row) for row in rows] == [("d", "bad-row", "not readable", b'{"id": "d"')]
    await history_is_whole(parts)


async def test_a_campaign_that_a_complete_pull_does_not_show_is_missing_until_it_returns(
    parts: Parts,
) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    assert await parts.pull([campaign("a")]) == counted(seen=1, unchanged=1, missing=1)
    since = await parts.sql.fetchval(
        "SELECT missing_since FROM syncd.campaigns WHERE external_id = 'b'"
    )
    assert since is not None
    await parts.pull([campaign("a")])
    later = await parts.sql.fetchrow(
        "SELECT missing_since, gone_at FROM syncd.campaigns WHERE external_id = 'b'"
    )
    assert tuple(later or ()) == (since, None)
    assert await parts.pull([campaign("a"), campaign("b")]) == counted(seen=2, unchanged=2)
    assert (
        await parts.sql.fetchval(
            "SELECT count(*) FROM syncd.campaigns WHERE missing_since IS NOT NULL"
        )
        == 0
    )
    await history_is_whole(parts)


async def test_a_bad_row_with_a_readable_id_is_not_missing(parts: Parts) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    bad = BadRow(external_id="b", raw=b"?", message="bad")
    counts = await parts.pull([campaign("a")], bad=[bad])
    assert (counts["missing"], counts["bad"]) == (0, 1)
    assert (
        await parts.sql.fetchval(
            "SELECT count(*) FROM syncd.campaigns WHERE missing_since IS NOT NULL"
        )
        == 0
    )


async def test_what_a_pull_did_not_show_is_told_with_the_parts_that_are_empty(parts: Parts) -> None:
    await parts.pull([campaign("a", part="10"), campaign("b", part="11"), campaign("c", part="11")])
    _, sighting = await parts.see([campaign("a", part="10")])
    absence = await sighting.absent(CAPABILITIES)
    assert (absence.known, absence.newly, absence.empty_parts) == (3, 2, ("11",))
    assert sorted(absence.ids) == ["b", "c"]
    await sighting.close(COMPLETE, absence.ids)
    _, again = await parts.see([campaign("a", part="10")])
    absence = await again.absent(CAPABILITIES)
    assert (absence.known, absence.newly, absence.empty_parts) == (1, 0, ())
    assert sorted(absence.ids) == ["b", "c"]
    await again.close(COMPLETE, absence.ids)


async def test_a_pull_of_the_same_again_writes_no_row_of_any_campaign(parts: Parts) -> None:
    some = [campaign(f"c{number}", f"{number}") for number in range(50)]
    await parts.pull(some)
    places = (
        "SELECT (SELECT array_agg((ctid, xmin)::text ORDER BY external_id) FROM syncd.campaigns),"
        " (SELECT array_agg((ctid, xmin)::text ORDER BY external_id) FROM syncd.campaign_versions),"
        " (SELECT count(*) FROM syncd.field_changes)"
    )
    before = await parts.sql.fetchrow(places)
    assert await parts.pull(some) == counted(seen=50, unchanged=50)
    assert await parts.sql.fetchrow(places) == before
    shown = await parts.sql.fetch("SELECT DISTINCT seen_at FROM report.campaigns")
    complete_at = await parts.sql.fetchval("SELECT complete_at FROM syncd.accounts")
    assert [row["seen_at"] for row in shown] == [complete_at]


async def test_a_campaign_that_only_moved_gets_no_version_and_no_change(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    before = await parts.sql.fetchrow("SELECT version, changed_at FROM syncd.campaigns")
    assert await parts.pull([campaign("a", spent=7)]) == counted(seen=1, moved=1)
    after = await parts.sql.fetchrow("SELECT version, changed_at FROM syncd.campaigns")
    assert before == after
    raw = await parts.sql.fetchval("SELECT raw FROM syncd.campaigns")
    assert raw == campaign("a", spent=7).raw
    assert await changes(parts) == []


async def test_a_currency_that_the_account_gives_is_a_change_although_no_byte_moved(
    parts: Parts,
) -> None:
    """The provider's row is the same; the configuration says another currency."""
    row = b'{"id": "a"}'
    await parts.pull([campaign("a", raw=row, currency=None)])
    assert await parts.pull([campaign("a", raw=row, currency="USD")]) == counted(seen=1, changed=1)
    await history_is_whole(parts)


async def test_every_path_that_moved_is_one_change(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    await parts.pull(
        [campaign("a", "unlimited", name="Other", native={"goal": None, "extra": "1"})]
    )
    assert await changes(parts) == [
        ("a", "budget.daily", "100", "unlimited", "provider"),
        ("a", "name", "Campaign a", "Other", "provider"),
        ("a", "native.extra", None, "1", "provider"),
        ("a", "native.goal", "Retention", None, "provider"),
    ]


async def test_history_stays_whole_over_many_random_pulls(parts: Parts) -> None:
    chance = random.Random(7)
    for _ in range(12):
        shown = [
            campaign(f"c{number}", f"{chance.randint(1, 3)}", spent=chance.randint(0, 2))
            for number in chance.sample(range(12), chance.randint(6, 12))
        ]
        counts = await parts.pull(shown[:5], shown[5:])
        assert counts["seen"] == len(shown)
        await history_is_whole(parts)
        rows = await parts.sql.fetch(
            "SELECT external_id, raw FROM syncd.campaigns WHERE missing_since IS NULL"
        )
        assert {row["external_id"]: row["raw"] for row in rows} == {
            one.external_id: one.raw for one in shown
        }


async def test_an_incomplete_pull_applies_what_it_saw_and_completes_nothing(parts: Parts) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    before = await parts.sql.fetchval("SELECT complete_at FROM syncd.accounts")
    _, sighting = await parts.see([campaign("a", "120")])
    counts = await sighting.close(RunResult(outcome=RunOutcome.PARTIAL), ())
    assert counts == counted(seen=1, changed=1)
    assert await parts.sql.fetchval("SELECT complete_at FROM syncd.accounts") == before


async def test_a_pull_that_saw_nothing_at_all_closes_with_empty_books(parts: Parts) -> None:
    _, sighting = await parts.see()
    assert await sighting.close(RunResult(outcome=RunOutcome.FAILED), ()) == NONE


async def test_a_campaign_that_turns_out_to_be_of_another_part_is_kept_there(parts: Parts) -> None:
    same = b'{"id": "a"}'
    await parts.pull([campaign("a", part=None, raw=same)])
    second = await parts.pull([campaign("a", part="10", raw=same)])
    assert second == counted(seen=1, unchanged=1)
    ask = "SELECT part FROM syncd.campaigns WHERE external_id = 'a'"
    assert await parts.sql.fetchval(ask) == "10"
    await parts.pull([campaign("a", part=None, raw=same)])
    assert await parts.sql.fetchval(ask) == "10"
    assert await changes(parts) == []
    await history_is_whole(parts)
