"""Trying again what may be tried again: reads and token calls, never a write. Holds how often and
how long; what an attempt is, and which answer is an error, is the caller's."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import stamina

from syncd.errors import ProviderError, Throttled

ATTEMPTS: Final = 4
_FIRST_BACKOFF: Final = 0.5
_LONGEST_BACKOFF: Final = 8.0

T = TypeVar("T")


async def retried(attempt: Callable[[], Awaitable[T]], *, patience: float | None) -> T:
    """The first result of at most four attempts. An attempt is request, body and decoding in one,
    each under a permit of its own. A throttled one is repeated only when its freeze ends within
    `patience` seconds. The last attempt's error comes out as it is."""
    async for trial in stamina.retry_context(on=Backoff(patience), attempts=ATTEMPTS, timeout=None):
        with trial:
            return await attempt()
    raise AssertionError("the last attempt either returns or raises")


class Backoff:
    """Says after a failure how many seconds to wait, or False to give up."""

    def __init__(self, patience: float | None) -> None:
        self._patience = patience
        self._longest = _FIRST_BACKOFF

    def __call__(self, error: Exception) -> bool | float:
        if not isinstance(error, ProviderError) or not error.is_transient:
            return False
        longest, self._longest = self._longest, min(2 * self._longest, _LONGEST_BACKOFF)
        if isinstance(error, Throttled):
            # The wait itself stands in the limiter, where it holds for everybody and can be seen.
            return 0.0 if self._patience is None or error.retry_after <= self._patience else False
        return random.uniform(0, longest)
