"""Strict JSON: what has two readings is refused, what is read is exact."""

from __future__ import annotations

from decimal import Decimal

import pytest

from syncd.errors import BadAnswer
from syncd.providers import wire

BROKEN = {
    "nothing": b"",
    "truncated": b'{"data":[{"id":"1"',
    "a page of HTML": b"<html>maintenance</html>",
    "a byte order mark": b'\xef\xbb\xbf{"data":[]}',
    "UTF-16": '{"data":[]}'.encode("utf-16"),
    "a key twice": b'{"data":[],"data":[]}',
    "a key twice, further in": b'{"data":[],"errors":[{"code":"a","code":"b"}]}',
    "NaN": b'{"data":[],"x":NaN}',
    "Infinity": b'{"data":[],"x":-Infinity}',
    "a huge exponent": b'{"data":[],"x":1e400}',
    "5,000 digits": b'{"data":[],"x":' + b"9" * 5000 + b"}",
    "100,000 lists": b'{"data":[],"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "bytes that are not UTF-8": b'{"data":[],"x":"\xff"}',
    "a bare control character": b'{"data":[],"x":"a\nb"}',
    "something behind it": b'{"data":[]} {}',
}


@pytest.mark.parametrize("what", BROKEN)
def test_json_with_two_readings_or_none_is_refused(what: str) -> None:
    with pytest.raises(BadAnswer, match="the answer is not JSON that can be trusted"):
        wire.parse(BROKEN[what], "the answer")


@pytest.mark.parametrize("what", BROKEN)
def test_a_listing_around_it_is_refused_too(what: str) -> None:
    with pytest.raises(BadAnswer, match="the answer is not JSON that can be trusted"):
        wire.split(BROKEN[what], "data", "the answer")


def test_half_a_surrogate_pair_is_refused_in_a_whole_answer() -> None:
    for half in (rb"\ud800", rb"\udfff", rb"\ud800x", rb"\uDC00\ud800"):
        with pytest.raises(BadAnswer, match="half a surrogate"):
            wire.parse(b'{"name":"' + half + b'"}', "the answer")
    assert wire.parse(rb'{"name":"\ud83d\ude00 \\ud800"}', "the answer") == {"name": "😀 \\ud800"}


def test_numbers_are_exact() -> None:
    found = wire.parse(b'{"a":19.989999,"b":0.1,"c":12345678901234567890,"d":1E+2}', "it")
    assert found == {
        "a": Decimal("19.989999"),
        "b": Decimal("0.1"),
        "c": 12345678901234567890,
        "d": Decimal(100),
    }
    assert not any(isinstance(value, float) for value in found.values())


def test_a_listing_is_split_into_the_exact_bytes_of_its_rows() -> None:
    rows = [b'{ "id" : "1",\n "x": 1.50 }', b"[]", b'"]"', b"null", rb'{"n":"\u00e9 \ud83d\ude00"}']
    body = b' {"errors" : [ ], "data": [ ' + b" ,\n".join(rows) + b' ] , "n":1}'
    assert wire.split(body, "data", "it") == ({"errors": [], "data": None, "n": 1}, rows)


def test_half_a_surrogate_pair_in_one_row_leaves_every_row_as_it_came() -> None:
    rows = [rb'{"n":"a\ud800"}', rb'{"n":"\\ud800"}', rb'{"n":"\ud83d\ude00\udc00"}']
    body = b'{"data":[' + b",".join(rows) + b"]}"
    assert wire.split(body, "data", "it") == ({"data": None}, rows)
    assert wire.parse_row(rows[0]) == {"n": "a\ud800"}


def test_a_row_that_stands_there_twice_is_two_rows() -> None:
    body = b'{"warnings":[],"data":[{"id":"1"},{"id":"1"}],"errors":[{"id":"1"}]}'
    envelope, rows = wire.split(body, "data", "it")
    assert rows == [b'{"id":"1"}', b'{"id":"1"}']
    assert envelope == {"warnings": [], "data": None, "errors": [{"id": "1"}]}


@pytest.mark.parametrize("body", [b'{"data":null}', b'{"data":{}}', b"{}", b'{"data":"[]"}'])
def test_a_listing_without_a_list_has_no_rows(body: bytes) -> None:
    assert wire.split(body, "data", "it")[1] is None


def test_an_answer_with_one_object_gives_its_exact_bytes() -> None:
    body = b'{"data": {"id" : "1"} ,"errors":[]}'
    assert wire.split_one(body, "data", "it")[1] == b'{"id" : "1"}'
    assert wire.split_one(b'{"data":[]}', "data", "it")[1] is None
    with pytest.raises(BadAnswer, match="a key twice"):
        wire.split_one(b'{"data":{"id":"1"},"data":{"id":"2"}}', "data", "it")
