"""Writes in the dialect of the document: one update of the whole object, in which the status stands
too, and where whatever is missing is blanked."""

import json
from typing import Any

import pytest

from syncd.simulator.voipbin.values import NIL
from tests.simulator.voipbin.client import Client, whole

PARTS = ("status", "service_level", "actions", "resource_info", "next_campaign_id")


async def test_a_whole_update_changes_what_it_names_otherwise(client: Client) -> None:
    one = client.pick("ordinary")
    before = (await client.get(one)).value
    answer = await client.put(one, whole(before, name="Another", service_level=42))
    assert answer.status == 200
    changed = {"name": "Another", "service_level": 42}
    assert answer.value == before | changed | {"tm_update": answer.value["tm_update"]}
    assert answer.value["tm_update"] > before["tm_create"]
    item = client.item("update")
    assert (item.index, item.id, item.kind, item.truth) == (0, one, "update", "applied")
    assert (item.old["name"], item.new["name"]) == (before["name"], "Another")
    assert item.new["native.service_level"] == "42"
    assert "status" not in item.new
    assert item.new == {path: client.values(one)[path] for path in item.new}


async def test_what_an_update_lacks_is_blanked(client: Client) -> None:
    one = client.pick("ordinary")
    answer = await client.put(one, {"name": "Only a name"})
    assert answer.status == 200
    shown = answer.value
    assert (shown["detail"], shown["type"], shown["end_handle"]) == ("", "", "")
    assert (shown["service_level"], shown["actions"], shown["outdial_id"]) == (0, None, NIL)
    assert shown["status"] == "stop"
    assert client.item("update").new["native.queue_id"] == NIL
    assert client.values(one)["note"] == ""


async def test_a_start_by_the_document_s_hint_alone_blanks_everything(client: Client) -> None:
    one = client.pick("ordinary")
    shown = (await client.put(one, {"status": "running"})).value
    assert (shown["status"], shown["name"], shown["outplan_id"]) == ("running", "", NIL)


async def test_starts_are_counted_once_each(client: Client) -> None:
    one = client.pick("ordinary")
    body = whole((await client.get(one)).value)
    for status in ("running", "running", "stop", "stop", "running"):
        assert (await client.put(one, body | {"status": status})).value["status"] == status
    starts = (await client.act("state"))["starts"]
    seqs = [arrival.seq for arrival in client.simulator.journal.of("update")]
    assert [start["seq"] for start in starts] == [seqs[0], seqs[4]]
    assert {start["campaign_id"] for start in starts} == {one}
    assert client.truth(one)["starts"] == starts
    assert client.item("update").new["status"] == "active"


async def test_a_stop_waits_for_live_calls(client: Client) -> None:
    one = client.pick("running_with_calls")
    body = whole((await client.get(one)).value, status="stop")
    for _ in range(2):
        assert (await client.put(one, body)).value["status"] == "stopping"
    assert client.values(one)["status"] == "paused"
    assert await client.act("hang_up", ids=[one]) == {"stopped": [one]}
    assert (await client.get(one)).value["status"] == "stop"
    await client.put(one, body | {"status": "running"})
    await client.act("calls", id=one, live=1)
    assert (await client.put(one, body)).value["status"] == "stopping"


@pytest.mark.parametrize("status", ["run", "stopping", "paused", ""])
async def test_other_words_are_no_status(client: Client, status: str) -> None:
    one = client.pick("ordinary")
    body = whole((await client.get(one)).value, name="Another", status=status)
    answer = await client.put(one, body)
    assert (answer.status, answer.reason) == (400, "INVALID_ARGUMENT")
    assert client.item("update").truth == "refused"
    assert client.item("update").codes == ["INVALID_ARGUMENT"]
    assert client.values(one)["name"] != "Another"


@pytest.mark.parametrize("part", PARTS)
async def test_there_are_no_calls_for_parts(client: Client, part: str) -> None:
    answer = await client.put(client.pick("ordinary"), {part: "stop"}, part)
    assert (answer.status, answer.reason) == (404, "ROUTE_NOT_FOUND")


async def test_a_create_that_says_little_is_blank_and_stopped(client: Client) -> None:
    answer = await client.call("POST", "/campaigns", {"name": "Bare", "status": "running"})
    assert answer.status == 200
    assert set(answer.value) == {
        *("id", "name", "detail", "type", "status", "service_level", "end_handle"),
        *("outplan_id", "outdial_id", "queue_id", "tm_create", "tm_update", "tm_delete"),
    }
    assert (answer.value["status"], answer.value["queue_id"]) == ("stop", NIL)
    made = answer.value["id"]
    item = client.item("create")
    assert (item.id, item.kind, item.truth, item.old) == (made, "create", "applied", {})
    assert item.new["name"] == "Bare"
    assert client.values(made)["name"] == "Bare"
    assert (await client.list(page_size=1)).ids == [made]
    assert not client.simulator.world.starts


async def test_the_same_create_twice_makes_two(client: Client) -> None:
    body = {"name": "Twin", "detail": ""}
    ids = {(await client.call("POST", "/campaigns", body)).value["id"] for _ in range(2)}
    assert len(ids) == 2
    assert ids <= set(client.simulator.world.ids())


async def test_a_delete_marks_and_moves_its_mark(client: Client) -> None:
    one = client.pick("ordinary")
    first = (await client.delete(one)).value
    assert first["id"] == one
    assert not first["tm_delete"].startswith("9999")
    item = client.item("delete")
    assert (item.kind, item.truth) == ("delete", "applied")
    assert (item.old, item.new) == ({"deleted": "false"}, {"deleted": "true"})
    assert client.truth(one)["is_removed"]
    assert (await client.get(one)).value == first
    second = (await client.delete(one)).value
    assert second["tm_delete"] > first["tm_delete"]
    assert client.item("delete").old == {"deleted": "true"}
    assert (await client.put(one, {"name": "After all"})).value["name"] == "After all"


@pytest.mark.parametrize("case", ["running", "running_with_calls", "stopping"])
async def test_a_delete_outside_stop_answers_zeros_and_deletes_nothing(
    client: Client, current: Client, case: str
) -> None:
    for caller in (client, current):
        one = caller.pick(case)
        answer = await caller.delete(one)
        assert answer.status == 200
        assert (answer.value["id"], answer.value["name"], answer.value["status"]) == (NIL, "", "")
        assert (caller.item("delete").truth, caller.item("delete").codes) == (
            "refused",
            ["NOT_IN_STOP"],
        )
        assert not caller.truth(one)["is_removed"]
        assert answer.value["tm_delete"] in {None, "9999-01-01 00:00:00.000000"}


async def test_the_echo_of_actions_has_ids_of_nil(client: Client, current: Client) -> None:
    sent: list[dict[str, Any]] = [
        {"type": "talk", "option": {"text": "Hi", "language": "en-US"}},
        {"type": "hangup", "next_id": "0a000000-0000-4000-8000-000000000001"},
    ]
    body = {"name": "Actions", "actions": sent}
    for caller, more in ((client, {}), (current, {"tm_execute": None})):
        made = (await caller.call("POST", "/campaigns", body)).value["id"]
        shown = (await caller.get(made)).value["actions"]
        assert shown == [
            {"id": NIL, "next_id": NIL} | sent[0] | more,
            {"id": NIL} | sent[1] | more,
        ]
        text = caller.values(made)["native.actions"]
        assert text == json.dumps(sent, sort_keys=True, separators=(",", ":"))
        assert caller.last("get").shown[made]["native.actions"] == text
        assert caller.item("create").new["native.actions"] == text
