"""A slice of the kit over every provider: each check by name, none that fails, and no skip without
its reason."""

from __future__ import annotations

import pytest

from syncd.config.catalogue import BUILT_IN
from syncd.conformance import Outcome, Subject
from tests.conformance.conftest import Benches, run

SLICE = (
    "paging", "mapping", "readonly", "money", "times", "steady", "unknown", "secrets",
    "reads/401", "reads/429", "reads/500", "reads/duplicate-keys",
    "writes/401", "writes/413", "writes/429", "writes/500", "writes/empty", "writes/truncate",
    "writes/reset", "storm/tokens-pull", "storm/tokens-write", "storm/lost-after",
    "storm/lost-before", "dialect/own",
)  # fmt: skip
SKIPPED = {
    "criteo": {"paging/drift", "paging/stuck", "times/round-trip"},
    "icas": set[str](),
    "epom": {
        "paging/drift", "paging/stuck", "times/round-trip", "mapping/creates",
        "storm/tokens-pull", "storm/tokens-write",
    },
    "pai": {
        "money/read", "money/write", "unknown/words", "storm/tokens-pull", "storm/tokens-write",
    },
    "voipbin": {"money/read", "money/write"},
}  # fmt: skip


@pytest.mark.parametrize("provider", BUILT_IN)
async def test_a_provider_passes_what_is_for_it(benches: Benches, provider: str) -> None:
    bench = await benches(provider)
    results = await run(bench, Subject(registration=BUILT_IN[provider]), *SLICE)
    assert {name: one.told for name, one in results.items() if one.outcome is Outcome.FAILED} == {}
    skipped = {name: one for name, one in results.items() if one.outcome is Outcome.SKIPPED}
    assert skipped.keys() == SKIPPED[provider]
    assert all(one.told for one in results.values())
