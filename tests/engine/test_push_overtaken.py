"""A newer update one path of which stands there already: no call carries that path, and the older
value is not sent after it all the same."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from syncd.engine.push import push
from syncd.model.call import CallResult, WriteCall
from syncd.model.update import Outcome, Verdict
from tests.engine.platform import Platform, answered, bench
from tests.store.parts import Parts, campaign

DAILY, MONTHLY = "budget.daily", "budget.monthly"


@pytest.mark.parametrize(
    ("older", "newer", "sent", "states"),
    [
        (
            {DAILY: "50"},
            {DAILY: "100", MONTHLY: "500"},
            {MONTHLY: "500"},
            ["superseded", "applied"],
        ),
        (
            {DAILY: "50", MONTHLY: "500"},
            {DAILY: "100"},
            {MONTHLY: "500"},
            ["superseded", "applied"],
        ),
        ({DAILY: "50"}, {DAILY: "100"}, None, ["superseded", "applied"]),
    ],
)
async def test_an_older_value_is_not_sent_after_a_newer_one_that_stands_already(
    parts: Parts,
    older: Mapping[str, str],
    newer: Mapping[str, str],
    sent: Mapping[str, str] | None,
    states: list[str],
) -> None:
    calls: list[Mapping[str, str | None]] = []

    async def answer(_platform: Platform, call: WriteCall) -> CallResult:
        calls.extend(item.changes for item in call.items)
        return answered(call, Verdict(outcome=Outcome.APPLIED))

    await parts.pull([campaign("a")])
    ids = [await parts.enqueue("a", patch=dict(patch)) for patch in (older, newer)]
    one = bench(parts, {"a": "100"}, answer)
    await push(one.account)
    await push(one.account)
    assert calls == ([] if sent is None else [sent])
    assert await one.states(ids) == states
    first = await parts.update(ids[0])
    assert first["superseded_by"] == ids[1]
