"""Updates as a table, and one update with its attempts as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from syncd.cli.changes import (
    answer_of,
    campaign_of,
    change_of,
    id_of,
    name_of,
    outcomes,
    warnings_of,
)
from syncd.cli.render.table import Cell, Column, Line
from syncd.cli.text import age, moment, quoted, shown

if TYPE_CHECKING:
    import datetime as dt

    from syncd.cli.render.screen import Screen
    from syncd.store.reports import Row

FIELDS: Final = (
    "id", "account", "external_id", "campaign_name", "patch", "reference", "currency", "state",
    "reason_code", "reason", "results", "confirmation", "confirmed_at", "requester",
    "request_reason", "created_at", "settled_at", "waiting_for", "superseded_by", "key",
    "not_before", "expires_at", "is_create",
)  # fmt: skip
SHOWN: Final = (
    *FIELDS, "policy", "reference_sources", "asked_by", "approved_until", "retry_of", "seen_at",
    "seen_by", "holds", "command",
)  # fmt: skip
COLUMNS: Final = (
    Column(""),
    Column("STATE"),
    Column("UPDATE"),
    Column("ACCOUNT"),
    Column("CAMPAIGN"),
    Column("NAME", flexible=True),
    Column("CHANGE"),
    Column("ANSWER", flexible=True),
    Column("BY", flexible=True),
    Column("AGE", right=True),
)


def line(screen: Screen, row: Row) -> Line:
    """One update as a row of `COLUMNS`."""
    at: dt.datetime = row["at"]
    return Line(
        (
            screen.mark(row["state"]),
            screen.word(row["state"]),
            f"#{row['id']}",
            row["account"],
            id_of(row),
            name_of(row),
            change_of(row),
            answer_of(row, at),
            by_whom(row),
            age((at - row["created_at"]).total_seconds()),
        )
    )


def show(screen: Screen, row: Row, attempts: Sequence[Row]) -> None:
    """Everything that is known about one update."""
    pairs = list(_pairs(screen, row))
    width = max(len(name) for name, _ in pairs)
    screen.cells(
        [Cell(f"#{row['id']}  "), screen.mark(row["state"]), Cell(" "), screen.word(row["state"])]
    )
    for name, text in pairs:
        screen.answer(f"  {name:<{width}}  {text}")
    for attempt in attempts:
        screen.answer()
        for text in _attempt(screen, attempt):
            screen.answer(text)
    if not attempts:
        screen.answer()
        screen.answer("  not sent: no attempt was made")


def _pairs(screen: Screen, row: Row) -> Iterator[tuple[str, str]]:
    yield "campaign", f"{row['account']} / {campaign_of(row)}"
    yield "change", change_of(row)
    yield "why", answer_of(row, row["at"]) or "-"
    yield from _results(row)
    if row["state"] == "applied":
        yield "confirmation", row["confirmation"]
    yield "asked by", by_whom(row)
    for name in ("created_at", "not_before", "expires_at", "settled_at", "confirmed_at"):
        if row[name] is not None:
            stamp = moment(row[name], screen.zone, has_seconds=True)
            yield name.removesuffix("_at").replace("_", " "), f"{stamp} {screen.zone_name}"
    yield "reference", f"from {row['reference_source']}"
    if row["key"]:
        yield "key", shown(row["key"])


def _results(row: Row) -> Iterator[tuple[str, str]]:
    for path, outcome, code, message, trace in outcomes(row):
        yield "result", f"{path}: {outcome}" + (f"  {code}" if code else "")
        if message:
            yield "", shown(message)
        if trace:
            yield "", f"trace id {trace}"
    for warning in warnings_of(row):
        yield "warning", shown(warning)


def _attempt(screen: Screen, attempt: Row) -> Iterator[str]:
    indent = " " * 11
    sent = moment(attempt["sent_at"], screen.zone, has_seconds=True)
    said = f"HTTP {attempt['http_status']}" if attempt["http_status"] else "no answer"
    if attempt["answered_at"] is not None:
        seconds = (attempt["answered_at"] - attempt["sent_at"]).total_seconds()
        said += f" after {seconds:.1f} s"
    yield f"  attempt  batch {attempt['batch_id']}, {attempt['operation']}, sent {sent}: {said}"
    outcome = attempt["outcome"] or "no result recorded yet"
    yield f"{indent}{outcome}  {attempt['code'] or ''}".rstrip()
    if attempt["message"]:
        yield f"{indent}{shown(attempt['message'])}"
    if attempt["trace_id"]:
        yield f"{indent}trace id {attempt['trace_id']}"
    yield f"{indent}body sha256 {attempt['body_sha256']}"


def by_whom(row: Row) -> str:
    """Who asked for it, and why."""
    reason = row["request_reason"]
    return shown(row["requester"]) + (f" {quoted(reason)}" if reason else "")
