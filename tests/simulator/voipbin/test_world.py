"""The world as a judge sees it: what people do in it, what is picked out of it, and that a seed
makes it again."""

import pytest

from syncd.simulator.voipbin.values import NIL, PATHS, canonical
from tests.simulator.voipbin.client import Client
from tests.simulator.voipbin.conftest import Begin


async def test_the_truth_is_that_of_the_customer(client: Client) -> None:
    truth = (await client.act("truth"))["campaigns"]
    assert len(truth) == 42
    assert {one["id"] for one in truth if not one["is_removed"]} == set(
        client.simulator.world.ids()
    )
    for one in truth:
        assert list(one["values"]) == list(PATHS)
        assert one["is_deleted"] is (one["tm_delete"] is not None)
    assert client.pick("other_customer") not in {one["id"] for one in truth}


async def test_the_values_are_texts(client: Client) -> None:
    one = client.pick("ordinary")
    shown = (await client.get(one)).value
    actions = [{k: v for k, v in each.items() if v != NIL} for each in shown["actions"]]
    assert client.values(one) == {
        "name": shown["name"],
        "note": shown["detail"],
        "status": "paused",
        "native.type": shown["type"],
        "native.service_level": str(shown["service_level"]),
        "native.end_handle": shown["end_handle"],
        "native.actions": canonical(actions),
        "native.outplan_id": shown["outplan_id"],
        "native.outdial_id": shown["outdial_id"],
        "native.queue_id": shown["queue_id"],
        "native.next_campaign_id": shown["next_campaign_id"],
    }
    assert client.values(client.pick("running"))["status"] == "active"
    assert client.values(client.pick("stopping"))["status"] == "paused"
    assert client.values(client.pick("without_actions"))["native.actions"] is None
    assert client.values(client.pick("without_outplan"))["native.outplan_id"] == NIL


def test_actions_have_one_text_however_they_are_spelt() -> None:
    talk = {"type": "talk", "option": {"text": "Grüße", "language": "de-DE"}}
    echo = {"id": NIL, "next_id": NIL, "tm_execute": None} | talk
    text = '[{"option":{"language":"de-DE","text":"Grüße"},"type":"talk"}]'
    assert canonical([talk]) == canonical([echo]) == text
    kept = [{"id": "0a000000-0000-4000-8000-000000000001", "type": "hangup"}]
    assert canonical(kept) == '[{"id":"0a000000-0000-4000-8000-000000000001","type":"hangup"}]'


async def test_people_edit_at_once_and_without_rules(client: Client) -> None:
    one, other = client.pick("ordinary"), client.pick("running")
    before = client.truth(one)
    values = {
        "name": "By hand",
        "note": None,
        "status": "active",
        "native.type": "flow",
        "native.service_level": "12",
        "native.actions": '[{"type":"hangup"}]',
        "native.queue_id": None,
    }
    edits = [{"id": one, "values": values}, {"id": other, "values": {"native.actions": None}}]
    told = await client.act("edit", edits=edits)
    assert [each["id"] for each in told["campaigns"]] == [one, other]
    expected = before["values"] | values | {"note": "", "native.queue_id": NIL}
    assert client.values(one) == expected
    assert client.truth(one)["tm_update"] > (before["tm_update"] or 0)
    assert (await client.get(one)).value["name"] == "By hand"
    (start,) = client.simulator.world.starts
    assert (start.campaign_id, start.seq) == (one, None)
    for path, value in (
        ("budget.daily", "5"),
        ("status", "none"),
        ("native.service_level", "x"),
        ("native.actions", "{"),
        ("native.actions", "{}"),
    ):
        assert "error" in await client.act("edit", id=one, values={path: value}), path
    assert "unknown" in (await client.act("edit", id="nobody", values={}))["error"]
    assert client.values(one) == expected


async def test_people_delete_and_store_odd_things(client: Client) -> None:
    one, other = client.simulator.world.ids()[:2]
    assert await client.act("delete", ids=[one]) == {"in_view": 39}
    assert one in (await client.list()).ids
    await client.act("raw", id=other, field="status", value="paused_by_admin")
    assert (await client.get(other)).value["status"] == "paused_by_admin"
    assert client.values(other)["status"] is None
    for field, value in (("name", "x"), ("status", "run")):
        assert "error" in await client.act("raw", id=other, field=field, value=value)


@pytest.mark.parametrize("campaigns", [0, 1, 7, 8, 26, 27, 40, 110, 250])
async def test_so_many_campaigns_are_in_view(begin: Begin, campaigns: int) -> None:
    client = await begin(campaigns=campaigns)
    state = await client.act("state")
    assert state["in_view"] == campaigns
    assert len((await client.list()).ids) == min(state["campaigns"], 100)
    groups = client.simulator.service.picks()["same_microsecond"]
    assert (len(groups) >= 2) is (campaigns > 7)


async def test_each_pick_shows_its_case(client: Client) -> None:
    picks = await client.act("picks")
    assert len(picks["ordinary"]) == 20
    for case, field, value in (
        ("running", "status", "running"),
        ("running_with_calls", "status", "running"),
        ("stopping", "status", "stopping"),
        ("without_outplan", "outplan_id", NIL),
        ("without_actions", "actions", None),
        ("flow", "type", "flow"),
    ):
        assert (await client.get(picks[case]["id"])).value[field] == value, case
    following = (await client.get(picks["with_next"]["id"])).value["next_campaign_id"]
    assert following in client.simulator.world.ids()
    assert not (await client.get(picks["deleted"]["id"])).value["tm_delete"].startswith("9999")


async def test_it_tells_what_a_configuration_needs(client: Client) -> None:
    told = client.simulator.describe()
    assert told["base_url"] == f"{client.simulator.address}/v1.0"
    assert set(told["credentials"]) == {"username", "password", "access_key"}
    assert (told["scope"], told["dialect"]) == ({}, "documented")


async def test_the_same_seed_makes_the_same_world(begin: Begin) -> None:
    texts = []
    for seed in (7, 7, 8):
        client = await begin(seed=seed)
        texts.append((await client.list()).text)
    assert texts[0] == texts[1] != texts[2]
