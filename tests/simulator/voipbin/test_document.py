"""The examples of the document, replayed: what it sends is understood, what it shows comes back,
character by character."""

import json
import re
from pathlib import Path

import pytest

from syncd.simulator.voipbin.times import instant
from syncd.simulator.voipbin.world import Campaign, Resource, World
from tests.simulator.voipbin.client import Client
from tests.simulator.voipbin.conftest import Begin

DATA = Path(__file__).parent / "data"
EXAMPLE = "183c0d5c-691e-42f3-af2b-9bffc2740f83"


def example(name: str) -> str:
    """The text of one example."""
    return (DATA / f"{name}.json").read_text().removesuffix("\n")


def printed(text: str) -> str:
    """A JSON text as the document prints it; the order of the keys stays."""
    return json.dumps(json.loads(text), indent=4)


@pytest.fixture
async def page(begin: Begin) -> Client:
    """The one campaign of the document, and what it refers to."""
    client = await begin(campaigns=0)
    world: World = client.simulator.world
    shown = json.loads(example("get"))
    for name in ("outplan_id", "outdial_id", "queue_id"):
        made = Resource(id=shown[name], customer_id=world.customer_id)
        world.resources[name][made.id] = made
    del shown["tm_delete"]
    shown |= {name: instant(shown[name]) for name in ("tm_create", "tm_update")}
    campaign = Campaign(customer_id=world.customer_id, **shown)
    world.campaigns = {campaign.id: campaign}
    client.token = (await client.log_in()).value["token"]
    return client


async def test_the_list_is_the_document_s(page: Client) -> None:
    answer = await page.send("GET", f"/v1.0/campaigns?token={page.token}")
    assert answer.status == 200
    assert printed(answer.text) == example("list")


async def test_the_detail_is_the_document_s(page: Client) -> None:
    answer = await page.send("GET", f"/v1.0/campaigns/{EXAMPLE}?token={page.token}")
    assert printed(answer.text) == example("get")


async def test_the_create_is_the_document_s_save_for_what_is_made(page: Client) -> None:
    answer = await page.send(
        "POST",
        f"/v1.0/campaigns?token={page.token}",
        example("create_request").encode(),
        Content_Type="application/json",
    )
    assert answer.status == 200
    made, wanted = answer.value, json.loads(example("create"))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", made["tm_create"])
    shown = answer.text.replace(made["id"], wanted["id"])
    assert printed(shown.replace(made["tm_create"], wanted["tm_create"])) == example("create")
    assert page.simulator.journal.of("create")[0].ids == [made["id"]]
    read = (await page.get(made["id"])).value
    assert read["actions"] == json.loads(example("get"))["actions"]
    assert read["next_campaign_id"] == "00000000-0000-0000-0000-000000000000"


async def test_the_status_is_set_to_running_and_back_by_an_update(page: Client) -> None:
    body = json.loads(example("create_request"))
    started = await page.put(EXAMPLE, body | {"status": "running"})
    assert (started.status, started.value["status"]) == (200, "running")
    assert [start["campaign_id"] for start in (await page.act("state"))["starts"]] == [EXAMPLE]
    assert (await page.put(EXAMPLE, body | {"status": "stop"})).value["status"] == "stop"
    assert page.values(EXAMPLE)["status"] == "paused"
