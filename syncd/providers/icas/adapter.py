"""The ICAS adapter: pages by token, single reads, and one write a call, of one seller at one
tenant. Every call names the media types of version 5, because the address has no version."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from syncd.errors import CallRefused, ProviderError
from syncd.model.call import CallResult, WriteCall, WriteItem, WritePlan
from syncd.model.campaign import Campaign
from syncd.model.listing import Page, Reading
from syncd.ports import Intend
from syncd.providers.calls import Calls, Connected, Manner, open_transport
from syncd.providers.fields import RowError
from syncd.providers.icas import answers, rows, verdicts, writes
from syncd.providers.icas.auth import RefreshTokens
from syncd.providers.icas.listing import SIZE, Listing, Part, page, part
from syncd.providers.icas.offer import capabilities
from syncd.providers.outcomes import failed, held_back
from syncd.providers.settings import Settings
from syncd.providers.transport import Answer, Request

_LIST: Final = "GET campaigns"
_GET: Final = "GET campaign"
_BY_VENDOR: Final = "GET campaign/byVendor"
_LISTINGS: Final = 3
_FEW: Final = 10  # so many are read one by one; for more, all are listed
_MANNER: Final = Manner(
    title="ICAS", refusal=answers.refusal, is_unauthorised=answers.is_unauthorised
)

_CAMPAIGN: Final = "application/sellside.campaign-v5+json"
_CAMPAIGNS: Final = "application/sellside.campaign.list-v5+json"
_BUDGETS: Final = "application/sellside.campaign.budgets-v5+json"


def _headers(accept: str, content: str = "") -> Mapping[str, str]:
    """Without plain JSON beside its own type the provider could not say what is wrong."""
    sent = {"Content-Type": content} if content else {}
    return {"Accept": f"{accept}, application/json"} | sent


_HEADERS: Final = {
    _LIST: _headers(_CAMPAIGNS),
    _GET: _headers(_CAMPAIGN),
    _BY_VENDOR: _headers(_CAMPAIGN),
    writes.CREATE: _headers(_CAMPAIGN, f"{_CAMPAIGN}; charset=utf-8"),
    writes.UPDATE: _headers(_CAMPAIGN, f"{_CAMPAIGN}; charset=utf-8"),
    writes.BUDGETS: _headers(_BUDGETS, _BUDGETS),
    writes.STATUS: _headers(_CAMPAIGN),
}

# What a seller's tenant pays in; where the configuration says nothing else.
_CURRENCIES: Final = {"kijiji": "CAD"}
_CURRENCY: Final = "EUR"


class Icas(Connected):
    """One seller at ICAS; an async context that holds its connections."""

    def __init__(self, settings: Settings) -> None:
        self._currency = _currency(settings)
        transport = open_transport(settings)
        calls = Calls(settings, transport, RefreshTokens(settings, transport), _MANNER)
        super().__init__(capabilities(settings.dialect, settings.scope), calls)

    async def pages(self) -> AsyncGenerator[Page, None]:
        """All pages by token, the last of which names no next one. Where the provider's count says
        that something else was shown, or a token is no longer taken, all are listed again."""
        drift = ""
        for left in reversed(range(_LISTINGS)):
            listing = Listing()
            while listing.goes_on:
                try:
                    found = await self._part(listing.token)
                except CallRefused as error:
                    if error.status != 400 or listing.token is None or left == 0:
                        raise
                    break  # its token is not taken any more
                listing.add(found)
                yield page(listing.pages, found)
            else:
                drift = listing.drift()
                if not drift:
                    return
        yield Page(label="count", campaigns=(), is_whole=False, notes=(drift,))

    async def read(self, ids: Sequence[str]) -> Reading:
        """Few campaigns one by one, many from a listing and what that leaves out one by one."""
        listed: dict[str, Campaign] = {}
        if len(ids) > _FEW:
            async for one_page in self.pages():
                listed.update((one.external_id, one) for one in one_page.campaigns)
        found = {one: listed[one] for one in ids if one in listed}
        is_whole = True
        for external_id in ids:
            if external_id not in found:
                single = await self._get(external_id)
                found.update(single.campaigns)
                is_whole = is_whole and single.is_whole
        return Reading(campaigns=found, is_whole=is_whole)

    def plan(self, items: Sequence[WriteItem]) -> WritePlan:
        return writes.plan(items, creates=self.capabilities.creates)

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        """One POST or PUT, sent once and never repeated here."""
        operation = call.operation
        method, path = operation.partition(" ")[0], _path(call)
        try:
            ready = await self._calls.ready(operation)
        except ProviderError as error:
            return held_back(call.items, error)
        request = self._calls.request(
            operation, method, path, writes.body(call), headers=_HEADERS[operation]
        )
        try:
            answer = await self._calls.write(request, ready, intend)
        except ProviderError as error:
            return failed(call.items, error)
        return verdicts.judge(call, answer, self._calls.hide)

    async def find(self, create: WriteItem) -> Reading:
        """The campaign with the create's vendorId. That alone does not make it the one that was
        asked for: the provider does not tell upper case from lower, and anybody may have used the
        same one."""
        vendor = create.changes.get(writes.VENDOR) or ""
        reading = await self._one(_BY_VENDOR, f"/campaign/byVendor/{_segment(vendor)}")
        unlike: dict[str, str] = {}
        for one in reading.campaigns.values():
            others = verdicts.differences(create.changes, one.values, self._calls.hide)
            if others:
                unlike[one.external_id] = "; ".join(others.values())
        alike = {id_: one for id_, one in reading.campaigns.items() if id_ not in unlike}
        return Reading(campaigns=alike, is_whole=reading.is_whole, unlike=unlike)

    async def _part(self, token: str | None) -> Part:
        query = f"limit={SIZE}" + (f"&pageToken={_segment(token)}" if token else "")
        return await self._calls.read(
            self._request(_LIST, f"/campaigns?{query}"),
            lambda answer: part(answer.body, f"{_LIST}: the answer", self._currency),
        )

    async def _get(self, external_id: str) -> Reading:
        reading = await self._one(_GET, f"/campaign/{_segment(external_id)}")
        if reading.campaigns.keys() - {external_id}:
            return Reading(is_whole=False)
        return reading

    async def _one(self, operation: str, path: str) -> Reading:
        """One campaign. That the provider does not show it to this seller is no proof that it is
        gone."""
        return await self._calls.read(
            self._request(operation, path),
            self._single,
            is_answer=lambda answer: answer.status == 200 or answers.is_absent(answer),
        )

    def _single(self, answer: Answer) -> Reading:
        if answer.status != 200:
            return Reading()
        try:
            one = rows.campaign(answer.body, self._currency)
        except RowError:
            return Reading(is_whole=False)
        return Reading(campaigns={one.external_id: one})

    def _request(self, operation: str, path: str) -> Request:
        return self._calls.request(operation, "GET", path, headers=_HEADERS[operation])


def _path(call: WriteCall) -> str:
    (item,) = call.items
    if item.is_create:
        return "/campaign"
    path = f"/campaign/{_segment(item.external_id)}"
    if call.operation == writes.STATUS:
        return f"{path}/status/{writes.STATUSES[item.changes['status'] or '']}"
    return f"{path}/budgets" if call.operation == writes.BUDGETS else path


def _segment(text: str) -> str:
    return quote(text, safe="")


def _currency(settings: Settings) -> str:
    tenant = next(iter(settings.scope.get("tenant", ())), "")
    given = settings.currency
    if isinstance(given, Mapping):
        given = given.get(tenant)
    return given or _CURRENCIES.get(tenant, _CURRENCY)
