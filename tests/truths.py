"""The promise about results: what the database says of a call, of a path or of a new campaign is
what really became of it. Plain values in, violations out; it shares no code with those it judges,
and knows no provider."""

from collections.abc import Collection, Iterator, Sequence

from tests.arrivals import Row, Rows, Write, is_unclear, ns_of, shows
from tests.cases import judged
from tests.promises import (
    APPLIED,
    DELETED,
    SECOND,
    SLACK,
    Violation,
    is_absence,
    is_read,
    made_by,
)

Torn = Collection[int] | None
"""The arrivals of interrupted passes; None where nobody kept them."""


def answers_are_true(writes: Sequence[Write], rows: Rows) -> Iterator[Violation]:
    """Promise 8, of calls: a recorded status is one that was sent."""
    by_batch = {write.batch: write for write in writes}
    for attempt in rows.attempts:
        write, told = by_batch.get(attempt["batch_id"]), attempt["http_status"]
        if told is None:
            continue
        judged("8 status")
        if write is None or write.row["status"] != told:
            yield Violation(8, f"batch {attempt['batch_id']} records a status {told} never sent")


def truthful(
    writes: Sequence[Write], arrivals: Sequence[Row], rows: Rows, settle: float, torn: Torn = None
) -> Iterator[Violation]:
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
            if said["outcome"] == "applied":
                yield from _applied(update, path, carrying, _seen(arrivals, update, said, torn))
            elif said["outcome"] == "rejected" and carrying:
                seen = _seen(arrivals, update, said, torn)
                yield from _rejected(update, path, carrying[-1], seen, settle)


def _made_otherwise(
    update: Row, mine: Sequence[tuple[Write, str]], writes: Sequence[Write], recorded: set[str]
) -> Iterator[Violation]:
    """Of calls with the same bytes nobody can tell from outside which was for whom; but each has
    one campaign of its own, and `recorded` are those that others have."""
    made = [one["id"] for write, subject in mine for one in made_by(write, subject)]
    bytes_sent = {write.row["body_sha256"] for write, _ in mine}
    twins = [write for write in writes if write.row["body_sha256"] in bytes_sent]
    known = {one["id"] for write in twins for it in write.items for one in made_by(write, it)}
    if made and update["state"] == "applied":
        judged("8 made")
        if update["external_id"] not in known - recorded:
            what = f"is applied as campaign {update['external_id']}, made was {made[-1]}"
            yield Violation(8, f"update {update['id']} {what}")
        recorded.add(update["external_id"])


def _seen(arrivals: Sequence[Row], update: Row, said: Row, torn: Torn) -> list[Row]:
    """The reads that a result can rest upon: what was read of the campaign before it was final, and
    of that the last one that was surely taken in, with those of interrupted passes after it."""
    campaign, at = update["external_id"], said.get("at")
    found = [
        row
        for row in arrivals
        if campaign is not None
        and is_read(row)
        and (campaign in row["shown"] or is_absence(row, campaign))
        and (at is None or row["wall_ns"] <= ns_of(at))
    ]
    if torn is None:
        return found
    sure = [place for place, row in enumerate(found) if row["seq"] not in torn]
    return found[sure[-1] if sure else 0 :]


def _applied(
    update: Row, path: str, carrying: Sequence[tuple[Write, str]], seen: Sequence[Row]
) -> Iterator[Violation]:
    """An update whose read-back differs counts as applied where the provider said yes to it."""
    judged("8 applied by a call" if carrying else "8 applied by a read")
    is_true = _is_taken(update, path, carrying) or _is_shown(update, path, seen)
    if not is_true and update.get("confirmation") == "different":
        is_true = any(_says_yes(write, subject, path) for write, subject in carrying)
    if not is_true:
        yield Violation(8, f"{path} of update {update['id']} is applied and never was")


def _is_taken(update: Row, path: str, carrying: Sequence[tuple[Write, str]]) -> bool:
    return any(
        item["truth"] in APPLIED and shows(item["new"], path, update["patch"][path])
        for write, subject in carrying
        for item in write.about(subject, path)
    )


def _is_shown(update: Row, path: str, seen: Sequence[Row]) -> bool:
    campaign, wanted = update["external_id"], update["patch"].get(path)
    if any(shows(row["shown"].get(campaign), path, wanted) for row in seen):
        return True
    return path == DELETED and any(is_absence(row, campaign) for row in seen)


def _says_yes(write: Write, subject: str, path: str) -> bool:
    """Whether the answer accepts what was asked of a subject at a path."""
    is_accepted = 200 <= (write.row["status"] or 0) < 300 and not is_unclear(write, subject)
    return is_accepted and all(item["truth"] != "refused" for item in write.about(subject, path))


def _rejected(
    update: Row, path: str, last: tuple[Write, str], seen: Sequence[Row], settle: float
) -> Iterator[Violation]:
    (write, subject), code = last, update["results"][path].get("code")
    items = write.about(subject, path)
    judged("8 rejected after a call")
    applied = any(item["truth"] in APPLIED and path in item["new"] for item in items)
    if applied and code == "not_taken":
        after = [row for row in seen if row["arrived_ns"] >= (write.end or write.start)]
        if after and shows(after[-1]["shown"].get(subject), path, update["patch"][path]):
            what = f"{path} of update {update['id']} was not taken, and a read showed it"
            yield Violation(8, f"{what} (arrival {after[-1]['seq']})")
    elif applied:
        if not _is_refuted(update, path, last, seen, settle):
            what = f"{path} of update {update['id']} is rejected and was applied"
            yield Violation(8, f"{what} (arrival {write.seq})")
    elif any(item["truth"] == "refused" for item in items) and not write.row["faults"]:
        known = {one for item in items for one in item["codes"]}
        judged("8 refused with a code", len(known))
        if known and not any(_is_told_by(str(code), one) for one in known):
            what = f"{path} of update {update['id']} has code {code}"
            yield Violation(8, f"{what}, the provider said {sorted(known)}")


def _is_refuted(
    update: Row, path: str, last: tuple[Write, str], seen: Sequence[Row], settle: float
) -> bool:
    """Whether a call without a clear answer was followed, after the settle time and before its
    update was final, by a read that does not show its value: somebody moved it, or it was accepted
    for later. Nobody can know then."""
    write, subject = last
    earliest = (write.end or write.start) + int(settle * SECOND) - SLACK
    return is_unclear(write, subject) and any(
        row["arrived_ns"] >= earliest
        and not shows(row["shown"].get(subject), path, update["patch"][path])
        for row in seen
    )


def _is_told_by(code: str, said: str) -> bool:
    """Whether a code is the provider's, but for what either has in front of it."""
    short = said.rpartition("--")[2]
    return code == short or code.endswith(f"-{short}")
