"""The PAI adapter: numbered pages, single reads, create, update and delete of one account. Every
request may be billed, so that listing (free) is preferred to reading one by one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Final
from urllib.parse import quote, urlencode

from syncd.errors import ProviderError
from syncd.model.call import CallResult, WriteCall, WriteItem, WritePlan
from syncd.model.campaign import Campaign
from syncd.model.listing import Capabilities, Evidence, Page, Reading
from syncd.model.path import DELETED, Field, Guard, Kind
from syncd.ports import Intend
from syncd.providers.calls import Calls, Connected, Manner, open_transport
from syncd.providers.fields import RowError
from syncd.providers.outcomes import failed, held_back
from syncd.providers.pai import answers, rows, writes
from syncd.providers.pai.answers import Meaning, Word
from syncd.providers.pai.listing import SIZE, Listing, Numbered, numbered
from syncd.providers.pai.signing import VERSION, AccessKeySigner, BearerKey
from syncd.providers.settings import Scope, Settings
from syncd.providers.transport import Answer

_LIST: Final = "GET campaigns"
_GET: Final = "GET campaign"
_LISTINGS: Final = 3
_PAGES: Final = 10_000  # a million campaigns: what goes on beyond that has no end
_FEW: Final = 3  # so many are read one by one; for more, all are listed
_MANNER: Final = Manner(
    title="PAI",
    refusal=answers.refusal,
    is_unauthorised=answers.is_unauthorised,
    freeze=answers.freeze,
)
_FIELDS: Final = (
    Field(
        path="name",
        kind=Kind.TEXT,
        changeable=True,
        creatable=True,
        required=True,
        call=writes.UPDATE,
        note="not unique: the id alone names a campaign",
    ),
    Field(
        path="note",
        kind=Kind.TEXT,
        changeable=True,
        creatable=True,
        call=writes.UPDATE,
        note="the remark; empty where there is none",
    ),
    Field(
        path=DELETED,
        kind=Kind.FLAG,
        readable=False,
        changeable=True,
        guard=Guard.DELETE,
        call=writes.DELETE,
    ),
    *(
        Field(
            path=f"native.{part}_cleaned",
            kind=Kind.TEXT,
            note=f"true where the {part} had characters that no database takes",
        )
        for part in ("name", "note")
    ),
)


def capabilities(dialect: str, _scope: Scope) -> Capabilities:
    """What an account of this dialect can do; the region only chooses the address."""
    return Capabilities(
        provider="pai",
        fields=_FIELDS,
        read_batch=500,
        writes=frozenset({writes.CREATE, writes.UPDATE, writes.DELETE}),
        dialect=dialect,
        gone=Evidence.TWO_PULLS,
        creates=True,
        reads_back=False,
    )


class Pai(Connected):
    """One account at PAI; an async context that holds its connections."""

    def __init__(self, settings: Settings) -> None:
        is_current = settings.dialect == "current"
        self._currency = settings.currency if isinstance(settings.currency, str) else None
        self._root = "/api/v2/campaigns" if is_current else f"/{VERSION}/campaigns"
        self._delete_root = self._root if is_current else f"/{VERSION}/DeleteCampaign"
        signer = AccessKeySigner if is_current else BearerKey
        calls = Calls(settings, open_transport(settings), signer(settings.credentials), _MANNER)
        super().__init__(capabilities(settings.dialect, settings.scope), calls)

    async def pages(self) -> AsyncGenerator[Page, None]:
        """All pages by number. Where the count and what was seen differ, all are listed again."""
        listing = Listing()
        for _ in range(_LISTINGS):
            listing = Listing()
            number = 0
            async with aclosing(self._numbered({}, listing)) as found:
                async for page in found:
                    number += 1
                    yield Page(
                        label=f"page {number}",
                        campaigns=page.campaigns,
                        bad=page.bad,
                        total=page.pages,
                    )
            if listing.is_whole:
                return
        yield Page(label="count", campaigns=(), is_whole=False, notes=(listing.drift,))

    async def read(self, ids: Sequence[str]) -> Reading:
        """Few campaigns one by one, many from a listing; what that does not show is asked for
        singly, because only such an answer says that a campaign is gone."""
        shown: dict[str, Campaign] = {}
        unread: set[str] = set()
        if len(ids) > _FEW:
            shown, unread = await self._look_up(set(ids))
        gone: set[str] = set()
        for external_id in ids:
            if external_id in shown or external_id in unread:
                continue
            single = await self._get(external_id)
            shown.update(single.campaigns)
            gone |= single.gone
            if not single.is_whole:
                unread.add(external_id)
        return Reading(campaigns=shown, is_whole=not unread, gone=frozenset(gone))

    def plan(self, items: Sequence[WriteItem]) -> WritePlan:
        return writes.plan(items)

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        """One POST, PUT or DELETE, sent once and never repeated here."""
        (item,) = call.items
        try:
            ready = await self._calls.ready(call.operation)
        except ProviderError as error:
            return held_back(call.items, error)
        method = call.operation.partition(" ")[0]
        request = self._calls.request(
            call.operation, method, self._path(call.operation, item), writes.body(item)
        )
        try:
            answer = await self._calls.write(request, ready, intend)
        except ProviderError as error:
            return failed(call.items, error)
        return writes.judge(item, answer, self._calls.hide)

    async def find(self, create: WriteItem) -> Reading:
        """Campaigns with this name and remark. The provider's filter may match more or look at
        parts of a name: what is equal is decided here."""
        wanted = {path: create.changes.get(path) or "" for path in ("name", "note")}
        filters = {"Name": wanted["name"]} | ({"Remark": wanted["note"]} if wanted["note"] else {})
        listing = Listing()
        alike: dict[str, Campaign] = {}
        is_readable = True
        async with aclosing(self._numbered(filters, listing)) as found:
            async for page in found:
                is_readable = is_readable and not page.bad
                for one in page.campaigns:
                    if wanted == {path: one.values.get(path) for path in wanted}:
                        alike[one.external_id] = one
        return Reading(campaigns=alike, is_whole=listing.is_whole and is_readable)

    async def _numbered(
        self, filters: Mapping[str, str], listing: Listing
    ) -> AsyncGenerator[Numbered, None]:
        """Page after page, until as many were seen as are counted, or one shows nothing new."""
        for number in range(1, _PAGES + 1):
            page = await self._page(number, filters)
            is_news = listing.add(page)
            yield page
            if not is_news or listing.shown >= page.total:
                return

    async def _page(self, number: int, filters: Mapping[str, str]) -> Numbered:
        query = urlencode(
            {**filters, "PageNumber": str(number), "PageSize": str(SIZE)}, quote_via=quote
        )
        return await self._calls.read(
            self._calls.request(_LIST, "GET", f"{self._root}?{query}"),
            lambda answer: numbered(
                self._word(answer, _LIST).data, f"{_LIST}: the answer", self._currency
            ),
            is_answer=lambda answer: self._word(answer, _LIST).meaning is Meaning.YES,
        )

    async def _look_up(self, wanted: set[str]) -> tuple[dict[str, Campaign], set[str]]:
        """Those of these campaigns that a listing shows, and those whose rows cannot be read."""
        shown: dict[str, Campaign] = {}
        unread: set[str] = set()
        async with aclosing(self._numbered({}, Listing())) as found:
            async for page in found:
                shown |= {
                    one.external_id: one for one in page.campaigns if one.external_id in wanted
                }
                unread |= {row.external_id for row in page.bad if row.external_id in wanted}
                if wanted == shown.keys() | unread:
                    break
        return shown, unread - shown.keys()

    async def _get(self, external_id: str) -> Reading:
        path = f"{self._root}/{_segment(external_id)}"
        return await self._calls.read(
            self._calls.request(_GET, "GET", path),
            lambda answer: self._single(answer, external_id),
            is_answer=lambda answer: (
                self._word(answer, _GET).meaning in {Meaning.YES, Meaning.ABSENT}
            ),
        )

    def _single(self, answer: Answer, external_id: str) -> Reading:
        told = self._word(answer, _GET)
        if told.meaning is Meaning.ABSENT:
            return Reading(gone=frozenset({external_id}))
        try:
            one = None if told.data is None else rows.campaign(told.data, self._currency)
        except RowError:
            one = None
        if one is None or one.external_id != external_id:
            return Reading(is_whole=False)
        return Reading(campaigns={external_id: one})

    def _word(self, answer: Answer, operation: str) -> Word:
        return answers.word(answer, f"{operation}: the answer", self._calls.hide)

    def _path(self, operation: str, item: WriteItem) -> str:
        if item.is_create:
            return self._root
        root = self._delete_root if operation == writes.DELETE else self._root
        return f"{root}/{_segment(item.external_id)}"


def _segment(external_id: str) -> str:
    return quote(external_id, safe="~")
