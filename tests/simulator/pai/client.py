"""A bare caller of the simulated PAI for these tests, in either dialect: no redirects, no retries,
nothing of the product."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import aiohttp
from yarl import URL

from syncd.simulator import Simulator
from syncd.simulator.faults import Fault
from syncd.simulator.pai.routes import ACTIONS
from syncd.simulator.pai.signature import ALGORITHM, canonical_request, signature_of
from syncd.simulator.pai.world import Campaign
from syncd.simulator.wire import emit

DATA = Path(__file__).parent / "data"
JSON = "application/json; charset=utf-8"
_METHODS = {"list": "GET", "get": "GET", "create": "POST", "update": "PUT", "delete": "DELETE"}


@dataclass(frozen=True)
class Answer:
    """A whole answer; `value` is its JSON, None where there is none."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def value(self) -> Any:
        return json.loads(self.text) if self.text.startswith("{") else None

    @property
    def code(self) -> Any:
        """The ErrorCode of the service, or the gateway's Code."""
        return self.value.get("ErrorCode", self.value.get("Code"))

    @property
    def data(self) -> Any:
        return self.value["Data"]

    @property
    def ids(self) -> list[str]:
        return [row["Id"] for row in self.data["Campaigns"]]


class PaiClient:
    """Calls one simulator as its dialect wants it."""

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.is_documented = simulator.settings.dialect == "documented"
        self.service: Any = simulator.service
        self._session = session

    @property
    def campaigns(self) -> dict[str, Campaign]:
        found: dict[str, Campaign] = self.simulator.world.campaigns
        return found

    def path(self, operation: str, campaign_id: str = "", **query: Any) -> str:
        """The address of an operation, below the account's base_url."""
        path = "/2022-01-12/campaigns" if self.is_documented else "/api/v2/campaigns"
        if operation == "delete" and self.is_documented:
            path = "/2022-01-12/DeleteCampaign"
        if operation in {"get", "update", "delete"}:
            path += f"/{quote(campaign_id, safe='~')}"
        return path + (f"?{urlencode(query, quote_via=quote)}" if query else "")

    async def call(self, operation: str, campaign_id: str = "", /, **fields: Any) -> Answer:
        """One right call; fields are the query of a list and the body of a create or update."""
        query = fields if operation == "list" else {}
        body = emit(fields) if operation in {"create", "update"} else b""
        path = self.path(operation, campaign_id, **query)
        return await self.send(_METHODS[operation], path, body, operation=operation)

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        operation: str = "list",
        **changed: str | None,
    ) -> Answer:
        """One call with the usual headers, some of them changed or, with None, left out."""
        headers: dict[str, str | None] = {"Content-Type": JSON} if body else {}
        if self.is_documented:
            headers["Authorization"] = f"Bearer {self.service.options.api_key}"
        else:
            headers |= self.signed(method, path, body, operation)
        headers |= {name.replace("_", "-"): text for name, text in changed.items()}
        return await self.exactly(
            method, path, body, {name: text for name, text in headers.items() if text is not None}
        )

    def signed(
        self, method: str, path: str, body: bytes, operation: str, **changed: str
    ) -> dict[str, str]:
        """The headers of a signed request; those changed are changed before signing."""
        options = self.service.options
        now = datetime.now(UTC) + self.service.clock.ahead
        headers = {
            "host": self.simulator.address.removeprefix("http://"),
            "x-acs-action": ACTIONS[operation],
            "x-acs-version": "2022-01-12",
            "x-acs-date": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": uuid4().hex,
            "x-acs-content-sha256": sha256(body).hexdigest(),
        }
        if body:
            headers["content-type"] = JSON
        if options.security_token:
            headers["x-acs-accesskey-id"] = options.access_key_id
            headers["x-acs-security-token"] = options.security_token
        headers |= {name.replace("_", "-"): text for name, text in changed.items()}
        canonical = canonical_request(method, path, headers, list(headers))
        signature = signature_of(canonical, options.access_key_secret)
        names = ";".join(sorted(headers))
        authorization = f"{ALGORITHM} Credential={options.access_key_id},SignedHeaders={names},"
        return headers | {"Authorization": f"{authorization}Signature={signature}"}

    async def exactly(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """One call below the base_url with these headers and no others."""
        url = URL(self.simulator.base_url + path, encoded=True)
        return await self._request(method, url, body, headers)

    async def admin(self, path: str, **asked: Any) -> Any:
        """POST to the admin interface; GET where nothing is asked for."""
        url = URL(f"{self.simulator.admin_url}/{path}")
        body = emit(asked) if asked else b""
        answer = await self._request("POST" if asked else "GET", url, body, {})
        return answer.value

    def arm(self, kind: str, operation: str = "*", /, **options: Any) -> Fault:
        return self.simulator.faults.arm(kind, operation, **options)

    def put(self, campaign_id: str, name: str, note: str | None = None) -> Campaign:
        """Put a campaign into the world, made at the time of the documents' examples."""
        moment = datetime(2020, 1, 1, 4, tzinfo=UTC)
        made = Campaign(id=campaign_id, name=name, note=note, created=moment, updated=moment)
        self.simulator.world.add(made)
        return made

    def ahead(self, seconds: int) -> None:
        """Move the provider's clock."""
        self.service.clock.ahead = timedelta(seconds=seconds)

    async def _request(self, method: str, url: URL, body: bytes, headers: dict[str, str]) -> Answer:
        async with self._session.request(
            method,
            url,
            data=body or None,
            headers=headers,
            skip_auto_headers=["Content-Type"],
            allow_redirects=False,
        ) as answer:
            text = (await answer.read()).decode()
            return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, text)
