"""The VoIPBIN adapter: pages by token, single reads, and one write a call, of one account. Deleted
campaigns stay visible there, with the time of their deletion."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode

from syncd.errors import BadAnswer, ProviderError
from syncd.model.call import CallResult, WriteCall, WriteItem, WritePlan
from syncd.model.campaign import Campaign
from syncd.model.listing import Page, Reading
from syncd.ports import Intend
from syncd.providers.calls import JSON, Calls, Connected, Manner, open_transport
from syncd.providers.fields import RowError
from syncd.providers.outcomes import failed, held_back
from syncd.providers.settings import Settings
from syncd.providers.transport import Answer
from syncd.providers.voipbin import answers, rows, verdicts, writes
from syncd.providers.voipbin.answers import ABSENT
from syncd.providers.voipbin.auth import Access
from syncd.providers.voipbin.listing import Listed, listed
from syncd.providers.voipbin.offer import capabilities

_LIST: Final = "GET campaigns"
_GET: Final = "GET campaign"
_ACCEPT: Final = {"Accept": JSON["Accept"]}
_USUAL: Final = 100  # rows of a page, where no other number is asked for
_FEW: Final = 20  # so many are read one by one; for more, some pages are looked through first
_SOME: Final = 10  # pages
_OTHERWISE: Final = 83  # rows of a page whose ends lie elsewhere than those of the usual ones
_MANNER: Final = Manner(title="VoIPBIN", refusal=answers.refusal)


@dataclass(kw_only=True)
class _Gathered:
    """Campaigns as they are found, and `doubtful` ids: refusals that leave open what they mean.
    `unfound` are those of them that were answered with 404; `beside`: a page showed others, `pages`
    how many of the last listing had any."""

    wanted: tuple[str, ...]
    found: dict[str, Campaign] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    unfound: set[str] = field(default_factory=set)
    beside: bool = False
    pages: int = 0
    is_whole: bool = True
    dialect: str | None = None

    @property
    def open(self) -> list[str]:
        """Those of which nothing is known yet."""
        known = self.found.keys() | self.gone | self.doubtful
        return [one for one in self.wanted if one not in known]

    def add(self, campaigns: Sequence[Campaign], dialect: str | None) -> None:
        """Keep what was asked for."""
        self.dialect = dialect or self.dialect
        self.found.update(
            (one.external_id, one) for one in campaigns if one.external_id in self.wanted
        )
        self.doubtful -= self.found.keys()


class Voipbin(Connected):
    """One account at VoIPBIN; an async context that holds its connections. `chance` gives numbers
    from 0 to 1: one listing in ten has pages of another size."""

    def __init__(self, settings: Settings, *, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._dialect = settings.dialect
        transport = open_transport(settings)
        calls = Calls(settings, transport, Access(settings, transport), _MANNER)
        super().__init__(capabilities(settings.dialect, settings.scope), calls)

    async def pages(self) -> AsyncGenerator[Page, None]:
        """Pages by token until one is empty or has none: one that is merely short proves nothing.
        Rows that share a microsecond can fall between two pages, so that now and then pages of
        another size are asked for."""
        drawn = self._chance()
        size = int(_USUAL * (0.5 + 5 * drawn)) if drawn < 0.1 else _USUAL
        async with aclosing(self._pages(size)) as pages:
            async for page in pages:
                yield page

    async def _pages(self, size: int) -> AsyncGenerator[Page, None]:
        token, tokens, number, fullest = "", set[str](), 0, size
        while True:
            number += 1
            found = await self._list(size, token)
            # A server may give fewer rows than it was asked for: then those before tell.
            flaw = found.flaw(tokens, fullest)
            fullest = found.size if number == 1 else max(fullest, found.size)
            yield Page(
                label=f"page {number}",
                campaigns=found.campaigns,
                bad=found.bad,
                is_whole=flaw is None,
                notes=() if flaw is None else (flaw,),
                dialect=found.dialect,
            )
            if flaw is not None or found.is_last:
                return
            token = found.token
            tokens.add(token)

    async def read(self, ids: Sequence[str]) -> Reading:
        """Few campaigns one by one, of many those first that stand on the newest pages. Where a
        refusal leaves open whether it means the campaign or the account, a whole listing tells:
        what it does not show either, beside others, is gone if a 404 said so."""
        wanted = (one for one in dict.fromkeys(ids) if rows.UUID.fullmatch(one))
        gathered = _Gathered(wanted=tuple(wanted))  # no campaign has another kind of id
        is_listed = len(gathered.wanted) > _FEW and await self._look_through(gathered, most=_SOME)
        for external_id in gathered.open:
            await self._get(external_id, gathered)
        if gathered.doubtful:
            is_listed = is_listed or await self._look_through(gathered)
            if is_listed and gathered.pages > 1 and gathered.unfound & gathered.doubtful:
                is_listed = await self._look_through(gathered, size=_OTHERWISE)
            gathered.is_whole &= is_listed or not gathered.doubtful
            if is_listed and gathered.beside:
                gathered.gone |= gathered.unfound & gathered.doubtful
        return Reading(
            campaigns=gathered.found,
            is_whole=gathered.is_whole,
            gone=frozenset(gathered.gone),
            dialect=gathered.dialect,
        )

    def plan(self, items: Sequence[WriteItem]) -> WritePlan:
        return writes.plan(items, self._dialect)

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        """One POST, PUT or DELETE, sent once and never repeated here."""
        body = writes.body(call, self._dialect)
        try:
            ready = await self._calls.ready(call.operation)
        except ProviderError as error:
            return held_back(call.items, error)
        request = self._calls.request(
            call.operation,
            call.operation.partition(" ")[0],
            _path(call),
            body,
            headers=JSON if body else _ACCEPT,
        )
        try:
            answer = await self._calls.write(request, ready, intend)
        except ProviderError as error:
            return failed(call.items, error)
        return verdicts.judge(call, answer, self._calls.hide)

    async def find(self, create: WriteItem) -> Reading:
        """Campaigns that show everything that a create asked for."""
        alike: dict[str, Campaign] = {}
        is_whole = True
        async for page in self.pages():
            is_whole = is_whole and page.is_whole and not page.bad
            for one in page.campaigns:
                if not one.is_gone and create.changes.items() <= one.values.items():
                    alike[one.external_id] = one
        return Reading(campaigns=alike, is_whole=is_whole)

    async def _list(self, size: int, token: str) -> Listed:
        query = {"page_token": token} if token else {}
        if size != _USUAL:
            query["page_size"] = str(size)
        path = f"/campaigns?{urlencode(query, quote_via=quote)}" if query else "/campaigns"
        request = self._calls.request(_LIST, "GET", path, headers=_ACCEPT)
        return await self._calls.read(
            request, lambda answer: listed(answer, f"{_LIST}: the answer")
        )

    async def _look_through(
        self, gathered: _Gathered, *, most: int | None = None, size: int = _USUAL
    ) -> bool:
        """Pages until all are found, at most so many. True: these were all there are, and all
        readable. One row can fall between two pages, and so a second look has pages of another
        size."""
        number, is_clear = 0, True
        gathered.pages = 0
        async with aclosing(self._pages(size)) as pages:
            async for page in pages:
                number += 1
                gathered.pages += bool(page.campaigns or page.bad)
                is_clear = is_clear and page.is_whole and not page.bad
                gathered.add(page.campaigns, page.dialect)
                gathered.beside = gathered.beside or any(not one.is_gone for one in page.campaigns)
                if not gathered.open and not gathered.doubtful:
                    return False
                if number == most:
                    return False
        return is_clear

    async def _get(self, external_id: str, gathered: _Gathered) -> None:
        path = f"/campaigns/{external_id}"
        answer = await self._calls.read(
            self._calls.request(_GET, "GET", path, headers=_ACCEPT),
            _single,
            is_answer=lambda answer: (
                answer.status == 200 or answers.is_of_one(answer, self._calls.hide)
            ),
        )
        if answer.status == 404 and answers.told(answer, self._calls.hide).reason in ABSENT:
            gathered.gone.add(external_id)
        elif answer.status != 200:
            gathered.doubtful.add(external_id)
            if answer.status == 404:
                gathered.unfound.add(external_id)
        elif not _is_added(answer, external_id, gathered):
            gathered.is_whole = False


def _single(answer: Answer) -> Answer:
    """The answer, unless it is a page for people: then the GET is tried again."""
    if answer.status == 200 and not answer.body.lstrip().startswith(b"{"):
        raise BadAnswer(f"{_GET}: the answer is no object", status=200)
    return answer


def _is_added(answer: Answer, external_id: str, gathered: _Gathered) -> bool:
    """Whether the answer is the campaign that was asked for."""
    try:
        one, dialect = rows.read(answer.body)
    except RowError:
        return False
    if one.external_id != external_id:
        return False
    gathered.add([one], dialect)
    return True


def _path(call: WriteCall) -> str:
    (item,) = call.items
    if item.is_create:
        return "/campaigns"
    path = f"/campaigns/{quote(item.external_id, safe='')}"
    _, slash, part = call.operation.partition("/")
    return f"{path}{slash}{part}"
