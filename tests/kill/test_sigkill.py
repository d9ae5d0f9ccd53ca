"""A real `syncd sync` killed with SIGKILL at every crash point of a push and of a recovery, for
every kind of write: what a new process makes of it is what the provider has."""

import pytest

from tests.e2e.aged import AGES
from tests.e2e.conftest import Stage
from tests.kill.conftest import Fired
from tests.kill.courses import (
    STATES,
    adopted,
    arrived,
    assert_all_is_true,
    left_unknown,
    queued,
    recovered,
)
from tests.kill.points import KINDS, POINTS, PUSH, RECOVERY, Cell, Manner, Reach, cells
from tests.kill.victims import killed
from tests.waiting import eventually

FEW = {"after_claim": "G", "mid_body": "D", "mid_reply_body": "A", "during_result_commit": "E"}
"""What `make test` has time for, beside tests/e2e/test_crash.py."""
ARRIVED = {
    Reach.NOTHING: (0, 0, 0),
    Reach.INTENDED: (0, 0, 0),
    Reach.PARTLY: (1, 0, 0),
    Reach.UNHEEDED: (1, 1, 0),
    Reach.APPLIED: (1, 1, 1),
    Reach.SETTLED: (1, 1, 1),
}


def few() -> list[Cell]:
    every = {(cell.point, cell.kind.letter): cell for cell in cells(Manner.SIGKILL)}
    return [every[one] for one in FEW.items()]


async def course(stage: Stage, cell: Cell, fired: Fired) -> None:
    scene, updates = await queued(stage, cell.kind)
    if cell.point in RECOVERY:
        turn = POINTS.index(cell.point) + KINDS.index(cell.kind)
        await left_unknown(scene, cell.kind, is_applied=turn % 2 == 0)
        await killed(scene, cell)
    else:
        await killed(scene, cell)
        await eventually(lambda: arrived(scene) == ARRIVED[cell.reach] and scene.is_quiet())
        assert (await scene.books.update(updates[0]))["state"] == STATES[cell.reach]
        await adopted(scene)
    fired(cell)
    await recovered(scene)
    await assert_all_is_true(scene, cell.kind, updates)


@pytest.mark.parametrize("cell", few(), ids=str)
async def test_a_killed_sync_is_made_good_by_the_next(
    stage: Stage, cell: Cell, fired: Fired
) -> None:
    await course(stage, cell, fired)


@pytest.mark.soak
@pytest.mark.parametrize("cell", cells(Manner.SIGKILL), ids=str)
async def test_killed_anywhere_at_any_kind_of_write(stage: Stage, cell: Cell, fired: Fired) -> None:
    await course(stage, cell, fired)


TWICE = [
    (first, second)
    for first, reach in PUSH.items()
    if reach not in {Reach.NOTHING, Reach.SETTLED}
    for second in RECOVERY
]
"""Where a killed push leaves something to recover."""


def twice() -> list[tuple[Cell, Cell]]:
    """Each pair once, kinds taking turns."""
    every = {str(cell): cell for cell in cells(Manner.SIGKILL)}
    found = []
    for at, pair in enumerate(TWICE):
        turns = (KINDS[(at + turn) % len(KINDS)] for turn in range(len(KINDS)))
        both = ([f"{point}-{kind}-{Manner.SIGKILL}" for point in pair] for kind in turns)
        first, second = next(one for one in both if one[0] in every)
        found.append((every[first], every[second]))
    return found


@pytest.mark.soak
@pytest.mark.parametrize(("first", "second"), twice(), ids=str)
async def test_killed_again_inside_the_recovery(
    stage: Stage, first: Cell, second: Cell, fired: Fired
) -> None:
    scene, updates = await queued(stage, first.kind)
    await killed(scene, first)
    await eventually(lambda: arrived(scene) == ARRIVED[first.reach] and scene.is_quiet())
    await adopted(scene)
    await scene.books.later(AGES)
    await killed(scene, second)
    fired(first)
    fired(second)
    await recovered(scene)
    await assert_all_is_true(scene, first.kind, updates)
