"""The file's text and its tables as TOML gives them, or why it cannot be read, and findings placed
in it: line, column and an excerpt that shows no secret. It knows which places may hold secrets,
and no rule of any value."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from syncd.config.findings import Finding, KeyPath
from syncd.config.problems import Excerpt, Problem
from syncd.config.references import is_reference
from syncd.config.values import quoted

if TYPE_CHECKING:
    from syncd.config.positions import Duplicate, Positions, Span

LARGEST: Final = 1024 * 1024
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_SECRET_KEY = re.compile(
    r"secret|token|passw|credential|api_?key|private|owner_url|\burl\b", re.IGNORECASE
)
# A password may stand before an @ or in a query, however the address around it is misspelt.
_SECRET_TEXT = re.compile(r"[^\s\"']\s*@|://\S*[?#]|password\s*=", re.IGNORECASE)


@dataclass(frozen=True)
class Document:
    """One file: its name as the user wrote it, and its text without a byte-order mark."""

    name: str
    text: str

    @cached_property
    def positions(self) -> Positions:
        # The grammar is loaded only for a file that something is wrong with.
        from syncd.config.positions import Positions  # noqa: PLC0415

        return Positions(source=self.text.encode())

    def problem(self, finding: Finding, hidden: Iterable[KeyPath]) -> Problem:
        """The finding with its place in the file; the values at `hidden` paths are masked."""
        path, place = self.positions.place(finding.path)
        span = None
        if place is not None:
            is_exact = path == finding.path
            span = place.value if finding.at == "value" and is_exact else place.key
        return self.problem_at(finding, span, frozenset(hidden))

    def problem_at(
        self, finding: Finding, span: Span | None, hidden: frozenset[KeyPath]
    ) -> Problem:
        """The finding at a span of the file, or at its beginning where nothing can be marked."""
        return Problem(
            file=self.name,
            line=span.line if span else 1,
            column=span.column if span else 1,
            severity=finding.severity,
            code=finding.code,
            text=finding.text,
            help=finding.help,
            excerpt=self._excerpt(span, finding.label, hidden) if span else None,
        )

    def _excerpt(self, span: Span, label: str, hidden: frozenset[KeyPath]) -> Excerpt:
        """The line of a span. What is masked changes length, so the mark moves with it."""
        source = self.positions.lines[span.line - 1].decode().rstrip("\r")
        column = span.column
        width = (span.end_column if span.end_line == span.line else len(source) + 1) - column
        for start, end in self._secrets_of_line(span.line, len(source), hidden):
            mask = '"********"' if source[start - 1] in "\"'" else "********"
            source = source[: start - 1] + mask + source[end - 1 :]
            change = len(mask) - (end - start)
            if end <= column:
                column += change
            elif start < column + width:
                width += change
        if (
            comment := self.positions.comments.get(span.line)
        ) is not None and comment > span.column:
            written = self.positions.lines[span.line - 1].decode().rstrip("\r")
            source = source[: len(source) - (len(written) - comment + 1)].rstrip()
        shown = "".join(character if character.isprintable() else " " for character in source)
        return Excerpt(source=shown, column=column, width=width, label=label)

    def _secrets_of_line(
        self, line: int, length: int, hidden: frozenset[KeyPath]
    ) -> list[tuple[int, int]]:
        """First column and column after each secret of a line, the last one first."""
        return sorted(
            {
                (
                    leaf.column if leaf.line == line else 1,
                    leaf.end_column if leaf.end_line == line else length + 1,
                )
                for path, leaf in self.positions.leaves()
                if leaf.line <= line <= leaf.end_line and self._is_secret(path, leaf, hidden)
            },
            reverse=True,
        )

    def _is_secret(self, path: KeyPath, leaf: Span, hidden: frozenset[KeyPath]) -> bool:
        written = self.positions.source[leaf.start : leaf.end].decode()
        if is_reference(written.strip("\"'")):
            return False
        if any(path[:length] in hidden for length in range(1, len(path) + 1)):
            return True
        names = " ".join(part for part in path if isinstance(part, str))
        return bool(_SECRET_KEY.search(names) or _SECRET_TEXT.search(written))


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What came of reading a file: the document and its tables where there are any, and what is
    wrong."""

    document: Document
    raw: dict[str, Any] | None
    problems: tuple[Problem, ...] = ()


def read(path: Path) -> Reading:
    """Read a file. Keys that stand there twice are reported and taken once, so that the rest is
    judged too."""
    name = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            return _unread(
                Document(name, ""), "the file is larger than 1 MiB", "name another with --config"
            )
        document = Document(name, content.decode("utf-8-sig"))
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        why = "there is no such file" if missing else f"the file cannot be read ({error.strerror})"
        return _unread(
            Document(name, ""),
            why,
            f"syncd config example > {name}   or name another with --config or SYNCD_CONFIG",
        )
    except UnicodeDecodeError as error:
        why = f"the file is not UTF-8 text (byte {error.start + 1})"
        return _unread(Document(name, ""), why, "save it as UTF-8")
    return parse(document)


def parse(document: Document) -> Reading:
    """The tables of a document, or where its TOML breaks off."""
    try:
        return Reading(document=document, raw=tomllib.loads(document.text))
    except (ValueError, RecursionError) as error:
        broken = _syntax(document, error)
    duplicates = document.positions.duplicates
    problems = tuple(
        document.problem_at(_twice(document, one), one.key, frozenset()) for one in duplicates
    )
    source = bytearray(document.positions.source)
    for one in duplicates:
        if one.removable is not None:
            source[one.removable.start : one.removable.end] = b" " * (
                one.removable.end - one.removable.start
            )
    try:
        return Reading(document=document, raw=tomllib.loads(source.decode()), problems=problems)
    except (ValueError, RecursionError):
        whole = any(one.removable is None for one in duplicates)
        return Reading(
            document=document, raw=None, problems=problems if whole else (*problems, broken)
        )


def _unread(document: Document, text: str, help_text: str) -> Reading:
    problem = Problem(
        file=document.name,
        line=None,
        column=None,
        severity="error",
        code="unreadable-file",
        text=text,
        help=help_text,
    )
    return Reading(document=document, raw=None, problems=(problem,))


def _syntax(document: Document, error: Exception) -> Problem:
    """Where TOML breaks off. No excerpt: a secret whose quote is not closed would stand in it."""
    message = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    at = _AT.search(message)
    lines = document.text.split("\n")
    line = int(at[1]) if at and at[1] else len(lines)
    column = int(at[2]) if at and at[2] else len(lines[-1]) + 1
    why = _AT.sub("", message)
    return Problem(
        file=document.name,
        line=line,
        column=column,
        severity="error",
        code="toml-syntax",
        text=f"this is not TOML: {why[:1].lower()}{why[1:]}",
        help="the rest of the file is judged when this can be read",
    )


def _twice(document: Document, duplicate: Duplicate) -> Finding:
    first = document.positions.places[duplicate.path].key.line
    return Finding(
        path=duplicate.path,
        code="duplicate-key",
        text=f"{quoted(_name(duplicate.path))} stands there twice, first in line {first}",
        help="keep one of the two",
    )


def _name(path: KeyPath) -> str:
    return next(part for part in reversed(path) if isinstance(part, str))
