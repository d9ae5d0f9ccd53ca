"""Writes in the dialect of today's API: an update of five fields that blanks what it lacks, and a
call for each part of a campaign."""

from typing import Any

import pytest

from syncd.simulator.voipbin.values import NIL
from tests.simulator.voipbin.client import Client, whole

REFERENCES = ("outplan_id", "outdial_id", "queue_id", "next_campaign_id")


def references(shown: dict[str, Any], **changed: str) -> dict[str, Any]:
    """The body of resource_info: everything as it was read, with changes."""
    return {name: shown[name] for name in REFERENCES} | changed


def free(client: Client) -> dict[str, Any]:
    """What a campaign may refer to, and what it may not."""
    return dict(client.simulator.service.picks()["free"])


async def test_an_update_replaces_five_fields_and_nothing_else(current: Client) -> None:
    one = current.pick("ordinary")
    before = (await current.get(one)).value
    answer = await current.put(one, whole(before, detail="Changed", actions=[], queue_id=NIL))
    assert answer.status == 200
    assert answer.value | {"tm_update": ""} == before | {"detail": "Changed", "tm_update": ""}
    assert set(current.item("update").new) == {
        *("name", "note", "native.type", "native.service_level", "native.end_handle"),
    }


async def test_the_document_s_start_blanks_a_campaign_and_starts_nothing(current: Client) -> None:
    one = current.pick("ordinary")
    shown = (await current.put(one, {"status": "running"})).value
    assert (shown["name"], shown["detail"], shown["type"], shown["end_handle"]) == ("", "", "", "")
    assert (shown["service_level"], shown["status"]) == (0, "stop")
    assert shown["queue_id"] != NIL
    assert not current.simulator.world.starts
    assert "status" not in current.item("update").new


async def test_a_status_is_set_by_its_own_call(current: Client) -> None:
    one = current.pick("ordinary")
    name = current.values(one)["name"]
    for status in ("run", "run", "stop", "stop"):
        answer = await current.put(one, {"status": status}, "status")
        assert (answer.status, answer.value["status"]) == (200, status)
        assert answer.value["name"] == name
    assert len(current.simulator.world.starts) == 1
    assert current.item("status").new == {"status": "paused"}
    busy = current.pick("running_with_calls")
    assert (await current.put(busy, {"status": "stop"}, "status")).value["status"] == "stopping"
    assert await current.act("hang_up", ids=[busy]) == {"stopped": [busy]}
    assert (await current.get(busy)).value["status"] == "stop"


@pytest.mark.parametrize(
    "body", [{}, {"status": None}, *({"status": s} for s in ("running", "stopping", "RUN"))]
)
async def test_no_other_status_can_be_set(current: Client, body: dict[str, Any]) -> None:
    one = current.pick("ordinary")
    answer = await current.put(one, body, "status")
    assert (answer.status, answer.reason) == (400, "INVALID_ARGUMENT")
    assert not current.simulator.world.starts


async def test_each_part_has_a_call(current: Client) -> None:
    one = current.pick("ordinary")
    following = current.simulator.world.ids()[-1]
    actions = [{"type": "hangup"}]
    for part, body, path, text in (
        ("service_level", {"service_level": 77}, "native.service_level", "77"),
        ("service_level", {}, "native.service_level", "0"),
        ("actions", {"actions": actions}, "native.actions", '[{"type":"hangup"}]'),
        ("actions", {"actions": []}, "native.actions", "[]"),
        ("actions", {}, "native.actions", None),
        ("next_campaign_id", {"next_campaign_id": following}, None, following),
        ("next_campaign_id", {"next_campaign_id": ""}, None, NIL),
        ("next_campaign_id", {"next_campaign_id": free(current)["queue_id"]}, None, None),
        ("next_campaign_id", {}, None, NIL),
    ):
        wanted = text if path or text else free(current)["queue_id"]
        before = current.values(one)
        answer = await current.put(one, body, part)
        assert answer.status == 200, body
        expected = {path or "native.next_campaign_id": wanted}
        assert current.values(one) == before | expected
        assert current.item(part).new == expected
        assert current.item(part).truth == "applied"


async def test_a_bad_next_campaign_is_refused_only_by_its_own_call(current: Client) -> None:
    one = current.pick("with_next")
    before = (await current.get(one)).value
    answer = await current.put(one, {"next_campaign_id": "no-uuid"}, "next_campaign_id")
    assert (answer.status, answer.reason) == (400, "INVALID_ARGUMENT")
    assert (await current.get(one)).value == before
    body = references(before, next_campaign_id="no-uuid")
    assert (await current.put(one, body, "resource_info")).value["next_campaign_id"] == NIL


async def test_resources_that_are_missing_or_malformed_become_nil(current: Client) -> None:
    one = current.pick("ordinary")
    shown = (await current.get(one)).value
    body = {"outplan_id": shown["outplan_id"], "queue_id": "bad", "outdial_id": None}
    answer = (await current.put(one, body, "resource_info")).value
    assert {name: answer[name] for name in REFERENCES} == {
        "outplan_id": shown["outplan_id"],
        "outdial_id": NIL,
        "queue_id": NIL,
        "next_campaign_id": NIL,
    }
    assert answer["name"] == shown["name"]


async def test_resources_must_exist_and_be_free(current: Client, client: Client) -> None:
    one = current.pick("ordinary")
    shown = (await current.get(one)).value
    known = free(current)
    for name, reference, status in (
        ("outplan_id", known["outplan_id"].upper(), 200),
        ("outplan_id", known["deleted"], 400),
        ("outplan_id", known["other_customer"], 400),
        ("outplan_id", known["queue_id"], 400),
        ("outdial_id", known["taken_outdial"], 400),
        ("outdial_id", known["outdial_id"], 200),
        ("next_campaign_id", current.pick("deleted"), 400),
        ("next_campaign_id", current.pick("other_customer"), 400),
        ("next_campaign_id", current.pick("running"), 200),
    ):
        body = references(shown, **{name: reference})
        answer = await current.put(one, body, "resource_info")
        assert answer.status == status, (name, reference)
        if status == 400:
            assert answer.reason == "INVALID_ARGUMENT"
            made = await current.call("POST", "/campaigns", body)
            assert made.reason == "INVALID_ARGUMENT"
    taken = free(client)["taken_outdial"]
    assert (await client.call("POST", "/campaigns", {"outdial_id": taken})).status == 200


async def test_a_create_shows_everything(current: Client) -> None:
    body = {"name": "New", "type": "typo", "end_handle": "sometimes", "service_level": -4}
    made = (await current.call("POST", "/campaigns", body)).value
    assert made == (await current.get(made["id"])).value
    assert made["customer_id"] == current.simulator.world.customer_id
    assert (made["type"], made["end_handle"], made["service_level"]) == ("typo", "sometimes", -4)
    assert (made["status"], made["actions"], made["tm_update"]) == ("stop", None, None)
