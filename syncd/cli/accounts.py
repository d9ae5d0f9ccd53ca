"""`syncd accounts`: their health, a check from credentials to one page, and stopping or resuming
their passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

import rich_click as click

from syncd.cli.choices import Choices, LazyGroup, command, group
from syncd.cli.codes import FAILED, OK

if TYPE_CHECKING:
    from syncd.cli.opened import Opened
    from syncd.cli.render.screen import Screen
    from syncd.cli.render.table import Line
    from syncd.store.reports import KnownAccount, Row

FIELDS: Final = (
    "account", "provider", "state", "since", "cause", "remedy", "failures", "last_complete_at",
    "next_pull_at", "frozen_until", "campaigns", "missing", "queued", "held", "unknown",
    "oldest_queued_at", "applied_24h", "rejected_24h", "is_configured",
)  # fmt: skip


class Accounts(LazyGroup):
    """The commands about accounts."""

    places: ClassVar[Mapping[str, str]] = {
        name: f"syncd.cli.accounts:{name}_" for name in ("list", "check", "pause", "resume")
    }


@group("accounts", Accounts)
def accounts() -> None:
    """List, check, pause or resume accounts."""


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


@command("pause")
@click.argument("names", metavar="[ACCOUNT]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every account.")
@click.pass_obj
def pause_(choices: Choices, /, names: tuple[str, ...], *, everything: bool) -> int:
    """Stop all pulls and pushes of accounts until they are resumed."""
    from syncd.cli.opened import finish

    finish(choices, _set_pause(choices, names, everything=everything, is_paused=True))
    return OK


@command("resume")
@click.argument("names", metavar="[ACCOUNT]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every account.")
@click.pass_obj
def resume_(choices: Choices, /, names: tuple[str, ...], *, everything: bool) -> int:
    """Let the passes of paused accounts run again."""
    from syncd.cli.opened import finish

    finish(choices, _set_pause(choices, names, everything=everything, is_paused=False))
    return OK


async def _list(choices: Choices) -> None:
    from syncd.cli.opened import opened
    from syncd.cli.render.table import Column, Listing

    async with opened(choices) as here:
        await here.register()
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
                rows=[{name: row[name] for name in FIELDS} for row in rows],
                columns=[
                    Column(heading, right=heading == "CAMPAIGNS", flexible=heading == "CAUSE")
                    for heading in headings
                ],
                lines=[_line(here.screen, row) for row in rows],
            ),
            empty="No account is configured. Begin with: syncd config example > config/syncd.toml",
        )


def _line(screen: Screen, row: Row) -> Line:
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
        )
    )


async def _check(choices: Choices, name: str) -> int:
    from syncd.cli.checking import require_account
    from syncd.cli.render.screen import Screen
    from syncd.daemon import check_account

    config, screen = choices.load(), Screen(choices=choices)
    screen.refuse_csv("a check")
    require_account(name, [account.name for account in config.accounts])
    steps = []
    async for step in check_account(config, name):
        steps.append(step)
        if choices.format == "json":
            continue
        screen.cells_of_step(len(steps), step.name, step.text, is_ok=step.ok)
        if not step.ok and step.remedy:
            screen.answer(f"      help: {step.remedy}")
    is_well = all(step.ok for step in steps)
    if choices.format == "json":
        told = [
            {"name": one.name, "ok": one.ok, "text": one.text, "remedy": one.remedy}
            for one in steps
        ]
        screen.document("syncd.check/1", {"account": name, "ok": is_well, "steps": told})
    elif is_well:
        screen.answer(f"{name} works")
    return OK if is_well else FAILED


async def _set_pause(
    choices: Choices, names: Sequence[str], *, everything: bool, is_paused: bool
) -> None:
    from syncd.cli.opened import opened
    from syncd.cli.requester import person
    from syncd.store.accounts import Accounts as StoredAccounts

    async with opened(choices) as here:
        here.screen.refuse_csv("pausing" if is_paused else "resuming")
        await here.register()
        chosen = await _chosen(here, names, everything=everything)
        at = await here.reports.now() if is_paused else None
        stored = StoredAccounts(here.database)
        for account in chosen:
            if (account.paused_at is not None) != is_paused:
                await stored.pause(
                    account.number, (person() or "somebody") if is_paused else None, at
                )
        if choices.format == "json":
            told = [{"account": account.name, "is_paused": is_paused} for account in chosen]
            here.screen.document("syncd.pause/1", {"accounts": told})
            return
        _tell_pause(here.screen, chosen, everything=everything, is_paused=is_paused)


async def _chosen(here: Opened, names: Sequence[str], *, everything: bool) -> list[KnownAccount]:
    from syncd.cli.checking import require_account
    from syncd.errors import UsageError

    if everything == bool(names):
        raise UsageError("name the accounts, or give --all", remedy="see: syncd accounts list")
    known = await here.reports.known_accounts()
    for name in names:
        require_account(name, known)
    return [known[name] for name in names] if names else list(known.values())


def _tell_pause(
    screen: Screen, chosen: Sequence[KnownAccount], *, everything: bool, is_paused: bool
) -> None:
    for account in chosen:
        was = account.paused_at is not None
        if is_paused:
            screen.deed(
                f"{account.name} was paused already"
                if was
                else f"{account.name} is paused: nothing new is read or sent"
            )
        else:
            screen.deed(f"{account.name} runs again" if was else f"{account.name} was not paused")
    if is_paused:
        named = "--all" if everything else " ".join(one.name for one in chosen)
        screen.hint(f"syncd accounts resume {named}")
