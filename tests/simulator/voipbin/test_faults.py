"""The kinds of fault that only this provider has: each is what it says, is counted, and leaves the
truth in the journal."""

from typing import Any

import pytest

from syncd.simulator.faults import Fault
from syncd.simulator.voipbin.values import NIL
from tests.simulator.voipbin.client import Client, whole


async def rename(client: Client, **changed: Any) -> Any:
    """One whole update of the ordinary campaign, named "New" unless changed; returns the answer."""
    one = client.pick("ordinary")
    shown = (await client.get(one)).value
    return await client.put(one, whole(shown, **({"name": "New"} | changed)))


def name_of(client: Client) -> str | None:
    return client.values(client.pick("ordinary"))["name"]


def fired(fault: Fault) -> tuple[int, bool]:
    return fault.fired, fault.is_spent


@pytest.mark.parametrize(("shows", "is_new"), [("asked", True), ("real", False)])
async def test_an_ignored_write_says_yes(client: Client, shows: str, *, is_new: bool) -> None:
    before = name_of(client)
    fault = client.arm("ignore", "update", shows=shows)
    answer = await rename(client)
    assert (answer.status, answer.value["name"] == "New") == (200, is_new)
    assert (name_of(client), client.item("update").truth) == (before, "untouched")
    assert client.item("update").new["name"] == "New"
    assert fired(fault) == (1, True)
    assert (await rename(client)).value["name"] == "New"
    assert (name_of(client), client.item("update").truth) == ("New", "applied")


async def test_an_ignored_create_is_nowhere_and_an_ignored_start_costs_nothing(
    current: Client,
) -> None:
    current.arm("ignore", "create")
    made = (await current.call("POST", "/campaigns", {"name": "Ghost"})).value["id"]
    assert (await current.get(made)).status == 404
    assert (current.item("create").id, current.last("create").ids) == (made, [])
    current.arm("ignore", "status")
    one = current.pick("ordinary")
    assert (await current.put(one, {"status": "run"}, "status")).value["status"] == "run"
    assert not current.simulator.world.starts
    assert (await current.get(one)).value["status"] == "stop"


async def test_a_write_is_applied_later(client: Client) -> None:
    before = name_of(client)
    client.arm("later", "update", seconds=90)
    assert (await rename(client)).value["name"] == "New"
    assert client.item("update").truth == "applied_pending"
    await client.act("clock", seconds=80)
    assert name_of(client) == before
    await client.act("clock", seconds=10)
    assert name_of(client) == "New"
    client.arm("later", "update", reason="REQUEST_TIMEOUT", shows="real")
    answer = await rename(client, name="Newer")
    assert (answer.status, answer.reason) == (503, "REQUEST_TIMEOUT")
    await client.act("clock", days=1)
    assert (name_of(client), (await client.act("state"))["waiting"]) == ("New", 1)
    assert await client.act("settle", now=True) == {"applied": [client.pick("ordinary")]}
    assert name_of(client) == "Newer"


async def test_a_start_applied_later_is_counted_when_it_happens(current: Client) -> None:
    current.arm("later", "status", reason="SERVICE_UNAVAILABLE")
    one = current.pick("ordinary")
    assert (await current.put(one, {"status": "run"}, "status")).status == 503
    assert not current.simulator.world.starts
    await current.act("settle", now=True)
    (start,) = current.simulator.world.starts
    assert (start.campaign_id, start.seq) == (one, current.last("status").seq)


async def test_half_of_a_write_is_the_row(client: Client, current: Client) -> None:
    one = client.pick("ordinary")
    client.arm("half", "update")
    answer = await rename(client, status="running", actions=[], queue_id=NIL)
    assert (answer.status, answer.reason) == (500, "INTERNAL")
    values = client.values(one)
    assert (values["name"], values["native.queue_id"]) == ("New", NIL)
    assert (values["status"], client.simulator.world.starts) == ("paused", [])
    assert values["native.actions"] != "[]"
    item = client.item("update")
    assert item.truth == "applied"
    assert item.new == {path: values[path] for path in item.new}
    assert not {"status", "native.actions"} & set(item.new)

    one = current.pick("ordinary")
    current.arm("half", "resource_info")
    assert (await current.put(one, {}, "resource_info")).status == 500
    assert current.values(one)["native.outdial_id"] == NIL
    current.arm("half", "status")
    assert (await current.put(current.pick("ordinary"), {"status": "run"}, "status")).status == 500
    assert (current.item("status").truth, current.simulator.world.starts) == ("untouched", [])


async def test_two_faults_of_one_write_apply_it_once(client: Client) -> None:
    client.arm("ignore", "update")
    client.arm("later", "update")
    client.arm("half", "update")
    before = name_of(client)
    assert (await rename(client)).status == 500
    await client.act("settle", now=True)
    assert (name_of(client), client.item("update").truth) == (before, "untouched")


@pytest.mark.parametrize(("apply", "truth"), [(False, "untouched"), (True, "applied")])
async def test_another_campaign_or_none_is_echoed(
    client: Client, truth: str, *, apply: bool
) -> None:
    one, other = client.pick("ordinary"), client.pick("running")
    others = [each.id for each in client.simulator.world.listed() if each.id != one]
    for kind, options, shown in (
        ("echo_other", {"id": other}, other),
        ("echo_other", {}, others[0]),
        ("all_zero", {}, NIL),
    ):
        name = f"After {kind}"
        client.arm(kind, "update", apply=apply, **options)
        answer = await rename(client, name=name)
        assert (answer.status, answer.value["id"]) == (200, shown)
        assert shown != one
        assert (client.item("update").truth, name_of(client) == name) == (truth, apply)
        assert answer.headers["x-request-id"]


async def test_an_altered_value_is_seen_when_it_is_read(client: Client) -> None:
    one = client.pick("ordinary")
    for shows, told in (("asked", 95), ("real", 50)):
        client.arm("alter", "update", path="native.service_level", value="50", shows=shows)
        assert (await rename(client, service_level=95)).value["service_level"] == told
        assert (await client.get(one)).value["service_level"] == 50
        assert client.item("update").new["native.service_level"] == "95"


async def test_a_stop_waits_where_it_is_armed_to(client: Client, current: Client) -> None:
    one = client.pick("running")
    fault = client.arm("stopping", "update")
    body = whole((await client.get(one)).value)
    await client.put(one, body | {"status": "running"})
    assert fault.fired == 0
    assert (await client.put(one, body | {"status": "stop"})).value["status"] == "stopping"
    assert fault.fired == 1
    current.arm("stopping", "status")
    one = current.pick("running")
    assert (await current.put(one, {"status": "stop"}, "status")).value["status"] == "stopping"
    await current.act("hang_up", ids=[one])
    assert (await current.get(one)).value["status"] == "stop"


async def test_a_write_that_was_refused_or_did_nothing_suffers_no_fault(client: Client) -> None:
    fault = client.arm("ignore", "*")
    assert (await client.put(client.pick("ordinary"), b"{")).status == 400
    assert (await client.delete(client.pick("running"))).value["id"] == NIL
    assert fault.fired == 0
    fault = client.arm("alter", "delete", path="name", value="x")
    assert (await client.delete(client.pick("running"))).value["id"] == NIL
    assert fault.fired == 0


@pytest.mark.parametrize(
    ("field", "value", "path", "text"),
    [
        ("status", "paused_by_admin", "status", None),
        ("type", "sms", "native.type", "sms"),
        ("end_handle", "repeat", "native.end_handle", "repeat"),
        ("service_level", "100", "native.service_level", "100"),
        ("tm_update", "2026-02-30 25:61:00", None, None),
        ("tm_create", None, None, None),
    ],
)
async def test_campaigns_show_odd_values(
    client: Client, field: str, value: Any, path: str | None, text: str | None
) -> None:
    one = client.pick("ordinary")
    client.arm("odd_value", "list", field=field, value=value, ids=[one])
    odd = [row["id"] for row in (await client.list()).value["result"] if row[field] == value]
    assert one in odd
    if path is not None:
        assert client.last("list").shown[one][path] == text
        assert client.values(one)[path] != "sms"
    client.arm("odd_value", "get", field=field, value=value)
    assert (await client.get(one)).value[field] == value
    assert (await client.get(one)).value[field] != value


async def test_fields_come_and_go(client: Client) -> None:
    one = client.pick("ordinary")
    client.arm("new_field", "*", field="priority", value={"level": 3}, count=2)
    assert all(row["priority"] == {"level": 3} for row in (await client.list()).value["result"])
    assert (await rename(client)).value.get("priority") is None
    assert name_of(client) == "New"
    client.arm("missing_field", "get", field="name")
    assert "name" not in (await client.get(one)).value
    assert "name" not in client.last("get").shown[one]
    client.arm("missing_field", "list", field="id", ids=[one])
    rows = (await client.list()).value["result"]
    assert [row["name"] for row in rows if "id" not in row] == ["New"]
    assert one not in client.last("list").ids


async def test_rows_drift_between_pages(client: Client) -> None:
    everything = (await client.list()).ids
    fault = client.arm("page_drift", "list")
    first = await client.list(page_size=10)
    assert fault.fired == 0
    second = await client.list(page_size=10, page_token=first.value["next_page_token"])
    third = await client.list(page_token=second.value["next_page_token"])
    assert second.ids[0] == first.ids[-1]
    seen = first.ids + second.ids + third.ids
    assert set(everything) - set(seen) == {everything[19]}
    assert client.simulator.journal.of("list")[2].ids == second.ids


async def test_lists_hide_and_repeat(client: Client) -> None:
    everything = (await client.list()).ids
    one, deleted = client.pick("ordinary"), client.pick("deleted")
    for kind, options, wanted in (
        ("rows_left_out", {}, everything[:-1]),
        ("rows_left_out", {"ids": [one]}, [each for each in everything if each != one]),
        ("rows_twice", {}, [*everything, everything[-1]]),
        ("rows_twice", {"ids": [one]}, [*everything, one]),
    ):
        client.arm(kind, "list", **options)
        assert (await client.list()).ids == wanted, kind
        assert client.last("list").ids == wanted
    client.arm("deleted_hidden", "list")
    assert deleted not in (await client.list()).ids
    assert len(client.last("list").ids) == 40
    client.arm("empty_page", "list")
    assert (await client.list()).value == {"result": [], "next_page_token": ""}
    client.arm("null_result", "list")
    assert (await client.list()).value["result"] is None
    assert client.last("list").shown == {}
    assert (await client.list()).ids == everything


async def test_tokens_lead_astray(client: Client) -> None:
    for options, shown in (({"value": ""}, ""), ({"value": None}, None), ({"value": "x"}, "x")):
        client.arm("token", "list", **options)
        assert (await client.list()).value["next_page_token"] == shown
    client.arm("token", "list")
    assert "next_page_token" not in (await client.list()).value
    client.arm("token_stuck", "list", nth=2)
    first = await client.list(page_size=7)
    second = await client.list(page_size=7, page_token=first.value["next_page_token"])
    again = await client.list(page_size=7, page_token=second.value["next_page_token"])
    assert again.ids == second.ids


async def test_faults_of_lists_need_a_list_that_shows_something(client: Client) -> None:
    kinds = ("page_drift", "rows_left_out", "rows_twice", "deleted_hidden", "empty_page")
    faults = [client.arm(kind, "*") for kind in (*kinds, "null_result", "token", "token_stuck")]
    await client.get(client.pick("ordinary"))
    assert (await client.list(page_token="2001-01-01 00:00:00")).ids == []
    assert [fault.fired for fault in faults] == [0] * len(faults)
