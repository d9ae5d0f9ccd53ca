"""Named places where a process can be made to die, so that every crash promise can be proven. A
no-op unless SYNCD_CRASHPOINT names the point; then the process kills itself there with SIGKILL."""

from __future__ import annotations

import os
import signal

_armed = os.environ.get("SYNCD_CRASHPOINT")


def crashpoint(name: str) -> None:
    """Die here, without any clean-up, when this point is armed."""
    if _armed == name:
        os.kill(os.getpid(), signal.SIGKILL)
