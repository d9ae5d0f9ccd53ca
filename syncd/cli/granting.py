"""`syncd db grant`: which database users may queue, approve, read, serve or own."""

from __future__ import annotations

import rich_click as click

from syncd.cli.choices import Choices, command
from syncd.cli.codes import OK


@command("grant")
@click.argument("role", type=click.Choice(["enqueue", "approve", "report", "service", "owner"]))
@click.argument("user", metavar="USER")
@click.pass_obj
def grant_(choices: Choices, /, role: str, user: str) -> int:
    """Let a database user act in one of syncd's roles.

    `enqueue` queues updates and takes its own back; `approve` lets held ones through, tries again
    and stops accounts; `report` reads the views; `service` is what syncd itself runs as; `owner`
    changes the schema and sets the caps. It needs the right to grant: [database] owner_url."""
    from syncd.cli.opened import finish

    finish(choices, _grant(choices, role, user))
    return OK


async def _grant(choices: Choices, role: str, user: str) -> None:
    from syncd.cli.render.screen import Screen
    from syncd.cli.text import shown
    from syncd.daemon import owner_dsn
    from syncd.store.roles import grant

    screen = Screen(choices=choices)
    screen.refuse_csv("a grant")
    with owner_dsn(choices.load()) as dsn:
        is_new = await grant(dsn, role, user)
    if choices.format == "json":
        screen.document(
            "syncd.grant/1", {"role": f"syncd_{role}", "user": user, "was_member": not is_new}
        )
    else:
        verb = "is a member of" if is_new else "was already a member of"
        screen.deed(f"{shown(user)} {verb} syncd_{role}")
