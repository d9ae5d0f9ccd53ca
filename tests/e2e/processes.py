"""syncd and its simulator as processes of their own: started with a configuration file, watched by
what they write, signalled by their number, and never left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from tests.e2e.scene import Place
from tests.waiting import eventually

ROOT: Final = Path(__file__).parent.parent.parent
PATIENCE: Final = 180.0
_numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A process and the files that it writes to."""

    process: asyncio.subprocess.Process
    out: Path
    err: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)  # `send_signal` might take its exit code from asyncio

    async def says(self, text: str, *, timeout: float = PATIENCE) -> str:
        """Wait until it has written this to either stream; returns the line."""

        def line() -> str:
            said = self.out.read_text() + self.err.read_text()
            assert self.process.returncode is None or text in said, said
            return next((one for one in said.splitlines() if text in one), "")

        return await eventually(line, timeout=timeout)

    async def end(self) -> int:
        """Wait for its end; returns the exit code, negative for a signal."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    def told(self) -> str:
        """All that it wrote, for the message of a failing test."""
        return f"{self.out.read_text()}\n--- stderr\n{self.err.read_text()}"


@asynccontextmanager
async def started(folder: Path, *command: str, **environment: str) -> AsyncIterator[Running]:
    """A Python module with its arguments; killed with the block where it still runs."""
    number = next(_numbers)
    out, err = folder / f"{number}.out", folder / f"{number}.err"
    with out.open("wb") as to_out, err.open("wb") as to_err:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=to_out,
            stderr=to_err,
            cwd=ROOT,
            env=environment,
        )
    try:
        yield Running(process=process, out=out, err=err)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def syncd_started(
    place: Place, *arguments: str, **environment: str
) -> AsyncIterator[Running]:
    """`syncd` with the configuration of that place."""
    told = place.process_environment(**environment)
    command = ("syncd", "--config", str(place.path), *arguments)
    async with started(place.folder, *command, **told) as running:
        yield running


async def syncd(place: Place, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run `syncd` to its end: exit code, and all that it wrote."""
    async with syncd_started(place, *arguments, **environment) as running:
        code = await running.end()
        return code, running.told()


@asynccontextmanager
async def simulator_started(place: Place, *arguments: str) -> AsyncIterator[dict[str, Any]]:
    """A simulator that ends with the block, by what it says of itself when it is ready."""
    command = ("syncd.simulator", "--parent-death", *arguments)
    async with started(place.folder, *command, **place.process_environment()) as running:
        ready: dict[str, Any] = json.loads(await running.says('"ready"'))
        yield ready
        running.signal(signal.SIGTERM)
        assert await running.end() == 0
