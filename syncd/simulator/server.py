"""The server that every simulated provider stands on: sockets, the limit, faults, the journal and
the admin interface around one service. It knows no provider's protocol; `_SERVICES` names them."""

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from syncd.simulator.admin import Admin
from syncd.simulator.criteo import Criteo
from syncd.simulator.epom import Epom
from syncd.simulator.exchange import Cut, Exchange, Stage
from syncd.simulator.faults import Fault, Faults
from syncd.simulator.icas import Icas
from syncd.simulator.journal import Arrival, Journal
from syncd.simulator.kinds import KINDS
from syncd.simulator.pai import Pai
from syncd.simulator.rate import SlidingWindow, Verdict
from syncd.simulator.sending import cut_connection, masked_headers, masked_path, send
from syncd.simulator.service import Service
from syncd.simulator.settings import Documented, Settings
from syncd.simulator.voipbin import Voipbin

HOST = "127.0.0.1"
_MOST_BYTES = 64 * 1024 * 1024
_PATIENCE = 0.25  # seconds for a body that is only wanted for the journal
_SERVICES: Mapping[str, Callable[[Settings], Service]] = {
    "criteo": Criteo,
    "icas": Icas,
    "epom": Epom,
    "pai": Pai,
    "voipbin": Voipbin,
}
PROVIDERS = tuple(_SERVICES)


class Simulator:
    """One simulated provider; serves from `async with` until its end. A `service` of somebody
    else is served in the place of the one that the settings name.

    Requests are handled in tasks of their own, so that a client that goes away neither stops what
    was about to be applied nor goes unnoticed in the journal.
    """

    def __init__(self, settings: Settings | None = None, service: Service | None = None) -> None:
        self.settings = settings or Settings()
        self.service = service or _service(self.settings)
        self.journal = Journal(self.settings.journal)
        self.windows = _windows(self.service, self.settings)
        self.faults = Faults({**KINDS, **self.service.kinds})
        self.address = ""
        """Of the server, without any path."""
        self._exchanges: set[asyncio.Task[web.StreamResponse]] = set()
        self._runner: web.AppRunner | None = None

    @property
    def world(self) -> Any:
        """The service's own world, whose type only its package knows."""
        return self.service.world

    @property
    def base_url(self) -> str:
        """What a configuration has as the account's."""
        return self.address + str(self.service.describe()["base_path"])

    @property
    def admin_url(self) -> str:
        return f"{self.address}/_sim"

    def describe(self) -> dict[str, Any]:
        """What somebody needs in order to use this simulator, as JSON values."""
        settings = self.settings
        told = {"provider": settings.provider, "dialect": settings.dialect}
        told |= {"base_url": self.base_url, "admin_url": self.admin_url}
        return told | self.service.describe()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_MOST_BYTES)
        app.add_routes(Admin(self.service, self.journal, self.faults, self.windows).routes())
        app.router.add_route("*", "/{anything:.*}", self._handle)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self.settings.port).start()
        self.address = f"http://{HOST}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._exchanges:
            task.cancel()
        await asyncio.gather(*self._exchanges, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        self.journal.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        arrival = self._note_arrival(request)
        exchange = Exchange(arrival=arrival, headers=request.headers, target=request.raw_path)
        task = asyncio.create_task(self._run(request, exchange), name=f"arrival {arrival.seq}")
        self._exchanges.add(task)
        task.add_done_callback(self._exchanges.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            arrival.lose()
            raise

    def _note_arrival(self, request: web.Request) -> Arrival:
        peer = request.transport.get_extra_info("peername") if request.transport else None
        operation = self.service.operation(request.method, request.raw_path)
        return self.journal.open(
            connection="" if peer is None else f"{peer[0]}:{peer[1]}",
            method=request.method,
            path=masked_path(request.raw_path),
            headers=masked_headers(request.headers),
            operation=operation,
            is_write=operation in self.service.writes,
        )

    async def _run(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        """One exchange from its head to its end; never raises for a client that is gone."""
        arrival = exchange.arrival
        matched = self.faults.match(arrival.operation)
        try:
            await self._answer(request, exchange, matched)
            return await send(request, exchange)
        except Cut:
            arrival.lose()
            cut_connection(request)
            return web.Response()
        except (ConnectionError, web.RequestPayloadError):
            arrival.lose()
            return web.Response()
        finally:
            self.journal.end(arrival)

    async def _answer(self, request: web.Request, exchange: Exchange, matched: list[Fault]) -> None:
        """Read the body, count the arrival, let the faults and the service do their part."""
        arrival = exchange.arrival
        try:
            await self.faults.fire(Stage.HEAD, matched, exchange)
        except Cut:
            await self._note_body(request, exchange)
            raise
        exchange.body = await request.read()
        self.service.inspect(exchange)
        verdict = self._count(arrival)
        if verdict is not None and verdict.refused:
            exchange.reply = self.service.throttled(verdict, arrival.wall_ns)
            return
        await self.faults.fire(Stage.BEFORE, matched, exchange)
        if exchange.reply is None:
            exchange.reply = self.service.answer(exchange)
        await self.faults.fire(Stage.AFTER, matched, exchange)

    def _count(self, arrival: Arrival) -> Verdict | None:
        """Count an arrival in its group, for its credential; None where it is not limited."""
        group = self.service.limit_group(arrival.operation)
        if arrival.credential is None or group is None:
            return None
        arrival.limit_group = group
        return self.windows[group].count(arrival.credential, arrival.arrived_ns)

    async def _note_body(self, request: web.Request, exchange: Exchange) -> None:
        """For the journal only: the body of a request that is cut at its head, where it came
        along."""
        try:
            async with asyncio.timeout(_PATIENCE):
                exchange.body = await request.read()
        except (TimeoutError, ConnectionError, web.RequestPayloadError):
            return
        self.service.inspect(exchange)


def _service(settings: Settings) -> Service:
    """The service of the provider that the settings name; raises ValueError for no such."""
    if settings.provider not in _SERVICES:
        raise ValueError(
            f"no provider is called {settings.provider!r}; known: {', '.join(_SERVICES)}"
        )
    return _SERVICES[settings.provider](settings)


def _windows(service: Service, settings: Settings) -> dict[str, SlidingWindow]:
    """A window for each limit group, the settings' rate in the place of the default."""
    rates = {"default": None} | dict(service.rates)
    if not isinstance(settings.rate, Documented):
        rates["default"] = settings.rate
    return {group: SlidingWindow(rate, group) for group, rate in rates.items()}
