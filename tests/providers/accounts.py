"""What the adapter tests stand on: an account's adapter beside a scripted Criteo, and the requests
and answers that its public documentation shows, written down as data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from syncd.limiter import Limits
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, WriteCall, WriteItem
from syncd.ports import Provider
from syncd.providers.registry import Settings, opened
from tests.providers.scripted import TIMEOUT, Arrival, Reply, Scripted, http

TOKEN = {"access_token": "token-1", "token_type": "Bearer", "expires_in": 900}
SECRET = "canary-secret/with+signs"
PATCH = "PATCH campaigns"

CAMPAIGN: dict[str, Any] = {
    "type": "Campaign",
    "id": "99999",
    "attributes": {
        "name": "My Campaign",
        "advertiserId": 12345,
        "goal": "Retention",
        "spendLimit": {
            "spendLimitRenewal": "daily",
            "spendLimitType": "capped",
            "spendLimitAmount": 123.45,
        },
    },
}


@dataclass
class Account:
    """An adapter, the server that it talks to, and every event and intent of the two."""

    adapter: Provider
    server: Scripted
    limits: Limits
    events: list[dict[str, object]] = field(default_factory=list)
    intents: list[bytes] = field(default_factory=list)

    @property
    def calls(self) -> list[Arrival]:
        """What arrived, token calls left out."""
        return [one for one in self.server.arrivals if one.path != "/oauth2/token"]

    @property
    def token_calls(self) -> list[Arrival]:
        return [one for one in self.server.arrivals if one.path == "/oauth2/token"]

    async def intend(self, outgoing: Outgoing) -> None:
        self.intents.append(outgoing.sha256)

    async def write(self, *items: WriteItem) -> CallResult:
        call = WriteCall(operation=PATCH, items=items)
        return await self.adapter.write(call, self.intend)


Answering = Callable[[Arrival], Reply]


def with_token(answering: Answering, token: Answering | None = None) -> Answering:
    """A script that hands out a token and leaves the rest to `answering`."""

    def script(arrival: Arrival) -> Reply:
        if arrival.path == "/oauth2/token":
            return token(arrival) if token else http(200, TOKEN)
        return answering(arrival)

    return script


def always(reply: Reply) -> Answering:
    return lambda arrival: reply


def in_turn(*replies: Reply) -> Answering:
    """One after the other; the last one for ever."""
    waiting = list(replies)
    return lambda arrival: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def item(external_id: str, value: str = "100", period: str = "daily") -> WriteItem:
    remote: Mapping[str, str | None] = {
        f"budget.{one}": "50" if one == period else "unlimited"
        for one in ("daily", "monthly", "lifetime")
    }
    return WriteItem(external_id=external_id, changes={f"budget.{period}": value}, remote=remote)


@asynccontextmanager
async def account(
    script: Answering, *, limits: Limits | None = None, **changes: Any
) -> AsyncIterator[Account]:
    """An open account; `changes` are fields of its settings."""
    limits = limits or Limits([], patience=5.0, on_freeze=None)
    events: list[dict[str, object]] = []

    def observe(event: str, /, **figures: object) -> None:
        events.append({"event": event, **figures})

    async with Scripted(script) as server:
        settings: dict[str, Any] = {
            "provider": "criteo",
            "base_url": server.url,
            "allow_loopback": True,
            "credentials": lambda: {"client_id": "client", "client_secret": SECRET},
            "limits": limits,
            "observe": observe,
            "request_timeout": TIMEOUT,
            "read_timeout": TIMEOUT,
        } | changes
        async with opened(Settings(**settings)) as adapter:
            yield Account(adapter=adapter, server=server, limits=limits, events=events)
