"""The calls that carried an update, as two steps each: the bytes that left, and what came back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from syncd.cli.changes import short_code
from syncd.cli.render.table import cut
from syncd.cli.steps import Step, moved, numbers
from syncd.cli.text import lasted, shown
from syncd.store.reports import Row

_BODY_CELLS: Final = 200


def calls(update: Row, attempts: Sequence[Row], mates: dict[int, list[int]]) -> Iterator[Step]:
    """Two steps for each attempt; one for an attempt without an answer so far."""
    for attempt in attempts:
        yield _sent(update, attempt, mates.get(attempt["batch_id"], []))
        if attempt["answered_at"] is not None:
            yield _answered(attempt)


def _sent(update: Row, attempt: Row, mates: list[int]) -> Step:
    head, _, body = (attempt["request"] or "").partition("\n")
    method, _, target = head.partition(" ")
    place = f"batch {attempt['batch_id']}, run {attempt['run_id']}"
    beside = f", with {numbers(mates)}" if mates else ""
    remote = attempt["remote"] or {}
    notes = [moved(update, path, remote) for path in sorted(attempt["sent"])]
    if body:
        notes.append(f"body {cut(shown(' '.join(body.split())), _BODY_CELLS)}")
    return Step(
        at=attempt["sent_at"],
        word="sent",
        text=f"{shown(head) or attempt['operation']} ({place}{beside})",
        notes=tuple(notes),
        data={
            "operation": attempt["operation"],
            "batch_id": attempt["batch_id"],
            "run_id": attempt["run_id"],
            "beside": [str(one) for one in mates],
            "method": method or None,
            "target": target or None,
            "body": body or None,
            "body_sha256": attempt["body_sha256"],
            "sent": attempt["sent"],
            "remote": attempt["remote"],
        },
    )


def _answered(attempt: Row) -> Step:
    seconds = (attempt["answered_at"] - attempt["sent_at"]).total_seconds()
    said = f"HTTP {attempt['http_status']}" if attempt["http_status"] else "no readable answer"
    outcome = attempt["outcome"] or "nothing was said of this update"
    code = f", {short_code(attempt['code'])}" if attempt["code"] else ""
    notes = [f'"{shown(attempt["message"])}"'] if attempt["message"] else []
    notes += [f"warning: {shown(one)}" for one in attempt["warnings"] or ()]
    notes += [f"trace id {shown(attempt['trace_id'])}"] if attempt["trace_id"] else []
    names = ("batch_id", "http_status", "outcome", "code", "message", "trace_id", "warnings")
    return Step(
        at=attempt["answered_at"],
        word="answered",
        text=f"{said} after {lasted(seconds)}: {outcome}{code}",
        notes=tuple(notes),
        data={name: attempt[name] for name in names} | {"seconds": seconds},
    )
