"""Checks of reads to which something goes wrong: the error says what it was, nothing is taken for
gone, and no value is shown that is not so."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from syncd.conformance.check import Check
from syncd.conformance.ending import NotApplicable, demand
from syncd.conformance.listing import pulled
from syncd.conformance.paging import lost
from syncd.conformance.stand import Stand
from syncd.conformance.troubles import TROUBLES, Trouble
from syncd.conformance.truth import Real, differences, truth
from syncd.errors import ProviderError
from syncd.model.listing import Reading

_OUT_OF_VIEW: Final = frozenset({"403", "404"})
_COSTLY: Final = "gzip-bomb"


async def _troubled(trouble: Trouble, stand: Stand) -> str:
    """The listing's first request meets the trouble for good, then every request of one read."""
    real = await truth(stand.bench.admin, stand.capabilities.fields)
    if not real:
        raise NotApplicable("the bench has no campaigns")
    findings, ends = list[str](), []
    for what in (_listing, *(() if trouble.name == _COSTLY else (_single,))):
        found, end = await what(stand, trouble, real)
        findings += found
        ends.append(end)
    demand(findings)
    return ", ".join(ends)


async def _listing(stand: Stand, trouble: Trouble, real: dict[str, Real]) -> tuple[list[str], str]:
    if not stand.listed_by:
        raise NotApplicable("no request of a listing arrived: see paging/whole")
    async with stand.adapter() as adapter:
        await _arm(stand, trouble, {stand.listed_by[0]})
        pull = await pulled(adapter)
        await stand.bench.admin.act("faults/clear")
        findings = await lost(stand.capabilities.gone, stand.reader, pull, real)
    if pull.error is not None:
        stand.hear(pull.error.message, pull.error.remedy)
        findings += _misnamed("the listing", pull.error, trouble)
    return findings, f"listing: {pull.end}"


async def _single(stand: Stand, trouble: Trouble, real: dict[str, Real]) -> tuple[list[str], str]:
    one = next(iter(real.values()))
    await stand.arrivals()
    await stand.reader.read([one.id])
    operations = {arrival["operation"] for arrival in await stand.arrivals()}
    async with stand.adapter() as adapter:
        await _arm(stand, trouble, operations)
        try:
            reading = await adapter.read([one.id])
        except ProviderError as error:
            stand.hear(error.message, error.remedy)
            return _misnamed("the read", error, trouble), f"read: {type(error).__name__}"
        finally:
            await stand.bench.admin.act("faults/clear")
    found = [*_told(stand, reading, one, trouble)]
    return found, "read: an answer"


async def _arm(stand: Stand, trouble: Trouble, operations: set[str]) -> None:
    for number, operation in enumerate(sorted(operations)):
        await stand.bench.admin.arm(
            trouble.kind,
            operation=operation,
            count=None,
            name=f"trouble-{number}",
            **trouble.params,
        )


def _misnamed(what: str, error: ProviderError, trouble: Trouble) -> list[str]:
    if isinstance(error, trouble.error):
        return []
    return [f"{what} ends with {type(error).__name__}, not {trouble.error.__name__}: {error}"]


def _told(stand: Stand, reading: Reading, one: Real, trouble: Trouble) -> Iterator[str]:
    """What is wrong with a read that was answered in spite of the trouble."""
    if one.id in reading.gone:
        yield f"{one.id} is told gone"
    elif one.id in reading.campaigns:
        shown = reading.campaigns[one.id].values
        said = {path: value for path, value in one.values.items() if shown.get(path) is not None}
        yield from differences(reading.campaigns[one.id], said, stand.capabilities.fields)
    elif reading.is_whole and trouble.name not in _OUT_OF_VIEW:
        yield f"{one.id} is not shown, and the read says that it is whole"


def _check(trouble: Trouble) -> Check:
    return Check(
        name=f"reads/{trouble.name}", sentence=trouble.sentence, run=partial(_troubled, trouble)
    )


CHECKS: Final = tuple(map(_check, TROUBLES))
