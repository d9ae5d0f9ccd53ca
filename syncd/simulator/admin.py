"""The admin interface of a simulator, `/_sim/`: JSON over HTTP for whoever plays the world's other
part (people who edit campaigns, periods that turn, networks that fail) and for whoever wants the
truth. What happens here is neither journalled nor limited."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from decimal import InvalidOperation
from typing import Any

from aiohttp import web

from syncd.simulator.faults import Faults
from syncd.simulator.journal import Journal
from syncd.simulator.rate import SlidingWindow, parse_rate
from syncd.simulator.service import Act, Service
from syncd.simulator.wire import MalformedJson, emit, parse
from syncd.simulator.world_admin import WorldAdmin


class Admin:
    """Reads and steers one simulator; every answer is a JSON object."""

    def __init__(
        self,
        service: Service,
        journal: Journal,
        faults: Faults,
        windows: Mapping[str, SlidingWindow],
    ) -> None:
        self._service = service
        self._world = WorldAdmin(service)
        self._journal = journal
        self._faults = faults
        self._windows = windows

    def routes(self) -> list[web.RouteDef]:
        """GET takes its arguments from the query, POST from a JSON object."""
        reads: dict[str, Act] = {
            "state": self._state,
            "truth": self._world.truth,
            "picks": self._picks,
            "{provider}/picks": self._picks,
            "journal": self._arrivals,
            "counters": self._counters,
            "faults": self._list_faults,
        }
        acts: dict[str, Act] = {
            **self._world.acts,
            "limit": self._limit,
            "tokens/expire": self._expire,
            "faults": self._arm,
            "faults/release": self._release,
            "faults/clear": self._clear,
        }
        made = [web.get(f"/_sim/{name}", _reading(act)) for name, act in reads.items()]
        made += [web.post(f"/_sim/{name}", _acting(act)) for name, act in acts.items()]
        made.append(web.delete("/_sim/faults", _reading(self._clear)))
        made.append(web.route("*", "/_sim/{anything:.*}", _unknown))
        return made

    def _state(self, _: dict[str, Any]) -> Any:
        limits = {group: _rate_text(window) for group, window in self._windows.items()}
        general = {
            "campaigns": len(self._service.world.truth()),
            "in_view": len(self._service.world.ids()),
            "limit": limits["default"],
            "limits": limits,
        }
        return self._service.describe() | self._counters({}) | general | self._service.state()

    def _picks(self, _: dict[str, Any]) -> Any:
        return self._service.picks()

    def _arrivals(self, asked: dict[str, Any]) -> Any:
        return {"arrivals": self._journal.since(int(asked.get("since", 0)))}

    def _counters(self, _: dict[str, Any]) -> Any:
        arrivals = self._journal.arrivals
        return {
            "arrivals": len(arrivals),
            "by_operation": dict(Counter(arrival.operation for arrival in arrivals)),
            "by_status": dict(Counter(str(arrival.status) for arrival in arrivals)),
            "refused_by_limit": sum(window.refusals for window in self._windows.values()),
            "faults_fired": {fault.name: fault.fired for fault in self._faults.armed},
        }

    def _limit(self, asked: dict[str, Any]) -> Any:
        """`{"limit": "9/60s", "group"?}`, or `off`."""
        window = self._windows[asked.get("group", "default")]
        window.rate = parse_rate(asked["limit"])
        return {"limit": asked["limit"]}

    def _expire(self, _: dict[str, Any]) -> Any:
        return {"expired": self._service.expire_tokens()}

    def _list_faults(self, _: dict[str, Any]) -> Any:
        return {"faults": [fault.describe() for fault in self._faults.armed]}

    def _arm(self, asked: dict[str, Any]) -> Any:
        """`{"kind", "operation"?, "when"?, "nth"?, "count"?, "name"?}` and the kind's own."""
        return self._faults.arm(asked.pop("kind"), **asked).describe()

    def _release(self, asked: dict[str, Any]) -> Any:
        self._faults.release(asked.get("name"))
        return self._list_faults(asked)

    def _clear(self, asked: dict[str, Any]) -> Any:
        self._faults.clear(asked.get("name"))
        return self._list_faults(asked)


def _rate_text(window: SlidingWindow) -> str:
    return "off" if window.rate is None else str(window.rate)


def _reading(act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        return _answer(act, dict(request.query))

    return handle


def _acting(act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            asked = parse(body) if body else {}
        except MalformedJson as error:
            return _response(400, {"error": str(error)})
        return _answer(act, asked)

    return handle


def _answer(act: Act, asked: dict[str, Any]) -> web.Response:
    """200 with what the act returns; 404 for an unknown id or missing argument, 400 for a bad
    value."""
    try:
        return _response(200, act(asked))
    except KeyError as error:
        return _response(404, {"error": f"unknown or missing: {error.args[0]}"})
    except (ValueError, TypeError, AttributeError, InvalidOperation) as error:
        return _response(400, {"error": str(error)})


async def _unknown(request: web.Request) -> web.Response:
    return _response(404, {"error": f"there is nothing at {request.method} {request.path}"})


def _response(status: int, value: Any) -> web.Response:
    return web.Response(status=status, body=emit(value), content_type="application/json")
