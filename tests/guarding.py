"""The promises about what may leave at all: nothing outside the account's caps without a person's
word, and nothing over a value that somebody else put there meanwhile. Plain values in, violations
out; it shares no code with those it judges, and knows no provider."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tests.arrivals import Row, Rows, Write, same, text_of
from tests.promises import DELETED, SECOND, Violation
from tests.sent import SLACK, Sent, amount_of, ns_of, values_sent

UNLIMITED = "unlimited"
_LEAST = 10  # campaigns of which a share says something
_MOST = Decimal(10) ** 14


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
    `share` of so many `campaigns` hold within `window` seconds; `min_gap` lies between two changes
    of a path. `caps` by path (or `*`) and `cap_activations` are the owner's, which nobody can let
    pass. With `four_eyes` nobody lets their own wish pass. `torn` are the arrivals of passes that
    were interrupted: whether somebody took in what such a read showed, nobody knows."""

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
    yield from within_caps(sent, agreed)
    yield from within_window(sent, agreed)
    yield from nobody_is_overwritten(sent, agreed, rows)


def within_caps(sent: Sequence[Sent], agreed: Agreed) -> Iterator[Violation]:
    """Promise 13: no value outside the caps arrives, unless somebody let it pass who may."""
    for one in sent:
        found = [*_absolute(one, agreed)]
        by = {approval["approved_by"] for approval in one.approvals}
        if agreed.four_eyes and by == {one.update.get("asked_by")}:
            found.append("was let pass by who asked for it")
        if not one.is_approved:
            found += [f"{why}, and nobody approved it" for why in _beyond(one, agreed)]
        yield from (Violation(13, f"{one} {why}") for why in found)


def _absolute(one: Sent, agreed: Agreed) -> Iterator[str]:
    """Why nobody could let this value pass."""
    amount, cap = amount_of(one.path, one.value), agreed.caps.get(one.path, agreed.caps.get("*"))
    if amount is not None and not (amount.is_finite() and 0 <= amount < _MOST):
        yield "is no amount of money"
    elif amount is not None and cap is not None and amount > cap:
        yield f"is above the owner's cap of {cap}"


def _beyond(one: Sent, agreed: Agreed) -> Iterator[str]:
    """Why this value alone needs leave."""
    amount = amount_of(one.path, one.value)
    if amount is not None and not amount.is_finite():
        return
    if amount is not None and agreed.max_amount is not None and amount > agreed.max_amount:
        yield f"is above {agreed.max_amount}"
    if amount is not None and agreed.max_factor is not None and one.reads:
        before = [amount_of(one.path, shown) for shown in one.before]
        if all(known is not None and amount > known * agreed.max_factor for known in before):
            yield f"is more than {agreed.max_factor} times {before[-1]}"
    if one.value == UNLIMITED and not _sets_another(one):
        yield "ends a limit"
    leave = _leave(one, agreed)
    if leave is not None and leave not in agreed.free:
        yield f"needs leave to {leave}"
    if agreed.quiet is not None and not one.is_pause and agreed.quiet.holds_at(one.wall_ns):
        yield "came in quiet hours"


def _sets_another(one: Sent) -> bool:
    """Whether the same wish, or the same call, gives an amount to another budget that had none: one
    of two limits that stand side by side does not take the place of the other."""
    sent = [one.write.sent[number] for number in one.write.updates[one.subject]]
    others = [
        (path, text_of(value))
        for wanted in (one.update["patch"], *sent)
        for path, value in wanted.items()
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


def within_window(sent: Sequence[Sent], agreed: Agreed) -> Iterator[Violation]:
    """Promise 13, over time: what nobody approved stays within what may happen in any window. What
    was approved is not counted here, because calls of one plan may arrive in another order."""
    done = [one for one in sent if one.is_applied and not one.is_of_new]
    for position, one in enumerate(done):
        since = one.write.start - agreed.window * SECOND
        before = [other for other in done[:position] if other.write.start > since + SLACK]
        free = [other for other in before if not other.is_approved]
        found = [*_over_the_owners(one, before, agreed)]
        if not one.is_approved:
            found += [*_one_too_many(one, free, agreed), *_share(one, before, free, agreed)]
            found += _too_soon(one, done[:position], agreed)
        yield from (Violation(13, f"{one} {why}") for why in found)


def _starts_of(some: Sequence[Sent]) -> int:
    """How many activations there are, those that changed nothing left out."""
    counted = [one for one in some if one.is_activation and "active" not in one.before]
    return len({(one.subject, one.write.seq) for one in counted})


def _over_the_owners(one: Sent, before: Sequence[Sent], agreed: Agreed) -> Iterator[str]:
    count = _starts_of([*before, one])
    is_over = agreed.cap_activations is not None and count > agreed.cap_activations
    if is_over and _starts_of([one]):
        yield f"is start {count} within the window, over the owner's cap"


def _one_too_many(one: Sent, free: Sequence[Sent], agreed: Agreed) -> Iterator[str]:
    count = _starts_of([*free, one])
    if agreed.activations is not None and _starts_of([one]) and count > agreed.activations:
        yield f"is start {count} within the window"
    rise = sum((other.rise for other in free), one.rise)
    if agreed.max_increase is not None and one.rise and rise > agreed.max_increase:
        yield f"makes budgets rise by {rise} within the window"


def _share(
    one: Sent, before: Sequence[Sent], free: Sequence[Sent], agreed: Agreed
) -> Iterator[str]:
    if agreed.share is None or agreed.campaigns < _LEAST:
        return
    changed = {other.subject for other in free} | {one.subject}
    is_new = one.subject not in {other.subject for other in before}
    if is_new and len(changed) > agreed.share * agreed.campaigns:
        yield f"is the change of campaign {len(changed)} within the window"


def _too_soon(one: Sent, earlier: Sequence[Sent], agreed: Agreed) -> Iterator[str]:
    """Too little time since the last change of the same path by another call."""
    same_path = [
        other.write.start
        for other in earlier
        if (other.subject, other.path) == (one.subject, one.path)
        and other.write.seq != one.write.seq
    ]
    gap = one.write.start - max(same_path, default=0)
    if same_path and not one.is_pause and gap < agreed.min_gap * SECOND - SLACK:
        yield f"came {gap / SECOND:.0f} s after the change before"


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
    age = one.write.start - one.reads[-1]["arrived_ns"]
    if age > agreed.fresh_for * SECOND + SLACK:
        yield Violation(14, f"{one} was sent on a read {age / SECOND:.0f} s old")
    if one.update.get("policy") == "ours":
        return
    reference = one.update.get("reference") or {}
    known = [text_of(reference[one.path])] if one.path in reference else []
    fine = [one.value, *known, *ours, *(text_of(each["remote"]) for each in one.approvals)]
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
                if path in asked or any(same(path, known, value) for known in shown):
                    continue
                what = f"{path} = {value} went along unasked"
                yield Violation(14, f"{what} (arrival {one.write.seq}), read was {shown}")
