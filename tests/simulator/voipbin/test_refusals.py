"""What is refused, with which status and reason; and that every reason can be had."""

from typing import Any

import pytest

from syncd.simulator.voipbin.answers import REASONS
from tests.simulator.voipbin.client import Client
from tests.simulator.voipbin.conftest import Begin

BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"name":"a","name":"b"}',
    b'{"name":5}',
    b'{"detail":["x"]}',
    b'{"service_level":"80"}',
    b'{"service_level":80.5}',
    b'{"service_level":true}',
    b'{"service_level":NaN}',
]


@pytest.mark.parametrize("raw", BODIES)
async def test_a_body_that_is_not_what_the_call_takes(client: Client, raw: bytes) -> None:
    one = client.pick("ordinary")
    before = client.values(one)
    for method, path in (("PUT", f"/campaigns/{one}"), ("POST", "/campaigns")):
        answer = await client.call(method, path, raw)
        assert (answer.status, answer.reason) == (400, "INVALID_JSON_BODY")
    (item,) = client.last("update").items
    assert (item.id, item.truth, item.codes) == (one, "refused", ["INVALID_JSON_BODY"])
    assert client.values(one) == before
    assert len(client.simulator.world.ids()) == 40


@pytest.mark.parametrize(
    "actions", [{}, "talk", [5], [{"type": 5}], [{"id": "bad"}], [{"option": "x"}]]
)
async def test_actions_that_are_none(current: Client, actions: Any) -> None:
    answer = await current.put(current.pick("ordinary"), {"actions": actions}, "actions")
    assert (answer.status, answer.reason) == (400, "INVALID_JSON_BODY")


async def test_a_body_needs_its_media_type(client: Client) -> None:
    path = f"/campaigns/{client.pick('ordinary')}"
    for sent in ("text/plain", "application/x-www-form-urlencoded"):
        answer = await client.call("PUT", path, {"name": "x"}, Content_Type=sent)
        assert (answer.status, answer.reason) == (400, "INVALID_JSON_BODY")
    sent = "application/json; charset=utf-8"
    assert (await client.call("PUT", path, {"name": "x"}, Content_Type=sent)).status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"name": "L" * 256},
        {"type": "t" * 256},
        {"end_handle": "e" * 256},
        {"service_level": 2**31},
        {"service_level": -(2**31) - 1},
    ],
)
async def test_what_no_column_holds_is_invalid(client: Client, change: dict[str, Any]) -> None:
    answer = await client.put(client.pick("ordinary"), change)
    assert (answer.status, answer.reason) == (400, "INVALID_ARGUMENT")
    longest = {"name": "L" * 255, "detail": "d" * 5000, "service_level": 2**31 - 1}
    assert (await client.put(client.pick("ordinary"), longest)).status == 200


async def test_ids_and_addresses_that_lead_nowhere(current: Client) -> None:
    unknown, other = current.pick("unknown"), current.pick("other_customer")
    nil = "00000000-0000-0000-0000-000000000000"
    for method, path, status, reason in (
        ("GET", f"/campaigns/{unknown}", 404, "CAMPAIGN_NOT_FOUND"),
        ("GET", f"/campaigns/{other}", 403, "PERMISSION_DENIED"),
        ("DELETE", f"/campaigns/{other}", 403, "PERMISSION_DENIED"),
        ("GET", "/campaigns/12345", 400, "INVALID_ID"),
        ("GET", f"/campaigns/{nil}", 400, "INVALID_ID"),
        ("DELETE", "/campaigns/x%20y", 400, "INVALID_ID"),
        ("GET", "/nothing", 404, "ROUTE_NOT_FOUND"),
        ("PATCH", "/campaigns", 404, "ROUTE_NOT_FOUND"),
        ("POST", f"/campaigns/{other}", 404, "ROUTE_NOT_FOUND"),
        ("GET", f"/campaigns/{other}/status", 404, "ROUTE_NOT_FOUND"),
        ("PUT", f"/campaigns/{other}/name", 404, "ROUTE_NOT_FOUND"),
    ):
        answer = await current.call(method, path)
        assert (answer.status, answer.reason) == (status, reason), (method, path)
        assert answer.value["error"]["message"]
    for part in ("", "status", "service_level", "actions", "resource_info", "next_campaign_id"):
        assert (await current.put(unknown, {}, part)).reason == "CAMPAIGN_NOT_FOUND"
        assert (await current.put(other, {"status": "run"}, part)).status == 403
    assert not current.simulator.world.starts


async def test_an_id_may_be_written_large(client: Client) -> None:
    one = client.pick("ordinary")
    assert (await client.get(one.upper())).value["id"] == one
    await client.put(one.upper(), {"name": "x"})
    assert client.item("update").id == one


@pytest.mark.parametrize("reason", sorted(REASONS))
async def test_every_reason_can_be_had(client: Client, reason: str) -> None:
    status, canonical, message = REASONS[reason]
    one = client.pick("ordinary")
    before = client.values(one)
    client.arm("refuse", "update", reason=reason, retry_after=3, details=[{"limited_by": "ip"}])
    answer = await client.put(one, {"name": "Another"})
    error = answer.value["error"]
    assert answer.status == status
    assert (error["status"], error["reason"], error["message"]) == (canonical, reason, message)
    assert error["details"] == [{"limited_by": "ip"}]
    assert answer.headers["retry-after"] == "3"
    assert (client.item("update").truth, client.values(one)) == ("untouched", before)
    client.arm("refuse", "update", reason=reason, when="after")
    answer = await client.put(one, {"name": "Another"})
    assert (answer.status, answer.reason) == (status, reason)
    assert "details" not in answer.value["error"]
    assert (client.item("update").truth, client.values(one)["name"]) == ("applied", "Another")


async def test_errors_may_be_bare(begin: Begin) -> None:
    client = await begin(options={"errors": "bare"})
    for path, status in (("/campaigns/x", 400), (f"/campaigns/{client.pick('unknown')}", 404)):
        answer = await client.call("GET", path)
        assert (answer.status, answer.text) == (status, "")
    assert (await client.send("GET", "/v1.0/campaigns")).status == 401
    await client.act("manner", errors="envelope")
    assert (await client.call("GET", "/campaigns/x")).reason == "INVALID_ID"
    assert client.simulator.journal.arrivals[-1].reply is None
    await client.act("manner", errors="bare")
    assert (await client.put(client.pick("ordinary"), b"{")).text == ""
    assert client.last("update").reply_readable
    await client.act("manner", errors="envelope")
    client.arm("bare", "get")
    assert (await client.get(client.pick("ordinary"))).status == 200
    assert (await client.call("GET", "/campaigns/x")).text == ""
