"""The simulated PAI in both dialects: it judges requests against a world and writes answers; it
opens no sockets."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random
from typing import Any

from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.faults import Kind
from syncd.simulator.journal import Item
from syncd.simulator.pai import population
from syncd.simulator.pai.acts import Acts
from syncd.simulator.pai.answers import Answers, GatewayRefusal, Refusal
from syncd.simulator.pai.callers import Callers
from syncd.simulator.pai.calls import Calls
from syncd.simulator.pai.clock import Clock
from syncd.simulator.pai.faults import AnswerFaults
from syncd.simulator.pai.options import Options
from syncd.simulator.pai.requests import by_path, read_values
from syncd.simulator.pai.routes import BASE_PATHS, OPERATIONS, WRITES, Routes, id_of
from syncd.simulator.pai.usage import Usage
from syncd.simulator.pai.world import World
from syncd.simulator.rate import SECOND_NS, Rate, Verdict
from syncd.simulator.service import Act
from syncd.simulator.settings import Documented, Settings

_PER_SECOND = {"list": 10, "get": 10, "create": 10, "update": 100, "delete": 100}
"""The limits of get, update and delete are documented; those of list and create are assumed."""


class Pai:
    """One account's view of PAI over one world."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.options = Options.of(settings)
        self.clock = Clock()
        self.world = World(self.clock)
        self._is_newest_first = self.options.order == "newest"
        random = Random(settings.seed)
        population.populate(
            self.world, random, settings.campaigns, newest_first=self._is_newest_first
        )
        self._random = Random(settings.seed + 1)
        self.callers = Callers(self.options, self.clock)
        self._answers = Answers(self._random, self.options)
        self._calls = Calls(self.options, self.world, self._answers, self._random)
        self._routes = Routes(self.options.dialect)
        self._usage = Usage(self.clock)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        courses = self._calls.courses
        return AnswerFaults(self.world, self._answers, courses, self._random).kinds()

    @property
    def writes(self) -> frozenset[str]:
        return WRITES

    @property
    def rates(self) -> Mapping[str, Rate | None]:
        """One group per operation; a limit in the settings stands for each of them."""
        given = self.settings.rate
        if not isinstance(given, Documented):
            return dict.fromkeys(OPERATIONS, given)
        return {name: Rate(n, SECOND_NS) for name, n in _PER_SECOND.items()}

    def limit_group(self, operation: str) -> str | None:
        return operation if operation in OPERATIONS else None

    def operation(self, method: str, path: str) -> str:
        return self._routes.operation(method, path)

    def inspect(self, exchange: Exchange) -> None:
        arrival = exchange.arrival
        arrival.take_body(exchange.body, exchange.body.decode("utf-8", "replace"))
        arrival.credential = self.callers.credential(exchange)
        self._usage.count(arrival.operation)
        if arrival.operation in WRITES:
            arrival.items = self._items(exchange)

    def answer(self, exchange: Exchange) -> Reply:
        if exchange.arrival.operation not in OPERATIONS:
            return replace(self._answers.lost(), readable=True)
        try:
            self.callers.check(exchange)
            return self._calls.judge(exchange)
        except Refusal as refusal:
            _note_refused(exchange, str(refusal.code))
            return self._answers.refusal(refusal.code, str(refusal))
        except GatewayRefusal as refusal:
            _note_refused(exchange, refusal.name)
            return self._answers.gateway(refusal.status, refusal.name, str(refusal))

    def throttled(self, verdict: Verdict, wall_ns: int) -> Reply:
        """The gateway's refusal in the chosen form; the wait is told in full seconds."""
        status, _, kind = self.options.throttling.partition("-")
        name = "Throttling" if (status, kind) == ("400", "") else "Throttling.User"
        text = "Request was denied due to user flow control."
        reply = self._answers.gateway(int(status), name, text)
        if self.options.retry_after == "seconds":
            reply.headers["Retry-After"] = str(-(-verdict.wait_ns // SECOND_NS))
        elif self.options.retry_after == "date":
            moment = datetime.fromtimestamp(-(-(wall_ns + verdict.wait_ns) // SECOND_NS), UTC)
            reply.headers["Retry-After"] = format_datetime(moment, usegmt=True)
        return reply

    def describe(self) -> dict[str, Any]:
        options = self.options
        if options.dialect == "documented":
            credentials = {"api_key": options.api_key}
        else:
            credentials = {
                "access_key_id": options.access_key_id,
                "access_key_secret": options.access_key_secret,
            }
            if options.security_token:
                credentials["security_token"] = options.security_token
        return {
            "base_path": BASE_PATHS[options.dialect],
            "credentials": credentials,
            "scope": {"region": options.region},
        }

    def state(self) -> dict[str, Any]:
        return {
            "options": self.options.told(),
            "campaigns": len(self.world.campaigns),
            "in_view": len(self.world.ids()),
            "waiting": [{"id": one.id, "values": one.values} for one in self.world.waiting],
            "revoked": self.callers.is_revoked,
            "denied": sorted(self.callers.denied),
            "clock": f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ}",
            **self._usage.told(),
        }

    @property
    def acts(self) -> Mapping[str, Act]:
        return Acts(self.world, self.callers).by_name()

    def picks(self) -> dict[str, Any]:
        return population.picks(self.world)

    def expire_tokens(self) -> int:
        """End the security token; keys do not end by themselves."""
        alive = bool(self.options.security_token) and not self.callers.is_token_expired
        self.callers.is_token_expired = True
        return int(alive)

    def add_campaigns(self, count: int) -> list[str]:
        added = [
            population.add_campaign(self.world, self._random, first=self._is_newest_first)
            for _ in range(count)
        ]
        return [campaign.id for campaign in added]

    def _items(self, exchange: Exchange) -> list[Item]:
        """The one entry of a write; nothing where its body cannot be read."""
        kind = exchange.arrival.operation
        if kind == "delete":
            return [Item(index=0, id=id_of(exchange.target), kind=kind, new={"deleted": "true"})]
        try:
            new = by_path(read_values(exchange))
        except Refusal:
            return []
        if kind == "create":
            return [Item(index=0, id="", kind=kind, new=new)]
        known = self.world.campaigns.get(id_of(exchange.target))
        before = {} if known is None else known.values()
        old = {path: before[path] for path in new if path in before}
        return [Item(index=0, id=id_of(exchange.target), kind=kind, old=old, new=new)]


def _note_refused(exchange: Exchange, code: str) -> None:
    for item in exchange.arrival.items:
        item.truth, item.codes = "refused", [code]
