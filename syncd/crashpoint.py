"""Named places where a test makes a process die or a pass go wrong, so that every crash promise can
be proven. It knows nothing of what happens there: a no-op unless SYNCD_CRASHPOINT names the place,
where the process then kills itself with SIGKILL, or a test has armed an act of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Act = Callable[[str], None]
"""Called with the name of every place that is passed."""


def _killing_at(place: str) -> Act:
    def act(name: str) -> None:
        if name == place:
            os.kill(os.getpid(), signal.SIGKILL)

    return act


_named = os.environ.get("SYNCD_CRASHPOINT")
_acts: list[Act] = [_killing_at(_named)] if _named else []


def crashpoint(name: str) -> None:
    """Do here what is armed; without any clean-up where that is to die."""
    for act in _acts:
        act(name)


def is_armed() -> bool:
    """Whether anything may happen at a place, so that what usually leaves as one has to be taken
    apart for the places inside it."""
    return bool(_acts)


@contextmanager
def armed(act: Act) -> Iterator[None]:
    """Inside the block `act` is called at every place; for tests in one process."""
    _acts.append(act)
    try:
        yield
    finally:
        _acts.remove(act)
