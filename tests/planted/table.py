"""The planted bugs by number, and the one that cannot be planted yet."""

from collections.abc import Mapping
from typing import Final

from tests.planted import absence, answers, limits, order, owners, sending
from tests.planted.bug import Bug

BUGS: Final[Mapping[int, Bug]] = {
    bug.number: bug
    for module in (absence, answers, limits, order, owners, sending)
    for bug in module.BUGS
}
COUNT: Final = 25
NOT_YET: Final = {16: ("a session lock behind a transaction pooler", "not yet: needs a pooler")}
"""Number to its name and why."""
