"""Every kind of fault that only the simulated ICAS has: it is what it says, and it is counted."""

from typing import Any

import aiohttp
import pytest

from syncd.simulator.faults import Fault
from tests.simulator.icas.client import Answer, Client, limits
from tests.simulator.icas.conftest import Begin


def arm(client: Client, kind: str, operation: str, /, **options: Any) -> Fault:
    return client.simulator.faults.arm(kind, operation, **options)


async def walk(client: Client, most: int = 9) -> list[Answer]:
    """The pages of ten from the first on, until there is no token."""
    pages = [await client.page(limit=10)]
    while "nextPageToken" in pages[-1].value and len(pages) < most:
        pages.append(await client.page(limit=10, pageToken=pages[-1].value["nextPageToken"]))
    return pages


def seen(pages: list[Answer]) -> list[str]:
    return [campaign_id for page in pages for campaign_id in page.ids]


async def test_a_row_that_moved_to_the_page_before_is_shown_by_none(client: Client) -> None:
    fault = arm(client, "page_drift", "list")
    pages = await walk(client)
    ids = client.world.ids()
    assert seen(pages) == ids[:10] + ids[11:]
    assert {page.value["total"] for page in pages} == {24}
    assert fault.fired == 1
    assert client.simulator.journal.of("list")[1].ids == pages[1].ids
    assert ids[10] not in client.simulator.journal.of("list")[1].shown


async def test_a_row_can_stand_on_two_pages(client: Client) -> None:
    arm(client, "page_duplicate", "list")
    pages = await walk(client)
    ids = client.world.ids()
    assert seen(pages) == [*ids[:10], ids[9], *ids[10:]]
    assert client.simulator.journal.of("list")[1].ids[0] == ids[9]


async def test_a_lost_token_looks_like_the_last_page(client: Client) -> None:
    arm(client, "page_cut", "list", nth=2)
    pages = await walk(client)
    assert [len(page.ids) for page in pages] == [10, 10]
    assert pages[-1].value["total"] == 24


async def test_a_token_can_lead_back(client: Client) -> None:
    arm(client, "page_loop", "list", count=None)
    pages = await walk(client, most=6)
    assert len(pages) == 6
    assert pages[1].ids == pages[5].ids


async def test_rows_can_be_left_out_and_totals_be_wrong(client: Client) -> None:
    ids = client.world.ids()
    arm(client, "page_missing", "list", ids=[ids[3], ids[5]])
    assert set(ids) - set(seen(await walk(client))) == {ids[3], ids[5]}
    arm(client, "page_missing", "list")
    assert seen(await walk(client)) == ids[1:]
    arm(client, "page_empty", "list")
    assert (await client.page()).value == {"total": 0, "campaigns": []}
    arm(client, "page_total", "list")
    assert (await client.page()).value["total"] == 25
    arm(client, "page_total", "list", total=3)
    assert (await client.page()).value["total"] == 3
    arm(client, "page_bare", "list")
    assert [row["id"] for row in (await client.page()).value] == [int(one) for one in ids]


@pytest.mark.parametrize(
    ("kind", "member", "shown", "untold"),
    [
        ("unknown_status", "status", "UNDER_REVIEW", {"status"}),
        ("odd_date", "dateLastUpdated", "2022-12-28T22:40:15:531Z", set()),
        ("new_field", "labels", {"season": "winter", "weights": [1, 2]}, set()),
        ("id_as_text", "id", "123", set()),
        ("budgets_missing", "budgets", None, {"budget.daily", "budget.lifetime"}),
    ],
)
async def test_a_row_can_be_odd_wherever_it_is_shown(
    page: Client, kind: str, member: str, shown: Any, untold: set[str]
) -> None:
    for operation, read in (("list", page.page()), ("get", page.get("123"))):
        arm(page, kind, operation)
        value = (await read).value
        row = value["campaigns"][0] if operation == "list" else value
        assert row.get(member) == shown
        arrival = page.simulator.journal.of(operation)[-1]
        assert set(page.truth("123")) - set(arrival.shown["123"]) == untold
    assert (await page.by_vendor("123-abc-vjlkna-124")).value["id"] == 123


@pytest.mark.parametrize(
    ("kind", "micros"),
    [("daily_unlimited", "UNLIMITED"), ("micros_as_number", 10_000_000), ("bad_micros", "12,5")],
)
async def test_a_daily_limit_can_be_odd(page: Client, kind: str, micros: Any) -> None:
    arm(page, kind, "get_by_vendor")
    shown = (await page.by_vendor("123-abc-vjlkna-124")).value
    assert shown["budgets"]["daily"]["limitMicros"] == micros


async def test_rows_are_chosen_by_place_or_id(client: Client) -> None:
    ids = client.world.ids()
    arm(client, "unknown_status", "list", ids=[ids[4]], status="CS_PAUSED")
    rows = (await client.page()).value["campaigns"]
    assert [str(row["id"]) for row in rows if row["status"] == "CS_PAUSED"] == [ids[4]]
    arm(client, "unknown_status", "list", indexes=[1, 2, 99])
    rows = (await client.page()).value["campaigns"]
    odd = [str(row["id"]) for row in rows if row["status"] == "UNDER_REVIEW"]
    assert odd == ids[1:3]


async def test_a_yes_can_mean_nothing(page: Client) -> None:
    arm(page, "ignore", "*", count=None)
    assert (await page.budgets("123", limits(5))).value["daily"]["limitMicros"] == "5"
    assert (await page.status("123", "PAUSED")).status == 200
    assert (await page.put("123", title="x")).value["title"] == "x"
    made = (await page.create()).value["id"]
    assert page.world.ids() == ["123"]
    assert page.truth("123")["budget.daily"] == "10"
    assert (await page.get(str(made))).status == 404
    for operation in ("budgets", "status", "update", "create"):
        assert page.simulator.journal.of(operation)[0].items[0].truth == "untouched"


async def test_an_answer_can_show_another_value(page: Client) -> None:
    arm(page, "echo_other", "budgets")
    answer = await page.budgets("123", limits(5_000_000))
    assert answer.value["daily"]["limitMicros"] == "1230000"
    assert page.truth("123")["budget.daily"] == "5"
    arm(page, "echo_other", "update", field="id", value=999)
    assert (await page.put("123")).value["id"] == 999
    arm(page, "echo_other", "create", field="total", value="7")
    assert (await page.create()).value["budgets"]["total"]["limitMicros"] == "7"


async def test_less_can_be_stored_than_was_accepted(page: Client) -> None:
    arm(page, "clamp", "budgets")
    answer = await page.budgets("123", limits(8_000_000, 900_000_000))
    assert answer.value["daily"]["limitMicros"] == "8000000"
    truth = page.truth("123")
    assert (truth["budget.daily"], truth["budget.lifetime"]) == ("4", "450")
    (item,) = page.simulator.journal.of("budgets")[0].items
    assert (item.truth, item.new["budget.daily"]) == ("applied", "8")


async def test_a_change_can_come_later(page: Client) -> None:
    arm(page, "later", "*", count=2)
    assert (await page.status("123", "PAUSED")).status == 200
    await page.budgets("123", limits(8_000_000))
    assert (page.truth("123")["status"], page.truth("123")["budget.daily"]) == ("active", "10")
    (item,) = page.simulator.journal.of("status")[0].items
    assert (item.truth, item.new) == ("applied_pending", {"status": "paused"})
    assert (await page.admin("later"))["ids"] == ["123", "123"]
    assert (page.truth("123")["status"], page.truth("123")["budget.daily"]) == ("paused", "8")
    assert (await page.admin("later"))["ids"] == []


async def test_a_change_can_come_by_itself(page: Client) -> None:
    arm(page, "later", "status", seconds=0)
    await page.status("123", "PAUSED")
    assert page.truth("123")["status"] == "paused"


async def test_half_of_a_change_can_be_applied(page: Client) -> None:
    arm(page, "half", "budgets")
    answer = await page.budgets("123", limits(8_000_000, 900_000_000))
    assert (answer.status, answer.codes) == (500, [1000])
    truth = page.truth("123")
    assert (truth["budget.daily"], truth["budget.lifetime"]) == ("8", "unlimited")
    (item,) = page.simulator.journal.of("budgets")[0].items
    assert item.new == {"budget.daily": "8"}


@pytest.mark.parametrize("options", [{}, {"everywhere": True}])
async def test_a_new_campaign_can_be_hard_to_find(page: Client, options: dict[str, bool]) -> None:
    arm(page, "vendor_lag", "create", **options)
    made = str((await page.create(vendorId="New-1")).value["id"])
    assert (await page.by_vendor("New-1")).status == 404
    assert (await page.get(made)).status == 200
    assert (made in (await page.page()).ids) is (not options)
    assert (await page.create(vendorId="new-1")).codes == [2025]
    assert (await page.admin("index"))["ids"] == [made]
    assert (await page.by_vendor("New-1")).status == 200
    assert made in (await page.page()).ids


async def test_an_empty_yes_can_be_an_empty_object(page: Client) -> None:
    arm(page, "status_object", "status")
    answer = await page.status("123", "PAUSED")
    assert (answer.status, answer.text) == (200, "{}")
    assert page.simulator.journal.of("status")[0].reply_readable


async def test_a_code_can_be_a_text(page: Client) -> None:
    arm(page, "code_as_text", "get")
    assert (await page.get("124")).value[0]["code"] == "1004"


async def test_several_errors_can_be_said_before_and_after_applying(page: Client) -> None:
    arm(page, "error", "budgets", codes=[2019, 2020])
    answer = await page.budgets("123", limits(5))
    assert (answer.status, answer.codes) == (400, [2019, 2020])
    assert page.truth("123")["budget.daily"] == "10"
    arm(page, "error", "budgets", codes=[1000], when="after")
    assert (await page.budgets("123", limits(5_000_000))).status == 500
    assert page.truth("123")["budget.daily"] == "5"
    items = [arrival.items[0] for arrival in page.simulator.journal.of("budgets")]
    assert [item.truth for item in items] == ["refused", "applied"]
    assert items[0].codes == ["2019", "2020"]


async def test_a_create_can_be_applied_and_its_answer_lost(page: Client) -> None:
    await page.page()
    arm(page, "reset", "create", when="after")
    with pytest.raises(aiohttp.ClientOSError):
        await page.create(vendorId="lost-1")
    (item,) = page.simulator.journal.of("create")[0].items
    assert (item.truth, page.simulator.journal.of("create")[0].status) == ("applied", None)
    found = (await page.by_vendor("LOST-1")).value
    assert str(found["id"]) == item.id
    assert (await page.create(vendorId="Lost-1")).codes == [2025]


@pytest.mark.parametrize("when", ["head", "before", "after"])
@pytest.mark.parametrize("operation", ["update", "budgets", "status"])
async def test_a_write_can_be_lost_before_and_after_it_is_applied(
    page: Client, operation: str, when: str
) -> None:
    await page.page()
    arm(page, "reset", operation, when=when, count=None)  # the HTTP library sends a PUT again
    calls = {
        "update": page.put("123", title="x", status="PAUSED"),
        "budgets": page.budgets("123", limits(5)),
        "status": page.status("123", "PAUSED"),
    }
    call = calls.pop(operation)
    for other in calls.values():
        other.close()
    before = page.world.campaigns["123"]
    with pytest.raises(aiohttp.ClientOSError):
        await call
    arrival = page.simulator.journal.of(operation)[0]
    assert arrival.is_write
    assert (arrival.status, arrival.reply) == (None, None)
    assert arrival.items[0].truth == ("applied" if when == "after" else "untouched")
    assert (page.world.campaigns["123"] != before) is (when == "after")


async def test_kinds_fit_only_where_they_mean_something(begin: Begin) -> None:
    client = await begin(2)
    kinds = ("clamp", "later", "half", "vendor_lag", "status_object", "echo_other", "page_cut")
    faults = [arm(client, kind, "*", count=None) for kind in kinds]
    await client.page()
    await client.get("1")
    assert (await client.status("1", "PAUSED")).status == 404
    assert [fault.fired for fault in faults] == [0] * len(kinds)
    assert (await client.create()).status == 201
    assert [fault.kind for fault in faults if fault.fired] == ["clamp", "vendor_lag", "echo_other"]
