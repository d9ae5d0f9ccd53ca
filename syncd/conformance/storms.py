"""Checks of a bad day: throttling in the middle of a listing, answers that never come although the
change was made, tokens that end meanwhile. What comes of it is decided as a pass would decide
it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from syncd.conformance.check import check
from syncd.conformance.ending import NotApplicable, demand
from syncd.conformance.listing import pulled
from syncd.conformance.paging import lost, pulled_first, untrue
from syncd.conformance.rehearsal import Sample, Way, rehearsed, sample, shown
from syncd.conformance.sending import Sent, flaws, send
from syncd.conformance.stand import Stand
from syncd.conformance.truth import truth
from syncd.limiter import Limits
from syncd.model.call import Whole
from syncd.model.recovery import SEARCHES, Resolution, Unknown, resolve, resolve_create
from syncd.model.update import State

_SHORT: Final = 0.3
_LONG: Final = 20.0
_PAUSE: Final = {"status": 429, "headers": {"Retry-After": "1"}}


@check("storm/throttled-pull")
async def throttled_pull(stand: Stand) -> str:
    """A listing that is throttled in its middle waits for as long as it was told, and shows
    everything."""
    await stand.arrivals()
    await pulled(stand.reader)
    middle = 1 + len(await stand.arrivals()) // 2
    async with stand.adapter() as adapter:
        await pulled_first(adapter)
        await stand.bench.admin.arm("status", nth=middle, **_PAUSE)
        pull = await pulled(adapter)
    real = await truth(stand.bench.admin, stand.capabilities.fields)
    findings = await lost(stand.capabilities.gone, stand.reader, pull, real)
    if not pull.claims_all:
        findings.append(f"it ends {pull.end}: {pull.error}")
    demand([*findings, *untrue(stand, pull, real)])
    return f"throttled at request {middle}: {pull.end}"


@check("storm/throttled-write")
async def throttled_write(stand: Stand) -> str:
    """After a write that was throttled nothing leaves until the provider lets it."""
    way, found = await _first(stand)
    limits = Limits([], patience=0.0, on_freeze=None)
    async with stand.adapter(limits=limits) as adapter:
        await stand.bench.admin.arm("status", operation=way.at, **_PAUSE)
        first = await send(stand, adapter, found.call)
        second = await send(stand, adapter, found.call)
    findings = [*flaws(first), *flaws(second)]
    if first.result.whole is not Whole.THROTTLED:
        findings.append(f"the first is told {first.word}")
    if second.writes:
        findings.append("the second left at once")
    if limits.frozen_for() <= 0:
        findings.append("the account's limits are not frozen")
    demand(findings)
    return f"the next one is told {second.word}"


@check("storm/tokens-pull")
async def tokens_pull(stand: Stand) -> str:
    """Tokens that end in the middle of a listing are renewed, and the listing shows everything."""
    async with stand.adapter() as adapter:
        await pulled_first(adapter)
        if not (await stand.bench.admin.play("tokens/expire")).get("expired"):
            raise NotApplicable("the bench has no tokens that could end")
        pull = await pulled(adapter)
    real = await truth(stand.bench.admin, stand.capabilities.fields)
    findings = await lost(stand.capabilities.gone, stand.reader, pull, real)
    if not pull.claims_all:
        findings.append(f"it ends {pull.end}: {pull.error}")
    demand([*findings, *untrue(stand, pull, real)])
    return pull.end


@check("storm/tokens-write")
async def tokens_write(stand: Stand) -> str:
    """A write whose token has ended is told as not judged, never as done; the next one is."""
    way, found = await _first(stand)
    async with stand.adapter() as adapter:
        await pulled_first(adapter)
        if not (await stand.bench.admin.play("tokens/expire")).get("expired"):
            raise NotApplicable("the bench has no tokens that could end")
        first = await send(stand, adapter, found.call)
        findings = [*flaws(first)]
        if first.result.whole is not Whole.UNAUTHORISED and not first.is_applied:
            findings.append(f"{way.operation} with an ended token is told {first.word}")
        second = await send(stand, adapter, found.call)
        findings += flaws(second)
        if second.word not in ("applied", "rejected"):
            findings.append(f"the next one is told {second.word}")
    demand(findings)
    return f"{first.word}, then {second.word}"


@check("storm/lost-after")
async def lost_after(stand: Stand) -> str:
    """Every write whose answer never comes although it was done is unknown; one read finds out that
    it was done, so that it is not sent again."""
    return await _recovered(stand, is_done=True)


@check("storm/lost-before")
async def lost_before(stand: Stand) -> str:
    """Every write whose connection breaks before anything was done is unknown; one read finds out
    that nothing was done."""
    return await _recovered(stand, is_done=False)


async def _recovered(stand: Stand, *, is_done: bool) -> str:
    rehearsal = await rehearsed(stand)
    if not rehearsal.ways:
        raise NotApplicable("nothing could be changed: see mapping/changes")
    findings, ends = list[str](), []
    for way in rehearsal.ways.values():
        found = await _decidable(stand, way)
        if found is None:
            findings.append(f"{way.operation}: nothing is left to send")
            continue
        before = set((await _alike(stand, found)) or ()) if found.item.is_create else set()
        sent = await _unanswered(stand, way, found, is_done=is_done)
        findings += [*flaws(sent), *_unlike_unknown(way, sent, is_done=is_done)]
        decided = await _decided(stand, found, before)
        findings += _misjudged(way, sent, decided)
        ends.append(f"{way.operation} {decided.state}")
    demand(findings)
    return ", ".join(ends)


async def _unanswered(stand: Stand, way: Way, found: Sample, *, is_done: bool) -> Sent:
    """A send whose answer does not come: held back for good, or cut before anything is done."""
    kind, when = ("hold", "after") if is_done else ("reset", "before")
    seconds = _SHORT if is_done else _LONG
    async with (
        _armed(stand, kind, operation=way.at, when=when),
        stand.adapter(request_timeout=seconds) as adapter,
    ):
        await pulled_first(adapter)
        return await send(stand, adapter, found.call)


@asynccontextmanager
async def _armed(stand: Stand, kind: str, **wanted: Any) -> AsyncIterator[None]:
    await stand.bench.admin.arm(kind, **wanted)
    try:
        yield
    finally:
        await stand.bench.admin.act("faults/clear")


async def _decidable(stand: Stand, way: Way) -> Sample | None:
    """A sample whose outcome a read can tell: every value is to be another than it was."""
    rehearsal = await rehearsed(stand)
    for _ in range(5):
        found = await sample(stand, rehearsal, way.label, way.operation)
        if found is not None and all(
            found.before.get(path) != value for path, value in found.item.changes.items()
        ):
            return found
    return None


async def _decided(stand: Stand, found: Sample, before: set[str]) -> Resolution:
    """What a pass would make of it after one read; of a create, after its last search."""
    item = found.item
    unknown = Unknown(
        update_id=1,
        external_id=item.external_id,
        sent=item.changes,
        before={path: found.before.get(path) for path in item.changes},
        repeats=0,
        searches=SEARCHES - 1,
        seconds_left=0.0,
        is_late=False,
        is_create=item.is_create,
    )
    if item.is_create:
        alike = await _alike(stand, found) or ()
        return resolve_create(unknown, sorted(set(alike) - before))
    values = shown(await stand.reader.read([item.external_id]))
    return resolve(unknown, values.get(item.external_id))


async def _alike(stand: Stand, found: Sample) -> Sequence[str] | None:
    """Campaigns that a create may have made; None where that cannot be told."""
    reading = await stand.reader.find(found.item)
    return sorted(reading.campaigns) if reading.is_whole else None


def _unlike_unknown(way: Way, sent: Sent, *, is_done: bool) -> Iterator[str]:
    if sent.word != "unknown":
        yield f"{way.operation} without an answer is told {sent.word}"
    if not is_done and not sent.is_untouched:
        yield f"{way.operation} was done although its connection was cut before"


def _misjudged(way: Way, sent: Sent, decided: Resolution) -> Iterator[str]:
    """Where a read does not find out what really happened."""
    is_create = any(item.is_create for item in sent.call.items)
    wanted = State.HELD if is_create else State.QUEUED
    if sent.is_applied:
        wanted = State.APPLIED
    if decided.state is not wanted:
        yield (
            f"{way.operation} was {'' if sent.is_applied else 'not '}done, and after a read it is"
            f" {decided.state}: {decided.message}"
        )
    if decided.created_id is not None and decided.created_id != sent.created:
        yield f"{way.operation}: {decided.created_id} is found, and {sent.created} was created"


async def _first(stand: Stand) -> tuple[Way, Sample]:
    rehearsal = await rehearsed(stand)
    for way in rehearsal.ways.values():
        found = await sample(stand, rehearsal, way.label)
        if found is not None and not found.item.is_create:
            return way, found
    raise NotApplicable("nothing could be changed: see mapping/changes")


CHECKS: Final = (
    throttled_pull,
    throttled_write,
    tokens_pull,
    tokens_write,
    lost_after,
    lost_before,
)
