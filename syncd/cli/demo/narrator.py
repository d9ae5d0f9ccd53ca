"""How the demo speaks: chapters, sentences, the commands that do the same by hand, and the word for
a finding that is not what was told."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.cli.render.screen import Screen
from syncd.cli.render.shapes import Role
from syncd.cli.render.table import Cell
from syncd.errors import SyncdError


class Surprise(SyncdError):
    """The demo found something other than it tells."""

    code = "demo"

    def __init__(self, expected: str, found: object) -> None:
        super().__init__(
            f"this is not what the demo tells: expected {expected}, found {found}",
            remedy="run it with --keep and another --seed, and look at the database",
        )


@dataclass(kw_only=True)
class Narrator:
    """Counts chapters and writes them to the screen."""

    screen: Screen
    chapters: int
    number: int = 0

    def chapter(self, title: str) -> None:
        """A new heading."""
        self.number += 1
        if self.number > 1:
            self.screen.answer()
        self.screen.cells([Cell(f"{self.number}/{self.chapters}  {title}", Role.HEAD)])

    def say(self, text: str) -> None:
        """A sentence."""
        self.screen.answer(text)

    def command(self, text: str) -> None:
        """What a person would type."""
        self.screen.cells([Cell(f"$ {text}", Role.WAIT)])

    def query(self, text: str) -> None:
        """What a person would ask the database."""
        self.screen.cells([Cell(f"syncd=> {text}", Role.WAIT)])

    def quote(self, text: str) -> None:
        """What a command printed."""
        for line in text.splitlines():
            self.screen.answer(f"  {line}")

    def check(self, found: object, expected: object, what: str) -> None:
        """Raises Surprise where the two differ."""
        if found != expected:
            raise Surprise(f"{what} {expected}", found)
