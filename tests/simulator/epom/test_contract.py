"""The simulated Epom against the provider's Campaign Pricing page, operation by operation, and the
lists that lead to campaigns."""

from decimal import Decimal
from urllib.parse import urlencode

import pytest

from syncd.simulator import Item
from tests.simulator.epom.caller import FORM, PRICING, UPDATE, Answer, Caller

ACTION = "/rest-api/campaign/18/campaignPricing/actionPricing.do"


def is_bare_yes(answer: Answer) -> bool:
    """Whether it is the page's sample of an accepted write: 200 and nothing more."""
    return (answer.status, answer.text) == (200, "")


def said(item: Item) -> tuple[str, str, dict[str, str | None], dict[str, str | None]]:
    return item.id, item.truth, item.old, item.new


async def test_get_shows_the_pricing_with_doubles(epom: Caller) -> None:
    answer = await epom.get(f"{PRICING}.do")
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert answer.text == (
        '{"id":501,"campaignId":17,"paymentModel":"FIXED_PRICE","pricingType":"CPM","price":1.25,'
        '"estimatedCtr":0.01,"estimatedConversionRate":0.0,"burnUpPeriod":0,"startUpPeriod":0,'
        '"minConversions":0,"minClicks":0,"countries":[{"country":"US","price":2.0}],"actions":[]}'
    )
    assert epom.last.shown["17"]["price.country.US"] == "2"
    assert epom.last.reply_readable
    of_actions = (await epom.get("/rest-api/campaign/18/pricing.do")).value
    assert of_actions["actions"] == [{"name": "install", "key": "ab12", "price": Decimal("1.5")}]
    assert of_actions["estimatedCtr"] is None


async def test_get_answers_404_where_no_pricing_is_set(epom: Caller) -> None:
    answer = await epom.get("/rest-api/campaign/19/pricing.do")
    assert (answer.status, answer.code) == (404, "no_pricing")
    assert epom.last.shown["19"]["price.amount"] is None


async def test_an_update_sets_price_type_and_the_six_optional_parameters(epom: Caller) -> None:
    optional = {
        "estimatedCtr": "0.0250",
        "estimatedConversionRate": "0",
        "burnUpPeriod": "2147483647",
        "startUpPeriod": "7",
        "minConversions": "5000000000",
        "minClicks": "0",
    }
    answer = await epom.post(f"{PRICING}.do", UPDATE | {"pricingType": "CPC"} | optional)
    assert is_bare_yes(answer)
    assert epom.values() == {
        "name": "Banner",
        "price.amount": "1.5",
        "price.type": "CPC",
        "price.estimated_ctr": "0.025",
        "price.estimated_conversion_rate": "0",
        "price.burn_up_period": "2147483647",
        "price.start_up_period": "7",
        "price.min_conversions": "5000000000",
        "price.min_clicks": "0",
        "price.country.US": "2",
    }
    (item,) = epom.last.items
    assert (item.kind, item.truth, epom.last.is_write) == ("update", "applied", True)
    assert (epom.last.reply, epom.last.reply_readable) == ("", True)
    assert item.old["price.amount"] == "1.25"
    assert item.old["price.estimated_ctr"] == "0.01"
    assert item.new["price.estimated_ctr"] == "0.025"
    shown = (await epom.get(f"{PRICING}.do")).value
    assert (shown["estimatedCtr"], shown["minConversions"]) == (Decimal("0.025"), 5_000_000_000)


async def test_an_update_enables_pricing(epom: Caller) -> None:
    assert is_bare_yes(await epom.post("/rest-api/campaign/19/pricing.do", UPDATE))
    assert epom.values("19")["price.amount"] == "1.5"
    assert said(epom.last.items[0])[2] == {"price.amount": None, "price.type": None}
    shown = (await epom.get("/rest-api/campaign/19/pricing.do")).value
    assert (shown["pricingType"], shown["price"]) == ("CPM", Decimal("1.5"))


@pytest.mark.parametrize("signed_in", ["query", "form"])
@pytest.mark.parametrize("written_in", ["query", "form"])
async def test_parameters_of_a_post_stand_in_the_query_or_in_the_form(
    epom: Caller, signed_in: str, written_in: str
) -> None:
    places: dict[str, dict[str, str]] = {"query": {}, "form": {}}
    places[signed_in] |= epom.signature()
    places[written_in] |= UPDATE
    body = urlencode(places["form"]).encode()
    answer = await epom.send(
        "POST", f"{PRICING}.do", query=places["query"], body=body, media_type=FORM
    )
    assert is_bare_yes(answer)
    assert epom.values()["price.amount"] == "1.5"


async def test_a_country_gets_its_price(epom: Caller) -> None:
    assert is_bare_yes(await epom.post(f"{PRICING}/UK.do", {"price": "0.0250"}))
    assert epom.values()["price.country.UK"] == "0.025"
    path = "price.country.UK"
    assert [said(item) for item in epom.last.items] == [
        ("17", "applied", {path: None}, {path: "0.025"})
    ]


async def test_several_countries_get_one_price_in_one_call(epom: Caller) -> None:
    assert is_bare_yes(await epom.post(f"{PRICING}/UK%2C%20US%2C%20CA.do", {"price": "4"}))
    assert [item.new for item in epom.last.items] == [
        {"price.country.UK": "4"},
        {"price.country.US": "4"},
        {"price.country.CA": "4"},
    ]
    assert [item.old for item in epom.last.items][1] == {"price.country.US": "2"}
    assert is_bare_yes(await epom.delete(f"{PRICING}/UK%2CCA.do"))
    assert epom.last.items[1].new == {"price.country.CA": None}
    assert [path for path in epom.values() if "country" in path] == ["price.country.US"]


@pytest.mark.parametrize("head", ["", "Country,Price\n", "country,PRICE\r\n"])
async def test_a_batch_merges_the_prices_of_a_file(epom: Caller, head: str) -> None:
    answer = await epom.upload(f"{head}UK,1.10\nGermany,0.5\n*,9\n")
    assert is_bare_yes(answer)
    values = epom.values()
    assert values["price.amount"] == "9"
    assert values["price.country.UK"] == "1.1"
    assert values["price.country.DE"] == "0.5"
    assert values["price.country.US"] == "2"
    assert [item.new for item in epom.last.items] == [
        {"price.country.UK": "1.1"},
        {"price.country.DE": "0.5"},
        {"price.amount": "9"},
    ]


async def test_a_batch_of_a_cpa_campaign_has_a_column_per_action(epom: Caller) -> None:
    path = "/rest-api/campaign/18/pricing/batch.do"
    assert is_bare_yes(await epom.upload("_,install,Sign up\n*,2.5,4\nUS,3,5\n", path=path))
    assert epom.values("18")['price.action."ab12"'] == "2.5"
    assert epom.values("18")['price.action."cd34"'] == "4"
    assert epom.campaign("18").truth()["country_actions"] == {"US/ab12": "3", "US/cd34": "5"}
    assert epom.last.items[1].new['price.country.US.action."cd34"'] == "5"
    assert is_bare_yes(await epom.upload("_,install\nGermany,6\n", path=path))
    assert epom.campaign("18").truth()["country_actions"]["DE/ab12"] == "6"
    assert epom.last.items[0].new == {'price.country.DE.action."ab12"': "6"}
    assert is_bare_yes(await epom.upload("_,install\nDE,7\n", path=path))
    assert epom.last.items[0].old == {'price.country.DE.action."ab12"': "6"}
    for text, code in (
        ("Country,Price\nUS,1\n", "file_columns_wrong"),
        ("_,Install\nUS,1\n", "no_such_action"),
        ("_,install\n", "file_columns_wrong"),
        ("_,install\nUS,1,2\n", "file_columns_wrong"),
    ):
        answer = await epom.upload(text, path=path)
        assert (answer.status, answer.code) == (400, code), text


@pytest.mark.parametrize(
    "named",
    [
        {"actionKey": "cd34"},
        {"actionName": "Sign up"},
        {"actionKey": "cd34", "actionName": "Sign up"},
    ],
)
async def test_an_action_gets_its_price_by_key_or_name(epom: Caller, named: dict[str, str]) -> None:
    assert is_bare_yes(await epom.post(ACTION, {"price": "7.25"} | named))
    assert epom.values("18")['price.action."cd34"'] == "7.25"
    (item,) = epom.last.items
    assert item.old == {'price.action."cd34"': None}
    assert item.new == {'price.action."cd34"': "7.25"}


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"actionKey": "CD34"},
        {"actionName": "sign up"},
        {"actionKey": "cd34", "actionName": "install"},
    ],
)
async def test_an_action_must_exist_and_names_count_case(
    epom: Caller, named: dict[str, str]
) -> None:
    answer = await epom.post(ACTION, {"price": "7.25"} | named)
    code = "no_such_action" if named else "parameter_missing"
    assert (answer.status, answer.code) == (400, code)
    assert 'price.action."cd34"' not in epom.values("18")


async def test_a_cpm_campaign_has_no_action_prices(epom: Caller) -> None:
    path = "/rest-api/campaign/17/campaignPricing/actionPricing.do"
    answer = await epom.post(path, {"price": "1", "actionKey": "ab12"})
    assert (answer.status, answer.code) == (400, "pricing_type_wrong")
    await epom.post(f"{PRICING}.do", UPDATE | {"pricingType": "CPC"})
    assert is_bare_yes(await epom.post(path, {"price": "1", "actionKey": "ab12"}))


async def test_disabling_takes_a_country_or_everything_away(epom: Caller) -> None:
    assert is_bare_yes(await epom.delete(f"{PRICING}/US.do"))
    assert "price.country.US" not in epom.values()
    assert said(epom.last.items[0]) == (
        "17",
        "applied",
        {"price.country.US": "2"},
        {"price.country.US": None},
    )
    assert is_bare_yes(await epom.delete(f"{PRICING}.do"))
    assert said(epom.last.items[0]) == (
        "17",
        "applied",
        {"price.amount": "1.25"},
        {"price.amount": None},
    )
    assert (await epom.get(f"{PRICING}.do")).status == 404


async def test_lists_show_campaigns_by_id_and_name(epom: Caller) -> None:
    everything = await epom.get("/rest-api/campaigns.do")
    assert everything.text == (
        '[{"id":17,"name":"Banner"},{"id":18,"name":"App"},{"id":19,"name":"New"}]'
    )
    assert epom.last.ids == ["17", "18", "19"]
    assert epom.last.shown["18"] == {"name": "App"}
    assert (await epom.get("/rest-api/advertiser/104/campaigns.do")).value == [
        {"id": 19, "name": "New"}
    ]
    assert (await epom.get("/rest-api/advertiser/999/campaigns.do")).status == 404
    one = (await epom.get("/rest-api/campaign/17.do")).value
    assert (one["id"], one["name"], one["advertiserId"]) == (17, "Banner", 101)
    actions = (await epom.get("/rest-api/campaign/18/actions.do")).value
    assert [(one["key"], one["name"]) for one in actions] == [
        ("ab12", "install"),
        ("cd34", "Sign up"),
    ]
