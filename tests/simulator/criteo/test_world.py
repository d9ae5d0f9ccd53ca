"""The made-up world: the same for a seed, rich enough for every documented answer."""

from collections import Counter
from decimal import Decimal

import pytest

from syncd.simulator import Settings
from syncd.simulator.criteo.population import picks, populate
from syncd.simulator.criteo.world import capped
from tests.simulator.client import Client, limit
from tests.simulator.conftest import Start

CASES = {"uncapped", "lifetime_spent", "daily_spent", "unavailable_feature", "hidden_rule"}


@pytest.mark.parametrize("seed", range(20))
def test_every_world_of_25_campaigns_has_every_case(seed: int) -> None:
    world = populate(seed, 25, 5)
    found = picks(world)
    assert found.keys() == CASES | {"ordinary"}
    assert {one["path"] for one in found["ordinary"]} == {"budget.daily", "budget.monthly"}
    assert len(found["ordinary"]) >= 5
    owners = Counter(one.advertiser_id for one in world.campaigns.values())
    assert min(owners.values()) >= 5
    assert len(owners) == 5


@pytest.mark.parametrize("seed", range(5))
async def test_every_pick_gets_the_answer_that_it_promises(start: Start, seed: int) -> None:
    client = await start(Settings(campaigns=250, seed=seed, rate=None))
    told = await client.admin("criteo/picks")
    chosen = [told[case] for case in sorted(CASES)] + told["ordinary"]
    assert len({pick["id"] for pick in chosen}) == len(CASES) + 20
    answer = await client.update(
        *(
            (pick["id"], limit(pick["path"].removeprefix("budget."), pick["amount"]))
            for pick in chosen
        )
    )
    problems = answer.value["errors"] + answer.value["warnings"]
    said = {int(one["instance"].removeprefix("@data/")): one["code"] for one in problems}
    assert len(problems) == len(said) == len(CASES)
    assert said == {i: pick["code"] for i, pick in enumerate(chosen) if pick["code"]}


def test_names_are_of_every_kind() -> None:
    names = [one.name for one in populate(1, 250, 5).campaigns.values()]
    for part in ("🎯", "<script>", "=HYPERLINK", "حملة", "\u202e", "\n"):
        assert any(part in name for name in names), part
    assert " " in names
    assert names.count("Twin") == 2
    assert max(len(name) for name in names) == 500


def test_ids_outgrow_32_bits_and_are_all_different() -> None:
    world = populate(3, 250, 5)
    assert len(world.campaigns) == 250
    assert min(int(one) for one in world.campaigns) < 2**31
    assert max(int(one) for one in world.campaigns) > 2**32


async def test_a_person_edits_removes_restores_and_adds(client: Client) -> None:
    one, other, *_ = client.simulator.world.campaigns
    await client.admin(
        "edit",
        edits=[
            {"id": one, "name": "renamed\u0000", "goal": "Retention"},
            {"id": other, "budget": {"monthly": "77.10"}},
        ],
    )
    shown = {entry["id"]: entry["attributes"] for entry in (await client.search()).value["data"]}
    assert (shown[one]["name"], shown[one]["goal"]) == ("renamed\u0000", "Retention")
    assert shown[other]["spendLimit"] == limit("monthly", "77.1")
    await client.admin("edit", id=other, budget="unlimited")
    truth = await client.admin(f"truth?id={other}")
    assert truth["budget"] == dict.fromkeys(("daily", "monthly", "lifetime"), "unlimited")
    await client.admin("remove", ids=[one])
    assert one not in (await client.search()).ids
    assert (await client.get(one)).status == 404
    gone = await client.update((one, limit("daily", 5)))
    assert gone.codes == [("@data/0", "campaign-not-found")]
    await client.admin("restore", ids=[one])
    assert one in (await client.search()).ids
    added = await client.admin(
        "add",
        count=2,
        campaigns=[{"id": "7", "name": "mine", "advertiser_id": "12345", "budget": {"daily": "1"}}],
    )
    assert set(added["ids"]) <= set((await client.search()).ids)
    assert client.simulator.world.campaigns["7"].limit == capped("daily", 1)


async def test_spend_periods_rights_and_tokens_are_steered_from_outside(client: Client) -> None:
    (pick, *_) = (await client.admin("picks"))["ordinary"]
    spent = await client.admin("spent", id=pick["id"], period="999999", lifetime="1000000")
    assert (spent["spent_period"], spent["spent_lifetime"]) == ("999999", "1000000")
    period = pick["path"].removeprefix("budget.")
    answer = await client.update((pick["id"], limit(period, pick["amount"])))
    assert len(answer.value["warnings"]) == 1
    waiting = (await client.admin(f"truth?id={pick['id']}"))["pending"]
    assert waiting == f"{period}:{pick['amount']}"
    assert (await client.admin("turn", renewal=period))["moved"] == [pick["id"]]
    campaign = client.simulator.world.campaigns[pick["id"]]
    assert campaign.limit.amount == Decimal(pick["amount"])
    owner = campaign.advertiser_id
    assert not (await client.admin("advertiser", id=owner, has_feature=False))["has_feature"]
    refused = await client.update((pick["id"], limit(period, 5)))
    assert ("@data/0", "unavailable-feature-for-this-advertiser") in refused.codes
    await client.admin("consent", has_consent=False)
    assert (await client.search()).status == 403
    assert (await client.admin("tokens/expire", now=True))["expired"] == 1
    assert (await client.search()).status == 401


async def test_the_state_counts_and_the_admin_interface_says_what_is_wrong(client: Client) -> None:
    await client.search()
    state = await client.admin("state")
    assert (state["campaigns"], state["in_view"], state["limit"]) == (30, 30, "off")
    assert state["by_operation"] == {"token": 1, "search": 1}
    assert len((await client.admin("truth"))["campaigns"]) == 30
    assert (await client.admin("edit", id="nobody"))["error"] == "unknown or missing: nobody"
    assert "is no limit" in (await client.admin("limit", limit="fast"))["error"]
    assert (
        "no period"
        in (
            await client.admin(
                "edit", id=next(iter(client.simulator.world.campaigns)), budget={"weekly": "1"}
            )
        )["error"]
    )
    assert "there is nothing at" in (await client.admin("nothing"))["error"]
    await client.admin("faults", kind="delay", name="slow")
    assert [one["name"] for one in (await client.admin("faults"))["faults"]] == ["slow"]
    assert (await client.admin("faults/clear", name="slow"))["faults"] == []
