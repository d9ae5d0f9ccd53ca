"""One seller's campaigns as the platform really has them: what its API shows, and what it keeps to
itself (caps, locks, what is applied late). People edit them here; no protocol is spoken here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from syncd.simulator.icas.clock import Clock
from syncd.simulator.icas.micros import amount_of, micros_of, spelt

Values = dict[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """One campaign, the hidden part included; limits and spend are micros."""

    id: str
    title: str | None = None
    vendor_id: str | None = None
    is_active: bool = True
    """What people asked for; the platform's own states follow from the spend."""
    daily: int | None = 10_000_000
    total: int | None = None
    spent_daily: int = 0
    spent_total: int = 0
    created: datetime
    updated: datetime
    is_default: bool = False
    is_locked: bool = False
    """A rule that nobody can read: its status may not be changed."""
    is_indexed: bool = True
    """Until then a lookup by vendorId does not find it."""
    is_listed: bool = True
    is_removed: bool = False

    @property
    def status(self) -> str:
        """As the API shows it."""
        if not self.is_active:
            return "PAUSED"
        if self.total is not None and self.spent_total >= self.total:
            return "BUDGET_REACHED"
        if self.daily is not None and self.spent_daily >= self.daily:
            return "DAILY_BUDGET_REACHED"
        return "ACTIVE"

    def values(self) -> Values:
        """What people set, by field path."""
        return {
            "name": self.title,
            "status": "active" if self.is_active else "paused",
            "budget.daily": amount_of(self.daily),
            "budget.lifetime": amount_of(self.total),
            "native.vendorId": self.vendor_id,
        }

    def edited(self, values: Mapping[str, str | None]) -> "Campaign":
        """The campaign with other values; raises ValueError for what is none."""
        changed: dict[str, Any] = {}
        for path, value in values.items():
            match path:
                case "name":
                    changed["title"] = value or None
                case "native.vendorId":
                    changed["vendor_id"] = value or None
                case "status" if value in {"active", "paused"}:
                    changed["is_active"] = value == "active"
                case "budget.daily":
                    changed["daily"] = micros_of(value)
                case "budget.lifetime":
                    changed["total"] = micros_of(value)
                case _:
                    raise ValueError(f"{path} cannot be {value!r}")
        return replace(self, **changed)

    def truth(self) -> dict[str, Any]:
        """Everything about it as a JSON value."""
        return {
            "id": self.id,
            "is_removed": self.is_removed,
            "values": self.values(),
            "status_raw": self.status,
            "daily_micros": spelt(self.daily),
            "total_micros": spelt(self.total),
            "spent_daily": amount_of(self.spent_daily),
            "spent_total": amount_of(self.spent_total),
            "is_default": self.is_default,
            "is_locked": self.is_locked,
            "is_indexed": self.is_indexed,
            "is_listed": self.is_listed,
            "created": self.created.isoformat(),
            "updated": self.updated.isoformat(),
        }


@dataclass(kw_only=True)
class Seller:
    """The one user whose campaigns these are, and what the platform allows them."""

    id: int = 4711
    is_valid: bool = True
    """Without it, every call is refused with 1008."""
    scopes: frozenset[str] = frozenset({"api_ro", "api_rw"})
    """Granted on the user record; a token has no more than these."""
    may_change_budgets: bool = True
    daily_cap: int | None = None
    total_cap: int | None = None
    """Rules that nobody can read: no limit above these (micros) is accepted."""


@dataclass(kw_only=True)
class World:
    """All campaigns of one seller, by id."""

    clock: Clock = field(default_factory=Clock)
    seller: Seller = field(default_factory=Seller)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    waiting: list[tuple[str, Values]] = field(default_factory=list)
    """Accepted, and applied when somebody says so."""
    highest_id: int = 0
    """Of all campaigns that ever were."""

    def add(self, campaign: Campaign) -> Campaign:
        """Add a campaign, the first ever as the default one; raises ValueError for an id that is in
        use or no number."""
        if campaign.id in self.campaigns:
            raise ValueError(f"campaign {campaign.id} exists already")
        self.highest_id = max(self.highest_id, int(campaign.id))
        return self.put(replace(campaign, is_default=not self.campaigns))

    def put(self, campaign: Campaign) -> Campaign:
        """The campaign in the place of the one with its id."""
        self.campaigns[campaign.id] = campaign
        return campaign

    def free_id(self) -> str:
        """An id that no campaign ever had, above all those in use."""
        return str(self.highest_id + 1)

    def visible(self, campaign_id: str) -> Campaign | None:
        """The campaign as the seller sees it, None where they do not."""
        campaign = self.campaigns.get(campaign_id)
        return None if campaign is None or campaign.is_removed else campaign

    def in_view(self) -> list[Campaign]:
        """All campaigns that the seller sees, by growing id."""
        shown = [campaign for campaign in self.campaigns.values() if not campaign.is_removed]
        return sorted(shown, key=lambda campaign: int(campaign.id))

    def with_vendor_id(self, vendor_id: str) -> Campaign | None:
        """Whose vendorId that is, in any case of its letters, removed campaigns included."""
        wanted = vendor_id.lower()
        for campaign in self.campaigns.values():
            if campaign.vendor_id is not None and campaign.vendor_id.lower() == wanted:
                return campaign
        return None

    def ids(self) -> list[str]:
        return [campaign.id for campaign in self.in_view()]

    def truth(self) -> list[dict[str, Any]]:
        return [campaign.truth() for campaign in self.campaigns.values()]

    def edit(self, campaign_id: str, values: Mapping[str, str | None]) -> None:
        """Change a campaign as a person in the provider's own pages: at once, without rules."""
        edited = self.campaigns[campaign_id].edited(values)
        self.put(replace(edited, updated=self.clock.utc()))

    def remove(self, ids: Iterable[str]) -> None:
        """Take campaigns out of everybody's sight; `restore` brings them back as they were."""
        for campaign_id in ids:
            self.put(replace(self.campaigns[campaign_id], is_removed=True))

    def restore(self, ids: Iterable[str]) -> None:
        for campaign_id in ids:
            self.put(replace(self.campaigns[campaign_id], is_removed=False))

    def turn_day(self) -> list[str]:
        """Midnight: the day's spend starts again; returns the campaigns whose status moved."""
        before = {campaign.id: campaign.status for campaign in self.campaigns.values()}
        for campaign in list(self.campaigns.values()):
            self.put(replace(campaign, spent_daily=0))
        return [one.id for one in self.campaigns.values() if one.status != before[one.id]]

    def apply_waiting(self) -> list[str]:
        """Apply all that was accepted for later, in the order of its arrival."""
        waiting, self.waiting = self.waiting, []
        for campaign_id, values in waiting:
            self.edit(campaign_id, values)
        return [campaign_id for campaign_id, _ in waiting]

    def index(self) -> list[str]:
        """Let every campaign be found and listed; returns those that were not."""
        late = [one for one in self.campaigns.values() if not (one.is_indexed and one.is_listed)]
        for campaign in late:
            self.put(replace(campaign, is_indexed=True, is_listed=True))
        return [campaign.id for campaign in late]
