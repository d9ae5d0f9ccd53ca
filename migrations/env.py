"""Alembic's environment: one connection made by asyncpg, one advisory lock so that two processes
may upgrade at once. The lock is polled, since waiting inside Postgres would hold a snapshot and
block concurrent index builds."""

import asyncio
from typing import Any

import asyncpg
from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

LOCK = 7_305_001


def run(connection: Connection) -> None:
    """Run the pending revisions, each in its own transaction."""
    context.configure(
        connection=connection,
        version_table_schema="syncd",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    """Take the lock, then upgrade."""
    attributes: dict[str, Any] = context.config.attributes

    async def connect(*_: object) -> asyncpg.Connection:
        connection = await asyncpg.connect(attributes["dsn"], timeout=10)
        if attributes["role"]:
            await connection.execute(f'SET ROLE "{attributes["role"]}"')
        return connection

    lock = await asyncpg.connect(attributes["dsn"], timeout=10)
    try:
        while not await lock.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            await asyncio.sleep(0.2)
        engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=connect, poolclass=pool.NullPool
        )
        async with engine.connect() as connection:
            await connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS syncd")
            await connection.commit()
            await connection.run_sync(run)
            await connection.commit()
        await engine.dispose()
    finally:
        await lock.close()


asyncio.run(main())
