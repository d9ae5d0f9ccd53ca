"""One answer over HTTP: the browser that a provider sends back to this machine. Listens on loopback
only and only until it came; knows nothing of what the answer is worth."""

from __future__ import annotations

import asyncio
import errno
import hmac
from typing import Final

from aiohttp import web
from yarl import URL

from syncd.errors import SyncdError, UsageError

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>syncd</title>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
}


class NobodyCame(SyncdError):
    """The time for an answer is over."""

    code = "consent"


def can_listen(redirect_uri: str) -> bool:
    """Whether that address is one of this machine's own, without TLS."""
    try:
        url = URL(redirect_uri)
    except ValueError:
        return False
    return url.scheme == "http" and url.host in LOOPBACK


async def redirected(redirect_uri: str, state: str, patience: float) -> str:
    """The address with which a browser comes to `redirect_uri` and brings `state`. Raises
    UsageError where nobody can listen there, NobodyCame after `patience` seconds."""
    url = URL(redirect_uri)
    came: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answer(request: web.Request) -> web.Response:
        if request.url.host not in LOOPBACK or request.method != "GET":
            return _page(421, "Not here", "This address answers one browser only.")
        if not hmac.compare_digest(request.query.get("state", "").encode(), state.encode()):
            # A page of somebody else's; the one that is waited for may still come.
            return _page(400, "Not the consent", "This does not belong to the consent asked for.")
        if not came.done():
            came.set_result(str(request.url))
        return _page(200, "Thank you", "syncd has the answer. Go back to the terminal.")

    app = web.Application()
    app.router.add_route("*", url.path, answer)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await _listen(runner, url)
        async with asyncio.timeout(patience):
            return await came
    except TimeoutError:
        raise NobodyCame(
            f"no browser came back to {redirect_uri} within {patience:.0f} s",
            remedy="begin again; on another machine give --paste and paste the address that the "
            "browser ends at",
        ) from None
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, url: URL) -> None:
    try:
        await web.TCPSite(runner, url.host, url.port).start()
    except OSError as error:
        why = "it is taken" if error.errno == errno.EADDRINUSE else error.strerror
        raise UsageError(
            f"cannot listen on {url.host}:{url.port}: {why}",
            remedy="free it, give another --redirect-uri that the provider knows, or --paste",
        ) from error


def _page(status: int, title: str, text: str) -> web.Response:
    return web.Response(
        status=status,
        text=_PAGE.format(title=title, text=text),
        content_type="text/html",
        headers=_HEADERS,
    )
