"""The simulated ICAS: one application's view of one seller at one tenant. It asks who calls and
with which media types, hands the call on, and writes refusals; it opens no sockets."""

from collections.abc import Mapping
from random import Random
from typing import Any
from urllib.parse import parse_qsl

from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.faults import Kind
from syncd.simulator.icas import media, population
from syncd.simulator.icas.acts import Acts
from syncd.simulator.icas.answers import Answers, scope_headers
from syncd.simulator.icas.codes import NotAcceptable, Refusal, refused
from syncd.simulator.icas.faults import WriteFaults
from syncd.simulator.icas.oauth import OAuth
from syncd.simulator.icas.page_faults import PageFaults
from syncd.simulator.icas.paging import PageTokens
from syncd.simulator.icas.reads import Reads
from syncd.simulator.icas.routes import (
    BASE_PATH,
    OAUTH,
    OAUTH_PATH,
    WRITES,
    is_known,
    named_in,
    operation_of,
)
from syncd.simulator.icas.row_faults import ROW_KINDS
from syncd.simulator.icas.rules import rules_of
from syncd.simulator.icas.tokens import Access, Tokens
from syncd.simulator.icas.world import Seller, World
from syncd.simulator.icas.writes import Writes
from syncd.simulator.journal import Item
from syncd.simulator.rate import SECOND_NS, Rate, Verdict, parse_rate
from syncd.simulator.sending import masked
from syncd.simulator.service import Act
from syncd.simulator.settings import Settings

CURRENCIES = {
    "kleinanzeigen": "EUR",
    "marktplaats": "EUR",
    "2dehands": "EUR",
    "2ememain": "EUR",
    "kijiji": "CAD",
}
"""The tenants; only the first lets a seller have several campaigns."""
_TOKEN_TTL = 300
_NO_SECRETS = {"grant_type", "client_id", "redirect_uri"}
_NAMES = {"list": "get_campaign", "get": "get_campaign", "get_by_vendor": "get_campaign"}
_NAMES |= {"create": "post_campaign", "user": "get_user"}


class Icas:
    """One application, one seller, one tenant."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tenant = settings.option("tenant", "kleinanzeigen")
        if self.tenant not in CURRENCIES:
            raise ValueError(f"tenant is one of {', '.join(CURRENCIES)}")
        has_many = self.tenant == "kleinanzeigen"
        scope = frozenset(settings.option("scope", "api_ro api_rw").split())
        self._random = Random(settings.seed)
        self.world = World(seller=Seller(scopes=scope))
        self.add_campaigns(settings.campaigns if has_many else min(settings.campaigns, 1))
        self.tokens = _tokens(settings, self.world)
        self._oauth = OAuth(settings, self.world, self.tokens)
        self._pages = PageTokens(self.world.clock)
        self._answers = Answers(settings.dialect)
        reads = Reads(self.world, self._pages, self._answers)
        rules = rules_of(settings)
        writes = Writes(self.world, rules, reads, self._answers, has_many=has_many)
        self._calls = {**reads.by_operation(), **writes.by_operation()}

    @property
    def writes(self) -> frozenset[str]:
        return WRITES

    @property
    def rates(self) -> Mapping[str, Rate | None]:
        """No limit is documented; this one is assumed."""
        return {"default": parse_rate("5/1s")}

    def limit_group(self, operation: str) -> str | None:
        """The two OAuth pages are not limited."""
        return None if operation in OAUTH else "default"

    @property
    def acts(self) -> Mapping[str, Act]:
        acts = Acts(self.world, self._oauth, self.tokens, self._pages, self.add_campaigns)
        return acts.by_name()

    @property
    def kinds(self) -> Mapping[str, Kind]:
        written = WriteFaults(self.world, self.tokens).by_name()
        return {**ROW_KINDS, **PageFaults(self.world).by_name(), **written}

    def operation(self, method: str, path: str) -> str:
        return operation_of(method, path)

    def inspect(self, exchange: Exchange) -> None:
        arrival = exchange.arrival
        text = exchange.body.decode("utf-8", "replace")
        if arrival.operation == "token":
            arrival.take_body(exchange.body, _masked_form(text))
            arrival.credential = dict(parse_qsl(text)).get("client_id")
            return
        arrival.take_body(exchange.body, text)
        access = self._access(exchange)
        arrival.credential = None if access is None else self.settings.client_id
        if arrival.operation in WRITES:
            campaign_id = named_in(exchange.target, arrival.operation).get("id", "")
            kind = "create" if arrival.operation == "create" else "update"
            arrival.items = [Item(index=0, id=campaign_id, kind=kind)]

    def answer(self, exchange: Exchange) -> Reply:
        match exchange.arrival.operation:
            case "authorize":
                return self._oauth.authorize(exchange)
            case "token":
                return self._oauth.token(exchange)
            case "other":
                return Reply(
                    status=405 if is_known(exchange.target) else 404, raw=b"", readable=True
                )
            case _:
                return self._judged(exchange)

    def throttled(self, verdict: Verdict, wall_ns: int) -> Reply:  # noqa: ARG002  (none is told)
        """429 with the seconds to wait; the documents have no answer for it."""
        wait = {"Retry-After": str(-(-verdict.wait_ns // SECOND_NS))}
        return Reply(status=429, raw=b"", readable=True, headers=wait)

    def describe(self) -> dict[str, Any]:
        return {
            "base_path": BASE_PATH,
            "oauth_path": OAUTH_PATH,
            "credentials": {
                "client_id": self.settings.client_id,
                "client_secret": self.settings.client_secret,
                "refresh_token": self.tokens.newest,
            },
            "scope": {"tenant": self.tenant},
            "currency": CURRENCIES[self.tenant],
        }

    def state(self) -> dict[str, Any]:
        seller = self.world.seller
        return {
            "seller": vars(seller) | {"scopes": sorted(seller.scopes)},
            "tokens": self.tokens.alive(),
            "consent": self._oauth.consent,
            "waiting": len(self.world.waiting),
            "ahead_seconds": int(self.world.clock.ahead.total_seconds()),
        }

    def picks(self) -> dict[str, Any]:
        return population.picks(self.world)

    def expire_tokens(self) -> int:
        return self.tokens.expire()

    def add_campaigns(self, count: int) -> list[str]:
        return [population.add_campaign(self.world, self._random).id for _ in range(count)]

    def _judged(self, exchange: Exchange) -> Reply:
        """A call of the API proper: who calls, with which types, then the call itself."""
        operation = exchange.arrival.operation
        headers: Mapping[str, str] = {}
        try:
            scope = self._caller(exchange)
            headers = scope_headers(scope, _NAMES.get(operation, "put_campaign"))
            needed = {"api_rw", "console_rw"} if operation in WRITES else {"api_ro", "console_ro"}
            if not scope & needed:
                raise refused(1003)
            media.check(operation, exchange.headers)
            reply = self._calls[operation](exchange)
        except NotAcceptable as problem:
            return self._answers.not_acceptable(str(problem))
        except Refusal as refusal:
            takes_errors = media.takes_errors(exchange.headers)
            reply = self._answers.refusal(refusal, takes_errors=takes_errors)
            _note_refusal(exchange, refusal)
        reply.headers |= headers
        return reply

    def _caller(self, exchange: Exchange) -> frozenset[str]:
        """The scope that the caller really has; raises a refusal with 401."""
        scheme, _, text = exchange.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise refused(1009)
        access = self._access(exchange)
        if access is None or not self.tokens.use(access):
            raise refused(1007)
        if not self.world.seller.is_valid:
            raise refused(1008)
        return access.scope & self.world.seller.scopes

    def _access(self, exchange: Exchange) -> Access | None:
        """The token of the call, dead or alive; None for one never handed out."""
        text = exchange.headers.get("Authorization", "").partition(" ")[2]
        return self.tokens.known(text)


def _tokens(settings: Settings, world: World) -> Tokens:
    """With one refresh token from the start, as if somebody had consented before."""
    random = Random(settings.seed + 1)
    rotation = settings.option("rotation", "at_once")
    ttl = _TOKEN_TTL if settings.token_ttl is None else settings.token_ttl
    tokens = Tokens(world.clock, random, ttl, rotation)
    text = settings.option("refresh_token", f"sim-{random.getrandbits(128):032x}")
    tokens.make_refresh(world.seller.scopes, text=text)
    return tokens


def _masked_form(text: str) -> str:
    """The fields of a token call, the values masked of all that may be secret."""
    shown = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        shown.append(
            part if name in _NO_SECRETS else f"{name if equals else ''}={masked(value or name)}"
        )
    return "&".join(shown)


def _note_refusal(exchange: Exchange, refusal: Refusal) -> None:
    """A refusal for what is asked, not for who asks, is the item's own."""
    for item in exchange.arrival.items:
        item.codes = [str(problem.code) for problem in refusal.problems]
        if refusal.status in {400, 404}:
            item.truth = "refused"
