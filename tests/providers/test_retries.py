"""How often a read is tried, and how long it waits between."""

from __future__ import annotations

import pytest

from syncd.errors import BadAnswer, CallRefused, NoAnswer, ProviderDown, ProviderError, Throttled
from syncd.providers.retries import ATTEMPTS, Backoff, retried


async def attempts_until_given_up(error: ProviderError, patience: float | None = 60) -> int:
    count = 0

    async def attempt() -> None:
        nonlocal count
        count += 1
        raise error

    with pytest.raises(type(error)) as caught:
        await retried(attempt, patience=patience)
    assert caught.value is error
    return count


@pytest.mark.parametrize("error", [NoAnswer("n"), BadAnswer("b"), ProviderDown("d")])
async def test_what_may_pass_is_tried_four_times(error: ProviderError) -> None:
    assert await attempts_until_given_up(error) == ATTEMPTS == 4


async def test_what_will_not_pass_is_tried_once() -> None:
    assert await attempts_until_given_up(CallRefused("no")) == 1


async def test_a_throttled_read_is_repeated_only_within_the_patience() -> None:
    assert await attempts_until_given_up(Throttled("t", retry_after=59)) == 4
    assert await attempts_until_given_up(Throttled("t", retry_after=61)) == 1
    assert await attempts_until_given_up(Throttled("t", retry_after=61), patience=None) == 4


def test_waits_grow_and_are_spread_over_their_whole_length() -> None:
    waits: dict[float, list[float]] = {0.5: [], 1.0: [], 2.0: []}
    for _ in range(300):
        backoff = Backoff(None)
        for wait in waits.values():
            wait.append(float(backoff(NoAnswer("n"))))
    for longest, wait in waits.items():
        assert 0 <= min(wait) < 0.1 * longest
        assert 0.9 * longest < max(wait) <= longest
