"""What is wrong with a file, line by line, and how it is told: the first twenty, then counts per
code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from syncd.cli.text import plural
from syncd.config.problems import Problem
from syncd.errors import UsageError

SHOWN: Final = 20


class FileProblems(UsageError):
    """A file cannot be queued; `problems` has every reason in the order of its lines."""

    code = "input"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__(
            f"{plural(len(self.problems), 'problem')} in {self.problems[0].file}; "
            "nothing was queued",
            remedy=self.problems[0].help,
        )

    @property
    def report(self) -> str:
        """`file:line: error[code]: text` for the first twenty, then how many of each kind there
        are."""
        lines = []
        told: set[str] = set()
        for problem in self.problems[:SHOWN]:
            lines.append(problem.summary)
            if problem.help and problem.help not in told:
                lines.append(f"  help: {problem.help}")
                told.add(problem.help)
        if len(self.problems) > SHOWN:
            lines.append(f"... and {len(self.problems) - SHOWN} more")
        counts = Counter(problem.code for problem in self.problems)
        kinds = ", ".join(f"{code} {number}" for code, number in counts.most_common())
        lines.append(f"{self.message} ({kinds})")
        return "\n".join(lines)


def finding(file: str, line: int, code: str, text: str, remedy: str = "") -> Problem:
    """One thing to mend in a line of a file."""
    return Problem(
        file=file, line=line, column=None, severity="error", code=code, text=text, help=remedy
    )
