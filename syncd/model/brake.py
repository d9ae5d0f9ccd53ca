"""When a complete pull shows so much less than before that a fault is likelier than the truth. Pure
rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LARGEST_SHARE: Final = 0.3
SMALLEST_MIRROR: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """What a complete listing did not show: of `known` campaigns that were there, `newly` are
    absent for the first time; `ids` are all absent ones; `empty_parts` had campaigns and show none
    now. Up to `accepted` new ones a person has let pass. `left` are those that the configuration
    takes out of scope: nobody expects them, and they count nowhere else."""

    known: int
    ids: tuple[str, ...]
    newly: int
    empty_parts: tuple[str, ...]
    accepted: int = 0
    left: tuple[str, ...] = ()


def brake(absence: Absence) -> str | None:
    """Why nothing of this listing may be counted as missing, or None when it may."""
    if absence.newly <= absence.accepted:
        return None
    if absence.known and absence.newly == absence.known:
        return f"the provider shows none of the {absence.known} campaigns that the mirror has"
    if absence.empty_parts:
        named = ", ".join(absence.empty_parts)
        return (
            f"no campaign is shown any more for {named}, which had some: "
            "a right may have been withdrawn"
        )
    if absence.known >= SMALLEST_MIRROR and absence.newly > LARGEST_SHARE * absence.known:
        return (
            f"{absence.newly} of {absence.known} campaigns would be missing at once, "
            f"more than {LARGEST_SHARE:.0%}"
        )
    return None
