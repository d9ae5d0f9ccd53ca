"""What is wrong with a configuration, as values and as text: one line per problem for editors and
logs, and the form with the source line for people. It draws nothing and reads no file; source
lines arrive masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from syncd.errors import ConfigError

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Excerpt:
    """The source line of a problem without its secrets, what is marked in it (1-based, in
    characters), and the words beside the mark."""

    source: str
    column: int
    width: int
    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing to mend. `file` is the file, or the environment variable that overrides it; `line`
    and `column` count from 1 and are None where there is no such place; `help` is the remedy."""

    file: str
    line: int | None
    column: int | None
    severity: Severity
    code: str
    text: str
    help: str
    excerpt: Excerpt | None = None

    @property
    def summary(self) -> str:
        """The stable first line: `file:line:column: severity[code]: text`."""
        place = ":".join(
            str(part) for part in (self.file, self.line, self.column) if part is not None
        )
        return f"{place}: {self.severity}[{self.code}]: {self.text}"


class ConfigProblems(ConfigError):
    """The configuration cannot be used; `problems` has all reasons, and the warnings beside them,
    in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        errors = [problem for problem in self.problems if problem.severity == "error"]
        first = errors[0] if errors else self.problems[0]
        super().__init__(
            render(self.problems, terminal=False),
            remedy=first.help if len(errors) == 1 else "see: syncd config check",
            code=first.code if len(errors) == 1 else None,
        )


def render(problems: Sequence[Problem], *, terminal: bool) -> str:
    """All problems as text that ends without a line break; empty when there are none."""
    if not problems:
        return ""
    if not terminal:
        return "\n".join(problem.summary for problem in problems)
    blocks = [_block(problem) for problem in problems]
    return "\n\n".join([*blocks, _totals(problems)])


def _block(problem: Problem) -> str:
    lines = [problem.summary]
    gutter = " " * (len(str(problem.line)) if problem.line is not None else 2)
    if problem.excerpt is not None:
        excerpt = problem.excerpt
        mark = " " * (excerpt.column - 1) + "^" * max(1, excerpt.width)
        lines += [
            f"{gutter} |",
            f"{problem.line} | {excerpt.source}",
            f"{gutter} | {mark} {excerpt.label}".rstrip(),
        ]
    if problem.help:
        lines.append(f"{gutter} = help: {problem.help}")
    return "\n".join(lines)


def _totals(problems: Sequence[Problem]) -> str:
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    counts = ", ".join(
        f"{count} {noun}" if count == 1 else f"{count} {noun}s"
        for count, noun in ((errors, "error"), (warnings, "warning"))
        if count
    )
    files = [problem.file for problem in problems if problem.line is not None]
    where = f"in {files[0]}" if files else "in the configuration"
    end = " syncd does not start until the errors are gone." if errors else ""
    return f"{counts} {where}.{end}"
