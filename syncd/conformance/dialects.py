"""Checks of dialects: an account that speaks one while its provider speaks another is told so, and
never shows what is not there."""

from __future__ import annotations

from typing import Final

from syncd.conformance.bench import running
from syncd.conformance.check import check
from syncd.conformance.ending import NotApplicable, demand
from syncd.conformance.listing import pulled
from syncd.conformance.paging import untrue
from syncd.conformance.stand import Stand
from syncd.conformance.truth import truth


@check("dialect/own")
async def own(stand: Stand) -> str:
    """Answers in the account's own dialect are never taken for the other one's."""
    if len(stand.registration.dialects) < 2:
        raise NotApplicable(f"{stand.registration.title} has one dialect only")
    pull = await pulled(stand.reader)
    ids = [*pull.campaigns][:3]
    reading = await stand.reader.read(ids)
    marks = {page.dialect for page in pull.pages} | {reading.dialect}
    demand([f"{mark} is told" for mark in marks - {None, stand.dialect} if mark is not None])
    return "told as such" if stand.dialect in marks else "it bears no marks"


@check("dialect/other")
async def other(stand: Stand) -> str:
    """Where the provider speaks the other dialect, its marks are told or the account is refused;
    what is shown is true in any case."""
    others = [one for one in stand.registration.dialects if one != stand.dialect]
    if not others:
        raise NotApplicable(f"{stand.registration.title} has one dialect only")
    told: list[str] = []
    for dialect in others:
        async with (
            running(stand.registration.bench, dialect) as bench,
            stand.adapter(bench) as adapter,
        ):
            pull = await pulled(adapter)
            real = await truth(bench.admin, stand.capabilities.fields)
        marks = {page.dialect for page in pull.pages if page.dialect is not None}
        findings = [f"{mark} is told, and {dialect} is spoken" for mark in marks - {dialect}]
        demand([*findings, *untrue(stand, pull, real)])
        if pull.error is None and not marks:
            raise NotApplicable(f"answers in {dialect} look the same: there is nothing to tell")
        told.append(f"{dialect}: {'told' if marks else pull.end}")
    return ", ".join(told)


CHECKS: Final = (own, other)
