"""What ends a campaign: that it does not exist counts only beside another one that the account
still shows, because whoever has lost the rights is told so of every campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from syncd.engine.push import push
from syncd.engine.recover import recover
from syncd.errors import Forbidden
from syncd.model.call import CallResult, WriteCall
from syncd.model.listing import Reading
from syncd.model.path import DELETED, Field, Guard, Kind
from syncd.model.run import RunOutcome
from syncd.model.update import Outcome, Verdict
from tests.engine.platform import CAPABILITIES, Bench, Platform, Script, answered, bench
from tests.store.parts import FIELDS, SETTLE, Parts, campaign, registration

DELETE = {DELETED: "true"}
ENDS = Field(path=DELETED, kind=Kind.FLAG, readable=False, changeable=True, guard=Guard.DELETE)
LOST = Verdict(outcome=Outcome.UNKNOWN, code="no-answer")
NO = Verdict(outcome=Outcome.REJECTED, code="http-404", message="no such campaign")


def answers(verdict: Verdict, *, is_applied: bool) -> Script:
    """The campaign ends, or not, and this is what is said of it."""

    async def answer(platform: Platform, call: WriteCall) -> CallResult:
        for item in call.items:
            if is_applied and DELETED in item.changes:
                del platform.daily[item.external_id]
        return answered(call, verdict, status=404)

    return answer


async def deleting(parts: Parts, script: Script, ids: str = "ab") -> tuple[Bench, int]:
    """An account with these campaigns and an update that ends the first of them."""
    await parts.accounts.declare("criteo", "documented", (*FIELDS, ENDS))
    await parts.accounts.register([registration(free_guards=frozenset(Guard))])
    await parts.pull([campaign(one) for one in ids])
    one = bench(parts, dict.fromkeys(ids, "100"), script)
    one.platform.offer = replace(CAPABILITIES, fields=(*FIELDS, ENDS))
    rules = replace(one.account.rules, free=frozenset(Guard))
    one.account = replace(one.account, rules=rules)
    one.platform.reads = lambda asked: told(one.platform, asked)
    return one, await parts.enqueue(ids[0], patch=DELETE)


def told(platform: Platform, ids: Sequence[str]) -> Reading:
    """The provider says of what is not there that it does not exist."""
    there = {id_: campaign(id_, platform.daily[id_]) for id_ in ids if id_ in platform.daily}
    return Reading(campaigns=there, gone=frozenset(ids) - there.keys())


def of_nothing(ids: Sequence[str]) -> Reading:
    """What is said of every campaign to somebody without rights."""
    return Reading(gone=frozenset(ids))


async def marked(parts: Parts) -> list[str]:
    """The campaigns that count as gone."""
    rows = await parts.sql.fetch(
        "SELECT external_id FROM syncd.campaigns WHERE gone_at IS NOT NULL"
    )
    return [row["external_id"] for row in rows]


async def test_an_unanswered_delete_is_proven_by_a_campaign_that_is_still_shown(
    parts: Parts,
) -> None:
    one, update_id = await deleting(parts, answers(LOST, is_applied=True))
    await push(one.account)
    await parts.move_clock(SETTLE)
    one.platform.asked.clear()
    await recover(one.account)
    assert one.platform.asked == [("a",), ("b",)]
    assert await one.states([update_id]) == ["applied"]
    assert await marked(parts) == ["a"]


async def test_where_everything_is_gone_nothing_is_proven(parts: Parts) -> None:
    one, update_id = await deleting(parts, answers(LOST, is_applied=False), "abcdef")
    await push(one.account)
    await parts.move_clock(SETTLE)
    one.platform.asked.clear()
    one.platform.reads = of_nothing
    report = await recover(one.account)
    assert (report.outcome, report.counts["waiting"]) == (RunOutcome.PARTIAL, 1)
    assert len(one.platform.asked) == 4, "three others are asked for at most"
    assert await one.states([update_id]) == ["unknown"]
    assert await marked(parts) == []
    one.platform.reads = lambda asked: told(one.platform, asked)
    await recover(one.account)
    assert await one.states([update_id]) == ["queued"], "it was not deleted"


async def test_what_the_other_campaign_shows_is_known_from_then_on(parts: Parts) -> None:
    """The mirror is young enough for a push, but what was read beside is younger."""
    one, update_id = await deleting(parts, answers(LOST, is_applied=False))
    rules = replace(one.account.rules, fields=(*FIELDS, ENDS))
    one.account = replace(one.account, rules=rules, fresh_for=60.0)
    del one.platform.daily["a"]
    one.platform.daily["b"] = "90"
    other = await parts.enqueue("b", "120")
    await push(one.account)
    assert one.platform.asked == [("a",), ("b",)]
    assert one.platform.calls == []
    assert await one.states([update_id, other]) == ["applied", "held"]
    assert (await parts.update(other))["reason_code"] == "conflict"


async def test_another_campaign_of_the_same_read_is_proof_enough(parts: Parts) -> None:
    one, update_id = await deleting(parts, answers(LOST, is_applied=True))
    other = await parts.enqueue("b", "50")
    await push(one.account)
    await parts.move_clock(SETTLE)
    one.platform.asked.clear()
    await recover(one.account)
    assert one.platform.asked[:1] == [("a", "b")]
    assert ("b",) not in one.platform.asked
    assert await one.states([update_id, other]) == ["applied", "queued"]


@pytest.mark.parametrize("is_answered", [True, False])
async def test_the_last_campaign_is_gone_where_the_account_is_still_answered(
    parts: Parts, *, is_answered: bool
) -> None:
    one, update_id = await deleting(parts, answers(LOST, is_applied=True), "a")
    await push(one.account)
    await parts.move_clock(SETTLE)

    def refuse(_number: int) -> None:
        raise Forbidden("403")

    if not is_answered:
        one.platform.page = refuse
    report = await recover(one.account)
    assert await one.states([update_id]) == ["applied" if is_answered else "unknown"]
    assert report.outcome is (RunOutcome.OK if is_answered else RunOutcome.FAILED)


@pytest.mark.parametrize(
    ("is_applied", "reads", "state"),
    [(True, told, "applied"), (False, told, "rejected"), (False, None, "unknown")],
    ids=["it-is-gone", "it-is-there", "all-are-gone"],
)
async def test_a_no_to_a_delete_is_looked_at(
    parts: Parts, *, is_applied: bool, reads: object, state: str
) -> None:
    """Somebody on the way may have sent it twice, or somebody else was first."""
    gone = answers(NO, is_applied=is_applied)

    async def answer(platform: Platform, call: WriteCall) -> CallResult:
        if reads is None:
            platform.reads = of_nothing
        return await gone(platform, call)

    one, update_id = await deleting(parts, answer)
    await push(one.account)
    assert await one.states([update_id]) == [state]
    assert len(one.platform.calls) == 1
    row = await parts.update(update_id)
    if state == "rejected":
        assert (row["reason_code"], row["reason"]) == ("http-404", "no such campaign")


async def test_a_delete_is_not_decided_by_a_read_that_finds_nothing_at_all(parts: Parts) -> None:
    one, update_id = await deleting(parts, answers(NO, is_applied=False))
    one.platform.reads = of_nothing
    await push(one.account)
    assert await one.states([update_id]) == ["queued"]
    assert one.platform.calls == []
