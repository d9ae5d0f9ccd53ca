"""What the passes need from the outside, as narrow protocols: a provider, the mirror, the outbox,
the runs. Knows values only, never who implements a port."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from syncd.model.brake import Absence
from syncd.model.call import CallResult, WriteCall, WriteItem, WritePlan
from syncd.model.campaign import Campaign
from syncd.model.guard import Cap, Recent
from syncd.model.path import Field
from syncd.model.plan import UpdatePlan, Values
from syncd.model.recovery import Resolution, Unknown
from syncd.model.run import RunKind, RunResult
from syncd.model.update import Confirmation, Pending, State, Verdict

LONGEST_SHOWN: Final = 64 * 1024


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What the mirror shows of a campaign, and when that was read."""

    values: Values
    at: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """One call with the updates that it carries or supersedes, under an id of our own."""

    id: int
    run_id: int
    call: WriteCall
    updates: tuple[UpdatePlan, ...]

    @property
    def external_ids(self) -> tuple[str, ...]:
        """The campaigns in the call."""
        return tuple(item.external_id for item in self.call.items)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What one write is about to send: the method, the path without its query, and exactly the
    bytes of its body. `shown` is that body without the account's secrets, None where it has
    none."""

    method: str
    target: str
    body: bytes = field(repr=False)
    shown: str | None = field(default=None, repr=False)

    @property
    def sha256(self) -> bytes:
        """The digest of the bytes that leave."""
        return hashlib.sha256(self.body).digest()

    @property
    def text(self) -> str:
        """What people are shown of it, as a database keeps it: no NUL, and not without end."""
        shown = self.body.decode(errors="replace") if self.shown is None else self.shown
        text = f"{self.method} {self.target}\n{shown}".replace("\0", "\N{REPLACEMENT CHARACTER}")
        kept = text.encode(errors="replace")
        if len(kept) <= LONGEST_SHOWN:
            return text
        cut = kept[:LONGEST_SHOWN].decode(errors="ignore")
        return f"{cut}\n[cut here: {len(kept)} bytes in all]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What came of one update in a batch; `results` are its paths' outcomes as they are stored.
    `settle`: the seconds after which an unknown outcome may be looked up, where the call's
    operation needs more than the account's settle time."""

    update_id: int
    state: State
    verdict: Verdict
    results: Mapping[str, Mapping[str, object]]
    confirmation: Confirmation = Confirmation.NONE
    settle: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """What came back for a call, and for every update in it."""

    result: CallResult
    items: tuple[Settled, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """What an account waits for, in seconds from `now` (None: nothing planned): its pull and push
    slots, and the first queued or unknown update that a push could move."""

    now: dt.datetime
    pull_in: float | None
    push_in: float | None
    work_in: float | None
    is_paused: bool


LastWord = Callable[[], Awaitable[None]]
"""Awaited when the way to the provider stands and before the first byte leaves; raises
IntentRefused where too much time has passed since the intent and something says no by now."""

Intend = Callable[[Outgoing], Awaitable[LastWord | None]]
"""Commits the intent for exactly this request and checks the owner's deadline; raises IntentRefused
when the call must not be sent. An adapter awaits it after the permit and directly before the one
send."""


class Provider(Protocol):
    """A remote platform behind one account's credentials, scope and limits."""

    @property
    def capabilities(self) -> Capabilities:
        """What it reads, changes and costs."""
        ...

    def pages(self) -> AsyncGenerator[Page, None]:
        """Every campaign in scope. Each page's request leaves when the next item is asked for, not
        before. Raises ProviderError when the listing cannot go on; ending normally means that every
        page came."""
        ...

    async def read(self, ids: Sequence[str]) -> Reading:
        """These campaigns as they are now, in as few calls as it takes; at most
        `capabilities.read_batch` ids."""
        ...

    def plan(self, items: Sequence[WriteItem]) -> WritePlan:
        """Group items into calls; pure, and the same items give the same calls."""
        ...

    async def write(self, call: WriteCall, intend: Intend) -> CallResult:
        """Send one call once. Never raises for what the provider or the network did: that is in the
        result. Lets IntentRefused out when `intend` raised it: then nothing was sent."""
        ...

    async def find(self, create: WriteItem) -> Reading:
        """Campaigns that a create with these changes may have made: by its natural key where there
        is one, else by all that it set. Old look-alikes may be among them; who has the key and is
        otherwise is told apart."""
        ...


class Vault(Protocol):
    """Where a credential that changes with its use is kept between processes."""

    async def load(self) -> str | None:
        """The one to use next, None where there is none yet."""
        ...

    async def store(self, secret: str) -> None:
        """Keep a new one; it may be used only after this has returned."""
        ...


class Sighting(Protocol):
    """What one pull sees, page by page."""

    async def see(
        self, campaigns: Sequence[Campaign], bad: Sequence[BadRow], marker: Marker
    ) -> None:
        """Compare a page with the mirror and stage what differs."""
        ...

    async def absent(self, capabilities: Capabilities) -> Absence:
        """What the mirror has and this pull did not show; what the configuration leaves out is told
        apart."""
        ...

    async def overdue(self, ids: Collection[str]) -> list[str]:
        """Those of these absent campaigns that an earlier complete pull of the same scope missed
        too, long enough ago; the longest missing first."""
        ...

    async def close(
        self, result: RunResult, missing: Sequence[str], left: Sequence[str] = ()
    ) -> Mapping[str, int]:
        """Apply, mark these as missing or as out of the configured scope, close the run; returns
        its counts."""
        ...


class Mirror(Protocol):
    """What providers last said, in Postgres."""

    async def mark(self) -> Marker:
        """To be asked before a request leaves."""
        ...

    def sighting(self, run_id: int) -> Sighting:
        """Begin a pull."""
        ...

    async def absorb(self, run_id: int, campaigns: Sequence[Campaign], marker: Marker) -> None:
        """Apply campaigns that were read by id."""
        ...

    async def recent(self, ids: Collection[str], seconds: float) -> Mapping[str, Seen]:
        """What a read at most so long ago said of these campaigns, as far as nothing of ours was
        sent to them since."""
        ...

    async def bury(self, run_id: int, ids: Sequence[str], marker: Marker) -> None:
        """Mark campaigns as gone of which the provider said that they do not exist."""
        ...

    async def note_dialect(self, dialect: str) -> None:
        """Remember which dialect the provider's answers bear the marks of."""
        ...

    async def dialect_seen(self) -> str | None:
        """What was noted last, None where nothing was."""
        ...

    async def witnesses(self, without: Collection[str]) -> list[str]:
        """A few other campaigns that were there when they were last read."""
        ...


class Outbox(Protocol):
    """Queued updates and their results."""

    async def due(
        self,
        campaigns: int,
        without: Collection[str],
        only: Collection[int] | None = None,
        *,
        released: bool = False,
        held: bool = False,
    ) -> list[Pending]:
        """All due updates of the first campaigns in the queue, of `only` these updates; `released`:
        with what `release` would put back into the queue; `held`: with all else that is held."""
        ...

    async def decide(self, plans: Sequence[UpdatePlan]) -> set[int]:
        """Settle updates that need no call; returns those that moved."""
        ...

    async def intend(self, batch: Batch, outgoing: Outgoing) -> None:
        """Commit what is about to be sent, or raise."""
        ...

    async def still_wanted(self) -> None:
        """Ask once more, after the intent, whether anything may be sent, or raise."""
        ...

    async def settle(self, batch: Batch, settlement: Settlement) -> Mapping[int, State]:
        """Record what came back; returns the states reached."""
        ...


class Records(Protocol):
    """What the database itself says of what was sent, and what its owner allows."""

    async def recent(self, seconds: float, ids: Collection[str] | None = None) -> Recent:
        """What happened within a window that ends now, and when the paths of these campaigns were
        last sent."""
        ...

    async def caps(self) -> Mapping[str, Cap]:
        """The owner's limits by path, `*` for all."""
        ...


class Queue(Protocol):
    """The outbox beside the sending."""

    async def expire(self) -> list[int]:
        """End the updates whose time has passed."""
        ...

    async def new_batch_id(self) -> int:
        """A key of our own for the next intent."""
        ...

    async def release(self) -> int:
        """Put back into the queue what was held for a cause that is gone; returns how many."""
        ...

    async def states(self, ids: Collection[int]) -> Mapping[int, State]:
        """Where these updates stand now: somebody may have taken one back meanwhile."""
        ...


class Unknowns(Protocol):
    """Updates without a known outcome."""

    async def adopt(self, settles: Mapping[str, float] | None = None) -> int:
        """Make the attempts of owners before us unknown; `settles` as in the capabilities."""
        ...

    async def all(self) -> list[Unknown]:
        """Every unknown update."""
        ...

    async def resolve(self, resolutions: Sequence[Resolution]) -> None:
        """Record what a read decided."""
        ...

    async def newcomers(self, update_id: int, ids: Sequence[str]) -> list[str]:
        """Those of these campaigns that no pull knew before this update's last call was sent."""
        ...


class Runs(Protocol):
    """The recorded history of passes."""

    async def open(self, kind: RunKind, started_by: str) -> int:
        """A new run's id."""
        ...

    async def close(self, run_id: int, result: RunResult, counts: Mapping[str, int]) -> None:
        """End a run with counts that balance."""
        ...


class Slots(Protocol):
    """When one account's passes are due; the times live in Postgres and survive the process."""

    async def due(self) -> Due:
        """How things stand now."""
        ...

    async def pulled(self, next_at: dt.datetime) -> None:
        """The pull's slot is done."""
        ...

    async def pushed(self, next_at: dt.datetime | None) -> None:
        """The push's slot is done."""
        ...


class Tenure(Protocol):
    """The lease as a pass sees it."""

    @property
    def deadline(self) -> float:
        """Boot time in seconds after which nothing of ours may be in flight."""
        ...


class Renewable(Tenure, Protocol):
    """The lease as its keeper sees it."""

    async def renew(self) -> None:
        """Hold it longer; raises LeaseLost."""
        ...
