"""What people do to an account: let a braked pull through, give it another name."""

from __future__ import annotations

import rich_click as click

from syncd.cli.choices import Choices, command
from syncd.cli.codes import OK


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
