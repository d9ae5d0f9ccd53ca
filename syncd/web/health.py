"""/livez and /readyz: one word each, no token, for a supervisor on the same machine or beside
it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from syncd.config import Listen
from syncd.errors import ConfigError

Ready = Callable[[], Awaitable[str | None]]
"""None when the service can work, else the word that says why not."""


@contextlib.asynccontextmanager
async def serve_health(listen: Listen, ready: Ready) -> AsyncIterator[str]:
    """Listen until the block ends; gives the address. Raises ConfigError when it cannot be had."""
    app = web.Application(middlewares=[_checked_host(listen)])
    app.router.add_get("/livez", _live)
    app.router.add_get("/readyz", _answer(ready))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, listen.host, listen.port)
        try:
            await site.start()
        except OSError as error:
            why = "it is taken" if error.errno == errno.EADDRINUSE else error.strerror
            raise ConfigError(
                f"cannot listen on {listen.host}:{listen.port}: {why}",
                remedy="choose another [service] listen, or end what listens there",
                code="listen",
            ) from error
        port = runner.addresses[0][1]
        yield f"http://{listen.host}:{port}"
    finally:
        await runner.cleanup()


async def _live(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


def _answer(ready: Ready) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_request: web.Request) -> web.Response:
        problem = await ready()
        return web.Response(text=f"{problem or 'ok'}\n", status=200 if problem is None else 503)

    return answer


def _checked_host(listen: Listen) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A page of another site must not reach us through a name that it points at this machine."""

    @web.middleware
    async def check(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        name = (
            request.host.rpartition(":")[0]
            if ":" in request.host.rpartition("]")[2]
            else request.host
        )
        if listen.is_loopback and name.strip("[]") not in {
            "127.0.0.1",
            "localhost",
            "::1",
            listen.host,
        }:
            return web.Response(text="unknown host\n", status=421)
        return await handler(request)

    return check
