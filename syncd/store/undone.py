"""Which of Postgres's errors say that a transaction was taken back for a cause that passes, and
what that is in words. Knows nothing of what the transaction was for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import asyncpg

from syncd.errors import Undone


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cause:
    code: str
    text: str
    may_repeat: bool = True


_CAUSES: Final[dict[type[asyncpg.PostgresError], _Cause]] = {
    asyncpg.DeadlockDetectedError: _Cause(
        code="deadlock", text="it and another transaction waited for each other"
    ),
    asyncpg.SerializationError: _Cause(
        code="serialization", text="another transaction changed the same rows meanwhile"
    ),
    asyncpg.LockNotAvailableError: _Cause(
        code="lock-timeout", text="another transaction has held what it needs for too long"
    ),
    asyncpg.IdleInTransactionSessionTimeoutError: _Cause(
        code="idle-timeout", text="this process said nothing for too long in the middle of it"
    ),
    # Either its time was over, and would be again, or somebody wanted it to end.
    asyncpg.QueryCanceledError: _Cause(
        code="statement-canceled", text="a statement was ended", may_repeat=False
    ),
}


def undone(error: BaseException) -> Undone | None:
    """The error that this one is for syncd; None for any other."""
    for kind, cause in _CAUSES.items():
        if isinstance(error, kind):
            return Undone(
                f"the database took a transaction back, because {cause.text}: {error}",
                remedy="nothing of that transaction was kept: simply do the same once more",
                code=cause.code,
                may_repeat=cause.may_repeat,
            )
    return None
