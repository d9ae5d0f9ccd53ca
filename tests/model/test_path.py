"""Field paths: keys and their quotes, which field a path belongs to, and which leave a value
needs."""

from __future__ import annotations

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.path import Field, Guard, Kind, field_of, key_of, keyed

STEM = "price.action"
KEYS = {
    "US": "price.action.US",
    "a-b_9": "price.action.a-b_9",
    "1": "price.action.1",
    "a.b": 'price.action."a.b"',
    "a,b": 'price.action."a,b"',
    "a b": 'price.action."a b"',
    "größe": 'price.action."größe"',
    "٣": 'price.action."٣"',
    "客户": 'price.action."客户"',
    'say "x"': 'price.action."say \\"x\\""',
    "back\\slash": 'price.action."back\\\\slash"',
    '\\"': 'price.action."\\\\\\""',
    '"': 'price.action."\\""',
    '""': 'price.action."\\"\\""',
    "*": 'price.action."*"',
    " ": 'price.action." "',
    "US\n": 'price.action."US\n"',
}


@pytest.mark.parametrize(("key", "path"), KEYS.items())
def test_a_key_is_quoted_unless_it_is_plain(key: str, path: str) -> None:
    assert keyed(STEM, key) == path
    assert key_of(STEM, path) == key


@given(st.text())
def test_every_key_comes_back_from_its_path(key: str) -> None:
    assert key_of(STEM, keyed(STEM, key)) == key


@given(st.text(), st.text())
def test_two_keys_never_share_a_path(one: str, other: str) -> None:
    assert (keyed(STEM, one) == keyed(STEM, other)) == (one == other)


@given(st.text(alphabet='\\"ab', max_size=8))
def test_quotes_and_backslashes_come_back_in_every_mixture(key: str) -> None:
    assert key_of(STEM, keyed(STEM, key)) == key


@pytest.mark.parametrize(
    "path", ["price.amount", "price.action", "price.action.", "price.actionX", "x.price.action.US"]
)
def test_another_path_has_no_key_there(path: str) -> None:
    assert key_of(STEM, path) is None


async def test_the_database_spells_a_key_the_same_way(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for key, path in KEYS.items():
            spelled = await connection.fetchval(
                "SELECT syncd.canonical_path($1, jsonb_populate_record("
                'NULL::syncd.fields, \'{"path": "x.*"}\'))',
                path.replace(STEM, "x"),
            )
            assert spelled == keyed("x", key)
    finally:
        await connection.close()


def test_a_field_covers_its_path_and_nothing_else() -> None:
    name = Field(path="name", kind=Kind.TEXT)
    assert name.covers("name")
    assert not name.covers("name.x")
    assert not name.covers("nam")
    country = Field(path="price.country.*", kind=Kind.AMOUNT)
    assert country.covers("price.country.US")
    assert country.covers('price.country."a.b"')
    assert not country.covers("price.country.")
    assert not country.covers("price.country")
    assert not country.covers("price.countryUS")
    assert not country.covers("price.country*")


def test_the_narrowest_field_that_covers_a_path_is_its_field() -> None:
    wide = Field(path="native.*", kind=Kind.TEXT)
    narrow = Field(path="native.actions.*", kind=Kind.JSON)
    exact = Field(path="native.type", kind=Kind.CHOICE)
    for fields in ((wide, narrow, exact), (exact, narrow, wide)):
        assert field_of(fields, "native.type") is exact
        assert field_of(fields, "native.actions.x") is narrow
        assert field_of(fields, "native.typeX") is wide
        assert field_of(fields, "name") is None
    assert field_of((), "name") is None


@pytest.mark.parametrize(
    ("field", "value", "guard"),
    [
        (Field(path="name", kind=Kind.TEXT), "x", None),
        (Field(path="deleted", kind=Kind.FLAG, guard=Guard.DELETE), "true", Guard.DELETE),
        (Field(path="status", kind=Kind.STATUS, guard=Guard.START), "active", Guard.START),
        (Field(path="status", kind=Kind.STATUS, guard=Guard.START), "paused", None),
        (
            Field(path="price.amount", kind=Kind.AMOUNT, nullable=True, guard=Guard.DISABLE),
            None,
            Guard.DISABLE,
        ),
        (
            Field(path="price.amount", kind=Kind.AMOUNT, nullable=True, guard=Guard.DISABLE),
            "5",
            None,
        ),
        (Field(path="price.amount", kind=Kind.AMOUNT, nullable=True), None, None),
        (Field(path="x", kind=Kind.TEXT, guard=Guard.DISABLE), None, Guard.DISABLE),
    ],
)
def test_which_leave_a_value_needs(field: Field, value: str | None, guard: Guard | None) -> None:
    assert field.guarded(value) is guard
