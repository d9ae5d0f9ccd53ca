"""The service with a Postgres of its own: what becomes of both when that is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import asyncpg

from syncd.simulator import Settings, Simulator
from tests.daemon.setting import environment, written
from tests.daemon.test_service import PROGRAM
from tests.waiting import eventually


def postmaster(folder: Path) -> list[str]:
    return (folder / "var" / "postgres" / "postmaster.pid").read_text().splitlines()


async def ask(folder: Path, query: str) -> object:
    """One value from the cluster as it is now; None while there is none that answers."""
    try:
        lines = postmaster(folder)
        connection = await asyncpg.connect(
            f"postgresql://postgres@/syncd?host={lines[4]}&port=5432", timeout=5
        )
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()
    except (OSError, IndexError, asyncpg.PostgresError):
        return None


async def test_a_command_that_is_asked_to_end_stops_the_postgres_that_it_started(
    tmp_path: Path,
) -> None:
    settings = Settings(campaigns=20)
    async with Simulator(settings) as simulator:
        held = simulator.faults.arm("hold", operation="search")
        file = written(tmp_path, simulator.base_url)
        file.write_text(file.read_text().replace('url = "env:DSN"', "embedded = true"))
        process = await asyncio.create_subprocess_exec(
            # As in the background of a script, where a shell lets Ctrl-C be ignored.
            "sh", "-c", 'trap "" INT; exec "$@"', "sh",
            sys.executable, "-m", "syncd", "--config", str(file), "sync",
            env=dict(os.environ) | environment(""), stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await held.wait_fired(1)
        running = int(postmaster(tmp_path)[0])
        os.kill(process.pid, signal.SIGTERM)
        async with asyncio.timeout(150):
            _, said = await process.communicate()
        assert process.returncode == 130
        assert b"Traceback" not in said
        assert b"interrupted" in said
        assert not Path(f"/proc/{running}/cwd").exists()
        simulator.faults.release()


async def test_a_service_whose_postgres_was_killed_starts_it_again_and_goes_on(
    tmp_path: Path,
) -> None:
    async with Simulator(Settings(campaigns=20)) as simulator:
        file = written(tmp_path, simulator.base_url)
        file.write_text(file.read_text().replace('url = "env:DSN"', "embedded = true"))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, str(file), env=dict(os.environ) | environment(""),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            assert await process.stdout.readline()

            async def is_pulled() -> bool:
                return bool(await ask(tmp_path, "SELECT complete_at FROM syncd.accounts"))

            await eventually(is_pulled, timeout=60)
            os.kill(int(postmaster(tmp_path)[0]), signal.SIGKILL)

            async def is_queued() -> bool:
                query = (
                    "SELECT syncd.enqueue('shop', external_id, jsonb_build_object('budget.daily', "
                    "((\"values\" ->> 'budget.daily')::numeric + 1)::text)) FROM report.campaigns "
                    "WHERE \"values\" ->> 'budget.daily' <> 'unlimited' "
                    "ORDER BY external_id LIMIT 1"
                )
                return await ask(tmp_path, query) is not None

            await eventually(is_queued, timeout=60)

            async def is_settled() -> bool:
                return bool(await ask(tmp_path, "SELECT max(settled_at) FROM report.updates"))

            await eventually(is_settled, timeout=60)
        finally:
            os.kill(process.pid, signal.SIGTERM)
            async with asyncio.timeout(150):
                assert await process.wait() == 0
