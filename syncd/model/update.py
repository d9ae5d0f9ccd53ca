"""A queued update: its nine states, the outcomes that one call can have for it, and the values that
push and recovery work with. Pure values; which transition the database allows is written once more
as a trigger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """queued: waits for its turn; a push, a person or the clock may move it. Everything begins
    here.

    sending: an intent is committed and the answer is outstanding. Only the pass that sent it, or
    the recovery of a dead owner's attempts, may move it.

    unknown: the call may have been applied and nothing readable says so. Only a read moves it,
    never a resend.

    held: a person must decide; reason and figures stand beside it. Approve, retry or cancel ends
    it.

    applied: the provider's own word, or a read, says that the value is set. Final.

    rejected: the provider, or the adapter's own rules, refused the value. Final.

    superseded: a newer update of the same path went out instead, named in `superseded_by`. Final.

    cancelled: a person took it back before it was sent. Final.

    expired: its time passed before it was sent. Final."""

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    HELD = "held"
    APPLIED = "applied"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Outcome(StrEnum):
    """What one call did to one item. `not_judged`: the call was refused without looking at the
    item, or never left. `unknown`: no word, a contradictory word or no readable answer."""

    APPLIED = "applied"
    REJECTED = "rejected"
    NOT_JUDGED = "not_judged"
    UNKNOWN = "unknown"


class Policy(StrEnum):
    """What happens when somebody else changed a value since the requester saw it: a person decides,
    ours goes out all the same, or theirs stays."""

    HOLD = "hold"
    OURS = "ours"
    THEIRS = "theirs"


class Confirmation(StrEnum):
    """What a read said of an applied value: nothing yet, it shows, it takes effect later, or it
    shows another."""

    NONE = "none"
    CONFIRMED = "confirmed"
    PENDING = "pending"
    DIFFERENT = "different"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One item's outcome with the provider's own words. `is_pending`: accepted, takes effect
    later. `created_id`: the id that the provider gave to what was created. `taken`: of an item that
    was rejected the paths that a read shows as they were asked for all the same."""

    outcome: Outcome
    code: str | None = None
    message: str | None = None
    trace_id: str | None = None
    warnings: tuple[str, ...] = ()
    is_pending: bool = False
    created_id: str | None = None
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How an update may go out by a saved plan: by path that may leave what the plan shows at the
    provider and the digests of the hits that it may meet. `is_held`: the plan holds it, and so it
    goes out only with somebody's leave."""

    remote: Mapping[str, str | None] = field(default_factory=dict)
    hits: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_held: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """An update as push reads it from the outbox, with the paths that have no final result yet.
    Values are texts by path, None for null. `reference` is what the requester saw (None: nobody saw
    it); `ours` what our own writes since then put there; `awaited` the paths whose last value was
    accepted for later and does not show yet, with what stands there until then; `overtaken` has the
    paths that a later update has set meanwhile, with its number. `policy` says what a third value
    at the provider means; `approved` are the digests of the hits that a person let through;
    `agreed`, where the push goes by a saved plan, are the terms of that. A create has the
    placeholder of `new_id` as its `external_id`."""

    id: int
    external_id: str
    patch: Mapping[str, str | None]
    reference: Mapping[str, str | None] | None
    ours: Mapping[str, str | None] = field(default_factory=dict)
    awaited: Mapping[str, str | None] = field(default_factory=dict)
    overtaken: Mapping[str, int] = field(default_factory=dict)
    policy: Policy = Policy.HOLD
    approved: frozenset[str] = frozenset()
    agreed: Terms | None = None
    name: str = ""
    currency: str | None = None
    requester: str = ""
    is_known: bool = True
    is_create: bool = False


def new_id(update_id: int) -> str:
    """What stands for the id of a campaign that an update is to create, inside a push only."""
    return f"+{update_id}"
