"""How one call goes on where a fault bends it: decided before anything is judged, obeyed while it
is applied. It knows nothing of campaigns or answers."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from syncd.simulator.exchange import Exchange


@dataclass(kw_only=True)
class Course:
    """Straight on, unless something else is said."""

    is_ignored: bool = False
    """Answered with a yes, and nothing is applied."""
    is_half: bool = False
    """Only the first of the values is applied."""
    longest_name: int | None = None
    """A longer name is cut there."""
    is_late: bool = False
    """Accepted, and applied after `wait`, or when somebody says so."""
    wait: timedelta | None = None
    shows_asked: bool = True
    """The answer shows what was asked for, not what stands there."""
    is_listed: bool = True
    """Lists show a new campaign at once."""
    is_found: bool = True
    """A call by its id finds a new campaign at once."""
    is_stuck: bool = False
    """A list answers with its first page, whichever was asked for."""


class Courses:
    """The courses of the calls that are under way."""

    def __init__(self) -> None:
        self._by_arrival: defaultdict[int, Course] = defaultdict(Course)

    def bend(self, exchange: Exchange) -> Course:
        """The course of a call, to be changed."""
        return self._by_arrival[exchange.arrival.seq]

    def take(self, exchange: Exchange) -> Course:
        """The course of a call that is about to be judged; it is asked for once."""
        return self._by_arrival.pop(exchange.arrival.seq, Course())
