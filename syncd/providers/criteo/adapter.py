"""The Criteo adapter: searches, single reads and PATCH calls of one account. Knows neither the
database nor what a pass does with campaigns; rows and answers are read next door."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import msgspec

from syncd.errors import (
    AuthFailed,
    CallRefused,
    Forbidden,
    LimitWait,
    ProviderError,
    Stopped,
    Throttled,
)
from syncd.model.call import CallResult, Whole, WriteCall, WriteItem, WritePlan
from syncd.model.campaign import Campaign
from syncd.model.path import PERIODS, Field, Kind
from syncd.ports import BadRow, Capabilities, Intend, Page, Reading
from syncd.providers.criteo import rows, verdicts, writes
from syncd.providers.criteo.calls import Calls
from syncd.providers.criteo.problems import Problem, problems, told
from syncd.providers.settings import Settings
from syncd.providers.throttle import DEFAULT
from syncd.providers.transport import Answer
from syncd.providers.wire import split, split_one

_CAMPAIGNS: Final = "/marketing-solutions/campaigns"
_SEARCH: Final = "POST campaigns/search"
_GET: Final = "GET campaign"
_NOT_FOUND: Final = "campaign-not-found"

CAPABILITIES: Final = Capabilities(
    provider="criteo",
    fields=(
        Field(path="name", kind=Kind.TEXT),
        *(
            Field(
                path=f"budget.{period}",
                kind=Kind.AMOUNT,
                changeable=True,
                call=writes.PATCH,
                scale=writes.SCALE,
                note="one spend limit: only the period that the campaign is capped by can change",
            )
            for period in PERIODS
        ),
        Field(path="native.goal", kind=Kind.TEXT),
        Field(path="native.advertiserId", kind=Kind.TEXT),
        Field(
            path="native.name_cleaned",
            kind=Kind.TEXT,
            note="true where the name had characters that no database takes",
        ),
    ),
    read_batch=500,
)


class Criteo:
    """One account at Criteo; an async context that holds its connections."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._calls = Calls(settings)
        self._open = AsyncExitStack()

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self._calls.opened())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._open.aclose()

    async def pages(self) -> AsyncGenerator[Page, None]:
        """One search per configured advertiser, or one of all that the credentials can see."""
        for advertiser in self._settings.advertisers or (None,):
            yield await self._page(advertiser)

    async def read(self, ids: Sequence[str]) -> Reading:
        """One campaign by GET, several by one search. A GET that finds no such page says nothing
        of the campaign, so the search is asked then too."""
        if len(ids) == 1:
            try:
                return await self._get(ids[0])
            except CallRefused as error:
                if error.status != 404:
                    raise
        filters = {"campaignIds": list(ids)}
        if self._settings.advertisers:
            filters["advertiserIds"] = list(self._settings.advertisers)
        found, bad, notes = await self._search(filters)
        wanted = set(ids)
        campaigns = {one.external_id: one for one in found if one.external_id in wanted}
        return Reading(campaigns=campaigns, is_whole=not bad and not notes)

    def plan(self, items: Sequence[WriteItem]) -> WritePlan:
        return writes.plan(items, self._settings.batch)

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        """One PATCH, sent once and never repeated here."""
        body = writes.body(call.items)
        try:
            ready = await self._calls.ready(call.operation)
        except ProviderError as error:
            return _held_back(call, error)
        request = self._calls.request(call.operation, "PATCH", _CAMPAIGNS, body)
        try:
            answer = await self._calls.write(request, ready, intend)
        except ProviderError as error:
            return verdicts.failed(call.items, error)
        result = verdicts.judge(call.items, answer, self._calls.hide)
        if answer.status == 200 and result.whole is Whole.THROTTLED:
            await self._calls.freeze(DEFAULT, "Criteo throttles (every item of a call)")
        return result

    async def _page(self, advertiser: str | None) -> Page:
        filters = {} if advertiser is None else {"advertiserIds": [advertiser]}
        found, bad, notes = await self._search(filters)
        campaigns = []
        for one in found:
            if advertiser in {None, one.part}:
                campaigns.append(one)
            else:
                why = f"it belongs to advertiser {one.part}, and {advertiser} was asked for"
                bad.append(rows.bad_row(one.raw, why))
        return Page(
            label="all advertisers" if advertiser is None else f"advertiser {advertiser}",
            campaigns=tuple(campaigns),
            bad=tuple(bad),
            is_whole=not notes,
            notes=tuple(notes),
            total=len(self._settings.advertisers) or 1,
        )

    async def _search(
        self, filters: Mapping[str, Sequence[str]]
    ) -> tuple[list[Campaign], list[BadRow], list[str]]:
        """Campaigns, rows that are none, and what the provider said was left out."""
        body = msgspec.json.encode({"filters": filters})
        request = self._calls.request(_SEARCH, "POST", f"{_CAMPAIGNS}/search", body)
        return await self._calls.read(request, self._listing)

    def _listing(self, answer: Answer) -> tuple[list[Campaign], list[BadRow], list[str]]:
        envelope, found = split(answer.body, "data", f"{_SEARCH}: the answer")
        notes = [one.text for one in problems(envelope.get("errors"), self._calls.hide)]
        if found is None:
            notes.append("the answer has no list of campaigns")
        campaigns: list[Campaign] = []
        bad: list[BadRow] = []
        for row in found or ():
            try:
                campaigns.append(rows.campaign(row, self._settings.currency))
            except rows.RowError as error:
                bad.append(rows.bad_row(row, str(error)))
        return campaigns, bad, notes

    async def _get(self, external_id: str) -> Reading:
        path = f"{_CAMPAIGNS}/{quote(external_id, safe='')}"
        return await self._calls.read(
            self._calls.request(_GET, "GET", path),
            lambda answer: self._single(answer, external_id),
            is_answer=self._is_single,
        )

    def _is_single(self, answer: Answer) -> bool:
        # Only Criteo's own word makes a 404 an absent campaign; else the address is wrong.
        is_absent = answer.status == 404 and told(answer, self._calls.hide).code == _NOT_FOUND
        return answer.status == 200 or is_absent

    def _single(self, answer: Answer, external_id: str) -> Reading:
        envelope, row = split_one(answer.body, "data", f"{_GET}: the answer")
        said = problems(envelope.get("errors"), self._calls.hide)
        if row is None:
            return Reading(is_whole=bool(said) and all(one.code == _NOT_FOUND for one in said))
        try:
            one = rows.campaign(row, self._settings.currency)
        except rows.RowError:
            return Reading(is_whole=False)
        advertisers = self._settings.advertisers
        if one.external_id != external_id or (advertisers and one.part not in advertisers):
            return Reading(is_whole=False)
        return Reading(campaigns={external_id: one}, is_whole=not said)


def _held_back(call: WriteCall, error: ProviderError) -> CallResult:
    """The token or the permit did not come, so nothing of this call left."""
    whole = Whole.NOT_SENT
    match error:
        case AuthFailed():
            whole = Whole.UNAUTHORISED
        case Forbidden():
            whole = Whole.FORBIDDEN
        case Throttled() | LimitWait():
            whole = Whole.THROTTLED
        case Stopped():
            whole = Whole.STOPPED
    said = Problem(code=error.code, text=error.message, trace_id=error.trace_id)
    result = verdicts.unjudged(call.items, whole, said)
    return dataclasses.replace(result, remedy=error.remedy)
