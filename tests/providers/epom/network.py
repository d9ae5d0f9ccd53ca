"""What the tests of the Epom adapter stand on: an account's adapter beside a scripted network, and
the pricing that its answers show, written down as data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from syncd.limiter import Limits
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, WriteCall, WriteItem
from syncd.model.listing import Page
from syncd.ports import Provider
from syncd.providers.epom import Epom
from syncd.providers.settings import Settings
from tests.providers.scripted import TIMEOUT, Arrival, Reply, Scripted, http

USERNAME = "anna+ads@example.org"
PASSWORD = "canary-pass/word+&"
DIGEST = hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest()

PRICING: dict[str, Any] = {
    "id": 501,
    "campaignId": 17,
    "paymentModel": "FIXED_PRICE",
    "pricingType": "CPM",
    "price": 1.25,
    "estimatedCtr": 0.01,
    "estimatedConversionRate": 0.0,
    "burnUpPeriod": 0,
    "startUpPeriod": 0,
    "minConversions": 0,
    "minClicks": 0,
    "countries": [{"country": "US", "price": 2.0}],
    "actions": [{"name": "install", "key": "ab12", "price": 1.5}],
}
SHOWN = {
    "price.amount": "1.25",
    "price.type": "CPM",
    "price.estimated_ctr": "0.01",
    "price.estimated_conversion_rate": "0",
    "price.burn_up_period": "0",
    "price.start_up_period": "0",
    "price.min_conversions": "0",
    "price.min_clicks": "0",
    "price.country": "US",
    "price.country.US": "2",
    "price.action.ab12": "1.5",
    "native.paymentModel": "FIXED_PRICE",
    "native.actions": '{"ab12": {"actionKey": "ab12", "actionName": "install"}}',
}
REMOTE = {
    "name": "Spring",
    "price.amount": "1.25",
    "price.type": "CPM",
    "price.country": "",
}

Answering = Callable[[Arrival], Reply]


def path_of(arrival: Arrival) -> str:
    """Method and path, without the query."""
    return f"{arrival.method} {arrival.path.partition('?')[0]}"


def query_of(arrival: Arrival) -> dict[str, str]:
    pairs = parse_qsl(arrival.path.partition("?")[2], strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def is_signed(arrival: Arrival) -> bool:
    """Whether the query proves who sends it, as the documents say."""
    given = query_of(arrival)
    both = (DIGEST + given["timestamp"]).encode()
    proof = hashlib.md5(both, usedforsecurity=False).hexdigest()
    return given == {"username": USERNAME, "timestamp": given["timestamp"], "hash": proof}


def routes(answers: Mapping[str, Reply]) -> Answering:
    """Answers by method and path; 404 for all else."""
    return lambda arrival: answers.get(path_of(arrival), http(404))


def always(reply: Reply) -> Answering:
    return lambda arrival: reply


def pricing_of(number: int, **changes: Any) -> Reply:
    return http(200, PRICING | {"campaignId": number} | changes)


def network(*numbers: int) -> dict[str, Reply]:
    """A network of these campaigns, each with a price, and their list."""
    names = [{"id": number, "name": f"Campaign {number}"} for number in numbers]
    pricings = {
        f"GET /rest-api/campaign/{number}/pricing.do": pricing_of(number) for number in numbers
    }
    return {"GET /rest-api/campaigns.do": http(200, names), **pricings}


@dataclass
class Account:
    """An adapter, the server that it talks to, and every event and intent of the two."""

    adapter: Provider
    server: Scripted
    limits: Limits
    events: list[dict[str, object]] = field(default_factory=list)
    intents: list[bytes] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [path_of(one) for one in self.server.arrivals]

    async def pages(self) -> list[Page]:
        return [page async for page in self.adapter.pages()]

    async def intend(self, outgoing: Outgoing) -> None:
        self.intents.append(outgoing.sha256)

    async def write(self, call: WriteCall) -> CallResult:
        return await self.adapter.write(call, self.intend)


def item(
    changes: Mapping[str, str | None], remote: Mapping[str, str | None] | None = None
) -> WriteItem:
    return WriteItem(external_id="17", changes=changes, remote=REMOTE if remote is None else remote)


def call_of(operation: str, changes: Mapping[str, str | None], **remote: str | None) -> WriteCall:
    given = REMOTE | {key.replace("__", "."): value for key, value in remote.items()}
    return WriteCall(operation=operation, items=(item(changes, given),))


@asynccontextmanager
async def account(
    script: Answering | Mapping[str, Reply], *, limits: Limits | None = None, **changes: Any
) -> AsyncIterator[Account]:
    """An open account; `changes` are fields of its settings."""
    limits = limits or Limits([], patience=5.0, on_freeze=None)
    events: list[dict[str, object]] = []

    def observe(event: str, /, **figures: object) -> None:
        events.append({"event": event, **figures})

    answering = script if callable(script) else routes(script)
    async with Scripted(answering) as server:
        settings: dict[str, Any] = {
            "provider": "epom",
            "base_url": server.url,
            "allow_loopback": True,
            "credentials": lambda: {"username": USERNAME, "password": PASSWORD},
            "limits": limits,
            "observe": observe,
            "request_timeout": TIMEOUT,
            "read_timeout": TIMEOUT,
        } | changes
        async with Epom(Settings(**settings)) as adapter:
            yield Account(adapter=adapter, server=server, limits=limits, events=events)


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()
