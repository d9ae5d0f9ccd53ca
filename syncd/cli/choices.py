"""The options that every command takes, and what was chosen: which configuration, which format, how
much talk. Light on purpose: it is imported for every `--help`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import rich_click as click

if TYPE_CHECKING:
    from syncd.config import Config

CONTEXT: Final = {"help_option_names": ["-h", "--help"]}
_PANEL: Final = "Options of every command"


class Id(click.ParamType[int]):
    """A number as `updates list` shows it, with or without its #."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Within what the database counts."""
        text = str(value).removeprefix("#")
        is_number = text.isascii() and text.isdigit() and len(text) < 20
        if not is_number or not 0 < int(text) < 2**63:
            self.fail(f'"{value}" is not an id; they are numbers, such as 41912', param, ctx)
        return int(text)


@dataclass(kw_only=True)
class Choices:
    """What the options say; each may stand before or after the command's name."""

    config: str | None = None
    format: str = "table"
    color: str = "auto"
    progress: str = "auto"
    width: int | None = None
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    utc: bool = False

    @property
    def path(self) -> Path:
        """The configuration file; it need not exist."""
        from syncd.config import find_path

        return find_path(self.config, os.environ)

    def load(self) -> Config:
        """The configuration. Raises ConfigProblems."""
        from syncd.config import load

        return load(self.path, os.environ)


def _note(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Remember what was given; an option that was not given changes nothing that stood before."""
    choices = context.ensure_object(Choices)
    if value is not None and value is not False and parameter.name is not None:
        setattr(choices, parameter.name, value)


def _option(*names: str, **attributes: Any) -> Callable[[Any], Any]:
    return click.option(
        *names, panel=_PANEL, expose_value=False, callback=_note, is_eager=True, **attributes
    )


_FORMATS: Final = ("table", "json", "csv")
_CONFIG: Final = _option(
    "--config",
    metavar="FILE",
    help="Configuration file; else SYNCD_CONFIG, else config/syncd.toml.",
)
_SHARED: Final = (
    _option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        help="Colours, whatever the terminal.",
    ),
    _option(
        "--progress",
        type=click.Choice(["auto", "bar", "plain", "none"]),
        help="How waiting is shown on stderr.",
    ),
    _option("--width", type=click.IntRange(min=20), help="Cut tables to this many cells."),
    _option("--utc", is_flag=True, help="Show times in UTC instead of this machine's zone."),
    _option("-q", "--quiet", is_flag=True, help="Say nothing unless the exit code is not 0."),
    _option("-v", "--verbose", is_flag=True, help="Say more."),
    _option("--debug", is_flag=True, help="Show where an error came from."),
)


def shared(function: Any, formats: Sequence[str] = _FORMATS) -> Any:
    """Give a command the options of every command; help tells what is its own first."""
    form = _option("--format", type=click.Choice(formats), help="Form of the answer on stdout.")
    for option in reversed((_CONFIG, form, *_SHARED)):
        function = option(function)
    for panel in (click.option_panel(_PANEL), click.option_panel("Options")):
        function = panel(function)
    return function


def group(
    name: str, places: type[LazyGroup], **attributes: Any
) -> Callable[[Callable[..., Any]], click.RichGroup]:
    """A group of commands with the options of every command."""

    def decorate(function: Callable[..., Any]) -> click.RichGroup:
        function = click.command_panel("Commands")(shared(function))
        made: click.RichGroup = click.group(
            name, cls=places, context_settings=dict(CONTEXT), **attributes
        )(function)
        return made

    return decorate


def command(
    name: str, *, formats: Sequence[str] = _FORMATS, **attributes: Any
) -> Callable[[Callable[..., Any]], click.RichCommand]:
    """A command with the options of every command; what its function returns is the exit code."""

    def decorate(function: Callable[..., Any]) -> click.RichCommand:
        made = click.command(
            name, cls=click.RichCommand, context_settings=dict(CONTEXT), **attributes
        )
        decorated: click.RichCommand = made(shared(function, formats))
        return decorated

    return decorate


class LazyGroup(click.RichGroup):
    """A group that imports a command's module when that command is asked for; `places` says where
    each is, as `module:name`."""

    places: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's own signature)
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        place = self.places.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        found: click.Command = getattr(import_module(module), name)
        return found
