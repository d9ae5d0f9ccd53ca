"""A file's bytes into rows of text under known column names. Strict: whatever could be read in two
ways is a problem with its line, never a guess. Knows nothing of accounts, paths or amounts."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from syncd.cli.findings import finding
from syncd.cli.text import shown
from syncd.config.problems import Problem

NEEDED: Final = ("account", "campaign", "path", "value")
OPTIONAL: Final = ("expect", "key", "policy", "not_before", "expires_at", "reason")
COLUMNS: Final = NEEDED + OPTIONAL
_WIDE_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEADER_HELP: Final = "the columns are: " + ",".join(NEEDED) + "[," + ",".join(OPTIONAL) + "]"
_CREATE_HELP: Final = "a row without a campaign creates one, and needs a key for that"
_VALUES: Final = ("value", "expect")
_NULL = re.compile(r'("*)null("*)', re.ASCII)


@dataclass(frozen=True, slots=True)
class InputRow:
    """One row; a cell that is empty or absent is not in `cells`. Of a value None is null."""

    line: int
    cells: dict[str, str | None]


@dataclass(kw_only=True)
class Reading:
    """The rows of a file and what is wrong with the others."""

    file: str
    rows: list[InputRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, line: int, code: str, text: str, remedy: str = "") -> None:
        """Note a problem."""
        self.problems.append(finding(self.file, line, code, text, remedy))


def written(text: str) -> str | None:
    """A value as people write it: `null` is null, and the text null stands in quotation marks, of
    which one pair is taken away."""
    match = _NULL.fullmatch(text)
    if match is None or len(match[1]) != len(match[2]):
        return text
    return text[1:-1] if match[1] else None


def read_rows(file: str, raw: bytes) -> Reading:
    """The rows of a CSV or of JSON lines, which is told by the first character."""
    reading = Reading(file=file)
    text = _decoded(reading, raw)
    if text is None:
        return reading
    if text.lstrip().startswith("["):
        remedy = "write one JSON object on each line, with no brackets around them"
        reading.refuse(1, "json", "this is one JSON array", remedy)
    elif text.lstrip().startswith("{"):
        _read_json_lines(reading, text)
    else:
        _read_csv(reading, text)
    if not reading.rows and not reading.problems:
        reading.refuse(1, "empty", "the file has no rows", _HEADER_HELP)
    return reading


def _decoded(reading: Reading, raw: bytes) -> str | None:
    if raw.startswith(_WIDE_MARKS):
        reading.refuse(1, "encoding", "the file is UTF-16", "save it as UTF-8")
        return None
    if b"\0" in raw:
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        reading.refuse(line, "encoding", "there is a NUL byte", "save the file as plain UTF-8 text")
        return None
    try:
        return raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        reading.refuse(line, "encoding", "the text is not UTF-8", "save the file as UTF-8")
        return None


def _read_csv(reading: Reading, text: str) -> None:
    head = text.split("\n", 1)[0].rstrip("\r")
    separator = next((sign for sign in (";", "\t") if sign in head), None)
    if separator is not None and "," not in head:
        name = "semicolons" if separator == ";" else "tabs"
        reading.refuse(
            1, "separator", f"the columns are separated by {name}", "save the file with commas"
        )
        return
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] | None = None
    start = 1
    while True:
        try:
            cells = next(lines, None)
        except csv.Error as error:
            reading.refuse(
                start,
                "quotes",
                f"a quotation mark is not closed or stands alone ({error})",
                _QUOTES,
            )
            return
        if cells is None:
            return
        if columns is None:
            columns = cells
            if not _header_is_good(reading, columns):
                return
        elif cells:
            _add(reading, columns, cells, start)
        start = lines.line_num + 1


_QUOTES: Final = (
    'put a cell with commas or quotation marks in "...", and write each mark inside twice'
)


def _header_is_good(reading: Reading, columns: Sequence[str]) -> bool:
    before = len(reading.problems)
    for name in dict.fromkeys(columns):
        if name not in COLUMNS:
            near = get_close_matches(name.strip().lower(), COLUMNS, n=1)
            remedy = f'did you mean "{near[0]}"?' if near else _HEADER_HELP
            reading.refuse(1, "unknown-column", f'unknown column "{shown(name)}"', remedy)
        elif columns.count(name) > 1:
            reading.refuse(
                1, "duplicate-column", f'the column "{name}" stands there twice', _HEADER_HELP
            )
    for name in NEEDED:
        if name not in columns:
            reading.refuse(1, "missing-column", f'the column "{name}" is missing', _HEADER_HELP)
    return len(reading.problems) == before


def _add(reading: Reading, columns: Sequence[str], cells: Sequence[str], line: int) -> None:
    if len(cells) != len(columns):
        word = "short-row" if len(cells) < len(columns) else "long-row"
        text = f"the row has {len(cells)} cells and the header {len(columns)}"
        reading.refuse(
            line, word, text, "a cell with a comma in it needs quotation marks around it"
        )
        return
    named = {
        name: written(cell) if name in _VALUES else cell
        for name, cell in zip(columns, cells, strict=True)
        if cell != ""
    }
    _keep(reading, InputRow(line, named))


def _read_json_lines(reading: Reading, text: str) -> None:
    for line, written in enumerate(text.split("\n"), start=1):
        if not written.strip():
            continue
        try:
            # Numbers stay the text that was written, so that no digit is lost.
            pairs = json.loads(
                written, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=list
            )
        except json.JSONDecodeError as error:
            reading.refuse(
                line, "json", f"this is not JSON: {error.msg}", "write one object on each line"
            )
            continue
        cells = dict(_json_cells(reading, line, pairs))
        if not reading.problems or reading.problems[-1].line != line:
            _keep(reading, InputRow(line, cells))


def _json_cells(reading: Reading, line: int, pairs: Any) -> Iterator[tuple[str, str | None]]:
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        reading.refuse(line, "json", "this is not an object", 'such as {"account": "..."}')
        return
    seen: set[str] = set()
    for name, value in pairs:
        if name not in COLUMNS:
            reading.refuse(line, "unknown-column", f'unknown key "{shown(name)}"', _HEADER_HELP)
        elif name in seen:
            reading.refuse(
                line, "duplicate-column", f'the key "{name}" stands there twice', _HEADER_HELP
            )
        else:
            yield from _json_cell(reading, line, name, value)
        seen.add(name)
    if "campaign" not in seen:
        # Forgotten, it must not create one.
        reading.refuse(
            line, "missing-value", "there is no campaign", '"campaign": null creates one'
        )


def _json_cell(
    reading: Reading, line: int, name: str, value: Any
) -> Iterator[tuple[str, str | None]]:
    """Values keep null and the empty text; elsewhere both mean that nothing is given."""
    if name in _VALUES and (value is None or isinstance(value, str)):
        yield name, value
    elif value is True and name == "value":
        yield name, "true"
    elif isinstance(value, str) and value:
        yield name, value
    elif value not in (None, ""):
        remedy = "give a text or a number; JSON that is a value itself is given as a text"
        reading.refuse(line, "json", f"{name} is neither text nor a number", remedy)


def _keep(reading: Reading, row: InputRow) -> None:
    """A row is usable when it has what every row needs, and breaks lines in its reason at most.
    Without a campaign it creates one, and a key keeps it from doing so twice."""
    missing = [name for name in NEEDED if name not in row.cells and name != "campaign"]
    if missing:
        reading.refuse(row.line, "missing-value", f"{', '.join(missing)} is empty", _HEADER_HELP)
        return
    if not row.cells.keys() & {"campaign", "key"}:
        reading.refuse(row.line, "missing-value", "campaign and key are empty", _CREATE_HELP)
        return
    broken = [name for name, cell in row.cells.items() if "\n" in (cell or "") and name != "reason"]
    if broken:
        reading.refuse(row.line, "quotes", f"{broken[0]} goes over more than one line", _QUOTES)
        return
    reading.rows.append(row)
