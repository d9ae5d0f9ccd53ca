"""What the passes need from the outside, as narrow protocols: a provider, the mirror, the outbox,
the runs. Knows values only, never who implements a port."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from syncd.model.batch import Batch, Outgoing, Settlement
from syncd.model.brake import Absence
from syncd.model.call import CallResult, WriteCall, WriteItem, WritePlan
from syncd.model.campaign import Campaign
from syncd.model.guard import Cap, Recent
from syncd.model.listing import BadRow, Capabilities, Marker, Page, Reading
from syncd.model.plan import UpdatePlan, Values
from syncd.model.recovery import Resolution, Unknown
from syncd.model.run import RunKind, RunResult
from syncd.model.update import Pending, State


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What the mirror shows of a campaign, and when that was read."""

    values: Values
    at: dt.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """What an account waits for, in seconds from `now` (None: nothing planned): its pull and push
    slots, the first queued or unknown update that a push could move, and the first one without an
    answer that can be looked up."""

    now: dt.datetime
    pull_in: float | None
    push_in: float | None
    work_in: float | None
    unknown_in: float | None
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

    async def intend(self, batch: Batch, outgoing: Outgoing) -> float:
        """Commit what is about to be sent, or raise. Returns when that was begun, in BOOTTIME:
        until then a pause had to wait."""
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
