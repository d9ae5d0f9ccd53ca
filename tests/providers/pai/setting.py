"""What the tests of the PAI adapter stand on: an account beside a scripted PAI, answers as its
documents show them, and changes of every kind."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from syncd.limiter import Limits
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, WriteItem
from syncd.model.listing import Page
from syncd.model.update import Outcome
from syncd.providers.pai import Pai
from syncd.providers.settings import Settings
from tests.providers.scripted import TIMEOUT, Arrival, Reply, Scripted, http

ID = "0a54e195-03e2-40bd-869d-b71cb302783e"
TRACE = "f8651828-609d-4de8-ab49-ab781d7fd85a"
API_KEY = "canary-api-key/with+signs"
KEY_ID = "canary-key-id"
KEY_SECRET = "canary-key-secret"
CREDENTIALS = {
    "documented": {"api_key": API_KEY},
    "current": {"access_key_id": KEY_ID, "access_key_secret": KEY_SECRET},
}
DIALECTS = tuple(CREDENTIALS)
ROOTS = {"documented": "/2022-01-12/campaigns", "current": "/api/v2/campaigns"}
DELETES = {"documented": "/2022-01-12/DeleteCampaign", "current": "/api/v2/campaigns"}

Answering = Callable[[Arrival], Reply]


@dataclass
class Account:
    """An adapter, the server that it talks to, and every intent and freeze of the two."""

    adapter: Pai
    server: Scripted
    limits: Limits
    intents: list[bytes] = field(default_factory=list)
    events: list[dict[str, object]] = field(default_factory=list)

    @property
    def calls(self) -> list[Arrival]:
        return self.server.arrivals

    async def intend(self, outgoing: Outgoing) -> None:
        self.intents.append(outgoing.sha256)

    async def write(self, item: WriteItem) -> CallResult:
        """Plan one item and send its one call."""
        (call,) = self.adapter.plan([item]).calls
        return await self.adapter.write(call, self.intend)

    async def pages(self) -> list[Page]:
        return [page async for page in self.adapter.pages()]


@asynccontextmanager
async def account(script: Answering, **changes: Any) -> AsyncIterator[Account]:
    """An open account; `changes` are fields of its settings."""
    limits = Limits([], patience=5.0, on_freeze=None)
    dialect = changes.get("dialect", "documented")
    events: list[dict[str, object]] = []

    def observe(event: str, /, **figures: object) -> None:
        events.append({"event": event, **figures})

    async with Scripted(script) as server:
        settings: dict[str, Any] = {
            "provider": "pai",
            "base_url": server.url,
            "allow_loopback": True,
            "credentials": lambda: CREDENTIALS[dialect],
            "limits": limits,
            "observe": observe,
            "request_timeout": TIMEOUT,
            "read_timeout": TIMEOUT,
        } | changes
        async with Pai(Settings(**settings)) as adapter:
            yield Account(adapter=adapter, server=server, limits=limits, events=events)


def row(external_id: str = ID, name: str = "VIP客户", remark: str = "双十一活动") -> dict[str, Any]:
    return {
        "CreatedTime": "2020-01-01 12:00:00",
        "Id": external_id,
        "Name": name,
        "Remark": remark,
        "UpdatedTime": "2020-01-01 12:00:00",
    }


def envelope(data: Any = ..., code: Any = 0, message: str = "OK") -> dict[str, Any]:
    """The service's own form; without `data` it has none."""
    found = {"ErrorCode": code, "ErrorMessage": message, "RequestId": TRACE}
    return found if data is ... else {"Data": data, **found}


def refused(code: Any, message: str = "words") -> Reply:
    """An error inside HTTP 200."""
    return http(200, envelope(code=code, message=message))


def gateway(status: int, code: str, message: str = "words", **headers: str) -> Reply:
    """The gateway's form."""
    body = {"Code": code, "Message": message, "RequestId": TRACE, "HostId": "paiplugin"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return http(status, body, named)


def listed(rows: Iterable[Any], total: int, number: int = 1, size: int = 100) -> Reply:
    """One page."""
    data = {"Campaigns": list(rows), "PageNumber": number, "PageSize": size, "TotalCount": total}
    return http(200, envelope(data))


def query_of(arrival: Arrival) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(arrival.path).query).items()}


def serving(ids: Iterable[str], most: int = 100) -> Answering:
    """A PAI that has these campaigns and gives at most so many a page."""
    kept = list(ids)

    def script(arrival: Arrival) -> Reply:
        asked = query_of(arrival)
        if not asked:
            external_id = arrival.path.rpartition("/")[2]
            is_there = external_id in kept
            return http(200, envelope(row(external_id))) if is_there else refused(404)
        size = min(int(asked["PageSize"]), most)
        number = int(asked["PageNumber"])
        some = kept[(number - 1) * size : number * size]
        return listed(map(row, some), len(kept), number, size)

    return script


def update(
    changes: Mapping[str, str | None], external_id: str = ID, **remote: str | None
) -> WriteItem:
    """A change of a campaign that shows the documents' name and remark, unless told otherwise."""
    shown = {"name": "VIP客户", "note": "双十一活动"} | remote
    return WriteItem(external_id=external_id, changes=dict(changes), remote=shown)


def create(name: str = "VIP客户", note: str | None = "双十一活动") -> WriteItem:
    changes = {"name": name} if note is None else {"name": name, "note": note}
    return WriteItem(external_id="+7", changes=changes, remote={}, is_create=True)


def delete(external_id: str = ID) -> WriteItem:
    return update({"deleted": "true"}, external_id)


WRITES = {
    "create": create(),
    "update": update({"name": "VIP客户", "note": "双十一活动"}),
    "delete": delete(),
}


def outcome(result: CallResult) -> Outcome:
    (verdict,) = result.verdicts.values()
    return verdict.outcome


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
