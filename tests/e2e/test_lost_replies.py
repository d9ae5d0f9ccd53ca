"""A reply that is lost, before its call was applied or after, at every call that changes anything:
the update is unknown, nothing is sent again before a read that began after the settle time, and
then its result is what the provider really has."""

from collections import Counter
from collections.abc import Mapping

import pytest

from syncd.model.recovery import SEARCHES
from syncd.model.registration import Scope
from syncd.providers import registry
from tests.e2e.aged import AGES, PROVIDERS, opened
from tests.e2e.conftest import Stage
from tests.e2e.endpoints import BOTH, Endpoint, of, queued
from tests.e2e.scene import Row, Scene
from tests.e2e.truths import assert_all_is_kept, is_there

SCOPES: Mapping[str, Scope] = {"icas": {"tenant": ("kleinanzeigen",)}}
Queued = Mapping[int, Endpoint]


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_call_that_changes_anything_is_in_the_table(provider: str, dialect: str) -> None:
    offered = registry.capabilities(provider, dialect, SCOPES.get(provider, {}))
    mine = of(provider, dialect)
    assert {one.operation for one in mine} == offered.writes
    assert any(one.creates for one in mine) == offered.creates
    can_delete = any(field.path == "deleted" for field in offered.fields)
    assert any(one.at == "delete" for one in mine) == can_delete


async def lost(scene: Scene, updates: Queued, kind: str, when: str) -> None:
    """Push, and lose every reply: all are unknown, and stay so as long as nothing may be read."""
    calls = Counter(endpoint.at for endpoint in updates.values())
    faults = {
        at: scene.simulator.faults.arm(kind, at, when=when, count=count)
        for at, count in calls.items()
    }
    await scene.push()
    assert {at: fault.fired for at, fault in faults.items()} == calls
    for _ in range(2):
        assert Counter(one.operation for one in scene.writes()) == calls
        for update, endpoint in updates.items():
            row = await scene.books.update(update)
            assert row["state"] == "unknown", (str(endpoint), row)
            assert row["waiting_for"]["code"] == "settle_time"
            (attempt,) = await scene.books.attempts(update)
            assert (attempt["operation"], attempt["outcome"]) == (endpoint.operation, "unknown")
        await scene.sync()


async def settled(scene: Scene, updates: Queued) -> list[tuple[Endpoint, Row]]:
    """The updates after recovery and, where they are sent again, their second answer; what was
    created is searched for three times."""
    for _ in range(SEARCHES):
        await scene.books.later(AGES)
        report = await scene.push()
        assert report.error is None
    return [(endpoint, await scene.books.update(one)) for one, endpoint in updates.items()]


async def confirmations(scene: Scene, updates: Queued) -> dict[str, str]:
    """What the pull after everything said of each update."""
    rows = [(str(endpoint), await scene.books.update(one)) for one, endpoint in updates.items()]
    return {name: row["confirmation"] for name, row in rows}


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_replies_lost_after_their_calls_were_applied_are_read_back(
    stage: Stage, provider: str, dialect: str
) -> None:
    scene = await opened(stage, provider, dialect)
    updates = await queued(scene, of(provider, dialect))
    await lost(scene, updates, "reset", "after")
    for endpoint, row in await settled(scene, updates):
        assert (row["state"], row["reason_code"]) == ("applied", "read_back"), (str(endpoint), row)
        assert {said["outcome"] for said in row["results"].values()} == {"applied"}
        assert is_there(scene, row)
        if endpoint.creates:
            (made,) = [one.items[0].id for one in scene.writes() if one.operation == "create"]
            assert row["external_id"] == made
    assert len(scene.writes()) == len(updates), "what was applied is not sent again"
    await assert_all_is_kept(scene)
    found = await confirmations(scene, updates)
    assert found == dict.fromkeys(found, "confirmed")


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_replies_lost_before_their_calls_were_applied_let_them_be_sent_once_more(
    stage: Stage, provider: str, dialect: str
) -> None:
    scene = await opened(stage, provider, dialect)
    campaigns = set(scene.truth())
    updates = await queued(scene, of(provider, dialect))
    await lost(scene, updates, "reset", "before")
    for endpoint, row in await settled(scene, updates):
        if endpoint.creates:
            assert (row["state"], row["reason_code"]) == ("held", "create_unresolved"), row
        else:
            assert (row["state"], row["reason_code"]) == ("applied", None), (str(endpoint), row)
            assert is_there(scene, row)
    once = [endpoint.at for endpoint in updates.values()]
    again = [at for at in once if at != "create"]
    assert Counter(one.operation for one in scene.writes()) == Counter(once + again)
    assert set(scene.truth()) == campaigns, "a create is never sent twice"
    await assert_all_is_kept(scene)
    found = await confirmations(scene, updates)
    wanted = {
        str(endpoint): "none" if endpoint.creates else "confirmed" for endpoint in updates.values()
    }
    assert found == wanted
