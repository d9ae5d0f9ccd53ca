"""`syncd accounts pause` and `resume`: the kill switch, for single accounts or for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import rich_click as click

from syncd.cli.choices import Choices, command
from syncd.cli.codes import OK

if TYPE_CHECKING:
    from syncd.cli.opened import Opened
    from syncd.cli.render.screen import Screen
    from syncd.errors import SyncdError
    from syncd.store.reports import KnownAccount

_WHY = "What it is for; shown beside the account, and kept."


@command("pause")
@click.argument("names", metavar="[ACCOUNT]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every account.")
@click.option("--reason", metavar="TEXT", help=_WHY)
@click.pass_obj
def pause_(
    choices: Choices, /, names: tuple[str, ...], reason: str | None, *, everything: bool
) -> int:
    """Stop all pulls and pushes of accounts until they are resumed.

    When this returns, no call is begun any more; what has left already is still answered."""
    from syncd.cli.opened import finish

    finish(choices, _set(choices, names, reason, everything=everything, is_paused=True))
    return OK


@command("resume")
@click.argument("names", metavar="[ACCOUNT]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every account.")
@click.option("--reason", metavar="TEXT", help=_WHY)
@click.pass_obj
def resume_(
    choices: Choices, /, names: tuple[str, ...], reason: str | None, *, everything: bool
) -> int:
    """Let the passes of paused accounts run again."""
    from syncd.cli.opened import finish

    finish(choices, _set(choices, names, reason, everything=everything, is_paused=False))
    return OK


async def _set(
    choices: Choices,
    names: Sequence[str],
    reason: str | None,
    *,
    everything: bool,
    is_paused: bool,
) -> None:
    from syncd.cli.opened import opened
    from syncd.errors import UsageError

    async with opened(choices) as here:
        here.screen.refuse_csv("pausing" if is_paused else "resuming")
        if everything == bool(names):
            raise UsageError(
                "name the accounts, or give --all instead",
                remedy="see: syncd accounts list",
            )
        if everything:
            chosen, trouble = await _all(here, reason, is_paused=is_paused)
        else:
            chosen, trouble = await _named(here, names, reason, is_paused=is_paused), None
        if choices.format == "json":
            told = [{"account": account.name, "is_paused": is_paused} for account in chosen]
            here.screen.document("syncd.pause/1", {"accounts": told})
        else:
            _tell(here.screen, chosen, everything=everything, is_paused=is_paused)
        if trouble is not None:
            raise trouble


async def _all(
    here: Opened, reason: str | None, *, is_paused: bool
) -> tuple[list[KnownAccount], SyncdError | None]:
    """Those that may be running come first: nothing that is wrong with the configuration stands
    between a person and the switch. Then those that it has and nobody has run yet."""
    from syncd.cli.requester import person
    from syncd.errors import ConfigError, MissingRight
    from syncd.store.accounts import Accounts

    stored = Accounts(here.database)
    act = stored.pause if is_paused else stored.resume
    known = await here.reports.known_accounts()
    await act(None, person(), reason)
    trouble = None
    try:
        await here.register()
    except MissingRight:
        _tell_unknown(here, known)
    except ConfigError as error:
        trouble = error
    joined = (await here.reports.known_accounts()).items()
    # One that is new begins paused where all others are: it is this act that paused it.
    known |= {name: replace(one, paused_at=None) for name, one in joined if name not in known}
    await act(None, person(), reason)
    return list(known.values()), trouble


async def _named(
    here: Opened, names: Sequence[str], reason: str | None, *, is_paused: bool
) -> list[KnownAccount]:
    from syncd.cli.checking import require_account
    from syncd.cli.requester import person
    from syncd.store.accounts import Accounts

    stored = Accounts(here.database)
    act = stored.pause if is_paused else stored.resume
    known = await here.reports.known_accounts()
    if not set(names) <= known.keys():
        await here.introduce()
        known = await here.reports.known_accounts()
    for name in names:
        require_account(name, known)
    for name in names:
        await act(name, person(), reason)
    return [known[name] for name in dict.fromkeys(names)]


def _tell_unknown(here: Opened, known: Mapping[str, KnownAccount]) -> None:
    """What is configured and not known yet is not reached by a login that may only stop."""
    absent = sorted({one.name for one in here.config.accounts} - known.keys())
    if absent:
        here.screen.ask(
            f"warning: nobody has run {', '.join(absent)} yet, and this login cannot make it known"
        )


def _tell(
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
