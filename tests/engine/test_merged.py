"""What is kept of each merge: the read that it rests on, what was found of each path, and what came
of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from syncd.engine.push import push
from tests.engine.test_fresh import pulled
from tests.store.parts import Parts, campaign

DAILY = "budget.daily"
NAMES = ("remote", "found", "mark", "code", "superseded_by", "is_approved")


async def merges(parts: Parts, update_id: int) -> list[dict[str, Any]]:
    """What is kept of this update's merges, in their order."""
    chain = await parts.reports.chain(update_id)
    assert chain is not None
    return [event["merged"] for event in chain.events if event["merged"] is not None]


async def verdict(parts: Parts, update_id: int) -> tuple[Any, ...]:
    """The last merge's own words of the daily budget."""
    found = (await merges(parts, update_id))[-1]["paths"]
    assert list(found) == [DAILY]
    return tuple(found[DAILY][name] for name in NAMES)


async def test_what_a_merge_found_of_each_update_is_kept_with_the_read_it_rests_on(
    parts: Parts,
) -> None:
    one = await pulled(parts)
    await parts.pull([campaign(each) for each in "abcdef"])
    plain, same = await parts.enqueue("a", "120"), await parts.enqueue("b", "100")
    older, newer = await parts.enqueue("c", "110"), await parts.enqueue("c", "130")
    seen = {DAILY: "70"}
    held, theirs, ours = [
        await parts.enqueue(each, "120", expect=seen, policy=policy)
        for each, policy in zip("def", ("hold", "theirs", "ours"), strict=True)
    ]
    await push(one.account)
    assert one.platform.asked == []
    every = (plain, same, older, newer, held, theirs, ours)
    assert {update: await verdict(parts, update) for update in every} == {
        plain: ("100", "as_seen", "send", None, None, False),
        same: ("100", "already_set", "already_set", None, None, False),
        older: ("100", "as_seen", "superseded", "superseded", newer, False),
        newer: ("100", "as_seen", "send", None, None, False),
        held: ("100", "third_value", "held", "conflict", None, False),
        theirs: ("100", "third_value", "superseded", "remote_wins", None, False),
        ours: ("100", "third_value", "send", None, None, False),
    }
    read_at = await parts.sql.fetchval(
        "SELECT syncd.read_at(c, a) FROM syncd.campaigns c, syncd.accounts a"
        " WHERE c.external_id = 'd'"
    )
    (first,) = await merges(parts, held)
    assert (first["read"], dt.datetime.fromisoformat(first["read_at"])) == ("mirror", read_at)
    await parts.decisions.approve(held, "bob")
    beside = await parts.enqueue("a", "140", expect={DAILY: "100"})
    await push(one.account)
    assert await verdict(parts, held) == ("100", "third_value", "send", None, None, True)
    assert await verdict(parts, beside) == ("120", "ours", "send", None, None, False)
    ((_, again), (later,)) = await merges(parts, held), await merges(parts, beside)
    assert (again["read"], later["read"]) == ("mirror", "now")
    assert dt.datetime.fromisoformat(later["read_at"]) > read_at


async def test_the_same_merge_made_again_is_told_again(parts: Parts) -> None:
    one = await pulled(parts)
    held = await parts.enqueue("a", "120", expect={DAILY: "70"})
    await push(one.account)
    await parts.decisions.retry(held, "ann")
    await push(one.account)
    first, second = await merges(parts, held)
    assert first.pop("at") < second.pop("at")
    assert first == second


async def test_a_campaign_that_is_not_shown_is_said_to_be_so(parts: Parts) -> None:
    one = await pulled(parts, fresh_for=0.0)
    update_id = await parts.enqueue("a", "120")
    one.platform.daily.pop("a")
    await push(one.account)
    assert await verdict(parts, update_id) == (
        None, "not_shown", "held", "out_of_view", None, False,
    )  # fmt: skip
    (found,) = await merges(parts, update_id)
    assert found["read"] == "now"
