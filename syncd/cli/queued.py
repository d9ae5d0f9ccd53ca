"""What queueing has done, in words: one sentence an update, or counts where there are many."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from syncd.cli.changes import change_of, id_of
from syncd.cli.render.screen import Screen
from syncd.cli.render.shapes import Role
from syncd.cli.text import is_money, is_slip, moment, plural, shown
from syncd.store.reports import Row

FEW: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Queued:
    """`rows` of report.updates; those made before `since` were queued by an earlier command with
    the same key. `checked` is how many were only looked at, `others` are those that somebody else
    had queued with the same key, and that this login does not read."""

    rows: tuple[Row, ...]
    since: dt.datetime
    checked: int = 0
    others: tuple[int, ...] = ()


def tell(screen: Screen, queued: Queued) -> None:
    """Every update, or their counts."""
    fresh = [row for row in queued.rows if row["created_at"] >= queued.since]
    if screen.choices.format == "json":
        screen.document("syncd.enqueue/1", _document(queued, len(fresh)))
        return
    if queued.checked:
        screen.deed(
            f"checked {plural(queued.checked, 'update')}: all would be queued. Nothing was queued."
        )
        return
    if len(queued.rows) > FEW and not screen.choices.verbose:
        _tell_counts(screen, queued, fresh)
    else:
        for row in queued.rows:
            _tell_one(screen, row, is_fresh=row["created_at"] >= queued.since)
    if queued.others:
        numbers = ", ".join(f"#{one}" for one in queued.others[:FEW])
        screen.deed(
            f"{plural(len(queued.others), 'update')} somebody else had queued already "
            f"(same keys): {numbers}"
        )
    accounts = " ".join(sorted({row["account"] for row in fresh}))
    if fresh:
        _tell_waiting(screen, fresh)
        screen.hint(f"syncd plan {accounts}")


def _tell_one(screen: Screen, row: Row, *, is_fresh: bool) -> None:
    where = f"{row['account']}/{id_of(row)}"
    if is_fresh:
        screen.deed(f"queued #{row['id']} {where} {change_of(row)}")
    else:
        screen.deed(
            f"already queued as #{row['id']} (same key, same change): "
            f"{where} {change_of(row)}, {row['state']}"
        )
    reference = row["reference"] or {}
    for path, value in row["patch"].items():
        if is_money(path) and is_slip(reference.get(path), value):
            screen.talk(
                f"warning: {path} is ten times what it was: a slipped digit?", Role.ATTENTION
            )
    if is_fresh and row["patch"].get("status") == "active":
        until = moment(row["expires_at"], screen.zone)
        screen.talk(f"starts by {until} {screen.zone_name}, or not at all", Role.QUIET)


def _tell_counts(screen: Screen, queued: Queued, fresh: list[Row]) -> None:
    for account in sorted({row["account"] for row in fresh}):
        mine = [row for row in fresh if row["account"] == account]
        ids = [row["id"] for row in mine]
        known = len({row["external_id"] for row in mine if not row["is_create"]})
        creates = sum(row["is_create"] for row in mine)
        of = [f"of {plural(known, 'campaign')}"] if known else []
        of += [f"to create {plural(creates, 'campaign')}"] if creates else []
        screen.deed(
            f"queued {plural(len(mine), 'update')} {' and '.join(of)} "
            f"on {shown(account)}: #{min(ids)} to #{max(ids)}"
        )
    if len(queued.rows) > len(fresh):
        screen.deed(
            f"{plural(len(queued.rows) - len(fresh), 'update')} were queued already (same keys)"
        )


def _tell_waiting(screen: Screen, fresh: list[Row]) -> None:
    """What the new updates wait for, where it is more than the next push."""
    waits = Counter(row["waiting_for"]["text"] for row in fresh if row["waiting_for"])
    for text, number in waits.most_common(3):
        screen.talk(
            f"waits for: {text}" + (f" ({number} of them)" if len(waits) > 1 else ""), Role.QUIET
        )


def _document(queued: Queued, fresh: int) -> dict[str, Any]:
    fields = (
        "id",
        "account",
        "external_id",
        "patch",
        "reference",
        "currency",
        "state",
        "key",
        "waiting_for",
        "is_create",
    )
    return {
        "queued": fresh,
        "existing": len(queued.rows) + len(queued.others) - fresh,
        "checked": queued.checked,
        "updates": [
            {name: row[name] for name in fields} | {"is_new": row["created_at"] >= queued.since}
            for row in queued.rows
        ],
    }
