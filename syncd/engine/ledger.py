"""The books of one push while it runs: where each update stands, how often a campaign was tried,
why it stops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from syncd.errors import LimitWait, Stopped, SyncdError, Throttled
from syncd.model.plan import Agreed
from syncd.model.run import RunOutcome
from syncd.model.update import Pending, State, Terms

TRIES = 3


@dataclass(kw_only=True)
class Ledger:
    """Where each update of this pass stands, how often its campaign was tried, of which campaigns
    no read told anything, and why the pass stops; where it goes by a saved plan, what was agreed on
    and why updates dropped out of that."""

    states: dict[int, State] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)
    agreed: Agreed | None = None
    dropped: dict[int, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    calls: int = 0
    error: SyncdError | None = None
    outcome: RunOutcome = RunOutcome.OK

    @property
    def wanted(self) -> Collection[int] | None:
        """The updates that may be claimed, None for all. What dropped out is looked at once."""
        return None if self.agreed is None else self.agreed.keys() - self.dropped.keys()

    def bound(self, update: Pending) -> Pending:
        """The update with what was agreed on."""
        if self.agreed is None:
            return update
        return replace(update, agreed=self.agreed.get(update.id, Terms()))

    def halt(self, error: SyncdError, outcome: RunOutcome) -> None:
        """Send nothing more in this pass. The first reason stays."""
        if self.error is None:
            self.error, self.outcome = error, outcome

    def progressed(self, external_id: str) -> None:
        """A call settled a part of what was asked of this campaign: that was no vain try."""
        self.tries[external_id] -= 1

    def spent(self) -> list[str]:
        """Campaigns that had all the tries that one pass gives."""
        return [external_id for external_id, tries in self.tries.items() if tries >= TRIES]

    def still_queued(self) -> list[int]:
        """Updates that went nowhere in this pass, as far as it knows."""
        return [one for one, state in self.states.items() if state is State.QUEUED]

    def counts(self) -> dict[str, int]:
        """The books of the run: every claimed update is in exactly one state."""
        by_state = Counter(state.value for state in self.states.values())
        names = (
            "applied",
            "rejected",
            "unknown",
            "held",
            "superseded",
            "expired",
            "cancelled",
            "queued",
        )
        return {"claimed": len(self.states), **{name: by_state[name] for name in names}}


def outcome_of(error: SyncdError) -> RunOutcome:
    """Waiting for a limit and being asked to stop are normal ends; everything else is a failure."""
    return (
        RunOutcome.PARTIAL
        if isinstance(error, LimitWait | Throttled | Stopped)
        else RunOutcome.FAILED
    )
