"""What people and time can do at the simulated Epom beside editing campaigns: move the server's
clock, change permissions and the password, settle late changes, make other choices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syncd.simulator.epom.options import Options
from syncd.simulator.epom.world import PERMISSIONS, World
from syncd.simulator.service import Act


@dataclass(frozen=True)
class Acts:
    """Acts on one world and its options; arguments and results are JSON objects."""

    world: World
    options: Options

    @property
    def acts(self) -> Mapping[str, Act]:
        """By name."""
        return {
            "clock": self._clock,
            "permission": self._permission,
            "options": self._options,
            "settle": self._settle,
        }

    def _clock(self, asked: dict[str, Any]) -> Any:
        """`{"offset_ms": …}` from this machine's clock, or `{"advance_ms": …}` from where it is."""
        clock = self.world.clock
        if "advance_ms" in asked:
            clock.offset_ms += int(asked["advance_ms"])
        else:
            clock.offset_ms = int(asked["offset_ms"])
        return {"offset_ms": clock.offset_ms, "in_force": self.world.catch_up()}

    def _permission(self, asked: dict[str, Any]) -> Any:
        """`{"id": …, "permission": "edit" | "view" | "none"}`."""
        campaign = self.world.campaigns[asked["id"]]
        if asked["permission"] not in PERMISSIONS:
            raise ValueError(f"a permission is {', '.join(PERMISSIONS)}")
        campaign.permission = asked["permission"]
        return campaign.truth()

    def _options(self, asked: dict[str, Any]) -> Any:
        """`{option: word}`, username and password included."""
        for name, word in asked.items():
            self.options.choose(name, word)
        return {"chosen": sorted(asked)}

    def _settle(self, _: dict[str, Any]) -> Any:
        """Every late change is in force now."""
        return {"in_force": self.world.catch_up(settle=True)}
