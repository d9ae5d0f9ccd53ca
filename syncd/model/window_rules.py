"""The rules over a sliding window: how much of an account may be changed, how many campaigns may be
started and by how much budgets may rise within it. Pure: what went before comes as a value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from syncd.model.figures import number, plain
from syncd.model.guard import Change, Hit, Recent, Rules, Way

LEAST_CAMPAIGNS: Final = 10
"""A share of fewer campaigns than this says nothing."""


_HOUR: Final = "60 minutes"


@dataclass(slots=True)
class _Sum:
    """What was started, and by how much budgets rose in each currency."""

    starts: int
    rises: dict[str, Decimal]

    def after(self, change: Change) -> Decimal:
        """The rises in the currency of a change, with that change."""
        before = self.rises.get(change.currency or "", Decimal(0))
        return before + sum(rises(change).values(), Decimal(0))


class Tally:
    """Counts what a plan sends against what may happen within the window, update by update in the
    order of the queue."""

    def __init__(self, rules: Rules, recent: Recent) -> None:
        self._rules = rules
        self._recent = recent
        self._changed = set(recent.changed)
        self._window = _Sum(recent.activations, dict(recent.increases))
        self._hour = _Sum(recent.hour_activations, dict(recent.hour_increases))

    def hits(self, change: Change) -> dict[str, tuple[Hit, ...]]:
        """The rules that this change would break beside all that was counted so far, by path."""
        found: dict[str, list[Hit]] = {}
        for path, hit in (*self._share(change), *self._starts(change), *self._rises(change)):
            found.setdefault(path, []).append(hit)
        return {path: tuple(hits) for path, hits in found.items()}

    def count(self, change: Change) -> None:
        """This change goes out."""
        if not change.is_create:
            self._changed.add(change.external_id)
        for counted in (self._window, self._hour):
            counted.starts += self._rules.activates(change.changes)
            counted.rises[change.currency or ""] = counted.after(change)

    def _share(self, change: Change) -> Iterator[tuple[str, Hit]]:
        share, total = self._rules.share, self._recent.campaigns
        if share is None or total < LEAST_CAMPAIGNS or change.is_create:
            return
        after = len(self._changed | {change.external_id})
        if change.external_id in self._changed or after <= share * total:
            return
        allowed = f"{plain(share * 100)} %"
        hit = Hit(
            code="share",
            message=f"{after} of {total} campaigns would be changed within {self._span};"
            f" {allowed} may be",
            figures={"changed": str(after), "campaigns": str(total), "allowed": allowed},
            binds=allowed,
        )
        for path in change.changes:
            yield path, hit

    def _starts(self, change: Change) -> Iterator[tuple[str, Hit]]:
        if not self._rules.activates(change.changes):
            return
        after, span = self._window.starts + 1, self._span
        limit, code, way = self._rules.activations, "activations", Way.APPROVE
        cap = self._rules.cap().activations
        if cap is not None and self._hour.starts + 1 > cap:
            after, span = self._hour.starts + 1, _HOUR
            limit, code, way = cap, "cap-activations", Way.CAP
        if limit is None or after <= limit:
            return
        hit = Hit(
            code=code,
            message=f"it would be start {after} within {span}; {limit} may be",
            figures={"started": str(after), "allowed": str(limit)},
            way=way,
            binds=str(limit),
        )
        yield "status", hit

    def _rises(self, change: Change) -> Iterator[tuple[str, Hit]]:
        risen, cap, most = rises(change), self._rules.cap().max_increase, self._rules.max_increase
        if not risen or (cap is None and most is None):
            return
        unit = change.currency
        after, span = self._window.after(change), self._span
        limit, code, way = most, "increase", Way.APPROVE
        if cap is not None and self._hour.after(change) > cap:
            after, span = self._hour.after(change), _HOUR
            limit, code, way = cap, "cap-increase", Way.CAP
        if unit is None:
            hit = Hit(
                code="currency-unknown",
                message="rises are capped in money, and the currency of the campaign is unknown",
                way=Way.ITSELF,
            )
        elif limit is None or after <= limit:
            return
        else:
            hit = Hit(
                code=code,
                message=f"budgets would rise by {plain(after)} {unit} within {span};"
                f" {plain(limit)} may be",
                figures={"rise": plain(after), "allowed": plain(limit), "currency": unit},
                way=way,
                binds=plain(limit),
            )
        for path in risen:
            yield path, hit

    @property
    def _span(self) -> str:
        return f"{self._rules.window / 60:g} minutes"


def rises(change: Change) -> dict[str, Decimal]:
    """By how much each budget rises; one that had no limit falls."""
    found = {}
    for path, value in change.changes.items():
        before = change.remote.get(path)
        wanted, start = number(value), Decimal(0) if before is None else number(before)
        if not path.startswith("budget.") or wanted is None or start is None:
            continue
        if wanted > start:
            found[path] = wanted - start
    return found
