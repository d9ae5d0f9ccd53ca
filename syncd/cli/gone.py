"""Campaigns that are out of view or gone: since when, by whose word, what would settle it; and a
person's word that they are gone for good."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import rich_click as click

from syncd.cli.checking import require_account
from syncd.cli.choices import Choices
from syncd.cli.codes import MISUSE, OK
from syncd.cli.opened import finish, opened
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Column, Line, Listing
from syncd.cli.requester import person
from syncd.cli.text import age, plural, shown, visible
from syncd.errors import Refused, UsageError
from syncd.model.listing import Evidence
from syncd.store.accounts import Accounts
from syncd.store.reports import Row

FIELDS: Final = (
    "account", "external_id", "name", "missing_since", "missing_why", "gone_at", "gone_by",
    "evidence", "needed",
)  # fmt: skip
_COLUMNS: Final = (
    Column(""),
    Column("CAMPAIGN"),
    Column("NAME", flexible=True),
    Column("STATE"),
    Column("SINCE"),
    Column("WHAT SETTLES IT"),
)
_NEEDED: Final = {
    Evidence.PERSON: "the provider tells no deleted one from a hidden one; confirm: {}",
    Evidence.NEVER: "only configured ids are read there; confirm: {}",
    Evidence.TWO_PULLS: "a later complete pull without it and a single read; or confirm: {}",
    Evidence.MARKED: "the provider's own mark, at the next pull; or confirm: {}",
}


def needed_for(row: Row) -> str:
    """What is still needed before this campaign is gone or in view again."""
    if row["gone_at"] is not None:
        said = "the provider says so" if row["gone_by"] == "provider" else row["gone_by"]
        return f"settled: {shown(said)}"
    confirm = f"syncd campaigns gone {row['account']} {row['external_id']}"
    if row["missing_why"] == "scope":
        return f"the configured scope leaves it out; widen that, or confirm: {confirm}"
    return _NEEDED[Evidence(row["evidence"])].format(confirm)


def list_gone(choices: Choices, account: str, limit: int | None) -> int:
    """The list, those first that somebody may settle."""
    rows = finish(choices, _rows(choices, account, limit))
    screen = Screen(choices=choices)
    screen.listing(
        Listing(
            schema="syncd.gone/1",
            key="campaigns",
            fields=FIELDS,
            rows=[{**row, "needed": needed_for(row)} for row in rows],
            columns=_COLUMNS,
            lines=[_line(screen, row) for row in rows],
        ),
        empty=f"Every campaign of {account} that the mirror has is in view.",
    )
    return OK


def confirm_gone(
    choices: Choices,
    account: str,
    ids: Sequence[str],
    requester: str | None,
    *,
    is_sure: bool,
) -> int:
    """Ask, then confirm each. Raises UsageError where nobody can be asked."""
    screen = Screen(choices=choices)
    screen.refuse_csv("confirming")
    wanted = list(dict.fromkeys(ids))
    rows = finish(choices, _rows(choices, account, None))
    if not is_sure:
        _ask(screen, account, [row for row in rows if row["external_id"] in wanted], wanted)
    done, refused = finish(choices, _confirm(choices, account, wanted, requester))
    for problem in refused:
        screen.problem(problem)
    if choices.format == "json":
        screen.document("syncd.confirmed/1", {"account": account, "confirmed": done})
    for external_id in done if choices.format == "table" else ():
        screen.deed(f"{account}/{external_id} is gone")
    return MISUSE if refused else OK


def _ask(screen: Screen, account: str, rows: Sequence[Row], ids: Sequence[str]) -> None:
    if not (sys.stdin.isatty() and screen.err.isatty()):
        said = plural(len(ids), "campaign")
        raise UsageError(
            f"nobody is there to say that {said} of {account} left for good",
            remedy="give --yes",
        )
    for row in rows:
        since = age((row["at"] - (row["gone_at"] or row["missing_since"])).total_seconds())
        screen.ask(f"  {row['external_id']}  {visible(row['name'])}  {_word(row)} for {since}")
    verb = "Is" if len(ids) == 1 else "Are"
    question = f"{verb} {plural(len(ids), 'campaign')} of {account} gone for good?"
    click.confirm(question, default=False, abort=True, err=True)


async def _rows(choices: Choices, account: str, limit: int | None) -> list[Row]:
    async with opened(choices) as here:
        require_account(account, await here.reports.known_accounts())
        return await here.reports.gone(account, limit)


async def _confirm(
    choices: Choices, account: str, ids: Sequence[str], requester: str | None
) -> tuple[list[str], list[Refused]]:
    who = requester or person() or "somebody"
    done, refused = [], []
    async with opened(choices) as here:
        accounts = Accounts(here.database)
        for external_id in ids:
            try:
                await accounts.confirm_gone(account, external_id, who)
                done.append(external_id)
            except Refused as error:
                refused.append(error)
    return done, refused


def _line(screen: Screen, row: Row) -> Line:
    word = _word(row)
    since = row["gone_at"] or row["missing_since"]
    return Line(
        (
            screen.mark(word),
            row["external_id"],
            visible(row["name"]),
            screen.word(word),
            f"{age((row['at'] - since).total_seconds())} ago",
            needed_for(row),
        )
    )


def _word(row: Row) -> str:
    return "missing" if row["gone_at"] is None else "gone"
