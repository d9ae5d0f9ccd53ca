"""The only HTTP client code: one send is one arrival, to one origin, under a permit, within a time
and a size. Knows no provider; what the library's exceptions mean stands in `failures`."""

from __future__ import annotations

import datetime as dt
import math
import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import SimpleNamespace, TracebackType
from typing import Final, Self
from weakref import WeakSet

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from syncd import __version__, timing
from syncd.crashpoint import crashpoint, is_armed
from syncd.errors import BadAnswer, NotSent, ProviderError
from syncd.limiter import Permit
from syncd.ports import LastWord
from syncd.providers.egress import GuardedResolver, origin
from syncd.providers.failures import FOREIGN, scrubbed, translate
from syncd.providers.settings import Observe

_CONNECT_TIMEOUT: Final = 10.0
_MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What one account's requests may do: where they go, how many seconds they take, how many
    bytes, once unpacked, an answer may have."""

    base_url: str
    observe: Observe
    allow_loopback: bool = False
    request_timeout: float = 20.0
    read_timeout: float = 120.0
    largest_read: int = 64 * _MEBIBYTE
    largest_write: int = 4 * _MEBIBYTE


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request; `body` holds exactly the bytes that leave."""

    operation: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    is_write: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A complete answer; header names are lower case, `date` is the provider's own clock."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    date: dt.datetime | None


class _Send:
    """A client middleware that lives for one send. aiohttp repeats PUT, DELETE and GET by itself
    when a connection drops; the second pass gets the first one's failure instead of the network."""

    def __init__(self, request: Request, last_word: LastWord | None) -> None:
        self.request = request
        self.last_word = last_word
        self.is_connected = False
        self._failure: Exception | None = None

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        if self._failure is not None:
            raise self._failure
        try:
            return await handler(request)
        except Exception as error:
            self._failure = error
            raise


class Transport:
    """Open connections to one origin; an async context. A write gets a connection of its own: on a
    kept one it could be lost in the moment when the other side closes it, or be given the answer
    to something else."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._origin = origin(reach.base_url, allow_loopback=reach.allow_loopback)
        self._spent: WeakSet[Permit] = WeakSet()
        self._open = AsyncExitStack()
        self._reads: aiohttp.ClientSession | None = None
        self._writes: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        tls = None if self._origin.scheme == "http" else _tls()
        self._reads = await self._open.enter_async_context(self._session(tls, keeps=True))
        self._writes = await self._open.enter_async_context(self._session(tls, keeps=False))
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reads = self._writes = None
        await self._open.aclose()

    async def send(
        self, request: Request, permit: Permit, last_word: LastWord | None = None
    ) -> Answer:
        """The answer, whatever its status unless that is a redirect. Raises NotSent (proof that
        nothing left), NoAnswer (it may have arrived), BadAnswer (an answer of no use), and what
        `last_word` raises before anything leaves."""
        session = self._writes if request.is_write else self._reads
        if session is None:
            raise NotSent(f"{request.operation} was not sent: the transport is not open")
        self._spend(permit, request)
        send = _Send(request, last_word)
        started = timing.boottime()
        figures: dict[str, object] = {"status": None, "received": 0}
        _passes("before_connect", request)
        try:
            answer = await self._exchange(session, request, send)
            figures |= {"status": answer.status, "received": len(answer.body)}
        except FOREIGN as error:
            translated = translate(error, request.operation, is_connected=send.is_connected)
            figures["error"] = translated.code
            raise translated from scrubbed(error)
        except ProviderError as error:
            figures |= {"status": error.status, "error": error.code}
            raise
        finally:
            self._reach.observe(
                "request",
                operation=request.operation,
                seconds=round(timing.boottime() - started, 6),
                sent=len(request.body),
                **figures,
            )
        return answer

    def _session(self, tls: ssl.SSLContext | None, *, keeps: bool) -> aiohttp.ClientSession:
        traces = aiohttp.TraceConfig()
        traces.on_connection_create_end.append(_connected)
        traces.on_connection_reuseconn.append(_connected)
        traces.on_request_headers_sent.append(_leaving)
        resolver = GuardedResolver(
            is_plain=self._origin.scheme == "http", allow_loopback=self._reach.allow_loopback
        )
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=resolver, ssl=tls or True, force_close=not keeps
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"syncd/{__version__}", "Accept-Encoding": "gzip, deflate"},
            skip_auto_headers=("Content-Type",),  # nothing is said of a body that is not there
            trace_configs=[traces],
            trust_env=False,
        )

    def _spend(self, permit: Permit, request: Request) -> None:
        if URL(request.url).origin() != self._origin:
            raise ValueError(f"{request.operation}: the request leads away from {self._origin}")
        if permit.operation != request.operation or permit in self._spent:
            raise ValueError(f"{request.operation}: this permit is for {permit.operation}, once")
        if permit.expires <= timing.boottime():
            raise NotSent(f"{request.operation} was not sent: its permit had expired")
        self._spent.add(permit)

    async def _exchange(
        self, session: aiohttp.ClientSession, request: Request, send: _Send
    ) -> Answer:
        reach = self._reach
        total = reach.request_timeout if request.is_write else reach.read_timeout
        async with session.request(
            request.method,
            URL(request.url, encoded=True),
            headers=request.headers,
            data=_data(request),
            allow_redirects=False,
            middlewares=(send,),
            trace_request_ctx=send,
            # Without the threshold a timeout above five seconds would be rounded up.
            timeout=aiohttp.ClientTimeout(
                total=total,
                sock_connect=min(total, _CONNECT_TIMEOUT),
                ceil_threshold=math.inf,
            ),
        ) as response:
            try:
                _passes("after_status_line", request)
                largest = reach.largest_write if request.is_write else reach.largest_read
                body = await _body(response, request, largest)
            except BaseException:
                response.close()
                raise
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(
                status=response.status, headers=headers, body=body, date=_date(headers.get("date"))
            )


def _data(request: Request) -> bytes | _Steps | None:
    """The body for the library; in steps only where a test may stop between them."""
    if request.is_write and is_armed():
        return _Steps(request.body)
    return request.body or None


class _Steps(aiohttp.BytesPayload):
    """A body that leaves after its head and in two halves, with a crash point after each of the
    three. The bytes are the same as ever."""

    async def write_with_length(self, writer: AbstractStreamWriter, _length: int | None) -> None:
        writer.send_headers()
        crashpoint("after_headers")
        middle = len(self._value) // 2
        if self._value:
            await writer.write(self._value[:middle])
            crashpoint("mid_body")
            await writer.write(self._value[middle:])
        crashpoint("after_body_no_reply")


def _passes(place: str, request: Request) -> None:
    """A crash point of writes; reads have none."""
    if request.is_write:
        crashpoint(place)


async def _body(response: ClientResponse, request: Request, largest: int) -> bytes:
    operation = request.operation
    if 300 <= response.status <= 399:
        raise BadAnswer(
            f"{operation}: redirect refused (HTTP {response.status})",
            remedy="check base_url: the provider's API does not redirect",
            code="redirect-refused",
            status=response.status,
        )
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > largest:
            raise BadAnswer(
                f"{operation}: the answer has more than {largest} bytes and was cut off",
                code="answer-too-large",
                status=response.status,
            )
        chunks.append(chunk)
        _passes("mid_reply_body", request)
    return b"".join(chunks)


async def _connected(_session: object, context: SimpleNamespace, _event: object) -> None:
    context.trace_request_ctx.is_connected = True
    _passes("after_connect", context.trace_request_ctx.request)


async def _leaving(_session: object, context: SimpleNamespace, _event: object) -> None:
    """Told by the library directly before it writes the first byte, whatever the name says."""
    last_word = context.trace_request_ctx.last_word
    if last_word is not None:
        await last_word()


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _date(text: str | None) -> dt.datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=dt.UTC)
