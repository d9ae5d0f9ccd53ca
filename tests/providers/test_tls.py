"""Whom a request with credentials is given to: a host whose certificate is trusted, names it, and
has not run out. Nothing else, and nothing older than TLS 1.2."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from syncd import timing
from syncd.errors import NotSent
from syncd.limiter import Permit
from syncd.providers.transport import Answer, Reach, Request, Transport
from tests.providers import certificates
from tests.providers.scripted import http

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


def ignore(event: str, /, **figures: object) -> None:
    return None


@asynccontextmanager
async def secured(
    path: Path, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A TLS server with this key and certificate, and the heads of the requests it was sent."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(http(200, b"safe").head)
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.maximum_version = newest
    context.load_cert_chain(path)
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads


async def get(url: str) -> Answer:
    permit = Permit(operation="op", expires=timing.boottime() + 5)
    async with Transport(Reach(base_url=url, observe=ignore, allow_loopback=True)) as transport:
        return await transport.send(Request(operation="op", method="GET", url=url), permit)


def written(folder: Path, address: str = "127.0.0.1", ends: dt.datetime = NOW + DAY) -> Path:
    path = folder / "host.pem"
    path.write_text(certificates.pem(address, begins=NOW - 2 * DAY, ends=ends))
    return path


async def test_a_trusted_host_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    async with secured(path) as (url, heads):
        assert (await get(url)).body == b"safe"
        assert len(heads) == 1


async def test_an_unknown_issuer_is_refused(tmp_path: Path) -> None:
    async with secured(written(tmp_path)) as (url, heads):
        with pytest.raises(NotSent, match="certificate is not trusted"):
            await get(url)
        assert heads == []


@pytest.mark.parametrize(("address", "ends"), [("127.0.0.2", NOW + DAY), ("127.0.0.1", NOW - DAY)])
async def test_a_certificate_for_another_host_or_one_that_ran_out_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, ends: dt.datetime
) -> None:
    path = written(tmp_path, address, ends)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    async with secured(path) as (url, heads):
        with pytest.raises(NotSent, match="certificate is not trusted"):
            await get(url)
        assert heads == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_an_old_protocol_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    async with secured(path, ssl.TLSVersion.TLSv1_1) as (url, heads):
        with pytest.raises(NotSent):
            await get(url)
        assert heads == []
