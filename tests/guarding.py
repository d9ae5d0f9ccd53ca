"""The promises about what may leave at all: nothing outside the account's caps without a person's
word, and nothing over a value that somebody else put there meanwhile. Plain values in, violations
out; it shares no code with those it judges, and knows no provider."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.arrivals import AMOUNTS, Row, Rows, Write, same, text_of
from tests.promises import APPLIED, DELETED, SECOND, Violation, is_read

UNLIMITED = "unlimited"
_SLACK = 2 * SECOND  # from the last look at a clock to the arrival
_LEAST = 10  # campaigns of which a share says something
_MOST = Decimal(10) ** 14


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """What the configuration of an account lets leave without a person's word; None: anything. A
    read is fresh for `fresh_for` seconds; `free` has what needs no leave (`start`, `delete`,
    `disable`); `starts` says whether an activation is a start; `activations`, and `share` of so
    many `campaigns`, hold within `window` seconds; `caps` are the owner's by path (or `*`), which
    nobody can let pass. `torn` are the arrivals of passes that were interrupted: whether somebody
    took in what such a read showed, nobody knows."""

    fresh_for: float = 60.0
    max_factor: Decimal | None = Decimal(2)
    max_amount: Decimal | None = None
    free: frozenset[str] = frozenset()
    starts: bool = False
    window: float = 3600.0
    activations: int | None = 10
    share: Decimal | None = Decimal("0.3")
    campaigns: int = 0
    caps: Mapping[str, Decimal] = field(default_factory=dict)
    torn: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Sent:
    """One value that arrived for one update, and the reads before it of which one was the last
    that was taken in, oldest first."""

    write: Write
    subject: str
    update: Row
    path: str
    value: str | None
    reads: Sequence[Row]
    is_applied: bool
    is_approved: bool

    @property
    def before(self) -> list[str | None]:
        """What these reads showed at the path."""
        return [read["shown"][self.subject].get(self.path) for read in self.reads]

    @property
    def is_of_new(self) -> bool:
        """Whether it made a campaign."""
        return self.subject.startswith("new:")

    @property
    def is_activation(self) -> bool:
        return self.path == "status" and self.value == "active"

    def __str__(self) -> str:
        at = f"arrival {self.write.seq}"
        return f"{self.path} = {self.value} of update {self.update['id']} ({at})"


def judge_leave(
    writes: Sequence[Write], arrivals: Sequence[Row], rows: Rows, agreed: Agreed
) -> Iterator[Violation]:
    """Both promises for one run."""
    sent = values_sent(writes, arrivals, rows, agreed.torn)
    yield from within_caps(sent, agreed)
    yield from within_window(sent, agreed)
    yield from nobody_is_overwritten(sent, agreed, rows)


def values_sent(
    writes: Sequence[Write], arrivals: Sequence[Row], rows: Rows, torn: Collection[int] = ()
) -> list[Sent]:
    """Every value of every write, in order of arrival."""
    updates = {update["id"]: update for update in rows.updates}
    reads = [row for row in arrivals if is_read(row)]
    return [
        Sent(
            write=write,
            subject=subject,
            update=updates[one],
            path=path,
            value=text_of(value),
            reads=_last_of(subject, write, reads, torn),
            is_applied=any(item["truth"] in APPLIED for item in write.about(subject, path)),
            is_approved=_is_approved(updates[one], path, write, rows.approvals),
        )
        for write in writes
        for subject, ids in write.updates.items()
        for one in ids
        for path, value in write.sent[one].items()
    ]


def _last_of(
    subject: str, write: Write, reads: Sequence[Row], torn: Collection[int]
) -> Sequence[Row]:
    """The last read of a subject before a write, and after it those of interrupted passes."""
    seen = [row for row in reads if row["arrived_ns"] < write.start and subject in row["shown"]]
    sure = [at for at, row in enumerate(seen) if row["seq"] not in torn]
    return seen[sure[-1] if sure else 0 :]


def _is_approved(update: Row, path: str, write: Write, approvals: Sequence[Row]) -> bool:
    """Whether an approval of this item was valid when it arrived."""
    at = write.row["wall_ns"]
    return any(
        approval["update_id"] == update["id"]
        and approval["path"] == path
        and _ns(approval["approved_at"]) - _SLACK <= at <= _ns(approval["expires_at"]) + _SLACK
        for approval in approvals
    )


def within_caps(sent: Sequence[Sent], agreed: Agreed) -> Iterator[Violation]:
    """Promise 13: no value outside the caps arrives, unless somebody let it pass who may."""
    for one in sent:
        found = [*_absolute(one, agreed)]
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


def _sets_another(one: Sent) -> bool:
    sent = one.write.sent[one.update["id"]]
    others = (path for path in sent if path != one.path and path.startswith("budget."))
    return any(amount_of(path, text_of(sent[path])) is not None for path in others)


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
        if one.is_approved:
            continue
        since = one.write.start - agreed.window * SECOND
        before = [other for other in done[:position] if other.write.start > since]
        free = [other for other in before if not other.is_approved]
        if one.is_activation and agreed.activations is not None:
            starts = {(other.subject, other.write.seq) for other in free if other.is_activation}
            count = len(starts | {(one.subject, one.write.seq)})
            if count > agreed.activations:
                yield Violation(13, f"{one} is start {count} within the window")
        if agreed.share is None or agreed.campaigns < _LEAST:
            continue
        changed = {other.subject for other in free} | {one.subject}
        is_new = one.subject not in {other.subject for other in before}
        if is_new and len(changed) > agreed.share * agreed.campaigns:
            yield Violation(13, f"{one}: {len(changed)} campaigns changed within the window")


def nobody_is_overwritten(
    sent: Sequence[Sent], agreed: Agreed, rows: Rows
) -> Iterator[Violation]:
    """Promise 14: what a write replaces was read at most `fresh_for` before, and is what the
    requester saw, what our own last write or applied update put there, or what is wanted; unless
    the policy is ours or somebody let it pass. What is sent along unasked is as it was read."""
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
    if age > agreed.fresh_for * SECOND + _SLACK:
        yield Violation(14, f"{one} was sent on a read {age / SECOND:.0f} s old")
    if one.is_approved or one.update.get("policy") == "ours":
        return
    reference = one.update.get("reference") or {}
    known = [text_of(reference[one.path])] if one.path in reference else []
    fine = [text_of(one.value), *known, *ours]
    if not any(same(one.path, shown, value) for shown in one.before for value in fine):
        yield Violation(14, f"{one} replaces {one.before}, seen was {known or 'nothing'}")


def _applied_last(one: Sent, rows: Rows) -> list[str | None]:
    """What the update asked for that was the last to be applied at the path before."""
    found = []
    for update in rows.updates:
        said = (update["results"] or {}).get(one.path, {})
        is_of_it = update["external_id"] == one.subject and update["id"] != one.update["id"]
        if is_of_it and said.get("outcome") == "applied" and said.get("at"):
            found.append((_ns(said["at"]), text_of(update["patch"][one.path])))
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
    whole = {(one.write.seq, one.subject): one for one in sent if not one.is_of_new}
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


def amount_of(path: str, value: str | None) -> Decimal | None:
    """What a path of money has, None where that is no number."""
    if value is None or not path.startswith(AMOUNTS):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def _ns(time: Any) -> int:
    return int(datetime.fromisoformat(str(time)).timestamp() * SECOND)
