"""Checks of writes to which something goes wrong: nothing is told applied or refused that was not,
nothing is sent twice, and a call that judged nothing says why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from syncd.conformance.check import Check
from syncd.conformance.ending import NotApplicable, counted, demand
from syncd.conformance.rehearsal import Way, rehearsed, sample
from syncd.conformance.sending import Sent, flaws, send
from syncd.conformance.stand import Stand
from syncd.conformance.troubles import TROUBLES, Trouble

_TRIES: Final = 5


async def _troubled(trouble: Trouble, stand: Stand) -> str:
    """Every write operation meets the trouble at each of its stages."""
    rehearsal = await rehearsed(stand)
    if not rehearsal.ways:
        raise NotApplicable("no write could be brought about: see mapping/changes")
    findings, count = list[str](), 0
    for way in rehearsal.ways.values():
        for stage in _stages(way, trouble):
            sent = await _meeting(stand, way, trouble, stage)
            if sent is None:
                findings.append(f"{way.operation}: nothing is left to send")
                continue
            count += 1
            findings += (f"{stage}: {found}" for found in _findings(sent, way, trouble))
    demand(findings)
    return f"{counted(count, 'call')} by {counted(len(rehearsal.ways), 'operation')}"


def _stages(way: Way, trouble: Trouble) -> Sequence[str]:
    """Where an empty answer is the usual yes, it is a yes whatever was done before it."""
    if way.is_empty and trouble.kind == "empty":
        return [stage for stage in trouble.when if stage != "before"]
    return trouble.when


async def _meeting(stand: Stand, way: Way, trouble: Trouble, stage: str) -> Sent | None:
    """One send that meets the trouble; after the fact only where there is a fact. None where
    nothing is left to send."""
    for _ in range(_TRIES):
        found = await sample(stand, await rehearsed(stand), way.label, way.operation)
        if found is None:
            break
        async with stand.adapter() as adapter:
            await stand.bench.admin.arm(
                trouble.kind, operation=way.at, when=stage, name="trouble", **trouble.for_writes
            )
            sent = await send(stand, adapter, found.call)
            await stand.bench.admin.act("faults/clear", name="trouble")
        if stage != "after" or sent.is_applied:
            return sent
    return None


def _findings(sent: Sent, way: Way, trouble: Trouble) -> Iterator[str]:
    """What is wrong with what the adapter made of it."""
    yield from flaws(sent)
    words = trouble.words
    if trouble.hides_empty and way.is_empty:
        words = words | {"applied"}
    if sent.word not in words:
        yield f"{way.operation} is told {sent.word}, not {' or '.join(sorted(words))}"
    if not sent.writes:
        yield f"{way.operation} was not sent: {sent.result.message}"
    strays = [one["path"] for one in sent.arrivals if one["path"].startswith("/elsewhere")]
    yield from (f"{way.operation} went on to {path}" for path in strays)


def _check(trouble: Trouble) -> Check:
    return Check(
        name=f"writes/{trouble.name}",
        sentence=trouble.sentence,
        run=partial(_troubled, trouble),
    )


CHECKS: Final = tuple(map(_check, TROUBLES))
