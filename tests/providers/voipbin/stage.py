"""What the VoIPBIN tests stand on: an account's adapter beside a scripted server that answers
logins, and campaigns in both dialects."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from syncd.limiter import Limits
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, WriteCall, WriteItem
from syncd.model.listing import Page
from syncd.model.update import Verdict
from syncd.ports import Provider
from syncd.providers.settings import Settings
from syncd.providers.voipbin import Voipbin, rows, writes
from tests.providers.accounts import Answering
from tests.providers.scripted import TIMEOUT, Arrival, Reply, Scripted, http
from tests.providers.voipbin.documents import CURRENT, GET_ANSWER

ID = "183c0d5c-691e-42f3-af2b-9bffc2740f83"
OTHER = "c1d2e3f4-a5b6-7890-cdef-123456789012"
NIL = "00000000-0000-0000-0000-000000000000"
TOKEN = "canary-token.e30.x_y-z"
PASSWORD = 'canary-pass word/+&"ü'
KEY = "canary-key/+&=1"
LOGIN = {"username": "someone@example.com", "password": PASSWORD}
DIALECTS = ("documented", "current")
VALUES = rows.campaign(GET_ANSWER).values
"""What the documented campaign shows, by path."""


@dataclass
class Account:
    """An adapter, the server that it talks to, and every event and intent of the two."""

    adapter: Provider
    server: Scripted
    limits: Limits
    dialect: str
    events: list[dict[str, object]] = field(default_factory=list)
    intents: list[bytes] = field(default_factory=list)

    @property
    def calls(self) -> list[Arrival]:
        """What arrived, logins left out."""
        return [one for one in self.server.arrivals if one.path != "/auth/login"]

    @property
    def logins(self) -> list[Arrival]:
        return [one for one in self.server.arrivals if one.path == "/auth/login"]

    @property
    def paths(self) -> list[str]:
        """Where the calls went, without their proof."""
        return [without_proof(one.path) for one in self.calls]

    async def pages(self) -> list[Page]:
        """All pages; no test has as many as would end this."""
        found: list[Page] = []
        async for page in self.adapter.pages():
            found.append(page)
            assert len(found) < 50, "the listing does not end"
        return found

    async def intend(self, outgoing: Outgoing) -> None:
        self.intents.append(outgoing.sha256)

    async def write(self, item: WriteItem) -> CallResult:
        """Send the one call that the plan makes of an item."""
        plan = self.adapter.plan([item])
        (call,) = plan.calls
        return await self.send(call)

    async def send(self, call: WriteCall) -> CallResult:
        return await self.adapter.write(call, self.intend)


def without_proof(path: str) -> str:
    """The path without token or key."""
    start, _, query = path.partition("?")
    rest = [one for one in query.split("&") if not one.startswith(("token=", "accesskey="))]
    return f"{start}?{'&'.join(rest)}" if any(rest) else start


def with_login(answering: Answering, login: Answering | None = None) -> Answering:
    """A script that hands out a token and leaves the rest to `answering`."""

    def script(arrival: Arrival) -> Reply:
        if arrival.path == "/auth/login":
            granted = {"username": LOGIN["username"], "token": TOKEN}
            return login(arrival) if login else http(200, granted)
        return answering(arrival)

    return script


@asynccontextmanager
async def account(
    script: Answering,
    *,
    dialect: str = "documented",
    credentials: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    chance: float = 0.5,
    **changes: Any,
) -> AsyncIterator[Account]:
    """An open account; `changes` are fields of its settings, `chance` what it draws."""
    limits = limits or Limits([], patience=5.0, on_freeze=None)
    events: list[dict[str, object]] = []

    def observe(event: str, /, **figures: object) -> None:
        events.append({"event": event, **figures})

    async with Scripted(script) as server:
        settings: dict[str, Any] = {
            "provider": "voipbin",
            "base_url": f"{server.url}/v1.0",
            "allow_loopback": True,
            "credentials": lambda: LOGIN if credentials is None else credentials,
            "limits": limits,
            "observe": observe,
            "dialect": dialect,
            "request_timeout": TIMEOUT,
            "read_timeout": TIMEOUT,
        } | changes
        async with Voipbin(Settings(**settings), chance=lambda: chance) as adapter:
            yield Account(adapter, server, limits, dialect, events)


def row(dialect: str = "documented", **changes: Any) -> dict[str, Any]:
    """The campaign of the examples; `...` leaves a field out."""
    found = json.loads(GET_ANSWER if dialect == "documented" else CURRENT) | changes
    return {key: value for key, value in found.items() if value is not ...}


def numbered(number: int, **changes: Any) -> dict[str, Any]:
    """One of many campaigns, each a second older than the one before it."""
    id_ = f"{number:08x}-691e-42f3-af2b-9bffc2740f83"
    at = f"2022-04-28 02:{59 - number // 60:02}:{59 - number % 60:02}.712142"
    return row(id=id_, name=f"campaign {number}", tm_create=at, **changes)


def encoded(given: Any) -> bytes:
    return json.dumps(given).encode()


def listing(*found: Any, token: Any = "") -> Reply:
    return http(200, {"result": list(found), "next_page_token": token})


def error(status: int, reason: str, words: str = "some words", **more: Any) -> Reply:
    """A refusal in VoIPBIN's envelope."""
    told = {"status": "X", "reason": reason, "message": words, "request_id": "req_1", **more}
    return http(status, {"error": told})


def item(changes: Mapping[str, str | None], **remote: str | None) -> WriteItem:
    """A change of the documented campaign; `remote` is what it shows otherwise (`_` for dots)."""
    shown = {**VALUES, **{key.replace("__", "."): value for key, value in remote.items()}}
    return WriteItem(external_id=ID, changes=changes, remote=shown)


def new(**changes: str | None) -> WriteItem:
    """A create with all that it needs."""
    wanted: dict[str, str | None] = {
        "name": "test campaign",
        "native.type": "call",
        "native.service_level": "100",
        "native.end_handle": "stop",
    }
    wanted |= {key.replace("__", "."): value for key, value in changes.items()}
    return WriteItem(external_id="+1", changes=wanted, remote={}, is_create=True)


def planned(one: WriteItem, dialect: str) -> WriteCall:
    """The one call that a plan makes of an item."""
    plan = writes.plan([one], dialect)
    assert not plan.refused
    (call,) = plan.calls
    return call


def refused(one: WriteItem, dialect: str) -> Verdict:
    """Why an item is refused."""
    plan = writes.plan([one], dialect)
    assert plan.calls == ()
    return plan.refused[one.external_id]
