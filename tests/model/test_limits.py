"""The leaky bucket behind a limit: its size keeps every sliding window, and wastes little."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.limits import ImpossibleLimit, Limit

JITTER_SHORT, JITTER_SHARE = 0.05, 0.02


def jitter(limit: Limit) -> float:
    if limit.jitter is not None:
        return limit.jitter
    return JITTER_SHORT if limit.window <= 5 else JITTER_SHARE * limit.window


@pytest.mark.parametrize(
    ("count", "window", "capacity", "rate"),
    [
        (250, 60, 10.0, 241 / 61.2),
        (25, 6, 1.2, 24.8 / 6.12),
        (10, 1, 1.2, 9.8 / 1.05),
        (100, 1, 2.0, 99 / 1.05),
        (50, 1, 1.2, 49.8 / 1.05),
        (51, 1, 2.0, 50 / 1.05),
        (12.5, 6, 1.2, 11.8 / 6.12),
    ],
)
def test_a_limit_gives_this_bucket(
    count: float, window: float, capacity: float, rate: float
) -> None:
    limit = Limit(count=count, window=window)
    assert limit.capacity == pytest.approx(capacity)
    assert limit.rate == pytest.approx(rate, rel=1e-6)


@given(
    st.floats(min_value=2, max_value=100_000),
    st.floats(min_value=0.5, max_value=86_400),
    st.none() | st.floats(min_value=0, max_value=0.5),
)
def test_burst_and_refill_stay_below_the_next_whole_request(
    count: float, window: float, own: float | None
) -> None:
    limit = Limit(count=count, window=window, jitter=own)
    most = limit.capacity + limit.rate * (window + jitter(limit))
    assert most < math.floor(count) + 1
    assert most > math.floor(count) + 1 - 1e-3 * count
    assert limit.capacity > 1


@pytest.mark.parametrize(("count", "window"), [(250, 60), (25, 6), (100, 1)])
def test_a_saturated_limit_is_used_to_nine_tenths(count: float, window: float) -> None:
    limit = Limit(count=count, window=window)
    assert limit.rate * window >= 0.9 * count


@pytest.mark.parametrize("count", [0, 0.2, 0.99, -1])
def test_a_limit_without_a_whole_request_is_impossible(count: float) -> None:
    with pytest.raises(ImpossibleLimit):
        _ = Limit(count=count, window=60).rate
