"""Every fault that can be armed: it is what it says, and it is counted."""

import asyncio
import gzip
import json
from typing import Any

import aiohttp
import pytest

from syncd.simulator.faults import Fault
from tests.simulator.client import CAMPAIGNS, Client, limit


def ordinary(client: Client, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Entries that are accepted at once."""
    picks = client.simulator.service.picks()["ordinary"][:count]
    return [(one["id"], limit(one["path"].removeprefix("budget."), one["amount"])) for one in picks]


def truths(client: Client) -> list[str]:
    return [item.truth for item in client.simulator.journal.of("update")[-1].items]


def arm(client: Client, kind: str, operation: str = "update", /, **options: Any) -> Fault:
    return client.simulator.faults.arm(kind, operation, **options)


@pytest.mark.parametrize(
    ("when", "truth"), [("head", "untouched"), ("before", "untouched"), ("after", "applied")]
)
async def test_a_reset_is_a_real_one_and_the_journal_knows_the_truth(
    client: Client, when: str, truth: str
) -> None:
    await client.search()
    fault = arm(client, "reset", when=when)
    with pytest.raises(aiohttp.ClientOSError) as caught:
        await client.update(*ordinary(client, 2))
    assert isinstance(caught.value.__cause__, ConnectionResetError)
    arrival = client.simulator.journal.of("update")[0]
    assert truths(client) == [truth, truth]
    assert (arrival.status, arrival.replied_ns, arrival.reply_whole) == (None, None, False)
    assert arrival.gone_ns is not None
    assert arrival.faults == [fault.name]
    assert (fault.fired, fault.is_spent) == (1, True)
    assert (await client.update(*ordinary(client, 1))).status == 200


async def test_a_truncated_answer_ends_before_its_promised_length(client: Client) -> None:
    arm(client, "truncate", keep=5)
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.update(*ordinary(client, 1))
    arrival = client.simulator.journal.of("update")[0]
    assert truths(client) == ["applied"]
    assert (arrival.reply, arrival.reply_whole) == ('{"dat', False)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["html", "empty", "malformed", "duplicate_keys", "status"])
async def test_an_unreadable_answer_comes_before_or_after_applying(
    client: Client, kind: str, when: str
) -> None:
    arm(client, kind, when=when)
    answer = await client.update(*ordinary(client, 1))
    assert answer.status == (500 if kind == "status" else 200)
    if kind == "duplicate_keys":
        pairs = json.loads(answer.text, object_pairs_hook=list)
        assert [key for key, _ in pairs].count("errors") > 1
    else:
        with pytest.raises(ValueError, match=r"Expecting|Extra"):
            json.loads(answer.text)
    assert truths(client) == ["applied" if when == "after" else "untouched"]
    assert not client.simulator.journal.of("update")[0].reply_readable


async def test_a_status_brings_its_headers_and_body(client: Client) -> None:
    arm(client, "status", "search", status=503, headers={"Retry-After": "7"}, body={"errors": []})
    answer = await client.search()
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")
    assert answer.value == {"errors": []}


async def test_a_throttle_sends_the_headers_that_it_was_given(client: Client) -> None:
    arm(client, "throttle", "*", count=2, limit="100", remaining=-1, reset="soon")
    client.token = "unused"
    for _ in range(2):
        answer = await client.search()
        assert answer.status == 429
        assert answer.headers["x-ratelimit-limit"] == "100"
        assert answer.headers["x-ratelimit-remaining"] == "-1"
        assert answer.headers["x-ratelimit-reset"] == "soon"
    assert (await client.search()).status == 401


async def test_a_redirect_points_where_it_was_told_to(client: Client) -> None:
    arm(client, "redirect", status=308, location="http://127.0.0.1:9/elsewhere")
    answer = await client.update(*ordinary(client, 1))
    assert (answer.status, answer.headers["location"]) == (308, "http://127.0.0.1:9/elsewhere")
    assert truths(client) == ["untouched"]


async def test_a_bomb_is_small_on_the_wire_and_large_inside(client: Client) -> None:
    arm(client, "gzip_bomb", "search", megabytes=3)
    await client.authenticate()
    url = f"{client.simulator.base_url}{CAMPAIGNS}/search"
    token = (await client.authenticate()).value["access_token"]
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.post(
            url, json={"filters": {}}, headers={"Authorization": f"Bearer {token}"}
        ) as answer,
    ):
        packed = await answer.read()
    assert len(packed) < 20_000
    unpacked = gzip.decompress(packed)
    assert len(unpacked) > 3_000_000
    assert len(json.loads(unpacked)["data"]) == 30


async def test_a_drip_sends_one_byte_at_a_time(client: Client) -> None:
    await client.search()
    fault = arm(client, "drip", "search", seconds=0)
    assert len((await client.search()).ids) == 30
    assert fault.fired == 1


async def test_a_delay_waits_before_or_after_applying(client: Client) -> None:
    for when in ("before", "after"):
        arm(client, "delay", seconds=0.03, when=when)
        await client.update(*ordinary(client, 1))
        arrival = client.simulator.journal.of("update")[-1]
        assert arrival.replied_ns is not None
        assert arrival.replied_ns - arrival.arrived_ns > 25_000_000


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_held_exchange_goes_on_when_it_is_released(client: Client, when: str) -> None:
    await client.search()
    fault = arm(client, "hold", when=when)
    calling = asyncio.ensure_future(client.update(*ordinary(client, 1)))
    await fault.wait_fired()
    assert truths(client) == ["untouched" if when == "before" else "applied"]
    assert not calling.done()
    await client.admin("faults/release", name=fault.name)
    assert (await calling).status == 200
    assert truths(client) == ["applied"]


async def test_item_faults_say_what_they_are_armed_to_say(client: Client) -> None:
    entries = ordinary(client, 2)
    first, second = entries[0][0], entries[1][0]
    beyond = "@data/9"
    code = "validation-failed-on-spend-limit"
    for kind, options, ids, errors, truth in (
        ("omit", {}, [second], [], "applied"),
        ("omit", {"apply": False}, [second], [], "untouched"),
        ("both", {}, [first, second], [("@data/0", code)], "untouched"),
        ("both", {"apply": True}, [first, second], [("@data/0", code)], "applied"),
        ("no_instance", {}, [second], [(None, code)], "untouched"),
        ("bad_index", {}, [second], [(beyond, code)], "untouched"),
        ("foreign_id", {}, [first, second, "777777777"], [], "applied"),
        ("reorder", {}, [second, first], [], "applied"),
        ("ignore", {}, [first, second], [], "untouched"),
    ):
        fault = arm(client, kind, "update", **options)
        answer = await client.update(*entries)
        said = [
            (one.get("instance"), one["code"].rpartition("--")[2]) for one in answer.value["errors"]
        ]
        assert (answer.ids, said, truths(client)) == (ids, errors, [truth, "applied"]), kind
        assert fault.fired == 1
    arm(client, "several_errors", indexes=[1])
    answer = await client.update(*entries)
    assert [instance for instance, _ in answer.codes] == ["@data/1"] * 3


async def test_empty_lists_are_null_or_absent(client: Client) -> None:
    arm(client, "no_lists")
    assert (await client.update(*ordinary(client, 1))).value["errors"] is None
    arm(client, "no_lists", **{"as": "absent"})
    assert set((await client.update(*ordinary(client, 1))).value) == {"data"}


async def test_half_of_a_batch_is_applied_before_the_error(client: Client) -> None:
    arm(client, "half")
    assert (await client.update(*ordinary(client, 4))).status == 500
    assert truths(client) == ["applied", "applied", "untouched", "untouched"]


async def test_searches_can_hide_what_is_there(client: Client) -> None:
    arm(client, "search_errors", "search")
    answer = await client.search()
    assert (len(answer.ids), len(answer.value["errors"])) == (30, 1)
    arm(client, "search_missing", "search", advertiser="20037")
    shown = (await client.search()).value["data"]
    assert len(shown) < 30
    assert "20037" not in {str(one["attributes"]["advertiserId"]) for one in shown}
    assert len(client.simulator.journal.of("search")[-1].ids) == len(shown)
    arm(client, "search_empty", "search")
    assert (await client.search()).ids == []
    assert len((await client.search()).ids) == 30


async def test_a_fault_waits_for_its_match_and_ends_after_its_count(client: Client) -> None:
    fault = arm(client, "status", "search", status=502, nth=2, count=2)
    statuses = [(await client.search()).status for _ in range(5)]
    assert statuses == [200, 502, 502, 200, 200]
    assert (fault.seen, fault.fired) == (5, 2)
    lasting = arm(client, "status", "search", status=504, count=None)
    assert [(await client.search()).status for _ in range(3)] == [504] * 3
    assert not lasting.is_spent
    client.simulator.faults.clear(lasting.name)
    assert (await client.search()).status == 200


async def test_an_item_fault_does_not_count_where_it_had_no_effect(client: Client) -> None:
    fault = arm(client, "omit")
    client.token = "made-up"
    assert (await client.update(*ordinary(client, 1))).status == 401
    assert fault.fired == 0


async def test_an_unknown_fault_or_stage_is_refused(client: Client) -> None:
    assert "no fault is called" in (await client.admin("faults", kind="gremlin"))["error"]
    assert "cannot happen" in (await client.admin("faults", kind="drip", when="head"))["error"]
    await client.admin("faults", kind="delay", name="slow")
    assert "armed already" in (await client.admin("faults", kind="delay", name="slow"))["error"]
