"""Databases that outlast a test: copied once for a worker from the migrated template, and found
empty by every test. They know nothing of what the tests do there."""

from __future__ import annotations

from typing import Final

import asyncpg

from syncd.store.embedded import EmbeddedPostgres
from tests.waiting import eventually

EMPTY: Final = """
    DO $$ DECLARE one text; BEGIN
        SET LOCAL session_replication_role = replica;
        FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'syncd'
                      AND tablename NOT IN ('alembic_version', 'clock') LOOP
            EXECUTE format('DELETE FROM syncd.%I', one);
        END LOOP;
        PERFORM setval(format('syncd.%I', sequencename)::regclass, start_value, false)
           FROM pg_sequences WHERE schemaname = 'syncd';
        UPDATE syncd.clock SET shift = '0';
    END $$"""
"""Takes a hundredth of the time that a new database does, and leaves what that would be."""

SCHEMA: Final = """
    SELECT concat_ws(' ',
        (SELECT string_agg(version_num, ',') FROM syncd.alembic_version),
        (SELECT count(*) FROM pg_class
          WHERE relnamespace IN ('syncd'::regnamespace, 'report'::regnamespace)),
        (SELECT sum(hashtext(oid::text || xmin::text)) FROM pg_proc
          WHERE pronamespace = 'syncd'::regnamespace),
        (SELECT string_agg(t.tgname || t.tgenabled::text, ',' ORDER BY t.oid)
           FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
          WHERE NOT t.tgisinternal AND c.relnamespace = 'syncd'::regnamespace))"""
"""What no test may change of a database that others find after it."""

ALONE: Final = """
    SELECT count(*) = 1 FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend'"""
"""A process that was killed leaves its connection for a moment."""


async def made(cluster: EmbeddedPostgres, template: str, name: str) -> str:
    """The address of a new copy of the template."""
    connection = await asyncpg.connect(cluster.dsn("postgres"))
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    finally:
        await connection.close()
    return cluster.dsn(name)


async def emptied(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Take every row away, once nobody else is connected."""

    async def is_alone() -> bool:
        return bool(await connection.fetchval(ALONE))

    await eventually(is_alone)
    await connection.execute(EMPTY)
