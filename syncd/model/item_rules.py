"""The rules that a single change meets by itself: leave for what starts, deletes or disables, caps
on amounts, and times of the day. Pure functions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from syncd.model.figures import number, plain, word
from syncd.model.guard import Change, Hit, Recent, Rules, Way
from syncd.model.money import UNLIMITED, AmountError, parse_amount
from syncd.model.path import Guard, Kind, field_of

_ZERO_UUID: Final = "00000000-0000-0000-0000-000000000000"
_NUMERIC: Final = frozenset({Kind.AMOUNT, Kind.NUMBER, Kind.COUNT})


def item_hits(rules: Rules, change: Change, recent: Recent) -> dict[str, tuple[Hit, ...]]:
    """Every rule that a change meets by itself, by path."""
    found = {path: tuple(_of_path(rules, change, path, recent)) for path in change.changes}
    if change.is_create and change.changes:
        first = min(change.changes)
        found[first] += tuple(_without_budget(rules, change))
    return {path: hits for path, hits in found.items() if hits}


def _of_path(rules: Rules, change: Change, path: str, recent: Recent) -> Iterator[Hit]:
    value = change.changes[path]
    yield from _leave(rules, change, path)
    if value is not None:
        is_numeric = rules.kind(path) in _NUMERIC
        yield from (_amounts if is_numeric else _words)(rules, change, path, value)
    yield from _times(rules, change, path, recent)


def _leave(rules: Rules, change: Change, path: str) -> Iterator[Hit]:
    value = change.changes[path]
    guard = rules.guard(path, value)
    if guard is Guard.START:
        yield from _unready(rules, change, path)
    if guard is not None and guard not in rules.free:
        yield Hit(
            code=f"guard-{guard}",
            message=f"{path} = {word(value)} takes an approval (guard.{guard})",
            figures={"to": word(value)},
        )


def _unready(rules: Rules, change: Change, path: str) -> Iterator[Hit]:
    """A start without what it needs would fail, or worse, do something else than was meant."""
    found = field_of(rules.fields, path)
    values = {**change.remote, **change.changes}
    needs = found.needs if found is not None else ()
    unset = [one for one in needs if values.get(one) in (None, "", _ZERO_UUID)]
    if unset:
        yield Hit(
            code="start-incomplete",
            message=f"a start needs {' and '.join(unset)}, and nothing is set there",
            figures={"unset": ", ".join(unset)},
            way=Way.RETRY,
        )


def _amounts(rules: Rules, change: Change, path: str, value: str) -> Iterator[Hit]:
    if value == UNLIMITED:
        yield from _unlimited(rules, change, path)
        return
    try:
        wanted = _wanted(rules.kind(path), value)
    except AmountError as error:
        yield Hit(
            code="amount",
            message=f"no limit can be set against {path}: {error}",
            figures={"to": value},
            way=Way.RETRY,
        )
        return
    yield from _range(rules, change, path, wanted)
    yield from _factor(rules, change, path, wanted)


def _words(rules: Rules, change: Change, path: str, value: str) -> Iterator[Hit]:
    """What is no figure meets only a cap that the owner set for this very path, as in the
    database."""
    cap = rules.caps.get(path)
    if rules.kind(path) is None or cap is None or (cap.max_amount, cap.max_factor) == (None, None):
        return
    try:
        wanted = parse_amount(value)
    except AmountError:
        yield Hit(
            code="cap-amount",
            message=f"{path} is asked for as no amount that the owner's cap could be set against",
            figures={"to": value},
            way=Way.CAP,
            binds=value,
        )
        return
    yield from _range(rules, change, path, wanted)
    yield from _factor(rules, change, path, wanted)


def _wanted(kind: Kind | None, value: str) -> Decimal:
    """Raises AmountError: whatever door a value came through, what is no figure slips past none."""
    if kind is Kind.AMOUNT:
        return parse_amount(value)
    found = number(value)
    if found is None:
        raise AmountError(f'"{value}" is no number')
    return found


def _unlimited(rules: Rules, change: Change, path: str) -> Iterator[Hit]:
    """No limit is more than any amount, and more than any rise of one."""
    if _moves_the_limit(change, path):
        return
    before, cap = word(change.remote.get(path)), rules.cap(path)
    if rules.kind(path) is Kind.AMOUNT:
        if cap.max_amount is not None:
            yield _above("cap-amount", path, (UNLIMITED, cap.max_amount), Way.CAP)
            return
        is_limited = number(change.remote.get(path)) is not None
        rise = ("cap-factor", cap.max_factor), ("cap-increase", cap.max_increase)
        code, most = next(((code, most) for code, most in rise if most is not None), ("", None))
        if is_limited and most is not None:
            yield _lifted(code, path, before, most)
            return
    yield Hit(
        code="unlimited",
        message=f"{path} would have no limit any more; it is {before} now",
        figures={"from": before, "to": UNLIMITED},
        binds=before,
    )


def _without_budget(rules: Rules, change: Change) -> Iterator[Hit]:
    """A campaign that is made without any budget has no limit, as one that is lifted."""
    budgets = [one.path for one in rules.fields if one.creatable and one.path.startswith("budget.")]
    if not budgets or any(path.startswith("budget.") for path in change.changes):
        return
    said = "no budget is given, so the new campaign would have no limit"
    figures = {"to": UNLIMITED}
    most = min(
        (cap for cap in (rules.cap(path).max_amount for path in budgets) if cap is not None),
        default=None,
    )
    if most is None:
        yield Hit(code="unlimited", message=said, figures=figures)
        return
    yield Hit(
        code="cap-amount",
        message=f"{said}; the owner allows {plain(most)}",
        figures={**figures, "allowed": plain(most)},
        way=Way.CAP,
        binds=plain(most),
    )


def _lifted(code: str, path: str, before: str, most: Decimal) -> Hit:
    """The owner allows only so large a rise, and this one has no end."""
    times = " times as much" if code == "cap-factor" else ""
    return Hit(
        code=code,
        message=f"{path} would have no limit any more; it is {before} now, and the owner allows"
        f" {'' if code == 'cap-factor' else 'a rise of '}{plain(most)}{times}",
        figures={"from": before, "to": UNLIMITED, "allowed": plain(most)},
        way=Way.CAP,
        binds=plain(most),
    )


def _moves_the_limit(change: Change, path: str) -> bool:
    """A change of the period lifts one limit and sets another, which was none before, in the same
    write. Where a campaign has several limits side by side, one does not stand for the other."""
    return any(
        other != path
        and other.startswith("budget.")
        and number(value) is not None
        and number(change.remote.get(other)) is None
        for other, value in change.changes.items()
    )


def _range(rules: Rules, change: Change, path: str, wanted: Decimal) -> Iterator[Hit]:
    is_money = rules.kind(path) is Kind.AMOUNT
    bounds = rules.bounds_of(path)
    most, cap = bounds.max_amount, rules.cap(path).max_amount
    if is_money and change.currency is None and (most is not None or cap is not None):
        yield Hit(
            code="currency-unknown",
            message=f"{path} is capped in money, and the currency of the campaign is unknown",
            way=Way.ITSELF,
        )
    if cap is not None and wanted > cap:
        yield _above("cap-amount", path, (plain(wanted), cap), Way.CAP)
    elif most is not None and wanted > most:
        yield _above("amount", path, (plain(wanted), most), Way.APPROVE)
    if bounds.floor is not None and wanted < bounds.floor:
        yield Hit(
            code="floor",
            message=f"{path} {plain(wanted)} is below the floor of {plain(bounds.floor)}",
            figures={"to": plain(wanted), "allowed": plain(bounds.floor)},
            binds=plain(bounds.floor),
        )


def _factor(rules: Rules, change: Change, path: str, wanted: Decimal) -> Iterator[Hit]:
    before = number(change.remote.get(path))
    if before is None or wanted <= before:
        return
    cap, most = rules.cap(path).max_factor, rules.bounds_of(path).max_factor
    if cap is not None and wanted > before * cap:
        yield _times_more("cap-factor", path, (before, wanted, cap), Way.CAP)
    elif most is not None and wanted > before * most:
        yield _times_more("factor", path, (before, wanted, most), Way.APPROVE)


def _above(code: str, path: str, figures: tuple[str, Decimal], way: Way) -> Hit:
    wanted, most = figures[0], plain(figures[1])
    return Hit(
        code=code,
        message=f"{path} {wanted} is above the largest amount, {most}",
        figures={"to": wanted, "allowed": most},
        way=way,
        binds=most,
    )


def _times_more(code: str, path: str, figures: tuple[Decimal, Decimal, Decimal], way: Way) -> Hit:
    before, wanted, most = figures
    factor = f"{wanted / before:.2f} times" if before else "infinitely"
    return Hit(
        code=code,
        message=f"{path} would rise from {plain(before)} to {plain(wanted)}, {factor} as much;"
        f" {plain(most)} times is allowed",
        figures={"from": plain(before), "to": plain(wanted), "allowed": plain(most)},
        way=way,
        binds=f"{plain(before)} {plain(most)}",
    )


def _times(rules: Rules, change: Change, path: str, recent: Recent) -> Iterator[Hit]:
    """Pausing is the safe side and waits for no clock, nor does what is asked for with it: an
    update goes out or waits as a whole. What waits for a clock leaves by itself too."""
    if change.changes.get("status") == "paused":
        return
    until = None if rules.quiet is None else _quiet_until(rules, recent.now)
    if until is not None and rules.quiet is not None:
        begin, end = rules.quiet
        yield Hit(
            code="quiet_hours",
            message=f"quiet hours from {begin:%H:%M} to {end:%H:%M}",
            figures={"until": until.isoformat()},
        )
    last = recent.last_change.get((change.external_id, path))
    gap = None if last is None else rules.bounds_of(path).min_gap
    if gap is not None and last is not None and last < gap:
        free_at = recent.now + dt.timedelta(seconds=gap - last)
        yield Hit(
            code="min_gap",
            message=f"{path} was changed {last:.0f} s ago; {gap:.0f} s must lie between",
            figures={"since": f"{last:.0f}", "allowed": f"{gap:.0f}", "until": free_at.isoformat()},
        )


def _quiet_until(rules: Rules, now: dt.datetime) -> dt.datetime | None:
    """When the quiet hours that hold now end, None outside of them."""
    if rules.quiet is None:
        return None
    begin, end = rules.quiet
    local = now.astimezone(rules.zone)
    clock = local.time()
    is_quiet = begin <= clock < end if begin < end else clock >= begin or clock < end
    if not is_quiet:
        return None
    day = local.date() + dt.timedelta(days=1 if clock >= end else 0)
    ends = dt.datetime.combine(day, end, tzinfo=rules.zone)
    first = ends.astimezone(dt.UTC)
    if first.astimezone(rules.zone).time() != end:
        return _leap(ends)
    # Where clocks are put back the end may come twice, and once it came it holds but to the next.
    return first if first > now else ends.replace(fold=1).astimezone(dt.UTC)


def _leap(ends: dt.datetime) -> dt.datetime:
    """When clocks leap over this time of day, which they never show."""
    after = ends.replace(fold=1)
    at, offset = after.astimezone(dt.UTC), after.utcoffset()
    while at.astimezone(ends.tzinfo).utcoffset() != offset:
        at += dt.timedelta(minutes=1)
    return at
