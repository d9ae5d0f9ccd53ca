"""The VoIPBIN adapter: pages by token, single reads, and one write a call, of one account. Deleted
campaigns stay visible there, with the time of their deletion."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote, urlencode

from syncd.errors import BadAnswer, ProviderError
from syncd.model.call import CallResult, WriteCall, WriteItem, WritePlan
from syncd.model.campaign import Campaign
from syncd.ports import BadRow, Intend, Page, Reading
from syncd.providers.calls import JSON, Calls, Connected, Manner, open_transport
from syncd.providers.fields import RowError, bad_row
from syncd.providers.outcomes import failed, held_back
from syncd.providers.settings import Settings
from syncd.providers.transport import Answer
from syncd.providers.voipbin import answers, rows, verdicts, writes
from syncd.providers.voipbin.auth import Access
from syncd.providers.voipbin.offer import capabilities
from syncd.providers.wire import split

_LIST: Final = "GET campaigns"
_GET: Final = "GET campaign"
_ACCEPT: Final = {"Accept": JSON["Accept"]}
_USUAL: Final = 100  # rows of a page, where no other number is asked for
_FEW: Final = 20  # so many are read one by one; for more, some pages are looked through first
_SOME: Final = 10  # pages
_LONGEST_TOKEN: Final = 1000
_MANNER: Final = Manner(title="VoIPBIN", refusal=answers.refusal)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listed:
    """One page and the token of the next, empty where there is none; `is_told`: the answer has a
    place for one, so that an empty one says that no page follows."""

    campaigns: tuple[Campaign, ...]
    bad: tuple[BadRow, ...]
    token: str
    is_told: bool
    dialect: str | None

    @property
    def size(self) -> int:
        return len(self.campaigns) + len(self.bad)

    @property
    def is_last(self) -> bool:
        return not self.size or not self.token

    def flaw(self, tokens: set[str], fullest: int) -> str | None:
        """Why the listing can neither end here nor go on, given the tokens that came before and
        how many rows a page may have. A full page that lost its token is no end."""
        if not self.size:
            is_new = self.token and self.token not in tokens
            return "an empty page has a token for more" if is_new else None
        if not self.token:
            is_end = self.is_told or self.size < fullest
            return None if is_end else "a full page has no token for the next"
        return "a token came twice: the listing goes in a circle" if self.token in tokens else None


@dataclass(kw_only=True)
class _Gathered:
    """Campaigns as they are found, and `doubtful` ids: refusals that leave open what they mean."""

    wanted: tuple[str, ...]
    found: dict[str, Campaign] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
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
        token, tokens, number, fullest = "", set[str](), 0, size
        while True:
            number += 1
            listed = await self._list(size, token)
            # A server may give fewer rows than it was asked for: then those before tell.
            flaw = listed.flaw(tokens, fullest)
            fullest = listed.size if number == 1 else max(fullest, listed.size)
            yield Page(
                label=f"page {number}",
                campaigns=listed.campaigns,
                bad=listed.bad,
                is_whole=flaw is None,
                notes=() if flaw is None else (flaw,),
                dialect=listed.dialect,
            )
            if flaw is not None or listed.is_last:
                return
            token = listed.token
            tokens.add(token)

    async def read(self, ids: Sequence[str]) -> Reading:
        """Few campaigns one by one, of many those first that stand on the newest pages. Where a
        refusal leaves open whether it means the campaign or the account, a listing tells."""
        wanted = (one for one in dict.fromkeys(ids) if rows.UUID.fullmatch(one))
        gathered = _Gathered(wanted=tuple(wanted))  # no campaign has another kind of id
        is_listed = len(gathered.wanted) > _FEW and await self._look_through(gathered)
        for external_id in gathered.open:
            await self._get(external_id, gathered)
        if gathered.doubtful and not is_listed:
            gathered.is_whole &= await self._look_through(gathered) or not gathered.doubtful
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

    async def _list(self, size: int, token: str) -> _Listed:
        query = {"page_token": token} if token else {}
        if size != _USUAL:
            query["page_size"] = str(size)
        path = f"/campaigns?{urlencode(query, quote_via=quote)}" if query else "/campaigns"
        request = self._calls.request(_LIST, "GET", path, headers=_ACCEPT)
        return await self._calls.read(request, _listed)

    async def _look_through(self, gathered: _Gathered) -> bool:
        """Some pages, until all are found. True: these were all there are, and all readable."""
        number, is_clear = 0, True
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                number += 1
                is_clear = is_clear and page.is_whole and not page.bad
                gathered.add(page.campaigns, page.dialect)
                if not gathered.open and not gathered.doubtful:
                    return False
                if number == _SOME:
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
        if answer.status == 404 and answers.told(answer, self._calls.hide).reason:
            gathered.gone.add(external_id)
        elif answer.status != 200:
            gathered.doubtful.add(external_id)
        elif not _is_added(answer, external_id, gathered):
            gathered.is_whole = False


def _listed(answer: Answer) -> _Listed:
    what = f"{_LIST}: the answer"
    envelope, found = split(answer.body, "result", what)
    if found is None and envelope.get("result", 0) is not None:
        raise BadAnswer(f"{what} has no list of campaigns", status=200)
    campaigns: list[Campaign] = []
    bad: list[BadRow] = []
    marks: set[str | None] = set()
    for row in found or ():
        try:
            one, dialect = rows.read(row)
        except rows.NilRow as error:
            bad.append(replace(bad_row(row, str(error)), external_id=None))
        except RowError as error:
            bad.append(bad_row(row, str(error)))
        else:
            campaigns.append(one)
            marks.add(dialect)
    clear = marks - {None}
    return _Listed(
        campaigns=tuple(campaigns),
        bad=tuple(bad),
        token=_token(envelope.get("next_page_token"), what),
        is_told="next_page_token" in envelope,
        dialect=clear.pop() if len(clear) == 1 else None,
    )


def _token(given: object, what: str) -> str:
    """The token as it came; it is given back as it is."""
    token = "" if given is None else given
    if not isinstance(token, str) or len(token) > _LONGEST_TOKEN:
        raise BadAnswer(f"{what} has a next_page_token that is none", status=200)
    return token


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
