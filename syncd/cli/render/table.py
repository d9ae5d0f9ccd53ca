"""Tables as aligned text and rows as CSV or JSON. Widths count terminal cells; only flexible
columns are ever cut, and only where a width was given. Knows no colours: a drawn cell keeps its
role for the screen."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from rich.cells import cell_len, chop_cells

from syncd.cli.render.shapes import Role
from syncd.cli.text import guarded, rfc3339

GAP: Final = "  "
_LEAST: Final = 8
_CUT: Final = "..."


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text with the role that a colour may repeat."""

    text: str
    role: Role = Role.PLAIN


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; figures stand right, `flexible` text may be cut on a narrow terminal."""

    heading: str
    right: bool = False
    flexible: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """The cells of one row, and sentences that stand below it."""

    cells: tuple[Cell | str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """One list in all three formats: `rows` are the data under `fields`, `lines` what a person sees
    of them. In JSON the rows stand under `key` beside `extra`."""

    schema: str
    key: str
    fields: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    columns: Sequence[Column]
    lines: Sequence[Line]
    extra: Mapping[str, Any] = field(default_factory=dict)


def layout(
    columns: Sequence[Column], lines: Sequence[Line], width: int | None
) -> Iterator[list[Cell]]:
    """The heading and every row as cells that are padded to their columns; a note is a row of one
    cell. `width` None: nothing is cut."""
    table = [tuple(_cell(cell) for cell in line.cells) for line in lines]
    widths = _widths(columns, table, width)
    yield _padded([Cell(column.heading, Role.HEAD) for column in columns], columns, widths)
    indent = GAP * 2
    for line, cells in zip(lines, table, strict=True):
        yield _padded(cells, columns, widths)
        for note in line.notes:
            yield [Cell(indent + note, Role.QUIET)]


def to_csv(fields: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """A header and the rows as RFC 4180. Text that a spreadsheet would run gets an apostrophe;
    numbers, times, booleans and ids typed so never do."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(fields)
    for row in rows:
        writer.writerow([_csv_cell(row.get(name)) for name in fields])
    return target.getvalue()


def to_json(document: Mapping[str, Any]) -> str:
    """One document; times in UTC, amounts and ids as text."""
    return json.dumps(_plain(document), ensure_ascii=False, indent=2)


def cut(text: str, cells: int) -> str:
    """At most so many cells, with `...` at the end where something is left out."""
    if cell_len(text) <= cells:
        return text
    first = chop_cells(text, max(1, cells - len(_CUT)))[0]
    return first.rstrip() + _CUT


def _cell(cell: Cell | str) -> Cell:
    return Cell(cell) if isinstance(cell, str) else cell


def _widths(
    columns: Sequence[Column], table: Sequence[Sequence[Cell]], width: int | None
) -> list[int]:
    natural = [
        max([cell_len(column.heading), *(cell_len(row[position].text) for row in table)])
        for position, column in enumerate(columns)
    ]
    if width is None:
        return natural
    over = sum(natural) + len(GAP) * (len(columns) - 1) - width
    while over > 0:
        flexible = [
            position
            for position, column in enumerate(columns)
            if column.flexible and natural[position] > _LEAST
        ]
        if not flexible:
            break
        widest = max(flexible, key=lambda position: natural[position])
        natural[widest] -= 1
        over -= 1
    return natural


def _padded(cells: Sequence[Cell], columns: Sequence[Column], widths: Sequence[int]) -> list[Cell]:
    drawn = []
    last = max((position for position, cell in enumerate(cells) if cell.text), default=0)
    for position, (cell, column) in enumerate(zip(cells[: last + 1], columns, strict=False)):
        text = cut(cell.text, widths[position])
        blank = " " * (widths[position] - cell_len(text))
        padded = blank + text if column.right else text if position == last else text + blank
        drawn.append(Cell(padded, cell.role))
    return drawn


def _csv_cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dt.datetime():
            return rfc3339(value)
        case int() | float() | Decimal() | UUID():
            return str(value)
        case str():
            return guarded(value)
        case _:
            return guarded(json.dumps(_plain(value), ensure_ascii=False))


def _plain(value: Any, name: str = "") -> Any:
    """A value as JSON has it. Ids are text: they are names, and some readers round large ones."""
    match value:
        case Mapping():
            return {str(key): _plain(entry, str(key)) for key, entry in value.items()}
        case list() | tuple():
            return [_plain(entry, name) for entry in value]
        case dt.datetime():
            return rfc3339(value)
        case bool() | None | float():
            return value
        case int() if not _is_id(name):
            return value
    return str(value)


def _is_id(name: str) -> bool:
    return name == "id" or name.endswith(("_id", "superseded_by"))
