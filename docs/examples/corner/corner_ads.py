"""Corner Ads for syncd: one list of campaigns, each with a daily budget that can be changed."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

from syncd import errors
from syncd.model.call import CallResult, Whole, WriteCall, WriteItem, WritePlan
from syncd.model.campaign import Campaign
from syncd.model.listing import Capabilities, Page, Reading
from syncd.model.money import AmountError, parse_amount
from syncd.model.path import Field, Kind
from syncd.model.registration import CredentialSet, Endpoint, OperationLimit, Registration
from syncd.model.update import Verdict
from syncd.ports import Intend
from syncd.providers import fields, outcomes
from syncd.providers.calls import Calls, Connected, Hide, Manner, open_transport
from syncd.providers.pai.signing import BearerKey
from syncd.providers.settings import Scope, Settings
from syncd.providers.transport import Answer
from syncd.providers.wire import split

LIST, PUT, BUDGET = "GET campaigns", "PUT campaign", "budget.daily"
FIELDS = (
    Field(path="name", kind=Kind.TEXT),
    Field(path=BUDGET, kind=Kind.AMOUNT, changeable=True, call=PUT),
)
ERRORS = {401: errors.AuthFailed, 403: errors.Forbidden}
WHOLE = {401: Whole.UNAUTHORISED, 403: Whole.FORBIDDEN, 413: Whole.TOO_LARGE, 429: Whole.THROTTLED}


def capabilities(dialect: str, _: Scope) -> Capabilities:
    writes = frozenset({PUT})
    return Capabilities(
        provider="corner", fields=FIELDS, read_batch=500, writes=writes, dialect=dialect
    )


def refusal(answer: Answer, operation: str, hide: Hide, pause: float) -> errors.ProviderError:
    said = hide(f"{operation}: HTTP {answer.status} {answer.body[:200]!r}")
    if answer.status == 429:
        return errors.Throttled(said, retry_after=pause)
    usual = errors.ProviderDown if answer.status >= 500 else errors.CallRefused
    return ERRORS.get(answer.status, usual)(said, status=answer.status)


def campaign(row: bytes, currency: str | None) -> Campaign:
    found = fields.row_object(row)  # strict: decimals stay exact, no key comes twice
    return Campaign(
        external_id=fields.identifier(found.get("id"), "id"),
        name=fields.clean(fields.text(found.get("name"), "name"))[0],
        raw=row,
        currency=currency,
        budgets={"daily": fields.amount(found.get("daily"), "daily")},
    )


def flaw(item: WriteItem) -> Verdict | None:
    if item.is_create or item.changes.keys() != {BUDGET}:
        return outcomes.refused("not_changeable", f"Corner Ads changes {BUDGET} alone")
    try:
        parse_amount(item.changes[BUDGET] or "", scale=2)
    except AmountError as error:
        return outcomes.refused("bad_amount", str(error))
    return None


class Corner(Connected):
    def __init__(self, settings: Settings) -> None:
        key, manner = BearerKey(settings.credentials), Manner(title="Corner Ads", refusal=refusal)
        calls = Calls(settings, open_transport(settings), key, manner)
        super().__init__(capabilities(settings.dialect, settings.scope), calls)
        self.currency = settings.currency if isinstance(settings.currency, str) else None

    async def pages(self) -> AsyncGenerator[Page, None]:
        yield await self._calls.read(self._calls.request(LIST, "GET", "/campaigns"), self.page)

    def page(self, answer: Answer) -> Page:
        envelope, rows = split(answer.body, "campaigns", LIST)
        good, bad = [], []
        for row in rows or ():
            try:
                good.append(campaign(row, self.currency))
            except fields.RowError as error:
                bad.append(fields.bad_row(row, str(error)))
        is_whole = rows is not None and envelope.get("total") == len(rows)
        return Page(label="all", campaigns=(*good,), bad=(*bad,), is_whole=is_whole)

    async def read(self, ids: Sequence[str]) -> Reading:
        (page,) = [page async for page in self.pages()]
        shown = {one.external_id: one for one in page.campaigns if one.external_id in ids}
        return Reading(campaigns=shown, is_whole=page.is_whole and not page.bad)

    def plan(self, items: Sequence[WriteItem]) -> WritePlan:
        flaws = {item.external_id: why for item in items if (why := flaw(item))}
        good = [item for item in items if item.external_id not in flaws]
        calls = tuple(WriteCall(operation=PUT, items=(item,)) for item in good)
        return WritePlan(calls=calls, refused=flaws)

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        (item,) = call.items
        body = b'{"daily": %b}' % (item.changes[BUDGET] or "").encode()
        try:
            ready = await self._calls.ready(PUT)
        except errors.ProviderError as error:
            return outcomes.held_back(call.items, error)  # nothing has left
        request = self._calls.request(PUT, "PUT", f"/campaigns/{item.external_id}", body)
        try:
            answer = await self._calls.write(request, ready, intend)
        except errors.ProviderError as error:
            return outcomes.failed(call.items, error)  # nobody knows: a read has to tell
        status, is_done = answer.status, False
        said = outcomes.Said(code=f"http-{status}", text=self._calls.hide(f"{answer.body[:200]!r}"))
        if status in WHOLE:
            return outcomes.unjudged(call.items, WHOLE[status], said, status)
        if 400 <= status <= 499:
            return outcomes.rejected(call.items, said, status)
        with suppress(fields.RowError):
            shown = campaign(answer.body, None)
            is_it = status == 200 and shown.external_id == item.external_id
            is_done = is_it and shown.values[BUDGET] == item.changes[BUDGET]
        if is_done:
            return outcomes.applied(call.items, status)
        return outcomes.undecided(call.items, said, status)

    async def find(self, create: WriteItem) -> Reading:  # noqa: ARG002 (nothing is created)
        return Reading(is_whole=False)


REGISTRATION = Registration(
    name="corner",
    title="Corner Ads",
    endpoints=(Endpoint(host="api.corner-ads.example", path="/v1"),),
    credentials=(CredentialSet(required=("api_key",), identity="api_key"),),
    limits=(OperationLimit(key="default", written="5/1s"),),
    amounts=(BUDGET,),
    bench=("-m", "corner_bench"),
    open=Corner,
    capabilities=capabilities,
)
