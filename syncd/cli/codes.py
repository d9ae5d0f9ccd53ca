"""The codes with which commands end, and which one counts when several apply."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from syncd.errors import ConfigError, LeaseBusy, SyncdError, UsageError

OK: Final = 0
FAILED: Final = 1
MISUSE: Final = 2
ITEMS: Final = 3
BUSY: Final = 5
INTERRUPTED: Final = 130

_ORDER: Final = (MISUSE, FAILED, ITEMS, 4, BUSY)


def code_of(error: SyncdError) -> int:
    """The exit code that an error alone deserves."""
    if isinstance(error, ConfigError | UsageError):
        return MISUSE
    return BUSY if isinstance(error, LeaseBusy) else FAILED


def worst(codes: Collection[int]) -> int:
    """Of several codes the one that counts: misuse, failure, items, request budget, busy."""
    return next((code for code in _ORDER if code in codes), OK)
