"""`syncd accounts authorize`: a person lets syncd act for an account at the provider, in a browser;
what comes back is exchanged and kept sealed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import rich_click as click

from syncd.cli.choices import Choices, command
from syncd.cli.codes import OK

if TYPE_CHECKING:
    from syncd.daemon import Consent

_REDIRECT: Final = "http://127.0.0.1:8484/callback"
_PATIENCE: Final = 300.0


@command("authorize")
@click.argument("account", metavar="ACCOUNT")
@click.option(
    "--paste",
    "is_pasted",
    is_flag=True,
    help="Read the address that the browser ends at from stdin, instead of listening for it.",
)
@click.option(
    "--redirect-uri",
    metavar="URI",
    default=_REDIRECT,
    show_default=True,
    help="Where the provider sends the browser back to, as it is registered there.",
)
@click.pass_obj
def authorize_(choices: Choices, /, account: str, *, is_pasted: bool, redirect_uri: str) -> int:
    """Let a person consent at the provider, and keep the refresh token that this is worth.

    Prints the address to open in a browser, and waits five minutes for the browser to come back."""
    from syncd.cli.opened import finish
    from syncd.cli.redirect import can_listen
    from syncd.cli.render.screen import Screen
    from syncd.daemon import ask_consent, keep_consent
    from syncd.errors import UsageError

    screen = Screen(choices=choices)
    screen.refuse_csv("a consent")
    if not is_pasted and not can_listen(redirect_uri):
        raise UsageError(
            f"nobody can listen at {redirect_uri}: that is no http address of this machine",
            remedy="give --paste, and paste the address that the browser ends at",
        )
    config = choices.load()
    consent = finish(choices, ask_consent(config, account, redirect_uri))
    screen.ask("open this address in a browser and sign in there as the account's owner:")
    screen.ask(f"  {consent.address}")
    redirect = _pasted(choices) if is_pasted else _awaited(choices, consent)
    finish(choices, keep_consent(config, consent, redirect))
    if choices.format == "json":
        screen.document("syncd.consent/1", {"account": account, "is_kept": True})
    else:
        screen.deed(f"{account} is authorized; its refresh token is kept sealed in the database")
        screen.hint(f"syncd accounts check {account}")
    return OK


def _awaited(choices: Choices, consent: Consent) -> str:
    from syncd.cli.opened import finish
    from syncd.cli.redirect import redirected
    from syncd.cli.render.screen import Screen

    screen = Screen(choices=choices)
    screen.talk(f"waiting for the browser to come back to {consent.redirect_uri}")
    return finish(choices, redirected(consent.redirect_uri, consent.state, _PATIENCE))


def _pasted(choices: Choices) -> str:
    """The address from stdin. Read outside the event loop, so that Ctrl-C ends it."""
    from syncd.cli.render.screen import Screen
    from syncd.errors import UsageError

    Screen(choices=choices).ask("then paste the address that the browser ends at, and press Enter:")
    pasted = sys.stdin.readline().strip()
    if not pasted:
        raise UsageError("nothing was pasted", remedy="begin again: the address is needed whole")
    return pasted
