"""The promises that a run must keep, each as a function over the writes that arrived and the rows
of the report views: plain values in, violations out. It shares no code with those it judges, and
knows no provider."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.arrivals import ANY_PATH, Row, Rows, Write, groups, is_unclear, link, shows

FINAL = frozenset({"applied", "rejected", "superseded", "cancelled", "expired"})
APPLIED = frozenset({"applied", "applied_pending"})
PRECEDENCE = ("rejected", "expired", "cancelled", "superseded", "applied")
"""An update's state is the first of these that any of its paths has."""
METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE", "GET"})
DELETED = "deleted"
SECOND = 1_000_000_000
_SLACK = SECOND // 20  # the receiver sees a connection end a little after the sender ended it
_ON_THE_WAY = 2 * SECOND  # from the last look at a clock to the arrival
_NOT_ABOUT_CAMPAIGNS = frozenset({"token", "login", "authorize", "other"})

Limit = tuple[int, float]


@dataclass(frozen=True)
class Violation:
    """One broken promise, by its number in the list of promises."""

    promise: int
    what: str

    def __str__(self) -> str:
        return f"promise {self.promise}: {self.what}"


def judge(
    journal: Iterable[Row],
    rows: Rows,
    settle: float,
    limit: Limit | Mapping[str, Limit] | None = None,
) -> list[Violation]:
    """Every broken promise; `limit` as (n, seconds), or one such for each limit group."""
    arrivals = sorted(journal, key=lambda row: int(row["arrived_ns"]))
    writes = link(arrivals, rows)
    found = [*results_are_final(rows), *newer_stays(writes, rows), *superseded_by_newer(rows)]
    found += [*no_blind_repeat(writes, arrivals, settle), *starts_in_time(writes, rows)]
    found += [*one_in_flight(writes), *intent_first(writes)]
    found += [*answers_are_true(writes, rows), *truthful(writes, arrivals, rows)]
    limits = {"default": limit} if isinstance(limit, tuple) else limit or {}
    return found + list(within_limits(arrivals, limits))


def results_are_final(rows: Rows) -> Iterator[Violation]:
    """Promise 2: a final update has one final outcome per path, and no path was sent after its
    own."""
    for update in rows.updates:
        fault = _fault_of_results(update) if update["state"] in FINAL else None
        if fault is not None:
            yield Violation(2, f"update {update['id']} is {update['state']}, {fault}")
    patch = {update["id"]: update["patch"] for update in rows.updates}
    final: set[tuple[int, str]] = set()
    for attempt in sorted(rows.attempts, key=lambda one: int(one["batch_id"])):
        update = attempt["update_id"]
        sent = patch[update] if attempt.get("sent") is None else attempt["sent"]
        again = sorted(path for path in sent if (update, path) in final)
        if again:
            yield Violation(2, f"{again} of update {update} was sent after its final outcome")
        if attempt["outcome"] in {"applied", "rejected"}:
            final |= {(update, path) for path in sent}


def _fault_of_results(update: Row) -> str | None:
    outcomes = {path: said["outcome"] for path, said in (update["results"] or {}).items()}
    if update["state"] in {"cancelled", "expired"}:  # of what was never sent nobody said anything
        outcomes = {**dict.fromkeys(update["patch"], update["state"]), **outcomes}
    if set(outcomes) != set(update["patch"]):
        return f"its results are for {sorted(outcomes)}, not for its patch"
    if not set(outcomes.values()) <= FINAL:
        return f"its results are open: {outcomes}"
    if min(outcomes.values(), key=PRECEDENCE.index) != update["state"]:
        return f"its results say {outcomes}"
    return None


def newer_stays(writes: Sequence[Write], rows: Rows) -> Iterator[Violation]:
    """Promise 3: per campaign and path, no older update arrives after a newer one that may have
    been applied."""
    updates = {update["id"]: update for update in rows.updates}
    newest: dict[tuple[str, str], tuple[Any, int]] = {}
    for write in writes:
        for subject, ids in write.updates.items():
            order = {one: (datetime.fromisoformat(updates[one]["due_at"]), one) for one in ids}
            for path in {path for one in ids for path in write.sent[one]}:
                mine = max(order[one] for one in ids if path in write.sent[one])
                if mine < newest.get((subject, path), mine):
                    what = f"{path} of {subject}: update {mine[1]} arrived (arrival {write.seq})"
                    yield Violation(3, f"{what} after update {newest[subject, path][1]}")
                if _may_be_applied(write, subject, path):
                    newest[subject, path] = max(mine, newest.get((subject, path), mine))


def _may_be_applied(write: Write, subject: str, path: str) -> bool:
    truths = {item["truth"] for item in write.about(subject, path)}
    return is_unclear(write, subject) or bool(truths & APPLIED)


def superseded_by_newer(rows: Rows) -> Iterator[Violation]:
    """Promise 3, of what was never sent: only a later update takes the place of another."""
    order = {one["id"]: (datetime.fromisoformat(one["due_at"]), one["id"]) for one in rows.updates}
    for update in rows.updates:
        for path, said in (update["results"] or {}).items():
            winner = said.get("superseded_by")
            if winner is not None and order[winner] < order[update["id"]]:
                what = f"{path} of update {update['id']} is superseded by update {winner}"
                yield Violation(3, f"{what}, which comes before it")


def no_blind_repeat(
    writes: Sequence[Write], arrivals: Sequence[Row], settle: float
) -> Iterator[Violation]:
    """Promise 4: after a write without a clear answer, a read that began `settle` after its end;
    before a second start, one that shows the campaign paused; a campaign is made once."""
    reads = [row for row in arrivals if is_read(row)]
    for subject, mine in groups(writes):
        made = [write for write in mine if _made(write, subject)]
        if len(made) > 1:
            seqs = " and ".join(str(write.seq) for write in made)
            yield Violation(4, f"{subject} was made more than once (arrivals {seqs})")
        for first, second in _repeats(subject, mine):
            if not is_unclear(first, subject):
                continue
            earliest = (first.end or second.start) + int(settle * SECOND) - _SLACK
            between = [row for row in reads if earliest <= row["arrived_ns"] < second.start]
            needs = "no read of it"
            if any(_tells(row, subject) for row in between):
                if not (_starts(first, subject) and _starts(second, subject)):
                    continue
                if any(shows(row["shown"].get(subject), "status", "paused") for row in between):
                    continue
                needs = "no read that shows it paused"
            what = f"{subject} was sent again (arrival {second.seq}) with {needs}"
            yield Violation(4, f"{what} {settle:g} s after the unclear arrival {first.seq}")


def _repeats(subject: str, mine: Sequence[Write]) -> Iterator[tuple[Write, Write]]:
    """Of each path, two and two writes in order of arrival; each pair once."""
    named = {path for write in mine for path in write.paths(subject)}
    seen: set[tuple[int, int]] = set()
    for path in sorted(named):
        carrying = [write for write in mine if {path, ANY_PATH} & write.paths(subject)]
        for first, second in pairwise(carrying):
            if (first.seq, second.seq) not in seen:
                seen.add((first.seq, second.seq))
                yield first, second


def is_read(row: Row) -> bool:
    """Whether an arrival read campaigns and was answered so that somebody can know."""
    is_about = not row["is_write"] and row["operation"] not in _NOT_ABOUT_CAMPAIGNS
    return bool(is_about and row["reply_whole"] and row["reply_readable"])


def _tells(row: Row, subject: str) -> bool:
    """Whether a read says something about a subject: it shows it, or was asked for it and says that
    it is not there. Of what has no id yet, any list tells."""
    if subject.startswith("new:"):
        return row["status"] in {200, 404}
    if row["status"] == 200 and (subject in row["ids"] or subject in row["shown"]):
        return True
    return is_absence(row, subject)


def is_absence(row: Row, subject: str) -> bool:
    """Whether a read asked for one campaign by its address and was told that it is not there."""
    path = row["path"].partition("?")[0]
    return subject in path.split("/") and row["status"] in {200, 404} and not row["ids"]


def _made(write: Write, subject: str) -> list[Row]:
    """The entries of a write that made a campaign."""
    mine = write.items.get(subject, ())
    return [item for item in mine if item["kind"] == "create" and item["truth"] in APPLIED]


def _starts(write: Write, subject: str) -> bool:
    """Whether somebody asked for a start; a whole object that repeats a status is none."""
    is_asked = any("status" in write.sent[one] for one in write.updates.get(subject, ()))
    return is_asked and any(shows(item["new"], "status", "active") for item in write.items[subject])


def starts_in_time(writes: Sequence[Write], rows: Rows) -> Iterator[Violation]:
    """Promise 4, of starts: none arrives after its update has expired."""
    ends = {
        update["id"]: datetime.fromisoformat(update["expires_at"]).timestamp() * SECOND
        for update in rows.updates
        if update.get("expires_at") and update["patch"].get("status") == "active"
    }
    for write in writes:
        for update, sent in write.sent.items():
            is_start = "status" in sent and update in ends
            if is_start and write.row["wall_ns"] > ends[update] + _ON_THE_WAY:
                yield Violation(4, f"update {update} started (arrival {write.seq}) too late")


def one_in_flight(writes: Sequence[Write]) -> Iterator[Violation]:
    """Promise 5: a write of a campaign begins only after the one before it has ended."""
    for subject, mine in groups(writes):
        for first, second in pairwise(mine):
            if first.end is None or second.start < first.end:
                what = f"arrival {second.seq} began while arrival {first.seq} was unanswered"
                yield Violation(5, f"{subject}: {what}")


def intent_first(writes: Sequence[Write]) -> Iterator[Violation]:
    """Promise 7: every write that arrived whole has a recorded batch of its own with its digest,
    its campaigns and, where the record names one, its method."""
    for write in writes:
        if write.batch is None and write.row["body_sha256"] is not None:
            yield Violation(7, f"arrival {write.seq} has no recorded batch with its digest")
        word = write.operation.partition(" ")[0]
        if word in METHODS and word != write.row["method"]:
            what = f"is a {write.row['method']}, batch {write.batch} says {write.operation}"
            yield Violation(7, f"arrival {write.seq} {what}")


def answers_are_true(writes: Sequence[Write], rows: Rows) -> Iterator[Violation]:
    """Promise 8, of calls: a recorded status is one that was sent."""
    by_batch = {write.batch: write for write in writes}
    for attempt in rows.attempts:
        write, told = by_batch.get(attempt["batch_id"]), attempt["http_status"]
        if told is not None and (write is None or write.row["status"] != told):
            yield Violation(8, f"batch {attempt['batch_id']} records a status {told} never sent")


def truthful(writes: Sequence[Write], arrivals: Sequence[Row], rows: Rows) -> Iterator[Violation]:
    """Promise 8, of each path: applied means that the provider has it, rejected that it has not; of
    a create, that the campaign recorded is the one that was made."""
    recorded: set[str] = set()
    for update in rows.updates:
        mine = [
            (write, subject)
            for write in writes
            for subject, ids in write.updates.items()
            if update["id"] in ids
        ]
        yield from _made_otherwise(update, mine, writes, recorded)
        for path, said in (update["results"] or {}).items():
            carrying = [(one, subject) for one, subject in mine if path in one.sent[update["id"]]]
            if said["outcome"] == "applied" and update.get("confirmation") != "different":
                is_true = _is_taken(update, path, carrying) or _is_seen(update, path, arrivals)
                if not is_true:
                    yield Violation(8, f"{path} of update {update['id']} is applied and never was")
            elif said["outcome"] == "rejected" and carrying:
                yield from _rejected(update, path, carrying[-1], arrivals)


def _made_otherwise(
    update: Row, mine: Sequence[tuple[Write, str]], writes: Sequence[Write], recorded: set[str]
) -> Iterator[Violation]:
    """Of calls with the same bytes nobody can tell from outside which was for whom; but each has
    one campaign of its own, and `recorded` are those that others have."""
    made = [one["id"] for write, subject in mine for one in _made(write, subject)]
    bytes_sent = {write.row["body_sha256"] for write, _ in mine}
    twins = [write for write in writes if write.row["body_sha256"] in bytes_sent]
    known = {one["id"] for write in twins for it in write.items for one in _made(write, it)}
    if made and update["state"] == "applied":
        if update["external_id"] not in known - recorded:
            what = f"is applied as campaign {update['external_id']}, made was {made[-1]}"
            yield Violation(8, f"update {update['id']} {what}")
        recorded.add(update["external_id"])


def _is_taken(update: Row, path: str, carrying: Sequence[tuple[Write, str]]) -> bool:
    return any(
        item["truth"] in APPLIED and shows(item["new"], path, update["patch"][path])
        for write, subject in carrying
        for item in write.about(subject, path)
    )


def _is_seen(update: Row, path: str, arrivals: Sequence[Row]) -> bool:
    campaign, wanted = update["external_id"], update["patch"].get(path)
    if any(shows(row["shown"].get(campaign), path, wanted) for row in arrivals):
        return True
    return path == DELETED and any(is_read(row) and is_absence(row, campaign) for row in arrivals)


def _rejected(
    update: Row, path: str, last: tuple[Write, str], arrivals: Sequence[Row]
) -> Iterator[Violation]:
    (write, subject), code = last, update["results"][path].get("code")
    items = write.about(subject, path)
    applied = any(item["truth"] in APPLIED and path in item["new"] for item in items)
    if applied and code != "not_taken":
        if not _is_refuted(update, path, last, arrivals):
            what = f"{path} of update {update['id']} is rejected and was applied"
            yield Violation(8, f"{what} (arrival {write.seq})")
    elif any(item["truth"] == "refused" for item in items) and not write.row["faults"]:
        known = {_short(one) for item in items for one in item["codes"]}
        if known and _short(str(code)) not in known:
            what = f"{path} of update {update['id']} has code {code}"
            yield Violation(8, f"{what}, the provider said {sorted(known)}")


def _is_refuted(update: Row, path: str, last: tuple[Write, str], arrivals: Sequence[Row]) -> bool:
    """Whether a call without a clear answer was followed by a read that does not show its value:
    somebody moved it, or it was accepted for later. Nobody can know then."""
    write, subject = last
    return is_unclear(write, subject) and any(
        is_read(row)
        and row["arrived_ns"] > write.start
        and subject in row["shown"]
        and not shows(row["shown"][subject], path, update["patch"][path])
        for row in arrivals
    )


def _short(code: str) -> str:
    return code.rpartition("--")[2]


def within_limits(arrivals: Sequence[Row], limits: Mapping[str, Limit]) -> Iterator[Violation]:
    """Promise 11: at most n arrivals of a credential in any window of a limit group; one violation
    for each of both."""
    times: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in arrivals:
        if row["limit_group"] in limits:
            times[row["limit_group"], row["credential"]].append(row["arrived_ns"])
    for (group, credential), counted in times.items():
        count, seconds = limits[group]
        most = max(most_in_window(counted, seconds), default=0)
        if most > count:
            yield Violation(11, f"{credential}: {most} arrivals of {group} within {seconds:g} s")


def most_in_window(times: Sequence[int], seconds: float) -> Iterator[int]:
    """How many of the sorted times each window that ends with one of them holds."""
    first = 0
    for position, time in enumerate(times):
        while times[first] <= time - seconds * SECOND:
            first += 1
        yield position - first + 1
