"""Checks of times: what an adapter shows as made and changed is that very moment, in UTC."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from syncd.conformance.check import check
from syncd.conformance.ending import NotApplicable, counted, demand
from syncd.conformance.listing import pulled
from syncd.conformance.rehearsal import rehearsed, sample
from syncd.conformance.sending import send
from syncd.conformance.stand import Stand
from syncd.conformance.truth import Real, truth
from syncd.model.campaign import Campaign

# By what names benches tell when a campaign was made and last changed.
_CREATED: Final = ("created", "tm_create")
_UPDATED: Final = ("updated", "tm_update")
_PRECISION: Final = dt.timedelta(seconds=1)


@check("times/round-trip")
async def round_trip(stand: Stand) -> str:
    """The times of campaigns are those that the provider has, with a zone, before a change and
    after it."""
    count = await _compared(stand)
    rehearsal = await rehearsed(stand)
    for way in rehearsal.ways.values():
        found = await sample(stand, rehearsal, way.label)
        if found is not None:
            await send(stand, stand.reader, found.call)
    count += await _compared(stand)
    return counted(count, "time")


async def _compared(stand: Stand) -> int:
    real = await truth(stand.bench.admin, stand.capabilities.fields)
    pull = await pulled(stand.reader)
    zone = ZoneInfo(stand.registration.price_zone)
    both = [(one, real[id_]) for id_, one in pull.campaigns.items() if id_ in real]
    findings = [found for one, known in both for found in _flaws(one, known, zone)]
    count = sum(
        moment is not None for one, _ in both for moment in (one.created_at, one.updated_at)
    )
    if not count and not findings:
        raise NotApplicable("neither the provider nor its bench tells when anything was changed")
    demand(findings)
    return count


def _flaws(one: Campaign, real: Real, zone: ZoneInfo) -> Iterator[str]:
    for word, given, names in (
        ("created", one.created_at, _CREATED),
        ("updated", one.updated_at, _UPDATED),
    ):
        wanted = _moment(real.told, names, zone)
        if given is not None and given.utcoffset() is None:
            yield f"{real.id}: {word} has no zone"
        elif given is None and wanted is not None:
            yield f"{real.id}: {word} is not shown, and was {wanted.isoformat()}"
        elif given is not None and wanted is None:
            yield f"{real.id}: {word} is shown as {given.isoformat()}, and the bench has none"
        elif given is not None and wanted is not None and abs(given - wanted) >= _PRECISION:
            yield f"{real.id}: {word} is {given.isoformat()}, not {wanted.isoformat()}"


def _moment(told: Mapping[str, Any], names: tuple[str, ...], zone: ZoneInfo) -> dt.datetime | None:
    """Microseconds since 1970, or ISO 8601; without an offset by the provider's own clock."""
    given = next((told[name] for name in names if told.get(name) is not None), None)
    if isinstance(given, int):
        return dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=given)
    if given is None:
        return None
    moment = dt.datetime.fromisoformat(given)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(dt.UTC)


CHECKS: Final = (round_trip,)
