"""Which of syncd's roles a login lacks, by what Postgres says that it may not do. Knows nothing of
what the role is for, nor how it is granted."""

from __future__ import annotations

import re
import shlex
from typing import Final

from syncd.errors import MissingRight

_DENIED: Final = re.compile(r"permission denied for (\w+) (\w+)")
_ASK: Final = ("enqueue",)
_DECIDE: Final = ("approve",)
_EVERY: Final = ("enqueue", "approve", "report", "service")
_FUNCTIONS: Final = {
    **dict.fromkeys(("enqueue", "try_enqueue", "hold_accounts"), _ASK),
    **dict.fromkeys(("approve", "approve_plan", "retry", "seen", "pause", "resume"), _DECIDE),
    **dict.fromkeys(("shown_approvals", "unclear_creates"), _DECIDE),
    "cancel": (*_ASK, *_DECIDE),
    "shown_plans": (*_DECIDE, "report"),
}


def missing_right(said: str, user: str | None) -> MissingRight:
    """The error about a login that was denied something, in Postgres's own words."""
    who = f"the database user {user}" if user else "the database user"
    name = shlex.quote(user or "USER")
    roles = _roles(said)
    if not roles:
        return MissingRight(
            f"{who} lacks a right: {said}",
            remedy=f"let somebody who may grant it run: syncd db grant ROLE {name}, "
            f"where ROLE is one of {', '.join(_EVERY)}",
        )
    if roles == _EVERY:
        return MissingRight(
            f"{who} has none of syncd's roles: {said}",
            remedy=f"let somebody who may grant it run: syncd db grant ROLE {name}, "
            f"where ROLE is what they are to do: {', '.join(_EVERY)}",
        )
    lacked = " or ".join(f"syncd_{role}" for role in roles)
    if roles == ("service",):
        return MissingRight(
            f"{who} lacks the role {lacked}, which is that of syncd itself: {said}",
            remedy="let whoever runs syncd do it, or somebody who may grant it run: "
            f"syncd db grant service {name}",
        )
    return MissingRight(
        f"{who} lacks the role {lacked}: {said}",
        remedy=f"let somebody who may grant it run: syncd db grant {roles[0]} {name}",
    )


def _roles(said: str) -> tuple[str, ...]:
    """Those of which each would do; none where Postgres speaks another language."""
    match = _DENIED.search(said)
    if match is None:
        return ()
    kind, name = match.groups()
    if (kind, name) == ("schema", "syncd"):
        return _EVERY
    if kind == "view" or (kind, name) == ("schema", "report"):
        return ("report",)
    return _FUNCTIONS.get(name, ("service",)) if kind == "function" else ("service",)
