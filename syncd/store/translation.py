"""The driver's exceptions as syncd's own, and an address as it may be shown; no connection."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from socket import gaierror
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from syncd.errors import (
    ConfigError,
    DatabaseUnavailable,
    LeaseLost,
    Refused,
    SchemaMismatch,
    SyncdError,
)
from syncd.store.rights import missing_right
from syncd.store.undone import undone

GONE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DiskFullError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
"""What says that Postgres is not there, or not for us."""
_UNSTORABLE = (
    UnicodeEncodeError,
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
)


@contextlib.contextmanager
def translated(dsn: str) -> Iterator[None]:
    """Turn the driver's exceptions into syncd's own, the cause chained. Raises ConfigError at once
    for an address that nobody could use."""
    shown_dsn(dsn)
    try:
        yield
    except (*_UNSTORABLE, *GONE, asyncpg.PostgresError) as error:
        ours = _ours(error, dsn)
        if ours is None:
            raise
        raise ours from error


def _ours(error: BaseException, dsn: str) -> SyncdError | None:
    """The error that this one is for syncd; None for a mistake of our own in a statement."""
    if isinstance(error, _UNSTORABLE) or isinstance(error.__cause__, UnicodeEncodeError):
        return _unstorable()
    if isinstance(error, asyncpg.PostgresError) and str(error.sqlstate).startswith("SY"):
        kind = LeaseLost if error.sqlstate == "SY020" else Refused
        return kind(str(error.message), remedy=str(error.hint or ""))
    if isinstance(error, asyncpg.UndefinedTableError | asyncpg.InvalidSchemaNameError):
        return _no_schema(dsn)
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return missing_right(str(error), login(dsn))
    if isinstance(error, ValueError):  # the driver does not understand a part of the address
        return _bad_address()
    return undone(error) or (_unreachable(dsn, error) if isinstance(error, GONE) else None)


def login(dsn: str) -> str | None:
    """The user that an address names, as Postgres knows it; None where it names none."""
    name = urlsplit(dsn).username
    return None if name is None else unquote(name)


def shown_dsn(dsn: str) -> str:
    """The address without a password, for messages. Raises ConfigError, which shows nothing of it,
    for anything that is not a postgresql:// URL."""
    try:
        parts = urlsplit(dsn)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _bad_address() from None
    if parts.scheme not in {"postgres", "postgresql"}:
        raise _bad_address()
    netloc = f"{parts.username}@{host}" if parts.username else host
    return urlunsplit((parts.scheme, f"{netloc}:{port}" if port else netloc, parts.path, "", ""))


def _bad_address() -> ConfigError:
    return ConfigError(
        "the database address is not a URL that can be read",
        remedy="write it as postgresql://user:password@host:port/database, "
        "special characters of the password as %XX",
        code="bad-database-url",
    )


def _unreachable(dsn: str, error: BaseException) -> DatabaseUnavailable:
    said = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.errno:
        plain = error.strerror if isinstance(error, gaierror) else os.strerror(error.errno)
        said = str(plain).lower()
    return DatabaseUnavailable(
        f"cannot use the database {shown_dsn(dsn)}: {said}",
        remedy="is it running, and are address, user and password right?",
    )


def _unstorable() -> Refused:
    return Refused(
        "a text holds a character that no database takes (NUL, or half of a surrogate pair)",
        remedy="remove it",
    )


def _no_schema(dsn: str) -> SchemaMismatch:
    return SchemaMismatch(
        f"the database {shown_dsn(dsn)} has no syncd schema, or an older one",
        remedy="run: syncd db upgrade",
    )
