"""The simulated ICAS against the provider's pages: their examples, then what the calls do."""

import json
from typing import Any

import pytest

from syncd.simulator import Settings, Simulator
from tests.simulator.icas.client import BUDGETS, CAMPAIGN, LIST, USER, Client, limits
from tests.simulator.icas.conftest import EXAMPLES, Begin, put


async def test_a_campaign_is_shown_byte_for_byte_as_the_page_shows_it(page: Client) -> None:
    answer = await page.get("123")
    assert (answer.status, answer.text) == (200, EXAMPLES["get campaign"])
    assert answer.headers["content-type"] == CAMPAIGN
    assert answer.headers["oauth-scope"] == "api_ro api_rw"
    assert answer.headers["oauth-scope-required"] == "get_campaign"
    assert (await page.by_vendor("123-ABC-vjlkna-124")).text == EXAMPLES["get campaign"]


async def test_the_budgets_example_is_answered_byte_for_byte(page: Client) -> None:
    answer = await page.budgets("123", EXAMPLES["put budgets"].encode())
    assert (answer.status, answer.text) == (200, EXAMPLES["put budgets answer"])
    assert answer.headers["content-type"] == BUDGETS
    assert answer.headers["oauth-scope-required"] == "put_campaign"


async def test_the_create_example_makes_a_campaign(begin: Begin) -> None:
    client = await begin()
    answer = await client.call("POST", "/campaign", EXAMPLES["post campaign"].encode())
    assert answer.status == 201
    made = answer.value
    assert answer.headers["location"] == f"{client.simulator.base_url}/campaign/{made['id']}"
    assert answer.headers["oauth-scope-required"] == "post_campaign"
    assert made["isDefault"] is True
    assert (made["title"], made["vendorId"]) == ("Christmas 2025 campaign", "OURSHOP-1423453-34")
    assert (await client.get(str(made["id"]))).value == made
    assert (await client.by_vendor("ourshop-1423453-34")).value == made
    assert (await client.create()).value["isDefault"] is False
    (item,) = client.simulator.journal.of("create")[0].items
    assert (item.id, item.kind, item.truth, item.old) == (str(made["id"]), "create", "applied", {})
    assert item.new == {
        "status": "active",
        "name": "Christmas 2025 campaign",
        "native.vendorId": "OURSHOP-1423453-34",
        "budget.daily": "10",
        "budget.lifetime": "unlimited",
    }


async def test_error_examples_are_said_byte_for_byte(page: Client, begin: Begin) -> None:
    unknown = await page.get("124")
    assert (unknown.status, unknown.text) == (404, EXAMPLES["not found"])
    nobody = await page.call("GET", "/campaigns", media=LIST, Authorization="")
    assert (nobody.status, nobody.text) == (401, EXAMPLES["missing token"])
    page.simulator.faults.arm("error", "get")
    broken = await page.get("123")
    assert (broken.status, broken.text) == (500, EXAMPLES["internal error"])
    wrong = await page.call("GET", "/campaign/123", Accept="text/xml")
    assert (wrong.status, wrong.text) == (406, EXAMPLES["not acceptable"])
    small = await begin(5, options={"tenant": "marktplaats"})
    second = await small.create(vendorId="x")
    assert (second.status, second.text) == (400, EXAMPLES["exists already"])


async def test_the_documented_error_of_a_long_text_is_said_in_its_words(page: Client) -> None:
    answer = await page.put("123", title="x" * 65, vendorId="123-abc-vjlkna-124")
    assert answer.value == [
        {
            "code": 2005,
            "text": "too long",
            "field": "title",
            "arg": 64,
            "msg": "The field 'title' must not be longer than 64 characters.",
        }
    ]
    assert answer.headers["content-type"] == "application/sellside.error.list-v1+json"


async def test_title_and_vendor_id_are_left_out_where_there_is_none(page: Client) -> None:
    put(page, "200")
    assert set((await page.get("200")).value) == {
        "id",
        "dateCreated",
        "dateLastUpdated",
        "status",
        "isDefault",
        "budgets",
    }


async def test_pages_follow_each_other_until_there_is_no_token(client: Client) -> None:
    ids: list[str] = []
    asked: dict[str, Any] = {"limit": 7}
    pages = []
    while True:
        answer = await client.page(**asked)
        assert answer.headers["content-type"] == LIST
        assert answer.value["total"] == 24
        pages.append(len(answer.ids))
        ids += answer.ids
        if "nextPageToken" not in answer.value:
            break
        asked["pageToken"] = answer.value["nextPageToken"]
    assert pages == [7, 7, 7, 3]
    assert ids == client.world.ids()
    arrival = client.simulator.journal.of("list")[0]
    assert arrival.ids == ids[:7]
    assert arrival.shown[ids[0]] == client.truth(ids[0])


async def test_a_page_that_just_fits_is_the_last(begin: Begin) -> None:
    client = await begin(100)
    assert "nextPageToken" not in (await client.page()).value
    client.simulator.service.add_campaigns(1)
    answer = await client.page()
    assert (len(answer.ids), answer.value["total"]) == (100, 101)
    assert "nextPageToken" in answer.value


async def test_a_seller_without_campaigns_sees_an_empty_list(begin: Begin) -> None:
    client = await begin()
    assert (await client.page()).value == {"total": 0, "campaigns": []}


@pytest.mark.parametrize("tenant", ["marktplaats", "2dehands", "2ememain", "kijiji"])
async def test_elsewhere_a_seller_has_one_campaign(begin: Begin, tenant: str) -> None:
    client = await begin(40, options={"tenant": tenant})
    told = client.simulator.describe()
    assert told["scope"] == {"tenant": tenant}
    assert told["currency"] == ("CAD" if tenant == "kijiji" else "EUR")
    (campaign,) = (await client.page()).value["campaigns"]
    assert campaign["isDefault"] is True
    assert (await client.create(title="second")).codes == [2034]
    client.world.remove([str(campaign["id"])])
    assert (await client.create(title="again")).status == 201


async def test_a_campaign_without_budgets_gets_the_defaults(begin: Begin) -> None:
    client = await begin(options={"default_daily": "7500000"})
    for body in ({"status": "PAUSED"}, {"status": "PAUSED", "budgets": {}}):
        answer = await client.call("POST", "/campaign", body)
        assert answer.status == 201
        assert answer.value["budgets"] == {
            "daily": {"limitMicros": "7500000", "spentMicros": "0"},
            "total": {"limitMicros": "UNLIMITED", "spentMicros": "0"},
        }
        assert client.simulator.journal.of("create")[-1].items[0].new == {"status": "paused"}


async def test_a_create_may_be_answered_with_200(begin: Begin) -> None:
    client = await begin(options={"create_status": "200"})
    answer = await client.create()
    assert (answer.status, "location" in answer.headers) == (200, True)


async def test_put_changes_the_whole_campaign(page: Client) -> None:
    before = page.world.campaigns["123"].updated
    answer = await page.put(
        "123", id=123, title="new", status="PAUSED", budgets=limits(25_500_000, 900_000_000)
    )
    assert answer.status == 200
    assert answer.value == (await page.get("123")).value
    assert page.truth("123") == {
        "name": "new",
        "status": "paused",
        "budget.daily": "25.5",
        "budget.lifetime": "900",
        "native.vendorId": "123-abc-vjlkna-124",
    }
    assert page.world.campaigns["123"].updated > before
    (item,) = page.simulator.journal.of("update")[0].items
    assert (item.id, item.kind, item.truth) == ("123", "update", "applied")
    assert item.old == {
        "name": "christmas stuff",
        "status": "active",
        "budget.daily": "10",
        "budget.lifetime": "unlimited",
    }
    assert item.new == {
        "name": "new",
        "status": "paused",
        "budget.daily": "25.5",
        "budget.lifetime": "900",
    }


@pytest.mark.parametrize(("option", "title"), [("clear", None), ("keep", "christmas stuff")])
async def test_a_title_that_is_left_out_is_lost_or_kept(
    begin: Begin, option: str, title: str | None
) -> None:
    client = await begin(options={"missing_title": option})
    put(client, "123", title="christmas stuff")
    assert (await client.put("123")).value.get("title") == title
    assert client.truth("123")["name"] == title


async def test_an_empty_title_is_none(page: Client) -> None:
    assert "title" not in (await page.put("123", title="")).value


async def test_a_vendor_id_is_set_once(page: Client) -> None:
    put(page, "200")
    assert (await page.put("200", vendorId="Ours-1")).value["vendorId"] == "Ours-1"
    item = page.simulator.journal.of("update")[0].items[0]
    assert (item.old["native.vendorId"], item.new["native.vendorId"]) == (None, "Ours-1")
    assert (await page.put("200", vendorId="Ours-1")).status == 200
    assert (await page.put("200")).value["vendorId"] == "Ours-1"
    for other in ("Ours-2", "OURS-1"):
        answer = await page.put("200", vendorId=other)
        assert (answer.codes, answer.value[0]["field"]) == ([2024], "vendorId")
    assert page.truth("200")["native.vendorId"] == "Ours-1"


async def test_a_vendor_id_belongs_to_one_campaign_whatever_became_of_it(page: Client) -> None:
    put(page, "200")
    page.world.remove(["123"])
    for taken in ("123-abc-vjlkna-124", "123-ABC-VJLKNA-124"):
        assert (await page.create(vendorId=taken)).codes == [2025]
        assert (await page.put("200", vendorId=taken)).codes == [2025]
        assert (await page.by_vendor(taken)).status == 404


async def test_a_vendor_id_travels_percent_encoded(page: Client) -> None:
    put(page, "200", vendor_id="Größe 50% / a+b")
    answer = await page.by_vendor("gr%C3%B6%C3%9Fe%2050%25%20%2F%20a+b")
    assert (answer.status, answer.value["id"]) == (200, 200)
    assert (await page.by_vendor("gr%F6%DFe")).codes == [2001]


async def test_a_status_is_put_without_a_body_and_answered_without_one(page: Client) -> None:
    answer = await page.status("123", "PAUSED")
    assert (answer.status, answer.text) == (200, "")
    assert answer.headers["oauth-scope-required"] == "put_campaign"
    assert page.truth("123")["status"] == "paused"
    assert (await page.status("123", "PAUSED")).status == 200
    assert (await page.status("123", "ACTIVE")).status == 200
    arrivals = page.simulator.journal.of("status")
    assert all(arrival.reply_readable for arrival in arrivals)
    assert [arrival.items[0].new for arrival in arrivals] == [
        {"status": "paused"},
        {"status": "paused"},
        {"status": "active"},
    ]
    assert arrivals[0].items[0].old == {"status": "active"}


async def test_spend_makes_the_states_that_nobody_can_send(page: Client) -> None:
    async def shown() -> str:
        return str((await page.get("123")).value["status"])

    await page.admin("spent", id="123", daily="10")
    assert await shown() == "DAILY_BUDGET_REACHED"
    assert page.truth("123")["status"] == "active"
    assert (await page.status("123", "ACTIVE")).status == 200
    assert await shown() == "DAILY_BUDGET_REACHED"
    await page.budgets("123", limits(10_000_001))
    assert await shown() == "ACTIVE"
    await page.budgets("123", limits(9_000_000))
    assert await shown() == "DAILY_BUDGET_REACHED"
    assert (await page.admin("turn"))["moved"] == ["123"]
    assert await shown() == "ACTIVE"
    await page.budgets("123", limits(9_000_000, 124_520_000))
    assert await shown() == "BUDGET_REACHED"
    await page.status("123", "PAUSED")
    assert await shown() == "PAUSED"
    await page.status("123", "ACTIVE")
    await page.budgets("123", limits(9_000_000, 124_520_001))
    assert await shown() == "ACTIVE"


@pytest.mark.parametrize("micros", ["1", "10000001", "2000000000000", "9223372036854775807"])
async def test_micros_come_back_digit_by_digit(page: Client, micros: str) -> None:
    answer = await page.budgets("123", limits(micros))
    assert answer.value["daily"]["limitMicros"] == micros
    assert (await page.get("123")).value["budgets"]["daily"]["limitMicros"] == micros


async def test_the_user_is_told_in_version_4(page: Client) -> None:
    answer = await page.call("GET", "/user", media=USER)
    assert (answer.status, answer.headers["content-type"]) == (200, USER)
    assert answer.headers["oauth-scope-required"] == "get_user"
    told = answer.value
    assert (told["id"], told["hasAds"], told["isAPIManaged"]) == (4711, True, True)
    assert list(told) == [
        "id",
        "emailAddress",
        "sellerName",
        "phoneNumber",
        "options",
        "locations",
        "hasAds",
        "isAPIManaged",
    ]


async def test_a_call_past_the_assumed_limit_is_refused(begin: Begin) -> None:
    client = await begin(1, rate=Settings().rate)
    assert str(client.simulator.windows["default"].rate) == "5/1s"
    await client.admin("limit", limit="3/60s")
    assert [(await client.page()).status for _ in range(3)] == [200] * 3
    refused = await client.page()
    assert (refused.status, refused.text) == (429, "")
    assert 50 < int(refused.headers["retry-after"]) <= 60
    assert (await client.refresh()).status == 200
    arrival = client.simulator.journal.of("list")[0]
    assert (arrival.credential, arrival.limit_group) == ("demo-client", "default")


@pytest.mark.parametrize("option", ["tenant", "rotation", "consent", "missing_title"])
def test_an_option_without_such_a_value_is_refused(option: str) -> None:
    with pytest.raises(ValueError, match="is one of"):
        Simulator(Settings(provider="icas", options={option: "gibberish"}))


def test_the_examples_are_json() -> None:
    assert all(json.loads(text) for text in EXAMPLES.values())
