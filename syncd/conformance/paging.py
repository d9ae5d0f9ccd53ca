"""Checks of a listing: that it shows everything, and that it never passes over what it does not
show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any, Final

from syncd.conformance.check import check
from syncd.conformance.ending import Broken, counted, demand
from syncd.conformance.listing import Pull, pulled
from syncd.conformance.stand import Stand
from syncd.conformance.truth import Real, differences, truth
from syncd.model.listing import Evidence
from syncd.ports import Provider

_CUTS: Final = 5
_ENDINGS: Final[Sequence[tuple[str, Mapping[str, Any]]]] = (
    ("truncate", {}),
    ("status", {"status": 500}),
    ("empty", {}),
    ("html", {}),
    ("status", {"status": 403}),
    ("status", {"status": 404}),
)


@check("paging/whole")
async def whole(stand: Stand) -> str:
    """A listing shows every campaign that there is, each with the values that it has."""
    real = await truth(stand.bench.admin, stand.capabilities.fields)
    pull = await pulled(stand.reader)
    if not pull.claims_all:
        raise Broken([f"the listing of a sound provider ends {pull.end}: {_why(pull)}"])
    findings = await lost(stand.capabilities.gone, stand.reader, pull, real)
    findings += [f"{row.external_id}: {row.message}" for row in pull.bad if row.external_id in real]
    findings += untrue(stand, pull, real)
    demand(findings)
    return f"{counted(len(real), 'campaign')}, {counted(len(pull.pages), 'page')}"


@check("paging/cut")
async def cut(stand: Stand) -> str:
    """A listing that is cut at any of its requests ends with an error or as not whole."""
    await stand.arrivals()
    await pulled(stand.reader)
    count = len(await stand.arrivals())
    step = max(1, count // _CUTS)
    places = sorted({*range(1, count + 1, step), count})
    endings = cycle(_ENDINGS)
    findings: list[str] = []
    for place in places:
        for kind, params in (("reset", {}), next(endings)):
            findings += await _cut_at(stand, place, kind, params)
    demand(findings)
    return f"{2 * len(places)} cuts at {len(places)} of {counted(count, 'request')}"


@check("paging/drift")
async def drift(stand: Stand) -> str:
    """Where rows move between pages, nothing is lost in silence: neither once nor every time."""
    return await _disturbed(stand, "page_drift", counts=(1, None))


@check("paging/repeat")
async def repeat(stand: Stand) -> str:
    """Rows that come twice are the same campaigns, and nothing else is lost for them."""
    return await _disturbed(stand, "page_repeat", counts=(1, None))


@check("paging/stuck")
async def stuck(stand: Stand) -> str:
    """A listing that leads to itself ends, and not as if it were whole."""
    return await _disturbed(stand, "page_stuck", counts=(None,))


@check("paging/empty")
async def empty(stand: Stand) -> str:
    """Pages without rows end the listing; they show nothing, and nothing as gone."""
    await stand.bench.admin.arm("page_empty", count=None)
    pull = await pulled(stand.reader)
    findings = [f"{one} is shown" for one in sorted(pull.named)[:3]]
    demand(findings)
    return f"it ends {pull.end}"


async def lost(
    evidence: Evidence, adapter: Provider, pull: Pull, real: Mapping[str, Real]
) -> list[str]:
    """Campaigns that a pull would count as missing though they are there."""
    missing = await unread(evidence, adapter, passed_over(pull, real))
    return [f"{one} is not shown, and the listing says that it is whole" for one in missing]


async def unread(evidence: Evidence, adapter: Provider, absent: Sequence[str]) -> list[str]:
    """Of campaigns that a listing did not show, those that are missing. Where the provider marks
    what is gone, an absent campaign is read singly before anything is concluded, so that this read
    counts too: pages that end between rows of one moment pass over some."""
    if evidence is not Evidence.MARKED:
        return list(absent)
    missing: list[str] = []
    size = adapter.capabilities.read_batch
    for start in range(0, len(absent), size):
        some = absent[start : start + size]
        reading = await adapter.read(some)
        missing += [one for one in some if one not in reading.campaigns]
    return missing


def passed_over(pull: Pull, real: Mapping[str, Real]) -> list[str]:
    """Campaigns that a listing leaves out though it says that it is whole."""
    return sorted(real.keys() - pull.named) if pull.claims_all else []


def untrue(stand: Stand, pull: Pull, real: Mapping[str, Real]) -> list[str]:
    """Campaigns that do not exist, and values that are not so."""
    shown = {one: campaign for one, campaign in pull.campaigns.items() if not campaign.is_gone}
    findings = [f"{one} is shown and does not exist" for one in sorted(shown.keys() - real.keys())]
    for one in sorted(real.keys() & shown.keys()):
        findings += differences(shown[one], real[one].values, stand.capabilities.fields)
    return findings


async def _cut_at(stand: Stand, place: int, kind: str, params: Mapping[str, Any]) -> list[str]:
    async with stand.adapter() as adapter:
        await pulled_first(adapter)
        await stand.bench.admin.arm(kind, nth=place, count=None, name="cut", **params)
        pull = await pulled(adapter)
        armed = (await stand.bench.admin.ask("faults"))["faults"]
        await stand.bench.admin.act("faults/clear", name="cut")
        real = await truth(stand.bench.admin, stand.capabilities.fields)
    if not any(fault["fired"] for fault in armed):
        return []  # this listing needed fewer requests
    by = f"{kind} {params.get('status', '')}".strip()
    return [f"cut at request {place} by {by}: {one}" for one in passed_over(pull, real)]


async def pulled_first(adapter: Provider) -> None:
    """Ask for one page, so that keys and tokens are there."""
    async for _ in adapter.pages():
        return


async def _disturbed(stand: Stand, kind: str, *, counts: Sequence[int | None]) -> str:
    """A fault of lists, and what the listing makes of it."""
    ends = []
    for count in counts:
        await stand.bench.admin.arm(kind, count=count, name=f"{kind}-{count}")
        pull = await pulled(stand.reader)
        await stand.bench.admin.act("faults/clear")
        real = await truth(stand.bench.admin, stand.capabilities.fields)
        findings = await lost(stand.capabilities.gone, stand.reader, pull, real)
        if pull.claims_all:
            findings += untrue(stand, pull, real)
        demand(findings)
        ends.append(f"{'every time' if count is None else 'once'}: {pull.end}")
    return ", ".join(ends)


def _why(pull: Pull) -> str:
    notes = [note for page in pull.pages for note in page.notes]
    return pull.error.message if pull.error is not None else "; ".join(notes) or "no reason"


CHECKS = (whole, cut, drift, repeat, stuck, empty)
