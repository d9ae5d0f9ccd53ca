"""`syncd run`: the service."""

from __future__ import annotations

import rich_click as click

from syncd.cli.choices import Choices, command
from syncd.cli.codes import OK


@command("run")
@click.pass_obj
def run(choices: Choices, /) -> int:
    """Serve: pulls by schedule, pushes as soon as something is queued, health over HTTP.

    SIGTERM or Ctrl-C ends it after what is being sent; a second one ends it at once.
    """
    from syncd import daemon
    from syncd.cli.opened import finish
    from syncd.cli.render.screen import Screen

    finish(choices, daemon.run(choices.load(), Screen(choices=choices).deed))
    return OK
