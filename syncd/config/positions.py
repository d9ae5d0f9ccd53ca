"""Where keys and values stand in a TOML text, by their path, and which keys stand there twice. It
is loaded only when there is something to point at: reading a good file needs no positions. It
judges nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from syncd.config.findings import KeyPath

_KEYS = ("bare_key", "quoted_key", "dotted_key")
_DEEPEST = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A stretch of the text: bytes from `start` to `end`, and where it begins and ends by line
    (from 1) and column (from 1, in characters; `end_column` is the first one after it)."""

    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The spans of a key and its value; a table under a header has the header for both."""

    key: Span
    value: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Duplicate:
    """A key whose path is taken by an earlier one. `removable` is the span without which the text
    has it once, None when a whole table would have to go."""

    path: KeyPath
    key: Span
    value: Span
    removable: Span | None


@dataclass(kw_only=True)
class Positions:
    """The index of one text. An error in the text leaves out what it makes unreadable. `comments`
    has the column where a line's comment begins."""

    source: bytes
    places: dict[KeyPath, Place] = field(default_factory=dict)
    duplicates: list[Duplicate] = field(default_factory=list)
    comments: dict[int, int] = field(default_factory=dict)
    _counts: dict[KeyPath, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        root = Parser(Language(tree_sitter_toml.language())).parse(self.source).root_node
        self._pairs(root, ())
        for node in root.named_children:
            if node.type in ("table", "table_array_element"):
                self._table(node)

    @cached_property
    def lines(self) -> list[bytes]:
        return self.source.split(b"\n")

    def place(self, path: KeyPath) -> tuple[KeyPath, Place | None]:
        """The place of the path, or of the nearest table around it, with the path that it is the
        place of."""
        while path and path not in self.places:
            path = path[:-1]
        return path, self.places.get(path)

    def leaves(self) -> list[tuple[KeyPath, Span]]:
        """All values that are neither a table nor a list with something in it, those of duplicates
        too."""
        parents = {path[:-1] for path in self.places}
        once = [(path, place.value) for path, place in self.places.items() if path not in parents]
        return once + [(one.path, one.value) for one in self.duplicates]

    def _span(self, node: Node, until: Node | None = None) -> Span:
        end = until or node
        return Span(
            start=node.start_byte,
            end=end.end_byte,
            line=node.start_point.row + 1,
            column=self._column(node.start_point.row, node.start_point.column),
            end_line=end.end_point.row + 1,
            end_column=self._column(end.end_point.row, end.end_point.column),
        )

    def _column(self, row: int, column: int) -> int:
        return len(self.lines[row][:column].decode("utf-8", "replace")) + 1

    def _table(self, node: Node) -> None:
        """A header and what stands below it; the last element of a list of tables is the one
        meant."""
        header = next((child for child in node.named_children if child.type in _KEYS), None)
        if header is None:
            return
        path: KeyPath = ()
        parts = _parts(header)
        is_element = node.type == "table_array_element"
        for number, part in enumerate(parts, start=1):
            path = (*path, part)
            if number < len(parts) and path in self._counts:
                path = (*path, self._counts[path] - 1)
        closing = next((child for child in node.children if child.type in ("]", "]]")), header)
        span = self._span(node.children[0], closing)
        if is_element:
            self.places.setdefault(path, Place(key=span, value=span))
            self._counts[path] = self._counts.get(path, 0) + 1
            path = (*path, self._counts[path] - 1)
        self._note(path, Place(key=span, value=span), removable=None)
        self._pairs(node, path)

    def _pairs(self, node: Node, path: KeyPath) -> None:
        for child in self._without_comments(node):
            if child.type == "pair":
                self._pair(child, path)

    def _pair(self, node: Node, prefix: KeyPath) -> None:
        children = self._without_comments(node)
        if len(children) != 2 or len(prefix) > _DEEPEST:
            return
        key, value = children
        path = prefix
        for part in _parts(key)[:-1]:
            path = (*path, part)
            self.places.setdefault(path, Place(key=self._span(key), value=self._span(value)))
        path = (*path, _parts(key)[-1])
        comma = node.prev_sibling
        first = comma if comma is not None and comma.type == "," else node
        place = Place(key=self._span(key), value=self._span(value))
        if self._note(path, place, removable=self._span(first, value)):
            self._value(value, path)

    def _value(self, node: Node, path: KeyPath) -> None:
        if node.type == "inline_table":
            self._pairs(node, path)
        elif node.type == "array" and len(path) <= _DEEPEST:
            for number, child in enumerate(self._without_comments(node)):
                span = self._span(child)
                self.places[(*path, number)] = Place(key=span, value=span)
                self._value(child, (*path, number))

    def _without_comments(self, node: Node) -> list[Node]:
        """The named children that are none, after noting where the comments are."""
        for child in node.named_children:
            if child.type == "comment":
                span = self._span(child)
                self.comments[span.line] = span.column
        return [child for child in node.named_children if child.type != "comment"]

    def _note(self, path: KeyPath, place: Place, removable: Span | None) -> bool:
        """Keep the place of a path that is new, or the duplicate of one that is not."""
        if path in self.places:
            self.duplicates.append(
                Duplicate(path=path, key=place.key, value=place.value, removable=removable)
            )
            return False
        self.places[path] = place
        return True


def _parts(node: Node) -> list[str]:
    """The names that a key is made of, without quotes. Dotted keys nest to the left in the tree."""
    if node.type == "dotted_key":
        return [
            part for child in node.named_children if child.type in _KEYS for part in _parts(child)
        ]
    written = (node.text or b"").decode("utf-8", "replace")
    if node.type == "bare_key":
        return [written]
    try:
        parsed: Mapping[str, object] = tomllib.loads(f"{written} = 0")
    except tomllib.TOMLDecodeError:
        return [written]
    return list(parsed)
