"""Some operations take longer to show than the account's settle time: what they did is not looked
up before their own, whether the answer was lost or the owner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pytest

from syncd.engine.push import push
from syncd.engine.recover import recover
from syncd.model.call import CallResult, WriteCall
from syncd.model.update import Outcome, Verdict
from tests.engine.platform import CAPABILITIES, Bench, Platform, answered, apply, bench
from tests.store.parts import SETTLE, Parts, campaign
from tests.store.test_mirror_beside import successor

LONG = SETTLE + dt.timedelta(seconds=180)


async def without_a_word(platform: Platform, call: WriteCall) -> CallResult:
    await apply(platform, call)
    return answered(call, Verdict(outcome=Outcome.UNKNOWN, code="no-answer"))


async def ready(parts: Parts, settles: Mapping[str, float]) -> tuple[Bench, int]:
    await parts.pull([campaign("a")])
    update_id = await parts.enqueue("a", "50")
    one = bench(parts, {"a": "100"}, without_a_word)
    one.platform.offer = replace(CAPABILITIES, settles=settles)
    return one, update_id


@pytest.mark.parametrize(
    ("settles", "waits"),
    [
        ({"PATCH": LONG.total_seconds()}, LONG),
        ({"PATCH": 1.0}, SETTLE),
        ({"POST": LONG.total_seconds()}, SETTLE),
    ],
    ids=["longer", "shorter-than-the-accounts", "of-another-operation"],
)
async def test_an_unknown_outcome_waits_for_the_longer_of_two_settle_times(
    parts: Parts, settles: Mapping[str, float], waits: dt.timedelta
) -> None:
    one, update_id = await ready(parts, settles)
    await push(one.account)
    await parts.move_clock(waits - dt.timedelta(seconds=60))
    assert 0 < (await recover(one.account)).waits <= 60
    assert await one.states([update_id]) == ["unknown"]
    await parts.move_clock(dt.timedelta(seconds=60))
    await recover(one.account)
    assert await one.states([update_id]) == ["applied"]


async def test_attempts_of_an_owner_that_is_gone_wait_for_their_operations_time(
    parts: Parts,
) -> None:
    one, update_id = await ready(parts, {"PATCH campaigns": LONG.total_seconds()})
    await parts.intend()
    later = bench(await successor(parts), {"a": "50"})
    later.platform.offer = one.platform.offer
    assert SETTLE.total_seconds() < (await recover(later.account)).waits <= LONG.total_seconds()
    await parts.move_clock(LONG)
    await recover(later.account)
    assert await one.states([update_id]) == ["applied"]
