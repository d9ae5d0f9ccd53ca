"""Answers that judge some items and say something of the caller besides: what was judged stays, the
rest goes back to the queue without being charged, and the pass does what the caller was told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncd.engine.push import push
from syncd.errors import LimitWait
from syncd.model.call import CallResult, Whole, WriteCall
from syncd.model.listing import Reading
from syncd.model.run import RunOutcome
from syncd.model.update import Outcome, Verdict
from tests.engine.platform import Bench, Platform, Script, apply, bench
from tests.store.parts import Parts, campaign

IDS = [f"c{number}" for number in range(6)]


def mixed(*reasons: Whole) -> Script:
    """The first item is applied and the second rejected; of the rest only these are told."""

    async def answer(platform: Platform, call: WriteCall) -> CallResult:
        _, second, *rest = [item.external_id for item in call.items]
        taken = await apply(platform, replace(call, items=call.items[:1]))
        left = Verdict(outcome=Outcome.NOT_JUDGED, code="told", message="of the caller")
        no = Verdict(outcome=Outcome.REJECTED, code="bad", message="no")
        verdicts = {**taken.verdicts, second: no, **dict.fromkeys(rest, left)}
        return CallResult(verdicts=verdicts, status=200, partly=frozenset(reasons), message="some")

    return answer


async def ready(parts: Parts, script: Script) -> tuple[Bench, list[int]]:
    await parts.pull([campaign(one) for one in IDS])
    queued = [await parts.enqueue(one, "50") for one in IDS]
    return bench(parts, dict.fromkeys(IDS, "100"), script), queued


async def test_after_a_throttle_of_some_the_account_waits_and_no_item_is_charged(
    parts: Parts,
) -> None:
    told = mixed(Whole.THROTTLED)

    async def answer(platform: Platform, call: WriteCall) -> CallResult:
        def frozen(_ids: object) -> Reading:
            raise LimitWait("frozen for 10 s", seconds=10.0)

        result = await told(platform, call)
        platform.reads = frozen
        return result

    one, ids = await ready(parts, answer)
    report = await push(one.account)
    assert await one.states(ids) == ["applied", "rejected", *["queued"] * 4]
    assert (report.outcome, len(one.platform.calls)) == (RunOutcome.PARTIAL, 1)
    rows = [await parts.update(id_) for id_ in ids[2:]]
    assert all((row["repeats"], row["results"]) == (0, {}) for row in rows)
    one.platform.reads = lambda _ids: None
    one.platform.script = apply
    await push(one.account)
    assert await one.states(ids) == ["applied", "rejected", *["applied"] * 4]


@pytest.mark.parametrize(
    ("whole", "calls", "code"),
    [(Whole.FORBIDDEN, 1, "forbidden"), (Whole.UNAUTHORISED, 2, "auth-failed")],
)
async def test_what_no_other_call_would_escape_ends_the_pass(
    parts: Parts, whole: Whole, calls: int, code: str
) -> None:
    one, ids = await ready(parts, mixed(whole))
    report = await push(one.account)
    assert len(one.platform.calls) == calls
    assert (report.outcome, report.error and report.error.code) == (RunOutcome.FAILED, code)
    states = await one.states(ids)
    assert states == [*["applied", "rejected"] * calls, *["queued"] * (6 - 2 * calls)]
