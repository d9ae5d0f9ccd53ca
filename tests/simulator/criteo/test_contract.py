"""The simulated Criteo against the provider's Campaign page: its examples, then its rules."""

import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.simulator import Settings
from syncd.simulator.criteo.world import UNCAPPED, Campaign, SpendLimit, capped
from tests.simulator.client import CAMPAIGNS, CHECK, Answer, Client, limit
from tests.simulator.conftest import Start

_FILE = Path(__file__).parent.parent.parent / "data" / "criteo_examples.json"
EXAMPLES: dict[str, Any] = {
    one["name"]: one
    for one in json.loads(_FILE.read_text("utf-8"), parse_float=Decimal)["examples"]
}
TRACE = "traceIdentifier"
NEXT_PERIOD = f"{CHECK}new-spend-limit-amount-will-take-place-at-the-next-period-start"


@pytest.fixture
async def page(start: Start) -> Client:
    """The world of the page: one advertiser, 99999 as its example shows it, and 88888."""
    client = await start(Settings(campaigns=0, advertisers=1, rate=None))
    put(client, "88888", "Other", capped("daily", 50))
    put(client, "99999", "My Campaign", capped("daily", "123.45"))
    return client


def put(client: Client, campaign_id: str, name: str, spend_limit: SpendLimit) -> Campaign:
    campaign = Campaign(
        id=campaign_id, name=name, advertiser_id="12345", goal="Retention", limit=spend_limit
    )
    client.simulator.world.add(campaign)
    return campaign


async def replay(client: Client, name: str) -> Answer:
    example = EXAMPLES[name]
    return await client.call(example["method"], example["path"], example["request"])


def without_traces(value: Any) -> Any:
    for error in value["errors"]:
        assert error.pop(TRACE)
    return value


@pytest.mark.parametrize("name", ["update", "update with partial failure", "get one"])
async def test_an_example_of_the_page_is_answered_as_the_page_shows(
    page: Client, name: str
) -> None:
    answer = await replay(page, name)
    assert answer.status == 200
    assert without_traces(answer.value) == without_traces(deepcopy(EXAMPLES[name]["response"]))


async def test_the_search_example_shows_the_campaign_of_the_page(page: Client) -> None:
    page.simulator.world.remove(["88888"])
    answer = await replay(page, "search by advertiser")
    assert answer.value == EXAMPLES["search by advertiser"]["response"]
    assert (await replay(page, "search all")).value["data"] == [EXAMPLES["campaign"]["response"]]


async def test_the_create_example_makes_the_campaign_of_the_page(start: Start) -> None:
    client = await start(Settings(campaigns=0, advertisers=1, rate=None))
    world = client.simulator.world
    put(client, "99998", "Before", UNCAPPED)
    answer = await replay(client, "create")
    assert answer.status == 201
    assert answer.value == EXAMPLES["create"]["response"]
    assert list(answer.value["data"]["attributes"]) == [
        "name",
        "advertiserId",
        "spendLimit",
        "goal",
    ]
    assert world.campaigns["99999"].limit == capped("daily", "123.45")


async def test_the_refused_example_changes_only_the_other_campaign(page: Client) -> None:
    answer = await replay(page, "update with partial failure")
    (error,) = answer.value["errors"]
    assert (error["code"], error["instance"], error["title"]) == (
        "campaign--campaign-update-check--validation-failed-on-spend-limit",
        "@data/1",
        "Validation failed on spend limit",
    )
    world = page.simulator.world
    assert world.campaigns["99999"].limit.amount == Decimal("123.5")
    assert world.campaigns["88888"].limit.amount == Decimal(50)
    first, second = page.simulator.journal.of("update")[0].items
    rest = {"budget.monthly": "unlimited", "budget.lifetime": "unlimited"}
    assert first.truth == "applied"
    assert first.old == {"budget.daily": "123.45"} | rest
    assert first.new == {"budget.daily": "123.5"} | rest
    assert (second.truth, second.new) == ("refused", {"budget.daily": "-9000"} | rest)


async def test_filters_are_combined_and_unknown_ids_are_ignored(client: Client) -> None:
    world = client.simulator.world
    first = next(iter(world.campaigns.values()))
    mine = [one.id for one in world.campaigns.values() if one.advertiser_id == "12345"]
    assert len((await client.search()).ids) == 30
    assert (await client.search(advertiserIds=["12345", "1"])).ids == mine
    assert (await client.search(campaignIds=[first.id, "x"])).ids == [first.id]
    both = await client.search(advertiserIds=["20037"], campaignIds=[first.id])
    assert both.ids == []
    assert (await client.search(campaignIds=["none"])).ids == []
    assert (await client.call("POST", f"{CAMPAIGNS}/search", {})).status == 200


async def test_an_uncapped_campaign_has_no_amount_and_an_undefined_renewal(page: Client) -> None:
    put(page, "77777", "Free", UNCAPPED)
    shown = (await page.get("77777")).value["data"]["attributes"]["spendLimit"]
    assert shown == {
        "spendLimitRenewal": "undefined",
        "spendLimitType": "uncapped",
        "spendLimitAmount": None,
    }


@pytest.mark.parametrize(
    ("spelt", "kinds"), [("number", {int}), ("string", {str}), ("mixed", {int, str})]
)
async def test_advertiser_ids_are_spelt_as_asked(
    start: Start, spelt: str, kinds: set[type]
) -> None:
    client = await start(Settings(campaigns=30, rate=None, advertiser_id_as=spelt))
    shown = (await client.search()).value["data"]
    assert {type(one["attributes"]["advertiserId"]) for one in shown} == kinds


@pytest.mark.parametrize(
    "amount", ["0.1", "19.989999", "123456789.123456", "0.000001", "90071992547409.93"]
)
async def test_amounts_come_back_digit_by_digit(page: Client, amount: str) -> None:
    assert (await page.update(("99999", limit("daily", amount)))).ids == ["99999"]
    assert f'"spendLimitAmount":{amount}}}' in (await page.get("99999")).text.replace(" ", "")


async def test_every_error_and_the_warning_stand_at_their_index(page: Client) -> None:
    world = page.simulator.world
    put(page, "1", "free", UNCAPPED)
    put(page, "2", "life", capped("lifetime", 1000)).spent_lifetime = Decimal(700)
    put(page, "3", "tight", capped("daily", 10)).maximum = Decimal(15)
    put(page, "4", "spent", capped("daily", 100)).spent_period = Decimal(60)
    put(page, "5", "twice", capped("monthly", 100))
    world.advertisers["9"] = type(world.advertisers["12345"])(id="9", name="x", has_feature=False)
    put(page, "6", "no feature", capped("monthly", 100)).advertiser_id = "9"
    answer = await page.update(
        ("1", limit("daily", 5)),
        ("2", limit("lifetime", "699.99")),
        ("3", limit("daily", "15.01")),
        ("4", limit("daily", "59.99")),
        ("5", limit("monthly", 90)),
        ("6", limit("monthly", 90)),
        ("5", limit("monthly", 80)),
        ("404", limit("monthly", 80)),
        ("99999", limit("daily", 200)),
    )
    assert answer.status == 200
    assert answer.ids == ["4", "99999"]
    assert answer.codes == [
        ("@data/0", "spend-limit-does-not-exist"),
        ("@data/1", "cannot-decrease-lifetime-spend-limit-below-what-is-already-spent"),
        ("@data/2", "validation-failed-on-spend-limit"),
        ("@data/4", "cannot-update-same-campaign-multiple-times"),
        ("@data/5", "unavailable-feature-for-this-advertiser"),
        ("@data/6", "cannot-update-same-campaign-multiple-times"),
        ("@data/7", "campaign-not-found"),
    ]
    (warning,) = answer.value["warnings"]
    assert warning["instance"] == "@data/3"
    assert warning["code"].endswith(
        "new-spend-limit-amount-will-take-place-at-the-next-period-start"
    )
    truths = [item.truth for item in page.simulator.journal.of("update")[0].items]
    assert truths == ["refused"] * 3 + ["applied_pending"] + ["refused"] * 4 + ["applied"]


async def test_one_entry_can_have_several_errors(client: Client) -> None:
    pick = client.simulator.service.picks()["unavailable_feature"]
    answer = await client.update((pick["id"], limit("monthly", -1)))
    assert answer.codes == [
        ("@data/0", "unavailable-feature-for-this-advertiser"),
        ("@data/0", "validation-failed-on-spend-limit"),
    ]


async def test_a_waiting_amount_shows_only_after_the_period_has_turned(page: Client) -> None:
    world = page.simulator.world
    world.spend("99999", period=Decimal(100))
    assert (await page.update(("99999", limit("daily", 50)))).ids == ["99999"]
    shown = (await page.get("99999")).value["data"]["attributes"]["spendLimit"]
    assert shown["spendLimitAmount"] == Decimal("123.45")
    assert world.turn_period("monthly") == []
    assert world.turn_period("daily") == ["99999"]
    shown = (await page.get("99999")).value["data"]["attributes"]["spendLimit"]
    assert shown["spendLimitAmount"] == 50


async def test_who_may_not_update_is_told_that_there_is_no_limit(page: Client) -> None:
    page.simulator.world.advertisers["12345"].may_update = False
    answer = await page.update(("99999", limit("daily", 5)))
    assert answer.codes == [("@data/0", "spend-limit-does-not-exist")]


@pytest.mark.parametrize(
    "bad",
    [
        limit("daily", 0),
        limit("weekly", 5),
        {"spendLimitType": "capped", "spendLimitAmount": None},
        {"spendLimitType": "uncapped", "spendLimitAmount": 5},
        {"spendLimitType": "none"},
        limit("daily", "1e400"),
    ],
)
async def test_a_limit_that_contradicts_itself_is_refused_alone(
    page: Client, bad: dict[str, Any]
) -> None:
    answer = await page.update(("99999", bad), ("88888", limit("daily", 60)))
    assert answer.codes == [("@data/0", "validation-failed-on-spend-limit")]
    assert answer.ids == ["88888"]


async def test_partial_and_whole_campaigns_are_accepted(page: Client) -> None:
    world = page.simulator.world
    assert (await page.update(("99999", {"spendLimitAmount": 7}))).ids == ["99999"]
    assert world.campaigns["99999"].limit == capped("daily", 7)
    whole = (await page.get("99999")).value["data"]
    whole["attributes"] |= {"name": "not writable", "spendLimit": limit("monthly", 9)}
    assert (await page.call("PATCH", CAMPAIGNS, {"data": [whole]})).ids == ["99999"]
    assert world.campaigns["99999"].limit == capped("monthly", 9)
    assert world.campaigns["99999"].name == "My Campaign"
    free = {"spendLimitType": "uncapped", "spendLimitRenewal": "undefined"}
    await page.update(("99999", free | {"spendLimitAmount": None}))
    assert world.campaigns["99999"].limit == UNCAPPED
