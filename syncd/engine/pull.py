"""The read pass: every page in scope, compared with the mirror and applied with history. An
incomplete listing updates what it showed and counts nothing as missing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from syncd.engine.account import Account
from syncd.engine.events import PageSeen
from syncd.engine.ledger import outcome_of
from syncd.errors import BadAnswer, ProviderError, Stopped, SyncdError
from syncd.model.brake import Absence, brake
from syncd.model.listing import Evidence, Marker, Page
from syncd.model.run import RunKind, RunOutcome, RunResult
from syncd.ports import Sighting

# Campaigns of a page that are compared in one go: a provider without pages sends all in one answer.
AT_ONCE = 1000
# Absent campaigns that one pull asks for singly; the others wait for the next.
LOOKUPS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class PullReport:
    """What one pull did."""

    run_id: int
    outcome: RunOutcome
    counts: Mapping[str, int]
    error: SyncdError | None = None


@dataclass(kw_only=True)
class _Listing:
    """How far the listing came."""

    pages: int = 0
    notes: list[str] = field(default_factory=list)
    bad: int = 0
    has_unreadable_id: bool = False
    error: ProviderError | None = None
    dialect: str | None = None

    def add(self, page: Page) -> None:
        self.pages += 1
        self.bad += len(page.bad)
        self.dialect = page.dialect or self.dialect
        self.has_unreadable_id |= any(row.external_id is None for row in page.bad)
        if not page.is_whole:
            self.notes.extend(page.notes or (f"{page.label} was not whole",))

    @property
    def is_complete(self) -> bool:
        return self.error is None and not self.notes and not self.has_unreadable_id


async def pull(account: Account) -> PullReport:
    """One complete attempt at the listing. Raises LeaseLost and DatabaseUnavailable; what the
    provider does wrong ends the run and is in the report."""
    run_id = await account.begin(RunKind.PULL)
    sighting = account.mirror.sighting(run_id)
    listing = await _list(account, sighting)
    end = await _conclude(account, sighting, listing)
    counts = await sighting.close(end.result, end.missing, end.left)
    if end.gone:
        await account.mirror.bury(run_id, end.gone, end.marker)
    if listing.dialect is not None:
        await account.mirror.note_dialect(listing.dialect)
    account.end(RunKind.PULL, run_id, end.result, counts)
    return PullReport(
        run_id=run_id, outcome=end.result.outcome, counts=counts, error=end.result.error
    )


async def _list(account: Account, sighting: Sighting) -> _Listing:
    listing = _Listing()
    async with aclosing(account.provider.pages()) as pages:
        await _see_all(account, sighting, listing, pages)
    return listing


async def _see_all(
    account: Account, sighting: Sighting, listing: _Listing, pages: AsyncGenerator[Page, None]
) -> None:
    while True:
        if account.is_stopping():
            listing.error = Stopped(
                "the process was asked to stop", remedy="the next pull begins anew"
            )
            return
        # Noted before the request leaves: what a push sends later makes this page stale for that
        # campaign.
        marker = await account.mirror.mark()
        try:
            page = await anext(pages, None)
        except ProviderError as error:
            listing.error = error
            return
        if page is None:
            return
        await sighting.see((), page.bad, marker)
        for start in range(0, len(page.campaigns), AT_ONCE):
            await sighting.see(page.campaigns[start : start + AT_ONCE], (), marker)
        listing.add(page)
        account.observe(
            PageSeen(
                account=account.name,
                label=page.label,
                pages=listing.pages,
                total=page.total,
                campaigns=len(page.campaigns),
            )
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _End:
    """How a pull ends: the campaigns that count as missing, those that the configuration leaves
    out, and those that the provider says are gone, in reads that left after `marker`."""

    result: RunResult
    marker: Marker
    missing: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


async def _conclude(account: Account, sighting: Sighting, listing: _Listing) -> _End:
    calls = listing.pages
    marker = await account.mirror.mark()
    if not listing.is_complete:
        return _incomplete(listing, marker)
    try:
        absence, gone = await _absence(account, sighting)
    except ProviderError as failed:
        listing.error = failed
        return _incomplete(listing, marker)
    why = brake(absence)
    if why is not None:
        error = BadAnswer(
            f"{why}; what was shown is applied, nothing is counted as missing",
            remedy=f"look at the provider; if it is right: syncd accounts accept {account.name}",
            code="braked",
        )
        result = RunResult(outcome=RunOutcome.BRAKED, error=error, calls=calls)
        return _End(result=result, marker=marker)
    result = RunResult(outcome=RunOutcome.OK, calls=calls, is_complete=True)
    if listing.bad:
        error = BadAnswer(
            f"{listing.bad} rows could not be read",
            remedy="their raw text is kept with the run's errors",
            code="bad-rows",
        )
        result = RunResult(outcome=RunOutcome.PARTIAL, error=error, calls=calls, is_complete=True)
    return _End(result=result, marker=marker, missing=absence.ids, left=absence.left, gone=gone)


def _incomplete(listing: _Listing, marker: Marker) -> _End:
    error = listing.error or BadAnswer(
        "; ".join(listing.notes)
        or "a row had no readable id, so nothing can be counted as missing",
        remedy="the rows that came were applied; look at the run's errors",
        code="incomplete",
    )
    outcome = outcome_of(error) if listing.error else RunOutcome.PARTIAL
    result = RunResult(outcome=outcome, error=error, calls=listing.pages)
    return _End(result=result, marker=marker)


async def _absence(account: Account, sighting: Sighting) -> tuple[Absence, tuple[str, ...]]:
    """What a complete listing did not show, by the evidence that this provider gives, and the
    campaigns that a single read says are gone."""
    capabilities = account.provider.capabilities
    absence = await sighting.absent(capabilities)
    match capabilities.gone:
        case Evidence.NEVER:
            return replace(absence, ids=(), newly=0, empty_parts=()), ()
        case _ if brake(absence) is not None:
            return absence, ()  # not a listing to believe: single reads would only hide that
        case Evidence.MARKED if absence.ids:
            gone = await _read_singly(account, sighting, absence.ids[:LOOKUPS])
        case Evidence.TWO_PULLS if absence.ids:
            overdue = await sighting.overdue(absence.ids)
            gone = await _read_singly(account, sighting, overdue[:LOOKUPS])
        case _:
            return absence, ()
    return await sighting.absent(capabilities), gone


async def _read_singly(account: Account, sighting: Sighting, ids: Sequence[str]) -> tuple[str, ...]:
    """Ask for absent campaigns one by one: what is shown was only left out of the listing. Returns
    those that the provider says do not exist."""
    gone: list[str] = []
    for external_id in ids:
        marker = await account.mirror.mark()
        reading = await account.provider.read([external_id])
        await sighting.see(list(reading.campaigns.values()), (), marker)
        gone.extend(reading.gone)
    return tuple(gone)
