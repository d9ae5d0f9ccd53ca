"""Answers of somebody who stands before the provider: what they say of everything proves nothing of
a campaign."""

from syncd.simulator.faults import Fault
from tests.e2e.aged import opened
from tests.e2e.conftest import Stage
from tests.e2e.endpoints import Stock
from tests.e2e.scene import Scene


def mislead(scene: Scene) -> Fault:
    return scene.simulator.faults.arm(
        "status", "get", when="before", status=404, body="<html>404 nginx</html>", count=None
    )


async def test_404_to_every_pricing_is_no_proof_that_one_was_disabled(stage: Stage) -> None:
    scene = await opened(stage, "epom")
    stock = Stock(scene=scene)
    campaign = stock.with_values(type="CPM")
    update = await scene.books.queue(campaign["id"], {"price.amount": None})
    fault = mislead(scene)
    await scene.push()
    assert fault.fired
    assert await scene.books.states([update]) == ["queued"]
    assert scene.writes() == []
    await scene.pull()
    assert await scene.differences() == [], "what was known of the prices stays"
    scene.simulator.faults.clear()
    await scene.push()
    assert await scene.books.states([update]) == ["applied"]
    assert len(scene.writes()) == 1
    assert await scene.violations() == []
