"""`syncd campaigns`: what the mirror has, one campaign in full, and how it became so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import rich_click as click

from syncd.cli.choices import Choices, LazyGroup, command, group
from syncd.cli.codes import OK


class Campaigns(LazyGroup):
    """The commands about campaigns."""

    places: ClassVar[Mapping[str, str]] = {
        name: f"syncd.cli.campaigns:{name}_" for name in ("list", "show", "history", "gone")
    }


@group("campaigns", Campaigns)
def campaigns() -> None:
    """List campaigns, show one, tell its history, or settle which are gone."""


@command("list")
@click.option("--account", metavar="ACCOUNT", help="Only of this account.")
@click.option(
    "--search", "text", metavar="TEXT", help="Only with this in the name, or with this id."
)
@click.option(
    "--missing",
    "only_missing",
    is_flag=True,
    help="Only those that the last complete pull did not show.",
)
@click.option("--gone", "only_gone", is_flag=True, help="Only those that are gone for good.")
@click.option("--after", nargs=2, metavar="ACCOUNT ID", help="Go on after this one.")
@click.option(
    "--limit", type=click.IntRange(0, 1_000_000), default=50, show_default=True, help="0: all."
)
@click.pass_obj
def list_(choices: Choices, /, **wanted: Any) -> int:
    """Campaigns of the mirror, by account and id. Those that are gone are left out."""
    from syncd.cli.mirrored import list_campaigns
    from syncd.cli.opened import finish

    finish(choices, list_campaigns(choices, wanted))
    return OK


@command("show")
@click.argument("account", metavar="ACCOUNT")
@click.argument("campaign", metavar="ID")
@click.pass_obj
def show_(choices: Choices, /, account: str, campaign: str) -> int:
    """One campaign: what the provider said last, and what is queued for it."""
    from syncd.cli.campaign_page import show_campaign
    from syncd.cli.opened import finish

    finish(choices, show_campaign(choices, account, campaign))
    return OK


@command("history")
@click.argument("account", metavar="ACCOUNT")
@click.argument("campaign", metavar="ID")
@click.option("--path", metavar="PATH", help="Only this field, such as budget.daily.")
@click.option("--reverse", is_flag=True, help="Newest first.")
@click.option(
    "--limit", type=click.IntRange(0, 1_000_000), default=100, show_default=True, help="0: all."
)
@click.pass_obj
def history_(choices: Choices, /, account: str, campaign: str, **wanted: Any) -> int:
    """Every change of a campaign: when, by whom, from what to what."""
    from syncd.cli.mirrored import show_history
    from syncd.cli.opened import finish

    finish(choices, show_history(choices, account, campaign, wanted))
    return OK


@command("gone")
@click.argument("account", metavar="ACCOUNT")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask before confirming.")
@click.option("--requester", metavar="NAME", help="Who confirms; else the user of this machine.")
@click.option(
    "--limit", type=click.IntRange(0, 1_000_000), default=50, show_default=True, help="0: all."
)
@click.pass_obj
def gone_(
    choices: Choices,
    /,
    account: str,
    ids: tuple[str, ...],
    *,
    is_sure: bool,
    requester: str | None,
    limit: int,
) -> int:
    """Campaigns that are out of view or gone, each with what would settle it.

    With ids: say that these campaigns, which are out of view, are gone for good. They stay in the
    mirror with all their history, and nothing can be queued for them any more."""
    from syncd.cli.gone import confirm_gone, list_gone

    if ids:
        return confirm_gone(choices, account, ids, requester, is_sure=is_sure)
    return list_gone(choices, account, limit or None)
