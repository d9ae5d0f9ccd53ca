"""Adapters with one thing wrong each: the kit finds it, by the check that is for it."""

import pytest

from syncd.conformance import Outcome
from tests.conformance.broken import PLANTED, Planted
from tests.conformance.conftest import Benches, run


@pytest.mark.parametrize("planted", PLANTED, ids=str)
async def test_a_planted_bug_is_found(benches: Benches, planted: Planted) -> None:
    bench = await benches(planted.provider)
    results = await run(bench, planted.subject, planted.check)
    assert results[planted.check].outcome is Outcome.FAILED, results[planted.check].told
