"""Every fault of the simulated Epom's own: it is what it says, and the journal knows the truth."""

from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from tests.simulator.epom.caller import PRICING, UPDATE, Answer, Caller

LIST = "/rest-api/campaigns.do"
SEVERAL = f"{PRICING}/UK%2C%20CA%2C%20DE.do"


async def update(epom: Caller, price: str = "1.5") -> Answer:
    return await epom.post(f"{PRICING}.do", UPDATE | {"price": price})


async def armed_update(epom: Caller, kind: str, /, **options: Any) -> Answer:
    epom.arm(kind, "update", **options)
    return await update(epom)


def amount(epom: Caller) -> str | None:
    return epom.values()["price.amount"]


def truths(epom: Caller) -> list[str]:
    return [item.truth for item in epom.last.items]


@pytest.mark.parametrize(
    ("kind", "options", "status", "text"),
    [
        ("success_false", {}, 200, '{"success":false,"error":"permission_denied"}'),
        ("success_false", {"error": "busy"}, 200, '{"success":false,"error":"busy"}'),
        ("odd_json", {}, 200, '{"permission_denied":,"success":false}'),
        ("odd_json", {"sample": "entity"}, 200, '{"160":"no_url_property_found","success":false}'),
    ],
)
async def test_a_200_that_says_no_may_be_true_or_false(
    epom: Caller, kind: str, options: dict[str, Any], status: int, text: str
) -> None:
    answer = await armed_update(epom, kind, **options)
    assert (answer.status, answer.text) == (status, text)
    assert (amount(epom), truths(epom)) == ("1.25", ["untouched"])
    answer = await armed_update(epom, kind, apply=True, **options)
    assert (answer.status, answer.text) == (status, text)
    assert (amount(epom), truths(epom)) == ("1.5", ["applied"])


async def test_a_yes_may_have_a_body(epom: Caller) -> None:
    answer = await armed_update(epom, "success_true")
    assert (answer.status, answer.text) == (200, '{"success":true}')
    assert amount(epom) == "1.5"


async def test_an_answer_without_a_body_cannot_be_cut(epom: Caller) -> None:
    fault = epom.arm("truncate", "update")
    answer = await update(epom)
    assert (answer.status, answer.text, fault.fired) == (200, "", 0)
    assert epom.last.reply_whole


async def test_an_error_page_may_come_after_the_write_was_applied(epom: Caller) -> None:
    answer = await armed_update(epom, "error_page", status=400)
    assert (answer.status, answer.content_type) == (400, "text/html")
    assert (amount(epom), epom.last.reply_readable) == ("1.25", False)
    answer = await armed_update(epom, "error_page", apply=True)
    assert (answer.status, amount(epom)) == (500, "1.5")


async def test_a_write_may_be_ignored_rounded_or_clamped_and_still_answered_with_yes(
    epom: Caller,
) -> None:
    for kind, options, price, taken in (
        ("ignore", {}, "9", "1.25"),
        ("round", {}, "2.00005", "2"),
        ("round", {}, "2.00015", "2.0002"),
        ("round", {"places": 2}, "2.119", "2.12"),
        ("clamp", {"most": "5"}, "7", "5"),
        ("clamp", {"least": "0.5"}, "0.1", "0.5"),
        ("clamp", {"least": "0.5", "most": "5"}, "3", "3"),
    ):
        fault = epom.arm(kind, "update", **options)
        answer = await update(epom, price)
        assert (answer.status, answer.text, fault.fired) == (200, "", 1)
        assert amount(epom) == taken
        (item,) = epom.last.items
        assert item.new["price.amount"] == price
        assert item.truth == ("untouched" if kind == "ignore" else "applied")
        assert item.codes == (["taken_otherwise"] if taken not in {price, "1.25"} else [])
    assert epom.values()["price.estimated_ctr"] == "0.01"


async def test_a_country_price_is_rounded_too(epom: Caller) -> None:
    epom.arm("round", "batch", places=1)
    await epom.upload("UK,1.26\nUS,3\n")
    assert epom.values()["price.country.UK"] == "1.3"
    assert [item.codes for item in epom.last.items] == [["taken_otherwise"], []]


async def test_a_write_may_be_in_force_later(epom: Caller) -> None:
    assert (await armed_update(epom, "late", seconds=90)).status == 200
    assert (amount(epom), truths(epom)) == ("1.25", ["applied_pending"])
    await epom.admin("clock", advance_ms=89_000)
    assert (await epom.get(f"{PRICING}.do")).value["price"] == Decimal("1.25")
    await epom.admin("clock", advance_ms=1_000)
    assert (await epom.get(f"{PRICING}.do")).value["price"] == Decimal("1.5")
    epom.arm("late", "disable")
    assert (await epom.delete(f"{PRICING}.do")).status == 200
    assert (await epom.admin("state"))["waiting"] == 1
    assert (amount(epom), truths(epom)) == ("1.5", ["applied_pending"])
    assert await epom.admin("settle", now=True) == {"in_force": 1}
    assert amount(epom) is None


async def test_a_late_write_that_is_due_is_seen_by_whoever_looks_first(epom: Caller) -> None:
    await armed_update(epom, "late", seconds=0)
    assert (await epom.get(f"{PRICING}.do")).value["price"] == Decimal("1.5")
    epom.arm("late", "update", seconds=0)
    await update(epom, "1.6")
    assert epom.simulator.world.truth()[0]["values"]["price.amount"] == "1.6"
    epom.arm("late", "update", seconds=0)
    await update(epom, "1.7")
    epom.simulator.world.edit("17", {"price.amount": "1.8"})
    assert (await epom.get(f"{PRICING}.do")).value["price"] == Decimal("1.8")


async def test_some_entries_are_applied_and_all_are_said_to_be(epom: Caller) -> None:
    epom.arm("some_rows", "batch")
    assert (await epom.upload("UK,1\nUS,3\nCA,4\n")).text == ""
    assert truths(epom) == ["applied", "untouched", "applied"]
    epom.arm("some_rows", "update_country", indexes=[0])
    await epom.post(SEVERAL, {"price": "7"})
    assert truths(epom) == ["untouched", "applied", "applied"]
    values = {path[-2:]: one for path, one in epom.values().items() if ".country." in path}
    assert values == {"US": "2", "UK": "1", "CA": "7", "DE": "7"}


async def test_half_is_applied_before_an_error(epom: Caller) -> None:
    epom.arm("half", "update_country")
    answer = await epom.post(SEVERAL, {"price": "7"})
    assert (answer.status, answer.text) == (500, "")
    assert truths(epom) == ["applied", "untouched", "untouched"]


async def test_a_refused_write_meets_no_fault_of_a_yes(epom: Caller) -> None:
    fault = epom.arm("success_true", "update")
    assert (await epom.post("/rest-api/campaign/404/pricing.do", UPDATE)).status == 400
    assert fault.fired == 0


async def test_the_general_faults_know_the_truth_too(epom: Caller) -> None:
    epom.arm("reset", "disable", when="after", count=None)
    with pytest.raises(aiohttp.ClientOSError):
        await epom.delete(f"{PRICING}.do")
    first, repeated = epom.simulator.journal.of("disable")
    assert (amount(epom), first.items[0].truth, first.status) == (None, "applied", None)
    assert (repeated.items[0].truth, repeated.items[0].codes) == ("refused", ["disabled_already"])
    assert repeated.notes == [f"hash used before, by arrival {first.seq}"]
    epom.simulator.world.edit("17", {"price.amount": "1", "price.type": "CPM"})
    epom.arm("reset", "update", when="head")
    with pytest.raises(aiohttp.ClientOSError):
        await update(epom)
    assert (amount(epom), truths(epom)) == ("1", ["untouched"])
    epom.arm("empty", "update", status=503)
    assert (await update(epom)).status == 503
    assert not epom.last.reply_readable


async def test_lists_may_not_show_everything(epom: Caller) -> None:
    for kind, options, shown in (
        ("list_missing", {}, [17, 18]),
        ("list_missing", {"ids": ["17", "18"]}, [19]),
        ("list_twice", {}, [17, 18, 19, 17]),
        ("list_empty", {}, []),
    ):
        epom.arm(kind, "campaigns", **options)
        value = (await epom.get(LIST)).value
        assert [one["id"] for one in value] == shown
        assert set(epom.last.shown) == {str(one) for one in shown} == set(epom.last.ids)
    epom.arm("list_as_object", "of_advertiser")
    value = (await epom.get("/rest-api/advertiser/104/campaigns.do")).value
    assert value == {"campaigns": [{"id": 19, "name": "New"}]}


async def test_a_fault_waits_for_a_call_that_it_fits(epom: Caller) -> None:
    lists, prices = epom.arm("list_empty", "*"), epom.arm("not_set", "*")
    await epom.post(f"{PRICING}.do", UPDATE)
    assert (lists.fired, prices.fired) == (0, 0)
    await epom.get(LIST)
    assert (lists.fired, prices.fired) == (1, 0)
    await epom.get(f"{PRICING}.do")
    assert (lists.fired, prices.fired) == (1, 1)
    again = epom.arm("list_twice", "*")
    await epom.get(f"{PRICING}.do")
    assert again.fired == 0


async def test_country_prices_may_come_in_another_form(epom: Caller) -> None:
    for word, shown in (
        ("pairs", {"countryPricing": [{"US": 2}]}),
        ("object", {"countries": {"US": 2}}),
        ("list", {"countries": [{"country": "US", "price": 2}]}),
    ):
        epom.arm("countries_as", "get", **{"as": word})
        answer = await epom.get(f"{PRICING}.do")
        value = answer.value
        assert {key: value[key] for key in value if key.startswith("countr")} == shown
        assert "2.0" in answer.text


async def test_names_without_quotes_are_no_json(epom: Caller) -> None:
    epom.arm("unquoted", "*", count=2)
    answer = await epom.get(f"{PRICING}.do")
    assert answer.status == 200
    assert answer.text.startswith('{id:501,campaignId:17,paymentModel:"FIXED_PRICE",')
    assert 'countries:[{country:"US",price:2.0}]' in answer.text
    assert not epom.last.reply_readable
    epom.simulator.world.edit("17", {"name": 'a "b": c'})
    assert '{id:17,name:"a \\"b\\": c"}' in (await epom.get(LIST)).text


async def test_doubles_as_java_writes_them_are_the_same_numbers(epom: Caller) -> None:
    changed = {"price.amount": "12345678.9", "price.country.UK": "0.0005", "price.country.DE": "0"}
    changed |= {"price.country.CA": "10000000", "price.country.FR": "0.001"}
    epom.simulator.world.edit("17", changed)
    plain = await epom.get(f"{PRICING}.do")
    epom.arm("java_doubles", "get")
    java = await epom.get(f"{PRICING}.do")
    assert '"price":1.23456789E7' in java.text
    assert '"price":5.0E-4' in java.text
    assert '"price":0.0}' in java.text
    assert '"price":1.0E7' in java.text
    assert '"price":0.001}' in java.text
    assert '"estimatedCtr":0.01,' in java.text
    assert java.value == plain.value
    assert epom.last.reply_readable


async def test_an_answer_may_hold_what_nobody_expects(epom: Caller) -> None:
    epom.arm("text_numbers", "get")
    assert (await epom.get(f"{PRICING}.do")).value["price"] == "1.25"
    epom.arm("new_fields", "*", count=2)
    assert (await epom.get(f"{PRICING}.do")).value["schedule"] == {"days": [1, 2]}
    assert {one["currency"] for one in (await epom.get(LIST)).value} == {"EUR"}
    epom.arm("unknown_enum", "get")
    assert (await epom.get(f"{PRICING}.do")).value["pricingType"] == "CPV"
    assert epom.last.shown["17"]["price.type"] == "CPV"
    epom.arm("unknown_enum", "get", field="paymentModel", value="REVENUE_SHARE")
    assert (await epom.get(f"{PRICING}.do")).value["paymentModel"] == "REVENUE_SHARE"
    assert epom.last.shown["17"]["price.type"] == "CPM"


async def test_an_answer_may_lack_what_is_needed(epom: Caller) -> None:
    epom.arm("lacking", "get")
    assert "price" not in (await epom.get(f"{PRICING}.do")).value
    epom.arm("lacking", "get", fields=["pricingType", "countries"], **{"as": "null"})
    value = (await epom.get(f"{PRICING}.do")).value
    assert (value["pricingType"], value["countries"]) == (None, None)
    assert epom.last.shown == {}
    epom.arm("not_set", "get")
    assert (await epom.get(f"{PRICING}.do")).status == 404
    assert epom.last.shown == {}
    for options in ({}, {"id": "18"}):
        epom.arm("other_pricing", "get", **options)
        assert (await epom.get(f"{PRICING}.do")).value["campaignId"] == 18
        assert (epom.last.shown, epom.last.ids) == ({}, [])
