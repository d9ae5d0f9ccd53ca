"""What the accounts of an example let leave without a person: the guards of their configuration and
the owner's caps, as the file has them and as the judge goes by them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.e2e.place import WIDE
from tests.guarding import Agreed, Quiet

_ASKING = {"start": "approve", "delete": "approve", "disable": "approve"}
_USUAL = {**_ASKING, "max_factor": 2, "share": 0.3, "activations": 10}
_TIGHT = {**_ASKING, "max_factor": 1.5, "share": 0.2, "activations": 1, "min_gap": "5m"}
_MONEY = {"max_amount": "500", "max_increase": "150"}
_HAS_MONEY = frozenset({"criteo", "epom", "icas"})
_FRESH = {"none": "0s", "usual": "60s"}
GUARDS = ("wide", "usual", "tight")
CAPS: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "amount": {"path": "*", "max_amount": Decimal(400)},
    "starts": {"path": "*", "activations": 1},
}


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What holds for one account; `quiet` are hours of the day in UTC that nothing leaves in."""

    provider: str
    guard: str = "wide"
    fresh: str = "usual"
    policy: str = "hold"
    cap: str = "none"
    quiet: tuple[dt.time, dt.time] | None = None

    @property
    def table(self) -> Mapping[str, Any]:
        """The guards as the file has them."""
        found: dict[str, Any] = dict({"wide": WIDE, "usual": _USUAL, "tight": _TIGHT}[self.guard])
        if self.guard == "tight":
            found |= {"four_eyes": True, **(_MONEY if self.provider in _HAS_MONEY else {})}
        if self.quiet is not None:
            found["quiet_hours"] = "-".join(f"{time:%H:%M}" for time in self.quiet)
        return found

    @property
    def push(self) -> Mapping[str, Any]:
        """What the file says of a push."""
        return {"fresh_for": _FRESH[self.fresh], "policy": self.policy}

    @property
    def caps(self) -> Mapping[str, Any]:
        """The row of the owner's table, empty for none; money needs a currency."""
        is_idle = self.cap == "amount" and self.provider not in _HAS_MONEY
        return {} if is_idle else CAPS[self.cap]

    def agreed(self, campaigns: int, torn: frozenset[int]) -> Agreed:
        """The same as the judge goes by it."""
        table, cap = self.table, self.caps
        free = frozenset(word for word in _ASKING if table[word] == "free")
        most, gap = table.get("max_amount"), table.get("min_gap")
        rise = table.get("max_increase")
        return Agreed(
            fresh_for={"none": 0.0, "usual": 60.0}[self.fresh],
            max_factor=Decimal(str(table["max_factor"])),
            max_amount=None if most is None else Decimal(most),
            max_increase=None if rise is None else Decimal(rise),
            free=free,
            starts=self.provider == "voipbin",
            activations=table["activations"],
            share=Decimal(str(table["share"])),
            campaigns=campaigns,
            min_gap=0.0 if gap is None else 300.0,
            quiet=None if self.quiet is None else Quiet(*self.quiet),
            four_eyes=bool(table.get("four_eyes")),
            caps={cap["path"]: cap["max_amount"]} if "max_amount" in cap else {},
            cap_activations=cap.get("activations"),
            torn=torn,
        )


def quiet_from(now: dt.datetime) -> tuple[dt.time, dt.time]:
    """An hour that begins about an hour from now, so that time comes into it and out again."""
    begin, end = now + dt.timedelta(minutes=65), now + dt.timedelta(minutes=125)
    return begin.time().replace(second=0, microsecond=0), end.time().replace(
        second=0, microsecond=0
    )
