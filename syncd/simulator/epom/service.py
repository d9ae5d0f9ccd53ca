"""The simulated Epom: campaign pricing by the contract, and the lists that lead to it. It judges
requests against a world and writes answers; it opens no sockets."""

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from syncd.simulator.epom import answers, population
from syncd.simulator.epom.acts import Acts
from syncd.simulator.epom.entries import Reader
from syncd.simulator.epom.faults import WriteFaults
from syncd.simulator.epom.options import Options
from syncd.simulator.epom.read_faults import ReadFaults
from syncd.simulator.epom.reads import Reads
from syncd.simulator.epom.refusal import Refusal
from syncd.simulator.epom.request import WRITES, Request, is_known_path, operation_of
from syncd.simulator.epom.signatures import Signatures
from syncd.simulator.epom.writes import Writes
from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.faults import Kind
from syncd.simulator.rate import Rate, Verdict, parse_rate
from syncd.simulator.sending import masked
from syncd.simulator.service import Act
from syncd.simulator.settings import Settings

_RATE = parse_rate("5/1s")
_DIGEST = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{32}(?![0-9A-Fa-f])")
_SECRET = re.compile(r"(?<=hash=)[^&\s]+|(?<=password=)[^&\s]+")


class Epom:
    """One account's view of a network over one world."""

    def __init__(self, settings: Settings) -> None:
        self.options = Options.read(settings)
        self.world = population.populate(settings.seed, settings.campaigns, settings.advertisers)
        self.signatures = Signatures(self.options, self.world.clock)
        self._random = Random(settings.seed + 1)
        self._reads = Reads(self.world, self.options)
        reader = Reader(self.options, settings.entry_cap)
        self._writes = Writes(self.world, self.options, reader)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        writes = WriteFaults(self._writes).kinds
        return {**writes, **ReadFaults(self.world, self.options).kinds}

    @property
    def writes(self) -> frozenset[str]:
        return WRITES

    @property
    def rates(self) -> Mapping[str, Rate | None]:
        """Assumed: no page of the provider names a limit."""
        return {"default": _RATE}

    def limit_group(self, operation: str) -> str | None:  # noqa: ARG002  (one limit for all)
        return "default"

    def operation(self, method: str, path: str) -> str:
        return operation_of(method, path)

    def inspect(self, exchange: Exchange) -> None:
        arrival = exchange.arrival
        arrival.path = self._masked(arrival.path)
        arrival.take_body(exchange.body, self._masked(exchange.body.decode("utf-8", "replace")))
        request = Request.read(exchange)
        arrival.credential = request.only("username")
        first = self.signatures.note(request, arrival.seq)
        if first is not None:
            arrival.notes.append(f"hash used before, by arrival {first}")
        if arrival.operation in WRITES:
            campaign = self.world.visible(request.segments.get("campaign", ""))
            arrival.items = self._writes.reader.items(request, campaign)

    def answer(self, exchange: Exchange) -> Reply:
        try:
            return self._judge(exchange, Request.read(exchange))
        except Refusal as refusal:
            return answers.refused(refusal, self.options)

    def throttled(self, verdict: Verdict, wall_ns: int) -> Reply:  # noqa: ARG002  (it is bare)
        """429 and nothing more: no page of the provider speaks of it."""
        return answers.refused(Refusal(429, "too_many_requests"), self.options)

    def describe(self) -> dict[str, Any]:
        options = self.options
        return {
            "base_path": "",
            "credentials": {"username": options.username, "password": options.password},
            "scope": {"advertisers": list(self.world.advertisers)},
        }

    def state(self) -> dict[str, Any]:
        """The choices made, the clock, and the arrivals that brought a hash for another time."""
        chosen = {name: word for name, word in vars(self.options).items() if name != "password"}
        return {
            "options": chosen,
            "clock_offset_ms": self.world.clock.offset_ms,
            "waiting": len(self.world.waiting),
            "reused_hashes": list(self.signatures.reused),
        }

    @property
    def acts(self) -> Mapping[str, Act]:
        return Acts(self.world, self.options).acts

    def picks(self) -> dict[str, Any]:
        return population.picks(self.world)

    def expire_tokens(self) -> int:
        """There are none: a hash ends by the clock, which the act `clock` moves."""
        return 0

    def add_campaigns(self, count: int) -> list[str]:
        return [population.add_campaign(self.world, self._random).id for _ in range(count)]

    def _judge(self, exchange: Exchange, request: Request) -> Reply:
        self.world.catch_up()
        self.signatures.check(request, exchange.arrival.seq)
        if request.operation == "other":
            known = is_known_path(exchange.target)
            raise Refusal(405 if known else 404, "method_not_allowed" if known else "not_found")
        if request.operation not in WRITES:
            return self._reads.answer(exchange.arrival, request)
        path = {"campaign": "singular", "campaigns": "plural"}
        spelt = path.get(request.segments.get("plural", ""))
        if spelt is not None and self.options.delete_path not in {spelt, "both"}:
            raise Refusal(404, "not_found")
        self._writes.carry_out(exchange, request)
        return answers.done(self.options)

    def _masked(self, text: str) -> str:
        """A text without hashes and password, enough left to tell two apart."""
        text = text.replace(self.options.password, "***")
        text = _DIGEST.sub(lambda found: masked(found[0]), text)
        return _SECRET.sub(lambda found: _once(found[0]), text)


def _once(text: str) -> str:
    """Masked, unless it is already."""
    return text if text.startswith("***") else masked(text)
