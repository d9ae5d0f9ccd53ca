"""The simulated ICAS's world: what people do to it, what a seed makes of it, what it tells."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from syncd.simulator import Settings, Simulator
from syncd.simulator.icas.micros import amount_of, micros_of
from tests.simulator.icas.client import Client, limits
from tests.simulator.icas.conftest import Begin, put


def world_of(seed: int, campaigns: int = 40) -> list[dict[str, object]]:
    settings = Settings(provider="icas", seed=seed, campaigns=campaigns)
    truth: list[dict[str, object]] = Simulator(settings).world.truth()
    return truth


def test_the_same_seed_makes_the_same_campaigns() -> None:
    assert world_of(7) == world_of(7)
    assert world_of(7) != world_of(8)


def test_a_world_has_every_sort_of_campaign() -> None:
    world = Simulator(Settings(provider="icas", campaigns=40)).world
    campaigns = list(world.campaigns.values())
    assert [campaign.is_default for campaign in campaigns] == [True] + [False] * 39
    assert {campaign.status for campaign in campaigns} == {
        "ACTIVE",
        "PAUSED",
        "DAILY_BUDGET_REACHED",
        "BUDGET_REACHED",
    }
    assert any(campaign.title is None and campaign.vendor_id is None for campaign in campaigns)
    assert any(campaign.total is not None for campaign in campaigns)
    assert max(int(campaign.id) for campaign in campaigns) > 2**32
    assert all(campaign.title is None or len(campaign.title) <= 64 for campaign in campaigns)
    assert any(campaign.daily % 10_000 for campaign in campaigns)


async def test_people_edit_without_rules(client: Client) -> None:
    first, second = client.world.ids()[:2]
    values = {
        "name": None,
        "status": "paused",
        "budget.daily": "unlimited",
        "budget.lifetime": "0.000001",
        "native.vendorId": "Shop-x",
    }
    answer = await client.admin("edit", edits=[{"id": first, "values": values}])
    assert answer["campaigns"][0]["values"] == values
    await client.admin("edit", id=second, values={"budget.daily": "12.50"})
    assert client.truth(second)["budget.daily"] == "12.5"
    shown = (await client.get(first)).value
    assert shown["budgets"]["daily"]["limitMicros"] == "UNLIMITED"
    assert shown["budgets"]["total"]["limitMicros"] == "1"
    assert "title" not in shown


@pytest.mark.parametrize(
    "values",
    [
        {"status": "stopped"},
        {"budget.daily": "1,5"},
        {"budget.daily": "0.0000001"},
        {"budget.daily": "-1"},
        {"budget.daily": "NaN"},
        {"budget.daily": None},
        {"budget.monthly": "5"},
    ],
)
async def test_an_edit_that_is_none_is_refused(
    client: Client, values: dict[str, str | None]
) -> None:
    first = client.world.ids()[0]
    before = client.world.campaigns[first]
    assert "error" in await client.admin("edit", id=first, values=values)
    assert client.world.campaigns[first] == before
    assert "unknown" in (await client.admin("edit", id="1", values={}))["error"]


async def test_campaigns_are_added_removed_and_restored(begin: Begin) -> None:
    client = await begin()
    (made,) = (await client.admin("add"))["ids"]
    values = {"name": "mine", "budget.daily": "3", "native.vendorId": "V-1"}
    asked = [{"id": "77", "values": {}}, {"values": values}]
    given = (await client.admin("add", campaigns=asked))["ids"]
    assert given[0] == "77"
    assert client.truth(given[1]) == values | {"status": "active", "budget.lifetime": "unlimited"}
    assert "exists already" in (await client.admin("add", campaigns=[asked[0]]))["error"]
    assert (await client.admin("remove", ids=[made, "77"]))["in_view"] == 1
    assert [one["is_removed"] for one in client.world.truth()] == [True, True, False]
    assert (await client.admin("restore", ids=["77"]))["in_view"] == 2


async def test_picks_show_what_they_say(begin: Begin) -> None:
    client = await begin(40)
    picks = client.simulator.service.picks()
    assert len(picks["ordinary"]) >= 5
    cases = {name: pick for name, pick in picks.items() if name != "ordinary"}
    assert set(cases) == {
        "daily_reached",
        "total_reached",
        "vendor_taken",
        "vendor_set",
        "total_spent",
        "pause",
        "activate",
    }
    for pick in [*cases.values(), *picks["ordinary"]]:
        assert client.truth(pick["id"])[pick["path"]] == pick["current"]
        answer = await ask(client, pick["id"], pick["path"], pick["amount"])
        assert answer == pick["code"]
        if pick["code"] is None:
            assert client.truth(pick["id"])[pick["path"]] == pick["amount"]


async def ask(client: Client, campaign_id: str, path: str, value: str) -> str | None:
    """Ask for one value the narrow way; returns the code of a refusal."""
    if path == "status":
        answer = await client.status(campaign_id, value.upper())
    elif path == "native.vendorId":
        answer = await client.put(campaign_id, vendorId=value, budgets=both(campaign_id, client))
    else:
        wanted = both(campaign_id, client)
        name = "daily" if path == "budget.daily" else "total"
        wanted[name] = {"limitMicros": str(int(Decimal(value) * 1_000_000))}
        answer = await client.budgets(campaign_id, wanted)
    return None if answer.status == 200 else str(answer.codes[0])


def both(campaign_id: str, client: Client) -> dict[str, dict[str, str]]:
    campaign = client.world.campaigns[campaign_id]
    return limits(campaign.daily, "UNLIMITED" if campaign.total is None else campaign.total)


async def test_spend_and_clock_are_moved_by_hand(client: Client) -> None:
    first = client.world.ids()[0]
    told = await client.admin("spent", id=first, daily="1.25", total="90")
    assert (told["spent_daily"], told["spent_total"]) == ("1.25", "90")
    assert "needs an amount" in (await client.admin("spent", id=first, daily="unlimited"))["error"]
    assert (await client.admin("clock", days=1, seconds=5))["ahead_seconds"] == 86_405
    assert "forward" in (await client.admin("clock", seconds=-1))["error"]


async def test_the_state_tells_what_there_is(client: Client) -> None:
    await client.page()
    state = (await client.send("GET", "/_sim/state", None, {})).value
    assert state["tokens"] == {"access": 1, "refresh": 1}
    assert state["seller"]["scopes"] == ["api_ro", "api_rw"]
    assert (state["campaigns"], state["consent"], state["waiting"]) == (24, "granted", 0)
    assert state["credentials"]["refresh_token"]
    assert state["base_path"] == "/api/sellside"


async def test_a_write_is_dated_by_the_moved_clock(page: Client) -> None:
    put(page, "200")
    before = (await page.put("200")).value
    await page.admin("clock", days=50)
    page.token = ""
    after = (await page.put("200")).value
    dates = [datetime.fromisoformat(one["dateLastUpdated"]) for one in (before, after)]
    assert dates[1] - dates[0] >= timedelta(days=50)
    assert after["dateCreated"] == before["dateCreated"] == "2022-12-25T10:04:23Z"


@pytest.mark.parametrize("text", ["0.000001", "12.5", "0", "9223372036854.775807", "unlimited"])
def test_amounts_are_written_as_they_are_read(text: str) -> None:
    assert amount_of(micros_of(text)) == text


@pytest.mark.parametrize("text", [None, "", "Infinity", "9223372036854.775808", "1e-7"])
def test_what_is_no_amount_is_refused(text: str | None) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        micros_of(text)
