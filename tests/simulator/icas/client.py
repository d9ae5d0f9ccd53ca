"""A bare caller of the simulated ICAS for these tests: the documented media types unless told
otherwise, no redirects, no retries, nothing of the product."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from yarl import URL

from syncd.simulator import Simulator
from syncd.simulator.wire import emit

CAMPAIGN = "application/sellside.campaign-v5+json"
LIST = "application/sellside.campaign.list-v5+json"
BUDGETS = "application/sellside.campaign.budgets-v5+json"
USER = "application/sellside.user-v4+json"
BACK = "http://127.0.0.1:9/back"
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def value(self) -> Any:
        return json.loads(self.text)

    @property
    def codes(self) -> list[int]:
        return [entry["code"] for entry in self.value]

    @property
    def ids(self) -> list[str]:
        return [str(row["id"]) for row in self.value["campaigns"]]


class Client:
    """Calls one simulator; fetches a token when it first needs one."""

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.world = simulator.world
        self.token = ""
        self._session = session

    async def send(
        self, method: str, path: str, data: bytes | None, headers: dict[str, str]
    ) -> Answer:
        """One call to the server exactly as given."""
        url = URL(self.simulator.address + path, encoded=True)
        async with self._session.request(
            method, url, data=data, headers=headers, allow_redirects=False
        ) as answer:
            text = (await answer.read()).decode()
            return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, text)

    async def call(
        self, method: str, path: str, body: Any = None, media: str = CAMPAIGN, **headers: str
    ) -> Answer:
        """One call of the API with a token; a body of bytes is sent as it is, headers replace the
        usual ones, and empty ones take them away."""
        if not self.token:
            self.token = (await self.refresh()).value["access_token"]
        sent = {"Authorization": f"Bearer {self.token}", "Accept": f"{media}, application/json"}
        if body is not None:
            sent["Content-Type"] = media
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        data = body if body is None or isinstance(body, bytes) else emit(body)
        return await self.send(
            method, f"/api/sellside{path}", data, {key: one for key, one in sent.items() if one}
        )

    async def page(self, **asked: Any) -> Answer:
        """One page of the list."""
        query = f"?{urlencode(asked)}" if asked else ""
        return await self.call("GET", f"/campaigns{query}", media=LIST)

    async def get(self, campaign_id: str) -> Answer:
        return await self.call("GET", f"/campaign/{campaign_id}")

    async def by_vendor(self, quoted: str) -> Answer:
        return await self.call("GET", f"/campaign/byVendor/{quoted}")

    async def create(self, **members: Any) -> Answer:
        body = {"status": "ACTIVE", "budgets": limits(10_000_000)} | members
        return await self.call("POST", "/campaign", body)

    async def put(self, campaign_id: str, **members: Any) -> Answer:
        body = {"status": "ACTIVE", "budgets": limits(10_000_000)} | members
        return await self.call("PUT", f"/campaign/{campaign_id}", body)

    async def budgets(self, campaign_id: str, body: Any) -> Answer:
        return await self.call("PUT", f"/campaign/{campaign_id}/budgets", body, BUDGETS)

    async def status(self, campaign_id: str, status: str) -> Answer:
        return await self.call("PUT", f"/campaign/{campaign_id}/status/{status}")

    async def form(self, **fields: str) -> Answer:
        """One token call; the application's own id and secret unless told otherwise."""
        known = self.simulator.describe()["credentials"]
        mine = {"client_id": known["client_id"], "client_secret": known["client_secret"]}
        body = urlencode(mine | fields).encode()
        return await self.send("POST", "/accounts/oauth/token", body, {"Content-Type": _FORM})

    async def refresh(self, token: str = "") -> Answer:
        """New tokens for a refresh token: that one, or the one that was handed out last."""
        token = token or self.simulator.describe()["credentials"]["refresh_token"]
        return await self.form(grant_type="refresh_token", refresh_token=token)

    async def authorize(self, **changed: str) -> Answer:
        """The consent page, as a browser would open it."""
        asked = {"response_type": "code", "scope": "api_ro api_rw", "redirect_uri": BACK}
        asked |= {"client_id": self.simulator.settings.client_id, "state": "s 1"} | changed
        return await self.send("GET", f"/accounts/oauth/authorize?{urlencode(asked)}", None, {})

    async def consent(self, **changed: str) -> dict[str, str]:
        """What the consent page sends back with the browser."""
        answer = await self.authorize(**changed)
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    async def admin(self, path: str, **asked: Any) -> Any:
        """POST to the admin interface."""
        return (await self.send("POST", f"/_sim/{path}", emit(asked), {})).value

    def truth(self, campaign_id: str) -> dict[str, str | None]:
        """The values that the campaign really has."""
        values: dict[str, str | None] = self.world.campaigns[campaign_id].values()
        return values


def limits(daily: int | str, total: int | str = "UNLIMITED") -> dict[str, Any]:
    """Both budgets as a body has them."""
    return {"daily": {"limitMicros": str(daily)}, "total": {"limitMicros": str(total)}}
