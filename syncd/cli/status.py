"""`syncd status`: is the mirror fresh, is the queue moving, and what needs a person. Reads the
database only."""

from __future__ import annotations

import rich_click as click

from syncd.cli.choices import Choices, command


@command("status")
@click.option(
    "--all", "everything", is_flag=True, help="All accounts, also beyond thirty that are ok."
)
@click.option("--exit-code", is_flag=True, help="End with 3 when something needs you.")
@click.pass_obj
def status(choices: Choices, /, *, everything: bool, exit_code: bool) -> int:
    """Health of every account, and what needs you."""
    from syncd.cli.opened import finish
    from syncd.cli.overview import overview

    return finish(choices, overview(choices, everything=everything, exit_code=exit_code))
