"""`syncd providers`: which there are, and what can be read, changed and created at each. All of it
is what the adapters declare; neither a configuration nor a database is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import rich_click as click

from syncd.cli.choices import Choices, LazyGroup, command, group
from syncd.cli.codes import OK


class Providers(LazyGroup):
    """The commands about providers."""

    places: ClassVar[Mapping[str, str]] = {
        "list": "syncd.cli.providers:list_",
        "fields": "syncd.cli.providers:fields_",
        "check": "syncd.cli.conformance:check_",
    }


@group("providers", Providers)
def providers() -> None:
    """List providers and what each can do, or put one to the test."""


@command("list")
@click.pass_obj
def list_(choices: Choices, /) -> int:
    """Every provider that an account can have, and where it comes from."""
    from syncd.cli.offers import list_providers
    from syncd.cli.render.screen import Screen

    list_providers(Screen(choices=choices))
    return OK


@command("fields")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--dialect", metavar="DIALECT", default="documented", show_default=True)
@click.option(
    "--markdown", "is_page", is_flag=True, help="As a page of documentation, all dialects."
)
@click.pass_obj
def fields_(choices: Choices, /, names: tuple[str, ...], *, dialect: str, is_page: bool) -> int:
    """What providers read, change and create with, by path; without a NAME, of all providers."""
    from syncd.cli.fields_page import print_page
    from syncd.cli.offers import list_fields
    from syncd.cli.render.screen import Screen

    screen = Screen(choices=choices)
    if is_page:
        print_page(screen, names)
    else:
        list_fields(screen, names, dialect)
    return OK
