"""The read pass: every page in scope, compared with the mirror and applied with history. An
incomplete listing updates what it showed and counts nothing as missing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from syncd.engine.account import Account
from syncd.engine.events import PageSeen
from syncd.engine.ledger import outcome_of
from syncd.errors import BadAnswer, ProviderError, Stopped, SyncdError
from syncd.model.brake import brake
from syncd.model.run import RunKind, RunOutcome, RunResult
from syncd.ports import Page, Sighting

# Campaigns of a page that are compared in one go: a provider without pages sends all in one answer.
AT_ONCE = 1000


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

    def add(self, page: Page) -> None:
        self.pages += 1
        self.bad += len(page.bad)
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
    result, missing = await _conclude(sighting, listing)
    counts = await sighting.close(result, missing)
    account.end(RunKind.PULL, run_id, result, counts)
    return PullReport(run_id=run_id, outcome=result.outcome, counts=counts, error=result.error)


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


async def _conclude(sighting: Sighting, listing: _Listing) -> tuple[RunResult, tuple[str, ...]]:
    """The outcome, and the campaigns that may be counted as missing."""
    calls = listing.pages
    if not listing.is_complete:
        error = listing.error or BadAnswer(
            "; ".join(listing.notes)
            or "a row had no readable id, so nothing can be counted as missing",
            remedy="the rows that came were applied; look at the run's errors",
            code="incomplete",
        )
        outcome = outcome_of(error) if listing.error else RunOutcome.PARTIAL
        return RunResult(outcome=outcome, error=error, calls=calls), ()
    absence = await sighting.absent()
    why = brake(absence)
    if why is not None:
        error = BadAnswer(
            f"{why}; what was shown is applied, nothing is counted as missing",
            remedy="look at the provider; the next pull asks again",
            code="braked",
        )
        return RunResult(outcome=RunOutcome.BRAKED, error=error, calls=calls), ()
    if listing.bad:
        error = BadAnswer(
            f"{listing.bad} rows could not be read",
            remedy="their raw text is kept with the run's errors",
            code="bad-rows",
        )
        result = RunResult(outcome=RunOutcome.PARTIAL, error=error, calls=calls, is_complete=True)
        return result, absence.ids
    return RunResult(outcome=RunOutcome.OK, calls=calls, is_complete=True), absence.ids
