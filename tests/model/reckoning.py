"""What a push sends held against the rules a second time, in the plainest way: from the calls and
the figures alone, sharing nothing with the code of the rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from syncd.model.call import WriteItem
from syncd.model.guard import Recent, Rules
from tests.model.queued import DAILY, MONTHLY, QUEUE, STATUS

_PLAIN = re.compile(r"[0-9]{1,14}(\.[0-9]{1,6})?")
_GUARDS = {STATUS: "start", "deleted": "delete", "price.amount": "disable"}
_ZERO = "00000000-0000-0000-0000-000000000000"
WINDOW = {"share", "activations", "increase", "cap-activations", "cap-increase"}


def figure(text: str | None) -> Fraction | None:
    """The amount that a text is, None for all else."""
    return Fraction(text) if text is not None and _PLAIN.fullmatch(text) else None


def _bound(rules: Rules, path: str, key: str) -> Fraction | None:
    """What the file says: of the path itself, of its stem, of all money."""
    stem = f"{path.split('.', maxsplit=1)[0]}.*"
    for place in (rules.paths.get(path), rules.paths.get(stem), rules.bounds):
        if place is not None and getattr(place, key) is not None:
            return Fraction(getattr(place, key))
    return None


def _owners(rules: Rules, path: str) -> dict[str, Fraction | None]:
    """What the owner says: of the path itself, of all beside it, of all."""
    found: dict[str, Fraction | None] = {}
    places = (path, f"{path.partition('.')[0]}.*", "*")
    for key in ("max_amount", "max_factor", "max_increase"):
        figures = [getattr(rules.caps.get(place), key, None) for place in places]
        given = [Fraction(one) for one in figures if one is not None]
        found[key] = given[0] if given else None
    return found


@dataclass(frozen=True)
class Reckoned:
    """What one call does to one campaign, with the currency of that campaign."""

    item: WriteItem
    currency: str | None

    def faults(self, rules: Rules, recent: Recent) -> set[tuple[str, str]]:
        """The rules that each path breaks by itself, as path and code."""
        return {
            (path, code)
            for path in self.item.changes
            for code in (*self._leave(rules, path), *self._money(rules, path))
        } | set(self._clocks(rules, recent))

    def _leave(self, rules: Rules, path: str) -> Iterator[str]:
        value = self.item.changes[path]
        is_asked = value == {STATUS: "active", "deleted": "true", "price.amount": None}.get(path, 0)
        if is_asked and _GUARDS[path] not in {one.value for one in rules.free}:
            yield f"guard-{_GUARDS[path]}"
        if path == STATUS and value == "active":
            queue = {**self.item.remote, **self.item.changes}.get(QUEUE)
            if queue in (None, "", _ZERO):
                yield "start-incomplete"

    def _money(self, rules: Rules, path: str) -> Iterator[str]:
        value = self.item.changes[path]
        if not path.startswith(("budget.", "price.")) or value is None:
            return
        wanted, own = figure(value), _owners(rules, path)
        others = [key for key in (DAILY, MONTHLY) if key != path]
        if value == "unlimited":
            shown = self.item.remote
            moved = (
                figure(self.item.changes.get(key)) is not None and figure(shown.get(key)) is None
                for key in others
            )
            if not any(moved):
                yield self._lifted(own, is_rise=figure(shown.get(path)) is not None)
        elif wanted is None:
            yield "amount"
        else:
            yield from self._range(rules, path, wanted)
            yield from self._factor(rules, path, wanted)

    def _lifted(self, own: Mapping[str, Fraction | None], *, is_rise: bool) -> str:
        """The code of a limit that is lifted: the owner's first figure that it goes beyond."""
        beyond = ["max_amount", *(("max_factor", "max_increase") if is_rise else ())]
        found = [key for key in beyond if own[key] is not None]
        return found[0].replace("max_", "cap-") if found else "unlimited"

    def _range(self, rules: Rules, path: str, wanted: Fraction) -> Iterator[str]:
        cap, floor = _owners(rules, path)["max_amount"], _bound(rules, path, "floor")
        most = _bound(rules, path, "max_amount")
        if self.currency is None and (cap is not None or most is not None):
            yield "currency-unknown"
        if cap is not None and wanted > cap:
            yield "cap-amount"
        elif most is not None and wanted > most:
            yield "amount"
        if floor is not None and wanted < floor:
            yield "floor"

    def _factor(self, rules: Rules, path: str, wanted: Fraction) -> Iterator[str]:
        before = figure(self.item.remote.get(path))
        if before is None or wanted <= before:
            return
        cap, most = _owners(rules, path)["max_factor"], _bound(rules, path, "max_factor")
        if cap is not None and wanted > before * cap:
            yield "cap-factor"
        elif most is not None and wanted > before * most:
            yield "factor"

    def _clocks(self, rules: Rules, recent: Recent) -> Iterator[tuple[str, str]]:
        """Only for quiet hours within a day of UTC."""
        if self.item.changes.get(STATUS) == "paused":
            return
        for path in self.item.changes:
            if rules.quiet is not None and rules.quiet[0] <= recent.now.time() < rules.quiet[1]:
                yield path, "quiet_hours"
            last = recent.last_change.get((self.item.external_id, path))
            gap = rules.bounds.min_gap
            if last is not None and gap is not None and last < gap:
                yield path, "min_gap"

    @property
    def rise(self) -> Fraction:
        """By how much its budgets rise together."""
        found = Fraction(0)
        for path in (DAILY, MONTHLY):
            wanted, before = figure(self.item.changes.get(path)), self.item.remote.get(path)
            start = Fraction(0) if before is None else figure(before)
            if wanted is not None and start is not None:
                found += max(wanted - start, Fraction(0))
        return found


def exceeded(rules: Rules, recent: Recent, sent: Iterable[Reckoned]) -> set[str]:
    """The rules of the window that all of this breaks together, beyond what was broken before."""
    sent = list(sent)
    starts = sum(one.item.changes.get(STATUS) == "active" for one in sent)
    ids = {one.item.external_id for one in sent if not one.item.is_create} - recent.changed
    after = len(recent.changed) + len(ids)
    is_shared = rules.share is not None and recent.campaigns >= 10
    rises: dict[str | None, Fraction] = {}
    for one in sent:
        rises[one.currency] = rises.get(one.currency, Fraction(0)) + one.rise
    cap = rules.caps.get("*")
    started = recent.activations + starts
    found = {
        "share": is_shared and ids and after > Fraction(rules.share or 0) * recent.campaigns,
        "activations": starts and _is_above(started, rules.activations),
        "cap-activations": starts and _is_above(started, getattr(cap, "activations", None)),
    }
    codes = {code for code, is_so in found.items() if is_so}
    for unit, rise in rises.items():
        total = rise + Fraction(recent.increases.get(unit or "", 0))
        if rise and _is_above(total, rules.max_increase):
            codes.add("increase")
        if rise and _is_above(total, getattr(cap, "max_increase", None)):
            codes.add("cap-increase")
    return codes


def _is_above(what: Fraction | int, most: object) -> bool:
    return most is not None and what > Fraction(str(most))


def reckoned(items: Iterable[WriteItem], currencies: Mapping[str, str | None]) -> list[Reckoned]:
    """Items with the currencies of their campaigns, euros where none is given."""
    return [Reckoned(item, currencies.get(item.external_id, "EUR")) for item in items]
