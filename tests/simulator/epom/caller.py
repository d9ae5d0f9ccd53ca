"""A bare caller of the simulated Epom for these tests: every call is signed afresh and sent byte
for byte as it is written; no redirects, nothing of the product. aiohttp itself repeats a GET or
DELETE once that lost its connection."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import md5
from time import time_ns
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from syncd.simulator import Arrival, Simulator
from syncd.simulator.epom.world import Campaign
from syncd.simulator.faults import Fault

FORM = "application/x-www-form-urlencoded"
PRICING = "/rest-api/campaign/17/pricing"
UPDATE = {"price": "1.5", "paymentModel": "FIXED_PRICE", "pricingType": "CPM"}


def digest(text: str) -> str:
    return md5(text.encode()).hexdigest()  # noqa: S324  (the provider's own formula)


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    text: str
    content_type: str

    @property
    def value(self) -> Any:
        """Its JSON with exact numbers."""
        return json.loads(self.text, parse_float=Decimal)

    @property
    def code(self) -> str:
        """Why it was refused."""
        assert self.value["success"] is False
        return str(self.value["error"])


class Caller:
    """Calls one simulator."""

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self._session = session
        self._last_ms = 0

    @property
    def last(self) -> Arrival:
        """The latest arrival."""
        return self.simulator.journal.arrivals[-1]

    def campaign(self, campaign_id: str = "17") -> Campaign:
        found: Campaign = self.simulator.world.campaigns[campaign_id]
        return found

    def values(self, campaign_id: str = "17") -> dict[str, str | None]:
        told: dict[str, str | None] = self.campaign(campaign_id).truth()["values"]
        return told

    def arm(self, kind: str, operation: str, /, **options: Any) -> Fault:
        return self.simulator.faults.arm(kind, operation, **options)

    def signature(self, **changed: str | None) -> dict[str, str]:
        """A signature of this moment that no call had before; `changed` replaces or (None) leaves
        out."""
        self._last_ms = max(self._last_ms + 1, time_ns() // 1_000_000)
        stamp = changed.get("timestamp") or str(self._last_ms)
        made: dict[str, str | None] = {"username": "demo-user", "timestamp": stamp}
        made |= {"hash": digest(digest("demo-secret") + stamp)} | changed
        return {name: text for name, text in made.items() if text is not None}

    async def get(self, path: str, **query: str) -> Answer:
        return await self.send("GET", path, query=self.signature() | query)

    async def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """Signed in the query, the rest in the form."""
        body = urlencode(form).encode()
        return await self.send("POST", path, query=self.signature(), body=body, media_type=FORM)

    async def delete(self, path: str, **query: str) -> Answer:
        return await self.send("DELETE", path, query=self.signature() | query)

    async def upload(
        self, text: str | bytes, *, name: str = "countryPricing", path: str = f"{PRICING}/batch.do"
    ) -> Answer:
        """A price file as the only part of a form."""
        content = text.encode() if isinstance(text, str) else text
        head = f'Content-Disposition: form-data; name="{name}"; filename="prices.csv"'
        body = f"--b0\r\n{head}\r\nContent-Type: text/csv\r\n\r\n".encode()
        return await self.send(
            "POST",
            path,
            query=self.signature(),
            body=body + content + b"\r\n--b0--\r\n",
            media_type="multipart/form-data; boundary=b0",
        )

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        media_type: str | None = None,
    ) -> Answer:
        """One call exactly as given."""
        tail = f"?{urlencode(query)}" if query else ""
        url = URL(self.simulator.base_url + path + tail, encoded=True)
        headers = {"Content-Type": media_type} if media_type else {}
        async with self._session.request(
            method, url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            text = (await answer.read()).decode()
            return Answer(answer.status, text, answer.content_type)

    async def admin(self, path: str, **asked: Any) -> Any:
        """POST to the admin interface; GET where nothing is asked for."""
        method = "POST" if asked else "GET"
        body = json.dumps(asked).encode() if asked else None
        url = f"{self.simulator.admin_url}/{path}"
        async with self._session.request(method, url, data=body) as answer:
            return await answer.json()
