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
from syncd.cli.text import age, difference, moment, money, plural, shown, transition, visible
from syncd.cli.update_table import COLUMNS as UPDATE_COLUMNS
from syncd.cli.update_table import line as update_line
from syncd.cli.updates import OPEN
from syncd.errors import UsageError
from syncd.store.reports import CampaignFilter, HistoryFilter, Row, UpdateFilter

FIELDS: Final = (
    "account", "provider", "external_id", "name", "status", "status_seen", "currency", "values",
    "first_seen_at", "changed_at", "seen_at", "missing_since", "gone_at",
)  # fmt: skip
HISTORY_FIELDS: Final = (
    "id", "account", "external_id", "path", "old", "new", "origin", "update_id", "requester",
    "seen_at", "confirmed_at", "run_id",
)  # fmt: skip
_PERIODS: Final = ("daily", "monthly", "lifetime")
COLUMNS: Final = (
    Column(""),
    Column("ACCOUNT"),
    Column("CAMPAIGN"),
    Column("NAME", flexible=True),
    Column("STATUS"),
    *(Column(period.upper(), right=True) for period in _PERIODS),
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
    limit = wanted["limit"] or None
    filters = CampaignFilter(
        account=wanted["account"],
        text=wanted["text"],
        only_missing=wanted["only_missing"],
        after=wanted["after"],
        limit=limit,
    )
    async with opened(choices) as here:
        require_account(wanted["account"], await here.reports.known_accounts())
        rows = await here.reports.campaigns(filters)
        screen = here.screen
        columns = (*COLUMNS[:-1], Column(f"CHANGED ({screen.zone_name})"))
        screen.listing(
            Listing(
                schema="syncd.campaigns/1",
                key="campaigns",
                fields=FIELDS,
                rows=[{name: row[name] for name in FIELDS} for row in rows],
                columns=columns,
                lines=[campaign_line(screen, row) for row in rows],
            ),
            empty=_nothing(wanted),
        )
        if limit is not None and len(rows) == limit and choices.format == "table":
            last = rows[-1]
            screen.talk(
                f"{plural(limit, 'campaign')}. "
                f"More: --after {last['account']} {last['external_id']}"
            )


async def show_campaign(choices: Choices, account: str, campaign: str) -> None:
    """One campaign and its open updates."""
    async with opened(choices) as here:
        here.screen.refuse_csv("one campaign")
        row = await _found(here, account, campaign)
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


async def show_history(
    choices: Choices, account: str, campaign: str, wanted: dict[str, Any]
) -> None:
    """The history of one campaign's fields."""
    async with opened(choices) as here:
        found = await _found(here, account, campaign)
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


async def _found(here: Opened, account: str, campaign: str) -> Row:
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


def campaign_line(screen: Screen, row: Row) -> Line:
    """One campaign as a row of `COLUMNS`."""
    values, currency = row["values"], row["currency"]
    word = "missing" if row["missing_since"] else row["status"]
    return Line(
        (
            screen.mark(word),
            row["account"],
            row["external_id"],
            visible(row["name"]),
            "not offered" if row["status"] == "none" and not row["missing_since"] else word,
            *(_budget(values, period, currency) for period in _PERIODS),
            moment(row["changed_at"], screen.zone),
        )
    )


def _budget(values: Row, period: str, currency: str | None) -> str:
    path = f"budget.{period}"
    return money(values[path], currency) if path in values else "not offered"


def _nothing(wanted: dict[str, Any]) -> str:
    if any(wanted[name] for name in ("account", "text", "only_missing", "after")):
        return "No campaign matches."
    return "The mirror is empty. The first pull fills it: syncd sync --pull"


def _show(screen: Screen, row: Row) -> None:
    at = row["at"]

    def stamp(time: dt.datetime) -> str:
        when = moment(time, screen.zone, has_seconds=True)
        return f"{when} {screen.zone_name}, {age((at - time).total_seconds())} ago"

    pairs = [
        (
            "status",
            "not offered"
            if row["status"] == "none"
            else f"{row['status']} (reported {row['status_raw']})",
        ),
        (
            "currency",
            row["currency"] or "not known: set currency of the account in the configuration",
        ),
        *(
            (path, _value(path, value, row["currency"]))
            for path, value in sorted(row["values"].items())
        ),
        ("first seen", stamp(row["first_seen_at"])),
        ("changed", stamp(row["changed_at"])),
        ("seen", stamp(row["seen_at"])),
    ]
    if row["missing_since"]:
        pairs.append(("missing since", stamp(row["missing_since"])))
    screen.cells([Cell(f"{row['account']} / {row['external_id']}  {visible(row['name'])}")])
    width = max(len(name) for name, _ in pairs)
    for name, text in pairs:
        screen.answer(f"  {name:<{width}}  {text}")


def _value(path: str, value: str | None, currency: str | None) -> str:
    if path.startswith(("budget.", "price.")):
        return money(value, currency)
    return visible(value) if path == "name" else shown(value or "-")


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
    return "provider (not queued here)"


def _change(row: Row) -> str:
    said = transition(row["path"], row["old"], row["new"], row["currency"])
    moved = (
        difference(row["old"], row["new"], row["currency"])
        if row["path"].startswith("budget.")
        else ""
    )
    return f"{said} ({moved})" if moved else said
