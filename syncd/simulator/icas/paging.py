"""Page tokens of the simulated ICAS: opaque to callers, bound to the request that they continue,
and of use for an hour. It knows nothing of campaigns but their ids."""

from base64 import b64encode
from dataclasses import dataclass

from syncd.simulator.icas.clock import Clock
from syncd.simulator.icas.codes import refused
from syncd.simulator.rate import SECOND_NS
from syncd.simulator.wire import emit

_LIFE_NS = 3600 * SECOND_NS


@dataclass(frozen=True)
class _Place:
    """Where a page ended."""

    after: int
    limit: int
    ends_ns: int


class PageTokens:
    """Every page token that may still be used."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made = 0
        self._places: dict[str, _Place] = {}

    def make(self, after: int, limit: int) -> str:
        """A token for the page behind an id."""
        self._made += 1
        text = b64encode(emit({"id": after, "n": self._made})).decode()
        self._places[text] = _Place(after, limit, self._clock.now_ns() + _LIFE_NS)
        return text

    def read(self, text: str, limit: int) -> int:
        """The id behind which the page begins.

        Raises a refusal for a token that was never made, has expired, or belongs to a request with
        another limit.
        """
        place = self._places.get(text)
        if place is None or place.limit != limit or self._clock.now_ns() >= place.ends_ns:
            raise refused(2001, "pageToken", text)
        return place.after

    def expire(self) -> int:
        """End every token now; returns how many there were."""
        count = len(self._places)
        self._places.clear()
        return count
