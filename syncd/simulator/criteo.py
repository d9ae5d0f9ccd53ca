"""The simulated Criteo, dialect `documented`: token, search, get one, create and update as the
contract shows them. It judges requests against a world and writes answers; it opens no sockets."""

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from syncd.simulator import population
from syncd.simulator.criteo_answers import Answers, Refusal
from syncd.simulator.criteo_calls import Calls, check_media_type, forbidden, form_of, operation_of
from syncd.simulator.criteo_faults import KINDS
from syncd.simulator.criteo_tokens import Tokens
from syncd.simulator.criteo_update import Update
from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.faults import Kind
from syncd.simulator.rate import SECOND_NS, Verdict
from syncd.simulator.settings import Settings

_SECRET = re.compile(r"(?<=client_secret=)[^&]*")


class Criteo:
    """One application's view of Criteo over one world."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.world = population.populate(settings.seed, settings.campaigns, settings.advertisers)
        self._random = Random(settings.seed + 1)
        self.tokens = Tokens(self._random, settings.token_ttl)
        self._answers = Answers(self._random, settings.advertiser_id_as)
        self._calls = Calls(settings, self.world, self.tokens, self._answers)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        return KINDS

    def operation(self, method: str, path: str) -> str:
        return operation_of(method, path)

    def inspect(self, exchange: Exchange) -> None:
        arrival = exchange.arrival
        text = exchange.body.decode("utf-8", "replace")
        if arrival.operation == "token":
            arrival.take_body(exchange.body, _SECRET.sub("***", text))
            arrival.credential = form_of(exchange.body).get("client_id")
            return
        arrival.take_body(exchange.body, text)
        token = self.tokens.known(exchange.headers.get("Authorization"))
        arrival.credential = None if token is None else token.client_id
        if arrival.operation == "update":
            arrival.items = Update.items(exchange.body)

    def answer(self, exchange: Exchange) -> Reply:
        try:
            if exchange.arrival.operation != "token":
                self._check_caller(exchange)
            check_media_type(exchange)
            return self._calls.judge(exchange)
        except Refusal as refusal:
            return self._answers.refusal(refusal)

    def throttled(self, verdict: Verdict, wall_ns: int) -> Reply:
        """429 with the documented headers; at the reset, a full second, a call is let in."""
        reply = self._answers.refusal(
            Refusal(429, "quota", "too-many-requests", "The application has called too often.")
        )
        reply.headers |= {
            "x-ratelimit-limit": str(verdict.n),
            "x-ratelimit-remaining": str(verdict.remaining),
            "x-ratelimit-reset": str(-(-(wall_ns + verdict.wait_ns) // SECOND_NS)),
        }
        return reply

    def describe(self) -> dict[str, Any]:
        return {
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret,
            "advertisers": list(self.world.advertisers),
        }

    def picks(self) -> dict[str, Any]:
        return population.picks(self.world)

    def expire_tokens(self) -> int:
        return self.tokens.expire()

    def add_campaigns(self, count: int) -> list[str]:
        return [population.add_campaign(self.world, self._random).id for _ in range(count)]

    def _check_caller(self, exchange: Exchange) -> None:
        """401 without a living token, 403 without consent."""
        token = self.tokens.known(exchange.headers.get("Authorization"))
        if token is None:
            missing = "Authorization" not in exchange.headers
            code = f"authorization-token-{'missing' if missing else 'invalid'}"
            raise Refusal(401, "authorization", code, "The call needs a valid access token.")
        if not token.is_alive:
            raise Refusal(
                401, "authorization", "authorization-token-expired", "The access token has expired."
            )
        if not self.world.has_consent:
            raise forbidden("The advertisers have withdrawn their consent.")
