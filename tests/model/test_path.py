"""Field paths: the vocabulary is what it is, and nothing else."""

from __future__ import annotations

import pytest

from syncd.model.path import is_path


@pytest.mark.parametrize(
    "path",
    [
        "name",
        "note",
        "status",
        "budget.daily",
        "budget.monthly",
        "budget.lifetime",
        "price.amount",
        "price.type",
        "price.estimated_ctr",
        "price.estimated_conversion_rate",
        "price.burn_up_period",
        "price.start_up_period",
        "price.min_conversions",
        "price.min_clicks",
        "price.country.US",
        'price.action."sign.up, then pay"',
        "price.action.signup",
        "native.vendorId",
        'native."dotted.key"',
    ],
)
def test_a_path_of_the_vocabulary_is_known(path: str) -> None:
    assert is_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "budget",
        "budget.",
        "budget.weekly",
        "Budget.daily",
        "budget.daily ",
        "budget.daily\n",
        "price.country.usa",
        "price.country.us",
        "price.country.",
        "price.action.",
        "price.action.a.b",
        'price.action.""',
        "native.",
        "native.a.b",
        "native.a,b",
        "spend",
        "status.seen",
    ],
)
def test_any_other_text_is_no_path(path: str) -> None:
    assert not is_path(path)
