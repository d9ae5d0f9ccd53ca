"""The demo from its first line to its last: sets the stage, lets the chapters play, and tells what
to try next."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from syncd import telemetry
from syncd.cli.choices import Choices
from syncd.cli.codes import OK
from syncd.cli.demo.changing import order_changes
from syncd.cli.demo.deciding import decide
from syncd.cli.demo.elsewhere import check_elsewhere, order_elsewhere
from syncd.cli.demo.mirroring import first_pull, second_pull
from syncd.cli.demo.narrator import Narrator
from syncd.cli.demo.provider import OF_EACH_OTHER
from syncd.cli.demo.pushing import plan_push, push, read_back, tell_history
from syncd.cli.demo.stage import ACCOUNT, Stage, stage
from syncd.cli.render.screen import Screen
from syncd.cli.text import lasted

_CHAPTERS: Final = 11
_NEXT: Final = (
    ("syncd demo --keep", "the same, and all of it is left running to look around in"),
    ("syncd config example > config/syncd.toml", "begin a configuration of your own"),
    ("syncd accounts check NAME", "see step by step whether an account works"),
    ("syncd --help", "everything else"),
)


def play(choices: Choices, *, campaigns: int, seed: int, keep: bool) -> int:
    """Play it. Raises Surprise when what happens is not what is told, and whatever keeps it from
    starting."""
    screen = Screen(choices=choices)
    screen.refuse_data("the demo")
    telemetry.configure(is_verbose=choices.verbose)
    narrator = Narrator(screen=screen, chapters=_CHAPTERS)
    began = time.monotonic()
    screen.answer(
        f"syncd demo: Postgres and five simulated providers, {campaigns} campaigns at Criteo and "
        f"{OF_EACH_OTHER} at each other, all on this machine only."
    )
    screen.answer()
    with stage(campaigns=campaigns, seed=seed, keep=keep) as here:
        telling = replace(choices, config=str(here.config), quiet=False)
        narrator.say(
            f"Postgres and the providers are running ({lasted(time.monotonic() - began)})."
        )
        screen.answer()
        _prepare(narrator, here)
        first_pull(narrator, here, telling, campaigns)
        edits = second_pull(narrator, here, telling)
        changes = order_changes(narrator, here, telling, edits)
        elsewhere = order_elsewhere(narrator, here)
        plan_push(narrator, here, telling, changes)
        push(narrator, here, telling, changes)
        read_back(narrator, here, telling, changes)
        check_elsewhere(narrator, here, telling, elsewhere)
        decide(narrator, here, telling, edits)
        tell_history(narrator, here, telling, edits)
        _end(narrator, here, keep=keep)
    screen.answer()
    took = lasted(time.monotonic() - began)
    screen.answer(f"Done in {took}. " + ("" if keep else "Nothing is left running or on disk."))
    return OK


def _prepare(narrator: Narrator, here: Stage) -> None:
    """The schema, by the command that makes it anywhere."""
    arguments = ("db", "upgrade")
    code, said = here.syncd(arguments)
    narrator.command(here.shell(arguments))
    narrator.quote(said)
    narrator.check(code, 0, "exit code")
    narrator.screen.answer()


def _end(narrator: Narrator, here: Stage, *, keep: bool) -> None:
    narrator.chapter("What to try next")
    if not keep:
        for command, what in _NEXT:
            narrator.say(f"{command:<40}  {what}")
        return
    from syncd.cli.demo.leaving import tell_where

    tell_where(narrator, here, ACCOUNT)
