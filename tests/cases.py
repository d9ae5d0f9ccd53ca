"""How often each predicate of the checker has really judged something in this process: a predicate
that never meets a case finds nothing either. It only counts."""

from collections import Counter

COUNTS: Counter[str] = Counter()
NAMES = (
    "1 acknowledged",
    "2 final results",
    "2 told by a call",
    "2 sent again",
    "2 looks",
    "2 moves",
    "3 after a newer",
    "3 superseded",
    "4 after an unclear call",
    "4 an unclear create",
    "4 an unclear start",
    "4 a start that expires",
    "5 one after another",
    "7 arrivals",
    "7 recorded values",
    "8 status",
    "8 applied by a call",
    "8 applied by a read",
    "8 rejected after a call",
    "8 refused with a code",
    "8 made",
    "13 amount",
    "13 largest amount",
    "13 owner's amount",
    "13 factor",
    "13 unlimited",
    "13 leave",
    "13 quiet hours",
    "13 four eyes",
    "13 activations",
    "13 owner's activations",
    "13 increase",
    "13 share",
    "13 gap",
    "14 fresh read",
    "14 seen value",
    "14 carried along",
    "16 held",
    "19 records",
)
"""Every kind of case that there is, by promise."""
RARE = frozenset(
    {
        "4 a start that expires",
        "4 an unclear create",
        "4 an unclear start",
        "8 refused with a code",
        "13 largest amount",
        "13 unlimited",
        "13 leave",
        "13 four eyes",
        "13 activations",
        "13 owner's activations",
        "13 increase",
        "13 gap",
    }
)
"""Those that a short run may miss."""


def judged(name: str, number: int = 1) -> None:
    """A predicate has met so many cases in which it could have found something."""
    assert name in NAMES, name
    COUNTS[name] += number


def never(counts: Counter[str], *, is_long: bool) -> list[str]:
    """The kinds of case that were not met; the rare ones count where a run is long."""
    return [name for name in NAMES if not counts[name] and (is_long or name not in RARE)]
