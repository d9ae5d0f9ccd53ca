"""What the examples of a run did, counted: steps, rules, interruptions, faults, writes and ends. It
only counts and prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

GROUPS = ("run", "rule", "struck", "fault", "write", "update", "door", "case")
"""In the order in which they are printed."""


@dataclass
class Tally:
    """Counts by group and name."""

    counts: dict[str, Counter[str]] = field(
        default_factory=lambda: {one: Counter() for one in GROUPS}
    )

    def add(self, group: str, name: str, number: int = 1) -> None:
        self.counts[group][name] += number

    def of(self, group: str, name: str) -> int:
        return self.counts[group][name]

    def plain(self) -> Mapping[str, Mapping[str, int]]:
        """As values that a report of a test may carry."""
        return {group: dict(counted) for group, counted in self.counts.items()}

    def take(self, other: Mapping[str, Mapping[str, int]]) -> None:
        """Add what another run counted."""
        for group, counted in other.items():
            self.counts[group].update(counted)


def lines(tally: Tally, seeds: Iterable[str]) -> Iterator[str]:
    """The counts for people."""
    yield f"seeds: {', '.join(sorted(seeds))}"
    for group in GROUPS:
        counted = tally.counts[group]
        told = ", ".join(f"{name} {number:,}" for name, number in sorted(counted.items()))
        yield f"{group:>7}: {told or 'none'}"
