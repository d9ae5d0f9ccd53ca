"""A world of campaigns as VoIPBIN would keep it, the hidden part included: whose they are, which
calls are live, who started what. People edit it here; no protocol is spoken here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from syncd.simulator.voipbin.times import Clock
from syncd.simulator.voipbin.values import NIL, field_of, values_of


@dataclass(kw_only=True)
class Campaign:
    """One campaign; times are microseconds since 1970."""

    id: str
    customer_id: str
    type: str = ""
    name: str = ""
    detail: str = ""
    status: str = "stop"
    """`stop`, `stopping` or `run`, whatever the dialect calls it."""
    service_level: int = 0
    end_handle: str = ""
    actions: list[dict[str, Any]] | None = None
    outplan_id: str = NIL
    outdial_id: str = NIL
    queue_id: str = NIL
    next_campaign_id: str = NIL
    tm_create: int = 0
    tm_update: int | None = None
    tm_delete: int | None = None
    live_calls: int = 0
    """While there are any, a stop only gives `stopping`."""
    is_hidden: bool = False

    @property
    def is_removed(self) -> bool:
        """Gone for every purpose: deleted (and still shown), or out of everybody's sight."""
        return self.is_hidden or self.tm_delete is not None


@dataclass(frozen=True, kw_only=True)
class Resource:
    """An outplan, an outdial or a queue."""

    id: str
    customer_id: str
    is_deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class Start:
    """Phone calls began: the moment costs money."""

    campaign_id: str
    wall_us: int
    """By the provider's clock, microseconds since 1970."""
    seq: int | None
    """Of the arrival that asked for it; None where a person did it."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a write does to one campaign."""

    campaign_id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The API's name to the new value; `status` is `run` or `stop`."""
    made: Campaign | None = None
    """The campaign that a create makes."""
    deletes: bool = False


@dataclass
class World:
    """All campaigns by id, and what a customer's campaigns refer to."""

    customer_id: str
    clock: Clock = field(default_factory=Clock)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    resources: dict[str, dict[str, Resource]] = field(default_factory=dict)
    """By the field that refers to them, then by id."""
    starts: list[Start] = field(default_factory=list)
    waiting: list[tuple[int | None, Change, int]] = field(default_factory=list)
    """Accepted for later: when (None: at an admin act), what, and the arrival that asked."""
    denied: set[str] = field(default_factory=set)
    """Campaigns that this credential may not touch."""
    has_permission: bool = True
    is_frozen: bool = False

    def own(self) -> list[Campaign]:
        """The customer's campaigns, the deleted and the hidden ones included."""
        return [one for one in self.campaigns.values() if one.customer_id == self.customer_id]

    def listed(self) -> list[Campaign]:
        """What a list shows, newest first; of one microsecond the highest id first."""
        shown = [one for one in self.own() if not one.is_hidden]
        return sorted(shown, key=lambda one: (one.tm_create, one.id), reverse=True)

    def ids(self) -> list[str]:
        return [one.id for one in self.own() if not one.is_removed]

    def truth(self) -> list[dict[str, Any]]:
        """Of the customer's campaigns; `actions` and `status` beside the values are raw."""
        self.settle()
        return [self._truth_of(one) for one in self.own()]

    def edit(self, campaign_id: str, values: Mapping[str, str | None]) -> None:
        campaign = self.campaigns[campaign_id]
        fields = dict(field_of(path, text) for path, text in values.items())
        self.apply(Change(campaign_id=campaign.id, fields=fields))

    def remove(self, ids: Iterable[str]) -> None:
        for campaign_id in ids:
            self.campaigns[campaign_id].is_hidden = True

    def restore(self, ids: Iterable[str]) -> None:
        for campaign_id in ids:
            self.campaigns[campaign_id].is_hidden = False

    def preview(self, change: Change) -> Campaign:
        """The campaign as it would be after a change; nothing is changed."""
        if change.made is not None:
            return change.made
        campaign = replace(self.campaigns[change.campaign_id])
        self._carry_out(campaign, change)
        return campaign

    def apply(self, change: Change, seq: int | None = None) -> Campaign:
        """Carry a change out now, asked for by that arrival or by a person; returns the
        campaign."""
        if change.made is not None:
            self.campaigns[change.campaign_id] = change.made
        campaign = self.campaigns[change.campaign_id]
        was = campaign.status
        self._carry_out(campaign, change)
        if was != "run" and campaign.status == "run":
            self.starts.append(Start(campaign_id=campaign.id, wall_us=self.clock.now(), seq=seq))
        return campaign

    def settle(self, *, all_of_them: bool = False) -> list[str]:
        """Carry out what waited and is due, or everything; returns the ids of the campaigns."""
        now = self.clock.now()
        waiting, self.waiting = self.waiting, []
        carried_out = []
        for due, change, seq in waiting:
            if all_of_them or (due is not None and due <= now):
                carried_out.append(self.apply(change, seq).id)
            else:
                self.waiting.append((due, change, seq))
        return carried_out

    def hang_up(self, campaign: Campaign) -> None:
        """The live calls end, and with them the stopping."""
        campaign.live_calls = 0
        if campaign.status == "stopping":
            campaign.status = "stop"
            campaign.tm_update = self.clock.now()

    def _carry_out(self, campaign: Campaign, change: Change) -> None:
        for name, value in change.fields.items():
            if name != "status":
                setattr(campaign, name, value)
        asked = change.fields.get("status")
        if asked == "stop" and campaign.live_calls and campaign.status != "stop":
            campaign.status = "stopping"
        elif asked is not None:
            campaign.status = asked
        now = self.clock.now()
        if change.made is None:
            campaign.tm_update = now
        if change.deletes:
            campaign.tm_delete = now

    def _truth_of(self, campaign: Campaign) -> dict[str, Any]:
        told = {name: value for name, value in vars(campaign).items() if name != "customer_id"}
        starts = [vars(one) for one in self.starts if one.campaign_id == campaign.id]
        told |= {"is_removed": campaign.is_removed, "is_deleted": campaign.tm_delete is not None}
        return told | {"values": values_of(vars(campaign)), "starts": starts}
