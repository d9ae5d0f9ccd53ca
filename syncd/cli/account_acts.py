"""What people do to an account: stop and resume its passes, let a braked pull through, give it
another name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import rich_click as click

from syncd.cli.choices import Choices, command
from syncd.cli.codes import OK

if TYPE_CHECKING:
    from syncd.cli.opened import Opened
    from syncd.cli.render.screen import Screen
    from syncd.store.reports import KnownAccount


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


@command("accept")
@click.argument("account", metavar="ACCOUNT")
@click.option("--requester", metavar="NAME", help="Who has looked; else the user of this machine.")
@click.pass_obj
def accept_(choices: Choices, /, account: str, requester: str | None) -> int:
    """Let the next complete pull pass the brake, for a day.

    The last pull would have counted so many campaigns as missing that it counted none. Look at the
    provider first: what is missing then is no longer pushed to."""
    from syncd.cli.opened import finish

    finish(choices, _accept(choices, account, requester))
    return OK


@command("rename")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.pass_obj
def rename_(choices: Choices, /, old: str, new: str) -> int:
    """Give an account another name. It keeps its history; the configuration must follow."""
    from syncd.cli.opened import finish

    finish(choices, _rename(choices, old, new))
    return OK


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
        stored = StoredAccounts(here.database)
        for account in chosen:
            act = stored.pause if is_paused else stored.resume
            await act(account.name, person())
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


async def _accept(choices: Choices, name: str, requester: str | None) -> None:
    from syncd.cli.checking import require_account
    from syncd.cli.opened import opened
    from syncd.cli.requester import person
    from syncd.cli.text import moment, plural
    from syncd.store.accounts import Accounts

    async with opened(choices) as here:
        here.screen.refuse_csv("an act")
        await here.register()
        require_account(name, await here.reports.known_accounts())
        who = requester or person() or "somebody"
        absent = await Accounts(here.database).accept(name, who)
        health = {row["account"]: row for row in await here.reports.accounts()}
        until = health[name]["accepted_until"]
        if choices.format == "json":
            here.screen.document(
                "syncd.accept/1", {"account": name, "missing_at_most": absent, "until": until}
            )
            return
        here.screen.deed(
            f"{name}: the next complete pull may count {plural(absent, 'campaign')} more as "
            f"missing, until {moment(until, here.screen.zone)} {here.screen.zone_name}"
        )
        here.screen.hint(f"syncd sync {name} --pull")


async def _rename(choices: Choices, old: str, new: str) -> None:
    """Nothing is registered here: the configuration may have either name already."""
    from syncd.cli.opened import opened
    from syncd.store.accounts import Accounts

    async with opened(choices) as here:
        here.screen.refuse_csv("an act")
        todo = await Accounts(here.database).rename(old, new)
        has_followed = new in {account.name for account in here.config.accounts}
        if choices.format == "json":
            here.screen.document(
                "syncd.rename/1",
                {"old": old, "new": new, "is_configured": has_followed, "todo": todo},
            )
            return
        here.screen.deed(f"{old} is now {new}, with all its history")
        if not has_followed:
            here.screen.answer(todo)
