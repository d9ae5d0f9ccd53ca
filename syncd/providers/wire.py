"""Strict JSON: what a provider's answer may be and how it becomes values. Decimals stay exact, and
whatever has two readings is refused. Knows no provider and no HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from syncd.errors import BadAnswer

# No amount, id or count comes near these; what does would make arithmetic slow or wrong.
_LONGEST_NUMBER: Final = 60
_LARGEST_EXPONENT: Final = 40

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])

# An escaped backslash and a surrogate pair are matched so as to be left alone; half a pair is not.
_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


class NotStrict(ValueError):
    """A JSON text that strict reading refuses; the message says why."""


def parse(body: bytes, what: str) -> Any:
    """The value of a whole answer: dict, list, str, int, Decimal, bool or None. Raises BadAnswer,
    naming `what`, for anything with two readings or none: duplicate keys, NaN, half surrogates."""
    if any(found["half"] for found in _ESCAPES.finditer(body)):
        raise BadAnswer(f"{what} is not JSON that can be trusted: half a surrogate pair in it")
    try:
        return parse_row(body)
    except NotStrict as error:
        raise BadAnswer(f"{what} is not JSON that can be trusted: {error}") from error


def parse_row(row: bytes) -> Any:
    """As `parse`, raising NotStrict, and with half surrogates let through for cleaning."""
    try:
        return _DECODER.decode(row.decode())
    except NotStrict:
        raise
    except UnicodeDecodeError as error:
        raise NotStrict(f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise NotStrict(f"{error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise NotStrict("it is nested too deep") from error


def split(body: bytes, key: str, what: str) -> tuple[dict[str, Any], list[bytes] | None]:
    """A large answer's outer object, with None in place of the list at `key`, and that list's rows
    as the exact bytes that came; None where no list stands there. Raises BadAnswer."""
    envelope, text, start, end = _cut(body, key, b"[", what)
    if start == end:
        return envelope, None
    rows: list[bytes] = []
    position = start
    for raw in _ROWS.decode(text[start:end]):
        row = bytes(raw)
        position = text.index(row, position)
        rows.append(body[position : position + len(row)])
        position += len(row)
    return envelope, rows


def split_one(body: bytes, key: str, what: str) -> tuple[dict[str, Any], bytes | None]:
    """As `split`, for an answer with one object at `key`."""
    envelope, _, start, end = _cut(body, key, b"{", what)
    return envelope, body[start:end] or None


def _cut(
    body: bytes, key: str, opening: bytes, what: str
) -> tuple[dict[str, Any], bytes, int, int]:
    """The outer object without what stands at `key`, the text that was read, and where in it that
    value begins and ends; an empty range where it does not begin with `opening`."""
    try:
        try:
            text, fields = body, _FIELDS.decode(body)
        except msgspec.DecodeError:
            # One name with half a surrogate must not spoil the listing: same length, readable.
            text = _ESCAPES.sub(_whole, body)
            fields = _FIELDS.decode(text)
        value = bytes(fields.get(key, b""))
        if not value.startswith(opening):
            value = b""
        start = text.index(value)
        end = start + len(value)
        # What is left is small and shows what a fast parser hides: a key that stands there twice.
        rest = text[:start] + b"null" + text[end:] if value else text
        return parse_row(rest), text, start, end
    except (msgspec.DecodeError, NotStrict) as error:
        raise BadAnswer(f"{what} is not JSON that can be trusted: {error}") from error
    except RecursionError as error:
        raise BadAnswer(f"{what} is not JSON that can be trusted: nested too deep") from error


def _whole(found: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if found["half"] else found[0]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrict("an object has a key twice")
    return members


def _number(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if len(text) > _LONGEST_NUMBER:
            raise NotStrict(f"a number has {len(text)} characters")
        number = kind(text)
        if isinstance(number, Decimal) and abs(number.adjusted()) > _LARGEST_EXPONENT:
            raise NotStrict(f"the number {text} is out of all bounds")
        return number

    return read


def _constant(name: str) -> Any:
    raise NotStrict(f"{name} is not a number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_number(Decimal),
    parse_int=_number(int),
    parse_constant=_constant,
)
