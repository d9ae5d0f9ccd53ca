"""The part of the admin interface that plays people at any provider: edits, disappearances, new
campaigns. It knows a service's world by the interface that all share, and nothing of HTTP."""

from collections.abc import Mapping
from typing import Any

from syncd.simulator.service import Act, Service


class WorldAdmin:
    """Acts on one service's world; arguments and results are JSON objects."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._world = service.world

    @property
    def acts(self) -> Mapping[str, Act]:
        """By name; the provider's own come beside these or in their place."""
        general: dict[str, Act] = {
            "edit": self._edit,
            "remove": self._remove,
            "restore": self._restore,
            "add": self._add,
        }
        return general | dict(self._service.acts)

    def truth(self, asked: dict[str, Any]) -> Any:
        """Everything, or the one campaign whose id is asked for."""
        campaigns = self._world.truth()
        return self._one(asked["id"]) if "id" in asked else {"campaigns": campaigns}

    def _edit(self, asked: dict[str, Any]) -> Any:
        """`{"edits": [{"id", "values": {path: value}}]}` or one such object alone."""
        edits = asked.get("edits", [asked])
        for edit in edits:
            self._world.edit(edit["id"], edit["values"])
        known = {campaign["id"]: campaign for campaign in self._world.truth()}
        return {"campaigns": [known[edit["id"]] for edit in edits]}

    def _remove(self, asked: dict[str, Any]) -> Any:
        self._world.remove(asked["ids"])
        return {"in_view": len(self._world.ids())}

    def _restore(self, asked: dict[str, Any]) -> Any:
        self._world.restore(asked["ids"])
        return {"in_view": len(self._world.ids())}

    def _add(self, asked: dict[str, Any]) -> Any:
        """`{"count": 3}` for so many made-up campaigns."""
        return {"ids": self._service.add_campaigns(int(asked.get("count", 1)))}

    def _one(self, campaign_id: str) -> dict[str, Any]:
        for campaign in self._world.truth():
            if campaign["id"] == campaign_id:
                return campaign
        raise KeyError(campaign_id)
