"""`syncd demo`."""

from __future__ import annotations

import rich_click as click

from syncd.cli.choices import Choices, command


@command("demo")
@click.option(
    "--campaigns",
    type=click.IntRange(60, 100_000),
    default=250,
    show_default=True,
    help="How many at Criteo; the others have 40 each.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed gives the same story."
)
@click.option(
    "--keep", is_flag=True, help="Leave the database and the providers running afterwards."
)
@click.pass_obj
def demo(choices: Choices, /, *, campaigns: int, seed: int, keep: bool) -> int:
    """Show everything on this machine: Postgres, simulated providers, pulls, pushes, every result.

    Needs no configuration and no network beyond this machine, and leaves nothing behind unless told
    to."""
    from syncd.cli.demo.story import play

    return play(choices, campaigns=campaigns, seed=seed, keep=keep)
