"""One text for a JSON value: the text that Postgres itself gives to `jsonb`."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from syncd.model.jsontext import canonical_json
from syncd.store.embedded import EmbeddedPostgres

WRITTEN = [
    "null",
    "true",
    "false",
    "[]",
    "{}",
    '""',
    '" "',
    "0",
    "-0",
    "-0.0",
    "-0.00e5",
    "0e5",
    "0.000",
    "0E-3",
    "-7",
    "12345678901234567890123456789012345678901234567890",
    "1.0",
    "1.50",
    "1e2",
    "1E+2",
    "1.5e1",
    "1.50e1",
    "1e-7",
    "123456789.123456789e-12",
    "1e40",
    "1e-40",
    "0.1",
    "0.30000000000000004",
    "-19.989999",
    '"é\\u00e9\\ud83d\\ude00 客户 عربى"',
    '"a\\"b\\\\c\\/d\\b\\f\\n\\r\\t"',
    '"\\u0001\\u001f\\u007f\\u0080\\u2028\\u2029\\ufeff\\ufffd\\uffff"',
    '"</script> <!-- \' ` $1 %s {0}"',
    "[1, [2, [3, []]], {}]",
    '{"b": 1, "a": 2}',
    '{"aa": 1, "b": 2}',
    '{"aaa": 1, "B": 2, "bb": 3, "b": 4, "": 5}',
    '{"é": 1, "zz": 2, "z": 3, "客": 4, "aaa": 5, "😀": 6, "aaaa": 7}',
    '{"a": {"c": [{"b": null, "a": true}], "b": ""}}',
    '{"\\n": 1, "\\"": 2, "\\\\": 3}',
    '{"x" :\n [ 1 ,\t2 ] }',
]


def parsed(text: str) -> Any:
    """As the answers of providers are read: decimals stay exact."""
    return json.loads(text, parse_float=Decimal)


def invented(random_: random.Random, depth: int = 4) -> Any:
    """Any value, with keys and texts of many lengths and alphabets."""
    text = "".join(
        random_.choice('ab"\\/\n\t\x01é客😀 Z')
        for _ in range(random_.randrange(random_.choice([3, 9])))
    )
    plain = [
        text,
        None,
        random_.random() < 0.5,
        random_.randrange(-(10 ** random_.randrange(1, 30)), 10**20),
        float(random_.choice(["0.1", "1e22", "1e-9", "-0.0", "123.456"])),
    ]
    match random_.randrange(2 if depth == 0 else 4):
        case 2:
            keys = [text[:cut] for cut in range(random_.randrange(5))]
            return {key: invented(random_, depth - 1) for key in keys}
        case 3:
            return [invented(random_, depth - 1) for _ in range(random_.randrange(4))]
        case _:
            return random_.choice(plain)


async def as_postgres_has_it(cluster: EmbeddedPostgres, texts: list[str]) -> list[str]:
    connection = await asyncpg.connect(cluster.dsn("postgres"))
    try:
        found: list[str] = await connection.fetchval(
            "SELECT array_agg(one::jsonb::text ORDER BY place)"
            " FROM unnest($1::text[]) WITH ORDINALITY AS given (one, place)",
            texts,
        )
    finally:
        await connection.close()
    return found


async def test_the_text_is_the_one_of_postgres(cluster: EmbeddedPostgres) -> None:
    random_ = random.Random(7)
    texts = WRITTEN + [json.dumps(invented(random_)) for _ in range(2000)]
    expected = await as_postgres_has_it(cluster, texts)
    different = [
        (text, ours, theirs)
        for text, theirs in zip(texts, expected, strict=True)
        if (ours := canonical_json(parsed(text))) != theirs
    ]
    assert different == []
    assert [canonical_json(parsed(text)) for text in expected] == expected, "it is its own text"


def test_what_is_the_same_value_has_the_same_text() -> None:
    for one, other in (
        ('{"a":1,"b":2}', '{ "b": 2, "a": 1 }'),
        ("[1e2]", "[100]"),
        ('"\\u00e9\\/"', '"é/"'),
        ("-0.0", "0.0"),
    ):
        assert canonical_json(parsed(one)) == canonical_json(parsed(other))


def test_what_differs_has_different_texts() -> None:
    for one, other in (("1.0", "1"), ("[1, 2]", "[2, 1]"), ('"1"', "1"), ("null", '""')):
        assert canonical_json(parsed(one)) != canonical_json(parsed(other))


def test_a_value_may_be_as_deep_as_it_likes() -> None:
    value: Any = {"a": []}
    for _ in range(5_000):
        value = [{"x": value}]
    text = canonical_json(value)
    assert text.startswith('[{"x": [{"x": ')
    assert '{"a": []}' in text
    assert text.endswith("}]}]")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\ud800b", '"a\\ud800b"'),
        ({"\udfff": "\udfff"}, '{"\\udfff": "\\udfff"}'),
        (["\ud83d\ude00"], '["\\ud83d\\ude00"]'),
    ],
)
def test_half_a_surrogate_pair_becomes_a_text_that_can_be_stored(value: Any, text: str) -> None:
    assert canonical_json(value) == text
    assert text.isascii()
    assert json.loads(canonical_json(value)) == json.loads(text)


def test_the_value_is_left_as_it_was() -> None:
    value = {"b": [1, {"d": 1, "c": 2}], "a": 2}
    canonical_json(value)
    assert json.dumps(value) == '{"b": [1, {"d": 1, "c": 2}], "a": 2}'
