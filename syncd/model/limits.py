"""A declared limit and the leaky bucket that keeps it in every sliding window. Pure arithmetic: it
knows nothing of who asks for what."""

from __future__ import annotations

import math
from dataclasses import dataclass


class ImpossibleLimit(ValueError):
    """No positive rate keeps this limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """At most `count` requests (share already taken) in any `window` seconds; `jitter` is the
    largest difference of one-way delays in seconds, None for the default of 50 ms, or 2 % of
    windows above five seconds. It counts the requests of `operations`, or every request where none
    is named."""

    count: float
    window: float
    jitter: float | None = None
    operations: frozenset[str] = frozenset()

    @property
    def capacity(self) -> float:
        """Requests that may leave at once after a pause. A fraction above one lets a late timer
        catch up."""
        if self.window > 1:
            return max(1.2, 0.04 * self.count)
        return 1.2 if self.count / self.window <= 50 else 2.0

    @property
    def rate(self) -> float:
        """Requests a second, the largest r with capacity + r * (window + jitter) < floor(count) +
        1."""
        jitter = self.jitter
        if jitter is None:
            jitter = 0.05 if self.window <= 5 else 0.02 * self.window
        rate = (math.floor(self.count) + 1 - self.capacity) / (self.window + jitter) * (1 - 1e-9)
        if math.floor(self.count) < 1 or rate <= 0:
            raise ImpossibleLimit(f"{self.count:g} in {self.window:g} s leaves no request at all")
        return rate
