"""A world of campaigns and their pricing as Epom would keep it, with what its API does not tell. It
has a clock of its own, by which signatures age and late changes fall due. No protocol is spoken
here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from time import time_ns
from typing import Any

from syncd.simulator.epom import values
from syncd.simulator.epom.pricing import Action, Pricing
from syncd.simulator.wire import plain

PERMISSIONS = ("edit", "view", "none")


class Clock:
    """The server's clock: this machine's, moved by `offset_ms`."""

    def __init__(self) -> None:
        self.offset_ms = 0

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time_ns() // 1_000_000 + self.offset_ms


@dataclass(kw_only=True)
class Campaign:
    """One campaign, the hidden part included."""

    id: str
    name: str
    advertiser_id: str
    actions: list[Action] = field(default_factory=list)
    """What can be priced at it, whether it is or not."""
    pricing: Pricing | None = None
    """None: disabled."""
    permission: str = "edit"
    """What the account may do with it: `edit`, `view` or `none`."""
    is_active: bool = True
    is_removed: bool = False

    def truth(self) -> dict[str, Any]:
        """Everything about the campaign as a JSON value; amounts are decimal strings."""
        by_country = {} if self.pricing is None else self.pricing.country_actions
        return {
            "id": self.id,
            "name": self.name,
            "advertiser_id": self.advertiser_id,
            "actions": [{"key": action.key, "name": action.name} for action in self.actions],
            "country_actions": {
                f"{country}/{key}": plain(price) for (country, key), price in by_country.items()
            },
            "permission": self.permission,
            "is_active": self.is_active,
            "is_removed": self.is_removed,
            "values": values.of(self),
        }


@dataclass(kw_only=True)
class Waiting:
    """A change that was accepted and is not in force yet."""

    change: Callable[[], None]
    due_ms: int | None = None
    """By the server's clock; None waits until somebody settles it."""


@dataclass
class World:
    """All advertisers and campaigns, by id and in the order of their making."""

    advertisers: dict[str, str] = field(default_factory=dict)
    """Names by id."""
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    waiting: list[Waiting] = field(default_factory=list)
    pricings: int = 500
    """The highest id of a pricing that ever was."""

    def add(self, campaign: Campaign) -> Campaign:
        """Add a campaign; raises ValueError for an id that is in use or no number and KeyError for
        no such advertiser."""
        if campaign.id in self.campaigns or not campaign.id.isdecimal():
            raise ValueError(f"{campaign.id} is no free id of a campaign")
        if campaign.advertiser_id not in self.advertisers:
            raise KeyError(campaign.advertiser_id)
        self.campaigns[campaign.id] = campaign
        return campaign

    def visible(self, campaign_id: str) -> Campaign | None:
        """The campaign where it exists at all, whatever the account may do with it."""
        campaign = self.campaigns.get(campaign_id)
        return None if campaign is None or campaign.is_removed else campaign

    def in_view(self) -> list[Campaign]:
        """All campaigns that lists show to the account."""
        return [
            campaign
            for campaign in self.campaigns.values()
            if not campaign.is_removed and campaign.permission != "none"
        ]

    def ids(self) -> list[str]:
        return [campaign.id for campaign in self.in_view()]

    def truth(self) -> list[dict[str, Any]]:
        self.catch_up()
        return [campaign.truth() for campaign in self.campaigns.values()]

    def edit(self, campaign_id: str, changed: Mapping[str, str | None]) -> None:
        """Change a campaign as a person would in the provider's own pages: at once, without
        rules. Nothing is changed where one value is bad."""
        self.catch_up()
        values.put(self.campaigns[campaign_id], changed, self.next_pricing)

    def remove(self, ids: Iterable[str]) -> None:
        for campaign_id in ids:
            self.campaigns[campaign_id].is_removed = True

    def restore(self, ids: Iterable[str]) -> None:
        for campaign_id in ids:
            self.campaigns[campaign_id].is_removed = False

    def next_pricing(self, amount: Decimal) -> Pricing:
        """A pricing that was just enabled, CPM until somebody says otherwise."""
        self.pricings += 1
        return Pricing(id=self.pricings, amount=amount, type="CPM")

    def wait(self, waiting: Waiting, seconds: int | None) -> None:
        """Keep a change for later: so many seconds by the clock, None until it is settled."""
        if seconds is not None:
            waiting.due_ms = self.clock.now_ms() + 1000 * seconds
        self.waiting.append(waiting)

    def catch_up(self, *, settle: bool = False) -> int:
        """Put late changes in force that are due, or all of them; returns how many."""
        now = self.clock.now_ms()
        due = [
            one for one in self.waiting if settle or (one.due_ms is not None and one.due_ms <= now)
        ]
        for one in due:
            self.waiting.remove(one)
            one.change()
        return len(due)
