"""Updates as a table, and one update with its attempts as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from syncd.cli.changes import answer_of, campaign_of, change_of, outcomes, warnings_of
from syncd.cli.render.table import Cell, Column, Line
from syncd.cli.text import age, moment, shown

if TYPE_CHECKING:
    import datetime as dt

    from syncd.cli.render.screen import Screen
    from syncd.store.reports import Row

COLUMNS: Final = (
    Column(""),
    Column("STATE"),
    Column("UPDATE"),
    Column("ACCOUNT"),
    Column("CAMPAIGN", flexible=True),
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
            campaign_of(row),
            change_of(row),
            answer_of(row, at),
            _by(row),
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
    at: dt.datetime = row["at"]

    def stamp(time: dt.datetime | None) -> str:
        if time is None:
            return "-"
        return f"{moment(time, screen.zone, has_seconds=True)} {screen.zone_name}"

    yield "campaign", f"{row['account']} / {campaign_of(row)}"
    yield "change", change_of(row)
    yield "why", answer_of(row, at) or "-"
    for path, outcome, code, message, trace in outcomes(row):
        yield "result", f"{path}: {outcome}" + (f"  {code}" if code else "")
        if message:
            yield "", f"{shown(message)}"
        if trace:
            yield "", f"trace id {trace}"
    for warning in warnings_of(row):
        yield "warning", shown(warning)
    if row["state"] == "applied":
        yield "confirmation", row["confirmation"]
    yield "asked by", _by(row)
    yield "created", stamp(row["created_at"])
    for name in ("not_before", "expires_at", "settled_at", "confirmed_at"):
        if row[name] is not None:
            yield name.replace("_", " "), stamp(row[name])
    yield "reference", f"from {row['reference_source']}"
    if row["key"]:
        yield "key", shown(row["key"])


def _attempt(screen: Screen, attempt: Row) -> Iterator[str]:
    sent = moment(attempt["sent_at"], screen.zone, has_seconds=True)
    answered = attempt["answered_at"]
    took = f", answered after {(answered - attempt['sent_at']).total_seconds():.1f} s" if answered else ""
    status = attempt["http_status"] or "no answer"
    yield f"  attempt  batch {attempt['batch_id']}, {attempt['operation']}, sent {sent}{took}: HTTP {status}"
    yield f"           {attempt['outcome'] or 'no result recorded yet'}  {attempt['code'] or ''}".rstrip()
    if attempt["message"]:
        yield f"           {shown(attempt['message'])}"
    if attempt["trace_id"]:
        yield f"           trace id {attempt['trace_id']}"
    yield f"           body sha256 {attempt['body_sha256']}"


def _by(row: Row) -> str:
    reason = row["request_reason"]
    return shown(row["requester"]) + (f' "{shown(reason)}"' if reason else "")
