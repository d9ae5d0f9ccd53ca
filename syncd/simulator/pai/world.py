"""Campaigns as the simulated PAI keeps them, in the order in which it lists them, with what it
hides: changes that wait, campaigns that lists do not show yet, references to campaigns. People edit
them here; no protocol is spoken here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncd.simulator.pai.clock import Clock, shown

PATHS = ("name", "note")
Values = Mapping[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A change that was accepted and takes effect later."""

    id: str
    due: datetime | None
    """None: when somebody says so."""
    values: Values | None
    """By field path; None deletes the campaign."""


@dataclass(kw_only=True)
class Campaign:
    """One campaign, the hidden part included."""

    id: str
    name: str
    note: str | None
    """The remark; an empty one and none are the same."""
    created: datetime
    updated: datetime
    references: int = 0
    """How many groups and schedules refer to it."""
    is_listed: bool = True
    """Whether lists show it yet."""
    is_found: bool = True
    """Whether a call by its id finds it yet."""
    is_removed: bool = False

    def values(self) -> dict[str, str | None]:
        """What the API shows, by field path."""
        return {"name": self.name, "note": self.note}

    def take(self, values: Values) -> None:
        """Put values in the place of others."""
        self.name = values.get("name", self.name) or ""
        self.note = values.get("note", self.note) or None

    def truth(self) -> dict[str, Any]:
        """Everything about the campaign as a JSON value."""
        return {
            "id": self.id,
            "is_removed": self.is_removed,
            "values": self.values(),
            "created": shown(self.created),
            "updated": shown(self.updated),
            "references": self.references,
            "is_listed": self.is_listed,
            "is_found": self.is_found,
        }


class World:
    """All campaigns by id, and the order of lists."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.campaigns: dict[str, Campaign] = {}
        self.waiting: list[Waiting] = []
        self._order: list[str] = []

    def add(self, campaign: Campaign, *, first: bool = False) -> Campaign:
        """Add a campaign at the end of lists, or at their start; raises ValueError for an id that
        is in use."""
        if campaign.id in self.campaigns:
            raise ValueError(f"campaign {campaign.id} exists already")
        self.campaigns[campaign.id] = campaign
        self._order.insert(0 if first else len(self._order), campaign.id)
        return campaign

    def ids(self) -> list[str]:
        self.settle()
        return [known for known in self._order if not self.campaigns[known].is_removed]

    def found(self, campaign_id: str) -> Campaign | None:
        """The campaign as a call by its id sees it, None where it does not."""
        self.settle()
        campaign = self.campaigns.get(campaign_id)
        if campaign is None or campaign.is_removed or not campaign.is_found:
            return None
        return campaign

    def listed(self) -> list[Campaign]:
        """The campaigns that lists show, in order."""
        return [one for known in self.ids() if (one := self.campaigns[known]).is_listed]

    def move(self, campaign_id: str, *, first: bool) -> None:
        """Put a campaign at the start of lists, or at their end."""
        self._order.remove(campaign_id)
        self._order.insert(0 if first else len(self._order), campaign_id)

    def edit(self, campaign_id: str, values: Values) -> None:
        campaign = self.campaigns[campaign_id]
        unknown = set(values).difference(PATHS)
        if unknown or any(not isinstance(one, str | None) for one in values.values()):
            raise ValueError(f"a campaign has texts at {' and '.join(PATHS)}")
        if values.get("name", "") is None:
            raise ValueError("a campaign has a name")
        campaign.take(values)
        campaign.updated = self.clock.now()

    def remove(self, ids: Iterable[str]) -> None:
        for campaign_id in ids:
            self.campaigns[campaign_id].is_removed = True

    def restore(self, ids: Iterable[str]) -> None:
        for campaign_id in ids:
            self.campaigns[campaign_id].is_removed = False

    def settle(self, ids: Iterable[str] | None = None) -> list[str]:
        """Let waiting changes take effect: those that are due, or all of some campaigns.

        Returns the ids of the campaigns that changed.
        """
        now = self.clock.now()
        chosen = None if ids is None else set(ids)
        waiting, self.waiting = self.waiting, []
        changed = []
        for change in waiting:
            is_due = change.due is not None and change.due <= now
            if is_due if chosen is None else change.id in chosen:
                self._take_effect(change, now)
                changed.append(change.id)
            else:
                self.waiting.append(change)
        return changed

    def truth(self) -> list[dict[str, Any]]:
        self.settle()
        return [campaign.truth() for campaign in self.campaigns.values()]

    def _take_effect(self, change: Waiting, now: datetime) -> None:
        campaign = self.campaigns[change.id]
        campaign.updated = now
        if change.values is None:
            campaign.is_removed = True
        else:
            campaign.take(change.values)
