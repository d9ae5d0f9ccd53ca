"""The part of the admin interface that plays people and time: edits, disappearances, spend, periods
and rights in one world. It knows the world and nothing of HTTP."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from syncd.simulator.service import Service
from syncd.simulator.world import UNCAPPED, Campaign, SpendLimit, capped

Act = Callable[[dict[str, Any]], Any]


class WorldAdmin:
    """Acts on one service's world; arguments and results are JSON objects.

    Acts raise KeyError for an unknown id or a missing argument, ValueError for a bad value.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._world = service.world

    @property
    def acts(self) -> Mapping[str, Act]:
        return {
            "edit": self._edit,
            "remove": self._remove,
            "restore": self._restore,
            "add": self._add,
            "spent": self._spent,
            "turn": self._turn,
            "advertiser": self._advertiser,
            "consent": self._consent,
        }

    def truth(self, asked: dict[str, Any]) -> Any:
        if "id" in asked:
            return self._campaign(asked).truth()
        return {"campaigns": self._world.truth()}

    def _edit(self, asked: dict[str, Any]) -> Any:
        """`{"edits": [{"id", "name"?, "goal"?, "budget"?}]}` or one such object alone.

        A budget is `{"daily": "12.50"}` (or monthly, lifetime) or `"unlimited"`.
        """
        edited = []
        for edit in asked.get("edits", [asked]):
            limit = None if "budget" not in edit else _limit_of(edit["budget"])
            campaign = self._campaign(edit)
            self._world.edit(campaign.id, name=edit.get("name"), goal=edit.get("goal"), limit=limit)
            edited.append(campaign.truth())
        return {"campaigns": edited}

    def _remove(self, asked: dict[str, Any]) -> Any:
        self._world.remove(asked["ids"])
        return {"in_view": len(self._world.in_view())}

    def _restore(self, asked: dict[str, Any]) -> Any:
        self._world.restore(asked["ids"])
        return {"in_view": len(self._world.in_view())}

    def _add(self, asked: dict[str, Any]) -> Any:
        """`{"count": 3}` for made-up campaigns, or `{"campaigns": [{"name", "advertiser_id",
        ...}]}`."""
        ids = self._service.add_campaigns(int(asked.get("count", 0)))
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
        return campaign.truth()

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
