"""The harness shown to fail: every planted bug is caught by the scenario that is for it, and the
same scenario finds nothing without the bug."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.planted.bug import Bug
from tests.planted.table import BUGS, COUNT, NOT_YET
from tests.planted.told import TOLD


@pytest.mark.parametrize(
    "bug",
    [
        pytest.param(bug, id=f"{number}", marks=pytest.mark.soak if bug.is_slow else ())
        for number, bug in sorted(BUGS.items())
    ],
)
async def test_a_planted_bug_is_caught(
    tmp_path: Path, own_database_url: str, record_property: Callable[[str, object], None], bug: Bug
) -> None:
    scenario = bug.scenario.__name__.replace("_", " ")

    def tell(outcome: str) -> None:
        record_property(TOLD, (bug.number, bug.name, scenario, outcome))

    tell("DID NOT RUN TO ITS END")  # until another word takes its place
    sound = await bug.run(tmp_path, own_database_url, is_planted=False)
    if sound:
        tell(f"FAILS WITHOUT THE BUG: {sound[0]}")
    assert list(sound) == []
    found = await bug.run(tmp_path, own_database_url, is_planted=True)
    caught = [one for one in found if one.promise == bug.promise]
    tell(f"caught by {caught[0]}" if caught else "SURVIVED")
    assert caught, f"bug {bug.number} survived; found was {[str(one) for one in found]}"


def test_only_the_bug_that_needs_a_pooler_is_left_out() -> None:
    assert BUGS.keys() | NOT_YET.keys() == set(range(1, COUNT + 1))
    assert NOT_YET.keys() == {16}
    assert BUGS.keys().isdisjoint(NOT_YET)
