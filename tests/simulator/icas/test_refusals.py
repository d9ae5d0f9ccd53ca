"""What the simulated ICAS refuses, with which codes, and that nothing was applied."""

from typing import Any

import pytest

from syncd.simulator.icas.codes import CODES
from tests.simulator.icas.client import BUDGETS, CAMPAIGN, LIST, Answer, Client, limits
from tests.simulator.icas.conftest import Begin, put

WHOLE = {"status": "ACTIVE", "budgets": limits(10_000_000)}


def said(answer: Answer) -> list[tuple[int, str | None]]:
    """Code and field of every entry."""
    assert answer.status == 400
    return [(entry["code"], entry.get("field")) for entry in answer.value]


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({}, [(2000, "budgets"), (2000, "status")]),
        ([], [(2001, "campaign"), (2000, "budgets"), (2000, "status")]),
        (WHOLE | {"status": "BUDGET_REACHED"}, [(2001, "status")]),
        (WHOLE | {"status": "active"}, [(2001, "status")]),
        (WHOLE | {"status": None}, [(2001, "status")]),
        (WHOLE | {"status": ["ACTIVE"]}, [(2001, "status")]),
        (
            WHOLE | {"budgets": None},
            [(2001, "budgets"), (2000, "budgets.daily"), (2000, "budgets.total")],
        ),
        (WHOLE | {"budgets": {}}, [(2000, "budgets.daily"), (2000, "budgets.total")]),
        (WHOLE | {"title": 5}, [(2001, "title")]),
        (WHOLE | {"title": None}, [(2001, "title")]),
        (WHOLE | {"title": "x" * 65}, [(2005, "title")]),
        (WHOLE | {"vendorId": ""}, [(2004, "vendorId")]),
        (WHOLE | {"vendorId": "x" * 65}, [(2005, "vendorId")]),
        (WHOLE | {"vendorId": "夏"}, [(2001, "vendorId")]),
        (WHOLE | {"vendorId": "a\nb"}, [(2001, "vendorId")]),
        (WHOLE | {"id": 124}, [(2003, "id")]),
        (WHOLE | {"id": "200"}, [(2003, "id")]),
        (WHOLE | {"isDefault": True}, [(2035, "isDefault")]),
        (WHOLE | {"dateCreated": "x", "name": "x"}, [(2035, "dateCreated"), (2037, "name")]),
    ],
)
async def test_a_whole_campaign_is_judged_member_by_member(
    page: Client, body: Any, problems: list[tuple[int, str]]
) -> None:
    put(page, "200")
    before = page.world.campaigns["200"]
    answer = await page.call("PUT", "/campaign/200", body)
    found = said(answer)
    assert found == problems
    assert page.world.campaigns["200"] == before
    (item,) = page.simulator.journal.of("update")[0].items
    assert (item.truth, item.codes) == ("refused", [str(code) for code, _ in found])
    assert (item.old, item.new) == ({}, {})


LIMIT = "limitMicros"


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({"daily": {LIMIT: "5"}}, [(2000, "budgets.total")]),
        ({"total": {LIMIT: "5"}}, [(2000, "budgets.daily")]),
        ({"daily": {}, "total": {LIMIT: "5"}}, [(2000, "budgets.daily.limitMicros")]),
        (limits("UNLIMITED"), [(2001, "budgets.daily.limitMicros")]),
        (limits(5, "unlimited"), [(2001, "budgets.total.limitMicros")]),
        (limits("0"), [(2002, "budgets.daily.limitMicros")]),
        (limits(5, "-1"), [(2002, "budgets.total.limitMicros")]),
        (limits("1.5"), [(2001, "budgets.daily.limitMicros")]),
        (limits("007"), [(2001, "budgets.daily.limitMicros")]),
        (limits("1e6"), [(2001, "budgets.daily.limitMicros")]),
        (limits(" 5"), [(2001, "budgets.daily.limitMicros")]),
        (limits("٥"), [(2001, "budgets.daily.limitMicros")]),
        (limits("9223372036854775808"), [(2002, "budgets.daily.limitMicros")]),
        (limits("9" * 6000), [(2002, "budgets.daily.limitMicros")]),
        ({"daily": {LIMIT: 5}, "total": {LIMIT: "5"}}, [(2001, "budgets.daily.limitMicros")]),
        ({"daily": {LIMIT: None}, "total": {LIMIT: "5"}}, [(2001, "budgets.daily.limitMicros")]),
        (
            {"daily": {LIMIT: "5", "spentMicros": "1"}, "total": {LIMIT: "5"}},
            [(2035, "budgets.daily.spentMicros")],
        ),
        (
            {"budgets": limits(5)},
            [(2037, "budgets.budgets"), (2000, "budgets.daily"), (2000, "budgets.total")],
        ),
        (limits(5) | {"monthly": {LIMIT: "5"}}, [(2037, "budgets.monthly")]),
    ],
)
async def test_budgets_are_judged_member_by_member(
    page: Client, body: Any, problems: list[tuple[int, str]]
) -> None:
    before = page.world.campaigns["123"]
    assert said(await page.budgets("123", body)) == problems
    assert page.world.campaigns["123"] == before
    inside = await page.put("123", title="x", budgets=body)
    assert said(inside) == problems


async def test_limits_have_bounds_of_their_own(begin: Begin) -> None:
    client = await begin(options={"daily_min": "10000000", "total_max": "2000000000000"})
    put(client, "123")
    low = await client.budgets("123", limits(9_999_999, 2_000_000_000_001))
    assert said(low) == [(2002, "budgets.daily.limitMicros"), (2002, "budgets.total.limitMicros")]
    assert [entry["arg"] for entry in low.value] == [10_000_000, 2_000_000_000_000]
    assert (await client.budgets("123", limits(10_000_000, 2_000_000_000_000))).status == 200


async def test_a_left_out_budget_can_fall_back_to_its_default(begin: Begin) -> None:
    client = await begin(options={"partial_budgets": "reset"})
    put(client, "123", total=500_000_000)
    answer = await client.budgets("123", {"daily": {LIMIT: "20000000"}})
    assert answer.value["total"][LIMIT] == "UNLIMITED"
    assert client.simulator.journal.of("budgets")[0].items[0].new == {
        "budget.daily": "20",
        "budget.lifetime": "unlimited",
    }


@pytest.mark.parametrize("body", [b"", b"{", b'{"status":"ACTIVE","status":"PAUSED"}', b"\xff"])
async def test_a_body_that_is_no_json_is_1005(page: Client, body: bytes) -> None:
    for method, path, media in (
        ("POST", "/campaign", CAMPAIGN),
        ("PUT", "/campaign/123", CAMPAIGN),
        ("PUT", "/campaign/123/budgets", BUDGETS),
    ):
        answer = await page.call(method, path, body, media, Content_Type=media)
        assert said(answer) == [(1005, None)]


async def test_a_new_campaign_brings_no_id(page: Client) -> None:
    assert said(await page.create(id=5)) == [(2035, "id")]
    assert said(await page.create(title="x" * 65, status="X")) == [
        (2001, "status"),
        (2005, "title"),
    ]
    (item,) = page.simulator.journal.of("create")[0].items
    assert (item.id, item.kind, item.truth, item.codes) == ("", "create", "refused", ["2035"])


async def test_a_seller_has_a_highest_number_of_campaigns(begin: Begin) -> None:
    client = await begin(3, options={"max_campaigns": "4"})
    assert (await client.create()).status == 201
    refused = await client.create()
    assert (said(refused), refused.value[0]["arg"]) == ([(2039, "campaign")], 4)


async def test_hidden_caps_refuse_budgets(page: Client) -> None:
    await page.admin("seller", daily_cap="50", total_cap="100")
    assert said(await page.budgets("123", limits(50_000_001, 90_000_000)))[0][0] == 2002
    put(page, "200")
    refused = await page.budgets("200", limits(50_000_001))
    assert said(refused) == [(2020, "budgets.daily"), (2019, "budgets.total")]
    assert said(await page.create()) == [(2019, "budgets.total")]
    assert (await page.budgets("200", limits(50_000_000, 100_000_000))).status == 200
    await page.admin("seller", daily_cap=None, total_cap=None, may_change_budgets=False)
    assert said(await page.budgets("200", limits(5))) == [(2027, "budgets")]
    assert (await page.budgets("200", limits(50_000_000, 100_000_000))).status == 200


@pytest.mark.parametrize("option", ["refuse", "accept"])
async def test_a_total_below_what_is_spent_is_refused_or_stops(begin: Begin, option: str) -> None:
    client = await begin(options={"below_spent": option})
    put(client, "123", spent_total=50_000_000)
    answer = await client.budgets("123", limits(10_000_000, 49_999_999))
    if option == "refuse":
        assert said(answer) == [(2002, "budgets.total.limitMicros")]
        assert answer.value[0]["arg"] == "50000000"
    else:
        assert (await client.get("123")).value["status"] == "BUDGET_REACHED"
    assert (await client.budgets("123", limits(10_000_000, 50_000_000))).status == 200
    await client.admin("spent", id="123", total="60")
    assert (await client.budgets("123", limits(20_000_000, 50_000_000))).status == 200


@pytest.mark.parametrize("status", ["BUDGET_REACHED", "DAILY_BUDGET_REACHED", "paused", "DELETED"])
async def test_only_two_states_can_be_put(page: Client, status: str) -> None:
    answer = await page.status("123", status)
    assert (said(answer), answer.value[0]["arg"]) == ([(2001, "status")], status)
    assert page.truth("123")["status"] == "active"


async def test_a_status_comes_without_a_body(page: Client) -> None:
    answer = await page.call("PUT", "/campaign/123/status/PAUSED", {})
    assert said(answer) == [(1005, None)]
    assert page.truth("123")["status"] == "active"


async def test_a_status_that_may_not_change_is_2040(begin: Begin) -> None:
    client = await begin(options={"activate_reached": "refuse"})
    put(client, "123", spent_daily=10_000_000)
    assert said(await client.status("123", "ACTIVE")) == [(2040, "status")]
    assert (await client.status("123", "PAUSED")).status == 200
    await client.admin("lock", id="123")
    assert said(await client.status("123", "ACTIVE")) == [(2040, "status")]
    assert said(await client.put("123")) == [(2040, "status")]
    assert (await client.status("123", "PAUSED")).status == 200
    await client.admin("lock", id="123", locked=False)
    assert (await client.status("123", "ACTIVE")).status == 200


@pytest.mark.parametrize(
    ("campaign_id", "status", "code"),
    [
        ("124", 404, 1004),
        ("abc", 400, 2001),
        ("0", 400, 2002),
        ("-3", 400, 2002),
        ("9223372036854775808", 400, 2002),
        ("99999999999999999999", 400, 2001),
    ],
)
async def test_an_id_that_is_none_of_the_seller_s_is_refused(
    page: Client, campaign_id: str, status: int, code: int
) -> None:
    for answer in (
        await page.get(campaign_id),
        await page.status(campaign_id, "PAUSED"),
        await page.budgets(campaign_id, limits(5)),
        await page.put(campaign_id),
    ):
        assert (answer.status, answer.codes) == (status, [code])
    refused = page.simulator.journal.of("budgets")[0].items[0]
    assert (refused.id, refused.truth) == (campaign_id, "refused")


async def test_a_removed_campaign_is_not_found(page: Client) -> None:
    page.world.remove(["123"])
    assert (await page.get("123")).status == 404
    assert (await page.page()).value["total"] == 0
    page.world.restore(["123"])
    assert (await page.get("123")).status == 200


@pytest.mark.parametrize(
    ("query", "problems"),
    [
        ("limit=101", [(2002, "limit")]),
        ("limit=0", [(2002, "limit")]),
        ("limit=ten", [(2001, "limit")]),
        ("limit=5&limit=6", [(2001, "limit")]),
        ("pageToken=gibberish", [(2001, "pageToken")]),
        ("pageToken=", [(2001, "pageToken")]),
        ("offset=5", [(2037, "offset")]),
    ],
)
async def test_a_list_with_a_wrong_parameter_is_refused(
    page: Client, query: str, problems: list[tuple[int, str]]
) -> None:
    assert said(await page.call("GET", f"/campaigns?{query}", media=LIST)) == problems


async def test_a_page_token_goes_with_its_request_and_its_hour(client: Client) -> None:
    token = (await client.page(limit=5)).value["nextPageToken"]
    assert said(await client.page(limit=6, pageToken=token)) == [(2001, "pageToken")]
    assert (await client.page(limit=5, pageToken=token)).status == 200
    await client.admin("clock", seconds=3600)
    client.token = ""
    assert said(await client.page(limit=5, pageToken=token)) == [(2001, "pageToken")]
    token = (await client.page(limit=5)).value["nextPageToken"]
    assert (await client.admin("pages/expire"))["expired"] >= 1
    assert said(await client.page(limit=5, pageToken=token)) == [(2001, "pageToken")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/campaign/123", 405),
        ("POST", "/campaigns", 405),
        ("GET", "/campaign/123/budgets", 405),
        ("GET", "/campaigns/", 404),
        ("PUT", "/campaign/123/title/x", 404),
    ],
)
async def test_what_does_not_exist_is_refused_without_a_word(
    page: Client, method: str, path: str, status: int
) -> None:
    answer = await page.call(method, path)
    assert (answer.status, answer.text) == (status, "")


@pytest.mark.parametrize("code", sorted(CODES))
async def test_every_code_can_be_had_with_its_status(page: Client, code: int) -> None:
    page.simulator.faults.arm("error", "budgets", codes=[code], field="title", arg=5)
    answer = await page.budgets("123", limits(5))
    assert (answer.status, answer.codes) == (CODES[code][0], [code])
    entry = answer.value[0]
    assert (entry["field"], entry["arg"]) == ("title", 5)
    assert list(entry) == ["code", "text", "field", "arg", "msg"]
    (item,) = page.simulator.journal.of("budgets")[0].items
    assert item.truth == ("untouched" if answer.status == 500 else "refused")
    assert page.truth("123")["budget.daily"] == "10"
