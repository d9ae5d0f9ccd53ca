"""Bugs in what it takes before a campaign counts as gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncd.engine import pull
from syncd.store.mirror import Sighting
from tests.conduct import false_tombstones
from tests.e2e.scene import Scene
from tests.planted.bug import Bug, Ground
from tests.planted.planting import Plant, replaced, together
from tests.promises import Violation


async def _judged(scene: Scene) -> Sequence[Violation]:
    mirror = await scene.books.campaigns()
    return list(false_tombstones(scene.truth().values(), mirror.values()))


async def a_page_without_rows(ground: Ground) -> Sequence[Violation]:
    """A listing is answered with HTTP 200, no rows and a total of none."""
    async with ground.scene("pai") as scene:
        scene.simulator.faults.arm("page_empty", "list", total=0, count=None)
        await scene.pull()
        return await _judged(scene)


async def a_campaign_that_hides_for_a_moment(ground: Ground) -> Sequence[Violation]:
    """One pull, and the single read beside it, do not show a campaign that is there again soon."""
    async with ground.scene("pai") as scene:
        (hidden, *_) = scene.simulator.world.ids()
        scene.simulator.world.remove([hidden])
        await scene.pull()
        scene.simulator.world.restore([hidden])
        return await _judged(scene)


def _empty_is_proof() -> Plant:
    async def absence(account: Any, sighting: Any) -> Any:
        found = await sighting.absent(account.provider.capabilities)
        return found, found.ids

    return together(
        replaced(pull, "brake", lambda _: None),
        replaced(pull, "_absence", absence),
    )


def _once_is_enough() -> Plant:
    async def overdue(_: Any, ids: Any) -> list[str]:
        return list(ids)

    return replaced(Sighting, "overdue", overdue)


BUGS = (
    Bug(
        number=20,
        name="an empty page is taken for proof that all are gone",
        scenario=a_page_without_rows,
        promise=9,
        plant=_empty_is_proof,
    ),
    Bug(
        number=21,
        name="one pull is enough to call a campaign gone",
        scenario=a_campaign_that_hides_for_a_moment,
        promise=9,
        plant=_once_is_enough,
    ),
)
