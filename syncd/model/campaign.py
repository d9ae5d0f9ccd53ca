"""A campaign as a frozen value, the same for every provider, with the two digests that a pull
compares. Pure: it neither reads a clock nor knows where a campaign comes from."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Literal

from syncd.model.money import UNLIMITED, canonical
from syncd.model.path import DELETED

Amount = Decimal | Literal["unlimited"]


class Status(StrEnum):
    """What people asked for; `none` where the provider has no such thing."""

    ACTIVE = "active"
    PAUSED = "paused"
    NONE = "none"


class StatusSeen(StrEnum):
    """What the provider says is happening."""

    ACTIVE = "active"
    PAUSED = "paused"
    STOPPING = "stopping"
    LIMITED = "limited"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """`part` is the piece of the account's scope that showed it (at Criteo the advertiser); `raw`
    the provider's own bytes of this one row; `budgets` maps daily, monthly, lifetime to an amount
    or "unlimited"; `others` holds what has no place of its own, by field path (`note`, `price.…`).
    `is_gone`: the provider itself marks it as deleted. Times are aware, and None where unset."""

    external_id: str
    name: str
    raw: bytes
    status: Status = Status.NONE
    status_seen: StatusSeen = StatusSeen.UNKNOWN
    status_raw: str | None = None
    goal: str | None = None
    kind: str | None = None
    part: str | None = None
    currency: str | None = None
    is_default: bool = False
    budgets: Mapping[str, Amount] = field(default_factory=dict)
    others: Mapping[str, str | None] = field(default_factory=dict)
    native: Mapping[str, str | None] = field(default_factory=dict)
    is_gone: bool = False
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None

    @cached_property
    def values(self) -> dict[str, str | None]:
        """Field path to text for everything that is readable: amounts canonical, `unlimited` as
        such."""
        values: dict[str, str | None] = {"name": self.name}
        if self.status is not Status.NONE:
            values["status"] = self.status.value
        for period, amount in self.budgets.items():
            values[f"budget.{period}"] = (
                canonical(amount) if isinstance(amount, Decimal) else UNLIMITED
            )
        values.update(self.others)
        values.update({f"native.{key}": value for key, value in self.native.items()})
        if self.is_gone:
            values[DELETED] = "true"
        return values

    @cached_property
    def raw_digest(self) -> bytes:
        """Moves with any byte of the row."""
        return hashlib.sha256(self.raw).digest()

    @cached_property
    def fingerprint(self) -> bytes:
        """Moves only when something that people set has moved."""
        document = json.dumps(
            [self.values, self.goal, self.currency], sort_keys=True, ensure_ascii=True
        )
        return hashlib.sha256(document.encode()).digest()


def version_of(status_raw: str | None, updated_at: dt.datetime | None) -> str | None:
    """What moves with every change at the provider, in one spelling; None where it gives
    nothing."""
    moment = None if updated_at is None else updated_at.astimezone(dt.UTC).isoformat()
    return " ".join(one for one in (status_raw, moment) if one) or None


def seen_digest(external_id: str) -> int:
    """Eight bytes of an id as a number: what a pull keeps in memory of each campaign it saw."""
    return int.from_bytes(hashlib.blake2b(external_id.encode(), digest_size=8).digest())
