"""The faults of the simulated Criteo that change its world beside its answer, what a write tells
the journal before it is judged, and reads that no document shows."""

from decimal import Decimal
from typing import Any

import pytest

from syncd.simulator import Settings
from syncd.simulator.criteo.world import UNCAPPED, capped
from tests.simulator.client import CAMPAIGNS, Answer, Client, limit
from tests.simulator.conftest import Start


async def push(client: Client, amount: str = "812.75") -> tuple[Answer, Any, str]:
    """Update one ordinary campaign; the answer, the journal's item and its period."""
    pick = client.simulator.service.picks()["ordinary"][0]
    period = pick["path"].removeprefix("budget.")
    answer = await client.update((pick["id"], limit(period, amount)))
    return answer, client.simulator.journal.of("update")[-1].items[0], period


@pytest.mark.parametrize(
    ("kind", "options", "amount"),
    [
        ("clamp", {}, "406.375"),
        ("clamp", {"to": "500"}, "500"),
        ("clamp", {"to": "900"}, "812.75"),
        ("round", {}, "812"),
    ],
)
async def test_an_amount_is_accepted_and_becomes_another(
    client: Client, kind: str, options: dict[str, Any], amount: str
) -> None:
    client.simulator.faults.arm(kind, "update", **options)
    answer, item, period = await push(client)
    assert (answer.status, answer.ids, answer.value["warnings"]) == (200, [item.id], [])
    assert item.truth == "applied"
    assert item.new[f"budget.{period}"] == amount
    assert client.simulator.world.campaigns[item.id].limit == capped(period, amount)


async def test_an_amount_that_waits_without_a_word_comes_with_the_period(client: Client) -> None:
    client.simulator.faults.arm("later", "update")
    world = client.simulator.world
    answer, item, period = await push(client)
    assert (answer.ids, answer.value["warnings"]) == ([item.id], [])
    assert item.truth == "applied_pending"
    assert world.campaigns[item.id].limit.amount != Decimal("812.75")
    await client.admin("turn", renewal=period)
    assert world.campaigns[item.id].limit == capped(period, "812.75")


async def test_a_write_that_was_never_judged_says_what_it_asked_for(client: Client) -> None:
    client.simulator.faults.arm("status", "update", when="before", status=503)
    before = client.simulator.world.campaigns
    _, item, period = await push(client)
    assert item.truth == "untouched"
    assert item.new[f"budget.{period}"] == "812.75"
    assert item.old == before[item.id].limit.paths()


@pytest.mark.parametrize(("when", "truth"), [("before", "untouched"), ("after", "applied")])
async def test_a_create_whose_answer_is_lost_has_its_truth_in_the_journal(
    client: Client, when: str, truth: str
) -> None:
    attributes = {"name": "Twin", "advertiserId": 12345, "goal": "Retention"}
    wanted = {**attributes, "spendLimit": {"spendLimitType": "uncapped"}}
    client.simulator.faults.arm("status", "create", when=when)
    answer = await client.call("POST", CAMPAIGNS, {"data": {"attributes": wanted}})
    assert answer.status == 500
    (item,) = client.simulator.journal.of("create")[-1].items
    assert (item.kind, item.truth) == ("create", truth)
    world = client.simulator.world
    assert len(world.campaigns) == (31 if truth == "applied" else 30)
    if truth == "applied":
        assert world.campaigns[item.id].limit == UNCAPPED


async def test_a_new_campaign_can_be_out_of_sight_for_a_while(client: Client) -> None:
    client.simulator.faults.arm("unseen", "create")
    attributes = {"name": "A", "advertiserId": "12345", "goal": "Acquisition"}
    wanted = {**attributes, "spendLimit": limit("daily", 5)}
    answer = await client.call("POST", CAMPAIGNS, {"data": {"attributes": wanted}})
    made = answer.value["data"]["id"]
    assert (answer.status, made in (await client.search()).ids) == (201, False)
    await client.admin("restore", ids=[made])
    assert made in (await client.search()).ids


async def test_a_search_can_show_rows_twice_and_things_that_no_document_names(
    client: Client,
) -> None:
    arm = client.simulator.faults.arm
    arm("twice", "search", rows=2)
    ids = (await client.search()).ids
    assert len(ids) == 32
    assert ids[:2] == ids[30:]
    arm("unknown_enum", "search")
    attributes = (await client.search()).value["data"][0]["attributes"]
    assert attributes["goal"] == "Consideration"
    assert attributes["spendLimit"]["spendLimitRenewal"] == "weekly"
    arm("new_fields", "get")
    shown = (await client.get(ids[0])).value["data"]
    assert shown["links"] == {"self": None}
    assert shown["attributes"]["pacing"]["share"] == Decimal("0.5")


async def test_people_edit_by_path_at_once_and_without_rules(client: Client) -> None:
    world = client.simulator.world
    one = world.ids()[0]
    values = {"name": "By hand", "native.goal": "Unspecified", "budget.monthly": "7.5"}
    (truth,) = (await client.admin("edit", edits=[{"id": one, "values": values}]))["campaigns"]
    assert truth["values"] == values | {
        "budget.daily": "unlimited",
        "budget.lifetime": "unlimited",
        "native.advertiserId": world.campaigns[one].advertiser_id,
    }
    await client.admin("edit", id=one, values={"budget.monthly": "unlimited"})
    assert world.campaigns[one].limit == UNCAPPED
    for wrong in (
        {"budget.monthly": "1", "budget.daily": "2"},
        {"budget.weekly": "1"},
        {"budget.daily": "x"},
        {"name": None},
        {"status": "paused"},
    ):
        assert "error" in await client.admin("edit", id=one, values=wrong)
    assert "unknown" in (await client.admin("edit", id="nobody", values={}))["error"]
    assert world.campaigns[one].limit == UNCAPPED


async def test_a_default_limit_is_the_documented_one(start: Start) -> None:
    client = await start(Settings(campaigns=5))
    assert (await client.admin("state"))["limits"] == {"default": "250/60s"}
    assert (await client.authenticate()).value["expires_in"] == 900
