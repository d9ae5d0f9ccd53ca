"""Checks of what no document names: words and fields that are new are kept as they came, and never
taken for something known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from syncd.conformance.check import check
from syncd.conformance.ending import counted, demand
from syncd.conformance.listing import pulled
from syncd.conformance.paging import lost
from syncd.conformance.stand import Stand
from syncd.conformance.truth import Real, is_same, truth
from syncd.model.campaign import Campaign
from syncd.model.path import Field, Kind, field_of


@check("unknown/words")
async def words(stand: Stand) -> str:
    """A word that no document names is shown as it came, or its row is reported; it is never taken
    for a known one, and no campaign goes missing for it."""
    await stand.bench.admin.arm("unknown_enum", count=None)
    pull = await pulled(stand.reader)
    await stand.bench.admin.act("faults/clear")
    real = await truth(stand.bench.admin, stand.capabilities.fields)
    findings = await lost(stand.capabilities.gone, stand.reader, pull, real)
    if pull.error is not None:
        findings.append(f"the listing ends {pull.end}: {pull.error.message}")
    odd = 0
    for id_, one in pull.campaigns.items():
        if id_ in real and not one.is_gone:
            guesses = [*_guesses(one, real[id_], stand.capabilities.fields)]
            findings += guesses
            odd += any(real[id_].values.get(path) != value for path, value in one.values.items())
    demand(findings)
    return f"{counted(odd, 'campaign')} shown otherwise, {counted(len(pull.bad), 'row')} reported"


@check("unknown/fields")
async def fields(stand: Stand) -> str:
    """A field that no document names stays in the raw row and changes nothing else."""
    before = await pulled(stand.reader)
    await stand.bench.admin.arm("new_field", count=None)
    after = await pulled(stand.reader)
    await stand.bench.admin.act("faults/clear")
    if after.error is not None:
        demand([f"the listing ends {after.end}: {after.error.message}"])
    findings = [f"{one} is not shown" for one in sorted(before.named - after.named)]
    findings += [f"{row.external_id} is reported: {row.message}" for row in after.bad]
    moved = 0
    for id_, one in after.campaigns.items():
        known = before.campaigns.get(id_)
        if known is None:
            continue
        moved += one.raw_digest != known.raw_digest
        findings += [
            f"{id_}: {path} is {one.values.get(path)!r}, and was {value!r}"
            for path, value in known.values.items()
            if one.values.get(path) != value
        ]
    if not moved:
        findings.append("the new field is in no raw row")
    demand(findings)
    return f"{counted(moved, 'raw row')} with it"


def _guesses(one: Campaign, real: Real, known: tuple[Field, ...]) -> Iterator[str]:
    """Values that a campaign does not have and that the provider did not say either."""
    for path, wanted in real.values.items():
        declared, given = field_of(known, path), one.values.get(path)
        if declared is None or given is None or is_same(declared.kind, given, wanted):
            continue
        is_word = declared.kind in (Kind.CHOICE, Kind.STATUS, Kind.TEXT)
        is_known = declared.kind is Kind.STATUS or given in declared.choices
        if not is_word or is_known or given.encode() not in one.raw:
            yield f"{real.id} shows {path} {given!r}, which is {wanted!r}"


CHECKS: Final = (words, fields)
