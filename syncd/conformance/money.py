"""Checks of money: every amount comes through exact to the last digit, in reads and in writes."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from syncd.conformance.bench import Admin, Refused, running
from syncd.conformance.check import check
from syncd.conformance.ending import NotApplicable, counted, demand
from syncd.conformance.listing import pulled
from syncd.conformance.proposals import Pool, is_keyed, stem_of
from syncd.conformance.stand import Stand
from syncd.conformance.truth import Values
from syncd.model.batch import Outgoing
from syncd.model.call import WriteItem
from syncd.model.campaign import Campaign
from syncd.model.money import UNLIMITED, canonical
from syncd.model.path import Field, Kind, keyed
from syncd.model.update import Outcome
from syncd.ports import Provider

_CAMPAIGNS: Final = 1_000
_WRITTEN_TO: Final = 250
_SEED: Final = 20_260_101
_FEWEST: Final = 24
_KEYS: Final = 100
_WRITTEN: Final = 3_000
_WHOLE_DIGITS: Final = 9
_ODD: Final = ("0.01", "0.07", "0.1", "1", "8.41", "10", "1.10", "99.99", "1000000", "4.35")
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


Slot = Mapping[str, Field]
"""Amounts that one edit can set at once, by path."""


class Amounts:
    """Amounts of every size that a field takes, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def next(self, field: Field, least: Decimal = Decimal(0)) -> str:
        """One in the canonical form, at least so much."""
        if least == 0 and self._random.random() < 0.02:
            amount = Decimal(self._random.choice(_ODD))
        elif least:
            amount = least * Decimal(self._random.randrange(1_000, 1_300)) / 1_000
            amount += Decimal(self._random.randrange(10**field.scale)).scaleb(-field.scale)
        else:
            digits = self._random.randint(1, _WHOLE_DIGITS)
            whole = self._random.randrange(10**digits)
            part = self._random.randrange(10**field.scale)
            amount = whole + Decimal(part).scaleb(-field.scale)
        step = Decimal(1).scaleb(-field.scale)
        lowest = max(step, field.least or step)
        return canonical(max(amount.quantize(step), lowest))


@check("money/read")
async def read(stand: Stand) -> str:
    """Amounts that people set at the provider are read exact to the last digit."""
    fields = _money(stand, [one for one in stand.capabilities.fields if one.readable])
    amounts, seen = Amounts(_SEED), 0
    async with (
        running(stand.registration.bench, stand.subject.spoken) as bench,
        stand.adapter(bench) as adapter,
    ):
        campaigns = await _populated(bench.admin, min(_CAMPAIGNS, stand.values // 10))
        slots = await _slots(bench.admin, campaigns, fields, stand.values)
        pulls = 0
        while seen < stand.values:
            edits = {
                one: {
                    path: amounts.next(field)
                    for path, field in slots[(number + pulls) % len(slots)].items()
                }
                for number, one in enumerate(campaigns)
            }
            await _edit(bench.admin, edits)
            pulls += 1
            seen += await _compared(adapter, edits)
    return f"{seen:,} amounts of {len(campaigns):,} campaigns in {counted(pulls, 'pull')}"


@check("money/write")
async def write(stand: Stand) -> str:
    """Amounts that are written come back exact to the last digit."""
    fields = _money(stand, [one for one in stand.capabilities.fields if one.changeable])
    wanted = min(stand.values, _WRITTEN)
    async with (
        running(stand.registration.bench, stand.subject.spoken) as bench,
        stand.adapter(bench, batch=stand.registration.largest_batch) as adapter,
    ):
        await _populated(bench.admin, min(_WRITTEN_TO, wanted // 10))
        sent, rounds = 0, 0
        while sent < wanted and rounds < wanted:
            done = await _written(stand, adapter, fields, rounds, wanted - sent)
            if not done:
                demand([f"only {sent} of {wanted} amounts were taken"])
            sent, rounds = sent + done, rounds + 1
    return f"{sent:,} amounts in {counted(rounds, 'round')}"


async def _written(
    stand: Stand, adapter: Provider, fields: Sequence[Field], turn: int, most: int
) -> int:
    """Set amounts at every campaign that takes them; returns how many were found again."""
    pull = await pulled(adapter)
    amounts = Amounts(turn + 1)
    alive = [one for one in pull.campaigns.values() if not one.is_gone]
    items, count = list[WriteItem](), 0
    pool = Pool({one.external_id: one.values for one in alive}, fields)
    for one in alive:
        item = _item(adapter, one, _together(one.values, fields, pool), amounts)
        if item is not None and count < most:
            items.append(item)
            count += len(item.changes)
    applied: dict[str, Values] = {}
    for call in adapter.plan(items).calls:
        result = await adapter.write(call, _intend)
        stand.hear(result.message)
        for carried in call.items:
            verdict = result.verdicts[carried.external_id]
            if verdict.outcome is Outcome.APPLIED and not verdict.is_pending:
                applied[carried.external_id] = carried.changes
    return await _compared(adapter, applied)


async def _intend(_: Outgoing) -> None:
    """Nothing stands behind the writes of this check."""


def _item(
    adapter: Provider, one: Campaign, several: Sequence[Mapping[str, Field]], amounts: Amounts
) -> WriteItem | None:
    """The most amounts that this campaign's plan lets out in one call, each above what is there."""
    best: WriteItem | None = None
    for paths in several:
        changes = {
            path: amounts.next(field, _least(one.values.get(path))) for path, field in paths.items()
        }
        item = WriteItem(external_id=one.external_id, changes=changes, remote=one.values)
        calls = adapter.plan([item]).calls
        if calls and (best is None or len(calls[0].items[0].changes) > len(best.changes)):
            best = calls[0].items[0]
    return best


def _together(values: Values, fields: Sequence[Field], pool: Pool) -> list[dict[str, Field]]:
    """Amounts that might be set at once: those that have one, with many keys of each stem."""
    found: list[dict[str, Field]] = []
    single = {one.path: one for one in fields if not is_keyed(one)}
    has = {path: one for path, one in single.items() if values.get(path) not in {None, UNLIMITED}}
    found += [{path: one} for path, one in has.items()]
    if len(has) > 1:
        found.append(has)
    for one in fields:
        if is_keyed(one):
            found.append({keyed(stem_of(one), key): one for key in pool.keys(stem_of(one))})
    return found


def _least(value: str | None) -> Decimal:
    return Decimal(0) if value in {None, UNLIMITED} else Decimal(value or 0)


def _money(stand: Stand, fields: Sequence[Field]) -> list[Field]:
    """Those of them that are amounts."""
    found = [one for one in fields if one.kind is Kind.AMOUNT]
    if not found:
        raise NotApplicable(f"{stand.registration.title} has no amounts of money here")
    return found


async def _populated(admin: Admin, wanted: int) -> list[str]:
    """Let there be so many campaigns, or a few; their ids."""
    told = (await admin.ask("truth"))["campaigns"]
    count = max(_FEWEST, wanted)
    alive = [one["id"] for one in told if not one["is_removed"]]
    if len(alive) < count:
        alive += (await admin.act("add", count=count - len(alive)))["ids"]
    await admin.act("remove", ids=alive[count:])
    return alive[:count]


async def _slots(
    admin: Admin, campaigns: Sequence[str], fields: Sequence[Field], values: int
) -> Sequence[Slot]:
    """What can be set at once. A bench may say that amounts exclude each other, or that nobody
    knows a key."""
    single = {one.path: one for one in fields if not is_keyed(one)}
    many = min(_KEYS, max(1, values // max(1, len(campaigns))))
    every = dict(single)
    for one in fields:
        if is_keyed(one):
            every |= {keyed(stem_of(one), key): one for key in _keys(many)}
    for slots in (
        [every],
        *([{**single, **_of_stem(every, one)}] for one in fields if is_keyed(one)),
        [single],
        [{path: one} for path, one in single.items()],
    ):
        try:
            for slot in slots:
                await _edit(admin, {campaigns[0]: dict.fromkeys(slot, "1")})
        except Refused:
            continue
        if all(slots):
            return slots
    raise NotApplicable("the bench lets nobody set an amount")


def _of_stem(every: Mapping[str, Field], field: Field) -> dict[str, Field]:
    return {path: one for path, one in every.items() if one is field}


def _keys(count: int) -> list[str]:
    """AA, AB, AC and so on."""
    return [one + other for one in _LETTERS for other in _LETTERS][:count]


async def _edit(admin: Admin, edits: Mapping[str, Values]) -> None:
    await admin.act(
        "edit", edits=[{"id": one, "values": dict(values)} for one, values in edits.items()]
    )


async def _compared(adapter: Provider, edits: Mapping[str, Values]) -> int:
    """How many of these amounts a listing shows. Raises Broken where one is another."""
    pull = await pulled(adapter)
    if pull.error is not None:
        raise pull.error
    shown = pull.campaigns
    findings = [
        f"{id_} shows {path} {shown[id_].values.get(path)!r}, and it is {value!r}"
        for id_, values in edits.items()
        if id_ in shown
        for path, value in values.items()
        if shown[id_].values.get(path) != value
    ]
    findings += [f"{id_} is not shown" for id_ in edits.keys() - pull.named]
    demand(findings)
    return sum(len(values) for id_, values in edits.items() if id_ in shown)


CHECKS: Final = (read, write)
