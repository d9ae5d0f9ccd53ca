"""`syncd plan`: what a push would do, path by path. Sends nothing."""

from __future__ import annotations

from typing import Any

import rich_click as click

from syncd.cli.choices import Choices, command


@command("plan", formats=("table", "json", "csv", "markdown"))
@click.argument("names", metavar="[ACCOUNT]...", nargs=-1)
@click.option(
    "--fresh",
    is_flag=True,
    help="Read the campaigns concerned first, those of what is held too, and judge that anew. Exit "
    "code 5 when another process has the account.",
)
@click.option(
    "--save",
    is_flag=True,
    help="Keep the plan for 24 hours, to be approved or sent by its hash.",
)
@click.option("--held", is_flag=True, help="Show only what is held or refused, or would be.")
@click.option(
    "--show",
    metavar="HASH",
    help="Show a saved plan, used or expired too, with what has moved since.",
)
@click.option("--exit-code", is_flag=True, help="End with 3 when there is anything in the plan.")
@click.pass_obj
def plan(choices: Choices, /, names: tuple[str, ...], **wanted: Any) -> int:
    """What a push would send, hold back or leave out, by the rules of each account and the values
    of the mirror. No write is sent.

    The lines `will send` and `will not` stay the same from release to release."""
    from syncd.cli.opened import finish
    from syncd.cli.planned import PlanWish, show_plans

    return finish(choices, show_plans(choices, names, PlanWish(**wanted)))
