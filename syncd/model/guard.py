"""What may leave at all, as values: the rules of an account, what they are judged by, and a hit
with its code, its figures and the way out. Pure; the rules themselves stand in `item_rules` and
`window_rules`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from syncd.model.path import ANY_KEY, Field, Guard, Kind, covers, field_of


class Way(StrEnum):
    """How an update that a rule holds gets out again. `approve`: a person lets it through; `retry`:
    a person mends the cause, then tries again; `cap`: the owner's table says no, and nobody can
    approve past it; `itself`: by itself, when the cause is gone."""

    APPROVE = "approve"
    RETRY = "retry"
    CAP = "cap"
    ITSELF = "itself"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """Why something is held. `figures` are what the message says, by name; `binds` is what of them
    an approval holds for."""

    code: str
    message: str
    figures: Mapping[str, str] = field(default_factory=dict)
    way: Way = Way.APPROVE
    binds: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """Limits for the values of a path, None for no limit: the largest factor upwards, the largest
    and the smallest value, and the seconds that lie between two changes at least."""

    max_factor: Decimal | None = None
    max_amount: Decimal | None = None
    floor: Decimal | None = None
    min_gap: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cap:
    """The owner's own limits for a path, None for no limit; the last two hold within the window."""

    max_amount: Decimal | None = None
    max_factor: Decimal | None = None
    max_increase: Decimal | None = None
    activations: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recent:
    """What the database's own records say of the window before `now`: how many campaigns the
    account has, which of them were changed, how many were started, by how much budgets rose in
    each currency (an empty one: unknown), and how many seconds ago a path was last sent. The
    owner's caps count the last hour, whatever the window is."""

    now: dt.datetime
    campaigns: int = 0
    changed: frozenset[str] = frozenset()
    activations: int = 0
    increases: Mapping[str, Decimal] = field(default_factory=dict)
    hour_activations: int = 0
    hour_increases: Mapping[str, Decimal] = field(default_factory=dict)
    last_change: Mapping[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What one update would send to one campaign, beside what stands there now."""

    external_id: str
    changes: Mapping[str, str | None]
    remote: Mapping[str, str | None]
    currency: str | None = None
    is_create: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What holds for one account: the provider's fields, the guarded changes that go without leave
    (`free`), bounds for all money and for single paths (a stem with `.*` stands for every key
    there), the owner's caps likewise, quiet hours on the clock of `zone`, and what may happen
    within `window` seconds. None and empty: no such rule."""

    fields: tuple[Field, ...] = ()
    free: frozenset[Guard] = frozenset()
    bounds: Bounds = Bounds()
    paths: Mapping[str, Bounds] = field(default_factory=dict)
    caps: Mapping[str, Cap] = field(default_factory=dict)
    quiet: tuple[dt.time, dt.time] | None = None
    zone: dt.tzinfo = dt.UTC
    window: float = 3600.0
    share: Decimal | None = None
    activations: int | None = None
    max_increase: Decimal | None = None

    def starts(self, changes: Mapping[str, str | None]) -> bool:
        """Whether one of these changes starts something that costs money by itself."""
        return any(self.guard(path, value) is Guard.START for path, value in changes.items())

    def is_guarded(self, changes: Mapping[str, str | None]) -> bool:
        """Whether one of these changes is of a kind that leave can be asked for."""
        return any(self.guard(path, value) is not None for path, value in changes.items())

    def activates(self, changes: Mapping[str, str | None]) -> bool:
        """Whether one of these changes makes a campaign active."""
        return changes.get("status") == "active"

    def cap(self, path: str = ANY_KEY) -> Cap:
        """The owner's limits for a path, key by key the narrowest that says anything; those for all
        come last. For what is no amount only one that names the path itself."""
        if self.kind(path) not in (None, Kind.AMOUNT):
            return self.caps.get(path, Cap())
        wide = self.caps.get(ANY_KEY, Cap())
        places = [*(self.caps[stem] for stem in _narrowest(self.caps, path)), wide]
        return Cap(
            max_amount=_first(*(one.max_amount for one in places)),
            max_factor=_first(*(one.max_factor for one in places)),
            max_increase=wide.max_increase,
            activations=wide.activations,
        )

    def bounds_of(self, path: str) -> Bounds:
        """The limits for a path, key by key the narrowest that says anything."""
        places = [self.paths[stem] for stem in _narrowest(self.paths, path)]
        if self.kind(path) is Kind.AMOUNT:
            places.append(self.bounds)
        gaps = [one.min_gap for one in (*places, self.bounds) if one.min_gap is not None]
        return Bounds(
            max_factor=_first(*(one.max_factor for one in places)),
            max_amount=_first(*(one.max_amount for one in places)),
            floor=_first(*(one.floor for one in places)),
            min_gap=gaps[0] if gaps else None,
        )

    def kind(self, path: str) -> Kind | None:
        """What a path's value is, None where the provider has no such path."""
        found = field_of(self.fields, path)
        return None if found is None else found.kind

    def guard(self, path: str, value: str | None) -> Guard | None:
        """The leave that this value of a path needs, None where it needs none."""
        found = field_of(self.fields, path)
        return None if found is None else found.guarded(value)


def mismatch(dialect: str, seen: str | None) -> Hit | None:
    """The provider's answers bear the marks of another dialect than the account is set to."""
    if seen is None or seen == dialect:
        return None
    return Hit(
        code="dialect_mismatch",
        message=f"the provider's answers are of dialect {seen}, the account is set to {dialect}:"
        f' write dialect = "{seen}" in its configuration',
        way=Way.ITSELF,
    )


def _narrowest(stems: Iterable[str], path: str) -> list[str]:
    """Those that a path is, or stands below, the narrowest first."""
    found = [stem for stem in stems if covers(stem, path)]
    return sorted(found, key=lambda stem: (stem == path, len(stem)), reverse=True)


def _first(*values: Decimal | None) -> Decimal | None:
    return next((one for one in values if one is not None), None)
