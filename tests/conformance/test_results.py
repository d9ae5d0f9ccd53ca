"""How a check can end, and what the kit makes of it."""

from __future__ import annotations

import pytest

from syncd.config.catalogue import BUILT_IN
from syncd.conformance import Check, Outcome, Subject, checked_at
from syncd.conformance.ending import Broken, NotApplicable
from syncd.conformance.stand import Stand
from syncd.errors import ProviderDown
from tests.conformance.conftest import Benches

FINDINGS = [f"finding {number}" for number in range(10)]


@pytest.mark.parametrize(
    ("raised", "outcome", "told"),
    [
        (None, Outcome.PASSED, "what was seen"),
        (Broken(["one"]), Outcome.FAILED, "one"),
        (Broken(FINDINGS), Outcome.FAILED, "; ".join([*FINDINGS[:8], "and 2 more"])),
        (NotApplicable("why"), Outcome.SKIPPED, "why"),
        (NotApplicable(" "), Outcome.FAILED, "it was skipped without a reason"),
        (ProviderDown("it is down"), Outcome.FAILED, "ProviderDown: it is down"),
        (KeyError("c7"), Outcome.FAILED, "KeyError: 'c7'"),
    ],
)
async def test_an_end_becomes_a_result(
    benches: Benches, raised: Exception | None, outcome: Outcome, told: str
) -> None:
    async def ends(stand: Stand) -> str:
        await stand.bench.admin.arm("delay", count=None)
        if raised is not None:
            raise raised
        return "what was seen"

    bench = await benches("pai")
    check = Check(name="some/check", sentence="Something is so.", run=ends)
    subject = Subject(registration=BUILT_IN["pai"])
    (result,) = [one async for one in checked_at(bench, subject, checks=[check])]
    assert (result.outcome, result.told) == (outcome, told)
    assert (result.name, result.sentence) == ("some/check", "Something is so.")
    assert (await bench.admin.ask("faults"))["faults"] == []
