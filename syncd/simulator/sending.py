"""How a simulated answer goes out over a connection: whole, in part, byte by byte, or as a reset.
It notes in the arrival what was really sent."""

import asyncio
import socket
import struct
from collections.abc import Mapping
from hashlib import sha256
from time import monotonic_ns
from urllib.parse import unquote_plus

from aiohttp import web

from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.journal import Arrival
from syncd.simulator.wire import emit

_AT_ONCE = struct.pack("ii", 1, 0)  # linger for no time: closing sends RST
_SECRET_HEADERS = {
    "api-key",
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-acs-bearer-token",
    "x-acs-security-token",
    "x-api-key",
}
_SECRET_PARAMETERS = {
    "access_token",
    "accesskey",
    "api_key",
    "apikey",
    "authtoken",
    "client_secret",
    "code",
    "hash",
    "password",
    "refresh_token",
    "signature",
    "token",
}


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers for the journal; a credential becomes a short digest, enough to tell two apart."""
    shown = dict(headers)
    for name, text in shown.items():
        if name.lower() in _SECRET_HEADERS:
            shown[name] = masked(text)
    return shown


def masked_path(path: str) -> str:
    """Path and query for the journal, the values of secret parameters masked."""
    head, mark, query = path.partition("?")
    parts = []
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        is_secret = unquote_plus(name).lower() in _SECRET_PARAMETERS
        parts.append(f"{name}={masked(value)}" if equals and is_secret else part)
    return head + mark + "&".join(parts)


def masked(secret: str) -> str:
    """What stands for a secret in the journal: enough to tell two apart."""
    return f"***{sha256(secret.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def cut_connection(request: web.Request) -> None:
    """Reset the connection: the client sees RST, whatever was already written."""
    transport = request.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()


async def send(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    """Send the reply as it says; raises ConnectionError where nobody is there any more."""
    reply, arrival = exchange.reply, exchange.arrival
    if reply is None:
        raise RuntimeError("an exchange ended without a reply")
    body = reply.raw if reply.raw is not None else emit(reply.value)
    part = body if reply.keep is None else body[: reply.keep]
    _note(arrival, reply, part)
    _check_there(request)
    response = web.StreamResponse(status=reply.status, headers=_headers(reply, body))
    await response.prepare(request)
    await _write(response, part, reply.drip)
    if reply.keep is not None:
        arrival.lose()
        if request.transport is not None:
            request.transport.close()
        return response
    await response.write_eof()
    _check_there(request)
    arrival.replied_ns = monotonic_ns()
    arrival.reply_whole = arrival.gone_ns is None
    return response


def _note(arrival: Arrival, reply: Reply, part: bytes) -> None:
    arrival.status = reply.status
    is_meant = reply.raw is None if reply.readable is None else reply.readable
    arrival.reply_readable = is_meant and reply.keep is None
    if arrival.is_write and "Content-Encoding" not in reply.headers:
        arrival.reply = part.decode("utf-8", "replace")


def _check_there(request: web.Request) -> None:
    if request.transport is None or request.transport.is_closing():
        raise ConnectionResetError("the client is gone")


def _headers(reply: Reply, body: bytes) -> dict[str, str]:
    told = {"Content-Type": reply.content_type, "Content-Length": str(len(body))}
    return told | reply.headers


async def _write(response: web.StreamResponse, part: bytes, drip: float | None) -> None:
    if drip is None:
        await response.write(part)
        return
    for position in range(len(part)):
        await asyncio.sleep(drip)
        await response.write(part[position : position + 1])
