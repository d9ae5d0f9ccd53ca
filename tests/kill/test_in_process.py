"""An exception, a cancellation or the loss of the database at every crash point of a push and of a
recovery, for every kind of write: what the next pass makes of it is what the provider has."""

import pytest

from tests.e2e.conftest import Stage
from tests.kill.conftest import Fired
from tests.kill.courses import adopted, assert_all_is_true, left_unknown, queued, recovered_here
from tests.kill.points import IN_PROCESS, KINDS, POINTS, RECOVERY, Cell, cells, rotated
from tests.kill.victims import hit
from tests.waiting import eventually


async def course(stage: Stage, cell: Cell, fired: Fired) -> None:
    scene, updates = await queued(stage, cell.kind)
    if cell.point in RECOVERY:
        turn = POINTS.index(cell.point) + KINDS.index(cell.kind)
        await left_unknown(scene, cell.kind, is_applied=turn % 2 == 0)
    assert await hit(scene, cell) == 1
    fired(cell)
    await eventually(scene.is_quiet)
    if cell.point not in RECOVERY:
        await adopted(scene)
    await recovered_here(scene)
    await assert_all_is_true(scene, cell.kind, updates)


@pytest.mark.parametrize("cell", rotated(*IN_PROCESS), ids=str)
async def test_a_push_that_is_hit_is_made_good_by_the_next(
    stage: Stage, cell: Cell, fired: Fired
) -> None:
    await course(stage, cell, fired)


@pytest.mark.soak
@pytest.mark.parametrize("cell", cells(*IN_PROCESS), ids=str)
async def test_hit_anywhere_at_any_kind_of_write(stage: Stage, cell: Cell, fired: Fired) -> None:
    await course(stage, cell, fired)
