"""`syncd sync`: one round over accounts and then the end, for cron and for people."""

from __future__ import annotations

from typing import Any

import rich_click as click

from syncd.cli.choices import Choices, command


@command("sync")
@click.argument("names", metavar="[ACCOUNT]...", nargs=-1)
@click.option("--pull", "only_pull", is_flag=True, help="Only pull.")
@click.option("--push", "only_push", is_flag=True, help="Only push.")
@click.option(
    "--due",
    is_flag=True,
    help="Pull only where the schedule says so; leave accounts alone where nothing is due.",
)
@click.option(
    "--plan",
    metavar="HASH",
    help="Push only what a saved plan says, as long as it is the same. Approves nothing.",
)
@click.option(
    "--if-busy",
    type=click.Choice(["wait", "fail"]),
    default="wait",
    show_default=True,
    help="When another process has the account.",
)
@click.option(
    "--wait-unknown", is_flag=True, help="Wait until calls without an answer can be read back."
)
@click.option(
    "--all", "everything", is_flag=True, help="List every update, also applied ones beyond twenty."
)
@click.pass_obj
def sync(choices: Choices, /, names: tuple[str, ...], **wanted: Any) -> int:
    """Find out, pull and push now, then end.

    Exit codes: 0 all done, 1 a pass failed, 3 done but items were rejected, held or unknown, 5
    another process has the account."""
    from syncd.cli.opened import finish
    from syncd.cli.passes import sync_accounts

    return finish(choices, sync_accounts(choices, names, wanted))
