"""A bare caller of the simulated VoIPBIN for these tests: its own login, exact answers, no
redirects, no retries, nothing of the product."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from syncd.simulator import Simulator
from syncd.simulator.faults import Fault
from syncd.simulator.journal import Arrival, Item
from syncd.simulator.wire import emit

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """A whole answer; `value` is its JSON, None where there is none."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def value(self) -> Any:
        return json.loads(self.text) if self.text else None

    @property
    def reason(self) -> str:
        """Of a refusal."""
        return str(self.value["error"]["reason"])

    @property
    def ids(self) -> list[str]:
        """The campaigns of a list."""
        return [one["id"] for one in self.value["result"]]


class Client:
    """Calls one simulator with a token in a bearer header; logs in when it first needs to."""

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.token = ""
        self._session = session

    async def send(
        self, method: str, path: str, data: bytes | None = None, **headers: str
    ) -> Answer:
        """One call exactly as given; the path is the server's."""
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        async with self._session.request(
            method, self.simulator.address + path, data=data, headers=sent, allow_redirects=False
        ) as answer:
            text = (await answer.read()).decode()
            return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, text)

    async def log_in(self, **changed: Any) -> Answer:
        """One login with the right credentials, or with some of it changed."""
        known = self.simulator.describe()["credentials"]
        body = {"username": known["username"], "password": known["password"]} | changed
        return await self.send("POST", "/auth/login", emit(body), Content_Type="application/json")

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One call with a token; the path follows /v1.0."""
        if not self.token:
            self.token = (await self.log_in()).value["token"]
        sent = {"Authorization": f"Bearer {self.token}"} | headers
        if body is not None:
            sent = {"Content_Type": "application/json"} | sent
        data = body if isinstance(body, bytes) else None if body is None else emit(body)
        return await self.send(method, f"/v1.0{path}", data, **sent)

    async def list(self, **query: Any) -> Answer:
        return await self.call("GET", f"/campaigns?{urlencode(query)}")

    async def get(self, campaign_id: str) -> Answer:
        return await self.call("GET", f"/campaigns/{campaign_id}")

    async def put(self, campaign_id: str, body: Any, part: str = "") -> Answer:
        """An update of a whole campaign, or of a part of it."""
        return await self.call("PUT", f"/campaigns/{campaign_id}{part and f'/{part}'}", body)

    async def delete(self, campaign_id: str) -> Answer:
        return await self.call("DELETE", f"/campaigns/{campaign_id}")

    async def act(self, name: str, **asked: Any) -> Any:
        """An act of the admin interface, or what it tells where nothing is asked for."""
        method = "POST" if asked else "GET"
        return (await self.send(method, f"/_sim/{name}", emit(asked) if asked else None)).value

    def pick(self, case: str) -> str:
        """The id of the campaign that shows a behaviour; of `ordinary` the first."""
        found = self.simulator.service.picks()[case]
        return str(found[0]["id"] if isinstance(found, list) else found["id"])

    def truth(self, campaign_id: str) -> dict[str, Any]:
        """What the world really has."""
        for one in self.simulator.world.truth():
            if one["id"] == campaign_id:
                return dict(one)
        raise KeyError(campaign_id)

    def values(self, campaign_id: str) -> dict[str, str | None]:
        return dict(self.truth(campaign_id)["values"])

    def last(self, operation: str) -> Arrival:
        """The last arrival of an operation."""
        return self.simulator.journal.of(operation)[-1]

    def item(self, operation: str) -> Item:
        """The entry of the last write."""
        return self.last(operation).items[0]

    def arm(self, kind: str, operation: str, /, **options: Any) -> Fault:
        return self.simulator.faults.arm(kind, operation, **options)


def whole(shown: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The body of a whole update: everything that was read and can be written, with changes."""
    left_out = {"id", "customer_id", "status", "tm_create", "tm_update", "tm_delete"}
    return {name: value for name, value in shown.items() if name not in left_out} | changed
