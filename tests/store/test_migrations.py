"""Bringing a database to the schema: by several processes at once, again and again, and by users
who may not make roles."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from syncd.errors import SchemaMismatch, SyncdError
from syncd.store.database import SCHEMA_VERSION, open_database
from syncd.store.embedded import EmbeddedPostgres, temporary_cluster
from syncd.store.migrations import PEOPLE, SERVICE, Upgrade, upgrade

PROGRAM = (
    "import asyncio, sys; from syncd.store.migrations import upgrade;"
    " done = asyncio.run(upgrade(sys.argv[1]));"
    " print(done.before, done.after, bool(done.roles_missing))"
)
CATALOGUE = """
SELECT string_agg(format('%s %s %s', c.relname, c.relkind, c.relacl), E'\\n' ORDER BY c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('syncd', 'report')
"""


async def ask(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def run(url: str, *scripts: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for script in scripts:
            await connection.execute(script)
    finally:
        await connection.close()


def test_three_processes_may_upgrade_at_once(empty_database_url: str) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, empty_database_url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [process.communicate(timeout=180) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert all(out.split()[1:] == [SCHEMA_VERSION, "False"] for out, _ in said)


async def test_upgrading_again_changes_nothing(own_database_url: str) -> None:
    before = await ask(own_database_url, CATALOGUE)
    again = await upgrade(own_database_url)
    assert again == Upgrade(before=SCHEMA_VERSION, after=SCHEMA_VERSION)
    assert await ask(own_database_url, CATALOGUE) == before


async def test_a_schema_that_is_not_what_it_says_is_refused_with_what_to_do(
    own_database_url: str,
) -> None:
    for script, message, remedy in [
        ("DROP FUNCTION syncd.seen(bigint, text)", "syncd.seen", "by hand"),
        ("UPDATE syncd.alembic_version SET version_num = '0002'", "[(]0002[)]", "by hand"),
        ("UPDATE syncd.alembic_version SET version_num = '9999'", "is 9999", "newer syncd"),
        ("DELETE FROM syncd.alembic_version", "[(]none[)]", "by hand"),
    ]:
        await run(own_database_url, script)
        with pytest.raises(SchemaMismatch, match=message) as refused:
            await upgrade(own_database_url)
        assert remedy in refused.value.remedy


async def test_databases_of_one_cluster_may_be_upgraded_at_once(cluster: EmbeddedPostgres) -> None:
    """Roles belong to the cluster, the advisory locks of an upgrade to its database."""
    names = [f"side_by_side_{number}" for number in range(4)]
    admin = cluster.dsn("postgres")
    for name in names:
        await run(admin, f"CREATE DATABASE {name}")
    try:
        running = [
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                PROGRAM,
                cluster.dsn(name),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for name in names
        ]
        said = [await process.communicate() for process in running]
        assert [process.returncode for process in running] == [0] * len(names), said
    finally:
        for name in names:
            await run(admin, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def fresh() -> AsyncIterator[EmbeddedPostgres]:
    """A cluster that nobody upgraded anything in, with a plain user `app`."""
    with temporary_cluster() as cluster:
        await run(cluster.dsn("postgres"), "CREATE ROLE app LOGIN", "CREATE DATABASE app OWNER app")
        yield cluster


async def test_a_user_who_may_not_make_roles_gets_the_sql_for_the_administrator(
    fresh: EmbeddedPostgres,
) -> None:
    admin, url = fresh.dsn("app"), fresh.dsn("app").replace("postgres@", "app@", 1)
    first = await upgrade(url)
    assert first.after == SCHEMA_VERSION
    assert "CREATE ROLE syncd_owner" in first.roles_missing
    async with open_database(url) as database:  # the schema is there and this user's own
        assert await database.value("clock")
    await run(admin, first.roles_missing)
    second = await upgrade(url)
    assert second == Upgrade(before=SCHEMA_VERSION, after=SCHEMA_VERSION)
    async with open_database(url, role=SERVICE) as database:
        assert await database.value("clock")


async def test_who_has_the_two_roles_of_before_goes_on_and_is_told_of_the_others(
    fresh: EmbeddedPostgres,
) -> None:
    admin, url = fresh.dsn("app"), fresh.dsn("app").replace("postgres@", "app@", 1)
    await run(admin, "CREATE ROLE syncd_owner NOLOGIN; CREATE ROLE syncd_service NOLOGIN;"
                     " GRANT syncd_owner, syncd_service TO app;"
                     " GRANT CREATE ON DATABASE app TO syncd_owner")  # fmt: skip
    first = await upgrade(url)
    assert "CREATE ROLE syncd_service" not in first.roles_missing
    for role in PEOPLE:
        assert f"CREATE ROLE {role} NOLOGIN;" in first.roles_missing
    owner = "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'syncd.caps'::regclass"
    assert await ask(url, owner) == "syncd_owner"
    async with open_database(url, role=SERVICE) as database:
        assert await database.value("clock")
    await run(admin, first.roles_missing)
    assert (await upgrade(url)).roles_missing == ""
    may = "SELECT has_schema_privilege('syncd_approve', 'syncd', 'USAGE')"
    assert await ask(url, may) is True


@pytest.fixture
async def stranger(cluster: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """A plain user and a database of that name in a cluster that has the roles."""
    admin, name = cluster.dsn("postgres"), f"user_{uuid4().hex}"
    await run(admin, f"CREATE ROLE {name} LOGIN", f"CREATE DATABASE {name}")
    yield name
    await run(admin, f"DROP DATABASE {name} WITH (FORCE)", f"DROP ROLE {name}")


async def test_where_the_roles_exist_the_sql_only_makes_the_user_a_part_of_them(
    cluster: EmbeddedPostgres, stranger: str
) -> None:
    await run(cluster.dsn("postgres"), f"ALTER DATABASE {stranger} OWNER TO {stranger}")
    url = cluster.dsn(stranger).replace("postgres@", f"{stranger}@", 1)
    missing = (await upgrade(url)).roles_missing
    assert missing
    await run(cluster.dsn(stranger), missing)
    assert (await upgrade(url)).roles_missing == ""
    async with open_database(url, role=SERVICE) as database:
        assert await database.value("clock")


async def test_a_user_who_may_make_nothing_is_told_so(
    cluster: EmbeddedPostgres, stranger: str
) -> None:
    with pytest.raises(SyncdError, match=stranger) as refused:
        await upgrade(cluster.dsn(stranger).replace("postgres@", f"{stranger}@", 1))
    assert refused.value.remedy
