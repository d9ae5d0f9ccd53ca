"""Every kind of fault that the simulated PAI brings: it is what it says, and it is counted."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from syncd.simulator.journal import Item
from tests.simulator.pai.client import PaiClient
from tests.simulator.pai.conftest import Start

TABLE = {
    0: "OK",
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}


def first(client: PaiClient) -> str:
    return str(client.simulator.world.ids()[0])


def item(client: PaiClient) -> Item:
    written = [arrival for arrival in client.simulator.journal.arrivals if arrival.items]
    return written[-1].items[0]


async def pull(client: PaiClient) -> tuple[list[str], set[int]]:
    """All rows, ten a page, with every total that was told."""
    ids: list[str] = []
    totals: set[int] = set()
    for number in range(1, 5):
        page = await client.call("list", PageNumber=number)
        ids += page.ids
        totals.add(page.data["TotalCount"])
    return ids, totals


@pytest.mark.parametrize("code", [*TABLE, 10086])
@pytest.mark.parametrize("form", ["service", "status", "gateway"])
async def test_every_error_code_comes_as_a_status_and_as_an_error_code(
    pai: PaiClient, code: int, form: str
) -> None:
    pai.arm("refuse", "update", code=code, form=form)
    answer = await pai.call("update", first(pai), Name="x")
    status = {0: 200, 10086: 400}.get(code, code)
    assert answer.status == (200 if form == "service" else status)
    assert answer.code == (TABLE.get(code, "Error10086") if form == "gateway" else code)
    assert pai.campaigns[first(pai)].name != "x"
    assert item(pai).truth == "untouched"


async def test_a_refusal_may_lie_and_may_contradict_its_status(pai: PaiClient) -> None:
    pai.arm("refuse", "update", when="after", code=404, message="It is gone.")
    answer = await pai.call("update", first(pai), Name="x")
    assert (answer.code, answer.value["ErrorMessage"]) == (404, "It is gone.")
    assert (pai.campaigns[first(pai)].name, item(pai).truth) == ("x", "applied")
    pai.arm("refuse", "list", when="after", form="service")
    assert (await pai.call("list")).code == 500
    assert pai.simulator.journal.of("list")[0].ids == []
    pai.arm("refuse", code=0, status=500, form="status")
    answer = await pai.call("list")
    assert (answer.status, answer.code) == (500, 0)


async def test_the_gateway_speaks_json_in_two_spellings_and_xml(pai: PaiClient) -> None:
    pai.arm("gateway", status=403, code="NoPermission", message="<no>")
    answer = await pai.call("list")
    assert (answer.status, answer.code, answer.value["Message"]) == (403, "NoPermission", "<no>")
    pai.arm("gateway", **{"as": "lower"})
    answer = await pai.call("list")
    assert list(answer.value) == ["code", "message", "requestId", "hostId"]
    assert (answer.status, answer.value["code"]) == (500, "InternalError")
    pai.arm("gateway", message="<no>", **{"as": "xml"})
    answer = await pai.call("list")
    assert answer.headers["content-type"] == "text/xml"
    told = ET.fromstring(answer.text)  # noqa: S314  (our own text)
    names = [element.tag for element in told]
    assert (told.tag, names) == ("Error", ["Code", "Message", "RequestId", "HostId"])
    assert told.findtext("Message") == "<no>"


@pytest.mark.parametrize(
    ("options", "status", "code", "wait"),
    [
        ({}, 429, "Throttling.User", None),
        ({"retry_after": 7}, 429, "Throttling.User", "7"),
        ({"status": 400, "code": "Throttling"}, 400, "Throttling", None),
        ({"status": 400, "retry_after": "soon"}, 400, "Throttling.User", "soon"),
    ],
)
async def test_a_limit_that_nobody_asked_for(
    pai: PaiClient, options: dict[str, Any], status: int, code: str, wait: str | None
) -> None:
    pai.arm("throttling", "list", **options)
    answer = await pai.call("list")
    assert (answer.status, answer.code, answer.headers.get("retry-after")) == (status, code, wait)
    assert (await pai.call("list")).code == 0


async def test_a_wait_may_be_told_as_a_date(pai: PaiClient) -> None:
    pai.arm("throttling", date=90)
    earliest = datetime.now(UTC) + timedelta(seconds=89)
    assert parsedate_to_datetime((await pai.call("list")).headers["retry-after"]) > earliest


async def test_a_right_address_may_be_lost(pai: PaiClient) -> None:
    pai.arm("lost_route", "get")
    answer = await pai.call("get", first(pai))
    assert (answer.status, answer.value) == (404, None)
    assert not pai.simulator.journal.of("get")[0].reply_readable


async def test_an_answer_may_be_about_another_campaign(pai: PaiClient) -> None:
    ids = pai.simulator.world.ids()
    for operation, fields in (("get", {}), ("update", {"Name": "x"}), ("create", {"Name": "x"})):
        pai.arm("echo_other", operation)
        assert (await pai.call(operation, ids[0], **fields)).data["Id"] in ids[:2]
    pai.arm("echo_other", "get", id=ids[5])
    assert (await pai.call("get", ids[0])).data["Id"] == ids[5]
    assert pai.simulator.journal.of("get")[-1].shown == {ids[5]: pai.campaigns[ids[5]].values()}
    assert pai.campaigns[ids[0]].name == "x"
    assert pai.simulator.journal.of("create")[0].ids == [item(pai).id]
    assert item(pai).id not in ids


async def test_fields_and_envelopes_take_any_shape(pai: PaiClient) -> None:
    odd = {"Status": "DRAFT", "CreatedTime": "2020-01-01T12:00:00Z", "Id": 7}
    pai.arm("fields", "get", set=odd, drop=["Name"])
    shown = (await pai.call("get", first(pai))).data
    assert shown.items() >= odd.items()
    assert "Name" not in shown
    pai.arm("fields", "list", index=2, set={"Name": None})
    rows = (await pai.call("list")).data["Campaigns"]
    assert [row["Name"] is None for row in rows[:4]] == [False, False, True, False]
    pai.arm("envelope", "delete", set={"Data": None}, drop=["RequestId"])
    deleted = await pai.call("delete", first(pai))
    assert deleted.value == {"Data": None, "ErrorCode": 0, "ErrorMessage": "OK"}
    pai.arm("envelope", "list", set={"ErrorCode": "0"})
    assert (await pai.call("list")).code == "0"
    pai.arm("page", "list", set={"Campaigns": None, "PageSize": 5}, drop=["TotalCount"])
    page = (await pai.call("list")).data
    assert page == {"Campaigns": None, "PageNumber": 1, "PageSize": 5}
    assert pai.simulator.journal.of("list")[-1].shown == {}


async def test_a_row_that_moves_is_missed_while_another_is_seen_twice(pai: PaiClient) -> None:
    for to, missed, twice in (("earlier", 10, 9), ("later", 10, 0)):
        known = pai.simulator.world.ids()
        ids, totals = await pull_with(pai, "drift", to=to)
        assert (totals, len(ids)) == ({30}, 30)
        assert set(known) - set(ids) == {known[missed]}
        assert ids.count(known[twice]) == 2


async def pull_with(client: PaiClient, kind: str, **options: Any) -> tuple[list[str], set[int]]:
    fault = client.arm(kind, "list", **options)
    pulled = await pull(client)
    assert fault.fired == 1
    return pulled


async def test_a_campaign_made_meanwhile_shows_a_row_twice(pai: PaiClient) -> None:
    known = pai.simulator.world.ids()
    ids, totals = await pull_with(pai, "created_meanwhile")
    assert (totals, len(ids), ids.count(known[9])) == ({30, 31}, 31, 2)
    assert set(ids) == set(known)
    ids, totals = await pull_with(pai, "created_meanwhile", at="end")
    assert (totals, len(ids), len(set(ids))) == ({31, 32}, 32, 32)


async def test_a_campaign_deleted_meanwhile_hides_another(pai: PaiClient) -> None:
    known = pai.simulator.world.ids()
    ids, totals = await pull_with(pai, "deleted_meanwhile")
    assert (totals, len(ids)) == ({30, 29}, 29)
    assert set(known) - set(ids) == {known[10]}
    ids, _ = await pull_with(pai, "deleted_meanwhile", id=known[29])
    assert set(known[1:]) - set(ids) == {known[29]}


async def test_pages_leave_out_repeat_and_stand_still(pai: PaiClient) -> None:
    known = pai.simulator.world.ids()
    ids, totals = await pull_with(pai, "omit_rows", indexes=[0, 3, 99])
    assert (totals, set(known) - set(ids)) == ({30}, {known[0], known[3]})
    assert pai.simulator.journal.of("list")[0].ids == ids[:8]
    ids, totals = await pull_with(pai, "repeat_rows")
    assert (totals, len(ids), ids.count(known[0])) == ({30}, 31, 2)
    ids, totals = await pull_with(pai, "empty_page", nth=2)
    assert (totals, set(known) - set(ids)) == ({30}, set(known[10:20]))
    ids, totals = await pull_with(pai, "empty_page", total=0)
    assert (totals, len(ids)) == ({0, 30}, 20)
    ids, totals = await pull_with(pai, "stuck_page", nth=2)
    assert (totals, ids[10:20]) == ({30}, known[:10])
    _, totals = await pull_with(pai, "total", by=-1)
    assert totals == {29, 30}
    _, totals = await pull_with(pai, "total", value=99)
    assert totals == {99, 30}


async def test_a_write_may_be_ignored(pai: PaiClient) -> None:
    one, count = first(pai), len(pai.campaigns)
    name = pai.campaigns[one].name
    for options, shown in (({}, "x"), ({"show": "kept"}, name)):
        pai.arm("ignore", "update", **options)
        answer = await pai.call("update", one, Name="x")
        assert (answer.code, answer.data["Name"]) == (0, shown)
        assert (pai.campaigns[one].name, item(pai).truth) == (name, "untouched")
    pai.arm("ignore", count=2)
    assert (await pai.call("delete", one)).code == 0
    made = await pai.call("create", Name="x")
    assert made.data["Name"] == "x"
    assert (len(pai.campaigns), one in pai.simulator.world.ids()) == (count, True)
    assert (await pai.call("get", made.data["Id"])).code == 404


async def test_a_name_may_be_cut(pai: PaiClient) -> None:
    one = first(pai)
    for options, shown in (({}, "x" * 20), ({"length": 5, "show": "asked"}, "x" * 30)):
        pai.arm("clamp", "update", **options)
        answer = await pai.call("update", one, Name="x" * 30, Remark="y" * 30)
        assert (answer.data["Name"], answer.data["Remark"]) == (shown, "y" * 30)
    assert pai.campaigns[one].values() == {"name": "xxxxx", "note": "y" * 30}
    pai.arm("clamp", "create", length=3)
    assert (await pai.call("create", Name="Spring")).data["Name"] == "Spr"


async def test_a_write_may_take_effect_later(pai: PaiClient) -> None:
    one, other, third, *_ = pai.simulator.world.ids()
    name = pai.campaigns[one].name
    pai.arm("later", "update", seconds=60)
    assert (await pai.call("update", one, Name="late")).data["Name"] == "late"
    assert ((await pai.call("get", one)).data["Name"], item(pai).truth) == (name, "applied_pending")
    pai.ahead(61)
    assert (await pai.call("get", one)).data["Name"] == "late"
    pai.arm("later", count=2, show="kept")
    assert (await pai.call("update", third, Remark="late")).data.get("Remark") != "late"
    assert (await pai.call("delete", other)).code == 0
    pai.ahead(86_400)
    assert (await pai.call("get", other)).code == 0
    assert [one["id"] for one in (await pai.admin("state"))["waiting"]] == [third, other]
    assert await pai.admin("apply", ids=[other]) == {"changed": [other]}
    assert (await pai.call("get", other)).code == 404
    assert pai.campaigns[third].note != "late"
    assert await pai.admin("apply", all=True) == {"changed": [third]}
    assert pai.campaigns[third].note == "late"


async def test_half_of_an_update_may_be_applied(pai: PaiClient) -> None:
    one = first(pai)
    before = pai.campaigns[one].note
    pai.arm("half", "update", code=503, form="status")
    answer = await pai.call("update", one, Name="half", Remark="other half")
    assert (answer.status, answer.code) == (503, 503)
    assert pai.campaigns[one].values() == {"name": "half", "note": before}
    assert (item(pai).truth, item(pai).new) == ("applied", {"name": "half"})


@pytest.mark.parametrize("kind", ["list_lag", "get_lag"])
async def test_a_new_campaign_may_not_show_at_once(pai: PaiClient, kind: str) -> None:
    pai.arm(kind, "create")
    made = (await pai.call("create", Name="new")).data["Id"]
    is_listed = made in (await pai.call("list", PageSize=100)).ids
    is_found = (await pai.call("get", made)).code == 0
    assert (is_listed, is_found) == (kind == "get_lag", kind == "list_lag")
    assert item(pai).id == made
    assert await pai.admin("show", all=True) == {"shown": [made]}
    assert made in (await pai.call("list", PageSize=100)).ids
    assert (await pai.call("get", made)).code == 0


async def test_a_fault_does_not_count_where_the_service_refuses(begin: Start, dialect: str) -> None:
    for refusals in ("service", "gateway"):
        client = await begin(dialect, refusals=refusals)
        faults = [
            client.arm(kind, operation, count=None)
            for kind in ("ignore", "later", "clamp", "half", "echo_other", "fields", "envelope")
            for operation in ("update", "get")
        ]
        await client.call("update", "no-such-id", Name="x")
        await client.call("get", "no-such-id")
        assert [fault.fired for fault in faults] == [0] * len(faults)


async def test_a_bent_course_ends_with_its_call(pai: PaiClient) -> None:
    pai.arm("ignore", "update")
    pai.arm("refuse", "update")
    assert (await pai.call("update", first(pai), Name="x")).code == 500
    assert (await pai.call("update", first(pai), Name="y")).code == 0
    assert pai.campaigns[first(pai)].name != "y"
    assert (await pai.call("update", first(pai), Name="z")).code == 0
    assert pai.campaigns[first(pai)].name == "z"
