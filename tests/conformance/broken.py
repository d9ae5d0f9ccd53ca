"""Adapters with one thing wrong each, for the kit to find."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from syncd.config.catalogue import BUILT_IN
from syncd.conformance import Subject
from syncd.errors import ProviderDown, ProviderError
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, Whole, WriteCall, WriteItem, WritePlan
from syncd.model.campaign import Campaign, Status
from syncd.model.listing import Capabilities, Page, Reading
from syncd.model.update import Outcome, Verdict
from syncd.ports import Intend, Provider
from syncd.providers import registry
from syncd.providers.settings import Settings


class Adapter:
    """A sound adapter, to be spoilt in one place."""

    def __init__(self, sound: Any) -> None:
        self.sound = sound

    @property
    def capabilities(self) -> Capabilities:
        found: Capabilities = self.sound.capabilities
        return found

    async def pages(self) -> AsyncGenerator[Page, None]:
        async for page in self.sound.pages():
            yield page

    async def read(self, ids: Sequence[str]) -> Reading:
        found: Reading = await self.sound.read(ids)
        return found

    def plan(self, items: Sequence[WriteItem]) -> WritePlan:
        found: WritePlan = self.sound.plan(items)
        return found

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        found: CallResult = await self.sound.write(call, intend)
        return found

    async def find(self, create: WriteItem) -> Reading:
        found: Reading = await self.sound.find(create)
        return found


class LosesTheLast(Adapter):
    """A page's last row never comes."""

    async def pages(self) -> AsyncGenerator[Page, None]:
        async for page in super().pages():
            yield replace(page, campaigns=page.campaigns[:-1])


class LosesTheLastAtTimes(Adapter):
    """A page's last row comes in every other listing."""

    count = 0

    async def pages(self) -> AsyncGenerator[Page, None]:
        self.count += 1
        kept = -1 if self.count % 2 else None
        async for page in super().pages():
            yield replace(page, campaigns=page.campaigns[:kept])


class EndsInSilence(Adapter):
    """What breaks a listing is taken for its end."""

    async def pages(self) -> AsyncGenerator[Page, None]:
        try:
            async for page in super().pages():
                yield page
        except ProviderError:
            return


class TrustsPages(Adapter):
    """Every listing is whole, whatever was counted."""

    async def pages(self) -> AsyncGenerator[Page, None]:
        async for page in super().pages():
            yield replace(page, is_whole=True)


class ShowsCampaigns(Adapter):
    """Campaigns are changed on their way out of the adapter."""

    def shown(self, one: Campaign) -> Campaign:
        raise NotImplementedError

    async def pages(self) -> AsyncGenerator[Page, None]:
        async for page in super().pages():
            yield replace(page, campaigns=tuple(map(self.shown, page.campaigns)))

    async def read(self, ids: Sequence[str]) -> Reading:
        reading = await super().read(ids)
        shown = {id_: self.shown(one) for id_, one in reading.campaigns.items()}
        return replace(reading, campaigns=shown)


class CountsInFloats(ShowsCampaigns):
    """Amounts pass through a binary number of few digits."""

    def shown(self, one: Campaign) -> Campaign:
        budgets = {
            period: Decimal(f"{float(amount):.7g}") if isinstance(amount, Decimal) else amount
            for period, amount in one.budgets.items()
        }
        return replace(one, budgets=budgets)


class TakesChinaForUtc(ShowsCampaigns):
    """A provider's own clock is taken for UTC."""

    def shown(self, one: Campaign) -> Campaign:
        late = dt.timedelta(hours=8)
        return replace(one, created_at=one.created_at and one.created_at + late)


class NeverTheSame(ShowsCampaigns):
    """Something of the moment stands in the raw row."""

    count = 0

    def shown(self, one: Campaign) -> Campaign:
        self.count += 1
        return replace(one, raw=one.raw + b" " * self.count)


class GuessesStatus(ShowsCampaigns):
    """A status that nobody knows is taken for paused."""

    def shown(self, one: Campaign) -> Campaign:
        return one if one.status is not Status.NONE else replace(one, status=Status.PAUSED)


class RewritesRows(ShowsCampaigns):
    """Only what is known stays in the raw row."""

    def shown(self, one: Campaign) -> Campaign:
        return replace(one, raw=repr(sorted(one.values.items())).encode())


class ShoutsNames(ShowsCampaigns):
    """Names are shown in a form of the adapter's own."""

    def shown(self, one: Campaign) -> Campaign:
        return replace(one, name=one.name.upper())


class TellsTheOtherDialect(Adapter):
    """Every page bears the marks of the other dialect."""

    async def pages(self) -> AsyncGenerator[Page, None]:
        async for page in super().pages():
            yield replace(page, dialect="current")


class BuriesInTrouble(Adapter):
    """What cannot be read is told gone."""

    async def read(self, ids: Sequence[str]) -> Reading:
        try:
            return await super().read(ids)
        except ProviderDown:
            return Reading(gone=frozenset(ids))


class ReadsNothing(Adapter):
    """A read of one campaign comes back empty and whole."""

    async def read(self, ids: Sequence[str]) -> Reading:
        return Reading() if len(ids) == 1 else await super().read(ids)


class Judges(Adapter):
    """What comes of a call is changed on its way out of the adapter."""

    def judged(self, call: WriteCall, result: CallResult) -> CallResult:
        raise NotImplementedError

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        return self.judged(call, await super().write(call, intend))


def _every(call: WriteCall, verdict: Verdict) -> Mapping[str, Verdict]:
    return {item.external_id: verdict for item in call.items}


class ForgetsItems(Judges):
    """Only the first campaign of a call gets a verdict."""

    def judged(self, call: WriteCall, result: CallResult) -> CallResult:
        return replace(result, verdicts=dict([*result.verdicts.items()][:1]))


class MixesUpItems(Judges):
    """Each campaign gets the verdict of another."""

    def judged(self, call: WriteCall, result: CallResult) -> CallResult:
        ids = [*result.verdicts]
        return replace(
            result,
            verdicts=dict(zip(ids, reversed([*result.verdicts.values()]), strict=True)),
        )


class TakesFailuresForNo(Judges):
    """An HTTP 500 is taken for a refusal."""

    def judged(self, call: WriteCall, result: CallResult) -> CallResult:
        if result.status != 500:
            return result
        return replace(result, verdicts=_every(call, Verdict(outcome=Outcome.REJECTED)))


class TakesFailuresForYes(Judges):
    """An answer that cannot be read is taken for a yes."""

    def judged(self, call: WriteCall, result: CallResult) -> CallResult:
        if result.status != 200 or result.whole is not None:
            return result
        return replace(result, verdicts=_every(call, Verdict(outcome=Outcome.APPLIED)))


class TakesSilenceForNotSent(Judges):
    """A connection that broke is taken for one that never was."""

    def judged(self, call: WriteCall, result: CallResult) -> CallResult:
        if result.status is not None or result.whole is not None:
            return result
        verdict = Verdict(outcome=Outcome.NOT_JUDGED)
        return replace(result, whole=Whole.NOT_SENT, verdicts=_every(call, verdict))


class BlamesItems(Judges):
    """A refusal of the whole call is told of its items."""

    def judged(self, call: WriteCall, result: CallResult) -> CallResult:
        if result.whole is None:
            return result
        return replace(result, whole=None, verdicts=_every(call, Verdict(outcome=Outcome.REJECTED)))


class ForgetsTheNewId(Judges):
    """What was created is not named."""

    def judged(self, call: WriteCall, result: CallResult) -> CallResult:
        verdicts = {id_: replace(one, created_id=None) for id_, one in result.verdicts.items()}
        return replace(result, verdicts=verdicts)


class SendsAgain(Adapter):
    """A write that failed is sent once more."""

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        result = await super().write(call, intend)
        return result if result.status != 503 else await super().write(call, intend)


class IntendsNothing(Adapter):
    """A write leaves without its intent."""

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        async def silent(_: Outgoing) -> None:
            return None

        return await super().write(call, silent)


class Rounds(Adapter):
    """Amounts are sent without their cents."""

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        items = tuple(
            replace(
                item,
                changes={
                    path: value.partition(".")[0] if value and "budget" in path else value
                    for path, value in item.changes.items()
                },
            )
            for item in call.items
        )
        return await super().write(replace(call, items=items), intend)


class SendsEverything(Adapter):
    """A path that cannot be changed is sent all the same."""

    def plan(self, items: Sequence[WriteItem]) -> WritePlan:
        plan = super().plan(items)
        refused = {id_: one for id_, one in plan.refused.items() if one.code != "not_changeable"}
        return replace(plan, refused=refused)


class SendsTheRest(Adapter):
    """A path that cannot be changed is left out of what is sent, where there is something else."""

    def plan(self, items: Sequence[WriteItem]) -> WritePlan:
        return super().plan([_narrowed(item) for item in items])


def _narrowed(item: WriteItem) -> WriteItem:
    known = {path: value for path, value in item.changes.items() if path in {"name", "note"}}
    return replace(item, changes=known) if known else item


class HidesAnOperation(Adapter):
    """A write is not among the declared ones."""

    @property
    def capabilities(self) -> Capabilities:
        known = super().capabilities
        return replace(known, writes=frozenset(sorted(known.writes)[1:]))


class FindsNothing(Adapter):
    """A create whose answer was lost is never found."""

    async def find(self, create: WriteItem) -> Reading:
        return replace(await super().find(create), campaigns={})


class NeverFreezes(Adapter):
    """Throttling is told, and nobody waits."""

    def __init__(self, sound: Any) -> None:
        super().__init__(sound)

        async def ignore(_seconds: float, _reason: str) -> None:
            return None

        sound._calls.freeze = ignore  # noqa: SLF001 - what it is made of is what is spoilt


class NeverRenews(Adapter):
    """A token that ended is not replaced."""

    def __init__(self, sound: Any) -> None:
        super().__init__(sound)
        sound._calls._signer.drop = lambda _key: False  # noqa: SLF001 - as above


class Talks(Adapter):
    """What a provider says is shown as it is."""

    def __init__(self, sound: Any) -> None:
        super().__init__(sound)
        sound._calls._signer.hide = lambda text: text  # noqa: SLF001 - as above


@dataclass(frozen=True, kw_only=True)
class Planted:
    """An adapter that is wrong, and the check that has to say so."""

    provider: str
    adapter: Callable[[Any], Provider]
    check: str

    def __str__(self) -> str:
        return f"{self.provider} {getattr(self.adapter, '__name__', '')} {self.check}"

    @property
    def subject(self) -> Subject:
        """What the kit is given."""

        @asynccontextmanager
        async def opened(settings: Settings) -> AsyncIterator[Provider]:
            async with registry.opened(settings) as sound:
                yield self.adapter(sound)

        return Subject(registration=BUILT_IN[self.provider], opened=opened)


PLANTED = tuple(
    Planted(provider=provider, adapter=adapter, check=check)
    for provider, adapter, check in (
        ("criteo", LosesTheLast, "paging/whole"),
        ("pai", EndsInSilence, "paging/cut"),
        ("icas", TrustsPages, "paging/drift"),
        ("icas", TrustsPages, "paging/stuck"),
        ("criteo", CountsInFloats, "money/read"),
        ("criteo", Rounds, "money/write"),
        ("pai", TakesChinaForUtc, "times/round-trip"),
        ("pai", NeverTheSame, "steady/pull-twice"),
        ("criteo", LosesTheLastAtTimes, "steady/pull-twice"),
        ("pai", ReadsNothing, "steady/read-alike"),
        ("pai", ShoutsNames, "steady/push-then-plan"),
        ("voipbin", GuessesStatus, "unknown/words"),
        ("pai", RewritesRows, "unknown/fields"),
        ("criteo", TellsTheOtherDialect, "dialect/own"),
        ("pai", BuriesInTrouble, "reads/500"),
        ("criteo", ForgetsItems, "mapping/several"),
        ("criteo", MixesUpItems, "mapping/several"),
        ("pai", ShoutsNames, "mapping/changes"),
        ("pai", ForgetsTheNewId, "mapping/creates"),
        ("pai", HidesAnOperation, "mapping/operations"),
        ("criteo", SendsEverything, "readonly/changes"),
        ("pai", SendsTheRest, "readonly/changes"),
        ("pai", SendsTheRest, "readonly/creates"),
        ("criteo", TakesFailuresForNo, "writes/500"),
        ("criteo", TakesFailuresForYes, "writes/malformed"),
        ("pai", TakesSilenceForNotSent, "writes/reset"),
        ("pai", BlamesItems, "writes/401"),
        ("pai", BlamesItems, "writes/429"),
        ("pai", SendsAgain, "writes/503"),
        ("pai", IntendsNothing, "mapping/changes"),
        ("pai", FindsNothing, "storm/lost-after"),
        ("pai", TakesSilenceForNotSent, "storm/lost-before"),
        ("criteo", NeverFreezes, "storm/throttled-write"),
        ("criteo", NeverRenews, "storm/tokens-pull"),
        ("criteo", Talks, "secrets/told"),
    )
)
