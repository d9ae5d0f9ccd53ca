"""Calls that are refused as a whole for what is in them: the culprits are found by halving, in no
more calls than were promised, and everybody else gets a result of their own."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import pytest

from syncd.engine.push import push
from syncd.model.call import CallResult, Whole, WriteCall
from syncd.model.run import RunOutcome
from syncd.model.update import Outcome, Verdict
from tests.engine.platform import Platform, Script, answered, apply, bench, refused
from tests.store.parts import Parts, campaign

NO = Verdict(outcome=Outcome.REJECTED, code="too-low", message="too low")
SIZES = (1, 2, 3, 7, 16, 33)
LARGE = (5, 12, 31, 50, 64, 65, 77, 100, 127, 128, 129, 150, 200)


def poisoned(poison: set[str], no: set[str], whole: Whole) -> Script:
    """A call with one of `poison` in it is refused unseen; else `no` are refused by themselves."""

    async def answer(platform: Platform, call: WriteCall) -> CallResult:
        ids = {item.external_id for item in call.items}
        if ids & poison:
            return await refused(whole)(platform, call)
        good = replace(call, items=tuple(one for one in call.items if one.external_id not in no))
        taken = (await apply(platform, good)).verdicts
        result = answered(call, NO)
        return replace(result, verdicts={**result.verdicts, **taken})

    return answer


def placed(count: int, culprits: int) -> list[set[int]]:
    """Where culprits may stand: all in front, all behind, evenly apart, anywhere."""
    anywhere = Random(f"{count} {culprits}").sample(range(count), culprits)
    apart = {at * count // culprits for at in range(culprits)}
    found = [set(range(culprits)), set(range(count - culprits, count)), apart, set(anywhere)]
    return [one for at, one in enumerate(found) if one not in found[:at]]


async def assert_found(parts: Parts, count: int, bad: set[int], whole: Whole) -> None:
    """One push of `count` items of which `bad` spoil every call that they are in."""
    ids = [f"c{number:03}" for number in range(count)]
    no = {number for number in range(0, count, 3) if number not in bad}
    await parts.pull([campaign(one) for one in ids])
    queued = [await parts.enqueue(one, "50") for one in ids]
    script = poisoned({ids[number] for number in bad}, {ids[number] for number in no}, whole)
    one = bench(parts, dict.fromkeys(ids, "100"), script)
    one.platform.batch = count
    one.account = replace(one.account, batch=count)
    report = await push(one.account)
    assert (report.outcome, report.error) == (RunOutcome.OK, None)
    states = await one.states(queued)
    assert states == ["rejected" if at in bad | no else "applied" for at in range(count)]
    codes = [(await parts.update(queued[number]))["reason_code"] for number in sorted(bad | no)]
    assert codes == [whole.value if at in bad else "too-low" for at in sorted(bad | no)]
    assert {ids[number] for number in range(count) if number not in bad | no} == {
        name for name, daily in one.platform.daily.items() if daily == "50"
    }
    bound = len(bad) * (2 * math.ceil(math.log2(count)) + 2)
    assert len(one.platform.calls) <= bound, f"{len(one.platform.calls)} calls, {bound} promised"
    alone = {call[0] for call in one.platform.calls if len(call) == 1}
    assert {ids[number] for number in bad} <= alone


@pytest.mark.parametrize("count", SIZES)
async def test_the_culprit_is_found_wherever_it_stands(parts: Parts, count: int) -> None:
    at = Random(count).randrange(count)
    await assert_found(parts, count, {at}, Whole.INVALID)


@pytest.mark.parametrize(
    ("count", "culprits", "whole"),
    [(2, 2, Whole.INVALID), (7, 7, Whole.TOO_LARGE), (33, 4, Whole.INVALID)],
)
async def test_several_culprits_are_found_within_the_calls_that_were_promised(
    parts: Parts, count: int, culprits: int, whole: Whole
) -> None:
    await assert_found(parts, count, placed(count, culprits)[-1], whole)


async def test_five_culprits_are_found_among_two_hundred(parts: Parts) -> None:
    await assert_found(parts, 200, {0, 40, 80, 120, 199}, Whole.INVALID)


@pytest.mark.soak
@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("culprits", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("count", LARGE)
async def test_any_culprits_are_found_among_any_number(
    parts: Parts, count: int, culprits: int, place: int
) -> None:
    places = placed(count, min(culprits, count))
    await assert_found(parts, count, places[place % len(places)], Whole.INVALID)
