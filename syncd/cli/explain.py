"""`syncd updates explain`: what happened to one update, from the queue to its end."""

from __future__ import annotations

import rich_click as click

from syncd.cli.choices import Choices, Id, command
from syncd.cli.codes import OK


@command("explain")
@click.argument("update", metavar="ID", type=Id())
@click.pass_obj
def explain(choices: Choices, /, update: int) -> int:
    """What happened to one update, step by step: who asked, what held it, who let it through, what
    was sent (without secrets), what came back, what a read showed, and what it waits for.

    With --format json whole, bodies included."""
    from syncd.cli.explained import show
    from syncd.cli.opened import finish

    finish(choices, show(choices, update))
    return OK
