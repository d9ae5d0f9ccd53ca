"""The list of campaigns page by page: what one answer holds, and whether all of them together are
the whole. Knows no HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from syncd.errors import BadAnswer
from syncd.model.campaign import Campaign
from syncd.model.listing import BadRow, Page
from syncd.providers.fields import RowError, bad_row
from syncd.providers.icas import rows
from syncd.providers.wire import split

SIZE: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One answer of the listing. `token` is where the next one begins, None after the last;
    `total` the count of all campaigns, where it is told; `is_bare`: the answer is a list and has
    place for neither."""

    campaigns: tuple[Campaign, ...]
    bad: tuple[BadRow, ...]
    token: str | None = None
    total: int | None = None
    is_bare: bool = False


@dataclass(kw_only=True, slots=True)
class Listing:
    """One time through all pages: what they counted, what they showed, and where to go on.
    `is_stuck`: the last page names a next one and shows nothing that was not there before."""

    token: str | None = None
    pages: int = 0
    totals: list[int] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    unread: int = 0
    is_stuck: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether there is a page to ask for."""
        return self.pages == 0 or (self.token is not None and not self.is_stuck)

    def add(self, part: Part) -> None:
        """Count one more page."""
        before = len(self.seen) + self.unread
        self.pages += 1
        self.seen.update(one.external_id for one in part.campaigns)
        self.seen.update(row.external_id for row in part.bad if row.external_id is not None)
        self.unread += sum(row.external_id is None for row in part.bad)
        self.totals += [] if part.total is None else [part.total]
        self.token = part.token
        self.is_stuck = part.token is not None and len(self.seen) + self.unread == before

    def drift(self) -> str:
        """Why this listing is not all of it, empty when it is."""
        shown = len(self.seen) + self.unread
        if self.is_stuck:
            return f"the listing does not end: its page {self.pages} shows nothing new"
        if any(total != shown for total in {*self.totals[:1], *self.totals[-1:]}):
            counts = f"{self.totals[0]} campaigns, then {self.totals[-1]}"
            return f"the listing drifts: ICAS counted {counts}, and showed {shown}"
        return ""


def part(body: bytes, what: str, currency: str | None) -> Part:
    """One answer. Raises BadAnswer, naming `what`, for what is no page of campaigns."""
    is_bare = body.lstrip().startswith(b"[")
    envelope, found = split(b'{"campaigns":' + body + b"}" if is_bare else body, "campaigns", what)
    if found is None:
        raise BadAnswer(f"{what} has no list of campaigns", status=200)
    token, total = envelope.get("nextPageToken") or None, envelope.get("total")
    if token is not None and not isinstance(token, str):
        raise BadAnswer(f"{what} has a nextPageToken that is no text", status=200)
    campaigns, bad = [], []
    for row in found:
        try:
            campaigns.append(rows.campaign(row, currency))
        except RowError as error:
            bad.append(bad_row(row, str(error)))
    return Part(
        campaigns=tuple(campaigns),
        bad=tuple(bad),
        token=token,
        total=total if _is_count(total) else None,
        is_bare=is_bare,
    )


def page(number: int, part: Part) -> Page:
    """A part as one page of a pull."""
    notes = ("the answer is a bare list, which does not say whether more follows",)
    return Page(
        label=f"page {number}",
        campaigns=part.campaigns,
        bad=part.bad,
        is_whole=not part.is_bare,
        notes=notes if part.is_bare else (),
        total=None if part.total is None else max(1, -(-part.total // SIZE)),
    )


def _is_count(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 0
