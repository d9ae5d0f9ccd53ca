"""What the records say to the guards, which reads are fresh enough, and plans that were kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from syncd.engine.reading import shown
from syncd.errors import LeaseLost, UsageError
from syncd.model.guard import Cap
from syncd.model.listing import Reading
from syncd.model.run import RunKind
from syncd.model.update import Outcome, Verdict
from syncd.ports import Seen
from syncd.store.plans import Plans, find_plan
from syncd.store.records import Records
from tests.store.parts import FIELDS, Parts, campaign, registration

APPLIED = Verdict(outcome=Outcome.APPLIED)
REJECTED = Verdict(outcome=Outcome.REJECTED, code="bad")
UNKNOWN = Verdict(outcome=Outcome.UNKNOWN)
NOT_JUDGED = Verdict(outcome=Outcome.NOT_JUDGED)
MINUTE = dt.timedelta(minutes=1)
DAILY = "budget.daily"


async def test_the_window_counts_what_was_sent_and_not_refused(parts: Parts) -> None:
    ids = "abcdefgh"
    await parts.pull([campaign(one, currency=None if one == "d" else "EUR") for one in ids])
    nothing = await parts.records.recent(3600)
    assert (nothing.campaigns, nothing.changed, nothing.increases) == (8, frozenset(), {})
    for one in ids[:6]:
        await parts.enqueue(one, "130")
    for one, verdict in zip(
        "abcde", (APPLIED, REJECTED, NOT_JUDGED, UNKNOWN, APPLIED), strict=True
    ):
        await parts.settle(await parts.intend([one]), verdict)
    await parts.intend(["f"])
    recent = await parts.records.recent(3600)
    assert recent.changed == frozenset("adef")
    assert recent.increases == {"EUR": Decimal(90), "": Decimal(30)}
    assert recent.activations == 0
    await parts.move_clock(1.5 * MINUTE)
    short = await parts.records.recent(60)
    assert (short.changed, short.increases) == (frozenset(), {})
    assert short.hour_increases == recent.increases  # the owner's caps go by the hour
    await parts.move_clock(60 * MINUTE)
    assert (await parts.records.recent(3600)).changed == frozenset()
    assert (await parts.records.recent(3700)).changed == frozenset("adef")


async def test_the_time_since_a_path_was_sent_is_known_however_long_ago_it_was(
    parts: Parts,
) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    await parts.apply("a", "60")
    await parts.move_clock(600 * MINUTE)
    await parts.enqueue("a", patch={DAILY: "70", "budget.monthly": "80"})
    await parts.enqueue("b", "70")
    last = (await parts.records.recent(60)).last_change
    assert list(last) == [("a", DAILY)]
    assert 36_000 <= last["a", DAILY] < 36_060
    await parts.sql.execute(
        "UPDATE syncd.updates SET state = 'held', reason_code = 'x', reason = 'y'"
        " WHERE state = 'queued'"
    )
    assert (await parts.records.recent(60)).last_change.keys() == last.keys(), "held ones as well"
    assert (await parts.records.recent(60, ["b"])).last_change == {}


async def test_whoever_means_to_send_holds_the_lease(parts: Parts) -> None:
    with pytest.raises(LeaseLost):
        await Records(parts.database, parts.number, 99).recent(60)
    await Records(parts.database, parts.number).recent(60)


async def test_the_owners_caps_by_path(parts: Parts) -> None:
    await parts.cap("*", max_amount=100, activations=3, max_increase=5.5)
    await parts.cap(DAILY, max_factor=1.5)
    assert await parts.records.caps() == {
        "*": Cap(max_amount=Decimal(100), activations=3, max_increase=Decimal("5.5")),
        DAILY: Cap(max_factor=Decimal("1.5")),
    }


async def fresh(parts: Parts, seconds: float = 60) -> set[str]:
    return set(await parts.mirror.recent(["a", "b", "c", "zz"], seconds))


async def test_a_read_stands_for_another_as_long_as_it_is_fresh(parts: Parts) -> None:
    at = dt.datetime(2026, 5, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    one = campaign("a", status_raw="LIVE", updated_at=at)
    await parts.pull([one, campaign("b")])
    expected = shown(Reading(campaigns={"a": one, "b": campaign("b")}))
    found = await parts.mirror.recent(["a", "b", "zz"], 60)
    assert {each: seen.values for each, seen in found.items()} == expected
    complete_at = await parts.sql.fetchval("SELECT complete_at FROM syncd.accounts")
    assert {seen.at for seen in found.values()} == {complete_at}
    await parts.move_clock(MINUTE)
    assert await fresh(parts) == set()
    await parts.pull([one, campaign("b")])
    assert await fresh(parts) == {"a", "b"}
    await parts.pull([one])
    assert await fresh(parts) == {"a"}


async def test_a_single_read_is_fresh_for_its_own_campaign_only(parts: Parts) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    await parts.move_clock(2 * MINUTE)
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    marker = await parts.mirror.mark()
    await parts.mirror.absorb(run_id, [campaign("a", "70")], marker)
    read = Seen(values=campaign("a", "70").values, at=marker.at)
    assert await parts.mirror.recent(["a", "b"], 60) == {"a": read}


async def test_what_was_read_before_a_write_of_ours_was_answered_is_not_fresh(
    parts: Parts,
) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    await parts.enqueue("a", "60")
    batch = await parts.intend()
    during = await parts.mirror.mark()
    assert await fresh(parts) == {"b"}
    await parts.settle(batch, APPLIED)
    assert await fresh(parts) == {"b"}
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    await parts.mirror.absorb(run_id, [campaign("a", "60")], during)
    assert await fresh(parts) == {"b"}
    await parts.mirror.absorb(run_id, [campaign("a", "60", spent=1)], await parts.mirror.mark())
    assert await fresh(parts) == {"a", "b"}


async def test_a_campaign_whose_write_is_unknown_is_not_fresh(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    await parts.enqueue("a", "60")
    await parts.settle(await parts.intend(), UNKNOWN)
    await parts.move_clock(MINUTE)
    await parts.sql.execute("UPDATE syncd.campaigns SET read_at = syncd.now()")
    assert await fresh(parts) == set()


async def test_a_plan_is_found_by_the_beginning_of_its_hash(parts: Parts) -> None:
    plans = Plans(parts.database, parts.number)
    first, second = f"abcdef{'1' * 26}", f"abcdef{'2' * 26}"
    item = {"update": 7, "path": DAILY, "digest": "d", "mark": "send", "hits": []}
    await plans.save(first, [item], {"shown": 1}, "ann", dt.timedelta(hours=1))
    found = await plans.find("abcdef")
    assert found is not None
    assert (found.account, found.hash, found.updates) == ("shop", first, frozenset({7}))
    assert (found.digests, found.document) == ({(7, DAILY): "d"}, {"shown": 1})
    assert found.expires_at - found.made_at == dt.timedelta(hours=1)
    await plans.save(first, [item], {"shown": 2}, "bob", dt.timedelta(hours=2))
    again = await find_plan(parts.database, first)
    assert again is not None
    assert (again.document, again.made_by, again.is_expired) == ({"shown": 2}, "bob", False)
    assert await plans.find("000000") is None
    await parts.move_clock(dt.timedelta(hours=2))
    assert (await find_plan(parts.database, first) or found).is_expired
    await plans.save(second, [], {}, "ann", dt.timedelta(hours=1))
    for prefix in ("abcdef", "abcde", "ABCDEF", "abcdeg", first + "1"):
        with pytest.raises(UsageError):
            await plans.find(prefix)


async def test_a_new_campaign_is_none_that_was_changed(parts: Parts) -> None:
    fields = [replace(one, creatable=True) for one in FIELDS]
    await parts.accounts.declare("criteo", "documented", fields)
    await parts.accounts.register([registration(can_create=True)])
    await parts.pull([campaign("a")])
    await parts.enqueue(None, patch={"name": "Fresh", DAILY: "10"})
    made = Verdict(outcome=Outcome.APPLIED, created_id="new")
    await parts.settle(await parts.intend(), made)
    recent = await parts.records.recent(3600)
    assert (recent.changed, recent.increases) == (frozenset(), {"EUR": Decimal(10)})
