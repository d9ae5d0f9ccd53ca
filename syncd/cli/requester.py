"""Who is asking: the name that goes into the queue beside an update."""

from __future__ import annotations

import getpass


def person() -> str | None:
    """The user of this machine and the door; None where the system has no name for the user."""
    try:
        return f"{getpass.getuser()} (CLI)"
    except (KeyError, OSError):
        return None
