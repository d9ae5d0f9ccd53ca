"""Checks of writes on a sound provider: what an adapter says of every item is what happened to it,
and a read shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from syncd.conformance.check import check
from syncd.conformance.ending import NotApplicable, counted, demand
from syncd.conformance.rehearsal import Attempt, Rehearsal, rehearsed, sample
from syncd.conformance.sending import flaws, send
from syncd.conformance.stand import Stand
from syncd.conformance.truth import is_same
from syncd.model.call import WriteItem
from syncd.model.path import DELETED, Field, Kind, field_of
from syncd.model.update import Outcome

_SEVERAL: Final = 7
_FEW: Final = 3


@check("mapping/changes")
async def changes(stand: Stand) -> str:
    """Every path that can be changed is changed: the verdict, the provider's own truth and a read
    afterwards say the same."""
    rehearsal = await rehearsed(stand)
    attempts = [one for one in rehearsal.attempts if not one.sample.item.is_create]
    findings = [found for one in attempts for found in (*flaws(one.sent), *read_back(stand, one))]
    paths = [one for one in stand.capabilities.fields if one.changeable]
    if not paths:
        raise NotApplicable("the adapter declares no path that can be changed")
    for one in paths:
        findings += _never(rehearsal, attempts, one)
    demand(findings)
    return f"{counted(len(paths), 'path')} by {counted(len(attempts), 'call')}"


@check("mapping/creates")
async def creates(stand: Stand) -> str:
    """A campaign can be created with every path that says so, under the id that the provider gave
    to it."""
    if not stand.capabilities.creates:
        raise NotApplicable("the adapter declares that no campaigns are created here")
    rehearsal = await rehearsed(stand)
    attempts = [one for one in rehearsal.attempts if one.sample.item.is_create]
    findings = [found for one in attempts for found in (*flaws(one.sent), *read_back(stand, one))]
    paths = [one for one in stand.capabilities.fields if one.creatable]
    for one in paths:
        findings += _never(rehearsal, attempts, one)
    demand(findings)
    return f"{counted(len(paths), 'path')} by {counted(len(attempts), 'call')}"


@check("mapping/operations")
async def operations(stand: Stand) -> str:
    """Every operation that is declared as a write can be brought about, and no other one writes;
    the open adapter declares what its registration does."""
    rehearsal = await rehearsed(stand)
    declared = stand.capabilities.writes
    seen = {one.sent.call.operation for one in rehearsal.attempts}
    findings = [f"{one} writes and is not declared" for one in sorted(seen - declared)]
    findings += [f"{one} was never applied" for one in sorted(declared - rehearsal.ways.keys())]
    if stand.reader.capabilities != stand.capabilities:
        findings.append("the open adapter has other capabilities than its registration tells")
    demand(findings)
    return ", ".join(sorted(declared))


@check("mapping/several")
async def several(stand: Stand) -> str:
    """Of several campaigns in one plan, one of which the provider no longer has, each gets its own
    verdict: the lost one is never told applied, and the others are not touched by it."""
    rehearsal = await rehearsed(stand)
    items = await _of_one_way(stand, rehearsal)
    if len(items) < _FEW:
        raise NotApplicable("no change can be made to several campaigns: see mapping/changes")
    lost = items[len(items) // 2].external_id
    await stand.bench.admin.play("remove", ids=[lost])
    try:
        calls = stand.reader.plan(items).calls
        every = [await send(stand, stand.reader, call) for call in calls]
    finally:
        await stand.bench.admin.act("restore", ids=[lost])
    findings = [found for sent in every for found in flaws(sent)]
    verdicts = {id_: one for sent in every for id_, one in sent.result.verdicts.items()}
    if verdicts.keys() != {item.external_id for item in items}:
        findings.append(f"{len(items)} were planned, {len(verdicts)} have a verdict")
    applied = [id_ for id_, one in verdicts.items() if one.outcome is Outcome.APPLIED]
    if lost in applied:
        findings.append(f"{lost} is told applied, and the provider does not have it")
    if not applied:
        findings.append("none is told applied")
    demand(findings)
    return f"{len(items)} campaigns in {counted(len(calls), 'call')}, {len(applied)} applied"


async def _of_one_way(stand: Stand, rehearsal: Rehearsal) -> list[WriteItem]:
    """The same change for several campaigns."""
    best: dict[str, WriteItem] = {}
    for way in rehearsal.ways.values():
        if way.label == DELETED:
            continue
        items: dict[str, WriteItem] = {}
        for _ in range(_SEVERAL):
            found = await sample(stand, rehearsal, way.label)
            if found is not None and not found.item.is_create:
                items[found.item.external_id] = found.item
        best = max(best, items, key=len)
        if len(best) == _SEVERAL:
            break
    return [*best.values()]


def read_back(stand: Stand, attempt: Attempt) -> Iterator[str]:
    """Where a read does not show what was told applied."""
    if not attempt.is_applied or attempt.is_pending:
        return
    name, sample = attempt.sent.call.operation, attempt.sample
    if attempt.after is None:
        yield f"{name}: a read does not show the campaign that was changed"
        return
    for path, wanted in sample.item.changes.items():
        declared = field_of(stand.capabilities.fields, path)
        kind = Kind.TEXT if declared is None else declared.kind
        given = attempt.after.get(path)
        if not is_same(kind, given, wanted):
            yield f"{name}: {path} was set to {wanted!r}, and a read shows {given!r}"


def _never(rehearsal: Rehearsal, attempts: list[Attempt], field: Field) -> Iterator[str]:
    """A finding where nothing ever set this path, with the last reason."""
    about = [one for one in attempts if any(map(field.covers, one.sample.item.changes))]
    if any(one.is_applied for one in about):
        return
    if about:
        yield f"{field.path} was never set: {about[-1].words}"
        return
    why = [
        said
        for label, said in rehearsal.refusals.items()
        if field.path in label or (field.path == DELETED and label == DELETED)
    ]
    yield f"{field.path} was never sent: {why[-1] if why else 'nothing could be proposed'}"


CHECKS: Final = (changes, creates, operations, several)
