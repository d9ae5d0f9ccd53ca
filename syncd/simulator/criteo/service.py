"""The simulated Criteo: token, search, get one, create and update, in either dialect. It judges
requests against a world and writes answers; it opens no sockets."""

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from syncd.simulator.criteo import population
from syncd.simulator.criteo.acts import Acts
from syncd.simulator.criteo.altering import altering_kinds
from syncd.simulator.criteo.answers import Answers
from syncd.simulator.criteo.calls import Calls, check_media_type, form_of
from syncd.simulator.criteo.creation import Creation
from syncd.simulator.criteo.dialect import dialect_of
from syncd.simulator.criteo.faults import KINDS
from syncd.simulator.criteo.refusals import Refusal, forbidden
from syncd.simulator.criteo.tokens import TOKEN_TTL, Tokens
from syncd.simulator.criteo.update import Update
from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.faults import Kind
from syncd.simulator.rate import SECOND_NS, Rate, Verdict, parse_rate
from syncd.simulator.service import Act
from syncd.simulator.settings import Settings

_SECRET = re.compile(r"(?<=client_secret=)[^&]*")


class Criteo:
    """One application's view of Criteo over one world."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.world = population.populate(settings.seed, settings.campaigns, settings.advertisers)
        self._random = Random(settings.seed + 1)
        ttl = TOKEN_TTL if settings.token_ttl is None else settings.token_ttl
        self.tokens = Tokens(self._random, ttl)
        self.dialect = dialect_of(settings)
        self.world.spells_goals_low = self.dialect.reads_current
        self._answers = Answers(self._random, self.dialect, settings.advertiser_id_as)
        self._calls = Calls(settings, self.dialect, self.world, self.tokens, self._answers)

    @property
    def writes(self) -> frozenset[str]:
        return frozenset({"create", "update"})

    @property
    def rates(self) -> Mapping[str, Rate | None]:
        """One limit for all calls of an application; the token call is counted too."""
        return {"default": parse_rate("250/60s")}

    def limit_group(self, operation: str) -> str | None:  # noqa: ARG002  (one limit for all)
        return "default"

    @property
    def acts(self) -> Mapping[str, Act]:
        return Acts(self.world, self.add_campaigns).by_name()

    @property
    def kinds(self) -> Mapping[str, Kind]:
        return {**KINDS, **altering_kinds(self.world)}

    def operation(self, method: str, path: str) -> str:
        return self._calls.operation(method, path)

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
            arrival.items = Update.items(exchange.body, self.dialect, self.world)
        elif arrival.operation == "create":
            arrival.items = Creation.items()

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
            "base_path": "",
            "credentials": {
                "client_id": self.settings.client_id,
                "client_secret": self.settings.client_secret,
            },
            "scope": {"advertisers": list(self.world.advertisers)},
        }

    def state(self) -> dict[str, Any]:
        return {
            "advertisers": [vars(advertiser) for advertiser in self.world.advertisers.values()],
            "has_consent": self.world.has_consent,
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
