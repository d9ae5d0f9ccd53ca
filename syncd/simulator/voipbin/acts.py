"""What people and time do at the simulated VoIPBIN beside edits: calls that end, days that pass,
rights that are lost. It knows the world and nothing of HTTP."""

from collections.abc import Mapping
from typing import Any

from syncd.simulator.service import Act
from syncd.simulator.voipbin.answers import Answers
from syncd.simulator.voipbin.credentials import Credentials
from syncd.simulator.voipbin.world import Campaign, Change, World

_RAW = ("type", "status", "end_handle", "service_level")


class Acts:
    """Acts on one world; arguments and results are JSON objects.

    Acts raise KeyError for an unknown id or a missing argument, ValueError for a bad value.
    """

    def __init__(self, world: World, answers: Answers, credentials: Credentials) -> None:
        self._world = world
        self._answers = answers
        self._credentials = credentials

    def by_name(self) -> Mapping[str, Act]:
        return {
            "clock": self._clock,
            "access_key": self._access_key,
            "frozen": self._frozen,
            "permission": self._permission,
            "calls": self._calls,
            "hang_up": self._hang_up,
            "delete": self._delete,
            "raw": self._raw,
            "settle": self._settle,
            "manner": self._manner,
        }

    def _clock(self, asked: dict[str, Any]) -> Any:
        """`{"days"?, "seconds"?}`: so much time passes; returns the time in microseconds."""
        self._world.clock.move(int(asked.get("days", 0)) * 86_400 + int(asked.get("seconds", 0)))
        return {"now": self._world.clock.now()}

    def _access_key(self, asked: dict[str, Any]) -> Any:
        """`{"is_valid": false}` takes the access key back."""
        self._credentials.has_access_key = bool(asked["is_valid"])
        return asked

    def _frozen(self, asked: dict[str, Any]) -> Any:
        """`{"is_frozen": true}`: every call is refused with ACCOUNT_FROZEN."""
        self._world.is_frozen = bool(asked["is_frozen"])
        return asked

    def _permission(self, asked: dict[str, Any]) -> Any:
        """`{"is_granted": false, "ids"?}`: 403 for these campaigns, or for every call."""
        is_granted = bool(asked["is_granted"])
        if "ids" not in asked:
            self._world.has_permission = is_granted
            return asked
        ids = {self._campaign(one).id for one in asked["ids"]}
        self._world.denied = self._world.denied - ids if is_granted else self._world.denied | ids
        return {"denied": sorted(self._world.denied)}

    def _calls(self, asked: dict[str, Any]) -> Any:
        """`{"id", "live": 3}`: so many calls are going on, so that a stop gives `stopping`."""
        self._campaign(asked["id"]).live_calls = int(asked["live"])
        return asked

    def _hang_up(self, asked: dict[str, Any]) -> Any:
        """`{"ids"?}`: the live calls of these campaigns end, or of all; what was stopping stops."""
        ids = asked.get("ids", [one.id for one in self._world.own()])
        campaigns = [self._campaign(one) for one in ids]
        stopping = [one.id for one in campaigns if one.status == "stopping"]
        for campaign in campaigns:
            self._world.hang_up(campaign)
        return {"stopped": stopping}

    def _delete(self, asked: dict[str, Any]) -> Any:
        """`{"ids"}`: a person deletes campaigns; they stay in lists, with tm_delete set."""
        for campaign_id in asked["ids"]:
            campaign = self._campaign(campaign_id)
            self._world.apply(Change(campaign_id=campaign.id, deletes=True))
        return {"in_view": len(self._world.ids())}

    def _raw(self, asked: dict[str, Any]) -> Any:
        """`{"id", "field", "value"}`: a type, status or end_handle that no document knows, or a
        service_level of any size, stored as it is."""
        if asked["field"] not in _RAW:
            raise ValueError(f"field is one of {', '.join(_RAW)}")
        if asked["field"] == "status" and asked["value"] == "run":
            raise ValueError("a start is an edit: status active")
        setattr(self._campaign(asked["id"]), asked["field"], asked["value"])
        return asked

    def _settle(self, _: dict[str, Any]) -> Any:
        """Everything that was accepted for later takes effect now."""
        return {"applied": self._world.settle(all_of_them=True)}

    def _manner(self, asked: dict[str, Any]) -> Any:
        """`{"times"?, "unset"?, "customer_id"?, "errors"?, "retry_after"?}`: how answers are spelt
        from now on."""
        self._answers.manner = self._answers.manner.changed(**asked)
        return vars(self._answers.manner)

    def _campaign(self, campaign_id: str) -> Campaign:
        return self._world.campaigns[campaign_id]
