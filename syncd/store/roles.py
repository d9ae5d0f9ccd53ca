"""Making a user of the database a member of one of syncd's roles. What a role may do stands in the
migrations; this knows only who belongs to it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg

from syncd.errors import ConfigError, UsageError
from syncd.store.translation import shown_dsn, translated

_MEMBER: Final = """
    SELECT EXISTS (SELECT FROM pg_auth_members WHERE roleid = $1::text::regrole
                                                 AND member = $2::text::regrole)"""


async def grant(dsn: str, role: str, user: str) -> bool:
    """Make a user a member of `syncd_<role>`; returns False where it is one already. Raises
    ConfigError where the user of the address may not, or there is no such role or user."""
    wanted = f"syncd_{role}"
    async with _connected(dsn) as connection:
        await _require(connection, wanted, f'there is no role "{wanted}"', "syncd db upgrade")
        quoted = await connection.fetchval("SELECT quote_ident($1)", user)
        remedy = f"let an administrator run: CREATE ROLE {quoted} LOGIN"
        await _require(connection, user, f'there is no database user "{user}"', remedy)
        if await connection.fetchval(_MEMBER, wanted, quoted):
            return False
        statement = f"GRANT {wanted} TO {quoted}"
        try:
            await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError as error:
            raise ConfigError(
                f"the database user of {shown_dsn(dsn)} may not grant {wanted}",
                remedy=f"let an administrator run: {statement}",
                code="missing-right",
            ) from error
        except asyncpg.InvalidGrantOperationError as error:
            raise UsageError(str(error), remedy="name a user, not one of syncd's roles") from error
    return True


@contextlib.asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    with translated(dsn):
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            yield connection
        finally:
            await connection.close()


async def _require(connection: asyncpg.Connection[Any], name: str, text: str, remedy: str) -> None:
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
        raise UsageError(text, remedy=remedy)
