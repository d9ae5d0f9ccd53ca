"""What the adapters declare as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from syncd.cli.offers import about, cells_of, chosen, declared
from syncd.cli.render.screen import Screen
from syncd.model.path import Field
from syncd.model.registration import Registration

_HEAD: Final = """\
# Fields

What each provider reads, changes and creates with, by path. A path that ends in `.*` stands for
any key there; a key with dots, commas or blanks is quoted: `price.action."a.b"`. A change with
`guard.…` is held until a person approves it, unless the account's configuration sets that key
to `"free"` ([guards](guards.md#what-is-held)). A path that a provider cannot change is refused at
every door.

This page is made of what the adapters declare:

```text
syncd providers fields --markdown > docs/fields.md
```
"""


def print_page(screen: Screen, names: Sequence[str]) -> None:
    """The same for all dialects as Markdown."""
    screen.refuse_data("a page")
    screen.text("\n".join(_page(chosen(names))) + "\n")


def _page(providers: Sequence[Registration]) -> Iterator[str]:
    yield _HEAD
    for one in providers:
        yield f"## {one.title}"
        yield ""
        told = about(one)
        yield f"Provider `{one.name}`. Creates campaigns: {told['creates']}."
        yield f"Gone means: {told['gone']}."
        yield ""
        for heading, fields in _tables(one):
            if heading:
                yield heading
                yield ""
            yield "| path | value | read | change | create | call | note |"
            yield "|---|---|---|---|---|---|---|"
            yield from (_markdown(cells_of(field)) for field in fields)
            yield ""


def _tables(one: Registration) -> Iterator[tuple[str, Sequence[Field]]]:
    """The first dialect's fields, and of the others what differs."""
    first = declared(one, one.dialects[0])
    yield "", first
    for dialect in one.dialects[1:]:
        other = [field for field in declared(one, dialect) if field not in first]
        gone = {field.path for field in first} - {field.path for field in declared(one, dialect)}
        if other or gone:
            named = ", ".join(f"`{path}`" for path in sorted(gone))
            yield f"In the dialect `{dialect}`{f', without {named}' if named else ''}:", other


def _markdown(cells: Sequence[str]) -> str:
    path, *rest = (cell.replace("|", "\\|") for cell in cells)
    return f"| `{path}` | {' | '.join(rest)} |"
