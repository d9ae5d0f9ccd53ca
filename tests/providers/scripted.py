"""An HTTP server of plain sockets whose every answer a test scripts, byte by byte; it keeps what
arrived. Unlike aiohttp's own test client it leaves the client's hidden re-sends on."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.waiting import let_pass

TIMEOUT = 20.0
"""What a request of a test has, on the loop's clock: only a server that hangs lets it pass."""


@dataclass(frozen=True)
class Arrival:
    """One request as it came in; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What goes back: these bytes at once, then `later` bytes one by one, then the connection is
    kept, closed, or reset; `hangs` never answers until everybody gave up, `stalls` never while
    no time passes."""

    head: bytes = b""
    drip: bytes = b""
    ends: str = "kept"
    hangs: bool = False
    stalls: bool = False


Script = Callable[[Arrival], Reply]


def http(
    status: int = 200,
    body: bytes | str | object = b"",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """A well-formed answer; anything but bytes and text is sent as JSON."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return Reply(head="\r\n".join(lines).encode() + b"\r\n\r\n" + content)


class Scripted:
    """The server, an async context; `script` may be replaced between requests."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.arrivals: list[Arrival] = []
        self.connections = 0
        self._over = asyncio.Event()
        self._open: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """Connections that there are now."""
        return len(self._open)

    def close(self) -> None:
        """Take no further connections."""
        self._server.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._server.close()
        serving = dict(self._open)
        for writer in serving.values():
            writer.close()
        await asyncio.gather(*(task for task in serving if task is not None))
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self._open[asyncio.current_task()] = writer
        try:
            while await self._one(reader, writer, number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()
            del self._open[asyncio.current_task()]

    async def _one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ")
        pairs = (line.split(": ", 1) for line in lines[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        arrival = Arrival(method, path, headers, body, number)
        self.arrivals.append(arrival)
        reply = self.script(arrival)
        writer.write(reply.head)
        for byte in reply.drip:
            await writer.drain()
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        await writer.drain()
        if reply.hangs:
            let_pass(TIMEOUT + 1)
        if reply.hangs or reply.stalls:
            await self._over.wait()
        if reply.ends == "reset":
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return reply.ends == "kept" and not (reply.hangs or reply.stalls)
