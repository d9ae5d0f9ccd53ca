"""The promises about how one pass or one process conducts itself: how often it asks, what it leaves
behind when it stops, what it calls gone. Plain values in, violations out; it shares no code with
those it judges, and knows no provider."""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

from tests.arrivals import Row, Rows, same
from tests.promises import Violation


def false_tombstones(truth: Iterable[Row], mirror: Iterable[Row]) -> Iterator[Violation]:
    """Promise 9: what the mirror calls gone is not there any more."""
    there = {one["id"] for one in truth if not one["is_removed"]}
    gone = {row["external_id"] for row in mirror if row["gone_at"]}
    for one in sorted(there & gone):
        yield Violation(9, f"{one} is marked as gone and is there")


def within_factor(arrivals: Iterable[Row], factor: Decimal) -> Iterator[Violation]:
    """Promise 13, where nobody approved anything: no amount that is set is so many times what stood
    there."""
    for row in arrivals:
        for item in row["items"]:
            for path, value in item["new"].items():
                before = item["old"].get(path)
                if same(path, before, value) or not path.startswith("budget."):
                    continue
                if Decimal(value) > factor * Decimal(before or 0):
                    what = f"{path} of {item['id']} went from {before} to {value}"
                    yield Violation(13, f"{what} (arrival {row['seq']})")


def tried_at_most(arrivals: Iterable[Row], tries: int) -> Iterator[Violation]:
    """Promise 12, of the reads of one pass: what fails is asked for so many times in a row and no
    more; one violation for each row."""
    asked: tuple[str, ...] = ()
    count = 0
    for row in arrivals:
        mine = (row["method"], row["path"], str(row["body_sha256"]))
        count = count + 1 if mine == asked else 1
        asked = mine
        if not row["is_write"] and count == tries + 1:
            yield Violation(12, f"{' '.join(mine[:2])} was asked for more than {tries} times")


def stopped_cleanly(rows: Rows) -> Iterator[Violation]:
    """Promise 18, after a process has ended by itself: all that it sent has an outcome."""
    for attempt in rows.attempts:
        if attempt["outcome"] is None:
            what = f"update {attempt['update_id']} in batch {attempt['batch_id']}"
            yield Violation(18, f"{what} was left without an outcome")


def left_open(arrivals: Iterable[Row], attempts: Iterable[Row]) -> Iterator[Violation]:
    """Promise 18, after a pass was cancelled, of what arrived in it and the attempts of its own
    batches: all that it sent has an outcome. A batch without one may never have left while another
    of the same bytes did, so something is amiss only where more arrived than have one."""
    arrived = Counter(row["body_sha256"] for row in arrivals if row["is_write"])
    mine = {attempt["batch_id"]: attempt for attempt in attempts}
    told = Counter(one["body_sha256"] for one in mine.values() if one["outcome"] is not None)
    for one in mine.values():
        if one["outcome"] is None and arrived[one["body_sha256"]] > told[one["body_sha256"]]:
            what = f"update {one['update_id']} in batch {one['batch_id']}"
            yield Violation(18, f"{what} was sent and is left without an outcome")
