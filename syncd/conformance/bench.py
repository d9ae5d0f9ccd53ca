"""The server that an adapter is checked against: started as a process of its own, and steered over
HTTP as the people and the network at the other end. Knows no adapter."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlencode

import aiohttp
import msgspec

from syncd.conformance.ending import NotApplicable
from syncd.errors import SyncdError

_START: Final = 30.0
_END: Final = 10.0
_ANSWER: Final = 120.0


class BenchFailed(SyncdError):
    """The server to check against did not start, or does not answer as one."""

    code = "bench"


class Refused(BenchFailed):
    """The server does not do what it was asked for; the message has its own words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a bench says when it is ready."""

    base_url: str
    admin_url: str
    credentials: Mapping[str, str]
    scope: Mapping[str, tuple[str, ...]]
    currency: str | None = None

    @classmethod
    def read(cls, line: bytes) -> Self:
        """From the one line of JSON that it prints. Raises BenchFailed."""
        try:
            told = msgspec.json.decode(line)
            return cls(
                base_url=told["base_url"],
                admin_url=told["admin_url"],
                credentials=told["credentials"],
                scope={
                    key: tuple(given) if isinstance(given, list) else (given,)
                    for key, given in told["scope"].items()
                },
                currency=told.get("currency"),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            shown = line.decode("utf-8", "replace").strip()[:200]
            raise BenchFailed(
                f'the bench did not say where it is: "{shown}"',
                remedy="it prints base_url, admin_url, credentials and scope as one line of JSON",
            ) from error


class Admin:
    """The admin interface of a bench."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._session = session

    async def ask(self, what: str, **wanted: Any) -> Any:
        """What stands there. Raises Refused."""
        query = f"?{urlencode(wanted)}" if wanted else ""
        return await self._told("GET", f"{what}{query}", None)

    async def act(self, what: str, **wanted: Any) -> Any:
        """Do something there, as people or the network would. Raises Refused."""
        return await self._told("POST", what, msgspec.json.encode(wanted))

    async def arm(self, kind: str, **wanted: Any) -> None:
        """Arm a fault, which goes off once unless more is wanted. Raises NotApplicable with the
        server's words where it has no such kind."""
        await self.play("faults", kind=kind, **wanted)

    async def play(self, what: str, **wanted: Any) -> Any:
        """As `act`, for what not every bench can do. Raises NotApplicable with its words."""
        try:
            return await self.act(what, **wanted)
        except Refused as error:
            raise NotApplicable(error.message) from error

    async def _told(self, method: str, what: str, body: bytes | None) -> Any:
        try:
            async with self._session.request(method, f"{self._url}/{what}", data=body) as answer:
                told = msgspec.json.decode(await answer.read())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise BenchFailed(f"the bench does not answer {method} {what}: {error}") from error
        if answer.status != 200:
            said = str(told.get("error", told) if isinstance(told, dict) else told)
            asked = f"{method} {what.partition('?')[0]}"
            raise Refused(f"the bench says to {asked}: {said.partition(';')[0]}")
        return told


class Drawer:
    """A vault in memory, for credentials that change with their use."""

    def __init__(self) -> None:
        self._secret: str | None = None

    async def load(self) -> str | None:
        """The newest one."""
        return self._secret

    async def store(self, secret: str) -> None:
        """Keep a newer one."""
        self._secret = secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """One running server; in the `drawer` is the account's credential where that changes."""

    told: Told
    admin: Admin
    drawer: Drawer = field(default_factory=Drawer)


@contextlib.asynccontextmanager
async def running(command: Sequence[str], dialect: str | None = None) -> AsyncIterator[Bench]:
    """Start the command after this Python's interpreter, with `--dialect` where one is given, and
    end it with the block. Its limits are off. Raises BenchFailed."""
    words = [*command, *(() if dialect is None else ("--dialect", dialect))]
    with tempfile.TemporaryFile() as complaints:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=complaints,
        )
        try:
            told = Told.read(await _first_line(process, complaints))
            timeout = aiohttp.ClientTimeout(total=_ANSWER)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                admin = Admin(told.admin_url, session)
                await _lift_limits(admin)
                yield Bench(told=told, admin=admin)
        finally:
            await _ended(process)


async def _first_line(process: asyncio.subprocess.Process, complaints: Any) -> bytes:
    if process.stdout is None:
        raise BenchFailed("the bench has no output")
    try:
        async with asyncio.timeout(_START):
            line = await process.stdout.readline()
    except TimeoutError:
        raise BenchFailed(f"the bench said nothing within {_START:g} s") from None
    if not line:
        complaints.seek(0)
        said = complaints.read().decode("utf-8", "replace").strip().splitlines()
        raise BenchFailed(f"the bench did not start: {said[-1] if said else 'it said nothing'}")
    return line


async def _lift_limits(admin: Admin) -> None:
    """Requests are not what is checked here."""
    limits = (await admin.ask("state")).get("limits", {})
    for group, limit in limits.items():
        if limit != "off":
            await admin.act("limit", limit="off", group=group)


async def _ended(process: asyncio.subprocess.Process) -> None:
    _signal(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(_END):
            await process.wait()
    except TimeoutError:
        _signal(process, signal.SIGKILL)
        await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """By its id: `terminate()` and `kill()` look for its end first, and would take a code from
    asyncio that is still on its way to it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
