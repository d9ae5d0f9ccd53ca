"""The Epom adapter: lists of campaigns, the pricing of each, and one change of pricing a call, of
one account. A campaign that no list shows and no configuration names is not there for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote

from syncd.errors import (
    BadAnswer,
    CallRefused,
    Forbidden,
    LimitWait,
    ProviderError,
    Stopped,
    Throttled,
)
from syncd.model.call import CallResult, WriteCall, WriteItem, WritePlan
from syncd.model.campaign import Campaign
from syncd.model.listing import BadRow, Page, Reading
from syncd.ports import Intend
from syncd.providers.calls import Calls, Connected, Manner, open_transport
from syncd.providers.epom import answers, rows, verdicts, writes
from syncd.providers.epom.forms import ACCEPT, campaign_path, form
from syncd.providers.epom.offer import PORTION, capabilities
from syncd.providers.epom.pricings import NONE_SHOWN, Pricings
from syncd.providers.epom.rows import Listed
from syncd.providers.epom.signing import QuerySigner
from syncd.providers.fields import RowError, bad_row
from syncd.providers.outcomes import failed, held_back
from syncd.providers.redaction import visible
from syncd.providers.settings import Settings
from syncd.providers.transport import Answer, Request
from syncd.providers.wire import split

_LIST: Final = "GET campaigns"
_GET: Final = "GET campaign"
_MANNER: Final = Manner(title="Epom", refusal=answers.refusal)
# So many unreadable answers one after the other are no matter of single campaigns any more.
_UNREADABLE: Final = 3


@dataclass(kw_only=True, slots=True)
class _Read:
    """The pricings that were answered, the campaigns that they make, those that could not be read,
    and of these the ones that the user has no right to. `unreadable` answers came last."""

    found: list[tuple[Listed, bytes | None]] = field(default_factory=list)
    campaigns: list[Campaign] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    forbidden: int = 0
    unreadable: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the last campaign has no pricing, which nothing after it bears out."""
        return bool(self.found) and self.found[-1][1] is None


class Epom(Connected):
    """One account at Epom; an async context that holds its connections."""

    def __init__(self, settings: Settings) -> None:
        self._dialect = settings.dialect
        self._currency = settings.currency
        self._ids = settings.scope.get("ids", ())
        self._advertisers = settings.scope.get("advertisers", ())
        signer = QuerySigner(settings.credentials)
        calls = Calls(settings, open_transport(settings), signer, _MANNER)
        super().__init__(capabilities(settings.dialect, settings.scope), calls)
        self._pricings = Pricings(calls)
        # What named each campaign last, so that a read for a push costs one call a campaign.
        self._known: dict[str, Listed] = {}
        # Configured campaigns for which Epom gave no name: nobody asks again.
        self._nameless: set[str] = set()

    async def pages(self) -> AsyncGenerator[Page, None]:
        """The configured campaigns, or those of each list, in portions with their pricings. A list
        comes whole in one answer, so that nothing has to be counted."""
        if self._ids:
            bare = [Listed(external_id=one) for one in self._ids]
            async for page in self._portions(bare, self._ids):
                yield page
            return
        known: dict[str, Listed] = {}
        for advertiser in self._lists:
            found, bad = await self._list(advertiser)
            known.update((one.external_id, one) for one in found)
            async for page in self._portions(found, known, advertiser, bad):
                yield page
        self._known = known

    async def read(self, ids: Sequence[str]) -> Reading:
        """The pricing of each. One that the user has no right to, or that no list shows, is out of
        view."""
        if self._ids:
            some = [self._known.get(one) or Listed(external_id=one) for one in ids]
            entries = [one for one in some if one.external_id in self._ids]
            is_whole = True
        else:
            is_whole = all(one in self._known for one in ids) or await self._list_all()
            entries = [self._known[one] for one in ids if one in self._known]
        read = _Read()
        await self._ask(entries, read)
        await self._judge(read, self._ids or self._known)
        return Reading(
            campaigns={one.external_id: one for one in read.campaigns},
            is_whole=is_whole and len(read.bad) == read.forbidden,
        )

    def plan(self, items: Sequence[WriteItem]) -> WritePlan:
        return writes.plan(items)

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        """One POST or DELETE, sent once and never repeated here."""
        asked = form(call, self._dialect)
        try:
            ready = await self._calls.ready(call.operation)
        except ProviderError as error:
            return held_back(call.items, error)
        request = self._calls.request(
            call.operation, asked.method, asked.path, asked.body, headers=asked.headers
        )
        try:
            answer = await self._calls.write(request, ready, intend)
        except ProviderError as error:
            return failed(call.items, error)
        return verdicts.judge(call, answer, self._calls.hide)

    async def find(self, create: WriteItem) -> Reading:  # noqa: ARG002 (nothing is created here)
        """Nothing: no campaign is created at Epom, so that none can be looked for."""
        return Reading(is_whole=False)

    @property
    def _lists(self) -> Sequence[str | None]:
        return self._advertisers or (None,)

    async def _list_all(self) -> bool:
        """Know the campaigns of all lists; says whether every row could be read."""
        known: dict[str, Listed] = {}
        is_whole = True
        for advertiser in self._lists:
            found, bad = await self._list(advertiser)
            known.update((one.external_id, one) for one in found)
            is_whole = is_whole and not bad
        self._known = known
        return is_whole

    async def _list(self, advertiser: str | None) -> tuple[list[Listed], list[BadRow]]:
        path = "" if advertiser is None else f"/advertiser/{quote(advertiser, safe='')}"
        request = self._get(_LIST, f"/rest-api{path}/campaigns.do")
        found: dict[str, Listed] = {}
        bad: list[BadRow] = []
        for row in await self._calls.read(request, self._rows):
            try:
                one = rows.listed(row, advertiser)
                found[one.external_id] = one
            except RowError as error:
                bad.append(bad_row(row, str(error)))
        return [*found.values()], bad

    def _rows(self, answer: Answer) -> list[bytes]:
        """The rows of a list, as the bytes that came."""
        if not answer.body.lstrip().startswith(b"["):
            raise answers.refusal(answer, _LIST, self._calls.hide, 0.0)
        envelope, found = split(b'{"rows":%b}' % answer.body, "rows", f"{_LIST}: the answer")
        if found is None or len(envelope) != 1:
            raise BadAnswer(f"{_LIST}: the answer is no list", status=200)
        return found

    async def _portions(
        self,
        listed: Sequence[Listed],
        beside: Iterable[str],
        advertiser: str | None = None,
        unread: Sequence[BadRow] = (),
    ) -> AsyncGenerator[Page, None]:
        """The campaigns of a list with their pricings, and rows of it that could not be read. A
        page that would end with campaigns without a pricing goes on to one that has one, which
        bears them out; `beside` are all that the account is known to have."""
        start = end = 0
        while not end or end < len(listed):
            read = _Read(bad=[] if end else [*unread])
            while end == start or (read.is_open and end < len(listed)):
                some = listed[end : end + PORTION]
                await self._ask(some, read)
                end += max(len(some), 1)
            await self._judge(read, beside)
            yield _page(read, start, min(end, len(listed)), len(listed), advertiser)
            start = end

    async def _ask(self, entries: Sequence[Listed], read: _Read) -> None:
        """The pricing of each, before anything is made of it."""
        for one in entries:
            try:
                read.found.append((one, await self._pricings.get(one.external_id)))
                read.unreadable = 0
            except (Forbidden, CallRefused, BadAnswer) as error:
                read.unreadable = read.unreadable + 1 if isinstance(error, BadAnswer) else 0
                if read.unreadable == _UNREADABLE:
                    raise
                read.forbidden += isinstance(error, Forbidden)
                read.bad.append(_unread(one, None, error.message))

    async def _judge(self, read: _Read, beside: Iterable[str]) -> None:
        """What was answered as campaigns. One of which nobody knows whether it has a pricing is a
        bad row, so that what was known of it stays."""
        shown = {one.external_id: pricing for one, pricing in read.found}
        untold = await self._pricings.untold(shown, beside, self._shown)
        for one, pricing in read.found:
            if one.external_id in untold:
                read.bad.append(_unread(one, None, NONE_SHOWN))
                continue
            try:
                known = await self._named(one)
                read.campaigns.append(rows.campaign(known, pricing, self._currency))
            except RowError as error:
                read.bad.append(_unread(one, pricing, str(error)))

    async def _shown(self, external_id: str) -> Collection[str]:
        """What Epom shows just now: this campaign by itself, or all that stand in its lists."""
        if self._ids:
            self._nameless.discard(external_id)  # that it had no name once proves nothing now
            return () if await self._asked(external_id) is None else (external_id,)
        return self._known if await self._list_all() else ()

    async def _named(self, one: Listed) -> Listed:
        """The campaign with its name. A configured one is asked for it once in a pull; where Epom
        has none for it, the last one that is known stands, or else the id itself."""
        if one.name is not None:
            return one
        found = await self._asked(one.external_id)
        bare = replace(one, name=one.external_id)
        known = found or self._known.get(one.external_id, bare)
        self._known[one.external_id] = known
        return known

    async def _asked(self, external_id: str) -> Listed | None:
        """A configured campaign by itself, None where that fails: a name is not worth a pull. Where
        one has failed, the route may not be there at all, and an answer to others is final."""
        if external_id in self._nameless:
            return None
        request = self._get(_GET, f"{campaign_path(external_id)}.do")
        is_answer = _is_any if self._nameless else _is_final
        try:
            found = await self._calls.read(
                request, lambda answer: _row(answer, external_id), is_answer=is_answer
            )
        except (Throttled, LimitWait, Stopped):
            raise
        except ProviderError:
            found = None
        if found is None:
            self._nameless.add(external_id)
        return found

    def _get(self, operation: str, path: str) -> Request:
        return self._calls.request(operation, "GET", path, headers=ACCEPT)


def _row(answer: Answer, external_id: str) -> Listed | None:
    try:
        found = rows.listed(answer.body, None)
    except RowError:
        return None
    return found if answer.status == 200 and found.external_id == external_id else None


def _is_final(answer: Answer) -> bool:
    """Whether asking again would change nothing."""
    return answer.status < 500 and answer.status not in {408, 429}


def _is_any(answer: Answer) -> bool:
    return answer.status != 429


def _unread(one: Listed, pricing: bytes | None, message: str) -> BadRow:
    return BadRow(external_id=one.external_id, raw=rows.raw(one, pricing), message=visible(message))


def _page(read: _Read, start: int, end: int, count: int, advertiser: str | None) -> Page:
    """A portion for the record; how many there are in all is known of a single list only."""
    label = f"campaigns {start + 1} to {end} of {count}" if count else "none"
    return Page(
        label=label if advertiser is None else f"advertiser {advertiser}: {label}",
        campaigns=tuple(read.campaigns),
        bad=tuple(read.bad),
        total=max(1, -(-count // PORTION)) if advertiser is None else None,
    )
