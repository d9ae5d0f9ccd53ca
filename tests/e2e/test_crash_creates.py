"""syncd killed while it creates a campaign, at every provider that lets it: one that was made is
taken as ours by its id, one that was not is left to a person, and none is made twice."""

import signal

import pytest

from tests.e2e.conftest import Stage
from tests.e2e.endpoints import ENDPOINTS, Endpoint, queued
from tests.e2e.place import simulated
from tests.e2e.processes import syncd
from tests.e2e.truths import assert_all_is_kept, is_there

CREATES = {one.provider: one for one in ENDPOINTS if one.creates and one.dialect == "documented"}
POINTS = {
    "criteo": "after_intent_commit",
    "icas": "before_result_commit",
    "pai": "before_result_commit",
    "voipbin": "after_intent_commit",
}


@pytest.mark.parametrize("endpoint", CREATES.values(), ids=CREATES)
async def test_a_create_whose_process_dies_is_found_or_left_to_a_person(
    stage: Stage, endpoint: Endpoint
) -> None:
    point = POINTS[endpoint.provider]
    scene = await stage(simulated(endpoint.provider))
    await scene.pull()
    ((update, _),) = (await queued(scene, [endpoint])).items()
    code, told = await syncd(scene.place, "sync", "--push", SYNCD_CRASHPOINT=point)
    assert code == -signal.SIGKILL, told
    assert await scene.books.states([update]) == ["sending"]
    made = [one.items[0].id for one in scene.writes()]
    assert len(made) == (0 if point == "after_intent_commit" else 1)
    for _ in range(2):
        await scene.sync(wait_unknown=True)
    row = await scene.books.update(update)
    if made:
        assert (row["state"], row["external_id"]) == ("applied", made[0]), row
        assert is_there(scene, row)
    else:
        assert (row["state"], row["reason_code"]) == ("held", "create_unresolved"), row
    assert len(scene.writes()) == len(made)
    await assert_all_is_kept(scene)
