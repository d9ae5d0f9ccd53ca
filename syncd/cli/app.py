"""The command `syncd`: finds a command only when it is named, runs it, and turns what was raised
into a few lines on stderr and an exit code. Knows no command's inside."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, TextIO

import rich_click as click
from click.exceptions import NoSuchCommand

from syncd import __version__
from syncd.cli.choices import Choices, LazyGroup, group
from syncd.cli.codes import INTERRUPTED, MISUSE, OK, code_of
from syncd.errors import SyncdError, UsageError

if TYPE_CHECKING:
    from syncd.cli.render.screen import Screen

_COMMANDS: Final = {
    name: f"syncd.cli.{place}"
    for name, place in {
        "demo": "demo.command:demo",
        "run": "run:run",
        "sync": "sync:sync",
        "plan": "plan:plan",
        "enqueue": "enqueue:enqueue",
        "updates": "updates:updates",
        "campaigns": "campaigns:campaigns",
        "status": "status:status",
        "accounts": "accounts:accounts",
        "providers": "providers:providers",
        "db": "db:db",
        "config": "configuration:configuration",
        "simulate": "simulate:simulate",
    }.items()
}


class Commands(LazyGroup):
    """All commands."""

    places: ClassVar[Mapping[str, str]] = _COMMANDS


@group("syncd", Commands)
@click.version_option(__version__, prog_name="syncd", message="%(prog)s %(version)s")
def cli() -> None:
    """One Postgres that mirrors advertising campaigns, and a queue that changes them.

    `syncd demo` shows everything on this machine. `syncd config example` begins a configuration.
    """


def main() -> None:
    """The entry point of the process. SIGTERM ends a command as Ctrl-C does: leases are given
    back, and what was started is stopped."""
    # What a script's shell begins in the background ignores Ctrl-C, and with it would SIGTERM.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code."""
    sys.stdout, sys.stderr = _usable(sys.stdout), _usable(sys.stderr)
    choices = Choices()
    try:
        code: Any = cli.main(list(arguments), prog_name="syncd", standalone_mode=False, obj=choices)
    except click.ClickException as error:
        return _misuse(choices, error)
    except (KeyboardInterrupt, click.Abort):
        _screen(choices).talk("interrupted")
        return INTERRUPTED
    except SyncdError as error:
        return _failed(choices, error)
    return code if isinstance(code, int) else OK


def _usable(stream: TextIO | None) -> TextIO:
    """A stream that takes every character; one that was closed before the start takes all and
    keeps nothing."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _screen(choices: Choices) -> Screen:
    from syncd.cli.render.screen import Screen

    return Screen(choices=choices)


def _failed(choices: Choices, error: SyncdError) -> int:
    if choices.debug:
        traceback.print_exception(error)
    _screen(choices).problem(error)
    return code_of(error)


def _misuse(choices: Choices, error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "syncd"
    remedy = f"{path} --help"
    if isinstance(error, NoSuchCommand):
        near = get_close_matches(error.command_name, _names(context), n=1)
        remedy = f'did you mean "{near[0]}"? see {path} --help' if near else remedy
    message = error.format_message().rstrip(".")
    _screen(choices).problem(UsageError(message[:1].lower() + message[1:], remedy=remedy))
    return MISUSE


def _names(context: click.Context | None) -> list[str]:
    if context is None or not isinstance(context.command, click.Group):
        return []
    return context.command.list_commands(context)
