"""What a provider shows: pages and readings of campaigns, what it cannot show, and what an adapter
can do. Values; who asks for them, and how, stands elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from syncd.model.campaign import Campaign
from syncd.model.path import Field


class Evidence(StrEnum):
    """What it takes before a campaign counts as gone. `never`: a pull does not look for others than
    it was told. `person`: out of view proves nothing, somebody confirms. `two_pulls`: two complete
    pulls without it and a single read that says so. `marked`: the provider shows deleted ones and
    marks them; an absent one is read singly."""

    NEVER = "never"
    PERSON = "person"
    TWO_PULLS = "two_pulls"
    MARKED = "marked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What one account's adapter can do. `read_batch` is how many ids one `read` takes; `creates`:
    campaigns can be made here; `writes` are the operations that change campaigns, which are counted
    with their intents; `reads_back`: a read after a write is cheap enough to be made in the same
    pass; `reads_first`: a write carries values that nobody asked for along, so it always follows a
    read of its own; `settles` are the seconds after which an unanswered call of an operation can be
    looked up, where the account's own settle time would be too short for it; `parts` and `ids`
    are the pieces of the provider and the campaigns that the configuration limits the account
    to, None without such a limit."""

    provider: str
    fields: tuple[Field, ...]
    read_batch: int
    writes: frozenset[str]
    dialect: str = "documented"
    gone: Evidence = Evidence.PERSON
    creates: bool = False
    reads_back: bool = True
    settles: Mapping[str, float] = field(default_factory=dict)
    reads_first: bool = False
    parts: frozenset[str] | None = None
    ids: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BadRow:
    """A row of a page that could not become a campaign. `external_id` is None when even that was
    unreadable."""

    external_id: str | None
    raw: bytes
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One answer of a listing. `is_whole` is False when the provider itself said that something was
    left out (`notes` has its words); `label` names the page for people and `total` is the number of
    pages, where known; `dialect` the one whose marks its rows bear, None where they bear none."""

    label: str
    campaigns: tuple[Campaign, ...]
    bad: tuple[BadRow, ...] = ()
    is_whole: bool = True
    notes: tuple[str, ...] = ()
    total: int | None = None
    dialect: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Campaigns read singly or by ids. `is_whole` False: an id that is absent proves nothing.
    `gone`: ids of which the provider itself says that no such campaign exists any more. `unlike`:
    campaigns that bear the key of a create and are not as it asked, with the difference in words.
    `dialect` as in a page."""

    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    is_whole: bool = True
    gone: frozenset[str] = frozenset()
    unlike: Mapping[str, str] = field(default_factory=dict)
    dialect: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    """What was known before a request left: the account's last batch number, and Postgres's
    time."""

    batch: int
    at: dt.datetime
