"""Writes as values: what one campaign is to become, how a provider groups that into calls, and what
one call did to each campaign in it. A call's answer covers every item that was in it, whatever came
back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from syncd.model.update import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteItem:
    """`changes` are the wanted values by path; `remote` what the provider shows now, by path,
    nothing for a create, whose `external_id` is only a placeholder."""

    external_id: str
    changes: Mapping[str, str | None]
    remote: Mapping[str, str | None]
    is_create: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteCall:
    """Items that travel together in one request of this operation; a campaign stands in a call at
    most once."""

    operation: str
    items: tuple[WriteItem, ...]


class Whole(StrEnum):
    """Why no item of a call was judged. `invalid`: something in the call is wrong, so halves of it
    may do better; `unusable`: no call of this kind would do; `not_sent`: proof that nothing left;
    `stopped`: we held it back."""

    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    THROTTLED = "throttled"
    TOO_LARGE = "too_large"
    INVALID = "invalid"
    UNUSABLE = "unusable"
    NOT_SENT = "not_sent"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class CallResult:
    """`verdicts` has exactly the ids that were sent. `whole` is set when all of them are
    `not_judged` for one reason, told in `message`; `partly` are such reasons where they were told
    of some items beside others. `status` is None when no answer came."""

    verdicts: Mapping[str, Verdict]
    status: int | None = None
    whole: Whole | None = None
    partly: frozenset[Whole] = frozenset()
    message: str | None = None
    remedy: str = ""

    @property
    def reasons(self) -> frozenset[Whole]:
        """Why items were not judged, be it all or some."""
        return self.partly if self.whole is None else self.partly | {self.whole}


@dataclass(frozen=True, kw_only=True, slots=True)
class WritePlan:
    """Calls in the order in which they are to be sent, and the items that cannot be written at all,
    with the reason, by external id. A campaign stands in one call at most, with the changes that
    this call makes; what it leaves out is asked for again once the call is answered."""

    calls: tuple[WriteCall, ...] = ()
    refused: Mapping[str, Verdict] = field(default_factory=dict)
