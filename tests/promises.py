"""The promises that a run must keep, each as a function over the arrivals of a journal and the rows
of the report views: plain values in, violations out. It shares no code with those it judges."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, NoReturn

Row = Mapping[str, Any]

FINAL = frozenset({"applied", "rejected", "superseded", "cancelled", "expired"})
APPLIED = frozenset({"applied", "applied_pending"})
PRECEDENCE = ("rejected", "expired", "cancelled", "superseded", "applied")
"""An update's state is the first of these that any of its paths has."""
REFUSED_WHOLE = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422, 429})
_AT = re.compile(r"@data/(\d+)(?:/.*)?")
_SECOND = 1_000_000_000
_SLACK = _SECOND // 20  # the receiver sees a connection end a little after the sender ended it


@dataclass(frozen=True)
class Violation:
    """One broken promise, by its number in the list of promises."""

    promise: int
    what: str

    def __str__(self) -> str:
        return f"promise {self.promise}: {self.what}"


@dataclass(frozen=True)
class Rows:
    """What the report views said, row by row."""

    updates: Sequence[Row] = ()
    attempts: Sequence[Row] = ()


@dataclass(frozen=True)
class Write:
    """One arrival of a write, with the batch that it was sent for."""

    row: Row
    batch: int | None = None
    updates: Mapping[str, list[int]] = field(default_factory=dict)
    """Campaign to the updates that this write carried for it."""
    unknown: frozenset[str] = frozenset()
    """Campaigns whose attempt the database calls unknown."""

    @property
    def seq(self) -> int:
        return int(self.row["seq"])

    @property
    def start(self) -> int:
        return int(self.row["arrived_ns"])

    @property
    def end(self) -> int | None:
        """When the exchange ended for the sender; None while it lasts."""
        ends = [self.row[key] for key in ("replied_ns", "gone_ns") if self.row[key] is not None]
        return min(ends, default=None)

    @property
    def items(self) -> Mapping[str, Row]:
        return {item["id"]: item for item in self.row["items"]}


def judge(
    journal: Iterable[Row], rows: Rows, settle: float, limit: tuple[int, float] | None = None
) -> list[Violation]:
    """The same from rows that are already there."""
    arrivals = sorted(journal, key=lambda row: int(row["arrived_ns"]))
    writes = link(arrivals, rows)
    found = [*results_are_final(rows), *newer_stays(writes, rows)]
    found += [*no_blind_repeat(writes, arrivals, settle), *one_in_flight(writes)]
    found += [*intent_first(writes), *truthful(writes, arrivals, rows)]
    return found + ([] if limit is None else list(within_limit(arrivals, limit)))


def link(arrivals: Sequence[Row], rows: Rows) -> list[Write]:
    """Give every write the batch with its body's digest; one batch explains one arrival."""
    attempts: dict[int, list[Row]] = defaultdict(list)
    for attempt in rows.attempts:
        attempts[attempt["batch_id"]].append(attempt)
    writes = [row for row in arrivals if row["operation"] == "update"]
    waiting = _batches_by_body(attempts, [row["body_sha256"] for row in writes])
    campaign = {update["id"]: update["external_id"] for update in rows.updates}
    linked = []
    for row in writes:
        batches = waiting.get(row["body_sha256"])
        batch = batches.pop(0) if batches else None
        mine = attempts[batch] if batch is not None else []
        carried: dict[str, list[int]] = defaultdict(list)
        for attempt in mine:
            carried[campaign[attempt["update_id"]]].append(attempt["update_id"])
        lost = (one["update_id"] for one in mine if one["outcome"] in {"unknown", None})
        linked.append(Write(row, batch, carried, frozenset(campaign[one] for one in lost)))
    return linked


def _batches_by_body(
    attempts: Mapping[int, Sequence[Row]], bodies: Sequence[str | None]
) -> dict[str, list[int]]:
    """Batches in order by digest; of those never answered, the first that no arrival needs go."""
    by_body: dict[str, list[int]] = defaultdict(list)
    for batch in sorted(attempts):
        by_body[attempts[batch][0]["body_sha256"]].append(batch)
    for body, batches in by_body.items():
        spare = max(len(batches) - bodies.count(body), 0)
        unanswered = [one for one in batches if attempts[one][0]["http_status"] is None]
        for one in unanswered[:spare]:
            batches.remove(one)
    return by_body


def results_are_final(rows: Rows) -> Iterator[Violation]:
    """Promise 2: a final update has one final outcome per path, and nothing was sent after it."""
    for update in rows.updates:
        fault = _fault_of_results(update) if update["state"] in FINAL else None
        if fault is not None:
            yield Violation(2, f"update {update['id']} is {update['state']}, {fault}")
    final: set[int] = set()
    for attempt in sorted(rows.attempts, key=lambda one: int(one["batch_id"])):
        if attempt["update_id"] in final:
            yield Violation(2, f"update {attempt['update_id']} was sent after its final outcome")
        if attempt["outcome"] in {"applied", "rejected"}:
            final.add(attempt["update_id"])


def _fault_of_results(update: Row) -> str | None:
    outcomes = {path: said["outcome"] for path, said in (update["results"] or {}).items()}
    if not outcomes and update["state"] in {"cancelled", "expired"}:
        return None  # never sent, so nobody said anything
    if set(outcomes) != set(update["patch"]):
        return f"its results are for {sorted(outcomes)}, not for its patch"
    if not set(outcomes.values()) <= FINAL:
        return f"its results are open: {outcomes}"
    if min(outcomes.values(), key=PRECEDENCE.index) != update["state"]:
        return f"its results say {outcomes}"
    return None


def newer_stays(writes: Sequence[Write], rows: Rows) -> Iterator[Violation]:
    """Promise 3: per campaign and path, no older update arrives after a newer one."""
    updates = {update["id"]: update for update in rows.updates}
    newest: dict[tuple[str, str], tuple[Any, int]] = {}
    for write in writes:
        for campaign, ids in write.updates.items():
            order = {one: (datetime.fromisoformat(updates[one]["due_at"]), one) for one in ids}
            for path in {path for one in ids for path in updates[one]["patch"]}:
                mine = max(order[one] for one in ids if path in updates[one]["patch"])
                if mine < newest.get((campaign, path), mine):
                    what = f"{path} of {campaign}: update {mine[1]} arrived (arrival {write.seq})"
                    yield Violation(3, f"{what} after update {newest[campaign, path][1]}")
                newest[campaign, path] = max(mine, newest.get((campaign, path), mine))


def no_blind_repeat(
    writes: Sequence[Write], arrivals: Sequence[Row], settle: float
) -> Iterator[Violation]:
    """Promise 4: after a write without a clear answer, a read that began `settle` after its end."""
    reads = [row for row in arrivals if row["operation"] in {"search", "get"}]
    reads = [row for row in reads if row["reply_whole"] and row["reply_readable"]]
    for campaign, first, second in _neighbours(writes):
        if not is_unclear(first, campaign):
            continue
        earliest = (first.end or second.start) + int(settle * _SECOND) - _SLACK
        between = (row for row in reads if earliest <= row["arrived_ns"] < second.start)
        if not any(row["status"] == 200 and campaign in row["ids"] for row in between):
            what = f"{campaign} was sent again (arrival {second.seq}) with no read of it"
            yield Violation(4, f"{what} {settle:g} s after the unclear arrival {first.seq}")


def one_in_flight(writes: Sequence[Write]) -> Iterator[Violation]:
    """Promise 5: a write of a campaign begins only after the one before it has ended."""
    for campaign, first, second in _neighbours(writes):
        if first.end is None or second.start < first.end:
            what = f"arrival {second.seq} began while arrival {first.seq} was unanswered"
            yield Violation(5, f"{campaign}: {what}")


def intent_first(writes: Sequence[Write]) -> Iterator[Violation]:
    """Promise 7: every write that arrived whole has a recorded batch of its own with its digest."""
    for write in writes:
        if write.batch is None and write.row["body_sha256"] is not None:
            yield Violation(7, f"arrival {write.seq} has no recorded batch with its digest")


def truthful(writes: Sequence[Write], arrivals: Sequence[Row], rows: Rows) -> Iterator[Violation]:
    """Promise 8: applied means that the provider has it, rejected means that it has not."""
    by_batch = {write.batch: write for write in writes}
    for attempt in rows.attempts:
        write = by_batch.get(attempt["batch_id"])
        told = attempt["http_status"]
        if told is not None and (write is None or write.row["status"] != told):
            yield Violation(8, f"batch {attempt['batch_id']} records a status {told} never sent")
    for update in rows.updates:
        campaign = update["external_id"]
        mine = [write for write in writes if update["id"] in write.updates.get(campaign, ())]
        items = [write.items[campaign] for write in mine if campaign in write.items]
        if update["state"] == "applied" and update.get("confirmation") != "different":
            taken = any(item["truth"] in APPLIED and shows(update, item["new"]) for item in items)
            seen = any(shows(update, row["shown"].get(campaign)) for row in arrivals)
            if not taken and not seen:
                yield Violation(8, f"update {update['id']} is applied and never was")
        if update["state"] == "rejected" and items:
            yield from _rejected(update, items[-1], mine[-1])


def _rejected(update: Row, item: Row, write: Write) -> Iterator[Violation]:
    codes = {said.get("code") for said in update["results"].values()}
    if item["truth"] in APPLIED and codes != {"not_taken"}:
        yield Violation(
            8, f"update {update['id']} is rejected and was applied (arrival {write.seq})"
        )
    elif item["truth"] == "refused" and not write.row["faults"]:
        known = {code.rpartition("--")[2] for code in item["codes"]}
        if not {str(code).rpartition("--")[2] for code in codes} <= known:
            yield Violation(8, f"update {update['id']} names {codes}, the provider said {known}")


def within_limit(arrivals: Sequence[Row], limit: tuple[int, float]) -> Iterator[Violation]:
    """Promise 11: at most n arrivals of a credential in any window; one violation a credential."""
    by_credential: dict[str, list[int]] = defaultdict(list)
    for row in arrivals:
        if row["credential"] is not None:
            by_credential[row["credential"]].append(row["arrived_ns"])
    for credential, times in by_credential.items():
        most = max(most_in_window(times, limit[1]), default=0)
        if most > limit[0]:
            yield Violation(11, f"{credential}: {most} arrivals within {limit[1]:g} s")


def most_in_window(times: Sequence[int], seconds: float) -> Iterator[int]:
    """How many of the sorted times each window that ends with one of them holds."""
    first = 0
    for position, time in enumerate(times):
        while times[first] <= time - seconds * _SECOND:
            first += 1
        yield position - first + 1


def is_unclear(write: Write, campaign: str) -> bool:
    """Whether the answer left open what became of a campaign."""
    row = write.row
    if campaign in write.unknown or not row["reply_whole"] or row["reply"] is None:
        return True
    if row["status"] != 200:
        return row["status"] not in REFUSED_WHOLE
    try:
        said = json.loads(row["reply"], object_pairs_hook=_object, parse_constant=_constant)
        applied = {one["id"] for one in said["data"]}
        found = (_AT.fullmatch(one.get("instance") or "") for one in said.get("errors") or [])
        refused = {int(match[1]) for match in found if match}
    except (ValueError, TypeError, KeyError, AttributeError):
        return True
    return (campaign in applied) == (write.items[campaign]["index"] in refused)


def shows(update: Row, short: str | None) -> bool:
    """Whether a value in the journal's short form is what an update asks for."""
    if short is None:
        return False
    period, _, amount = short.partition(":")
    for path, wanted in update["patch"].items():
        present = amount if path == f"budget.{period}" else "unlimited"
        if "unlimited" in {wanted, present}:
            if wanted != present:
                return False
        elif Decimal(wanted) != Decimal(present):
            return False
    return True


def _neighbours(writes: Sequence[Write]) -> Iterator[tuple[str, Write, Write]]:
    """Each campaign's writes, two and two in order of arrival."""
    of_campaign: dict[str, list[Write]] = defaultdict(list)
    for write in writes:
        for campaign in write.items:
            of_campaign[campaign].append(write)
    for campaign, mine in of_campaign.items():
        for first, second in pairwise(mine):
            yield campaign, first, second


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a repeated key")
    return dict(pairs)


def _constant(name: str) -> NoReturn:
    raise ValueError(name)
