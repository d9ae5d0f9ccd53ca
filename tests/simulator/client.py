"""A bare caller of the simulated Criteo for these tests: exact numbers both ways, no redirects, no
retries, nothing of the product."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp

from syncd.simulator import Simulator
from syncd.simulator.wire import emit

CAMPAIGNS = "/marketing-solutions/campaigns"
CHECK = "campaign--campaign-update-check--"


@dataclass(frozen=True)
class Answer:
    """A whole answer; `value` is its JSON with exact numbers, None where there is none."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def value(self) -> Any:
        return json.loads(self.text, parse_float=Decimal) if self.text else None

    @property
    def codes(self) -> list[tuple[str, str]]:
        """(instance, code without its prefix) of every error."""
        return [(one["instance"], one["code"].removeprefix(CHECK)) for one in self.value["errors"]]

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in self.value["data"]]


class Client:
    """Calls one simulator; fetches a token when it first needs one."""

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.token: str | None = None
        self._session = session

    async def call(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> Answer:
        """One call with a token; `raw` replaces the JSON of `body`, headers replace the usual."""
        if self.token is None:
            self.token = (await self.authenticate()).value["access_token"]
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        data = raw if raw is not None else None if body is None else emit(body)
        return await self.send(method, path, data, {key: one for key, one in sent.items() if one})

    async def send(
        self, method: str, path: str, data: bytes | None, headers: dict[str, str]
    ) -> Answer:
        """One call exactly as given."""
        url = self.simulator.address + path
        async with self._session.request(
            method, url, data=data, headers=headers, allow_redirects=False
        ) as answer:
            text = (await answer.read()).decode()
            return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, text)

    async def authenticate(self, **changed: str) -> Answer:
        """One token call with the right credentials, or with some form fields changed."""
        settings = self.simulator.settings
        form = {"grant_type": "client_credentials", "client_id": settings.client_id}
        form |= {"client_secret": settings.client_secret} | changed
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.send("POST", "/oauth2/token", urlencode(form).encode(), headers)

    async def search(self, **filters: list[str]) -> Answer:
        return await self.call("POST", f"{CAMPAIGNS}/search", {"filters": filters})

    async def get(self, campaign_id: str) -> Answer:
        return await self.call("GET", f"{CAMPAIGNS}/{campaign_id}", Content_Type="")

    async def update(self, *entries: tuple[str, dict[str, Any]]) -> Answer:
        """One PATCH; an entry is a campaign's id and its spendLimit."""
        data = [
            {"type": "Campaign", "id": one, "attributes": {"spendLimit": limit}}
            for one, limit in entries
        ]
        return await self.call("PATCH", CAMPAIGNS, {"data": data})

    async def admin(self, path: str, **asked: Any) -> Any:
        """POST to the admin interface; GET where nothing is asked for."""
        method = "POST" if asked else "GET"
        answer = await self.send(method, f"/_sim/{path}", emit(asked) if asked else None, {})
        return answer.value


def limit(renewal: str, amount: str | int) -> dict[str, Any]:
    """A whole capped spendLimit."""
    return {
        "spendLimitRenewal": renewal,
        "spendLimitType": "capped",
        "spendLimitAmount": Decimal(amount),
    }
