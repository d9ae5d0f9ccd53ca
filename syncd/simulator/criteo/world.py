"""A world of campaigns and advertisers as a provider would keep it: what its API shows and what it
keeps to itself (spend, hidden maxima, amounts that wait for the next period). People edit it here;
no protocol is spoken here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from syncd.simulator.wire import plain

PERIODS = ("daily", "monthly", "lifetime")
NOTHING: Mapping[str, str | None] = MappingProxyType({})


@dataclass(frozen=True)
class SpendLimit:
    """What a campaign may spend: an amount per period, or no limit (`amount` None)."""

    renewal: str
    amount: Decimal | None

    @property
    def is_capped(self) -> bool:
        return self.amount is not None

    @property
    def short(self) -> str:
        """`daily:123.45`, or `unlimited`."""
        return "unlimited" if self.amount is None else f"{self.renewal}:{plain(self.amount)}"

    def values(self) -> dict[str, str]:
        """The amount per period as decimal strings; periods without one are `unlimited`."""
        told = dict.fromkeys(PERIODS, "unlimited")
        if self.amount is not None:
            told[self.renewal] = plain(self.amount)
        return told

    def paths(self) -> dict[str, str]:
        """The same by field path."""
        return {f"budget.{period}": amount for period, amount in self.values().items()}


UNCAPPED = SpendLimit("undefined", None)


def capped(renewal: str, amount: Decimal | int | str) -> SpendLimit:
    """A limit per period; raises ValueError for an unknown period."""
    if renewal not in PERIODS:
        raise ValueError(f"{renewal!r} is no period; known: {', '.join(PERIODS)}")
    return SpendLimit(renewal, Decimal(amount))


@dataclass(kw_only=True)
class Advertiser:
    """One advertiser and what this application may do with it."""

    id: str
    name: str
    has_feature: bool = True
    """Without it, every update is refused as an unavailable feature."""
    may_read: bool = True
    may_update: bool = True


@dataclass(kw_only=True)
class Campaign:
    """One campaign, the hidden part included."""

    id: str
    name: str
    advertiser_id: str
    goal: str
    limit: SpendLimit
    spent_period: Decimal = Decimal(0)
    spent_lifetime: Decimal = Decimal(0)
    maximum: Decimal | None = None
    """A rule of the provider's own that nobody can read: no amount above this is accepted."""
    pending: SpendLimit | None = None
    """Accepted, and in force from the next period on."""
    automation: str | None = None
    """The objective by which budgets move between ad sets; None: they do not."""
    scheduled: list[tuple[str, SpendLimit]] = field(default_factory=list)
    """Limits that begin at a date."""
    is_removed: bool = False

    def truth(self) -> dict[str, Any]:
        """Everything about the campaign as a JSON value; amounts are decimal strings."""
        return {
            "id": self.id,
            "name": self.name,
            "advertiser_id": self.advertiser_id,
            "goal": self.goal,
            "renewal": self.limit.renewal,
            "amount": None if self.limit.amount is None else plain(self.limit.amount),
            "budget": self.limit.values(),
            "spent_period": plain(self.spent_period),
            "spent_lifetime": plain(self.spent_lifetime),
            "maximum": None if self.maximum is None else plain(self.maximum),
            "pending": None if self.pending is None else self.pending.short,
            "is_removed": self.is_removed,
        }


@dataclass
class World:
    """All advertisers and campaigns, by id and in the order of their making."""

    advertisers: dict[str, Advertiser] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    highest_id: int = 0
    """Of all campaigns that ever were."""
    spells_goals_low: bool = False
    """Whether reads spell goals in lower case."""
    has_consent: bool = True
    """Without it, every call but the token call is refused with 403."""

    def add(self, campaign: Campaign) -> Campaign:
        """Add a campaign; raises ValueError for an id that is in use or no number and KeyError for
        no such advertiser."""
        if campaign.id in self.campaigns:
            raise ValueError(f"campaign {campaign.id} exists already")
        if campaign.advertiser_id not in self.advertisers:
            raise KeyError(campaign.advertiser_id)
        self.highest_id = max(self.highest_id, int(campaign.id))
        self.campaigns[campaign.id] = campaign
        return campaign

    def free_id(self) -> str:
        """An id that no campaign ever had, above all those in use."""
        return str(self.highest_id + 1)

    def visible(self, campaign_id: str) -> Campaign | None:
        """The campaign as the application sees it, None where it does not."""
        campaign = self.campaigns.get(campaign_id)
        if campaign is None or campaign.is_removed:
            return None
        return campaign if self.advertisers[campaign.advertiser_id].may_read else None

    def ids(self) -> list[str]:
        """Of all campaigns that the application sees."""
        return [campaign.id for campaign in self.in_view()]

    def in_view(self) -> list[Campaign]:
        """All campaigns that the application sees."""
        return [campaign for known in self.campaigns if (campaign := self.visible(known))]

    def edit(
        self,
        campaign_id: str,
        values: Mapping[str, str | None] = NOTHING,
        *,
        name: str | None = None,
        goal: str | None = None,
        limit: SpendLimit | None = None,
    ) -> None:
        """Change a campaign as a person would in the provider's own pages: at once, without rules.

        `values` is by field path; a budget path ends the periods that it does not name.
        """
        campaign = self.campaigns[campaign_id]
        wanted = _wanted(values)
        name, goal = wanted.get("name", name), wanted.get("goal", goal)
        limit = wanted.get("limit", limit)
        if name is not None:
            campaign.name = name
        if goal is not None:
            campaign.goal = goal
        if limit is not None:
            campaign.limit = limit
            campaign.pending = None

    def remove(self, ids: Iterable[str]) -> None:
        """Take campaigns out of everybody's sight; `restore` brings them back as they were."""
        for campaign_id in ids:
            self.campaigns[campaign_id].is_removed = True

    def restore(self, ids: Iterable[str]) -> None:
        for campaign_id in ids:
            self.campaigns[campaign_id].is_removed = False

    def spend(self, campaign_id: str, *, period: Decimal, lifetime: Decimal | None = None) -> None:
        """Set what a campaign has spent in its period, and in all (by default as much more)."""
        campaign = self.campaigns[campaign_id]
        more = period - campaign.spent_period
        campaign.spent_lifetime = campaign.spent_lifetime + more if lifetime is None else lifetime
        campaign.spent_period = period

    def turn_period(self, renewal: str) -> list[str]:
        """Start the next day or month: spend of the period ends, waiting amounts take effect.

        Returns the ids of the campaigns whose limit moved.
        """
        moved = []
        for campaign in self.campaigns.values():
            if campaign.limit.renewal != renewal:
                continue
            campaign.spent_period = Decimal(0)
            if campaign.pending is not None:
                campaign.limit, campaign.pending = campaign.pending, None
                moved.append(campaign.id)
        return moved

    def values(self, campaign: Campaign) -> dict[str, str | None]:
        """What reads show of a campaign, by field path."""
        shown: dict[str, str | None] = {
            "name": campaign.name,
            "native.goal": campaign.goal.lower() if self.spells_goals_low else campaign.goal,
            "native.advertiserId": campaign.advertiser_id,
        }
        return shown | campaign.limit.paths()

    def truth_of(self, campaign: Campaign) -> dict[str, Any]:
        """Everything about one campaign, with `values` by field path."""
        return campaign.truth() | {"values": self.values(campaign)}

    def truth(self) -> list[dict[str, Any]]:
        return [self.truth_of(campaign) for campaign in self.campaigns.values()]


def _wanted(values: Mapping[str, str | None]) -> dict[str, Any]:
    """What values by field path ask for, by the names of a campaign's parts; raises ValueError."""
    budgets = {path: value for path, value in values.items() if path.startswith("budget.")}
    wanted: dict[str, Any] = {} if not budgets else {"limit": limit_of(budgets)}
    for path in values.keys() - budgets.keys():
        part = {"name": "name", "native.goal": "goal"}.get(path)
        if part is None or values[path] is None:
            raise ValueError(f"{path} cannot become {values[path]!r}")
        wanted[part] = values[path]
    if "goal" in wanted:
        wanted["goal"] = wanted["goal"].capitalize()
    return wanted


def limit_of(budgets: Mapping[str, str | None]) -> SpendLimit:
    """The limit of amounts by field path; raises ValueError."""
    amounts = {period: amount for period, amount in budgets.items() if amount != "unlimited"}
    if len(amounts) > 1:
        raise ValueError("at most one period has an amount")
    for path, amount in amounts.items():
        try:
            return capped(path.removeprefix("budget."), amount or "")
        except InvalidOperation as error:
            raise ValueError(f"{amount!r} is no amount") from error
    return UNCAPPED
