"""What a receiver sees: the fullest window of its arrivals, and by how much delays on the way may
differ. It counts by itself and knows no limiter."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.model.limits import Limit


def jitter(limit: Limit) -> float:
    """The largest difference of delays under which this limit must still hold."""
    return 0.05 if limit.window <= 5 else 0.02 * limit.window


def fullest(arrivals: Sequence[float], window: float) -> int:
    """The most arrivals in any half-open window of this length."""
    ordered = sorted(arrivals)
    most = start = 0
    for end, arrival in enumerate(ordered):
        while ordered[start] <= arrival - window:
            start += 1
        most = max(most, end - start + 1)
    return most
