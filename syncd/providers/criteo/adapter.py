"""The Criteo adapter: searches, single reads, changes and creates of one account, in its dialect.
Knows neither the database nor what a pass does with campaigns; rows and answers are read next
door."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import msgspec

from syncd.errors import CallRefused, ProviderError
from syncd.model.call import CallResult, Whole, WriteCall, WriteItem, WritePlan
from syncd.model.campaign import Campaign
from syncd.model.listing import BadRow, Capabilities, Evidence, Page, Reading
from syncd.model.path import Field, Kind
from syncd.ports import Intend
from syncd.providers.auth import ClientCredentials
from syncd.providers.calls import Calls, Connected, Manner, open_transport
from syncd.providers.criteo import creates, rows, spendlimit, verdicts, writes
from syncd.providers.criteo.dialects import CAMPAIGNS, agreed
from syncd.providers.criteo.problems import problems, refusal, told
from syncd.providers.fields import RowError, bad_row
from syncd.providers.outcomes import failed, held_back
from syncd.providers.settings import Scope, Settings
from syncd.providers.throttle import DEFAULT
from syncd.providers.transport import Answer
from syncd.providers.wire import split, split_one

_SEARCH: Final = "POST campaigns/search"
_GET: Final = "GET campaign"
_NOT_FOUND: Final = "campaign-not-found"

_MANNER: Final = Manner(title="Criteo", refusal=refusal)

_FIELDS: Final = (
    Field(
        path=creates.NAME,
        kind=Kind.TEXT,
        creatable=True,
        required=True,
        note="set when the campaign is created, then read only",
    ),
    *(
        Field(
            path=path,
            kind=Kind.AMOUNT,
            changeable=True,
            creatable=True,
            call=writes.PATCH,
            scale=spendlimit.SCALE,
            note="one spend limit: one period has the amount. To change the period set the old one"
            " to unlimited in the same update; a new campaign without an amount is uncapped",
        )
        for path in spendlimit.BUDGETS
    ),
    Field(
        path=creates.GOAL,
        kind=Kind.CHOICE,
        creatable=True,
        required=True,
        choices=creates.GOALS,
        note="set when the campaign is created, then read only; old campaigns show Unspecified",
    ),
    Field(
        path=creates.ADVERTISER,
        kind=Kind.TEXT,
        creatable=True,
        required=True,
        note="set when the campaign is created, then read only; one of scope.advertisers where"
        " that is given",
    ),
    Field(
        path="native.name_cleaned",
        kind=Kind.TEXT,
        note="true where the name had characters that no database takes",
    ),
)


def capabilities(dialect: str, scope: Scope) -> Capabilities:
    """What an account of this dialect and scope can do."""
    advertisers = scope.get("advertisers", ())
    return Capabilities(
        provider="criteo",
        fields=_FIELDS,
        read_batch=500,
        writes=frozenset({writes.PATCH, creates.CREATE}),
        dialect=dialect,
        gone=Evidence.PERSON,
        creates=True,
        parts=frozenset(advertisers) or None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listing:
    """One answer to a search: campaigns, rows that are none, what the provider said was left out,
    and the dialect whose marks it bears."""

    campaigns: tuple[Campaign, ...]
    bad: tuple[BadRow, ...]
    notes: tuple[str, ...]
    dialect: str | None


class Criteo(Connected):
    """One account at Criteo; an async context that holds its connections."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = CAMPAIGNS[settings.dialect]
        self._advertisers = settings.scope.get("advertisers", ())
        transport = open_transport(settings)
        tokens = ClientCredentials(
            transport,
            settings.limits,
            url=f"{settings.base_url.rstrip('/')}/oauth2/token",
            credentials=settings.credentials,
        )
        calls = Calls(settings, transport, tokens, _MANNER)
        super().__init__(capabilities(settings.dialect, settings.scope), calls)

    async def pages(self) -> AsyncGenerator[Page, None]:
        """One search per configured advertiser, or one of all that the credentials can see."""
        for advertiser in self._advertisers or (None,):
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
        if self._advertisers:
            filters["advertiserIds"] = list(self._advertisers)
        listing = await self._search(filters)
        wanted = set(ids)
        campaigns = {one.external_id: one for one in listing.campaigns if one.external_id in wanted}
        is_whole = not listing.bad and not listing.notes
        return Reading(campaigns=campaigns, is_whole=is_whole, dialect=listing.dialect)

    def plan(self, items: Sequence[WriteItem]) -> WritePlan:
        return writes.plan(items, self._settings.batch, self._advertisers)

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        """One PATCH or POST, sent once and never repeated here."""
        is_create = call.operation == creates.CREATE
        body = creates.body if is_create else writes.body
        judge = creates.judge if is_create else verdicts.judge
        content = body(call.items, self._settings.dialect)
        try:
            ready = await self._calls.ready(call.operation)
        except ProviderError as error:
            return held_back(call.items, error)
        method = "POST" if is_create else "PATCH"
        request = self._calls.request(call.operation, method, self._path, content)
        try:
            answer = await self._calls.write(request, ready, intend)
        except ProviderError as error:
            return failed(call.items, error)
        result = judge(call.items, answer, self._calls.hide)
        if answer.status < 300 and Whole.THROTTLED in result.reasons:
            await self._calls.freeze(DEFAULT, "Criteo throttles (items of a call)")
        if answer.status < 300 and Whole.UNAUTHORISED in result.reasons:
            self._calls.drop(ready)
        return result

    async def find(self, create: WriteItem) -> Reading:
        """Campaigns of the advertiser that show the name, goal and budget that a create set."""
        changes = create.changes
        page = await self._page(changes[creates.ADVERTISER])
        alike = {one.external_id: one for one in page.campaigns if creates.is_alike(one, changes)}
        hidden = [bad for bad in page.bad if creates.may_be(bad.raw, changes)]
        return Reading(campaigns=alike, is_whole=page.is_whole and not hidden, dialect=page.dialect)

    async def _page(self, advertiser: str | None) -> Page:
        listing = await self._search({} if advertiser is None else {"advertiserIds": [advertiser]})
        campaigns, bad = [], [*listing.bad]
        for one in listing.campaigns:
            if advertiser in {None, one.part}:
                campaigns.append(one)
            else:
                why = f"it belongs to advertiser {one.part}, and {advertiser} was asked for"
                bad.append(bad_row(one.raw, why))
        return Page(
            label="all advertisers" if advertiser is None else f"advertiser {advertiser}",
            campaigns=tuple(campaigns),
            bad=tuple(bad),
            is_whole=not listing.notes,
            notes=listing.notes,
            total=len(self._advertisers) or 1,
            dialect=listing.dialect,
        )

    async def _search(self, filters: Mapping[str, Sequence[str]]) -> _Listing:
        body = msgspec.json.encode({"filters": filters})
        request = self._calls.request(_SEARCH, "POST", f"{self._path}/search", body)
        return await self._calls.read(request, self._listing)

    def _listing(self, answer: Answer) -> _Listing:
        envelope, found = split(answer.body, "data", f"{_SEARCH}: the answer")
        said = problems(envelope.get("errors"), self._calls.hide)
        notes = [one.text for one in said]
        if found is None:
            notes.append("the answer has no list of campaigns")
        campaigns: list[Campaign] = []
        bad: list[BadRow] = []
        marks = {one.dialect for one in said}
        for row in found or ():
            try:
                campaign, mark = rows.read(row, self._settings.currency)
            except RowError as error:
                bad.append(bad_row(row, str(error)))
            else:
                campaigns.append(campaign)
                marks.add(mark)
        return _Listing(
            campaigns=tuple(campaigns), bad=tuple(bad), notes=tuple(notes), dialect=agreed(marks)
        )

    async def _get(self, external_id: str) -> Reading:
        path = f"{self._path}/{quote(external_id, safe='')}"
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
        marks = [one.dialect for one in said]
        if row is None:
            is_absent = bool(said) and all(one.code == _NOT_FOUND for one in said)
            return Reading(is_whole=is_absent, dialect=agreed(marks))
        try:
            one, mark = rows.read(row, self._settings.currency)
        except RowError:
            return Reading(is_whole=False)
        advertisers = self._advertisers
        if one.external_id != external_id or (advertisers and one.part not in advertisers):
            return Reading(is_whole=False)
        return Reading(
            campaigns={external_id: one}, is_whole=not said, dialect=agreed([*marks, mark])
        )
