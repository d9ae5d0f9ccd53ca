"""`syncd enqueue`: one change from the command line, or many from a file; all of them or none."""

from __future__ import annotations

from typing import Any

import rich_click as click

from syncd.cli.choices import Choices, command


@command("enqueue")
@click.argument("account", metavar="ACCOUNT", required=False)
@click.argument("campaign", metavar="CAMPAIGN", required=False)
@click.option("--create", is_flag=True, help="Make a new campaign of what is set.")
@click.option("--delete", is_flag=True, help="Delete the campaign at the provider.")
@click.option(
    "--set",
    "values",
    metavar="PATH=VALUE",
    multiple=True,
    help="What is wanted, such as budget.daily=120.50. PATH=null asks for null; the text null is "
    "written PATH='\"null\"'.",
)
@click.option(
    "--expect",
    metavar="PATH=VALUE",
    multiple=True,
    help="The value that you saw; else the mirror's.",
)
@click.option("--from", "file", metavar="FILE", help="CSV or JSON lines instead; - reads stdin.")
@click.option(
    "--policy",
    type=click.Choice(["hold", "ours", "theirs"]),
    help="When somebody else changed the value meanwhile: a person decides, ours goes out, theirs "
    "stays. Else the account's.",
)
@click.option("--key", metavar="TEXT", help="Your own key: the same key and change is queued once.")
@click.option(
    "--not-before", metavar="TIME", help="Not sent before, such as 2026-11-30T09:00:00+01:00."
)
@click.option("--expires-at", metavar="TIME", help="Given up when it was not sent by then.")
@click.option("--reason", metavar="TEXT", help="Why; it stays beside the change.")
@click.option("--requester", metavar="NAME", help="Who asks; else the user of this machine.")
@click.option("--dry-run", is_flag=True, help="Check everything and queue nothing.")
@click.pass_obj
def enqueue(choices: Choices, /, **given: Any) -> int:
    """Queue a change of a campaign, a new one with --create, or the end of one with --delete. The
    next push sends it. What a provider can change: `syncd providers fields`.

    With --from FILE the columns are account,campaign,path,value and, where wanted, expect, key,
    policy, not_before, expires_at, reason. Consecutive rows of one account, campaign and key are
    one update, and a file with one bad line queues nothing. Rows without a campaign create one and
    need a key; the path deleted with the value true deletes."""
    from syncd.cli.opened import finish
    from syncd.cli.queueing import Order, queue

    return finish(choices, queue(choices, Order(**given)))
