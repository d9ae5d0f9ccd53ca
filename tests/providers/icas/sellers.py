"""What the ICAS tests stand on: a seller's adapter beside a scripted ICAS, a vault in memory, and
the documents' own examples, written down as data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from syncd.errors import DatabaseUnavailable
from syncd.limiter import Limits
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, WriteCall, WriteItem
from syncd.providers.icas import Icas
from syncd.providers.settings import Settings
from tests.providers.scripted import TIMEOUT, Arrival, Reply, Scripted, http

SECRET = "canary-client/with+signs"
REFRESH = "canary-refresh-0"
API = "/api/sellside"
TOKEN_PATH = "/accounts/oauth/token"

CAMPAIGN_TYPE = "application/sellside.campaign-v5+json"
LIST_TYPE = "application/sellside.campaign.list-v5+json"
BUDGETS_TYPE = "application/sellside.campaign.budgets-v5+json"

EXAMPLE = (
    b'{"id":123,"dateCreated":"2022-12-25T10:04:23Z","dateLastUpdated":"2022-12-28T22:40:15Z",'
    b'"status":"ACTIVE","vendorId":"123-abc-vjlkna-124","title":"christmas stuff",'
    b'"isDefault":true,"budgets":{"daily":{"limitMicros":"10000000","spentMicros":"9520000"},'
    b'"total":{"limitMicros":"UNLIMITED","spentMicros":"124520000"}}}'
)
REMOTE: Mapping[str, str | None] = {
    "name": "christmas stuff",
    "status": "active",
    "budget.daily": "10",
    "budget.lifetime": "unlimited",
    "native.vendorId": "123-abc-vjlkna-124",
}

Answering = Callable[[Arrival], Reply]


class Kept:
    """A vault in memory. `fails`: so many stores fail before one is good."""

    def __init__(self, held: str | None = REFRESH) -> None:
        self.held = held
        self.stored: list[str] = []
        self.fails = 0

    async def load(self) -> str | None:
        return self.held

    async def store(self, secret: str) -> None:
        if self.fails:
            self.fails -= 1
            raise DatabaseUnavailable("Postgres went away", remedy="look at Postgres")
        self.held = secret
        self.stored.append(secret)


@dataclass
class Seller:
    """An adapter, the server that it talks to, and every event and intent of the two."""

    adapter: Icas
    server: Scripted
    limits: Limits
    vault: Kept
    settings: Settings
    events: list[dict[str, object]] = field(default_factory=list)
    intents: list[bytes] = field(default_factory=list)

    @property
    def calls(self) -> list[Arrival]:
        """What arrived, token calls left out."""
        return [one for one in self.server.arrivals if one.path != TOKEN_PATH]

    @property
    def token_calls(self) -> list[Arrival]:
        return [one for one in self.server.arrivals if one.path == TOKEN_PATH]

    async def intend(self, outgoing: Outgoing) -> None:
        self.intents.append(outgoing.sha256)

    async def write(self, call: WriteCall) -> CallResult:
        return await self.adapter.write(call, self.intend)

    async def send(self, item: WriteItem) -> CallResult:
        """Plan this one change and send its first step."""
        (call,) = self.adapter.plan([item]).calls
        return await self.write(call)


def tokens(expires_in: object = 300) -> Answering:
    """Access tokens `canary-access-1` and so on, each with another refresh token."""
    count = 0

    def script(arrival: Arrival) -> Reply:
        nonlocal count
        count += 1
        return http(
            200,
            {
                "access_token": f"canary-access-{count}",
                "token_type": "bearer",
                "expires_in": expires_in,
                "refresh_token": f"canary-refresh-{count}",
                "scope": "api_ro api_rw",
            },
        )

    return script


def with_tokens(answering: Answering, token: Answering | None = None) -> Answering:
    """A script that hands out tokens and leaves the rest to `answering`."""
    handing = token or tokens()
    return lambda one: handing(one) if one.path == TOKEN_PATH else answering(one)


def problem(code: object, text: str = "text", **more: object) -> dict[str, object]:
    return {"code": code, "text": text, "msg": f"The words of {code}.", **more}


def row(external_id: int, **changes: Any) -> dict[str, Any]:
    """A campaign as ICAS shows it."""
    return {
        "id": external_id,
        "status": "ACTIVE",
        "title": f"campaign {external_id}",
        "isDefault": False,
        "budgets": {
            "daily": {"limitMicros": "10000000", "spentMicros": "1"},
            "total": {"limitMicros": "UNLIMITED", "spentMicros": "1"},
        },
    } | changes


def item(remote: Mapping[str, str | None] = REMOTE, /, **changes: str | None) -> WriteItem:
    """A change of campaign 123; keyword `budget_daily` is the path budget.daily."""
    wanted = {path.replace("_", ".", "." not in path): value for path, value in changes.items()}
    return WriteItem(external_id="123", changes=wanted, remote=remote)


def create(**changes: str | None) -> WriteItem:
    wanted = {path.replace("_", ".", "." not in path): value for path, value in changes.items()}
    return WriteItem(external_id="+7", changes=wanted, remote={}, is_create=True)


@asynccontextmanager
async def seller(
    script: Answering, *, limits: Limits | None = None, vault: Kept | None = None, **changes: Any
) -> AsyncIterator[Seller]:
    """An open account; `changes` are fields of its settings."""
    limits = limits or Limits([], patience=5.0, on_freeze=None)
    vault = vault or Kept()
    events: list[dict[str, object]] = []

    def observe(event: str, /, **figures: object) -> None:
        events.append({"event": event, **figures})

    async with Scripted(script) as server:
        given: dict[str, Any] = {
            "provider": "icas",
            "base_url": server.url + API,
            "allow_loopback": True,
            "credentials": lambda: {"client_id": "client", "client_secret": SECRET},
            "limits": limits,
            "observe": observe,
            "vault": vault,
            "scope": {"tenant": ("kleinanzeigen",)},
            "request_timeout": TIMEOUT,
            "read_timeout": TIMEOUT,
        } | changes
        settings = Settings(**given)
        async with Icas(settings) as adapter:
            yield Seller(adapter, server, limits, vault, settings, events)
