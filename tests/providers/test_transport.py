"""One send is one arrival, to one place, within a time and a size; whatever happens on the wire
ends as one of syncd's own errors, and none of them carries a secret."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import socket
import traceback
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from syncd import crashpoint, timing
from syncd.errors import BadAnswer, ConfigError, IntentRefused, NoAnswer, NotSent, ProviderError
from syncd.limiter import Limits, Permit
from syncd.providers.transport import Answer, Reach, Request, Transport
from tests.providers.accounts import always
from tests.providers.scripted import TIMEOUT, Arrival, Reply, Script, Scripted, http
from tests.waiting import eventually

METHODS = ("GET", "PUT", "DELETE", "POST", "PATCH")
CANARY = "canary-0f8b2c"


def ignore(event: str, /, **figures: object) -> None:
    return None


def permit(operation: str = "op") -> Permit:
    return Permit(operation=operation, expires=timing.boottime() + 5)


@asynccontextmanager
async def reaching(script: Script, **changes: Any) -> AsyncIterator[tuple[Scripted, Transport]]:
    async with Scripted(script) as server:
        reach = Reach(
            base_url=server.url,
            observe=ignore,
            allow_loopback=True,
            request_timeout=TIMEOUT,
            read_timeout=TIMEOUT,
        )
        async with Transport(dataclasses.replace(reach, **changes)) as transport:
            yield server, transport


def asked(server: Scripted, method: str, path: str = "/thing", *, is_write: bool) -> Request:
    return Request(
        operation="op",
        method=method,
        url=f"{server.url}{path}?key={CANARY}",
        headers={"Authorization": f"Bearer {CANARY}", "X-Api-Key": CANARY},
        body=b"" if method == "GET" else f"amount=1&secret={CANARY}".encode(),
        is_write=is_write,
    )


async def send(
    server: Scripted,
    transport: Transport,
    method: str = "PATCH",
    path: str = "/thing",
    *,
    is_write: bool | None = None,
) -> Answer:
    is_write = method != "GET" if is_write is None else is_write
    return await transport.send(asked(server, method, path, is_write=is_write), permit())


def whole_text(error: BaseException) -> str:
    """All that a log of this exception could show, causes and their arguments included."""
    texts = ["".join(traceback.format_exception(error))]
    link: BaseException | None = error
    while link is not None:
        texts += [str(link), repr(link), repr(link.args), repr(vars(link))]
        link = link.__cause__ or link.__context__
    return "\n".join(texts)


async def test_an_answer_carries_status_headers_body_and_date() -> None:
    headers = {"Date": "Sun, 06 Nov 1994 08:49:37 GMT", "X-Thing": "1"}
    async with reaching(always(http(404, b"no", headers))) as (server, transport):
        answer = await send(server, transport)
    assert (answer.status, answer.body, answer.headers["x-thing"]) == (404, b"no", "1")
    assert answer.date is not None
    assert answer.date.isoformat() == "1994-11-06T08:49:37+00:00"
    (arrival,) = server.arrivals
    assert arrival.headers["user-agent"].startswith("syncd/")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("is_kept", "is_write"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("ends", ["closed", "reset"])
async def test_a_dropped_connection_is_one_arrival(
    method: str, ends: str, *, is_kept: bool, is_write: bool
) -> None:
    def script(arrival: Arrival) -> Reply:
        return http(200, b"ok") if arrival.path.startswith("/warm") else Reply(ends=ends)

    async with reaching(script) as (server, transport):
        if is_kept:
            await send(server, transport, "GET", "/warm")
        with pytest.raises(NoAnswer):
            await send(server, transport, method, is_write=is_write)
    dropped = [one for one in server.arrivals if one.path.startswith("/thing")]
    assert len(dropped) == 1
    assert dropped[0].connection == (2 if is_kept and is_write else 1)


@pytest.mark.parametrize("method", METHODS)
async def test_the_last_word_is_asked_when_the_way_stands_and_before_a_byte_leaves(
    method: str,
) -> None:
    """Whoever says no then keeps all of it back, and the connection is given up."""
    arrived: list[int] = []

    async def no() -> None:
        await eventually(lambda: server.connections == 1)
        arrived.append(len(server.arrivals))
        raise IntentRefused("paused meanwhile")

    async with reaching(always(http(200, b"ok"))) as (server, transport):
        with pytest.raises(IntentRefused):
            await transport.send(asked(server, method, is_write=True), permit(), no)
        await eventually(lambda: server.open == 0)
    assert (arrived, server.arrivals) == ([0], [])


BROKEN = {
    "inside the status line": Reply(head=b"HTTP/1.1 20", ends="closed"),
    "after the status line": Reply(head=b"HTTP/1.1 200 OK\r\n", ends="closed"),
    "inside the body": Reply(
        head=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", ends="closed"
    ),
    "inside the body, reset": Reply(
        head=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", ends="reset"
    ),
    "before the last chunk": Reply(
        head=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", ends="closed"
    ),
    "never answering": Reply(hangs=True),
    "never finishing": Reply(head=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", hangs=True),
    "dripping headers": Reply(head=b"HTTP/1.1 200 OK\r\n", drip=b"X-A: b\r\n" * 9, hangs=True),
}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("where", BROKEN)
async def test_an_answer_that_breaks_off_is_no_answer(where: str, method: str) -> None:
    async with reaching(always(BROKEN[where])) as (server, transport):
        with pytest.raises(NoAnswer) as caught:
            await send(server, transport, method)
    assert len(server.arrivals) == 1
    assert CANARY not in whole_text(caught.value)


def _bomb(size: int) -> bytes:
    return gzip.compress(bytes(size))


UNUSABLE = {
    "not HTTP": Reply(head=b"220 mail ready\r\n\r\n", ends="closed"),
    "a header line of 100 kB": http(200, b"", {"X-Long": "x" * 100_000}),
    "a thousand headers": http(200, b"", {f"X-{number}": "1" for number in range(1000)}),
    "two lengths": Reply(
        head=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", ends="closed"
    ),
    "gzip that is none": http(200, b"plain text", {"Content-Encoding": "gzip"}),
    "deflate that is none": http(200, b"plain text", {"Content-Encoding": "deflate"}),
    "a gzip bomb": http(200, _bomb(9_000_000), {"Content-Encoding": "gzip"}),
    "too long a body": http(200, bytes(5_000_000)),
}


@pytest.mark.parametrize("what", UNUSABLE)
async def test_an_answer_that_cannot_be_used_is_a_bad_answer(what: str) -> None:
    async with reaching(always(UNUSABLE[what]), request_timeout=5.0) as (server, transport):
        with pytest.raises(BadAnswer) as caught:
            await send(server, transport)
    assert len(server.arrivals) == 1
    assert CANARY not in whole_text(caught.value)


async def test_a_packed_answer_within_the_cap_is_unpacked() -> None:
    reply = http(200, zlib.compress(b"fine"), {"Content-Encoding": "deflate"})
    async with reaching(always(reply)) as (server, transport):
        assert (await send(server, transport)).body == b"fine"
    assert server.arrivals[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_refused_and_reaches_nobody(status: int, method: str) -> None:
    async with Scripted(always(http(200))) as trap:
        reply = http(status, b"", {"Location": f"{trap.url}/trap"})
        async with reaching(always(reply)) as (server, transport):
            with pytest.raises(BadAnswer, match="redirect refused") as caught:
                await send(server, transport, method)
        assert trap.connections == 0
    assert caught.value.status == status
    assert len(server.arrivals) == 1


async def test_proxies_and_netrc_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Scripted(always(http(200))) as trap:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, trap.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with reaching(always(http(200, b"here"))) as (server, transport):
            assert (await send(server, transport)).body == b"here"
        assert trap.connections == 0


async def test_cookies_are_neither_kept_nor_sent() -> None:
    # A name, because aiohttp's own jar keeps no cookies of bare addresses.
    reply = http(200, b"", {"Set-Cookie": "session=1; Path=/"})
    async with Scripted(always(reply)) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        reach = Reach(base_url=url, observe=ignore, allow_loopback=True)
        async with Transport(reach) as transport:
            for _ in range(2):
                await transport.send(Request(operation="op", method="GET", url=url), permit())
    assert len(server.arrivals) == 2
    assert "cookie" not in server.arrivals[1].headers


async def test_a_refused_connection_is_proof_that_nothing_left() -> None:
    async with reaching(always(http())) as (server, _):
        url = server.url
    request = Request(operation="op", method="PUT", url=f"{url}/x", body=b"b", is_write=True)
    async with Transport(Reach(base_url=url, observe=ignore, allow_loopback=True)) as transport:
        with pytest.raises(NotSent, match="no connection could be made"):
            await transport.send(request, permit())


async def test_a_connection_that_nobody_accepts_is_proof_that_nothing_left() -> None:
    # A listener whose queue is full: the kernel leaves further connections hanging.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        reach = Reach(base_url=url, observe=ignore, allow_loopback=True, request_timeout=0.2)
        request = Request(operation="op", method="PUT", url=f"{url}/x", body=b"b", is_write=True)
        async with Transport(reach) as transport:
            with pytest.raises(NotSent, match="in time"):
                await transport.send(request, permit())
        for one in waiting:
            one.close()


async def test_an_unknown_host_is_proof_that_nothing_left() -> None:
    url = "https://nobody.invalid"
    async with Transport(Reach(base_url=url, observe=ignore)) as transport:
        with pytest.raises(NotSent, match="host name"):
            await transport.send(Request(operation="op", method="GET", url=url), permit())


@pytest.mark.parametrize("reply", [Reply(head=b"HTTP/1.1 400 Bad\r\n\r\n", ends="closed"), Reply()])
async def test_a_failed_handshake_is_proof_that_nothing_left(reply: Reply) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(reply.head)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with (
        server,
        Transport(Reach(base_url=url, observe=ignore, allow_loopback=True)) as transport,
    ):
        with pytest.raises(NotSent):
            await transport.send(Request(operation="op", method="GET", url=url), permit())


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_stray_second_answer_is_never_taken_for_the_next_one(*, is_late: bool) -> None:
    first, stray = http(200, b"first").head, http(200, b"stray").head
    reply = Reply(head=first, drip=stray) if is_late else Reply(head=first + stray)
    replies = [reply, http(200, b"second")]
    async with reaching(lambda arrival: replies.pop(0)) as (server, transport):
        assert (await send(server, transport)).body == b"first"
        assert (await send(server, transport)).body == b"second"


async def test_nothing_is_sent_without_a_fitting_permit() -> None:
    async with reaching(always(http())) as (server, transport):
        request = Request(operation="op", method="GET", url=server.url)
        with pytest.raises(NotSent, match="expired"):
            await transport.send(request, Permit(operation="op", expires=timing.boottime() - 1))
        with pytest.raises(ValueError, match="this permit is for other"):
            await transport.send(request, permit("other"))
        once = permit()
        await transport.send(request, once)
        with pytest.raises(ValueError, match="once"):
            await transport.send(request, once)
        assert len(server.arrivals) == 1


async def test_another_origin_is_refused() -> None:
    async with reaching(always(http())) as (server, transport):
        for url in ("http://127.0.0.1:1/", "https://127.0.0.1/", "http://example.com/"):
            with pytest.raises(ValueError, match="leads away"):
                await transport.send(Request(operation="op", method="GET", url=url), permit())
        assert server.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "https://user:pass@api.example.com",
        "https://127.0.0.1",
        "https://[::1]",
        "https://10.1.2.3",
        "https://169.254.169.254",
        "https://[::ffff:127.0.0.1]",
        "https://[64:ff9b::7f00:1]",
        "https://[2002:7f00:1::]",
        "https://[fe80::1]",
        "https://224.0.0.1",
        "https://0.0.0.0",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "api.example.com",
        "",
    ],
)
async def test_a_base_url_that_leads_astray_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Transport(Reach(base_url=url, observe=ignore))
    assert caught.value.remedy


@pytest.mark.parametrize(
    "host", ["localhost", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost."]
)
async def test_a_name_that_leads_to_this_machine_is_refused_at_the_connection(host: str) -> None:
    async with Scripted(always(http())) as trap:
        url = f"https://{host}:{trap.port}"
        async with Transport(Reach(base_url=url, observe=ignore)) as transport:
            with pytest.raises(NotSent):
                await transport.send(Request(operation="op", method="GET", url=url), permit())
        assert trap.connections == 0


async def test_plain_http_reaches_this_machine_and_nothing_else() -> None:
    with pytest.raises(ConfigError, match="plain http"):
        Transport(Reach(base_url="http://8.8.8.8", observe=ignore, allow_loopback=True))


async def test_every_send_is_observed_without_a_secret() -> None:
    events: list[dict[str, object]] = []

    def observe(event: str, /, **figures: object) -> None:
        events.append({"event": event, **figures})

    replies = [http(200, b"four"), Reply(ends="closed"), http(307)]
    async with reaching(lambda arrival: replies.pop(0), observe=observe) as (server, transport):
        await send(server, transport)
        for kind in (NoAnswer, BadAnswer):
            with pytest.raises(kind):
                await send(server, transport)
    assert [event["operation"] for event in events] == ["op"] * 3
    assert [event["status"] for event in events] == [200, None, 307]
    assert [event.get("error") for event in events] == [None, "no-answer", "redirect-refused"]
    assert events[0]["received"] == 4
    assert CANARY not in repr(events)


async def test_a_cancelled_send_leaves_as_a_cancellation() -> None:
    arrived = asyncio.Event()

    def script(arrival: Arrival) -> Reply:
        arrived.set()
        return Reply(stalls=True)

    async with reaching(script, request_timeout=TIMEOUT) as (server, transport):
        task = asyncio.create_task(send(server, transport))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(server.arrivals) == 1


async def test_a_limit_of_an_account_gives_the_permits_that_a_send_needs() -> None:
    limits = Limits([], patience=None, on_freeze=None)
    async with reaching(always(http(200, b"ok"))) as (server, transport):
        granted = await limits.acquire("op", is_write=False)
        request = Request(operation="op", method="GET", url=server.url)
        assert (await transport.send(request, granted)).body == b"ok"


def test_every_error_of_the_edge_is_a_provider_error() -> None:
    assert all(issubclass(kind, ProviderError) for kind in (NotSent, NoAnswer, BadAnswer))


STEPS = ["before_connect", "after_connect", "after_headers", "mid_body", "after_body_no_reply"]
REPLY = ["after_status_line", "mid_reply_body"]


@pytest.mark.parametrize("body", [b"", b"amount=1"])
async def test_a_write_that_passes_crash_points_is_the_same_arrival(body: bytes) -> None:
    passed: list[str] = []
    async with reaching(always(http(200, b"{}"))) as (server, transport):
        request = Request(operation="op", method="PUT", url=f"{server.url}/thing", body=body)
        write = dataclasses.replace(request, is_write=True)
        await transport.send(write, permit())
        with crashpoint.armed(passed.append):
            await transport.send(request, permit())
            assert passed == [], "a read has none"
            await transport.send(write, permit())
    first, _, second = server.arrivals
    assert dataclasses.replace(second, connection=first.connection) == first
    assert passed == [one for one in STEPS if body or one != "mid_body"] + REPLY
