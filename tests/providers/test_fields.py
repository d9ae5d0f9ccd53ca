"""Fields of a row, read strictly: what is not what it should be names its field, and nothing is
guessed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from syncd.providers.fields import (
    RowError,
    amount,
    bad_row,
    clean,
    identifier,
    mapping,
    may_be_called,
    number,
    row_object,
    text,
)


def test_a_row_is_an_object_with_exact_decimals() -> None:
    found = row_object(b'{"a":0.1,"b":12345678901234567890,"c":1E+2,"d":"\\ud800"}')
    assert found == {
        "a": Decimal("0.1"),
        "b": 12345678901234567890,
        "c": Decimal(100),
        "d": "\ud800",
    }
    assert isinstance(found["a"], Decimal)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"5", "it is int, not an object"),
        (b"[]", "it is list, not an object"),
        (b'"x"', "it is str, not an object"),
        (b"null", "it is missing, not an object"),
        (b"", "at character 0"),
        (b'{"a":1,"a":1}', "a key twice"),
        (b'{"a":NaN}', "NaN is not a number"),
        (b'{"a":1e400}', "out of all bounds"),
        (b'{"a":' + b"9" * 61 + b"}", "61 characters"),
        (b'{"a":"\xff"}', "byte 6 is not UTF-8"),
        (b'{"a":' + b"[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_object_with_one_reading_is_refused(row: bytes, words: str) -> None:
    with pytest.raises(RowError, match=words):
        row_object(row)


@pytest.mark.parametrize(
    ("row", "external_id"),
    [
        (b'{"id":"7","name":5}', "7"),
        (b'{"id":9}', "9"),
        (b'{"id":123456789012345678901234567890}', "123456789012345678901234567890"),
        (b'{"id":' + b"9" * 5000 + b"}", None),
        (b'{"id":"7","x":NaN}', None),
        (b'{"id":"7","id":"7"}', "7"),
        (b'{"id":"7","x":1e400}', "7"),
        (b'{"id":1.5}', None),
        (b'{"id":true}', None),
        (b'{"id":null}', None),
        (b'{"id":{}}', None),
        (b'{"id":""}', None),
        (b'{"id":"\\ud800"}', None),
        (b"{}", None),
        (b"[1]", None),
        (b"", None),
        (b"\xff", None),
        (b'{"id":"7","x":' + b"[" * 100_000, None),
    ],
)
def test_a_broken_row_keeps_its_bytes_and_its_id_where_one_shows(
    row: bytes, external_id: str | None
) -> None:
    bad = bad_row(row, "why\nnot\x1b")
    assert (bad.external_id, bad.raw) == (external_id, row)
    assert bad.message == "why<U+000A>not<U+001B>"


def test_the_id_of_a_broken_row_may_have_another_name() -> None:
    row = b'{"Id":"7","id":"8"}'
    assert bad_row(row, "m", key="Id").external_id == "7"
    assert bad_row(row, "m").external_id == "8"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("a", "a"),
        ("007", "007"),
        (7, "7"),
        (0, "0"),
        (2**63, str(2**63)),
        ("x" * 100, "x" * 100),
        ("a b", "a b"),
        ("客", "客"),
    ],
)
def test_an_id_is_a_text_or_a_whole_number(given: Any, found: str) -> None:
    assert identifier(given, "id") == found


@pytest.mark.parametrize(
    "given",
    [None, "", " ", "x" * 101, "a\nb", "a\x00", "\ud800", "\u202e", True, 1.5, Decimal(7), [], {}],
)
def test_anything_else_is_no_id(given: Any) -> None:
    with pytest.raises(RowError, match="the id"):
        identifier(given, "the id")


NEITHER: list[Any] = [None, 5, True, [], Decimal(1)]


def test_texts_and_objects_are_what_they_are() -> None:
    assert text("", "name") == ""
    assert text(" a\n", "name") == " a\n"
    assert mapping({"a": 1}, "limits") == {"a": 1}
    for given in NEITHER:
        with pytest.raises(RowError, match="name is"):
            text(given, "name")
        with pytest.raises(RowError, match="limits is"):
            mapping(given, "limits")
    with pytest.raises(RowError, match="name is missing, not a text"):
        text(None, "name")


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("0", "0"),
        ("-0.0", "0"),
        ("-0", "0"),
        ("100", "100"),
        ("1E+2", "100"),
        ("19.989999", "19.989999"),
        ("0.30000000000000004", "0.3"),
        ("0.0000004", "0"),
        ("0.000001", "0.000001"),
        ("99999999999999.999999", "99999999999999.999999"),
        ("99999999999999", "99999999999999"),
        ("12345678901234.12345649999999999999999999999999999999999999", "12345678901234.123456"),
    ],
)
def test_an_amount_is_exact_to_the_sixth_decimal(written: str, found: str) -> None:
    given = row_object(f'{{"a":{written}}}'.encode())["a"]
    shown = amount(given, "a")
    assert shown == Decimal(found)
    assert not shown.is_signed()
    assert shown.as_tuple().exponent == -6


@pytest.mark.parametrize(
    "written", ["-1", "-0.000001", "100000000000000", "1e14", "1e39", '"1"', "true", "null", "{}"]
)
def test_what_is_no_amount_is_refused(written: str) -> None:
    given = row_object(f'{{"a":{written}}}'.encode())["a"]
    with pytest.raises(RowError, match="daily"):
        amount(given, "daily")


def test_a_number_is_any_number_exactly() -> None:
    found = row_object(b'{"a":-1.50,"b":7}')
    assert str(number(found["a"], "a")) == "-1.50"
    assert str(number(found["b"], "b")) == "7"
    for given in (True, "1", None, 1.5):
        with pytest.raises(RowError, match="rate is"):
            number(given, "rate")


@pytest.mark.parametrize(
    ("given", "cleaned", "marked"),
    [
        ("plain é 😀 \n\x01\u202e", "plain é 😀 \n\x01\u202e", 0),
        ("", "", 0),
        ("a\x00b", "a\ufffdb", 1),
        ("\ud800\udfff", "\ufffd\ufffd", 1),
        ("\ufffd", "\ufffd", 0),
    ],
)
def test_a_text_loses_only_what_no_database_takes(given: str, cleaned: str, marked: int) -> None:
    assert clean(given) == (cleaned, bool(marked))
    assert json.dumps(cleaned, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("shown", "asked"),
    [
        ("Spring", "Spring"),
        ("spring  sale", " Spring Sale"),
        ("Spring S", "Spring Sale"),
        ("", " "),
    ],
)
def test_a_name_may_come_back_cut_or_tidied(shown: str, asked: str) -> None:
    assert may_be_called(shown, asked)


@pytest.mark.parametrize(
    ("shown", "asked"), [("Spring Sale 2", "Spring Sale"), ("Autumn", "Spring"), ("", "Spring")]
)
def test_another_name_is_of_another_campaign(shown: str, asked: str) -> None:
    assert not may_be_called(shown, asked)
