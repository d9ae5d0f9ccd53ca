"""`syncd config`: everything that is wrong with a configuration at once, an example, and the schema
of the file."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import ClassVar

import rich_click as click

from syncd.cli.choices import Choices, LazyGroup, command, group
from syncd.cli.codes import MISUSE, OK


class Configuration(LazyGroup):
    """The commands about the configuration."""

    places: ClassVar[Mapping[str, str]] = {
        name: f"syncd.cli.configuration:{name}_" for name in ("check", "example", "schema")
    }


@group("config", Configuration)
def configuration() -> None:
    """Check the configuration, or print an example or its schema."""


@command("check")
@click.pass_obj
def check_(choices: Choices, /) -> int:
    """Everything that is wrong with the configuration, each with its line and remedy."""
    from syncd.cli.render.screen import Screen
    from syncd.cli.render.table import Listing
    from syncd.cli.text import plural
    from syncd.config import check, render

    screen = Screen(choices=choices)
    config, problems = check(choices.path, os.environ)
    if choices.format == "table":
        if problems:
            screen.answer(render(problems, terminal=sys.stdout.isatty()))
        if config is not None:
            screen.deed(f"{choices.path} is good: {plural(len(config.accounts), 'account')}")
        return MISUSE if config is None else OK
    fields = ("file", "line", "column", "severity", "code", "text", "help")
    screen.listing(
        Listing(
            schema="syncd.config/1",
            key="problems",
            fields=fields,
            rows=[{name: getattr(problem, name) for name in fields} for problem in problems],
            columns=(),
            lines=(),
            extra={"file": str(choices.path), "ok": config is not None},
        )
    )
    return MISUSE if config is None else OK


@command("example")
@click.pass_obj
def example_(choices: Choices, /) -> int:
    """A commented configuration: `syncd config example > config/syncd.toml`."""
    from syncd.cli.render.screen import Screen
    from syncd.config import example

    Screen(choices=choices).text(example())
    return OK


@command("schema")
@click.pass_obj
def schema_(choices: Choices, /) -> int:
    """The JSON schema of the file, for editors."""
    from syncd.cli.render.screen import Screen
    from syncd.cli.render.table import to_json
    from syncd.config import schema

    Screen(choices=choices).text(to_json(schema()) + "\n")
    return OK
