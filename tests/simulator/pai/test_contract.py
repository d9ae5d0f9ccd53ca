"""The simulated PAI against its documents: the examples, then each call in either dialect."""

import json
import re
from importlib import import_module
from typing import Any

import pytest

from tests.simulator.pai.client import DATA, Answer, PaiClient
from tests.simulator.pai.conftest import Start

EXAMPLES: dict[str, Any] = {
    one["name"]: one for one in json.loads((DATA / "examples.json").read_text("utf-8"))["examples"]
}
SCHEMAS: dict[str, Any] = json.loads((DATA / "schemas.json").read_text("utf-8"))
EXAMPLE = "0a54e195-03e2-40bd-869d-b71cb302783e"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
ENVELOPE = ["Data", "ErrorCode", "ErrorMessage", "RequestId"]


async def replay(client: PaiClient, name: str) -> Answer:
    example = EXAMPLES[name]
    body = b"" if example["request"] is None else json.dumps(example["request"]).encode()
    # The document's own calls carry a media type where there is no body, too.
    return await client.send(
        example["method"], example["path"], body, Content_Type="application/json"
    )


def same(shown: Answer, name: str, **changed: Any) -> None:
    """The same text but for white space and the request's own id."""
    wanted = EXAMPLES[name]["response"] | {"RequestId": shown.value["RequestId"]} | changed
    assert json.dumps(shown.value) == json.dumps(wanted)
    assert UUID.fullmatch(shown.value["RequestId"])


def conforms(answer: Answer, shape: str) -> None:
    schema = {"$ref": f"#/components/schemas/{shape}", "components": SCHEMAS["components"]}
    jsonschema: Any = import_module("jsonschema")  # it comes without types
    jsonschema.Draft202012Validator(schema).validate(answer.value)


async def test_the_example_of_one_campaign_is_answered_as_the_document_shows(begin: Start) -> None:
    client = await begin(campaigns=0)
    client.put(EXAMPLE, "VIPcustomers", "Double 11 campaign")
    same(await replay(client, "get"), "get")


async def test_the_example_of_a_list_is_answered_as_the_document_shows(begin: Start) -> None:
    client = await begin(campaigns=0)
    client.put(EXAMPLE, "VIP客户", "双十一活动")
    client.put("0bddaf8f-5628-427a-8652-5e24f6b4c35d", "VIP客户", "another")
    client.arm("total", "list", value=10)
    same(await replay(client, "list with filtering"), "list with filtering")


async def test_the_example_of_a_create_is_answered_as_the_document_shows(begin: Start) -> None:
    client = await begin(campaigns=0)
    answer = await replay(client, "create")
    wanted = EXAMPLES["create"]["response"]["Data"]
    own = {name: answer.data[name] for name in ("CreatedTime", "Id", "UpdatedTime")}
    same(answer, "create", Data=wanted | own)
    assert UUID.fullmatch(own["Id"])
    assert TIME.fullmatch(own["CreatedTime"])


async def test_the_example_of_a_delete_deletes(begin: Start) -> None:
    client = await begin(campaigns=0)
    client.put("0bddaf8f-5628-427a-8652-5e24f6b4c35d", "Spring")
    answer = await replay(client, "delete")
    assert (list(answer.value), answer.code) == (ENVELOPE, 0)
    assert isinstance(answer.data, str)
    assert client.simulator.world.ids() == []


def test_the_addresses_are_those_of_the_dialect(documented: PaiClient, current: PaiClient) -> None:
    told = documented.simulator.describe()
    assert told["base_url"] == f"{documented.simulator.address}/api/PaiPlugin"
    assert told["base_path"] == "/api/PaiPlugin"
    assert set(told["credentials"]) == {"api_key"}
    told = current.simulator.describe()
    assert (told["base_url"], told["base_path"]) == (current.simulator.address, "")
    assert set(told["credentials"]) == {"access_key_id", "access_key_secret"}
    assert told["scope"] == {"region": "cn-hangzhou"}


async def test_every_answer_has_the_published_shape(current: PaiClient) -> None:
    one = current.simulator.world.ids()[0]
    for operation, campaign_id, fields in (
        ("list", "", {"PageSize": 7}),
        ("get", one, {}),
        ("create", "", {"Name": "Spring"}),
        ("update", one, {"Remark": "x"}),
        ("delete", one, {}),
    ):
        answer = await current.call(operation, campaign_id, **fields)
        assert answer.status == 200
        conforms(answer, SCHEMAS["operations"][operation])
    gone = await current.call("get", one)
    assert gone.code == 404
    conforms(gone, SCHEMAS["operations"]["get"])
    conforms(await current.send("GET", current.path("list"), Authorization="x"), "GatewayError")


async def test_a_list_is_paged_from_one_with_ten_rows_by_default(pai: PaiClient) -> None:
    known = pai.simulator.world.ids()
    first = await pai.call("list")
    assert (first.status, first.code, list(first.value)) == (200, 0, ENVELOPE)
    assert list(first.data) == ["Campaigns", "PageNumber", "PageSize", "TotalCount"]
    assert [first.data[name] for name in ("PageNumber", "PageSize", "TotalCount")] == [1, 10, 30]
    assert first.ids == known[:10]
    second = await pai.call("list", PageNumber=2, PageSize=20)
    assert (second.ids, second.data["PageNumber"]) == (known[20:], 2)
    beyond = await pai.call("list", PageNumber=3, PageSize=20)
    assert (beyond.ids, beyond.data["TotalCount"]) == ([], 30)


async def test_a_page_out_of_range_is_refused_or_brought_into_range(
    begin: Start, dialect: str
) -> None:
    strict, lenient = await begin(dialect), await begin(dialect, page_range="clamp", page_max="7")
    for query in ({"PageSize": 0}, {"PageSize": 101}, {"PageNumber": 0}, {"PageNumber": -1}):
        assert (await strict.call("list", **query)).code == 400, query
    assert (await strict.call("list", PageSize=100)).data["PageSize"] == 100
    cut = await lenient.call("list", PageSize=100, PageNumber=0)
    assert (len(cut.ids), cut.data["PageSize"], cut.data["PageNumber"]) == (7, 7, 1)
    assert (await lenient.call("list", PageSize=0)).data["PageSize"] == 1


@pytest.mark.parametrize(("filters", "by_name", "by_both"), [("exact", 1, 0), ("substring", 2, 1)])
async def test_filters_combine(begin: Start, filters: str, by_name: int, by_both: int) -> None:
    client = await begin(campaigns=0, filters=filters)
    client.put("1", "VIP客户", "双十一活动")
    client.put("2", "VIP客户 II")
    client.put("3", "other", "双十一")
    assert len((await client.call("list", Name="VIP客户")).ids) == by_name
    both = await client.call("list", Name="VIP客户", Remark="双十一")
    assert (len(both.ids), both.data["TotalCount"]) == (by_both, by_both)
    assert len((await client.call("list", Name="", Remark="")).ids) == 3


async def test_rows_come_oldest_first_newest_first_or_in_another_order_every_time(
    begin: Start,
) -> None:
    oldest, newest = await begin(), await begin(order="newest")
    unstable = await begin(order="unstable")
    assert (await newest.call("list", PageSize=100)).ids == list(
        reversed((await oldest.call("list", PageSize=100)).ids)
    )
    made = (await newest.call("create", Name="x")).data["Id"]
    assert (await newest.call("list")).ids[0] == made
    orders = [(await unstable.call("list", PageSize=100)).ids for _ in range(2)]
    assert orders[0] != orders[1]
    assert set(orders[0]) == set(orders[1]) == set(unstable.campaigns)


async def test_creating_twice_makes_two_of_one_name(pai: PaiClient) -> None:
    made = [(await pai.call("create", Name="VIP客户", Remark="双十一")).data for _ in range(2)]
    assert made[0]["Id"] != made[1]["Id"]
    assert [one["Name"] for one in made] == ["VIP客户"] * 2
    listed = await pai.call("list", Name="VIP客户", Remark="双十一")
    assert set(listed.ids) == {one["Id"] for one in made}
    assert (await pai.call("create")).data["Name"] == ""


async def test_what_an_update_leaves_out_stays_or_is_blanked(begin: Start, dialect: str) -> None:
    keeps, blanks = await begin(dialect, remark="empty"), await begin(dialect, update="blank")
    for client in (keeps, blanks):
        client.put("1", "Spring", "first")
    shown = (await keeps.call("update", "1", Name="Summer")).data
    assert (shown["Name"], shown["Remark"]) == ("Summer", "first")
    assert shown["CreatedTime"] == "2020-01-01 12:00:00" < shown["UpdatedTime"]
    assert (await keeps.call("update", "1", Remark="")).data["Remark"] == ""
    assert keeps.campaigns["1"].values() == {"name": "Summer", "note": None}
    assert "Remark" not in (await blanks.call("update", "1", Name="Summer")).data
    assert (await blanks.call("update", "1", Remark="x")).data["Name"] == ""


@pytest.mark.parametrize("remark", ["absent", "null", "empty"])
async def test_no_remark_is_absent_null_or_empty(begin: Start, remark: str) -> None:
    client = await begin(campaigns=0, remark=remark)
    client.put("1", "Spring")
    shown = (await client.call("get", "1")).data
    assert shown.get("Remark", "absent") == {"absent": "absent", "null": None, "empty": ""}[remark]
    client.simulator.world.edit("1", {"note": "there"})
    assert (await client.call("list")).data["Campaigns"][0]["Remark"] == "there"


async def test_a_second_delete_finds_nothing(pai: PaiClient) -> None:
    one = pai.simulator.world.ids()[0]
    assert (await pai.call("delete", one)).code == 0
    for operation in ("delete", "get", "update"):
        assert (await pai.call(operation, one)).code == 404
    assert one not in (await pai.call("list", PageSize=100)).ids


async def test_a_campaign_that_is_referred_to_may_not_be_deleted_where_so_chosen(
    begin: Start,
) -> None:
    client = await begin(delete="referenced")
    one = client.service.picks()["referenced"][0]
    assert (await client.call("delete", one)).code == 400
    assert one in client.simulator.world.ids()
    await client.admin("references", id=one, count=0)
    assert (await client.call("delete", one)).code == 0
    usual = await begin()
    assert (await usual.call("delete", usual.service.picks()["referenced"][0])).code == 0


async def test_an_id_is_read_as_it_was_quoted(pai: PaiClient) -> None:
    pai.put("a/b c~é", "odd")
    assert (await pai.call("get", "a/b c~é")).data["Name"] == "odd"
    assert (await pai.call("get", "a")).code == 404
