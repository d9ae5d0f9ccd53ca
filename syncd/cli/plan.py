"""`syncd plan`: what a push would do, path by path. Sends nothing."""

from __future__ import annotations

import rich_click as click

from syncd.cli.choices import Choices, command


@command("plan")
@click.argument("names", metavar="[ACCOUNT]...", nargs=-1)
@click.option("--exit-code", is_flag=True, help="End with 3 when a push would do anything.")
@click.pass_obj
def plan(choices: Choices, /, names: tuple[str, ...], *, exit_code: bool) -> int:
    """What a push would send, hold back or leave out, against the mirror. Nothing is read or
    sent."""
    from syncd.cli.opened import finish
    from syncd.cli.planned import show_plans

    return finish(choices, show_plans(choices, names, exit_code=exit_code))
