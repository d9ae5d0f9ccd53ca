"""The two streams of a command: answers to stdout, talk to stderr, in the form that was asked for.
It decides about colour, shapes, widths and silence, and it is where a reader that went away is
noticed."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TextIO

from rich.console import Console
from rich.style import Style
from rich.text import Text

from syncd.cli.choices import Choices
from syncd.cli.findings import FileProblems
from syncd.cli.render.shapes import Role, shape
from syncd.cli.render.table import GAP, Cell, Column, Line, Listing, layout, to_csv, to_json
from syncd.cli.text import moment
from syncd.config.problems import ConfigProblems, render
from syncd.errors import SyncdError, UsageError

_STYLES: Final = {
    Role.PLAIN: Style(),
    Role.GOOD: Style(color="blue"),
    Role.BAD: Style(color="red"),
    Role.ATTENTION: Style(color="yellow"),
    Role.WAIT: Style(color="cyan"),
    Role.QUIET: Style(dim=True),
    Role.HEAD: Style(bold=True),
}
_SHAPED: Final = {"✓": "+", "✗": "x", "·": "-", "…": "..."}


class NotWritten(SyncdError):
    """The answer could not be written to stdout: a full disk, most likely."""

    code = "output"


@dataclass(kw_only=True)
class Screen:
    """Where one command writes. `out` and `err` are the process's own streams."""

    choices: Choices
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)

    @cached_property
    def is_ascii(self) -> bool:
        """Whether shapes have to be ASCII: asked for, or all that the stream can carry."""
        if self.environ.get("SYNCD_ASCII"):
            return True
        return (self.out.encoding or "").lower().replace("-", "") not in ("utf8", "utf_8")

    @property
    def is_accessible(self) -> bool:
        """Whether a screen reader listens: words instead of shapes, nothing that moves."""
        return bool(self.environ.get("SYNCD_ACCESSIBLE"))

    @property
    def is_terminal(self) -> bool:
        """Whether the answer goes to a terminal."""
        return self.out.isatty()

    @property
    def zone(self) -> dt.tzinfo | None:
        """In which times are shown; None is this machine's own."""
        return dt.UTC if self.choices.utc else None

    @property
    def zone_name(self) -> str:
        """What a heading calls it."""
        return dt.datetime.now(dt.UTC).astimezone(self.zone).tzname() or "local"

    def stamp(self, at: dt.datetime) -> str:
        """A time inside a sentence, with its zone."""
        return f"{moment(at, self.zone)} {self.zone_name}"

    def mark(self, word: str) -> Cell:
        """The shape of a state, to stand beside its word."""
        found = shape(word)
        if self.is_accessible:
            return Cell("")
        return Cell(found.ascii if self.is_ascii else found.sign, found.role)

    def word(self, word: str) -> Cell:
        """The word of a state in its role."""
        return Cell(word, shape(word).role)

    def answer(self, text: str = "") -> None:
        """A line of the answer."""
        self._write(self.out, [Cell(text)])

    def text(self, text: str) -> None:
        """A whole text exactly as it is."""
        self._raw(self.out, text)

    def deed(self, text: str) -> None:
        """What a command that changes something did; silent where only trouble is wanted."""
        if not self.choices.quiet:
            self.answer(text)

    def talk(self, text: str, role: Role = Role.PLAIN) -> None:
        """A remark beside the answer."""
        if not self.choices.quiet:
            self._write(self.err, [Cell(text, role)])

    def ask(self, text: str) -> None:
        """A line that somebody must read before the command goes on; never silent."""
        self._write(self.err, [Cell(text)])

    def hint(self, text: str) -> None:
        """What to do next, for people at a terminal only."""
        wanted = self.environ.get("SYNCD_HINTS", "1") != "0" and self.choices.format == "table"
        if wanted and self.is_terminal and self.err.isatty():
            self.talk(f"next: {text}", Role.QUIET)

    def cells(self, cells: Sequence[Cell]) -> None:
        """A line of the answer in several roles."""
        self._write(self.out, cells)

    def cells_of_step(self, number: int, name: str, text: str, word: str) -> None:
        """One step of a check with its result: ok, failed or finding."""
        sign = Cell(f"{word:<7}") if self.is_accessible else self.mark(word)
        self.cells([Cell(f"{number:>3}  "), sign, Cell(f" {name:<12} {text}")])

    def table(self, columns: Sequence[Column], lines: Sequence[Line]) -> None:
        """Aligned text, cut to the terminal's width only on a terminal."""
        for row in layout(columns, lines, self._width):
            joined: list[Cell] = []
            for position, cell in enumerate(row):
                joined += [Cell(GAP), cell] if position else [cell]
            self._write(self.out, joined)

    def listing(self, listing: Listing, *, empty: str = "") -> None:
        """A list in the format that was asked for."""
        match self.choices.format:
            case "json":
                self.document(listing.schema, {**listing.extra, listing.key: list(listing.rows)})
            case "csv":
                self.csv(listing.fields, listing.rows)
            case _ if not listing.rows and empty:
                self.talk(empty)
            case _:
                self.table(listing.columns, listing.lines)

    def csv(self, fields: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows as CSV."""
        self._raw(self.out, to_csv(fields, rows))

    def document(self, schema: str, content: Mapping[str, Any]) -> None:
        """One JSON document and nothing else."""
        self._raw(self.out, to_json({"schema": schema, **content}) + "\n")

    def refuse_csv(self, what: str) -> None:
        """For commands whose answer is no list. Raises UsageError."""
        if self.choices.format == "csv":
            raise UsageError(
                f"{what} is not a list, so there is no CSV of it",
                remedy="use --format table or --format json",
            )

    def refuse_data(self, what: str) -> None:
        """For commands that only talk. Raises UsageError."""
        if self.choices.format != "table":
            raise UsageError(f"{what} is told in words only", remedy="leave --format out")

    def problem(self, error: SyncdError) -> None:
        """What went wrong, where, and what to do; also where everything else is silent."""
        if self.choices.format == "json":
            self._raw(self.err, to_json(_problem_document(error)) + "\n")
            return
        report = _own_report(error, is_terminal=self.err.isatty())
        if report is not None:
            self._raw(self.err, report + "\n")
            return
        head, _, rest = error.message.partition("\n")
        self._write(self.err, [Cell(f"error[{error.code}]", Role.BAD), Cell(f": {head}")])
        if rest:
            self._raw(self.err, rest + "\n")
        if error.remedy:
            self._write(self.err, [Cell("  help: ", Role.QUIET), Cell(error.remedy)])

    def _write(self, stream: TextIO, cells: Sequence[Cell]) -> None:
        if not self._has_colour(stream):
            self._raw(stream, self._spelled("".join(cell.text for cell in cells)).rstrip() + "\n")
            return
        text = Text(no_wrap=True, end="")
        for cell in cells:
            text.append(self._spelled(cell.text), _STYLES[cell.role])
        text.rstrip()
        console = Console(
            file=stream, force_terminal=True, color_system="standard", no_color=False, width=10_000
        )
        with console.capture() as captured:
            console.print(text, soft_wrap=True, markup=False, highlight=False, emoji=False)
        self._raw(stream, captured.get().rstrip("\n") + "\n")

    def _spelled(self, text: str) -> str:
        """Our own signs inside sentences in ASCII, where that is all there is."""
        if not self.is_ascii:
            return text
        return "".join(_SHAPED.get(char, char) for char in text)

    def _raw(self, stream: TextIO, text: str) -> None:
        """Write and flush. A reader that went away ends the writing, not the command."""
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            # Whatever is still in the buffer goes nowhere, also at the interpreter's end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if stream is self.out:
                raise NotWritten(
                    f"cannot write the answer: {(error.strerror or str(error)).lower()}",
                    remedy="give the output another place",
                ) from error

    @property
    def _width(self) -> int | None:
        if self.choices.width is not None:
            return self.choices.width
        if not self.is_terminal:
            return None
        return Console(file=self.out).width

    def _has_colour(self, stream: TextIO) -> bool:
        """A flag beats the environment, the environment beats the terminal."""
        if self.choices.color != "auto":
            return self.choices.color == "always"
        if "NO_COLOR" in self.environ:
            return False
        if self.environ.get("FORCE_COLOR") or self.environ.get("CLICOLOR_FORCE"):
            return True
        return self.environ.get("TERM") != "dumb" and stream.isatty()


def _own_report(error: SyncdError, *, is_terminal: bool) -> str | None:
    """The text of problems that say their own place, line by line."""
    if isinstance(error, ConfigProblems):
        return render(error.problems, terminal=is_terminal)
    return error.report if isinstance(error, FileProblems) else None


def _problem_document(error: SyncdError) -> dict[str, Any]:
    problems = error.problems if isinstance(error, ConfigProblems | FileProblems) else ()
    return {
        "schema": "syncd.problem/1",
        "code": error.code,
        "detail": error.message,
        "remedy": error.remedy,
        "errors": [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "severity": problem.severity,
                "code": problem.code,
                "detail": problem.text,
                "remedy": problem.help,
            }
            for problem in problems
        ],
    }
