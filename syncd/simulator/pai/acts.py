"""What people and time do at the simulated PAI: waiting changes take effect, new campaigns show,
the clock moves, keys and permissions end. It knows the world, the callers and nothing of HTTP."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from syncd.simulator.pai.callers import Callers
from syncd.simulator.pai.routes import OPERATIONS
from syncd.simulator.pai.world import World
from syncd.simulator.service import Act


class Acts:
    """Acts on one world and its one account.

    Acts raise KeyError for an unknown id or a missing argument, ValueError for a bad value.
    """

    def __init__(self, world: World, callers: Callers) -> None:
        self._world = world
        self._callers = callers

    def by_name(self) -> Mapping[str, Act]:
        return {
            "apply": self._apply,
            "show": self._show,
            "clock": self._clock,
            "references": self._references,
            "revoke": self._revoke,
            "permission": self._permission,
        }

    def _apply(self, asked: dict[str, Any]) -> Any:
        """`{"ids"?}`: what waits at these campaigns, or at all, takes effect."""
        return {"changed": self._world.settle(asked.get("ids", list(self._world.campaigns)))}

    def _show(self, asked: dict[str, Any]) -> Any:
        """`{"ids"?}`: these campaigns, or all, are seen in lists and by their id."""
        shown = []
        for known in asked.get("ids", list(self._world.campaigns)):
            campaign = self._world.campaigns[known]
            if not (campaign.is_listed and campaign.is_found):
                shown.append(known)
            campaign.is_listed = campaign.is_found = True
        return {"shown": shown}

    def _clock(self, asked: dict[str, Any]) -> Any:
        """`{"ahead": 3600}`: the provider's clock goes so many seconds before this machine's."""
        self._world.clock.ahead = timedelta(seconds=float(asked["ahead"]))
        return {"ahead": Decimal(str(asked["ahead"])), "changed": self._world.settle()}

    def _references(self, asked: dict[str, Any]) -> Any:
        """`{"id", "count"}`: so many groups and schedules refer to the campaign."""
        campaign = self._world.campaigns[asked["id"]]
        campaign.references = int(asked["count"])
        return campaign.truth()

    def _revoke(self, asked: dict[str, Any]) -> Any:
        """`{"revoked": true}`: the keys are refused; false takes it back."""
        self._callers.is_revoked = bool(asked["revoked"])
        return {"revoked": self._callers.is_revoked}

    def _permission(self, asked: dict[str, Any]) -> Any:
        """`{"denied": ["update"]}`: these operations, and no others, are refused with 403."""
        unknown = set(asked["denied"]).difference(OPERATIONS)
        if unknown:
            raise ValueError(f"no operation is called {', '.join(sorted(unknown))}")
        self._callers.denied = frozenset(asked["denied"])
        return {"denied": sorted(self._callers.denied)}
