"""What `status` tells: first what needs a person, each with its cause and command, then two facts
about each account: how old its mirror is, and how its queue stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from syncd import __version__
from syncd.cli.changes import short_code
from syncd.cli.choices import Choices
from syncd.cli.codes import ITEMS, OK
from syncd.cli.health import TROUBLED, command_of
from syncd.cli.inbox import COMMAND as INBOX
from syncd.cli.inbox import tally
from syncd.cli.opened import Opened, opened
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Cell, Column, Line
from syncd.cli.text import age, count, moment, plural, shown
from syncd.store.reports import Overview, Row

MANY: Final = 30
_LASTING: Final = ("blocked", "failing", "paused", "other dialect")
_COLUMNS: Final = (
    Column(""),
    Column("ACCOUNT"),
    Column("STATE"),
    Column("MIRROR"),
    Column("CAMPAIGNS", right=True),
    Column("QUEUE"),
    Column("24 H"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """Something that needs a person: `word` is a state, `command` what to type next."""

    word: str
    account: str
    cause: str
    text: str
    count: int
    since: dt.datetime | None
    expires: dt.datetime | None
    command: str


async def overview(choices: Choices, *, everything: bool, exit_code: bool) -> int:
    """Print it. The code is 0 unless findings were asked to count."""
    async with opened(choices) as here:
        here.screen.refuse_csv("the status")
        seen = await here.reports.overview()
        needs = list(_needs(seen))
        if choices.format == "json":
            here.screen.document("syncd.status/1", _document(here, seen, needs))
        else:
            _draw(here, seen, needs, everything=everything)
        return ITEMS if needs and exit_code else OK


def _needs(seen: Overview) -> Iterator[Need]:
    for account in seen.accounts:
        if account["is_configured"] and account["state"] in TROUBLED:
            yield _of_account(account, seen.at)
    for row in seen.needs:
        yield _of_updates(row, seen.at)
    for row in seen.differing:
        text = f"{plural(row['count'], 'applied value')} shown otherwise by a later read"
        yield _need("different", row, text, _inbox(row), cause="different")
    for row in seen.stuck:
        text = f"{plural(row['count'], 'queued update')} will not move: {shown(row['reason'])}"
        yield _need("queued", row, text, f"syncd sync {row['account']}", cause=row["code"])


def _of_account(account: Row, at: dt.datetime) -> Need:
    state, since = account["state"], account["since"]
    long = age((at - since).total_seconds()) if since else ""
    # What lasts, and what was found once.
    for_long = f" for {long}" if state in _LASTING else f", {long} ago"
    for_long = for_long if since else ""
    times = f", {account['failures']} in a row" if account["failures"] > 1 else ""
    if state == "late":
        text = f"the pull is late: it was due {_ago(account['next_pull_at'], at)}"
    else:
        text = f"{shown(account['cause'] or state)}{for_long}{times}"
    if state == "braked" and account["accepted_until"] is not None:
        text += f"; {shown(account['remedy'])}"
    return _need(state, {**account, "count": 1}, text, command_of(account), cause=state)


def _of_updates(row: Row, at: dt.datetime) -> Need:
    number, state = plural(row["count"], "update"), row["cause"]
    oldest = f"oldest {age((at - row['since']).total_seconds())}"
    command = f"syncd updates list --state {state} --account {row['account']}"
    if state == "rejected":
        text = f"{number} rejected and not taken note of, {oldest}"
        command = _inbox(row)
    elif state == "held":
        text = f"{number} held: {short_code(row['code'])}, {oldest}"
        if row["expires_at"]:
            text += f", first expires in {age((row['expires_at'] - at).total_seconds())}"
    else:
        text = (
            f"{number} without a known outcome, {oldest}; "
            "read back first, nothing is sent again before"
        )
    word = state if state in ("held", "rejected") else "unknown"
    return _need(word, row, text, command, cause=row["code"])


def _inbox(row: Row) -> str:
    return f"{INBOX} --account {row['account']}"


def _need(word: str, row: Row, text: str, command: str, *, cause: str) -> Need:
    return Need(
        word=word,
        account=row["account"],
        cause=cause,
        text=text,
        count=row["count"],
        since=row.get("since"),
        expires=row.get("expires_at"),
        command=command,
    )


def _draw(here: Opened, seen: Overview, needs: list[Need], *, everything: bool) -> None:
    screen = here.screen
    now = f"{moment(seen.at, screen.zone, has_seconds=True)} {screen.zone_name}"
    screen.answer(f"syncd {__version__} · {here.config.service.name} · {now} · {_service(seen)}")
    screen.answer()
    _draw_needs(screen, seen, needs)
    screen.answer()
    shown_accounts = seen.accounts
    folded = 0
    if len(seen.accounts) > MANY and not everything:
        shown_accounts = [row for row in seen.accounts if row["state"] != "ok"]
        folded = len(seen.accounts) - len(shown_accounts)
    if shown_accounts:
        screen.table(_COLUMNS, [_line(screen, row, seen.at) for row in shown_accounts])
    if folded:
        screen.answer(f"and {plural(folded, 'account')} ok (--all)")
    known = {row["account"] for row in seen.accounts}
    new = [account.name for account in here.config.accounts if account.name not in known]
    if new:
        screen.answer(f"never pulled: {', '.join(new)}. Begin with: syncd sync {' '.join(new)}")
    if not seen.accounts:
        return
    screen.answer()
    totals = {
        key: sum(row[key] for row in seen.accounts) for key in ("applied_24h", "rejected_24h")
    }
    still = sum(row["queued"] + row["held"] + row["unknown"] for row in seen.accounts)
    screen.answer(
        f"{count(totals['applied_24h'])} applied · {count(totals['rejected_24h'])} rejected in 24 h"
        f" · {count(still)} open"
    )


def _draw_needs(screen: Screen, seen: Overview, needs: list[Need]) -> None:
    if not needs:
        screen.answer(f"All is well. {_last_trouble(screen, seen)}".rstrip())
        return
    screen.answer("1 thing needs you" if len(needs) == 1 else f"{len(needs)} things need you")
    width = max(len(need.account) for need in needs)
    for need in needs:
        screen.cells(
            [Cell("  "), screen.mark(need.word), Cell(f" {need.account:<{width}}  {need.text}")]
        )
        screen.answer(f"    {'':<{width}}  {need.command}")
    waiting = tally(seen.inbox)
    if waiting:
        screen.answer(f"{waiting}; next: {INBOX}")


def _line(screen: Screen, row: Row, at: dt.datetime) -> Line:
    complete = row["last_complete_at"]
    queue = [f"{row[key]} {key}" for key in ("held", "unknown") if row[key]]
    if row["queued"]:
        waiting = age((at - row["oldest_queued_at"]).total_seconds())
        queue.insert(0, f"{count(row['queued'])}, {waiting}")
    beside = [f"{row[key]} {key}" for key in ("missing", "gone") if row[key]]
    campaigns = count(row["campaigns"]) + (f" ({', '.join(beside)})" if beside else "")
    day = f"{row['applied_24h']} applied  {row['rejected_24h']} rejected"
    return Line(
        (
            screen.mark(row["state"]),
            row["account"],
            screen.word(row["state"] if row["is_configured"] else "not configured"),
            "none yet" if complete is None else f"{age((at - complete).total_seconds())} old",
            campaigns,
            ", ".join(queue) or "0",
            day,
        )
    )


def _service(seen: Overview) -> str:
    if not seen.services:
        return "no service seen"
    first = seen.services[0]
    more = f" and {len(seen.services) - 1} more" if len(seen.services) > 1 else ""
    return f"service on {shown(first['host'])}{more} (seen {age(first['seen_seconds'])} ago)"


def _last_trouble(screen: Screen, seen: Overview) -> str:
    trouble = seen.last_trouble
    if trouble is None:
        return "No run has failed so far."
    at = moment(trouble["ended_at"], screen.zone)
    what = f"{trouble['kind']} {trouble['outcome']}, {trouble['error_code']}"
    return f"Last problem: {at} ({trouble['account']}, {what})."


def _ago(time: dt.datetime | None, at: dt.datetime) -> str:
    return "at an unknown time" if time is None else f"{age((at - time).total_seconds())} ago"


def _document(here: Opened, seen: Overview, needs: list[Need]) -> dict[str, Any]:
    return {
        "version": __version__,
        "service": here.config.service.name,
        "at": seen.at,
        "verdict": "attention" if needs else "well",
        "needs": [
            {
                "cause": need.cause,
                "account": need.account,
                "count": need.count,
                "since": need.since,
                "expires": need.expires,
                "text": need.text,
                "command": need.command,
            }
            for need in needs
        ],
        "inbox": seen.inbox,
        "accounts": [
            {key: value for key, value in row.items() if key != "at"} | {"command": command_of(row)}
            for row in seen.accounts
        ],
        "services": seen.services,
    }
