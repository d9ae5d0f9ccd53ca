"""When a complete listing is believed, and when it looks like a fault instead."""

from __future__ import annotations

import pytest

from syncd.model.brake import Absence, brake


@pytest.mark.parametrize(
    ("known", "newly", "parts", "said"),
    [
        (0, 0, (), None),
        (1, 0, (), None),
        (1, 1, (), "none of the 1"),
        (9, 8, (), None),
        (9, 9, (), "none of the 9"),
        (10, 3, (), None),
        (10, 4, (), "4 of 10"),
        (100, 30, (), None),
        (100, 31, (), "31 of 100"),
        (250, 250, (), "none of the 250"),
        (250, 1, ("11", "12"), "11, 12"),
        (250, 0, (), None),
    ],
)
def test_a_listing_that_shows_much_less_counts_nothing_as_missing(
    known: int, newly: int, parts: tuple[str, ...], said: str | None
) -> None:
    ids = tuple(str(number) for number in range(newly))
    why = brake(Absence(known=known, ids=ids, newly=newly, empty_parts=parts))
    if said is None:
        assert why is None
    else:
        assert why is not None
        assert said in why


def test_campaigns_that_were_missing_before_do_not_brake_again() -> None:
    ids = tuple(str(number) for number in range(90))
    assert brake(Absence(known=10, ids=ids, newly=1, empty_parts=())) is None


@pytest.mark.parametrize(("accepted", "brakes"), [(0, True), (39, True), (40, False), (41, False)])
def test_a_person_lets_so_many_pass_and_no_more(accepted: int, *, brakes: bool) -> None:
    ids = tuple(str(number) for number in range(40))
    absence = Absence(known=100, ids=ids, newly=40, empty_parts=("11",), accepted=accepted)
    assert (brake(absence) is not None) is brakes
