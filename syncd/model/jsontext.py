"""JSON values as one canonical text, the one that Postgres gives to `jsonb`: so that a value from a
provider and one from the queue can be compared as they stand. Pure."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

_HALF = re.compile("[\ud800-\udfff]")


class _Mark(str):
    """A piece of the text itself, beside values that still have to become text."""

    __slots__ = ()


def canonical_json(value: Any) -> str:
    """The text of a value of dicts, lists, texts, whole numbers, Decimals, booleans and None,
    however deep. Shorter keys come first, then by their bytes, as in `jsonb`. Half a surrogate
    pair, which Postgres has no form for, stays as its escape."""
    pieces: list[str] = []
    left = [value]
    while left:
        match left.pop():
            case _Mark() as mark:
                pieces.append(mark)
            case dict() as found:
                left.extend(reversed(_object(found)))
            case list() as found:
                left.extend(reversed(_array(found)))
            case Decimal() as number:
                # A numeric has no zero below zero.
                pieces.append(f"{number or number.copy_abs():f}")
            case other:
                pieces.append(_text(other))
    return "".join(pieces)


def _object(found: dict[str, Any]) -> list[Any]:
    parts: list[Any] = [_Mark("{")]
    for count, key in enumerate(sorted(found, key=_rank)):
        parts += [_Mark(f"{', ' if count else ''}{_text(key)}: "), found[key]]
    return [*parts, _Mark("}")]


def _array(found: list[Any]) -> list[Any]:
    parts: list[Any] = [_Mark("[")]
    for count, one in enumerate(found):
        parts += [_Mark(", " if count else ""), one]
    return [*parts, _Mark("]")]


def _rank(key: str) -> tuple[int, bytes]:
    written = key.encode("utf-8", "surrogatepass")
    return len(written), written


def _text(value: Any) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", written)
