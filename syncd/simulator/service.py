"""What the server needs of a simulated provider, whatever its protocol is. A service judges
requests and keeps a world; sockets, limits, faults and the journal are the server's."""

from collections.abc import Mapping
from typing import Any, Protocol

from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.faults import Kind
from syncd.simulator.rate import Verdict
from syncd.simulator.world import World


class Service(Protocol):
    """One provider's protocol over one world; no method waits."""

    world: World

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kinds of fault that only make sense at this provider."""

    def operation(self, method: str, path: str) -> str:
        """The name of what is asked for: the word by which faults are armed."""

    def inspect(self, exchange: Exchange) -> None:
        """Note in the arrival whose credential it uses, its body, and the entries that it
        carries."""

    def answer(self, exchange: Exchange) -> Reply:
        """Judge a request, apply it to the world, note the truth in the arrival."""

    def throttled(self, verdict: Verdict, wall_ns: int) -> Reply:
        """The refusal of an arrival past the limit; `wall_ns` is its time since the epoch."""

    def describe(self) -> dict[str, Any]:
        """What a person or program needs in order to use it, as JSON values."""

    def picks(self) -> dict[str, Any]:
        """Campaigns that show one documented answer each."""

    def expire_tokens(self) -> int:
        """End every access token now; returns how many were alive."""

    def add_campaigns(self, count: int) -> list[str]:
        """Add made-up campaigns; returns their ids."""
