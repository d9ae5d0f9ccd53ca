"""`syncd updates approve`, `retry`, `seen` and `cancel`: what a person does about an update."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import rich_click as click

from syncd.cli.choices import Choices, Id, command

if TYPE_CHECKING:
    import datetime as dt


class Span(click.ParamType["dt.timedelta"]):
    """A stretch of time as the configuration writes it."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.timedelta:
        """Above zero."""
        from pydantic_core import PydanticCustomError

        from syncd.config.values import positive_duration

        try:
            return positive_duration(str(value))
        except PydanticCustomError as error:
            said = error.context or {}
            self.fail(f"{said['text']}; {said['help']}", param, ctx)


def _requester(what: str) -> Callable[[Any], Any]:
    return click.option(
        "--requester", metavar="NAME", help=f"Who {what}; else the user of this machine."
    )


_ids = click.argument("ids", metavar="ID...", type=Id(), nargs=-1, required=True)
_reason = click.option("--reason", metavar="TEXT", help="Why; it is kept beside the act.")


@command("approve")
@click.argument("ids", metavar="[ID]...", type=Id(), nargs=-1)
@click.option(
    "--plan",
    metavar="HASH",
    help="Let through what a saved plan showed, and nothing that is different by now; with IDs "
    "only those of it.",
)
@click.option(
    "--for",
    "valid_for",
    type=Span(),
    default="24h",
    show_default=True,
    metavar="SPAN",
    help="How long the approval holds.",
)
@_reason
@_requester("approves")
@click.pass_obj
def approve_(choices: Choices, /, ids: tuple[int, ...], plan: str | None, **given: Any) -> int:
    """Let held updates through, each just as it is held: if another value stands at the provider or
    another rule is met when the push comes, it is held again.

    Look first: `syncd updates list --state held`."""
    from syncd.cli.decided import Decision, approve
    from syncd.cli.opened import finish

    return finish(choices, approve(choices, ids, plan, Decision(**given)))


@command("retry")
@_ids
@_reason
@_requester("tries again")
@click.pass_obj
def retry_(choices: Choices, /, ids: tuple[int, ...], **given: Any) -> int:
    """Put held updates back into the queue, to be judged anew; of those that are final, queue the
    same once more."""
    from syncd.cli.decided import Decision, retry
    from syncd.cli.opened import finish

    return finish(choices, retry(choices, ids, Decision(**given)))


@command("seen")
@_ids
@_requester("has seen it")
@click.pass_obj
def seen_(choices: Choices, /, ids: tuple[int, ...], **given: Any) -> int:
    """Take note of updates that went wrong: they leave the inbox, their results stay."""
    from syncd.cli.decided import Decision, seen
    from syncd.cli.opened import finish

    return finish(choices, seen(choices, ids, Decision(**given)))


@command("cancel")
@_ids
@_requester("takes it back")
@click.pass_obj
def cancel_(choices: Choices, /, ids: tuple[int, ...], **given: Any) -> int:
    """Take updates back that were not sent yet."""
    from syncd.cli.decided import Decision, cancel
    from syncd.cli.opened import finish

    return finish(choices, cancel(choices, ids, Decision(**given)))
