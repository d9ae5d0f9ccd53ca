"""The promises about what may leave at all: nothing outside the account's caps without a person's
word, and nothing over a value that somebody else put there meanwhile. Plain values in, violations
out; it shares no code with those it judges, and knows no provider."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tests.arrivals import Row, Rows, Write, ns_of, same, text_of
from tests.cases import judged
from tests.promises import DELETED, SECOND, Violation, made_by
from tests.sent import SLACK, Sent, amount_of, values_sent

UNLIMITED = "unlimited"
_LEAST = 10  # campaigns of which a share says something
_MOST = Decimal(10) ** 14
_PASS = 5 * SECOND
_OWNERS = "nobody may let this pass"
_ABOUT_OTHERS = frozenset({"conflict", "base_unknown"})
"""The rules that tell of a value that somebody else put there."""


@dataclass(frozen=True)
class Quiet:
    """Hours of the day, in UTC, in which nothing leaves."""

    begin: dt.time
    end: dt.time

    def holds_at(self, wall_ns: int) -> bool:
        """Whether a time is well within them."""
        edges = [
            dt.datetime.fromtimestamp((wall_ns + slack) / SECOND, dt.UTC).time()
            for slack in (-SLACK, SLACK)
        ]
        return all(self._has(one) for one in edges)

    def _has(self, time: dt.time) -> bool:
        if self.begin < self.end:
            return self.begin <= time < self.end
        return time >= self.begin or time < self.end


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """What the configuration of an account lets leave without a person's word; None: anything. A
    read is fresh for `fresh_for` seconds; `free` has what needs no leave (`start`, `delete`,
    `disable`); `starts` says whether an activation is a start; `activations`, `max_increase` and
    `share` of so many `campaigns` (those made in the run too) hold within `window` seconds;
    `min_gap` lies between two changes of a path. `caps` by path (or `*`) and `cap_activations` are
    the owner's, which nobody can let pass. With `four_eyes` nobody lets their own wish pass. `torn`
    are the arrivals of passes that were interrupted: whether somebody took in what such a read
    showed, nobody knows."""

    fresh_for: float = 60.0
    max_factor: Decimal | None = Decimal(2)
    max_amount: Decimal | None = None
    free: frozenset[str] = frozenset()
    starts: bool = False
    window: float = 3600.0
    activations: int | None = 10
    share: Decimal | None = Decimal("0.3")
    campaigns: int = 0
    max_increase: Decimal | None = None
    min_gap: float = 0.0
    quiet: Quiet | None = None
    four_eyes: bool = False
    caps: Mapping[str, Decimal] = field(default_factory=dict)
    cap_activations: int | None = None
    torn: frozenset[int] = frozenset()


def judge_leave(
    writes: Sequence[Write], arrivals: Sequence[Row], rows: Rows, agreed: Agreed
) -> Iterator[Violation]:
    """Both promises for one run."""
    sent = values_sent(writes, arrivals, rows, agreed.torn)
    yield from within_caps(sent, agreed, rows)
    yield from within_window(sent, agreed, made=_made(writes))
    yield from nobody_is_overwritten(sent, agreed, rows)


def within_caps(sent: Sequence[Sent], agreed: Agreed, rows: Rows) -> Iterator[Violation]:
    """Promise 13: no value outside the caps arrives, unless somebody who may let it pass for just
    that."""
    updates = {update["id"]: update for update in rows.updates}
    for one in sent:
        found = [*_absolute(one, agreed)]
        by = {approval["approved_by"] for approval in one.approvals}
        judged("13 four eyes", agreed.four_eyes and bool(by))
        if agreed.four_eyes and by and by <= _askers(one.update, updates):
            found.append("was let pass by who asked for it")
        for rule, why in _beyond(one, agreed):
            if not one.is_let_by(rule):
                found.append(f"{why}, and nobody approved it")
        yield from (Violation(13, f"{one} {why}") for why in found)


def _askers(update: Row, updates: Mapping[int, Row]) -> set[str | None]:
    """Who asked for an update, and for what it tries again."""
    asked, before = {update.get("asked_by")}, updates.get(update.get("retry_of") or 0)
    return asked if before is None else asked | _askers(before, updates)


def _absolute(one: Sent, agreed: Agreed) -> Iterator[str]:
    """Why nobody could let this value pass."""
    amount, cap = amount_of(one.path, one.value), agreed.caps.get(one.path, agreed.caps.get("*"))
    judged("13 amount", amount is not None)
    judged("13 owner's amount", amount is not None and cap is not None)
    if amount is not None and not (amount.is_finite() and 0 <= amount < _MOST):
        yield "is no amount of money"
    elif amount is not None and cap is not None and amount > cap:
        yield f"is above the owner's cap of {cap}"
    elif cap is not None and _ends_limit(one):
        yield f"ends a limit under the owner's cap of {cap}"


def _ends_limit(one: Sent) -> bool:
    return one.path.startswith("budget.") and one.value == UNLIMITED and not _sets_another(one)


def _beyond(one: Sent, agreed: Agreed) -> Iterator[tuple[str, str]]:
    """Why this value alone needs leave, each with the name of the rule."""
    amount, leave = amount_of(one.path, one.value), _leave(one, agreed)
    if amount is not None and amount.is_finite():
        yield from _too_much(one, amount, agreed)
    judged("13 unlimited", one.value == UNLIMITED)
    if one.value == UNLIMITED and not _sets_another(one):
        yield "unlimited", "ends a limit"
    if leave is not None and leave not in agreed.free:
        judged("13 leave")
        yield f"guard-{leave}", f"needs leave to {leave}"
    if agreed.quiet is not None and not one.is_pause:
        judged("13 quiet hours")
        if agreed.quiet.holds_at(one.wall_ns):
            yield "quiet_hours", "came in quiet hours"


def _too_much(one: Sent, amount: Decimal, agreed: Agreed) -> Iterator[tuple[str, str]]:
    if agreed.max_amount is not None:
        judged("13 largest amount")
        if amount > agreed.max_amount:
            yield "amount", f"is above {agreed.max_amount}"
    if agreed.max_factor is not None and one.reads:
        judged("13 factor")
        before = [amount_of(one.path, shown) for shown in one.before]
        if all(known is not None and amount > known * agreed.max_factor for known in before):
            yield "factor", f"is more than {agreed.max_factor} times {before[-1]}"


def _sets_another(one: Sent) -> bool:
    """Whether the same wish gives an amount to another budget that had none: one of two limits that
    stand side by side does not take the place of the other."""
    others = [
        (path, text_of(value))
        for path, value in one.update["patch"].items()
        if path != one.path and path.startswith("budget.")
    ]
    return any(
        amount_of(path, value) is not None and _had_none(one, path) for path, value in others
    )


def _had_none(one: Sent, path: str) -> bool:
    """Whether one of the reads before shows no amount at a path, or there was none to read."""
    shown = [read["shown"][one.subject].get(path) for read in one.reads]
    return not shown or any(amount_of(path, value) is None for value in shown)


def _leave(one: Sent, agreed: Agreed) -> str | None:
    if one.path == DELETED:
        return "delete"
    if one.path == "price.amount" and one.value is None:
        return "disable"
    return "start" if agreed.starts and one.is_activation else None


def _made(writes: Sequence[Write]) -> int:
    """How many campaigns were made."""
    return len({one["id"] for write in writes for it in write.items for one in made_by(write, it)})


def within_window(sent: Sequence[Sent], agreed: Agreed, *, made: int = 0) -> Iterator[Violation]:
    """Promise 13, over time: what nobody approved stays within what may happen in any window, in
    which whatever was done counts. When somebody had taken in those that were `made`, nobody
    outside knows: whether there were enough for a share goes by the others."""
    is_shared = agreed.campaigns - made >= _LEAST
    done = [one for one in sent if one.is_applied and not one.is_of_new]
    for position, one in enumerate(done):
        since = one.write.start - agreed.window * SECOND
        before = [other for other in done[:position] if other.write.start > since + SLACK]
        counted = [other for other in before if not _is_let_pass_after(other, one)]
        found = [(_OWNERS, why) for why in _over_the_owners(one, before, agreed)]
        found += _one_too_many(one, counted, agreed)
        found += _share(one, before, counted, agreed) if is_shared else ()
        found += _too_soon(one, done[:position], agreed)
        yield from (Violation(13, f"{one} {why}") for rule, why in found if not one.is_let_by(rule))


def _is_let_pass_after(other: Sent, one: Sent) -> bool:
    """Whether a plan may have come upon what was approved only after this one, which stands before
    it in the queue: calls of one pass arrive in any order."""
    is_of_one_pass = one.write.start - other.write.start < _PASS
    return bool(other.approvals) and other.place > one.place and is_of_one_pass


def _starts_of(some: Sequence[Sent]) -> int:
    """How many activations there are, those that changed nothing left out."""
    counted = [one for one in some if one.is_activation and "active" not in one.before]
    return len({(one.subject, one.write.seq) for one in counted})


def _over_the_owners(one: Sent, before: Sequence[Sent], agreed: Agreed) -> Iterator[str]:
    count, is_start = _starts_of([*before, one]), _starts_of([one])
    if agreed.cap_activations is not None and is_start:
        judged("13 owner's activations")
        if count > agreed.cap_activations:
            yield f"is start {count} within the window, over the owner's cap"


def _one_too_many(one: Sent, counted: Sequence[Sent], agreed: Agreed) -> Iterator[tuple[str, str]]:
    count = _starts_of([*counted, one])
    if agreed.activations is not None and _starts_of([one]):
        judged("13 activations")
        if count > agreed.activations:
            yield "activations", f"is start {count} within the window"
    rise = sum((other.rise for other in counted), one.rise)
    if agreed.max_increase is not None and one.rise:
        judged("13 increase")
        if rise > agreed.max_increase:
            yield "increase", f"makes budgets rise by {rise} within the window"


def _share(
    one: Sent, before: Sequence[Sent], counted: Sequence[Sent], agreed: Agreed
) -> Iterator[tuple[str, str]]:
    if agreed.share is None:
        return
    judged("13 share")
    changed = {other.subject for other in counted} | {one.subject}
    is_new = one.subject not in {other.subject for other in before}
    if is_new and len(changed) > agreed.share * agreed.campaigns:
        yield "share", f"is the change of campaign {len(changed)} within the window"


def _too_soon(one: Sent, earlier: Sequence[Sent], agreed: Agreed) -> Iterator[tuple[str, str]]:
    """Too little time since the last change of the same path by another call."""
    same_path = [
        other.write.start
        for other in earlier
        if (other.subject, other.path) == (one.subject, one.path)
        and other.write.seq != one.write.seq
    ]
    gap = one.write.start - max(same_path, default=0)
    if same_path and agreed.min_gap and not one.is_pause:
        judged("13 gap")
        if gap < agreed.min_gap * SECOND - SLACK:
            yield "min_gap", f"came {gap / SECOND:.0f} s after the change before"


def nobody_is_overwritten(sent: Sequence[Sent], agreed: Agreed, rows: Rows) -> Iterator[Violation]:
    """Promise 14: what a write replaces was read at most `fresh_for` before, and is what the
    requester saw, what our own last write or applied update put there, what is wanted, or what
    somebody saw who let it pass; unless the policy is ours. What is sent along unasked is as it was
    read."""
    ours: dict[tuple[str, str], list[str | None]] = defaultdict(list)
    for one in sent:
        if one.path != DELETED and not one.is_of_new:
            known = ours[one.subject, one.path]
            yield from _replaced(one, agreed, [*known, *_applied_last(one, rows)])
            ours[one.subject, one.path] = _ours_after(one, known)
    yield from _carried_along(sent)


def _replaced(one: Sent, agreed: Agreed, ours: Sequence[str | None]) -> Iterator[Violation]:
    if not one.reads:
        yield Violation(14, f"{one} was sent without any read")
        return
    judged("14 fresh read")
    age = one.write.start - one.reads[-1]["arrived_ns"]
    if age > agreed.fresh_for * SECOND + SLACK:
        yield Violation(14, f"{one} was sent on a read {age / SECOND:.0f} s old")
    if one.update.get("policy") == "ours":
        return
    reference = one.update.get("reference") or {}
    known = [text_of(reference[one.path])] if one.path in reference else []
    let = [text_of(each["remote"]) for each in one.approvals if each["rules"] & _ABOUT_OTHERS]
    fine = [one.value, *known, *ours, *let]
    judged("14 seen value")
    if not any(same(one.path, shown, value) for shown in one.before for value in fine):
        yield Violation(14, f"{one} replaces {one.before}, seen was {known or 'nothing'}")


def _applied_last(one: Sent, rows: Rows) -> list[str | None]:
    """What the update asked for that was the last to be applied at the path before."""
    found = []
    for update in rows.updates:
        said = (update["results"] or {}).get(one.path, {})
        is_of_it = update["external_id"] == one.subject and update["id"] != one.update["id"]
        if is_of_it and said.get("outcome") == "applied" and said.get("at"):
            found.append((ns_of(said["at"]), text_of(update["patch"][one.path])))
    before = [known for known in found if known[0] <= one.write.row["wall_ns"]]
    return [max(before, key=lambda known: known[0])[1]] if before else []


def _ours_after(one: Sent, known: list[str | None]) -> list[str | None]:
    """What may stand there by our own doing: the last value applied, beside the one before it while
    that may still show."""
    if not one.is_applied:
        return known
    items = one.write.about(one.subject, one.path)
    is_late = any(item["truth"] == "applied_pending" for item in items)
    return [one.value, *one.before, *known] if is_late else [one.value]


def _carried_along(sent: Sequence[Sent]) -> Iterator[Violation]:
    whole = {(one.write.seq, one.subject): one for one in sent if one.reads and not one.is_of_new}
    for one in whole.values():
        asked = {
            path for number in one.write.updates[one.subject] for path in one.write.sent[number]
        }
        for item in one.write.items.get(one.subject, ()) if DELETED not in asked else ():
            for path, value in item["new"].items():
                shown = [read["shown"][one.subject].get(path) for read in one.reads]
                judged("14 carried along", path not in asked)
                if path in asked or any(same(path, known, value) for known in shown):
                    continue
                what = f"{path} = {value} went along unasked"
                yield Violation(14, f"{what} (arrival {one.write.seq}), read was {shown}")
