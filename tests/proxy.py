"""A way to Postgres that a test may break: it passes bytes on to the cluster's socket, and on
command swallows or holds the answer to a COMMIT, or cuts and refuses every connection."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

_COMMIT = b"Q\x00\x00\x00\x0cCOMMIT;\x00"
_WORDS = b"SFATAL\x00C57P01\x00Mterminating connection due to administrator command\x00\x00"
_STOPPED = b"E" + (len(_WORDS) + 4).to_bytes(4, "big") + _WORDS
"""What a server says last to whom it sends away."""


@dataclass(kw_only=True)
class Held:
    """A COMMIT that was carried out and whose answer waits here for the gate to open: that of the
    first transaction in which `text` is sent. `stops`: the server's last word comes in the answer's
    place, as when it is shut down in that moment."""

    text: bytes
    stops: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)


class Proxy:
    """Listens on a free port of 127.0.0.1 inside the block. `loses_commit`: the next COMMIT is
    carried out and its answer never arrives. `is_cut`: whoever comes is sent away."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        query = parse_qs(self._parts.query)
        self._socket = f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
        self._open: set[asyncio.StreamWriter] = set()
        self.loses_commit = False
        self.is_cut = False
        self.lost = 0
        self._held: Held | None = None

    @property
    def url(self) -> str:
        """The same database by way of this proxy."""
        port = self._server.sockets[0].getsockname()[1]
        return f"postgresql://{self._parts.username}@127.0.0.1:{port}{self._parts.path}?sslmode=disable"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def hold_commit(self, text: bytes) -> Held:
        """Hold the answer to the COMMIT of the next transaction that sends this text as the first
        of its connection."""
        self._held = Held(text=text)
        return self._held

    def cut(self) -> None:
        """End every connection that there is."""
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        back, forth = await asyncio.open_unix_connection(self._socket)
        self._open |= {writer, forth}
        holding: list[Held] = []
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._ask(reader, forth, writer, holding))
                group.create_task(self._answer(back, writer, holding))
        except* OSError:
            pass  # one side is gone, which is what cutting means
        finally:
            for one in (writer, forth):
                one.transport.abort()
                self._open.discard(one)

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        forth: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
        holding: list[Held],
    ) -> None:
        is_meant = False
        while asked := await reader.read(65536):
            if self.loses_commit and asked.endswith(_COMMIT):
                self.loses_commit, self.lost = False, self.lost + 1
                writer.transport.abort()  # nothing more reaches the caller, the answer included
            if self._held is not None:
                is_meant = is_meant or self._held.text in asked
                if is_meant and asked.endswith(_COMMIT):
                    holding.append(self._held)
                    self._held = None
            forth.write(asked)
            await forth.drain()
        forth.write_eof()

    async def _answer(
        self, back: asyncio.StreamReader, writer: asyncio.StreamWriter, holding: list[Held]
    ) -> None:
        while told := await back.read(65536):
            if holding:
                held = holding.pop()
                held.reached.set()
                await held.gate.wait()
                if held.stops:
                    writer.write(_STOPPED)
                    break
            with contextlib.suppress(ConnectionError):
                writer.write(told)
                await writer.drain()
        writer.close()
