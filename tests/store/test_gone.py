"""Campaigns that are out of view, out of scope or gone: by the provider's mark, by its word about
one, or by a person's; what the queue and history make of each, and how they return."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from syncd.errors import Refused
from syncd.model.path import DELETED, Field, Guard, Kind
from syncd.model.run import RunKind
from syncd.model.update import Outcome, Verdict
from tests.store.parts import (
    CAPABILITIES,
    COMPLETE,
    FIELDS,
    Parts,
    campaign,
    registration,
)
from tests.store.test_mirror import changes, counted, history_is_whole

HOUR = dt.timedelta(hours=1)
DELETE = {DELETED: "true"}
APPLIED = Verdict(outcome=Outcome.APPLIED)
UNKNOWN = Verdict(outcome=Outcome.UNKNOWN, code="no-answer", message="cut")


@pytest.fixture
async def parts(parts: Parts) -> Parts:
    """An account that may delete, after a complete pull of three campaigns."""
    field = Field(path=DELETED, kind=Kind.FLAG, readable=False, changeable=True, guard=Guard.DELETE)
    await parts.accounts.declare("criteo", "documented", (*FIELDS, field))
    await parts.accounts.register([registration(free_guards=frozenset(Guard), scope="1")])
    await parts.pull([campaign(one) for one in "abc"])
    return parts


async def mirrored(parts: Parts, external_id: str = "a") -> dict[str, Any]:
    row = await parts.sql.fetchrow(
        "SELECT r.*, c.read_at FROM report.campaigns r JOIN syncd.campaigns c USING (external_id)"
        " WHERE external_id = $1",
        external_id,
    )
    return dict(row or {})


async def marks(parts: Parts) -> dict[str, tuple[str | None, str | None]]:
    """Of each campaign why it is missing and who says that it is gone."""
    rows = await parts.sql.fetch("SELECT external_id, missing_why, gone_by FROM syncd.campaigns")
    return {row["external_id"]: (row["missing_why"], row["gone_by"]) for row in rows}


async def bury(parts: Parts, *ids: str) -> None:
    run_id = await parts.runs.open(RunKind.PULL, "test")
    await parts.mirror.bury(run_id, ids, await parts.mirror.mark())


def deleted(external_id: str) -> Any:
    """A campaign as a provider shows it that marks deleted ones."""
    return campaign(external_id, is_gone=True, raw=b"deleted")


async def test_a_campaign_that_the_provider_marks_is_gone_at_once(parts: Parts) -> None:
    counts = await parts.pull([deleted("a"), campaign("b"), campaign("c")])
    assert counts == counted(seen=3, changed=1, unchanged=2)
    row = await mirrored(parts)
    assert (row["gone_by"], row["missing_since"]) == ("provider", None)
    assert row["gone_at"] is not None
    assert json.loads(row["values"])[DELETED] == "true"
    assert await changes(parts) == [("a", DELETED, None, "true", "provider")]
    await history_is_whole(parts)
    again = await parts.pull([deleted("a"), campaign("b"), campaign("c")])
    assert again == counted(seen=3, unchanged=3)
    assert (await mirrored(parts))["gone_at"] == row["gone_at"]


async def test_a_campaign_that_was_never_seen_otherwise_is_gone_from_the_start(
    parts: Parts,
) -> None:
    await parts.pull([*(campaign(one) for one in "abc"), deleted("d")])
    assert (await marks(parts))["d"] == (None, "provider")


async def test_a_campaign_that_returns_is_neither_missing_nor_gone(parts: Parts) -> None:
    await parts.pull([deleted("a"), campaign("b")])
    await bury(parts, "c")
    assert await marks(parts) == {
        "a": (None, "provider"),
        "b": (None, None),
        "c": (None, "provider"),
    }
    counts = await parts.pull([campaign(one) for one in "abc"])
    assert counts == counted(seen=3, changed=2, unchanged=1)
    assert set((await marks(parts)).values()) == {(None, None)}
    assert [row for row in await changes(parts) if row[3] is None] == [
        ("a", DELETED, "true", None, "provider"),
        ("c", DELETED, "true", None, "provider"),
    ]
    await history_is_whole(parts)


async def test_what_is_gone_is_missed_no_more(parts: Parts) -> None:
    await bury(parts, "a")
    _, sighting = await parts.see([campaign("b"), campaign("c")])
    absence = await sighting.absent(CAPABILITIES)
    assert (absence.known, absence.ids, absence.newly) == (2, (), 0)
    await sighting.close(COMPLETE, absence.ids)


async def test_a_campaign_is_buried_with_its_history(parts: Parts) -> None:
    await parts.pull([campaign("b"), campaign("c")])
    await bury(parts, "a", "nobody")
    row = await mirrored(parts)
    assert (row["gone_by"], row["missing_since"]) == ("provider", None)
    assert row["seen_at"] == row["read_at"]
    assert await changes(parts) == [("a", DELETED, None, "true", "provider")]
    await history_is_whole(parts)
    await bury(parts, "a")
    await parts.pull([campaign("b"), campaign("c")])
    later = await mirrored(parts)
    assert (later["gone_at"], later["seen_at"]) == (row["gone_at"], row["seen_at"])
    versions = "SELECT max(version) FROM report.campaign_history WHERE external_id = 'a'"
    assert await parts.sql.fetchval(versions) == 2


@pytest.mark.parametrize("verdict", [None, UNKNOWN, APPLIED])
async def test_a_campaign_that_was_written_meanwhile_is_not_buried(
    parts: Parts, verdict: Verdict | None
) -> None:
    run_id = await parts.runs.open(RunKind.PULL, "test")
    marker = await parts.mirror.mark()
    await parts.enqueue("a", "50")
    batch = await parts.intend()
    if verdict is not None:
        await parts.settle(batch, verdict)
    await parts.mirror.bury(run_id, ["a", "b"], marker)
    assert {one: gone for one, (_, gone) in (await marks(parts)).items()} == {
        "a": None, "b": "provider", "c": None,
    }  # fmt: skip


async def test_our_own_delete_is_ours_and_confirmed(parts: Parts) -> None:
    update_id = await parts.enqueue("a", patch=DELETE)
    await parts.settle(await parts.intend(), APPLIED)
    await bury(parts, "a")
    update = await parts.update(update_id)
    assert (update["state"], update["confirmation"]) == ("applied", "confirmed")
    rows = await parts.sql.fetch("SELECT path, new, origin, update_id FROM syncd.field_changes")
    assert [tuple(row) for row in rows] == [(DELETED, "true", "update", update_id)]


async def test_a_delete_is_confirmed_by_a_complete_pull_that_misses_the_campaign(
    parts: Parts,
) -> None:
    update_id = await parts.enqueue("a", patch=DELETE)
    _, before = await parts.see([campaign("b"), campaign("c")])
    await parts.settle(await parts.intend(), APPLIED)
    await before.close(COMPLETE, ["a"])
    assert (await parts.update(update_id))["confirmation"] == "none"
    _, partial = await parts.see([campaign("b")])
    await partial.close(replace(COMPLETE, is_complete=False), ())
    assert (await parts.update(update_id))["confirmation"] == "none"
    await parts.pull([campaign("b"), campaign("c")])
    assert (await parts.update(update_id))["confirmation"] == "confirmed"


async def test_a_delete_of_a_campaign_that_is_still_shown_is_different(parts: Parts) -> None:
    update_id = await parts.enqueue("a", patch=DELETE)
    await parts.settle(await parts.intend(), APPLIED)
    await parts.move_clock(HOUR)
    await parts.pull([campaign(one) for one in "abc"])
    assert (await parts.update(update_id))["confirmation"] == "different"


async def test_what_another_update_set_is_not_confirmed_by_a_campaign_out_of_view(
    parts: Parts,
) -> None:
    update_id = await parts.apply("a", "50")
    await parts.pull([campaign("b"), campaign("c")])
    assert (await marks(parts))["a"] == ("absent", None)
    assert (await parts.update(update_id))["confirmation"] == "none"


async def test_nothing_is_queued_for_a_campaign_that_is_gone(parts: Parts) -> None:
    first = await parts.enqueue("a", "50", key="k")
    await bury(parts, "a")
    with pytest.raises(
        Refused, match=r'campaign "a" in account shop is deleted at the provider since'
    ):
        await parts.enqueue("a", "50")
    assert await parts.enqueue("a", "50", key="k") == first
    assert await parts.mirror.values(["a"]) == {"a": DELETE}
    plan = await parts.plan()
    assert [one.deciding.code for one in plan.updates] == ["gone"]
    await parts.outbox.decide(plan.updates)
    assert (await parts.update(first))["state"] == "rejected"


async def test_a_person_says_that_a_missing_campaign_is_gone(parts: Parts) -> None:
    await parts.pull([campaign("b"), campaign("c")])
    missing = (await mirrored(parts))["missing_since"]
    await parts.accounts.confirm_gone("shop", "a", "ann")
    row = await mirrored(parts)
    assert (row["gone_by"], row["missing_since"]) == ("ann", missing)
    assert row["seen_at"] < row["gone_at"]
    await history_is_whole(parts)
    told = await parts.sql.fetchrow(
        "SELECT path, old, new, origin, update_id, requester, run_id FROM report.field_history"
    )
    assert tuple(told or ()) == (DELETED, None, "true", "person", None, "ann", None)
    with pytest.raises(Refused, match="gone already"):
        await parts.accounts.confirm_gone("shop", "a", "bob")


async def test_a_person_cannot_bury_what_is_there(parts: Parts) -> None:
    await parts.pull([campaign("b"), campaign("c")])
    for account, external_id, said in (
        ("shop", "b", "is in view"),
        ("shop", "zz", 'unknown campaign "zz"'),
        ("nope", "a", 'unknown account "nope"'),
    ):
        with pytest.raises(Refused, match=said) as refused:
            await parts.accounts.confirm_gone(account, external_id, "ann")
        assert refused.value.remedy
    await parts.enqueue("a", "50", expect={"budget.daily": "100"})
    await parts.sql.execute("UPDATE syncd.updates SET state = 'sending'")
    with pytest.raises(Refused, match="no known outcome yet"):
        await parts.accounts.confirm_gone("shop", "a", "ann")


async def test_a_page_from_before_a_persons_word_does_not_undo_it(parts: Parts) -> None:
    await parts.pull([campaign("b"), campaign("c")])
    run_id = await parts.runs.open(RunKind.PULL, "test")
    marker = await parts.mirror.mark()
    await parts.accounts.confirm_gone("shop", "a", "ann")
    sighting = parts.mirror.sighting(run_id)
    await sighting.see([campaign(one) for one in "abc"], (), marker)
    assert (await sighting.close(COMPLETE, ()))["skipped"] == 1
    assert (await marks(parts))["a"] == ("absent", "ann")
    await parts.pull([campaign(one) for one in "abc"])
    assert (await marks(parts))["a"] == (None, None)
    await history_is_whole(parts)


async def test_what_is_missing_and_gone_is_listed_with_whose_word_it_is(parts: Parts) -> None:
    await parts.pull([campaign("c")])
    await parts.accounts.confirm_gone("shop", "a", "ann")
    rows = await parts.reports.gone(None)
    assert [(row["external_id"], row["missing_why"], row["gone_by"]) for row in rows] == [
        ("b", "absent", None),
        ("a", "absent", "ann"),
    ]
    assert {(row["account"], row["evidence"]) for row in rows} == {("shop", "person")}
    assert len(await parts.reports.gone("shop", 1)) == 1
    assert await parts.reports.gone("other") == []


async def test_what_the_configuration_leaves_out_is_told_apart(parts: Parts) -> None:
    await parts.pull([campaign("a", part="10"), campaign("b", part="11"), campaign("c", part="12")])
    for capabilities, ids, left, empty in (
        (replace(CAPABILITIES, parts=frozenset({"10", "11"})), ("b",), ("c",), ("11",)),
        (replace(CAPABILITIES, ids=frozenset({"a", "c"})), ("c",), ("b",), ("12",)),
        (CAPABILITIES, ("b", "c"), (), ("11", "12")),
    ):
        _, sighting = await parts.see([campaign("a", part="10")])
        absence = await sighting.absent(capabilities)
        assert (absence.ids, absence.left, absence.empty_parts) == (ids, left, empty)
        assert (absence.known, absence.newly) == (3 - len(left), len(ids))


async def test_what_is_left_out_is_missing_for_another_reason(parts: Parts) -> None:
    parts.capabilities = replace(CAPABILITIES, ids=frozenset("ab"))
    assert await parts.pull([campaign("a")]) == counted(seen=1, unchanged=1, missing=2)
    assert await marks(parts) == {"a": (None, None), "b": ("absent", None), "c": ("scope", None)}
    assert await parts.pull([campaign("a")]) == counted(seen=1, unchanged=1, missing=2)
    parts.capabilities = replace(CAPABILITIES, ids=frozenset("ac"))
    await parts.pull([campaign("a")])
    assert await marks(parts) == {"a": (None, None), "b": ("scope", None), "c": ("absent", None)}


async def test_an_incomplete_pull_leaves_nothing_out(parts: Parts) -> None:
    _, sighting = await parts.see([campaign("a")])
    counts = await sighting.close(replace(COMPLETE, is_complete=False), (), ["c"])
    assert counts == counted(seen=1, unchanged=1)
    assert set((await marks(parts)).values()) == {(None, None)}


async def overdue(parts: Parts, ids: str = "abc") -> list[str]:
    """What a pull that shows nothing would call overdue."""
    _, sighting = await parts.see([])
    return await sighting.overdue(list(ids))


async def test_a_campaign_is_overdue_after_two_complete_pulls_far_enough_apart(
    parts: Parts,
) -> None:
    await parts.pull([campaign("b"), campaign("c")])
    assert await overdue(parts) == []
    await parts.move_clock(HOUR / 2)
    await parts.pull([campaign("c")])
    assert await overdue(parts) == []
    await parts.move_clock(HOUR / 2)
    assert await overdue(parts) == ["a"]
    await parts.move_clock(HOUR)
    assert await overdue(parts) == ["a", "b"]
    assert await overdue(parts, "b") == ["b"]
    await bury(parts, "a")
    assert await overdue(parts) == ["b"]


async def test_the_time_between_the_pulls_is_the_accounts_own(parts: Parts) -> None:
    await parts.accounts.register([registration(scope="1", missing_after=3 * HOUR)])
    await parts.pull([campaign("b"), campaign("c")])
    await parts.move_clock(2 * HOUR)
    assert await overdue(parts) == []
    await parts.move_clock(HOUR)
    assert await overdue(parts) == ["a"]


async def test_another_scope_begins_the_count_anew(parts: Parts) -> None:
    await parts.pull([campaign("c")])
    await parts.accounts.confirm_gone("shop", "b", "ann")
    await parts.move_clock(2 * HOUR)
    await parts.accounts.register([registration(scope="1")])
    assert await overdue(parts) == ["a"]
    await parts.accounts.register([registration(scope="2")])
    assert await marks(parts) == {"a": (None, None), "b": ("absent", "ann"), "c": (None, None)}
    await parts.pull([campaign("c")])
    assert await overdue(parts) == []
    await parts.move_clock(HOUR)
    assert await overdue(parts) == ["a"]


async def test_a_pull_that_began_in_another_scope_proves_nothing_for_this_one(
    parts: Parts,
) -> None:
    await parts.pull([campaign("b"), campaign("c")])
    _, sighting = await parts.see([campaign("b"), campaign("c")])
    await parts.accounts.register([registration(scope="2")])
    await sighting.close(COMPLETE, ["a"])
    await parts.move_clock(2 * HOUR)
    assert await overdue(parts) == []
    await parts.pull([campaign("b"), campaign("c")])
    assert await overdue(parts) == ["a"]


async def test_the_same_scope_told_again_during_a_pull_changes_nothing(parts: Parts) -> None:
    await parts.pull([campaign("b"), campaign("c")])
    _, sighting = await parts.see([campaign("b"), campaign("c")])
    await parts.accounts.register([registration(scope="1")])
    await sighting.close(COMPLETE, ["a"])
    await parts.move_clock(2 * HOUR)
    assert await overdue(parts) == ["a"]


async def test_the_providers_own_times_are_kept(parts: Parts) -> None:
    made = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
    shown = campaign("a", raw=b"times", created_at=made, updated_at=made + HOUR)
    assert await parts.pull([shown, campaign("b"), campaign("c")]) == counted(
        seen=3, moved=1, unchanged=2
    )
    row = await parts.sql.fetchrow("SELECT * FROM report.campaigns WHERE external_id = 'a'")
    assert row is not None
    assert (row["provider_created_at"], row["provider_updated_at"]) == (made, made + HOUR)


async def test_a_campaign_says_why_it_is_missing(parts: Parts) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await parts.sql.execute("UPDATE syncd.campaigns SET missing_since = now()")
    with pytest.raises(asyncpg.CheckViolationError):
        await parts.sql.execute("UPDATE syncd.campaigns SET gone_at = now()")
