"""A slice of the kit over every provider: each check by name, none that fails, and no skip without
its reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle

import pytest

from syncd.config.catalogue import BUILT_IN
from syncd.conformance import Outcome, Subject, running
from syncd.conformance.listing import pulled
from syncd.ports import Provider
from syncd.providers.settings import Settings
from syncd.providers.voipbin.adapter import Voipbin
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


async def test_pages_that_end_between_rows_of_one_moment_are_no_movement() -> None:
    """VoIPBIN passes over the rest of such rows, which pages of another size show."""
    sizes = cycle((1.0, 0.04))  # the usual one, and seventy

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Provider]:
        async with Voipbin(settings, chance=lambda: next(sizes)) as adapter:
            shown.append(len((await pulled(adapter)).campaigns))
            yield adapter

    shown: list[int] = []
    registration = BUILT_IN["voipbin"]
    command = (*registration.bench, "--campaigns", "110")
    async with running(command, "documented") as bench:
        subject = Subject(registration=registration, opened=opened)
        results = await run(bench, subject, "steady/pull-twice")
    assert len({*shown}) == 2
    assert [one.outcome for one in results.values()] == [Outcome.PASSED], results
