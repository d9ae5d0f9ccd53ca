"""Durations, limits and amounts, for any input that a file can hold."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from syncd.config import values
from syncd.config.account import request_limit
from tests.config.conftest import refusal_of

SECONDS = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
TOML_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
READERS: list[Callable[[object], object]] = [
    values.duration,
    values.positive_duration,
    values.limit,
    values.share,
    values.amount,
    values.name,
    values.identifiers,
    values.currency,
    values.flag,
]


@given(st.integers(0, 34_000_000), st.sampled_from(sorted(SECONDS)))
def test_a_duration_is_its_number_times_its_unit(number: int, unit: str) -> None:
    expected = number * SECONDS[unit]
    if expected > 400 * 86400:
        with pytest.raises(PydanticCustomError):
            values.duration(f"{number}{unit}")
    else:
        assert values.duration(f"{number}{unit}") == timedelta(
            microseconds=int(expected * 1_000_000)
        )


@given(st.text(max_size=12))
def test_any_other_text_is_no_duration(text: str) -> None:
    refused = refusal_of(values.duration, text)
    if refused is None:
        assert timedelta(0) <= values.duration(text) <= values.LONGEST
        assert text.isascii()
    else:
        assert refused["code"] == "bad-duration"


@given(
    st.decimals(min_value=1, max_value=10_000, places=2),
    st.integers(1, 86400),
    st.sampled_from(["0.1", "0.5", "1"]),
    st.none() | st.integers(0, 5000),
)
def test_every_limit_that_leaves_one_request_has_a_bucket_that_keeps_it(
    count: Decimal, window: int, share: str, jitter: int | None
) -> None:
    setting = values.limit(f"{count}/{window}s")
    assert setting == values.LimitSetting(count=count, window=timedelta(seconds=window))
    spread = None if jitter is None else timedelta(milliseconds=jitter)
    limit = request_limit(setting, Decimal(share), spread)
    if count * Decimal(share) >= 1:
        assert limit.capacity + limit.rate * window < int(limit.count) + 1


@settings(max_examples=50)
@given(TOML_VALUES)
def test_no_reader_fails_otherwise_than_by_a_refusal(value: object) -> None:
    for reader in READERS:
        refused = refusal_of(reader, value)
        if refused is not None:
            assert refused["code"]
            assert refused["help"]
            assert refused["text"].isprintable()


@given(st.integers(0, 10**14 - 1), st.integers(0, 999_999))
def test_an_amount_keeps_every_digit(whole: int, fraction: int) -> None:
    text = f"{whole}.{fraction:06d}"
    assert str(values.amount(text)) == text


@pytest.mark.parametrize(
    "text", ["", "-5", "+5", "1e400", "NaN", "Infinity", "1_000", "1,000", " 5", "٥", "5.", ".5"]
)
def test_what_is_no_plain_decimal_is_no_amount(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        values.amount(text)
