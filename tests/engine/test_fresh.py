"""Which read a push relies upon: the mirror while it is young enough and nothing of ours has been
sent since, else one of its own."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from syncd.engine.push import push
from syncd.model.guard import Rules
from syncd.model.path import Field, Guard, Kind
from tests.engine.platform import Bench, bench
from tests.store.parts import Parts, campaign

MINUTE = dt.timedelta(minutes=1)


async def pulled(parts: Parts, *, fresh_for: float = 60.0) -> Bench:
    """Two campaigns that a pull has just shown; reads after a write are left out."""
    await parts.pull([campaign("a"), campaign("b")])
    one = bench(parts, {"a": "100", "b": "100"})
    one.platform.offer = replace(one.platform.offer, reads_back=False)
    one.account = replace(one.account, fresh_for=fresh_for)
    return one


async def test_a_pull_stands_for_the_read_of_a_push(parts: Parts) -> None:
    one = await pulled(parts)
    ids = [await parts.enqueue("a", "120"), await parts.enqueue("b", "100")]
    await push(one.account)
    assert one.platform.asked == []
    assert one.platform.calls == [("a",)]
    assert await one.states(ids) == ["applied", "applied"]
    assert (await parts.update(ids[1]))["reason_code"] == "already_set"


async def test_what_is_too_old_is_read_again_and_a_third_value_found(parts: Parts) -> None:
    one = await pulled(parts)
    ids = [await parts.enqueue("a", "120")]
    one.platform.daily["a"] = "90"
    await parts.move_clock(1.1 * MINUTE)
    await push(one.account)
    assert one.platform.asked == [("a",)]
    assert one.platform.calls == []
    assert (await parts.update(ids[0]))["reason_code"] == "conflict"


async def test_no_age_is_young_enough_where_none_is_allowed(parts: Parts) -> None:
    one = await pulled(parts, fresh_for=0.0)
    await parts.enqueue("a", "120")
    await push(one.account)
    assert one.platform.asked == [("a",)]


async def test_after_a_write_of_ours_the_mirror_stands_for_nothing(parts: Parts) -> None:
    one = await pulled(parts)
    await parts.enqueue("a", "120")
    await push(one.account)
    await parts.enqueue("a", "130", expect={"budget.daily": "120"})
    await parts.enqueue("b", "130")
    await push(one.account)
    assert one.platform.asked == [("a",)]
    assert one.platform.calls == [("a",), ("a", "b")]


async def test_what_starts_something_is_always_read_first(parts: Parts) -> None:
    starting = Field(
        path="budget.daily", kind=Kind.AMOUNT, changeable=True, call="PATCH", guard=Guard.START
    )
    one = await pulled(parts)
    rules = Rules(fields=(starting,), free=frozenset(Guard))
    one.account = replace(one.account, rules=rules)
    await parts.enqueue("a", "120")
    await push(one.account)
    assert one.platform.asked == [("a",)]
    assert one.platform.calls == [("a",)]


async def test_a_write_that_carries_more_than_was_asked_for_reads_and_few_at_a_time(
    parts: Parts,
) -> None:
    ids = [f"c{number:02}" for number in range(30)]
    await parts.pull([campaign(one) for one in ids])
    one = bench(parts, dict.fromkeys(ids, "100"))
    one.platform.offer = replace(one.platform.offer, reads_first=True, reads_back=False)
    one.account = replace(one.account, fresh_for=3600.0, in_flight=2)
    for each in ids:
        await parts.enqueue(each, "120")
    await push(one.account)
    assert [len(some) for some in one.platform.asked] == [10, 10, 10]
    assert sorted(one for call in one.platform.calls for one in call) == ids
