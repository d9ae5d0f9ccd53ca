"""Calls at every provider whose answer says nothing, comes too late or never: what was applied is
found, what was not is sent once more, starts and creates are never repeated blindly."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from syncd.model.recovery import SEARCHES
from tests.arrivals import same
from tests.e2e.aged import AGES, PROVIDERS, opened
from tests.e2e.conftest import Stage
from tests.e2e.endpoints import ENDPOINTS, Endpoint, Stock, of, queued
from tests.e2e.scene import Row, Scene
from tests.e2e.truths import assert_all_is_kept, is_there
from tests.waiting import eventually, let_pass

UNREADABLE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("status", "after", {"status": 503}),
    ("status", "before", {"status": 500}),
    ("html", "after", {}),
    ("truncate", "before", {}),
    ("redirect", "after", {"location": "http://127.0.0.1:9/elsewhere"}),
    ("malformed", "after", {}),
    ("status", "before", {"status": 504, "body": "<html>upstream timed out</html>"}),
    ("status", "after", {"status": 502}),
)
PLACES = ("SE", "NO", "FI")
TOO_LONG = 21.0
"""A second more than a call has."""


async def settled(scene: Scene, updates: Iterable[int]) -> list[Row]:
    """The updates after recovery and, where they are sent again, their second answer; what was
    created is searched for three times."""
    for _ in range(SEARCHES):
        await scene.books.later(AGES)
        report = await scene.push()
        assert report.error is None
    return [await scene.books.update(one) for one in updates]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_answer_that_says_nothing_leaves_the_truth_to_a_read(
    stage: Stage, provider: str
) -> None:
    scene = await opened(stage, provider)
    updates = await queued(scene, of(provider, "documented"))
    calls = Counter[str]()
    applied = {}
    for place, endpoint in enumerate(updates.values()):
        kind, when, options = UNREADABLE[place % len(UNREADABLE)]
        calls[endpoint.at] += 1
        scene.simulator.faults.arm(kind, endpoint.at, when=when, nth=calls[endpoint.at], **options)
        applied[str(endpoint)] = when == "after"
    await scene.push()
    assert set(await scene.books.states(updates)) == {"unknown"}
    by_arrival = [one for one in scene.writes() if one.items[0].truth == "untouched"]
    rows = await settled(scene, updates)
    for endpoint, row in zip(updates.values(), rows, strict=True):
        if endpoint.creates and row["reason_code"] != "read_back":
            assert (row["state"], row["reason_code"]) == ("held", "create_unresolved"), row
        else:
            assert row["state"] == "applied", (str(endpoint), row)
            assert is_there(scene, row)
    again = [one.operation for one in by_arrival if one.operation != "create"]
    assert Counter(one.operation for one in scene.writes()) == calls + Counter(again)
    await assert_all_is_kept(scene)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_calls_that_take_effect_after_everybody_gave_up_are_not_sent_twice(
    stage: Stage, provider: str
) -> None:
    scene = await opened(stage, provider, push={"settle": "120s", "in_flight": 16})
    updates = await queued(scene, of(provider, "documented"))
    calls = Counter(endpoint.at for endpoint in updates.values())
    held = [
        scene.simulator.faults.arm("hold", at, when="before", count=count)
        for at, count in calls.items()
    ]
    pushing = asyncio.create_task(scene.push())
    for fault, count in zip(held, calls.values(), strict=True):
        await fault.wait_fired(count)
    let_pass(TOO_LONG)
    await pushing
    assert set(await scene.books.states(updates)) == {"unknown"}
    for fault in held:
        fault.release()
    await eventually(scene.is_quiet)
    rows = await settled(scene, updates)
    for endpoint, row in zip(updates.values(), rows, strict=True):
        assert (row["state"], row["reason_code"]) == ("applied", "read_back"), (str(endpoint), row)
        assert is_there(scene, row)
    assert Counter(one.operation for one in scene.writes()) == calls
    await assert_all_is_kept(scene)


HALVED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("icas", "budgets", {"budget.daily": "321.5", "budget.lifetime": "90001"}),
    ("epom", "batch", {f"price.country.{one}": f"{price}" for price, one in enumerate(PLACES, 2)}),
    ("epom", "update_country", dict.fromkeys((f"price.country.{one}" for one in PLACES), "1.25")),
    ("pai", "update", {"name": "Half of it", "note": "and the other"}),
    ("voipbin", "update", {"note": "Half of it", "native.actions": "[]"}),
)


@pytest.mark.parametrize(("provider", "at", "patch"), HALVED)
async def test_what_half_of_a_call_did_is_told_path_by_path(
    stage: Stage, provider: str, at: str, patch: dict[str, Any]
) -> None:
    scene = await opened(stage, provider)
    stock = Stock(scene=scene)
    campaign = stock.with_values(type="CPM") if provider == "epom" else stock.pick()
    update = await scene.books.queue(campaign["id"], patch)
    fault = scene.simulator.faults.arm("half", at)
    await scene.push()
    assert fault.fired == 1
    assert await scene.books.states([update]) == ["unknown"]
    (row,) = await settled(scene, [update])
    assert row["state"] in {"applied", "held"}, row
    values = scene.truth()[campaign["id"]]["values"]
    there = {path for path, one in row["patch"].items() if same(path, values.get(path), one)}
    assert there
    said = {path for path, one in row["results"].items() if one["outcome"] == "applied"}
    assert said == there, row
    await assert_all_is_kept(scene)


STARTS = [one for one in ENDPOINTS if one.detail in {"start", "activate"}]


@pytest.mark.parametrize("endpoint", STARTS, ids=str)
async def test_a_start_without_an_answer_is_not_repeated_when_its_time_has_passed(
    stage: Stage, endpoint: Endpoint
) -> None:
    scene = await opened(stage, endpoint.provider, endpoint.dialect)
    stock = Stock(scene=scene)
    asked = [endpoint.ask(stock) for _ in range(2 if endpoint.provider == "voipbin" else 1)]
    ids = [await scene.books.queue(*one) for one in asked]
    for one in [await scene.books.update(update) for update in ids]:
        assert one["expires_at"] is not None
    scene.simulator.faults.arm("reset", endpoint.at, when="before")
    scene.simulator.faults.arm("reset", endpoint.at, when="after", nth=2)
    await scene.push()
    assert await scene.books.states(ids) == ["unknown"] * len(ids)
    truths = {one.items[0].id: one.items[0].truth for one in scene.writes()}
    await scene.books.later("2 hours")
    for _ in range(2):
        await scene.push()
    rows = [await scene.books.update(update) for update in ids]
    for row in rows:
        wanted = "applied" if truths[row["external_id"]] == "applied" else "expired"
        assert (row["state"], is_there(scene, row)) == (wanted, wanted == "applied"), row
    assert "untouched" in truths.values()
    assert len(scene.writes()) == len(ids)
    await assert_all_is_kept(scene)


CREATES = [one for one in ENDPOINTS if one.creates and one.dialect == "documented"]
HIDDEN = {
    "criteo": ("unseen", {}),
    "icas": ("vendor_lag", {"everywhere": True}),
    "pai": ("list_lag", {}),
}
"""How a provider makes a campaign that nobody sees yet."""


@pytest.mark.parametrize(
    "endpoint", [one for one in CREATES if one.provider in HIDDEN], ids=lambda one: one.provider
)
async def test_a_campaign_that_was_made_and_is_not_shown_yet_is_not_made_again(
    stage: Stage, endpoint: Endpoint
) -> None:
    scene = await opened(stage, endpoint.provider)
    updates = await queued(scene, [endpoint])
    kind, options = HIDDEN[endpoint.provider]
    scene.simulator.faults.arm(kind, "create", **options)
    scene.simulator.faults.arm("reset", "create", when="after")
    await scene.push()
    (row,) = await settled(scene, updates)
    assert (row["state"], row["reason_code"]) == ("held", "create_unresolved"), row
    assert row["waiting_for"]["code"] == "decision"
    for _ in range(2):
        await settled(scene, updates)
        await scene.sync()
    assert len(scene.writes()) == 1
    assert await scene.violations(settle=0) == []


@pytest.mark.parametrize("endpoint", CREATES, ids=lambda one: one.provider)
async def test_of_two_new_campaigns_that_look_alike_none_is_taken_for_ones_own(
    stage: Stage, endpoint: Endpoint
) -> None:
    scene = await opened(stage, endpoint.provider)
    _, patch = endpoint.ask(Stock(scene=scene))
    ids = []
    for place in range(2):
        own = {"native.vendorId": f"e2e-{place}"} if "native.vendorId" in patch else {}
        ids.append(await scene.books.queue(None, {**patch, **own}))
    scene.simulator.faults.arm("reset", "create", when="after", count=2)
    await scene.push()
    assert await scene.books.states(ids) == ["unknown"] * 2
    rows = await settled(scene, ids)
    made = [one.items[0].id for one in scene.writes()]
    if endpoint.provider == "icas":  # it has a key of the seller's own
        assert [row["state"] for row in rows] == ["applied"] * 2
        assert all(is_there(scene, row) for row in rows)
    else:
        assert {(row["state"], row["reason_code"]) for row in rows} == {
            ("held", "create_unresolved")
        }
        assert all(one in rows[0]["reason"] for one in made)
    assert len(made) == 2
    await assert_all_is_kept(scene)


@pytest.mark.parametrize(("provider", "options"), [("pai", {}), ("voipbin", {"apply": True})])
async def test_a_new_campaign_is_not_taken_for_another_that_was_made_by_an_unanswered_call(
    stage: Stage, provider: str, options: dict[str, Any]
) -> None:
    scene = await opened(stage, provider)
    (endpoint,) = [one for one in CREATES if one.provider == provider]
    _, patch = endpoint.ask(Stock(scene=scene))
    first = await scene.books.queue(None, patch)
    scene.simulator.faults.arm("reset", "create", when="after")
    await scene.push()
    (arrival,) = scene.writes()
    second = await scene.books.queue(None, {**patch, "name": "Another name"})
    scene.simulator.faults.arm("echo_other", "create", id=arrival.items[0].id, **options)
    await scene.push()
    assert await scene.books.states([first, second]) == ["unknown"] * 2
    rows = await settled(scene, [first, second])
    assert [row["external_id"] for row in rows] == [one.items[0].id for one in scene.writes()]
    assert all(row["state"] == "applied" and is_there(scene, row) for row in rows), rows
    await assert_all_is_kept(scene)


def twin(scene: Scene, endpoint: Endpoint) -> dict[str, Any]:
    """The create of a campaign just like one that everybody knows."""
    _, patch = endpoint.ask(Stock(scene=scene))
    for known in scene.simulator.world.ids():
        values = scene.truth()[known]["values"]
        alike = {path: values.get(path) for path in patch}
        is_whole = all(one not in {None, "", "unlimited"} for one in alike.values())
        if is_whole and alike.get("native.goal") != "Unspecified":
            return alike
    raise AssertionError("no campaign has all that a create needs")


@pytest.mark.parametrize("endpoint", CREATES, ids=lambda one: one.provider)
async def test_an_old_campaign_that_looks_alike_is_not_taken_for_a_new_one(
    stage: Stage, endpoint: Endpoint
) -> None:
    scene = await opened(stage, endpoint.provider)
    update = await scene.books.queue(None, twin(scene, endpoint))
    scene.simulator.faults.arm("reset", "create", when="before")
    await scene.push()
    assert await scene.books.states([update]) == ["unknown"]
    (row,) = await settled(scene, [update])
    assert (row["state"], row["external_id"]) == ("held", None), row
    assert row["reason_code"] == "create_unresolved"
    assert len(scene.writes()) == 1
    await assert_all_is_kept(scene)
