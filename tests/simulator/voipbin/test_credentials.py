"""Who is let in: a token in the query or in a bearer header, an access key in the query, nobody
else; and that no secret enters the journal."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest

from syncd.simulator import read_journal
from tests.simulator.voipbin.client import JSON, Client
from tests.simulator.voipbin.conftest import Begin

LIST = "/v1.0/campaigns?page_size=1"


async def test_a_login_at_the_root_gives_a_token_that_looks_like_a_jwt(client: Client) -> None:
    answer = await client.log_in()
    assert answer.status == 200
    assert set(answer.value) == {"username", "token"}
    head, claims, signature = answer.value["token"].split(".")
    assert json.loads(urlsafe_b64decode(head + "=="))["typ"] == "JWT"
    told = json.loads(urlsafe_b64decode(claims + "=="))
    assert "exp" not in told
    assert told["expire"] > "2026"
    assert signature
    assert answer.headers["set-cookie"].startswith("token=")
    again = await client.log_in()
    assert again.value["token"] != answer.value["token"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"username":"demo@example.com"}',
        b'{"username":"demo@example.com","password":"wrong"}',
        b'{"username":"demo@example.com","password":["demo-password"]}',
    ],
)
async def test_a_failed_login_is_a_bare_400(client: Client, body: bytes) -> None:
    answer = await client.send("POST", "/auth/login", body, Content_Type=JSON["Content-Type"])
    assert (answer.status, answer.text) == (400, "")


async def test_the_login_is_nowhere_else(client: Client) -> None:
    for method, path in (("POST", "/v1.0/auth/login"), ("GET", "/auth/login")):
        answer = await client.send(method, path)
        assert (answer.status, answer.reason) == (404, "ROUTE_NOT_FOUND")


async def test_credentials_count_where_they_may_stand(client: Client) -> None:
    token = (await client.log_in()).value["token"]
    key = client.simulator.describe()["credentials"]["access_key"]
    assert (await client.send("GET", f"{LIST}&token={token}")).status == 200
    assert (await client.send("GET", LIST, Authorization=f"Bearer {token}")).status == 200
    assert (await client.send("GET", f"{LIST}&accesskey={key}")).status == 200
    for query, headers, reason in (
        ("", {}, "AUTHENTICATION_REQUIRED"),
        ("", {"accesskey": key}, "AUTHENTICATION_REQUIRED"),
        ("", {"Cookie": f"token={token}"}, "AUTHENTICATION_REQUIRED"),
        ("", {"Authorization": f"Basic {token}"}, "AUTHENTICATION_REQUIRED"),
        ("", {"Authorization": f"Bearer {key}"}, "INVALID_CREDENTIALS"),
        (f"&token={key}", {}, "INVALID_CREDENTIALS"),
        (f"&accesskey={token}", {}, "INVALID_CREDENTIALS"),
        (f"&accesskey={key}x", {}, "INVALID_CREDENTIALS"),
        (f"&token=made.up.one&accesskey={key}", {}, "INVALID_CREDENTIALS"),
        ("&token=made.up.one", {"Authorization": f"Bearer {token}"}, "INVALID_CREDENTIALS"),
    ):
        answer = await client.send("GET", LIST + query, **headers)
        assert (answer.status, answer.reason) == (401, reason), (query, headers)
        assert answer.value["error"]["status"] == "UNAUTHENTICATED"


async def test_a_token_lives_for_seven_days(client: Client) -> None:
    assert (await client.list()).status == 200
    await client.act("clock", days=7, seconds=-60)
    assert (await client.list()).status == 200
    await client.act("clock", seconds=60)
    assert (await client.list()).reason == "INVALID_CREDENTIALS"
    client.token = ""
    assert (await client.list()).status == 200
    assert (await client.act("tokens/expire", now=True)) == {"expired": 1}
    assert (await client.list()).reason == "INVALID_CREDENTIALS"


async def test_an_access_key_is_taken_back(client: Client) -> None:
    key = client.simulator.describe()["credentials"]["access_key"]
    await client.act("access_key", is_valid=False)
    answer = await client.send("GET", f"{LIST}&accesskey={key}")
    assert answer.reason == "INVALID_CREDENTIALS"


async def test_a_frozen_account_and_a_lost_permission_are_403(client: Client) -> None:
    await client.act("frozen", is_frozen=True)
    frozen = await client.list()
    assert (frozen.status, frozen.reason) == (403, "ACCOUNT_FROZEN")
    assert set(frozen.value["error"]["details"][0]) == {
        "deletion_scheduled_at",
        "deletion_effective_at",
    }
    await client.act("frozen", is_frozen=False)
    await client.act("permission", is_granted=False)
    assert (await client.list()).reason == "PERMISSION_DENIED"
    await client.act("permission", is_granted=True)
    one = client.pick("ordinary")
    await client.act("permission", is_granted=False, ids=[one])
    assert (await client.get(one)).reason == "PERMISSION_DENIED"
    assert (await client.delete(one)).reason == "PERMISSION_DENIED"
    assert one in (await client.list()).ids
    await client.act("permission", is_granted=True, ids=[one])
    assert (await client.get(one)).status == 200


async def test_a_request_id_is_echoed_or_made(client: Client) -> None:
    assert (await client.call("GET", "/campaigns", X_Request_Id="my-1_A")).headers[
        "x-request-id"
    ] == "my-1_A"
    for asked in ("with space", "x" * 65):
        answer = await client.call("GET", "/campaigns/x", X_Request_Id=asked)
        made = answer.headers["x-request-id"]
        assert made.startswith("req_")
        assert len(made) == 30
        assert answer.value["error"]["request_id"] == made


async def test_no_secret_enters_the_journal(begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    options = {"password": 'canary"pass', "access_key": "vb_canary_key", "username": "me"}
    client = await begin(campaigns=3, journal=path, options=options)
    await client.list()
    await client.log_in(password="canary-wrong")
    token = client.token
    for query in (f"token={token}", "accesskey=vb_canary_key", "accesskey=canary-other"):
        await client.send("GET", f"/v1.0/campaigns?{query}")
    await client.send("GET", "/v1.0/campaigns", accesskey="vb_canary_key")
    text = path.read_text()
    assert "canary" not in text
    assert token not in text
    lines = list(read_journal(path))
    assert [line["operation"] for line in lines[:3]] == ["login", "list", "login"]
    assert lines[0]["reply"] is None
    assert lines[0]["credential"] == "address"
    assert lines[1]["credential"] == client.simulator.world.customer_id
