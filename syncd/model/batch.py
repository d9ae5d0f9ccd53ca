"""What is sent and what came of it: a batch, the bytes of its one request, and how each of its
updates was settled. Knows nothing of how it travels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from syncd.model.call import CallResult, WriteCall
from syncd.model.plan import UpdatePlan
from syncd.model.update import Confirmation, State, Verdict

LONGEST_SHOWN: Final = 64 * 1024


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
