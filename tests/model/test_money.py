"""Amounts: what is taken, the one form that is kept, and what each refusal says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.money import AmountError, canonical, parse_amount

CENTS = st.decimals(min_value=0, max_value=10**12, places=2, allow_nan=False)
MICROS = st.decimals(min_value=0, max_value=10**12, places=6, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("0", "0"),
        ("0.000000", "0"),
        ("120", "120"),
        ("120.50", "120.5"),
        ("007.10", "7.1"),
        ("100", "100"),
        ("1000000", "1000000"),
        ("0.000001", "0.000001"),
        ("99999999999999.999999", "99999999999999.999999"),
    ],
)
def test_an_amount_has_one_form(text: str, kept: str) -> None:
    assert canonical(parse_amount(text)) == kept


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-5", "is negative"),
        ("-0", "is negative"),
        ("abc", "is not an amount"),
        ("", "is not an amount"),
        ("NaN", "is not an amount"),
        ("Infinity", "is not an amount"),
        ("1e400", "is not an amount"),
        ("1e2", "is not an amount"),
        ("+5", "is not an amount"),
        ("5.", "is not an amount"),
        (".5", "is not an amount"),
        (" 5", "is not an amount"),
        ("5\n", "is not an amount"),
        ("0x10", "is not an amount"),
        ("1_000", "is not an amount"),
        ("٣", "is not an amount"),
        ("１２", "is not an amount"),
        ("unlimited", "is not an amount"),
        ("1,000.50", "is ambiguous"),
        ("1.000,50", "is ambiguous"),
        ("1 000", "is ambiguous"),
        ("1'000", "is ambiguous"),
        ("100000000000000", "is larger than any budget"),
        ("9" * 5000, "is larger than any budget"),
        ("0.12345678901234567890", "has more than 6 decimals"),
        ("0.1234567", "has more than 6 decimals"),
    ],
)
def test_a_text_that_is_no_amount_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(text)
    message = str(refused.value)
    assert said in message
    assert len(message) < 150


def test_decimals_beyond_what_the_provider_keeps_are_refused_and_zeros_are_not() -> None:
    assert parse_amount("1.500000", scale=2) == Decimal("1.5")
    with pytest.raises(AmountError, match="more than 2 decimals"):
        parse_amount("1.505", scale=2)
    with pytest.raises(AmountError, match="more than 2 decimals"):
        parse_amount("1.1234567", scale=2)


@given(MICROS)
def test_what_was_written_is_read_again(amount: Decimal) -> None:
    text = canonical(amount)
    assert parse_amount(text) == amount
    assert canonical(parse_amount(text)) == text
    assert "E" not in text.upper()


@given(CENTS, CENTS)
def test_two_amounts_have_one_form_only_when_they_are_equal(one: Decimal, other: Decimal) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


@given(st.text(alphabet="0123456789.,-+eE _'NaInfty\u0660\n", max_size=20))
def test_every_text_is_an_amount_or_refused(text: str) -> None:
    try:
        amount = parse_amount(text)
    except AmountError:
        return
    assert amount.is_finite()
    assert amount >= 0
    assert amount == Decimal(text)
