"""Fields read strictly out of one row of an answer: ids, texts, objects, amounts. What is not what
it should be raises a RowError that names the field; nothing is guessed. Knows no provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from syncd.model.listing import BadRow
from syncd.providers.redaction import visible
from syncd.providers.wire import NotStrict, parse_row

_MONEY: Final = Decimal("0.000001")
_TOO_MUCH: Final = Decimal(10) ** 14
_LONGEST_ID: Final = 100
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class RowError(ValueError):
    """A row that is not a campaign as the contract has it; the message says which field."""


def row_object(row: bytes) -> dict[str, Any]:
    """The row as an object. Raises RowError."""
    try:
        found = parse_row(row)
    except NotStrict as error:
        raise RowError(str(error)) from error
    if not isinstance(found, dict):
        raise RowError(f"it is {_kind(found)}, not an object")
    return found


def bad_row(row: bytes, message: str, key: str = "id") -> BadRow:
    """The row for the record, with its id where even a broken row shows one."""
    try:
        given = msgspec.json.decode(row, type=dict[str, msgspec.Raw]).get(key)
        shown = None if given is None else msgspec.json.decode(given, type=str | int)
        external_id = None if shown is None else identifier(shown, key)
    except (msgspec.DecodeError, RecursionError, RowError):
        external_id = None
    return BadRow(external_id=external_id, raw=row, message=visible(message))


def identifier(given: Any, field: str) -> str:
    """An id, given as a text or a whole number."""
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    found = text(given, field)
    if not (0 < len(found) <= _LONGEST_ID and found.isprintable() and not found.isspace()):
        raise RowError(f"{field} is not an id")
    return found


def text(given: Any, field: str) -> str:
    """A text as it stands there; `clean` makes it fit for a database."""
    if not isinstance(given, str):
        raise RowError(f"{field} is {_kind(given)}, not a text")
    return given


def mapping(given: Any, field: str) -> Mapping[str, Any]:
    """An object."""
    if not isinstance(given, dict):
        raise RowError(f"{field} is {_kind(given)}, not an object")
    return given


def amount(given: Any, field: str) -> Decimal:
    """An amount of money from a JSON number; what stands beyond the sixth decimal is the noise of a
    double."""
    found = number(given, field)
    if not 0 <= found < _TOO_MUCH:
        raise RowError(f"{field} is {found}, which is no amount")
    return abs(found.quantize(_MONEY))


def number(given: Any, field: str) -> Decimal:
    """Any JSON number, exactly."""
    if isinstance(given, bool) or not isinstance(given, (int, Decimal)):
        raise RowError(f"{field} is {_kind(given)}, not a number")
    return Decimal(given)


def may_be_called(shown: str, asked: str) -> bool:
    """Whether a name may be the one asked for: a provider may cut it, and is free in white space
    and case."""
    one, other = (" ".join(name.split()).casefold() for name in (shown, asked))
    return one == other or (bool(one) and other.startswith(one))


def clean(given: str) -> tuple[str, bool]:
    """The text as a database takes it, NUL and half surrogates replaced; and whether any was."""
    cleaned = _UNSTORABLE.sub("\ufffd", given)
    return cleaned, cleaned != given


def _kind(given: Any) -> str:
    return "missing" if given is None else type(given).__name__
