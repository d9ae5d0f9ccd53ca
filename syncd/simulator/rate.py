"""The limit of a simulated provider: at most n arrivals per credential in any sliding window of w
seconds, judged at the receiver by the time at which a request's head arrived. Refused arrivals
count too. It knows nothing of HTTP, and it shares nothing with the limiter that it judges."""

import re
from bisect import bisect_right, insort
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

SECOND_NS = 1_000_000_000
_FORM = re.compile(r"(?P<n>[1-9]\d*)/(?P<w>\d+(?:\.\d+)?)s")


@dataclass(frozen=True)
class Rate:
    """At most `n` arrivals in any window of `window_ns` nanoseconds."""

    n: int
    window_ns: int

    def __str__(self) -> str:
        return f"{self.n}/{Decimal(self.window_ns) / SECOND_NS:f}s"


def parse_rate(text: str) -> Rate | None:
    """`250/60s` as a Rate, `off` as None; raises ValueError for anything else."""
    if text == "off":
        return None
    found = _FORM.fullmatch(text)
    if found is None or not Decimal(found["w"]):
        raise ValueError(f"{text!r} is no limit: write NUMBER/SECONDSs, as 250/60s, or off")
    return Rate(int(found["n"]), int(Decimal(found["w"]) * SECOND_NS))


@dataclass(frozen=True)
class Verdict:
    """What the limit says of one arrival: refused or not, and when the next may succeed."""

    group: str
    """The limit group that the arrival counted in."""
    refused: bool
    n: int
    remaining: int
    wait_ns: int
    """From this arrival until one more would be let in; 0 when it would be at once."""


class SlidingWindow:
    """The arrivals of the last window in one limit group, per credential."""

    def __init__(self, rate: Rate | None, group: str = "default") -> None:
        self.rate = rate
        self.group = group
        self.refusals = 0
        self._arrivals: dict[str, list[int]] = defaultdict(list)

    def count(self, credential: str, arrived_ns: int) -> Verdict | None:
        """Record an arrival and judge it; None where no limit is set."""
        arrivals = self._arrivals[credential]
        rate = self.rate
        if rate is None:
            return None
        del arrivals[: bisect_right(arrivals, arrived_ns - rate.window_ns)]
        refused = len(arrivals) >= rate.n
        insort(arrivals, arrived_ns)
        self.refusals += refused
        wait_ns = 0
        if len(arrivals) >= rate.n:
            wait_ns = max(arrivals[-rate.n] + rate.window_ns - arrived_ns, 0)
        return Verdict(self.group, refused, rate.n, max(rate.n - len(arrivals), 0), wait_ns)
