"""Every value that arrived at a provider for an update, beside what the last reads before it showed
and who let it pass: plain values in, values out. It judges nothing, and shares no code with those
judged."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from tests.arrivals import AMOUNTS, Row, Rows, Write, ns_of, text_of
from tests.promises import APPLIED, SECOND, is_read

SLACK = 2 * SECOND  # from the last look at a clock to the arrival


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
    approvals: Sequence[Row]
    """Those of this item that were valid when it arrived."""

    def is_let_by(self, *rules: str) -> bool:
        """Whether somebody who was told of one of these rules let it pass."""
        return any(not approval["rules"].isdisjoint(rules) for approval in self.approvals)

    @property
    def place(self) -> tuple[int, int]:
        """Where its update stands in the queue."""
        return (ns_of(self.update["due_at"]), self.update["id"])

    @property
    def before(self) -> list[str | None]:
        """What these reads showed at the path."""
        return [read["shown"][self.subject].get(self.path) for read in self.reads]

    @property
    def wall_ns(self) -> int:
        return int(self.write.row["wall_ns"])

    @property
    def is_of_new(self) -> bool:
        """Whether it made a campaign."""
        return self.subject.startswith("new:")

    @property
    def is_activation(self) -> bool:
        return self.path == "status" and self.value == "active"

    @property
    def is_pause(self) -> bool:
        """Whether its update pauses, whatever it asks for besides."""
        return bool(self.update["patch"].get("status") == "paused")

    @property
    def rise(self) -> Decimal:
        """By how much a budget rises at least; one that had no limit falls."""
        wanted = amount_of(self.path, self.value)
        before = [amount_of(self.path, shown) for shown in self.before]
        known = [one for one in before if one is not None]
        is_budget = self.path.startswith("budget.") and wanted is not None and len(known) > 0
        if not is_budget or len(known) < len(before) or wanted is None or wanted.is_nan():
            return Decimal(0)
        return max(wanted - max(known), Decimal(0))

    def __str__(self) -> str:
        at = f"arrival {self.write.seq}"
        return f"{self.path} = {self.value} of update {self.update['id']} ({at})"


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
            approvals=_valid(updates[one], path, write, rows.approvals),
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


def _valid(update: Row, path: str, write: Write, approvals: Sequence[Row]) -> Sequence[Row]:
    """The approvals of an item that were valid when it arrived."""
    at = write.row["wall_ns"]
    return [
        approval
        for approval in approvals
        if approval["update_id"] == update["id"]
        and approval["path"] == path
        and ns_of(approval["approved_at"]) - SLACK <= at <= ns_of(approval["expires_at"]) + SLACK
    ]


def amount_of(path: str, value: str | None) -> Decimal | None:
    """What a path of money has, None where that is no number."""
    if value is None or not path.startswith(AMOUNTS):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None
