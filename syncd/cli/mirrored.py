"""Campaigns as the mirror has them: a list, one in full, and the history of its fields."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from syncd.cli.checking import did_you_mean, require_account
from syncd.cli.choices import Choices
from syncd.cli.opened import Opened, opened
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Cell, Column, Line, Listing
from syncd.cli.text import (
    difference,
    is_money,
    moment,
    plural,
    shown,
    transition,
    value,
    visible,
)
from syncd.errors import UsageError
from syncd.model.path import DELETED
from syncd.store.reports import CampaignFilter, HistoryFilter, Row

FIELDS: Final = (
    "account", "provider", "external_id", "name", "status", "status_seen", "currency", "values",
    "first_seen_at", "changed_at", "seen_at", "missing_since", "gone_at", "is_default",
    "status_raw", "missing_why", "gone_by", "provider_created_at", "provider_updated_at",
)  # fmt: skip
HISTORY_FIELDS: Final = (
    "id", "account", "external_id", "path", "old", "new", "origin", "update_id", "requester",
    "seen_at", "confirmed_at", "run_id",
)  # fmt: skip
_BUDGETS: Final = ("budget.daily", "budget.monthly", "budget.lifetime")
_OFFERED: Final = {
    **{path: path.removeprefix("budget.").upper() for path in _BUDGETS},
    "price.amount": "PRICE",
    "price.type": "PER",
    "note": "NOTE",
}
_FIXED: Final = 5
COLUMNS: Final = (
    Column(""),
    Column("ACCOUNT"),
    Column("CAMPAIGN"),
    Column("NAME", flexible=True),
    Column("STATUS"),
    *(Column(_OFFERED[path], right=True) for path in _BUDGETS),
    Column("CHANGED"),
)
_CHANGES: Final = (
    Column(""),
    Column("CAMPAIGN"),
    Column("NAME", flexible=True),
    Column("CHANGE"),
    Column("BY"),
)


async def list_campaigns(choices: Choices, wanted: dict[str, Any]) -> None:
    """The list."""
    async with opened(choices) as here:
        require_account(wanted["account"], await here.reports.known_accounts())
        rows, hidden = await _listed(here, wanted)
        columns, lines = campaign_table(here.screen, rows)
        here.screen.listing(
            Listing(
                schema="syncd.campaigns/1",
                key="campaigns",
                fields=FIELDS,
                rows=[{name: row[name] for name in FIELDS} for row in rows],
                columns=columns,
                lines=lines,
            ),
            empty=_nothing(wanted, hidden),
        )
        limit = wanted["limit"]
        if limit and len(rows) == limit and choices.format == "table":
            last = rows[-1]
            here.screen.talk(
                f"{plural(limit, 'campaign')}. "
                f"More: --after {last['account']} {last['external_id']}"
            )


async def _listed(here: Opened, wanted: dict[str, Any]) -> tuple[list[Row], int]:
    """The campaigns that are asked for, and how many gone ones were passed over on the way."""
    limit, after = wanted["limit"] or None, wanted["after"]
    found: list[Row] = []
    hidden = 0
    while True:
        page = await here.reports.campaigns(
            CampaignFilter(
                account=wanted["account"],
                text=wanted["text"],
                only_missing=wanted["only_missing"],
                after=after,
                limit=limit,
            )
        )
        some = [row for row in page if (row["gone_at"] is not None) == wanted["only_gone"]]
        found += some[: None if limit is None else limit - len(found)]
        hidden += 0 if wanted["only_gone"] else len(page) - len(some)
        if limit is None or len(found) == limit or len(page) < limit:
            return found, hidden
        after = (page[-1]["account"], page[-1]["external_id"])


async def show_history(
    choices: Choices, account: str, campaign: str, wanted: dict[str, Any]
) -> None:
    """The history of one campaign's fields."""
    async with opened(choices) as here:
        found = await found_campaign(here, account, campaign)
        rows = await here.reports.history(
            HistoryFilter(
                account=account,
                campaign=campaign,
                path=wanted["path"],
                limit=wanted["limit"] or None,
            )
        )
        rows = rows[::-1] if wanted["reverse"] else rows
        if choices.format == "table":
            _draw_history(here.screen, found, rows)
            return
        data = [{name: row[name] for name in HISTORY_FIELDS} for row in rows]
        here.screen.listing(
            Listing(
                schema="syncd.history/1",
                key="changes",
                fields=HISTORY_FIELDS,
                rows=data,
                columns=(),
                lines=(),
            )
        )


def draw_changes(screen: Screen, rows: Sequence[Row]) -> None:
    """Field changes of several campaigns, such as one pull saw."""
    screen.table(
        _CHANGES,
        [
            Line(
                (
                    screen.mark(row["origin"]),
                    row["external_id"],
                    visible(row["name"]),
                    _change(row),
                    _author(row),
                )
            )
            for row in rows
        ],
    )


async def found_campaign(here: Opened, account: str, campaign: str) -> Row:
    """The campaign's row. Raises UsageError with what was probably meant."""
    row = await here.reports.campaign(account, campaign)
    if row is not None:
        return row
    require_account(account, await here.reports.known_accounts())
    near = await here.reports.near_campaigns(account, campaign)
    raise UsageError(
        f'the mirror has no campaign "{shown(campaign)}" of {account}'
        f"{did_you_mean(campaign, near)}",
        remedy=f"see: syncd campaigns list --account {account}",
        code="campaign",
    )


def campaign_table(screen: Screen, rows: Sequence[Row]) -> tuple[list[Column], list[Line]]:
    """Campaigns with the amounts, prices and remarks that any of them has. A price is followed by
    how many countries and actions have their own."""
    paths = [path for path in _OFFERED if any(path in row["values"] for row in rows)]
    columns = [
        *COLUMNS[:_FIXED],
        *(Column(_OFFERED[path], right=is_money(path), flexible=path == "note") for path in paths),
        Column(f"CHANGED ({screen.zone_name})"),
    ]
    return columns, [campaign_line(screen, row, paths) for row in rows]


def campaign_line(screen: Screen, row: Row, paths: Sequence[str] = _BUDGETS) -> Line:
    """One campaign as a row of `COLUMNS`, or of a table with these paths instead."""
    word = _state(row)
    name = visible(row["name"]) + (" (default)" if row["is_default"] else "")
    is_unknown = word == "none" and row["status_raw"] is not None
    return Line(
        (
            screen.mark(word) if word in ("missing", "gone") else "",
            row["account"],
            row["external_id"],
            name,
            "unknown" if is_unknown else "not offered" if word == "none" else word,
            *(_offered(row, path) for path in paths),
            moment(row["changed_at"], screen.zone),
        )
    )


def _state(row: Row) -> str:
    """The status of a campaign, or that it is missing or gone."""
    if row["gone_at"] is not None:
        return "gone"
    return "missing" if row["missing_since"] is not None else str(row["status"])


def _offered(row: Row, path: str) -> str:
    values = row["values"]
    if path not in values:
        return "not offered" if path in _BUDGETS else "-"
    if values[path] is None:
        return "none set"
    said = value(path, values[path], row["currency"])
    others = sum(one.startswith(("price.country.", "price.action.")) for one in values)
    return f"{said} +{others}" if path == "price.amount" and others else said


def _nothing(wanted: dict[str, Any], hidden: int) -> str:
    if hidden:
        return f"{plural(hidden, 'campaign')} of them gone: --gone lists those."
    if any(wanted[name] for name in ("account", "text", "only_missing", "only_gone", "after")):
        return "No campaign matches."
    return "The mirror is empty. The first pull fills it: syncd sync --pull"


def _draw_history(screen: Screen, found: Row, rows: Sequence[Row]) -> None:
    screen.cells([Cell(f"{found['account']} / {found['external_id']}  {visible(found['name'])}")])
    if not rows:
        first = moment(found["first_seen_at"], screen.zone)
        screen.answer(
            f"  no change was seen since the first pull of it, {first} {screen.zone_name}"
        )
        return
    screen.answer(f"  times are when it was seen, {screen.zone_name}")

    def day(row: Row) -> str:
        seen: dt.datetime = row["seen_at"]
        return seen.astimezone(screen.zone).strftime("%a %Y-%m-%d")

    for heading, some in groupby(rows, key=day):
        screen.answer(heading)
        for row in some:
            for cells in _history_lines(screen, row):
                screen.cells(cells)


def _history_lines(screen: Screen, row: Row) -> Iterator[list[Cell]]:
    time = row["seen_at"].astimezone(screen.zone).strftime("%H:%M:%S")
    reason = f'  "{shown(row["request_reason"])}"' if row["request_reason"] else ""
    yield [
        Cell(f"  {time}  "),
        screen.mark(row["origin"]),
        Cell(f" {_author(row)}  {_change(row)}{reason}"),
    ]


def _author(row: Row) -> str:
    if row["origin"] == "update":
        return f"{shown(row['requester'] or 'somebody')} #{row['update_id']}"
    if row["origin"] == "person":
        return f"{shown(row['requester'])} (confirmed)"
    return "provider (not queued here)"


def _change(row: Row) -> str:
    if row["path"] == DELETED:
        return "gone" if row["new"] else "there again"
    said = transition(row["path"], row["old"], row["new"], row["currency"])
    moved = difference(row["old"], row["new"], row["currency"]) if is_money(row["path"]) else ""
    return f"{said} ({moved})" if moved else said
