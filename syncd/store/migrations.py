"""Bringing a database to this program's schema: roles where they may be made, then Alembic's
revisions. Safe for several processes at once. Knows nothing of what the tables are for."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import asyncpg

from syncd.errors import ConfigError, SchemaMismatch
from syncd.store.database import SCHEMA_VERSION, schema_remedy
from syncd.store.translation import shown_dsn, translated

OWNER: Final = "syncd_owner"
SERVICE: Final = "syncd_service"
PEOPLE: Final = ("syncd_enqueue", "syncd_approve", "syncd_report")
ROLES_LOCK: Final = 7_305_002
_PART = re.compile(r"^-- role: (\w+)$", re.MULTILINE)
_one_at_a_time = threading.Lock()  # Alembic keeps its context in module globals


@dataclass(frozen=True, kw_only=True, slots=True)
class Upgrade:
    """What an upgrade did: the revision before and after, and the SQL that an administrator must
    run first when this user may not make the roles (empty otherwise)."""

    before: str | None
    after: str
    roles_missing: str = ""


def folder() -> Path:
    """Where the revisions are: inside the installed package, else beside it in the source tree."""
    packaged = Path(str(resources.files("syncd"))) / "_migrations"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "migrations"


async def upgrade(dsn: str) -> Upgrade:
    """Make roles, run the pending revisions, grant what each role may do. Raises
    DatabaseUnavailable, and SchemaMismatch for a schema that is newer or not syncd's own work."""
    with translated(dsn):
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", ROLES_LOCK)
            roles = await _make_roles(connection)
            has_roles = await _may_act(connection, roles)
            await connection.execute("SELECT pg_advisory_unlock($1)", ROLES_LOCK)
            # What was made before the roles were stays with the user who made it.
            owner = await _schema_owner(connection)
            if owner is not None:
                await _refuse_all_but(connection, owner)
            before = await _version(connection)
            acts_as = OWNER if has_roles and owner in {None, OWNER} else ""
            if not acts_as and owner is None:
                await _refuse_without_right(connection)
            with _as_syncd_left_it(dsn, before):
                await asyncio.to_thread(_run_alembic, dsn, acts_as)
                after = await _version(connection)
                if has_roles:
                    await _grant(connection, acts_as, roles)
            is_whole = has_roles and roles >= {OWNER, SERVICE, *PEOPLE}
            missing = "" if is_whole else await _roles_sql(connection)
        finally:
            await connection.close()
    return Upgrade(before=before, after=str(after), roles_missing=missing)


@contextlib.contextmanager
def _as_syncd_left_it(dsn: str, before: str | None) -> Iterator[None]:
    """Every revision is one transaction, so what it meets is what the one before it made; anything
    else is the work of a newer program or of other hands."""
    shown = shown_dsn(dsn)
    if before is not None and before > SCHEMA_VERSION:
        raise SchemaMismatch(
            f"the schema of {shown} is {before}, this program needs {SCHEMA_VERSION}",
            remedy=schema_remedy(before),
        )
    try:
        yield
    except asyncpg.InsufficientPrivilegeError:
        raise
    except asyncpg.SyntaxOrAccessError as error:
        raise SchemaMismatch(
            f"the schema of {shown} is not what its version says ({before or 'none'}): {error}",
            remedy="somebody has changed it by hand: restore a backup, or take an empty database",
        ) from error


async def _refuse_without_right(connection: asyncpg.Connection[Any]) -> None:
    if not await connection.fetchval("SELECT has_database_privilege(current_database(), 'CREATE')"):
        user = await connection.fetchval("SELECT quote_ident(current_user)")
        raise ConfigError(
            f"the database user {user} may not make a schema in this database",
            remedy="name an owner in [database] owner_url, or let an administrator run:\n"
            + await _roles_sql(connection),
            code="missing-right",
        )


async def _refuse_all_but(connection: asyncpg.Connection[Any], owner: str) -> None:
    if await connection.fetchval(
        "SELECT pg_has_role(current_user, nspowner, 'MEMBER') FROM pg_namespace"
        " WHERE nspname = 'syncd'"
    ):
        return
    user = await connection.fetchval("SELECT quote_ident(current_user)")
    remedy = "name the owner in [database] owner_url"
    if owner == OWNER:
        remedy += ", or let an administrator run:\n" + await _roles_sql(connection)
    raise ConfigError(
        f"the schema belongs to {owner}, and the database user {user} may not change it",
        remedy=remedy,
        code="missing-right",
    )


async def _schema_owner(connection: asyncpg.Connection[Any]) -> str | None:
    owner = await connection.fetchval(
        "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'syncd'"
    )
    return None if owner is None else str(owner)


async def _roles_sql(connection: asyncpg.Connection[Any]) -> str:
    """What an administrator runs for the user of this connection."""
    user = await connection.fetchval("SELECT quote_ident(current_user)")
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    known = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname LIKE 'syncd\\_%'")
    there = {row["rolname"] for row in known}
    every = (OWNER, SERVICE, *PEOPLE)
    lines = [f"CREATE ROLE {role} NOLOGIN;" for role in every if role not in there]
    lines.append(f"GRANT {OWNER}, {SERVICE} TO {user};")
    lines.append(f"GRANT CREATE ON DATABASE {database} TO {OWNER};")
    return "\n".join(lines)


def _run_alembic(dsn: str, role: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(dsn=dsn, role=role)
    with _one_at_a_time:
        command.upgrade(config, "head")


async def _version(connection: asyncpg.Connection[Any]) -> str | None:
    if await connection.fetchval("SELECT to_regclass('syncd.alembic_version')") is None:
        return None
    found = await connection.fetchval("SELECT version_num FROM syncd.alembic_version")
    return None if found is None else str(found)


async def _make_roles(connection: asyncpg.Connection[Any]) -> set[str]:
    """The roles that exist afterwards."""
    for role in (OWNER, SERVICE, *PEOPLE):
        # Made in the same moment from another database of the cluster, or not ours to make.
        with contextlib.suppress(
            asyncpg.DuplicateObjectError,
            asyncpg.UniqueViolationError,
            asyncpg.InsufficientPrivilegeError,
        ):
            async with connection.transaction():
                if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                    await connection.execute(f"CREATE ROLE {role} NOLOGIN")
    rows = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname LIKE 'syncd\\_%'")
    return {row["rolname"] for row in rows}


async def _may_act(connection: asyncpg.Connection[Any], roles: set[str]) -> bool:
    """Whether this user may act as the owner, for the service."""
    if not roles >= {OWNER, SERVICE}:
        return False
    with contextlib.suppress(asyncpg.InsufficientPrivilegeError):  # what counts is asked next
        async with connection.transaction():
            await connection.execute(f"GRANT {OWNER} TO CURRENT_USER")
    if not await connection.fetchval("SELECT pg_has_role(current_user, $1, 'MEMBER')", OWNER):
        return False
    return await _may_create(connection)


async def _may_create(connection: asyncpg.Connection[Any]) -> bool:
    """The owner role makes the schemas, so it needs CREATE on the database (or finds both made
    already)."""
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    if await connection.fetchval(
        "SELECT has_database_privilege($1, current_database(), 'CREATE')", OWNER
    ):
        return True
    try:
        async with connection.transaction():
            await connection.execute(f"GRANT CREATE ON DATABASE {database} TO {OWNER}")
    except (asyncpg.InsufficientPrivilegeError, asyncpg.InternalServerError):
        return False
    # A user who may not grant gets a warning only, so ask whether it is there now.
    return bool(
        await connection.fetchval(
            "SELECT has_database_privilege($1, current_database(), 'CREATE')", OWNER
        )
    )


async def _grant(connection: asyncpg.Connection[Any], acts_as: str, roles: set[str]) -> None:
    parts = _PART.split((folder() / "sql" / "grants.sql").read_text())
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", ROLES_LOCK)
        if acts_as:
            await connection.execute(f"SET LOCAL ROLE {acts_as}")
        for role, script in zip(parts[1::2], parts[2::2], strict=True):
            if role in {"public", *roles}:
                await connection.execute(script)
