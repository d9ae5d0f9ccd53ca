"""The journal: every arrival is in it, with the truth, and no secret is."""

import asyncio
import json
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest

from syncd.simulator import Settings, Simulator, read_journal
from syncd.simulator.wire import emit
from tests.simulator.client import CAMPAIGNS, Client, limit
from tests.simulator.conftest import Start
from tests.waiting import eventually


async def connect(client: Client) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = int(client.simulator.base_url.rpartition(":")[2])
    return await asyncio.open_connection("127.0.0.1", port)


async def test_an_arrival_is_noted_when_its_head_is_there(client: Client) -> None:
    _, writer = await connect(client)
    head = f"PATCH {CAMPAIGNS} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    writer.write(head.encode())
    arrivals = client.simulator.journal.arrivals
    await eventually(lambda: arrivals)
    assert (arrivals[0].operation, arrivals[0].body_sha256, arrivals[0].over) == (
        "update",
        None,
        False,
    )
    writer.write(b"half of it")
    writer.close()
    await eventually(lambda: arrivals[0].over)
    assert arrivals[0].gone_ns is not None
    assert arrivals[0].status is None


async def test_a_client_that_goes_away_is_noticed_and_its_write_still_applies(
    client: Client,
) -> None:
    await client.search()
    (pick, *_) = client.simulator.service.picks()["ordinary"]
    wanted = limit(pick["path"].removeprefix("budget."), pick["amount"])
    fault = client.simulator.faults.arm("hold", "update", when="before")
    calling = asyncio.ensure_future(client.update((pick["id"], wanted)))
    await fault.wait_fired()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    (arrival,) = client.simulator.journal.of("update")
    await eventually(lambda: arrival.gone_ns)
    assert (fault.fired, arrival.over, arrival.items[0].truth) == (1, False, "untouched")
    fault.release()
    await eventually(lambda: arrival.over)
    assert arrival.items[0].truth == "applied"
    assert (arrival.reply_whole, arrival.replied_ns) == (False, None)


async def test_an_arrival_carries_bytes_truth_and_times(client: Client) -> None:
    (pick, *_) = client.simulator.service.picks()["ordinary"]
    body = {"data": [{"id": pick["id"], "attributes": {}}]}
    await client.call("PATCH", CAMPAIGNS, body)
    arrival = client.simulator.journal.of("update")[0]
    assert arrival.body_sha256 == sha256(emit(body)).hexdigest()
    assert arrival.body == emit(body).decode()
    assert arrival.reply is not None
    assert json.loads(arrival.reply)["data"] == [{"type": "Campaign", "id": pick["id"]}]
    assert arrival.replied_ns is not None
    assert arrival.arrived_ns < arrival.replied_ns
    assert arrival.reply_whole
    assert arrival.credential == "demo-client"
    assert arrival.connection == client.simulator.journal.of("token")[0].connection


async def test_reads_note_what_they_showed(client: Client) -> None:
    await client.search(advertiserIds=["12345"])
    await client.get("404")
    search, get = client.simulator.journal.arrivals[-2:]
    world = client.simulator.world
    assert set(search.ids) == {
        one.id for one in world.campaigns.values() if one.advertiser_id == "12345"
    }
    truth = {one["id"]: one["values"] for one in world.truth()}
    assert search.shown == {one: truth[one] for one in search.ids}
    assert (get.status, get.ids, get.reply) == (404, [], None)


async def test_the_file_has_one_line_per_arrival_and_no_secret(
    start: Start, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    secret = "s3cr3t-canary"
    client = await start(Settings(campaigns=5, rate=None, client_secret=secret, journal=path))
    await client.search()
    await client.authenticate(client_secret=f"{secret}-wrong")
    await client.admin("state")
    token = client.token or ""
    text = path.read_text()
    assert secret not in text
    assert token not in text
    lines = list(read_journal(path))
    assert [line["operation"] for line in lines] == ["token", "search", "token"]
    assert lines == (await client.admin("journal?since=0"))["arrivals"]
    assert [one["seq"] for one in (await client.admin("journal?since=2"))["arrivals"]] == [3]


async def test_two_connections_are_told_apart(client: Client) -> None:
    await client.search()
    async with aiohttp.ClientSession() as session:
        other = Client(client.simulator, session)
        await other.search()
    seen = {arrival.connection for arrival in client.simulator.journal.arrivals}
    assert len(seen) == 2


async def test_what_is_held_at_the_end_is_still_in_the_file(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    async with (
        Simulator(Settings(campaigns=5, rate=None, journal=path)) as simulator,
        aiohttp.ClientSession() as session,
    ):
        client = Client(simulator, session)
        await client.search()
        fault = simulator.faults.arm("hold", "search")
        calling = asyncio.ensure_future(client.search())
        await fault.wait_fired()
    with pytest.raises(aiohttp.ClientError):
        await calling
    last = list(read_journal(path))[-1]
    assert (last["operation"], last["status"], last["faults"]) == ("search", None, ["hold-1"])
