"""How often each operation of the simulated PAI was asked for: every request is billed, whether it
succeeds or not, by the month of the provider's own zone. It knows no prices."""

from collections import Counter
from typing import Any

from syncd.simulator.pai.clock import Clock
from syncd.simulator.pai.routes import OPERATIONS


class Usage:
    """The requests of one simulator."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._requests: Counter[tuple[str, str]] = Counter()

    def count(self, operation: str) -> None:
        """Count one request; an address that is no operation costs nothing."""
        if operation in OPERATIONS:
            self._requests[self._clock.month(), operation] += 1

    def told(self) -> dict[str, Any]:
        """All requests by operation, and those of each month."""
        months: dict[str, dict[str, int]] = {}
        for (month, operation), count in self._requests.items():
            months.setdefault(month, dict.fromkeys(OPERATIONS, 0))[operation] = count
        totals = {name: sum(month[name] for month in months.values()) for name in OPERATIONS}
        return {"requests": totals, "requests_by_month": months}
