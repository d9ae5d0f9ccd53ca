"""What the simulated Criteo refuses as a whole: unreadable bodies, callers without a right, calls
that do not exist."""

from typing import Any

import pytest

from syncd.simulator import Settings
from syncd.simulator.criteo.world import Campaign, capped
from tests.simulator.client import CAMPAIGNS, Client, limit
from tests.simulator.conftest import Start

TRACE = "traceIdentifier"
GOOD: dict[str, Any] = {
    "name": "My Campaign",
    "advertiserId": 12345,
    "goal": "Retention",
    "spendLimit": limit("daily", "123.45"),
}


@pytest.fixture
async def page(start: Start) -> Client:
    """One advertiser with one campaign, 99999, of 123.45 a day."""
    client = await start(Settings(campaigns=0, advertisers=1, rate=None))
    client.simulator.world.add(
        Campaign(
            id="99999",
            name="My Campaign",
            advertiser_id="12345",
            goal="Retention",
            limit=capped("daily", "123.45"),
        )
    )
    return client


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'{"data":{}}',
        b'{"data":[],"data":[]}',
        b'{"data":[{"id":"99999","attributes":{"spendLimit":{"spendLimitAmount":NaN}}}]}',
        b'{"data":[{"id":"99999","attributes":{"spendLimit":{"spendLimitAmount":"5"}}}]}',
        b'{"data":[{"id":"99999","attributes":{"spendLimit":{"spendLimitAmount":{"value":5}}}}]}',
        b'{"data":[{"id":99999}]}',
        b'{"data":[{"attributes":{}}]}',
        b'{"data":[{"id":"99999","type":"AdSet"}]}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"data":[{"id":"1","attributes":{"spendLimit":{"spendLimitAmount":'
        + b"9" * 5000
        + b"}}}]}",
    ],
)
async def test_an_unreadable_update_is_refused_whole(page: Client, raw: bytes) -> None:
    answer = await page.call("PATCH", CAMPAIGNS, raw=raw)
    assert answer.status == 400
    assert answer.value["errors"][0][TRACE]
    assert page.simulator.world.campaigns["99999"].limit == capped("daily", "123.45")


async def test_what_is_not_there_or_not_allowed_has_its_status(page: Client) -> None:
    assert (await page.get("123")).status == 404
    assert (await page.call("POST", "/marketing-solutions/nothing", {})).status == 404
    assert (await page.call("PUT", CAMPAIGNS, {})).status == 405
    assert (await page.call("PATCH", CAMPAIGNS, {}, Content_Type="text/plain")).status == 415
    page.simulator.world.advertisers["12345"].may_read = False
    assert (await page.get("99999")).status == 403
    assert (await page.search()).ids == []
    page.simulator.world.has_consent = False
    assert (await page.search()).status == 403


async def test_more_entries_than_the_cap_are_refused_with_413(start: Start) -> None:
    client = await start(Settings(campaigns=25, rate=None, entry_cap=2))
    ids = list(client.simulator.world.campaigns)[:3]
    entries = [(one, limit("daily", 1000)) for one in ids]
    assert (await client.update(*entries)).status == 413
    assert (await client.update(*entries[:2])).status == 200


async def test_a_create_that_breaks_a_rule_is_refused_whole(page: Client) -> None:
    for change, status in (
        ({"goal": "Unspecified"}, 400),
        ({"goal": None}, 400),
        ({"name": ""}, 400),
        ({"advertiserId": 404}, 403),
        ({"spendLimit": {}}, 400),
        ({"spendLimit": limit("daily", -1)}, 400),
        ({"spendLimit": {"spendLimitType": "capped", "spendLimitAmount": "5"}}, 400),
    ):
        body = {"data": {"type": "Campaign", "attributes": GOOD | change}}
        assert (await page.call("POST", CAMPAIGNS, body)).status == status, change
    assert len(page.simulator.world.campaigns) == 1


async def test_a_token_is_needed_and_ends(start: Start) -> None:
    client = await start(Settings(campaigns=5, token_ttl=900, rate=None))
    made = await client.authenticate()
    assert (made.status, made.value["token_type"], made.value["expires_in"]) == (200, "Bearer", 900)
    other = (await client.authenticate()).value["access_token"]
    for token in (made.value["access_token"], other):
        client.token = token
        assert (await client.search()).status == 200
    assert client.simulator.service.expire_tokens() == 2
    refused = await client.search()
    assert refused.status == 401
    assert refused.value["errors"][0]["code"] == "authorization-token-expired"
    client.token = "made-up"
    assert (await client.search()).value["errors"][0]["code"] == "authorization-token-invalid"
    missing = await client.call("POST", f"{CAMPAIGNS}/search", {}, Authorization="")
    assert missing.value["errors"][0]["code"] == "authorization-token-missing"


async def test_wrong_credentials_are_refused_with_json(client: Client) -> None:
    refused = await client.authenticate(client_secret="wrong")
    assert (refused.status, refused.value["error"]) == (401, "invalid_client")
    assert (await client.authenticate(grant_type="password")).status == 400


async def test_a_token_of_no_length_is_refused_at_once(start: Start) -> None:
    client = await start(Settings(campaigns=5, token_ttl=0, rate=None))
    assert (await client.search()).status == 401


async def test_the_same_seed_makes_the_same_world_and_traces(start: Start) -> None:
    texts = []
    for _ in range(2):
        client = await start(Settings(campaigns=60, seed=7, rate=None))
        texts.append((await client.search()).text + (await client.get("1")).text)
    assert texts[0] == texts[1]
    other = await start(Settings(campaigns=60, seed=8, rate=None))
    assert (await other.search()).text not in texts[0]
