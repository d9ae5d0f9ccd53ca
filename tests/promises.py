"""The promises that a run must keep, each as a function over the writes that arrived and the rows
of the report views: plain values in, violations out. It shares no code with those it judges, and
knows no provider."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.arrivals import ANY_PATH, Row, Rows, Write, groups, is_unclear, ns_of, sent_of, shows
from tests.cases import judged

FINAL = frozenset({"applied", "rejected", "superseded", "cancelled", "expired"})
APPLIED = frozenset({"applied", "applied_pending"})
PRECEDENCE = ("rejected", "expired", "cancelled", "superseded", "applied")
"""An update's state is the first of these that any of its paths has."""
METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE", "GET"})
DELETED = "deleted"
SECOND = 1_000_000_000
SLACK = SECOND // 20  # the receiver sees a connection end a little after the sender ended it
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


def results_are_final(rows: Rows) -> Iterator[Violation]:
    """Promise 2: a final update has one final outcome per path, that is what its last call said
    where that was final, and no path was sent after its own."""
    told = _told_by_calls(rows)
    for update in rows.updates:
        mine = {path: said for (number, path), said in told.items() if number == update["id"]}
        fault = _fault_of_results(update, mine) if update["state"] in FINAL else None
        judged("2 final results", update["state"] in FINAL)
        if fault is not None:
            yield Violation(2, f"update {update['id']} is {update['state']}, {fault}")
    by_id = {update["id"]: update for update in rows.updates}
    final: set[tuple[int, str]] = set()
    for attempt in _in_order(rows):
        number, sent = attempt["update_id"], sent_of(attempt, by_id)
        again = sorted(path for path in sent if (number, path) in final)
        judged("2 sent again", len(sent))
        if again:
            yield Violation(2, f"{again} of update {number} was sent after its final outcome")
        if attempt["outcome"] in {"applied", "rejected"}:
            final |= {(number, path) for path in sent}


def _in_order(rows: Rows) -> list[Row]:
    return sorted(rows.attempts, key=lambda one: int(one["batch_id"]))


def _told_by_calls(rows: Rows) -> dict[tuple[int, str], str]:
    """What the last call that carried a path said of it, by update and path."""
    by_id = {update["id"]: update for update in rows.updates}
    return {
        (attempt["update_id"], path): attempt["outcome"]
        for attempt in _in_order(rows)
        for path in sent_of(attempt, by_id)
    }


def _fault_of_results(update: Row, told: Mapping[str, str]) -> str | None:
    outcomes = {path: said["outcome"] for path, said in (update["results"] or {}).items()}
    known = {path: said for path, said in told.items() if said in {"applied", "rejected"}}
    if update["state"] in {"cancelled", "expired"}:  # of what was never sent nobody said anything
        silent = update["patch"].keys() - known.keys()
        outcomes = {**dict.fromkeys(silent, update["state"]), **outcomes}
    if set(outcomes) != set(update["patch"]):
        return f"its results are for {sorted(outcomes)}, not for its patch"
    if not set(outcomes.values()) <= FINAL:
        return f"its results are open: {outcomes}"
    if min(outcomes.values(), key=PRECEDENCE.index) != update["state"]:
        return f"its results say {outcomes}"
    judged("2 told by a call", len(known))
    results = update["results"]
    other = {
        path: said
        for path, said in known.items()
        if outcomes[path] != said
        # What a read showed as taken of a write that was refused has a better word.
        and not (
            (said, outcomes[path]) == ("rejected", "applied")
            and any("the reply said otherwise" in one for one in results[path].get("warnings", ()))
        )
    }
    return f"its results say {outcomes}, its calls {other}" if other else None


def newer_stays(writes: Sequence[Write], rows: Rows) -> Iterator[Violation]:
    """Promise 3: per campaign and path, no older update arrives after a newer one that may have
    been applied. One without a clear answer that was not, and is refused when it is sent again, is
    out of the way."""
    updates = {update["id"]: update for update in rows.updates}
    taken: dict[tuple[str, str], dict[tuple[Any, int], bool]] = {}
    for write in writes:
        for subject, ids in write.updates.items():
            order = {one: _place(updates[one]) for one in ids}
            for path in {path for one in ids for path in write.sent[one]}:
                mine = max(order[one] for one in ids if path in write.sent[one])
                before = taken.setdefault((subject, path), {})
                judged("3 after a newer", bool(before))
                if before and mine < max(before):
                    what = f"{path} of {subject}: update {mine[1]} arrived (arrival {write.seq})"
                    yield Violation(3, f"{what} after update {max(before)[1]}")
                is_applied = _is_applied(write, subject, path)
                if is_applied or is_unclear(write, subject):
                    before[mine] = before.get(mine, False) or is_applied
                elif before.get(mine) is False:
                    del before[mine]


def _is_applied(write: Write, subject: str, path: str) -> bool:
    return bool({item["truth"] for item in write.about(subject, path)} & APPLIED)


def superseded_by_newer(rows: Rows) -> Iterator[Violation]:
    """Promise 3, of what was never sent: only a later update of the same campaign and path takes
    the place of another, and only one that went out itself or found its value there."""
    by_id = {one["id"]: one for one in rows.updates}
    sent = _told_by_calls(rows)
    for update in rows.updates:
        for path, said in (update["results"] or {}).items():
            winner = by_id.get(said.get("superseded_by"))
            if winner is None:
                continue
            judged("3 superseded")
            what = f"{path} of update {update['id']} is superseded by update {winner['id']}"
            if _place(winner) < _place(update):
                yield Violation(3, f"{what}, which comes before it")
            by = DELETED if DELETED in winner["patch"] else path
            if winner["external_id"] != update["external_id"] or by not in winner["patch"]:
                yield Violation(3, f"{what}, which asks for something else")
            outcome = ((winner["results"] or {}).get(by) or {}).get("outcome")
            if (winner["id"], by) not in sent and outcome not in {"applied", "superseded"}:
                yield Violation(3, f"{what}, which never went out")


def _place(update: Row) -> tuple[Any, int]:
    """Where an update stands in the order of its campaign."""
    return (datetime.fromisoformat(update["due_at"]), update["id"])


def no_blind_repeat(
    writes: Sequence[Write],
    arrivals: Sequence[Row],
    rows: Rows,
    settle: float,
    torn: Collection[int] | None = None,
) -> Iterator[Violation]:
    """Promise 4: after a write without a clear answer, a read that began `settle` after its end;
    before a second start, one that shows the campaign paused; a campaign is made once, and no
    create is sent again after such a call unless a person says so."""
    reads = [row for row in arrivals if is_read(row)]
    for subject, mine in groups(writes):
        unclear = [write for write in mine if is_unclear(write, subject)]
        judged("4 an unclear create", len(unclear) * subject.startswith("new:"))
        judged("4 an unclear start", sum(_starts(write, subject) for write in unclear))
        made = [write for write in mine if made_by(write, subject)]
        if len(made) > 1:
            seqs = " and ".join(str(write.seq) for write in made)
            yield Violation(4, f"{subject} was made more than once (arrivals {seqs})")
        for first, second in _repeats(subject, mine):
            if not is_unclear(first, subject):
                continue
            what = f"{subject} was sent again (arrival {second.seq})"
            if subject.startswith("new:") and not _is_retried(first, second, rows):
                yield Violation(4, f"{what}, and nobody asked for it again")
            judged("4 after an unclear call")
            earliest = (first.end or second.start) + int(settle * SECOND) - SLACK
            between = [row for row in reads if earliest <= row["arrived_ns"] < second.start]
            needs = _needs(first, second, subject, between, torn)
            if needs:
                why = f"{needs} {settle:g} s after the unclear arrival {first.seq}"
                yield Violation(4, f"{what} with {why}")


def _needs(
    first: Write,
    second: Write,
    subject: str,
    between: Sequence[Row],
    torn: Collection[int] | None,
) -> str:
    """Which read is not among those in between, empty for none."""
    telling = [row for row in between if _tells(row, subject)]
    if not telling:
        return "no read of it"
    if not (_starts(first, subject) and _starts(second, subject)):
        return ""
    sure = [at for at, row in enumerate(telling) if torn is not None and row["seq"] not in torn]
    last = telling[sure[-1] if sure else 0 :]
    is_paused = any(shows(row["shown"].get(subject), "status", "paused") for row in last)
    return "" if is_paused else "no read that shows it paused"


def _is_retried(first: Write, second: Write, rows: Rows) -> bool:
    """Whether a person took the update of a create out of the inbox in between."""
    ids = {one for mine in second.updates.values() for one in mine}
    return any(
        event["update_id"] in ids
        and (event["was"], event["state"]) == ("held", "queued")
        and first.row["wall_ns"] <= ns_of(event["at"]) <= second.row["wall_ns"]
        for event in rows.events
    )


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


def made_by(write: Write, subject: str) -> list[Row]:
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
            judged("4 a start that expires", is_start)
            if is_start and write.row["wall_ns"] > ends[update] + _ON_THE_WAY:
                yield Violation(4, f"update {update} started (arrival {write.seq}) too late")


def one_in_flight(writes: Sequence[Write]) -> Iterator[Violation]:
    """Promise 5: a write of a campaign begins only after the one before it has ended."""
    for subject, mine in groups(writes):
        for first, second in pairwise(mine):
            judged("5 one after another")
            if first.end is None or second.start < first.end:
                what = f"arrival {second.seq} began while arrival {first.seq} was unanswered"
                yield Violation(5, f"{subject}: {what}")


def intent_first(writes: Sequence[Write]) -> Iterator[Violation]:
    """Promise 7: every write that arrived whole has a recorded batch of its own with its digest,
    its campaigns and, where the record names one, its method; and brings the values recorded."""
    for write in writes:
        judged("7 arrivals")
        if write.batch is None and write.row["body_sha256"] is not None:
            yield Violation(7, f"arrival {write.seq} has no recorded batch with its digest")
        word = write.operation.partition(" ")[0]
        if word in METHODS and word != write.row["method"]:
            what = f"is a {write.row['method']}, batch {write.batch} says {write.operation}"
            yield Violation(7, f"arrival {write.seq} {what}")
        yield from _brings_what_is_recorded(write)


def _brings_what_is_recorded(write: Write) -> Iterator[Violation]:
    """Of several updates that stand in one call, the latest has the word at a path. The journal
    tells what was stored: where that was clamped or rounded, the digest of the bytes is proof."""
    if any(fault.startswith(("clamp", "round")) for fault in write.row["faults"]):
        return
    for subject, ids in write.updates.items():
        recorded = {path: value for one in ids for path, value in write.sent[one].items()}
        for item in write.items.get(subject, ()):
            for path in recorded.keys() & item["new"].keys():
                judged("7 recorded values")
                if not shows(item["new"], path, recorded[path]):
                    what = f"{path} = {item['new'][path]} of {subject}"
                    yield Violation(
                        7, f"arrival {write.seq} brings {what}, recorded is {recorded[path]}"
                    )


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
