"""What goes wrong between syncd and a provider: the faults that the machine arms. None of them lies
about what a campaign has, because against that no promise is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncd.simulator import Simulator
from syncd.simulator.faults import Fault


@dataclass(frozen=True)
class Trouble:
    """One fault; `at` is `write` or `read`, or the name of an operation."""

    kind: str
    when: str
    options: Mapping[str, Any] = field(default_factory=dict)
    at: str = "write"

    def arm_all(self, simulator: Simulator) -> list[Fault]:
        """At the next call of every operation that it may be."""
        found = {"write": simulator.service.writes, "read": _READS}.get(self.at, [self.at])
        return [
            simulator.faults.arm(self.kind, one, when=self.when, **self.options)
            for one in sorted(found)
        ]

    def arm(self, simulator: Simulator, nth: int, which: int) -> None:
        """At the n-th call from now of an operation: the `which`-th of those that it may be."""
        found = {"write": writes_of(simulator), "read": _READS}.get(self.at, [self.at])
        operation = found[which % len(found)]
        simulator.faults.arm(self.kind, operation, when=self.when, nth=nth, **self.options)


def writes_of(simulator: Simulator) -> Sequence[str]:
    """The calls that change campaigns, first the one that most changes are made with."""
    usual = {"icas": "budgets"}.get(simulator.settings.provider, "update")
    return [usual, usual, *sorted(simulator.service.writes)]


_READS = ("search", "list", "get")
_SLOW_DOWN = {"status": 429, "headers": {"Retry-After": "30"}}
_ANY = (
    Trouble("reset", "before"),
    Trouble("reset", "after"),
    Trouble("reset", "head"),
    Trouble("status", "before", {"status": 500}),
    Trouble("status", "after", {"status": 502}),
    Trouble("status", "after", {"status": 503}),
    Trouble("status", "before", _SLOW_DOWN),
    Trouble("status", "before", {"status": 401}),
    Trouble("status", "before", {"status": 403}),
    Trouble("status", "before", {"status": 413}),
    Trouble("status", "before", {"status": 400}),
    Trouble("html", "after"),
    Trouble("empty", "after", {"status": 204}),
    Trouble("truncate", "after"),
    Trouble("malformed", "before"),
    Trouble("duplicate_keys", "after"),
    Trouble("redirect", "before", {"location": "http://127.0.0.1:9/"}),
    Trouble("reset", "before", at="read"),
    Trouble("reset", "after", at="read"),
    Trouble("status", "before", {"status": 500}, at="read"),
    Trouble("status", "before", _SLOW_DOWN, at="read"),
    Trouble("html", "after", at="read"),
    Trouble("truncate", "after", at="read"),
    Trouble("malformed", "after", at="read"),
)
_OWN: Mapping[str, Sequence[Trouble]] = {
    "criteo": (
        Trouble("half", "after"),
        Trouble("omit", "after"),
        Trouble("omit", "after", {"apply": False}),
        Trouble("both", "after"),
        Trouble("no_instance", "after"),
        Trouble("bad_index", "after"),
        Trouble("several_errors", "after"),
        Trouble("reorder", "after"),
    ),
    "icas": (
        Trouble("half", "after"),
        Trouble("error", "after"),
        Trouble("error", "before"),
        Trouble("echo_other", "after"),
        Trouble("tokens_end", "before"),
    ),
    "epom": (
        Trouble("half", "after"),
        Trouble("success_false", "after"),
        Trouble("odd_json", "after"),
        Trouble("error_page", "after"),
    ),
    "pai": (
        Trouble("half", "after", at="update"),
        Trouble("gateway", "before"),
        Trouble("gateway", "after"),
        Trouble("throttling", "before"),
    ),
    "voipbin": (
        Trouble("half", "after"),
        Trouble("echo_other", "after", {"apply": True}),
        Trouble("all_zero", "after", {"apply": True}),
    ),
}
MOST = max(len(_ANY) + len(own) for own in _OWN.values())
LOST = -1
"""The number of the worst of them: all was done, and nobody heard of it."""
OWN = min(len(own) for own in _OWN.values())
"""How many every provider has that no other one has."""


def trouble(provider: str, number: int) -> Trouble:
    """The faults of a provider, its own first; a number past the end counts on from the start."""
    if number == LOST:
        return Trouble("reset", "after")
    known = (*_OWN[provider], *_ANY)
    return known[number % len(known)]
