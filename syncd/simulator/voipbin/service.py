"""The simulated VoIPBIN in both dialects: login, list, get, create, update, start and stop, delete.
It judges requests against a world and writes answers; it opens no sockets.

Assumed where the documents are silent: a body needs `Content-Type: application/json` (else
INVALID_JSON_BODY); a page_token that is no time is INVALID_ARGUMENT; the dialect `documented`
replaces the whole object and leaves the status alone where the body has none, and has no calls for
parts of a campaign; a credential in a cookie does not count. The assumed 16.7 a second with bursts
of 33 is kept as its long run: 17 in any second."""

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.faults import Kind
from syncd.simulator.rate import SECOND_NS, Rate, Verdict
from syncd.simulator.service import Act
from syncd.simulator.settings import Settings
from syncd.simulator.voipbin import population
from syncd.simulator.voipbin.acts import Acts
from syncd.simulator.voipbin.answers import Answers, Manner, Refusal
from syncd.simulator.voipbin.calls import Calls
from syncd.simulator.voipbin.credentials import Credentials
from syncd.simulator.voipbin.faults import kinds_of
from syncd.simulator.voipbin.routes import BASE_PATH, WRITES, route_of
from syncd.simulator.voipbin.showing import note_shown
from syncd.simulator.wire import MalformedJson, parse

_PASSWORD = re.compile(r'("password"\s*:\s*")(?:[^"\\]|\\.)*')
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DIALECTS = ("documented", "current")


class Voipbin:
    """One customer's view of VoIPBIN over one world.

    Options: `username`, `password`, `access_key`, and how answers are spelt: `times`, `unset`,
    `customer_id`, `errors`, `retry_after` (see Manner).
    """

    def __init__(self, settings: Settings) -> None:
        if settings.dialect not in _DIALECTS:
            raise ValueError(f"VoIPBIN has the dialects {' and '.join(_DIALECTS)}")
        self.dialect = settings.dialect
        self._random = Random(settings.seed + 1)
        self.world = population.populate(settings.seed, settings.campaigns)
        self.answers = Answers(settings.dialect, Manner.of(settings), self._random)
        self.credentials = Credentials(settings, self.world.clock, self._random)
        self._calls = Calls(settings.dialect, self.world, self.answers, self._random)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        return kinds_of(self.world, self.answers, self._calls)

    @property
    def writes(self) -> frozenset[str]:
        return WRITES

    @property
    def rates(self) -> Mapping[str, Rate | None]:
        return {"default": Rate(17, SECOND_NS), "auth": Rate(10, SECOND_NS)}

    @property
    def acts(self) -> Mapping[str, Act]:
        return Acts(self.world, self.answers, self.credentials).by_name()

    def limit_group(self, operation: str) -> str | None:
        return "auth" if operation == "login" else "default"

    def operation(self, method: str, path: str) -> str:
        return route_of(self.dialect, method, path).operation

    def inspect(self, exchange: Exchange) -> None:
        """A login counts by address, every other call by customer: a token and the access key are
        of the same one."""
        arrival = exchange.arrival
        query = exchange.target.partition("?")[2]
        text = _PASSWORD.sub(r"\1***", exchange.body.decode("utf-8", "replace"))
        arrival.take_body(exchange.body, self.credentials.masked(text))
        arrival.path = self.credentials.masked(arrival.path)
        arrival.headers = {
            name: self.credentials.masked(value) for name, value in arrival.headers.items()
        }
        if arrival.operation == "login":
            arrival.credential = "address"
        elif self.credentials.is_ours(query, exchange.headers):
            arrival.credential = self.world.customer_id
        arrival.items = self._calls.items(exchange)

    def answer(self, exchange: Exchange) -> Reply:
        self.world.settle()
        request_id = self._request_id(exchange)
        try:
            reply = self._judge(exchange)
        except Refusal as refusal:
            for item in exchange.arrival.items:
                item.truth, item.codes = "refused", [refusal.reason]
            reply = self.answers.refusal(refusal, request_id)
        reply.headers["X-Request-Id"] = request_id
        note_shown(exchange.arrival, reply)
        return reply

    def throttled(self, verdict: Verdict, wall_ns: int) -> Reply:  # noqa: ARG002
        """429; logins are limited by address, everything else by customer."""
        limited_by = "ip" if verdict.group == "auth" else "customer"
        return self.answers.throttled(limited_by, -(-verdict.wait_ns // SECOND_NS))

    def describe(self) -> dict[str, Any]:
        known = self.credentials
        credentials = {"username": known.username, "password": known.password}
        credentials |= {"access_key": known.access_key}
        return {"base_path": BASE_PATH, "credentials": credentials, "scope": {}}

    def state(self) -> dict[str, Any]:
        """`starts` has every beginning of phone calls since the simulator began."""
        world = self.world
        return {
            "starts": [vars(start) for start in world.starts],
            "campaigns": len(world.own()),
            "in_view": len(world.ids()),
            "customer_id": world.customer_id,
            "waiting": len(world.waiting),
            "is_frozen": world.is_frozen,
            "has_permission": world.has_permission,
            "manner": vars(self.answers.manner),
        }

    def picks(self) -> dict[str, Any]:
        return population.picks(self.world)

    def expire_tokens(self) -> int:
        return self.credentials.expire()

    def add_campaigns(self, count: int) -> list[str]:
        """Each is newer than all others."""
        return [population.add_campaign(self.world, self._random).id for _ in range(count)]

    def _judge(self, exchange: Exchange) -> Reply:
        """The answer to a call; raises Refusal. What does not exist is 404 for anybody."""
        operation = exchange.arrival.operation
        if operation == "login":
            return self._log_in(exchange)
        if operation == "other":
            raise Refusal("ROUTE_NOT_FOUND")
        self.credentials.check(exchange.target.partition("?")[2], exchange.headers)
        if self.world.is_frozen:
            raise Refusal("ACCOUNT_FROZEN", [self.answers.deletion(self.world.clock.now())])
        if not self.world.has_permission:
            raise Refusal("PERMISSION_DENIED")
        return self._calls.judge(exchange)

    def _log_in(self, exchange: Exchange) -> Reply:
        """A token; for anything wrong a bare 400."""
        try:
            body = parse(exchange.body)
        except MalformedJson:
            body = None
        asked = body if isinstance(body, dict) else {}
        token = self.credentials.log_in(asked.get("username"), asked.get("password"))
        if token is None:
            return Reply(status=400, raw=b"", readable=True, content_type="text/plain")
        value = {"username": self.credentials.username, "token": token}
        return Reply(status=200, value=value, headers={"Set-Cookie": f"token={token}; Path=/"})

    def _request_id(self, exchange: Exchange) -> str:
        """The caller's own where it is well formed."""
        asked = exchange.headers.get("X-Request-Id", "")
        return asked if _REQUEST_ID.fullmatch(asked) else self.answers.request_id()
