"""Checks of what is refused before anything leaves: paths that a provider does not take, and
creates where there are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from syncd.conformance.check import check
from syncd.conformance.ending import NotApplicable, counted, demand
from syncd.conformance.listing import pulled
from syncd.conformance.proposals import Pool, candidates, changes_of, creates_of, is_keyed
from syncd.conformance.stand import Stand
from syncd.conformance.truth import Values
from syncd.model.call import WriteItem
from syncd.model.path import Field

_UNHEARD: Final = (
    "native.nothing_like_it",
    "budget.hourly",
    "price.nothing_like_it",
    "nothing_like_it",
)


@check("readonly/changes")
async def refused_changes(stand: Stand) -> str:
    """A path that cannot be changed, or that nobody declared, is refused by the plan, alone and
    beside others; nothing leaves."""
    values = await _some_campaigns(stand)
    fields = stand.capabilities.fields
    pool = Pool(values, fields)
    refused = [one for one in fields if not one.changeable and not is_keyed(one)]
    await stand.arrivals()
    findings: list[str] = []
    for id_, shown in values.items():
        wanted = {one.path: _wanted(one, shown, pool) for one in refused}
        wanted |= dict.fromkeys(_UNHEARD, "1")
        good = _good_change(stand, id_, shown, pool)
        for path, value in wanted.items():
            for changes in ({path: value}, {**good, path: value}):
                item = WriteItem(external_id=id_, changes=changes, remote=shown)
                findings += _let_through(stand, item, path)
    findings += await _nothing_left(stand)
    demand(findings)
    return f"{counted(len(refused), 'path')} of reads alone, {len(_UNHEARD)} that nobody declared"


@check("readonly/creates")
async def refused_creates(stand: Stand) -> str:
    """A create is refused where none is offered, and one with a path that no create takes."""
    values = await _some_campaigns(stand)
    fields = stand.capabilities.fields
    await stand.arrivals()
    if not stand.capabilities.creates:
        for shown in values.values():
            demand([*_let_through(stand, _create({**shown}), "a create")])
        return "no creates are offered"
    usual = _good_create(stand, values)
    paths = [one.path for one in fields if not one.creatable and not is_keyed(one)]
    findings: list[str] = []
    for path in (*paths, *_UNHEARD):
        findings += _let_through(stand, _create({**usual, path: "1"}), path)
    findings += await _nothing_left(stand)
    demand(findings)
    return counted(len(paths) + len(_UNHEARD), "path")


@check("readonly/plan")
async def plan(stand: Stand) -> str:
    """A plan says the same of the same changes, every item stands in one call or is refused, and
    no call asks for more than was asked for."""
    values = await _some_campaigns(stand)
    fields = [one for one in stand.capabilities.fields if one.changeable and not is_keyed(one)]
    if not fields:
        raise NotApplicable("the adapter declares no path that can be changed")
    pool = Pool(values, stand.capabilities.fields)
    items = [
        WriteItem(external_id=id_, changes={field.path: value}, remote=shown)
        for (id_, shown), field in zip(values.items(), fields * len(values), strict=False)
        for _, value in [*candidates(field, shown.get(field.path), pool)][:1]
    ]
    first, again = stand.reader.plan(items), stand.reader.plan(items)
    findings = [] if first == again else ["the same items gave two plans"]
    carried = [item for call in first.calls for item in call.items]
    counts = [one.external_id for one in carried] + [*first.refused]
    if sorted(counts) != sorted(one.external_id for one in items):
        findings.append(f"{len(items)} items became {len(counts)} in calls and refusals")
    asked = {one.external_id: one.changes for one in items}
    findings += [
        f"the call for {one.external_id} asks for {dict(one.changes)}"
        for one in carried
        if not one.changes.items() <= asked.get(one.external_id, {}).items()
    ]
    demand(findings)
    return (
        f"{len(items)} items in {counted(len(first.calls), 'call')}, {len(first.refused)} refused"
    )


async def _some_campaigns(stand: Stand, count: int = 12) -> dict[str, Values]:
    pull = await pulled(stand.reader)
    if not pull.campaigns:
        raise NotApplicable("the bench shows no campaigns")
    alive = [one for one in pull.campaigns.values() if not one.is_gone]
    step = max(1, len(alive) // count)
    return {one.external_id: one.values for one in alive[::step][:count]}


def _good_change(stand: Stand, id_: str, shown: Values, pool: Pool) -> Values:
    """A change that the plan lets out; nothing where there is none."""
    for one in changes_of(stand.capabilities.fields, shown, pool):
        item = WriteItem(external_id=id_, changes=one.changes, remote=shown)
        if stand.reader.plan([item]).calls:
            return one.changes
    return {}


def _good_create(stand: Stand, values: Mapping[str, Values]) -> Values:
    """A create that the plan lets out. Raises NotApplicable where there is none."""
    for shown in values.values():
        for one in creates_of(stand.capabilities.fields, shown):
            if stand.reader.plan([_create(one.changes)]).calls:
                return one.changes
    raise NotApplicable("no create is let out by the plan: see mapping/creates")


def _create(changes: Values) -> WriteItem:
    return WriteItem(external_id="+1", changes=changes, remote={}, is_create=True)


def _wanted(field: Field, shown: Values, pool: Pool) -> str | None:
    made = (value for _, value in candidates(field, shown.get(field.path), pool))
    return next(made, None) or "1"


def _let_through(stand: Stand, item: WriteItem, path: str) -> Iterator[str]:
    planned = stand.reader.plan([item])
    for verdict in planned.refused.values():
        stand.hear(verdict.message)
    if planned.calls or item.external_id not in planned.refused:
        yield f"{path} is not refused"


async def _nothing_left(stand: Stand) -> list[str]:
    return [f"{one['operation']} arrived" for one in await stand.arrivals() if one["is_write"]]


CHECKS: Final = (refused_changes, refused_creates, plan)
