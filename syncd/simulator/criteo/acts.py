"""What people and time do at the simulated Criteo: edits in its own words, spend, periods and
rights. It knows the world and nothing of HTTP."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from syncd.simulator.criteo.world import UNCAPPED, Campaign, SpendLimit, World, capped
from syncd.simulator.service import Act


class Acts:
    """Acts on one world; `add` makes so many campaigns and returns their ids.

    Acts raise KeyError for an unknown id or a missing argument, ValueError for a bad value.
    """

    def __init__(self, world: World, add: Callable[[int], list[str]]) -> None:
        self._world = world
        self._add_campaigns = add

    def by_name(self) -> Mapping[str, Act]:
        return {
            "edit": self._edit,
            "add": self._add,
            "spent": self._spent,
            "turn": self._turn,
            "advertiser": self._advertiser,
            "consent": self._consent,
        }

    def _edit(self, asked: dict[str, Any]) -> Any:
        """`{"edits": [{"id", "values"?, "name"?, "goal"?, "budget"?}]}` or one such object alone.

        `values` is by field path. A budget is `{"daily": "12.50"}` (or monthly, lifetime) or
        `"unlimited"`.
        """
        edited = []
        for edit in asked.get("edits", [asked]):
            limit = None if "budget" not in edit else _limit_of(edit["budget"])
            campaign = self._campaign(edit)
            self._world.edit(
                campaign.id,
                edit.get("values", {}),
                name=edit.get("name"),
                goal=edit.get("goal"),
                limit=limit,
            )
            edited.append(self._world.truth_of(campaign))
        return {"campaigns": edited}

    def _add(self, asked: dict[str, Any]) -> Any:
        """`{"count": 3}` for made-up campaigns, or `{"campaigns": [{"name", "advertiser_id",
        ...}]}`."""
        ids = self._add_campaigns(int(asked.get("count", 0)))
        for one in asked.get("campaigns", []):
            campaign = Campaign(
                id=one.get("id") or self._world.free_id(),
                name=one["name"],
                advertiser_id=one["advertiser_id"],
                goal=one.get("goal", "Acquisition"),
                limit=_limit_of(one.get("budget", "unlimited")),
            )
            ids.append(self._world.add(campaign).id)
        return {"ids": ids}

    def _spent(self, asked: dict[str, Any]) -> Any:
        campaign = self._campaign(asked)
        lifetime = Decimal(asked["lifetime"]) if "lifetime" in asked else None
        period = Decimal(asked.get("period", campaign.spent_period))
        self._world.spend(campaign.id, period=period, lifetime=lifetime)
        return self._world.truth_of(campaign)

    def _turn(self, asked: dict[str, Any]) -> Any:
        return {"moved": self._world.turn_period(asked.get("renewal", "daily"))}

    def _advertiser(self, asked: dict[str, Any]) -> Any:
        advertiser = self._world.advertisers[asked["id"]]
        advertiser.has_feature = bool(asked.get("has_feature", advertiser.has_feature))
        advertiser.may_read = bool(asked.get("may_read", advertiser.may_read))
        advertiser.may_update = bool(asked.get("may_update", advertiser.may_update))
        return vars(advertiser)

    def _consent(self, asked: dict[str, Any]) -> Any:
        self._world.has_consent = bool(asked["has_consent"])
        return {"has_consent": self._world.has_consent}

    def _campaign(self, asked: dict[str, Any]) -> Campaign:
        return self._world.campaigns[asked["id"]]


def _limit_of(budget: Any) -> SpendLimit:
    if budget == "unlimited":
        return UNCAPPED
    ((renewal, amount),) = budget.items()
    return capped(renewal, amount)
