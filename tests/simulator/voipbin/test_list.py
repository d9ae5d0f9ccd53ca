"""Pages of campaigns: their size, their order, the token that is a time and everything that is lost
by it."""

import pytest

from tests.simulator.voipbin.client import Client
from tests.simulator.voipbin.conftest import Begin


async def pages(client: Client, size: int) -> list[str]:
    """The ids of all pages, followed until one is empty."""
    seen: list[str] = []
    token = ""
    while True:
        answer = await client.list(page_size=size, page_token=token)
        if not answer.ids:
            assert answer.value == {"result": [], "next_page_token": ""}
            return seen
        seen += answer.ids
        token = answer.value["next_page_token"]
        assert token == answer.value["result"][-1]["tm_create"]


async def test_a_page_has_at_most_a_hundred_rows(begin: Begin) -> None:
    client = await begin(campaigns=110)
    for asked, rows in (("1", 1), ("100", 100), ("101", 100), ("0", 100), ("-5", 100), ("7", 7)):
        assert len((await client.list(page_size=asked)).ids) == rows, asked
    assert len((await client.list()).ids) == 100


@pytest.mark.parametrize("size", ["", "ten", "1.5", " 1", "１", "9" * 5000])
async def test_a_page_size_that_is_no_integer_is_refused(client: Client, size: str) -> None:
    answer = await client.list(page_size=size)
    assert (answer.status, answer.reason) == (400, "INVALID_REQUEST_PARAMETER")


async def test_parameters_may_stand_only_once(client: Client) -> None:
    for query in ("page_size=1&page_size=2", "page_token=a&page_token=b"):
        answer = await client.call("GET", f"/campaigns?{query}")
        assert answer.reason == "INVALID_REQUEST_PARAMETER"


@pytest.mark.parametrize("token", ["yesterday", "2026-02-30 00:00:00.000000", "2026-03-01"])
async def test_a_token_that_is_no_time_is_refused(client: Client, token: str) -> None:
    answer = await client.list(page_token=token)
    assert (answer.status, answer.reason) == (400, "INVALID_ARGUMENT")


async def test_rows_come_newest_first_with_the_deleted_and_without_those_of_others(
    client: Client,
) -> None:
    rows = (await client.list()).value["result"]
    order = [(row["tm_create"], row["id"]) for row in rows]
    assert order == sorted(order, reverse=True)
    assert len(rows) == 42
    deleted = [row["id"] for row in rows if not row["tm_delete"].startswith("9999")]
    assert len(deleted) == 2
    assert client.pick("deleted") in deleted
    assert client.pick("other_customer") not in [row["id"] for row in rows]
    assert set(client.simulator.world.ids()) == {row["id"] for row in rows} - set(deleted)


async def test_rows_of_one_microsecond_are_lost_across_a_page(client: Client) -> None:
    everything = (await client.list()).ids
    groups = client.simulator.service.picks()["same_microsecond"]
    assert [group["positions"] for group in groups] == [[2, 3, 4], [39, 40]]
    for group in groups:
        first = group["positions"][0]
        page = await client.list(page_size=first + 1)
        assert page.ids[-1] == group["ids"][0]
        rest = await client.list(page_token=page.value["next_page_token"])
        assert set(everything) - set(page.ids) - set(rest.ids) == set(group["ids"][1:])
    assert await pages(client, 6) == everything


async def test_a_full_page_ends_within_one_microsecond(begin: Begin) -> None:
    client = await begin(campaigns=120)
    everything = [one.id for one in client.simulator.world.listed()]
    assert len(everything) == 126
    assert set(everything) - set(await pages(client, 100)) == set(everything[100:102])
    assert await pages(client, 90) == everything


async def test_new_campaigns_are_above_the_pages_that_follow(client: Client) -> None:
    first = await client.list(page_size=6)
    (added,) = (await client.act("add", count=1))["ids"]
    rest = await client.list(page_token=first.value["next_page_token"])
    assert added not in rest.ids
    assert (await client.list(page_size=1)).ids == [added]


async def test_both_spellings_of_a_token_are_understood(client: Client, current: Client) -> None:
    old = (await client.list(page_size=6)).value["next_page_token"]
    new = (await current.list(page_size=6)).value["next_page_token"]
    assert new == old.replace(" ", "T") + "Z"
    assert (await client.list(page_token=new)).ids == (await client.list(page_token=old)).ids


async def test_a_token_has_six_digits_where_the_time_has_fewer(current: Client) -> None:
    newest = current.simulator.world.listed()[0]
    newest.tm_create -= newest.tm_create % 1_000_000
    page = (await current.list(page_size=1)).value
    assert page["result"][0]["tm_create"] == "2026-03-01T09:30:00Z"
    assert page["next_page_token"] == "2026-03-01T09:30:00.000000Z"


async def test_hidden_campaigns_are_nowhere(client: Client) -> None:
    one = client.pick("ordinary")
    await client.act("remove", ids=[one])
    assert one not in (await client.list()).ids
    assert (await client.get(one)).reason == "CAMPAIGN_NOT_FOUND"
    await client.act("restore", ids=[one])
    assert one in (await client.list()).ids


async def test_a_read_notes_what_it_shows(client: Client) -> None:
    rows = (await client.list()).value["result"]
    noted = client.last("list")
    assert noted.ids == [row["id"] for row in rows]
    one = client.pick("ordinary")
    assert noted.shown[one] == client.values(one)
    deleted = client.pick("deleted")
    assert noted.shown[deleted] == client.values(deleted) | {"deleted": "true"}
    await client.get(client.pick("unknown"))
    assert (client.last("get").ids, client.last("get").shown) == ([], {})
