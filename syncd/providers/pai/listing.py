"""Numbered pages: what one of them holds, and what one time through all of them proves. Rows may
move between pages while these are listed. Knows no HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeGuard

from syncd.errors import BadAnswer
from syncd.model.campaign import Campaign, seen_digest
from syncd.model.listing import BadRow
from syncd.providers.fields import RowError, bad_row
from syncd.providers.pai import rows
from syncd.providers.wire import split

SIZE: Final = 100
"""The most rows that a page may be asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbered:
    """A page: its rows, how many campaigns there are in all, and how many a page takes."""

    campaigns: tuple[Campaign, ...]
    bad: tuple[BadRow, ...]
    total: int
    size: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // self.size))


@dataclass(kw_only=True)
class Listing:
    """One time through all pages: the totals that they told and what they showed."""

    totals: list[int] = field(default_factory=list)
    unread: int = 0
    seen: set[int] = field(default_factory=set)

    def add(self, page: Numbered) -> bool:
        """Take in a page; says whether it showed anything that no page before it did."""
        if page.total not in self.totals[-1:]:
            self.totals.append(page.total)
        before = self.shown
        self.seen.update(seen_digest(one.external_id) for one in page.campaigns)
        for row in page.bad:
            if row.external_id is None:
                self.unread += 1
            else:
                self.seen.add(seen_digest(row.external_id))
        return self.shown > before

    @property
    def shown(self) -> int:
        """How many campaigns were seen, each counted once; of an unreadable row nobody knows."""
        return len(self.seen) + self.unread

    @property
    def is_whole(self) -> bool:
        """Whether all pages told one total, and so many campaigns were seen."""
        return self.totals == [self.shown]

    @property
    def drift(self) -> str:
        """What does not fit, for people."""
        told = ", then ".join(map(str, self.totals))
        return f"the listing drifts: PAI counted {told} campaigns and showed {self.shown}"


def numbered(data: bytes | None, what: str, currency: str | None) -> Numbered:
    """The page in the `Data` of an answer. Raises BadAnswer, naming `what`."""
    if data is None:
        raise BadAnswer(f"{what} has no Data", status=200)
    told, found = split(data, "Campaigns", what)
    total, size = told.get("TotalCount"), told.get("PageSize")
    if found is None and told.get("Campaigns") is None and total == 0:
        found = []  # nothing to list
    if found is None or not _is_count(total):
        raise BadAnswer(f"{what} has no list of campaigns with a TotalCount", status=200)
    campaigns, bad = [], []
    for row in found:
        try:
            campaigns.append(rows.campaign(row, currency))
        except RowError as error:
            bad.append(bad_row(row, str(error), key="Id"))
    return Numbered(
        campaigns=tuple(campaigns),
        bad=tuple(bad),
        total=total,
        size=size if _is_count(size) and 1 <= size <= SIZE else SIZE,
    )


def _is_count(given: object) -> TypeGuard[int]:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 0
