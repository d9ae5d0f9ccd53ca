"""The service as a process: what it answers when its database is away or wrong, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg

from syncd.simulator import Settings, Simulator
from tests.daemon.setting import environment, written
from tests.proxy import Proxy
from tests.waiting import eventually

PROGRAM = """
import asyncio, os, pathlib, sys
from syncd import telemetry
from syncd.config import load
from syncd.daemon import run
telemetry.configure(as_json=True)
config = load(pathlib.Path(sys.argv[1]), dict(os.environ))
asyncio.run(run(config, lambda line: print(line, flush=True)))
"""


@dataclass
class Service:
    """A running service, its health address, the way to its database, and a way of our own."""

    process: asyncio.subprocess.Process
    address: str
    proxy: Proxy
    sql: asyncpg.Connection[asyncpg.Record]

    async def ready(self) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.address}/readyz") as answer,
        ):
            return answer.status, (await answer.text()).strip()

    async def end(self) -> tuple[int, str]:
        """Ask it to stop; its exit code and what it logged."""
        # `send_signal` might take its exit code from asyncio.
        os.kill(self.process.pid, signal.SIGTERM)
        async with asyncio.timeout(60):
            _, logged = await self.process.communicate()
        return self.process.returncode or 0, logged.decode()

    async def is_pulled(self) -> bool:
        return bool(
            await self.sql.fetchval("SELECT bool_and(complete_at IS NOT NULL) FROM syncd.accounts")
        )


@asynccontextmanager
async def serving(database_url: str, folder: Path) -> AsyncIterator[Service]:
    """The service beside a simulator, its database behind a proxy."""
    sql = await asyncpg.connect(database_url)
    async with Simulator(Settings(campaigns=20)) as simulator, Proxy(database_url) as proxy:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, str(written(folder, simulator.base_url)),
            env=dict(os.environ) | environment(proxy.url),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            line = (await process.stdout.readline()).decode()
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert found, (line, await process.stderr.read() if process.stderr else b"")
            yield Service(process, found[0], proxy, sql)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await sql.close()


async def test_a_service_serves_ends_cleanly_and_gives_its_lease_back(
    database_url: str, tmp_path: Path
) -> None:
    async with serving(database_url, tmp_path) as service:
        await eventually(service.is_pulled)
        assert await service.ready() == (200, "ok")
        alive = "SELECT count(*) FROM syncd.services"
        assert await service.sql.fetchval(alive) == 1
        code, logged = await service.end()
        assert code == 0
        for line in logged.splitlines():
            json.loads(line)
        assert "demo-secret" not in logged
        assert await service.sql.fetchval(alive) == 0
        assert await service.sql.fetchval("SELECT owner IS NULL FROM syncd.leases")
        assert (
            await service.sql.fetchval("SELECT count(*) FROM syncd.runs WHERE outcome = 'open'")
            == 0
        )


async def test_a_service_says_what_is_wrong_with_its_database_and_goes_on_when_it_is_right_again(
    database_url: str, tmp_path: Path
) -> None:
    async with serving(database_url, tmp_path) as service:
        await eventually(service.is_pulled)
        version = await service.sql.fetchval("SELECT version_num FROM syncd.alembic_version")
        await service.sql.execute("UPDATE syncd.alembic_version SET version_num = '9999'")
        assert await service.ready() == (503, "schema")
        await service.sql.execute("UPDATE syncd.alembic_version SET version_num = $1", version)
        assert await service.ready() == (200, "ok")
        service.proxy.is_cut = True
        service.proxy.cut()
        assert await service.ready() == (503, "database")
        service.proxy.is_cut = False
        await eventually(lambda: _is_ready(service))
        assert service.process.returncode is None
        assert (await service.end())[0] == 0


async def _is_ready(service: Service) -> bool:
    return await service.ready() == (200, "ok")


async def test_a_service_ends_cleanly_although_its_database_is_away(
    database_url: str, tmp_path: Path
) -> None:
    async with serving(database_url, tmp_path) as service:
        await eventually(service.is_pulled)
        service.proxy.is_cut = True
        service.proxy.cut()
        assert await service.ready() == (503, "database")
        code, logged = await service.end()
        assert code == 0, logged
        assert "Traceback" not in logged
