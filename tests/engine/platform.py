"""A provider in memory whose answers a test scripts, and an account of the engine that joins it to
the real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from syncd.engine.account import Account
from syncd.engine.events import Event
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, Whole, WriteCall, WriteItem, WritePlan
from syncd.model.guard import Rules
from syncd.model.listing import BadRow, Capabilities, Page, Reading
from syncd.model.update import Outcome, Verdict
from syncd.ports import Intend
from syncd.store.records import Records
from tests.store.parts import FIELDS, Parts, campaign

Script = Callable[["Platform", WriteCall], Awaitable[CallResult]]
CAPABILITIES = Capabilities(
    provider="criteo",
    fields=FIELDS,
    read_batch=50,
    writes=frozenset({"PATCH"}),
)


@dataclass
class Platform:
    """`daily` is every campaign's budget; `before` runs ahead of each intent, `between` when it is
    committed and nothing has left, `script` answers a write; `reads` may raise; `finds` is what a
    search for a create shows; `bad` and `notes` spoil the first page."""

    daily: dict[str, str]
    script: Script
    before: Callable[[WriteCall], Awaitable[None]] | None = None
    between: Callable[[WriteCall], Awaitable[None]] | None = None
    reads: Callable[[Sequence[str]], Reading | None] = lambda _ids: None
    finds: Callable[[WriteItem], Reading] = lambda _create: Reading()
    page: Callable[[int], None] = lambda _number: None
    bad: tuple[BadRow, ...] = ()
    notes: tuple[str, ...] = ()
    size: int = 3
    batch: int = 50
    offer: Capabilities = CAPABILITIES
    calls: list[tuple[str, ...]] = field(default_factory=list)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def capabilities(self) -> Capabilities:
        return self.offer

    async def pages(self) -> AsyncGenerator[Page, None]:
        ids = sorted(self.daily)
        for number, start in enumerate(range(0, max(len(ids), 1), self.size)):
            self.page(number)
            shown = tuple(campaign(one, self.daily[one]) for one in ids[start : start + self.size])
            first = number == 0
            yield Page(
                label=f"page {number}",
                campaigns=shown,
                bad=self.bad if first else (),
                is_whole=not (first and self.notes),
                notes=self.notes if first else (),
            )

    async def read(self, ids: Sequence[str]) -> Reading:
        self.asked.append(tuple(ids))
        shown = {one: campaign(one, self.daily[one]) for one in ids if one in self.daily}
        return self.reads(ids) or Reading(campaigns=shown)

    def plan(self, items: Sequence[WriteItem]) -> WritePlan:
        groups = [tuple(items[at : at + self.batch]) for at in range(0, len(items), self.batch)]
        return WritePlan(calls=tuple(WriteCall(operation="PATCH", items=one) for one in groups))

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        if self.before is not None:
            await self.before(call)
        last_word = await intend(Outgoing("PATCH", "/campaigns", repr(call).encode()))
        if self.between is not None:
            await self.between(call)
        if last_word is not None:
            await last_word()
        self.calls.append(tuple(item.external_id for item in call.items))
        return await self.script(self, call)

    async def find(self, create: WriteItem) -> Reading:
        return self.finds(create)


async def apply(platform: Platform, call: WriteCall) -> CallResult:
    """Everything is taken as asked."""
    for item in call.items:
        platform.daily[item.external_id] = item.changes["budget.daily"] or ""
    return answered(call, Verdict(outcome=Outcome.APPLIED))


def answered(call: WriteCall, verdict: Verdict, **other: Any) -> CallResult:
    """One verdict for all."""
    verdicts = {item.external_id: verdict for item in call.items}
    return replace(CallResult(verdicts=verdicts, status=200), **other)


def refused(whole: Whole, status: int | None = 400) -> Script:
    """The whole call is refused without a look at any item."""

    async def answer(_platform: Platform, call: WriteCall) -> CallResult:
        verdict = Verdict(
            outcome=Outcome.NOT_JUDGED, code=whole.value, message=f"all {whole.value}"
        )
        return answered(call, verdict, whole=whole, status=status, message=f"all {whole.value}")

    return answer


@dataclass
class Bench:
    """An account at work: the platform, the store's parts, what was observed."""

    platform: Platform
    parts: Parts
    account: Account
    events: list[Event]
    stopping: asyncio.Event

    async def states(self, ids: Sequence[int]) -> list[str]:
        rows: Mapping[int, str] = {
            row["id"]: row["state"]
            for row in await self.parts.sql.fetch("SELECT id, state::text FROM syncd.updates")
        }
        return [rows[one] for one in ids]


def bench(parts: Parts, daily: Mapping[str, str], script: Script = apply) -> Bench:
    """An account with these campaigns at the platform."""
    events: list[Event] = []
    stopping = asyncio.Event()
    platform = Platform(daily=dict(daily), script=script)
    account = Account(
        name=parts.name,
        provider=platform,
        mirror=parts.mirror,
        outbox=parts.outbox,
        queue=parts.outbox,
        records=Records(parts.database, parts.number, parts.lease.epoch),
        unknowns=parts.unknowns,
        runs=parts.runs,
        tenure=parts.lease,
        observe=events.append,
        started_by="test",
        is_stopping=stopping.is_set,
        batch=50,
        in_flight=4,
        request_timeout=20.0,
        rules=Rules(fields=platform.capabilities.fields),
    )
    return Bench(platform, parts, account, events, stopping)
