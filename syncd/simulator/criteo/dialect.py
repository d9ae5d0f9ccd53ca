"""How the two dialects of Criteo differ: `documented` as the Campaign page shows it, `current` as
the published specification has it. Values that the rest asks; nothing is judged here.

Options of a simulated Criteo:
`version` the version in the paths of dialect current (2026-07);
`paths` `own`, or `both`: versioned and unversioned paths are the same;
`amounts` `own`, or `both`: an update may bring a bare or a wrapped amount;
`reads` `documented` or `current`: how reads are spelt, by default as the dialect;
`create_answer` `object`, or `array` as the page's prose has it."""

import re
from dataclasses import dataclass

from syncd.simulator.settings import Settings

_VERSIONED = re.compile(r"/(?P<version>\d{4}-\d{2}|preview|experimental)(?P<place>/.*)")
_DIALECTS = ("documented", "current")


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What this server speaks and takes."""

    is_current: bool
    version: str
    takes_any_path: bool
    takes_any_amount: bool
    reads_current: bool
    """Whether its reads are spelt as the specification has them."""
    creates_array: bool

    def place(self, path: str) -> str | None:
        """A path without its version and query, None where this server has no such version."""
        path = path.partition("?")[0]
        if path == "/oauth2/token":
            return path
        version, place = _split(path)
        is_ours = version == (self.version if self.is_current else "")
        is_other = version == ("" if self.is_current else self.version)
        return place if is_ours or (is_other and self.takes_any_path) else None

    def is_retired(self, path: str) -> bool:
        """Whether a path is of a version that was there once."""
        version = _split(path)[0]
        return self.is_current and version[:1].isdigit() and version < self.version


def dialect_of(settings: Settings) -> Dialect:
    """The dialect that settings ask for; raises ValueError for an unknown word."""
    dialect = _one_of("dialect", settings.dialect, _DIALECTS)
    return Dialect(
        is_current=dialect == "current",
        version=settings.option("version", "2026-07"),
        takes_any_path=_choice(settings, "paths", "own", "both") == "both",
        takes_any_amount=_choice(settings, "amounts", "own", "both") == "both",
        reads_current=_one_of("reads", settings.option("reads", dialect), _DIALECTS) == "current",
        creates_array=_choice(settings, "create_answer", "object", "array") == "array",
    )


def _split(path: str) -> tuple[str, str]:
    """Version and place; the version is empty where there is none."""
    found = _VERSIONED.fullmatch(path)
    return (found["version"], found["place"]) if found else ("", path)


def _choice(settings: Settings, name: str, default: str, other: str) -> str:
    return _one_of(name, settings.option(name, default), (default, other))


def _one_of(name: str, word: str, known: tuple[str, ...]) -> str:
    if word not in known:
        raise ValueError(f"{name} cannot be {word!r}; it can be: {', '.join(known)}")
    return word
