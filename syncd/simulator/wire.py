"""JSON as the simulated providers read and write it: strict on the way in (no duplicate keys, no
NaN, no other encoding than UTF-8) and exact on the way out (a Decimal is written digit by digit and
never passes through a float). It knows nothing of campaigns or HTTP."""

import json
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn


class Double(Decimal):
    """A number that is written as a double of other languages is: with a decimal place at least."""


class MalformedJson(Exception):
    """The bytes are not one strict JSON text; the message says why."""


def parse(raw: bytes) -> Any:
    """The value of one JSON text: objects as dict, fractions as Decimal, whole numbers as int.

    Raises MalformedJson for everything that RFC 8259 leaves open or forbids.
    """
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_decimal,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise MalformedJson("the body is not UTF-8") from error
    except RecursionError as error:
        raise MalformedJson("the body is nested too deeply") from error
    except ValueError as error:
        raise MalformedJson(f"the body is not JSON: {error}") from error


def emit(value: Any) -> bytes:
    """One JSON text in UTF-8 for None, bool, int, Decimal, str, list, tuple and dict values.

    Raises TypeError for anything else, floats included: an amount that was a float is no longer
    exact.
    """
    return "".join(_pieces(value)).encode("utf-8")


def plain(amount: Decimal) -> str:
    """An amount as a decimal string without exponent and without trailing zeros: 123.50 is
    "123.5"."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise MalformedJson("an object of the body repeats a key")
    return made


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:  # an exponent past what Decimal holds
        raise MalformedJson(f"the number {text[:40]} is out of range") from error


def _constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not a JSON number")


def _pieces(value: Any) -> Iterable[str]:
    match value:
        case None | bool() | int():
            yield json.dumps(value)
        case Decimal():
            yield _number(value)
        case str():
            yield _string(value)
        case dict():
            yield "{"
            for position, (key, item) in enumerate(value.items()):
                yield "," if position else ""
                yield _string(key)
                yield ":"
                yield from _pieces(item)
            yield "}"
        case list() | tuple():
            yield "["
            for position, item in enumerate(value):
                yield "," if position else ""
                yield from _pieces(item)
            yield "]"
        case _:
            raise TypeError(f"{type(value).__name__} has no exact JSON form")


def _number(amount: Decimal) -> str:
    text = plain(amount)
    return f"{text}.0" if isinstance(amount, Double) and "." not in text else text


def _string(text: str) -> str:
    """The text as itself; a lone surrogate has no UTF-8 form and is escaped."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(text)
    return json.dumps(text, ensure_ascii=False)
