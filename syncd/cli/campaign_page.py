"""One campaign of the mirror in full: what the provider said last, and what is queued for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from syncd.cli.choices import Choices
from syncd.cli.mirrored import FIELDS, found_campaign
from syncd.cli.opened import opened
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Cell
from syncd.cli.text import age, is_money, moment, shown, value, visible
from syncd.cli.update_table import COLUMNS as UPDATE_COLUMNS
from syncd.cli.update_table import line as update_line
from syncd.cli.updates import OPEN
from syncd.model.path import DELETED
from syncd.store.reports import Row, UpdateFilter

_TIMES: Final = {
    "created there": "provider_created_at",
    "updated there": "provider_updated_at",
    "first seen": "first_seen_at",
    "changed": "changed_at",
    "seen": "seen_at",
    "missing since": "missing_since",
    "gone since": "gone_at",
}


async def show_campaign(choices: Choices, account: str, campaign: str) -> None:
    """One campaign and its open updates."""
    async with opened(choices) as here:
        here.screen.refuse_csv("one campaign")
        row = await found_campaign(here, account, campaign)
        pending = await here.reports.updates(
            UpdateFilter(states=OPEN, account=account, campaign=campaign, limit=None)
        )
        if choices.format == "json":
            fields = {name: row[name] for name in FIELDS}
            here.screen.document("syncd.campaign/1", {"campaign": fields, "updates": pending})
            return
        _show(here.screen, row)
        if pending:
            here.screen.answer()
            here.screen.table(UPDATE_COLUMNS, [update_line(here.screen, one) for one in pending])


def _show(screen: Screen, row: Row) -> None:
    name = visible(row["name"]) + (" (default)" if row["is_default"] else "")
    screen.cells([Cell(f"{row['account']} / {row['external_id']}  {name}")])
    pairs = list(_pairs(screen, row))
    width = max(len(name) for name, _ in pairs)
    for name, text in pairs:
        screen.answer(f"  {name:<{width}}  {text}")


def _pairs(screen: Screen, row: Row) -> Iterator[tuple[str, str]]:
    values, currency = row["values"], row["currency"]
    yield "status", _status(row)
    if any(is_money(path) for path in values):
        unknown = "not known: set currency of the account in the configuration"
        yield "currency", currency or unknown
    for path, given in sorted(values.items()):
        if path not in ("status", DELETED):
            yield path, value(path, given, currency) if given != "" else "(empty)"
    yield from _times(screen, row)


def _times(screen: Screen, row: Row) -> Iterator[tuple[str, str]]:
    for name, column in _TIMES.items():
        time: dt.datetime | None = row[column]
        if time is not None:
            when = moment(time, screen.zone, has_seconds=True)
            ago = age((row["at"] - time).total_seconds())
            yield name, f"{when} {screen.zone_name}, {ago} ago"
    if row["gone_at"] is not None:
        yield "known from", shown(row["gone_by"])
    elif row["missing_since"] is not None:
        yield "why missing", f"see: syncd campaigns gone {row['account']}"


def _status(row: Row) -> str:
    if row["status"] != "none":
        return f"{row['status']} (reported {shown(row['status_raw'] or '-')})"
    raw = row["status_raw"]
    return "not offered" if raw is None else f"unknown (reported {shown(raw)})"
