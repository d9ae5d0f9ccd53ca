"""`syncd accounts`: their health, and a check from credentials to one page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final

import rich_click as click

from syncd.cli.choices import Choices, LazyGroup, command, group
from syncd.cli.codes import FAILED, OK

if TYPE_CHECKING:
    from syncd.cli.render.screen import Screen
    from syncd.cli.render.table import Line
    from syncd.store.reports import Row

FIELDS: Final = (
    "account", "provider", "state", "since", "cause", "remedy", "failures", "last_complete_at",
    "next_pull_at", "frozen_until", "campaigns", "missing", "queued", "held", "unknown",
    "oldest_queued_at", "applied_24h", "rejected_24h", "is_configured", "gone", "dialect",
    "dialect_seen", "braked_absent", "accepted_until", "command",
)  # fmt: skip


class Accounts(LazyGroup):
    """The commands about accounts."""

    places: ClassVar[Mapping[str, str]] = {
        name: f"syncd.cli.{module}:{name}_"
        for name, module in {
            "list": "accounts",
            "check": "accounts",
            "pause": "pausing",
            "resume": "pausing",
            "accept": "account_acts",
            "authorize": "authorizing",
            "rename": "account_acts",
        }.items()
    }


@group("accounts", Accounts)
def accounts() -> None:
    """List, check, stop, resume, accept, authorize or rename accounts."""


@command("list")
@click.pass_obj
def list_(choices: Choices, /) -> int:
    """Every account with its health, most urgent first."""
    from syncd.cli.opened import finish

    finish(choices, _list(choices))
    return OK


@command("check")
@click.argument("account", metavar="ACCOUNT")
@click.pass_obj
def check_(choices: Choices, /, account: str) -> int:
    """Step by step from the credentials to one page of the provider. Writes nothing there."""
    from syncd.cli.opened import finish

    return finish(choices, _check(choices, account))


async def _list(choices: Choices) -> None:
    from syncd.cli.health import command_of
    from syncd.cli.opened import opened
    from syncd.cli.render.table import Column, Listing

    async with opened(choices) as here:
        await here.introduce()
        rows = await here.reports.accounts()
        headings = (
            "",
            "ACCOUNT",
            "PROVIDER",
            "STATE",
            "LAST COMPLETE PULL",
            "NEXT PULL",
            "CAMPAIGNS",
            "CAUSE",
        )
        here.screen.listing(
            Listing(
                schema="syncd.accounts/1",
                key="accounts",
                fields=FIELDS,
                rows=[
                    {name: row[name] for name in FIELDS[:-1]} | {"command": command_of(row)}
                    for row in rows
                ],
                columns=[
                    Column(heading, right=heading == "CAMPAIGNS", flexible=heading == "CAUSE")
                    for heading in headings
                ],
                lines=[_line(here.screen, row) for row in rows],
            ),
            empty="No account is configured. Begin with: syncd config example > config/syncd.toml",
        )


def _line(screen: Screen, row: Row) -> Line:
    from syncd.cli.health import TROUBLED, advice_of
    from syncd.cli.render.table import Line
    from syncd.cli.text import age, count, shown

    at, complete, due = row["at"], row["last_complete_at"], row["next_pull_at"]
    ahead = None if due is None else (due - at).total_seconds()
    return Line(
        (
            screen.mark(row["state"]),
            row["account"],
            row["provider"],
            screen.word(row["state"] if row["is_configured"] else "not configured"),
            "none yet" if complete is None else f"{age((at - complete).total_seconds())} ago",
            "not planned" if ahead is None else f"in {age(ahead)}" if ahead > 0 else "due now",
            count(row["campaigns"]),
            shown(row["cause"] or ""),
        ),
        (shown(advice_of(row)),) if row["is_configured"] and row["state"] in TROUBLED else (),
    )


async def _check(choices: Choices, name: str) -> int:
    from syncd.cli.checking import require_account
    from syncd.cli.render.screen import Screen
    from syncd.cli.text import shown
    from syncd.daemon import check_account

    config, screen = choices.load(), Screen(choices=choices)
    screen.refuse_csv("a check")
    require_account(name, [account.name for account in config.accounts])
    steps = []
    async for step in check_account(config, name):
        steps.append(step)
        if choices.format == "json":
            continue
        word = "finding" if step.findings else "ok" if step.ok else "failed"
        screen.cells_of_step(len(steps), step.name, shown(step.text), word)
        for finding in step.findings:
            screen.answer(f"      {shown(finding)}")
        if not step.ok and step.remedy:
            screen.answer(f"      help: {step.remedy}")
    is_well = all(step.ok for step in steps)
    if choices.format == "json":
        told = [
            {"name": one.name, "ok": one.ok, "text": one.text, "remedy": one.remedy}
            | {"findings": list(one.findings)}
            for one in steps
        ]
        screen.document("syncd.check/1", {"account": name, "ok": is_well, "steps": told})
    elif is_well:
        screen.answer(f"{name} works")
    return OK if is_well else FAILED
