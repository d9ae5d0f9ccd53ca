"""What waits for a person, as a list: every reason with its figures below its update, and the
command that ends it. Knows no rule: reasons and commands are the database's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from syncd.cli.changes import change_of, id_of, name_of, short_code
from syncd.cli.opened import Opened
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Column, Line, Listing
from syncd.cli.steps import Stamp, ends_by_itself
from syncd.cli.text import age, plural, shown
from syncd.cli.update_table import FIELDS, by_whom
from syncd.errors import UsageError
from syncd.store.reports import Row

CAUSES: Final = ("held", "rejected", "different", "unknown")
COMMAND: Final = "syncd updates list --state inbox"
_FIELDS: Final = (*FIELDS, "cause", "code", "figures", "command", "since")
_COLUMNS: Final = (
    Column(""),
    Column("CAUSE"),
    Column("UPDATE"),
    Column("ACCOUNT"),
    Column("CAMPAIGN"),
    Column("NAME", flexible=True),
    Column("CHANGE"),
    Column("BY", flexible=True),
    Column("WAITS", right=True),
)


def tally(counts: Mapping[str, int]) -> str:
    """`5 updates wait for a person (3 held, 2 rejected)`; nothing where none does."""
    total = sum(counts.values())
    if not total:
        return ""
    named = ", ".join(f"{counts[cause]} {cause}" for cause in CAUSES if counts.get(cause))
    return f"{plural(total, 'update')} {'waits' if total == 1 else 'wait'} for a person ({named})"


def refuse_other(wanted: Mapping[str, Any]) -> None:
    """Raise UsageError for what the inbox cannot be narrowed by."""
    if wanted["before"] is not None or wanted["run"] is not None:
        raise UsageError(
            "the inbox has no --before and no --run: it begins with what has waited longest",
            remedy="narrow it by --account or --campaign",
        )


async def show(
    here: Opened, account: str | None = None, campaign: str | None = None, limit: int | None = None
) -> int:
    """The inbox, or what of it is about one account or one campaign; returns how many rows."""
    found = await here.reports.inbox(account, campaign, limit=limit)
    ids = [one["id"] for one in found]
    known = {row["id"]: row for row in await here.reports.updates_by_id(ids)}
    counts = await here.reports.inbox_counts(None if account is None else [account])
    rows = [_joined(known[one["id"]], one) for one in found if one["id"] in known]
    here.screen.listing(
        Listing(
            schema="syncd.inbox/1",
            key="updates",
            fields=_FIELDS,
            rows=[{name: row[name] for name in _FIELDS} for row in rows],
            columns=_COLUMNS,
            lines=[_line(here.screen, row) for row in rows],
            extra={"counts": counts},
        ),
        empty="Nothing waits for a person.",
    )
    if rows and here.choices.format == "table":
        here.screen.talk(tally(counts))
    return len(rows)


async def reasoned(here: Opened, listing: Listing) -> Listing:
    """The same list of updates, each with why it waits and what ends it."""
    ids = [row["id"] for row in listing.rows]
    found = {row["id"]: row for row in await here.reports.inbox(ids=ids)}
    rows = [_joined(row, found.get(row["id"], {})) for row in listing.rows]
    lines = [_line(here.screen, row) for row in rows]
    return replace(listing, fields=_FIELDS, rows=rows, columns=_COLUMNS, lines=lines)


def _joined(update: Row, waiting: Row) -> Row:
    """An update as the inbox has it; one that has left it meanwhile says nothing more."""
    told = {name: waiting.get(name) for name in ("code", "figures", "command")}
    return {
        **update,
        **told,
        "cause": waiting.get("cause", update["state"]),
        "reason": waiting.get("reason", update["reason"]),
        "since": waiting.get("since", update["created_at"]),
    }


def _line(screen: Screen, row: Row) -> Line:
    return Line(
        (
            screen.mark(row["cause"]),
            screen.word(row["cause"]),
            f"#{row['id']}",
            row["account"],
            id_of(row),
            name_of(row),
            change_of(row),
            by_whom(row),
            age((row["at"] - row["since"]).total_seconds()),
        ),
        tuple(_notes(row, screen.stamp)),
    )


def _notes(row: Row, stamp: Stamp) -> Iterator[str]:
    """Every reason, and below them what a clock does about it and the way out."""
    hits = [hit for path in sorted(row["holds"] or {}) for hit in row["holds"][path]["hits"]]
    if hits:
        for hit in _once(hits):
            yield f"{hit['rule']}: {shown(hit['message'])}"
    else:
        code = short_code(row["code"])
        yield f"{code}: {shown(row['reason'])}" if row["reason"] else code
    if row["cause"] == "rejected" and row["figures"]:
        traces = Counter(one.get("trace_id") for one in row["figures"].values())
        yield from (f"trace id {one}" for one in traces if one)
    if row["cause"] == "held":
        ends = "; ".join(ends_by_itself(row, stamp))
        if ends:
            yield ends
    if row["command"]:
        yield f"-> {shown(row['command'])}"


def _once(hits: Sequence[Row]) -> Iterator[Row]:
    """A rule that several paths meet alike, such as one of the window, is told once."""
    told = set()
    for hit in hits:
        if (hit["rule"], hit["message"]) not in told:
            told.add((hit["rule"], hit["message"]))
            yield hit
