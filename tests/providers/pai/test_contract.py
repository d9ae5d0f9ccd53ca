"""Every example of PAI's campaign documentation, in both directions and in both dialects: what it
shows as a request leaves byte for byte, what it shows as an answer is understood."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest

from syncd.model.update import Outcome, Verdict
from tests.providers.accounts import always
from tests.providers.pai.setting import (
    API_KEY,
    DELETES,
    DIALECTS,
    ID,
    ROOTS,
    TRACE,
    account,
    create,
    delete,
    update,
)
from tests.providers.scripted import Arrival, http

ONE = """{
  "Data": {
    "CreatedTime": "2020-01-01 12:00:00",
    "Id": "0a54e195-03e2-40bd-869d-b71cb302783e",
    "Name": "VIP客户",
    "Remark": "双十一活动",
    "UpdatedTime": "2020-01-01 12:00:00"
  },
  "ErrorCode": 0,
  "ErrorMessage": "OK",
  "RequestId": "f8651828-609d-4de8-ab49-ab781d7fd85a"
}"""
TRANSLATED = ONE.replace("VIP客户", "VIPcustomers").replace("双十一活动", "Double 11 campaign")
ROW = """      {
        "CreatedTime": "2020-01-01 12:00:00",
        "Id": "0a54e195-03e2-40bd-869d-b71cb302783e",
        "Name": "VIP客户",
        "Remark": "双十一活动",
        "UpdatedTime": "2020-01-01 12:00:00"
      }"""
# The documents count ten and show one.
LIST = (
    '{\n  "Data": {\n    "Campaigns": [\n'
    + ROW
    + """
    ],
    "PageNumber": 1,
    "PageSize": 10,
    "TotalCount": 10
  },
  "ErrorCode": 0,
  "ErrorMessage": "OK",
  "RequestId": "f8651828-609d-4de8-ab49-ab781d7fd85a"
}"""
)
WHOLE_LIST = LIST.replace('"TotalCount": 10', '"TotalCount": 1')
NOON = dt.datetime(2020, 1, 1, 4, 0, tzinfo=dt.UTC)


def proven(call: Arrival, dialect: str) -> None:
    """The headers are those that the dialect asks for."""
    assert call.headers["accept"] == "application/json"
    if dialect == "documented":
        assert call.headers["authorization"] == f"Bearer {API_KEY}"
        assert call.headers["content-type"] == "application/json"
    else:
        assert call.headers["authorization"].startswith("ACS3-HMAC-SHA256 Credential=")
        has_body = bool(call.body)
        assert call.headers.get("content-type") == (
            "application/json; charset=utf-8" if has_body else None
        )


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_list_is_asked_for_and_read_as_documented(dialect: str) -> None:
    async with account(always(http(200, WHOLE_LIST)), dialect=dialect) as there:
        (page,) = await there.pages()
        (call,) = there.calls
    assert (call.method, call.path) == ("GET", f"{ROOTS[dialect]}?PageNumber=1&PageSize=100")
    assert call.body == b""
    proven(call, dialect)
    assert (page.is_whole, page.bad, page.notes, page.total) == (True, (), (), 1)
    assert page.dialect is None, "the rows of both dialects are the same"
    (campaign,) = page.campaigns
    assert campaign.external_id == ID
    assert campaign.values == {"name": "VIP客户", "note": "双十一活动"}
    assert (campaign.created_at, campaign.updated_at) == (NOON, NOON)
    assert campaign.raw.decode() == ROW.strip()


async def test_a_list_that_counts_more_than_it_shows_is_not_whole() -> None:
    async with account(always(http(200, LIST))) as there:
        pages = await there.pages()
    assert not pages[-1].is_whole
    assert pages[-1].notes == ("the listing drifts: PAI counted 10 campaigns and showed 1",)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("body", "name", "note"),
    [(ONE, "VIP客户", "双十一活动"), (TRANSLATED, "VIPcustomers", "Double 11 campaign")],
)
async def test_a_campaign_is_read_as_documented(
    dialect: str, body: str, name: str, note: str
) -> None:
    async with account(always(http(200, body)), dialect=dialect) as there:
        reading = await there.adapter.read([ID])
        (call,) = there.calls
    assert (call.method, call.path, call.body) == ("GET", f"{ROOTS[dialect]}/{ID}", b"")
    proven(call, dialect)
    assert reading.is_whole
    assert reading.gone == frozenset()
    assert reading.campaigns[ID].values == {"name": name, "note": note}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_create_is_sent_and_read_as_documented(dialect: str) -> None:
    async with account(always(http(200, ONE)), dialect=dialect) as there:
        result = await there.write(create())
        (call,) = there.calls
        assert there.intents == [hashlib.sha256(call.body).digest()]
        assert there.limits.taken() == {"POST campaigns": 1}
    assert (call.method, call.path) == ("POST", ROOTS[dialect])
    assert call.body == '{"Name":"VIP客户","Remark":"双十一活动"}'.encode()
    proven(call, dialect)
    assert result.verdicts == {
        "+7": Verdict(outcome=Outcome.APPLIED, trace_id=TRACE, created_id=ID)
    }
    assert (result.status, result.whole) == (200, None)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_update_is_sent_and_read_as_documented(dialect: str) -> None:
    async with account(always(http(200, ONE)), dialect=dialect) as there:
        result = await there.write(update({"note": "双十一活动"}, note="old"))
        (call,) = there.calls
        assert there.intents == [hashlib.sha256(call.body).digest()]
        assert there.limits.taken() == {"PUT campaign": 1}
    assert (call.method, call.path) == ("PUT", f"{ROOTS[dialect]}/{ID}")
    assert call.body == '{"Name":"VIP客户","Remark":"双十一活动"}'.encode()
    proven(call, dialect)
    assert result.verdicts == {ID: Verdict(outcome=Outcome.APPLIED, trace_id=TRACE)}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("data", ['"Data":"done",', '"Data":null,', '"Data":true,', ""])
async def test_a_delete_is_sent_as_documented_and_its_data_means_nothing(
    dialect: str, data: str
) -> None:
    body = f'{{{data}"ErrorCode":0,"ErrorMessage":"OK","RequestId":"{TRACE}"}}'
    gone = "0bddaf8f-5628-427a-8652-5e24f6b4c35d"
    async with account(always(http(200, body)), dialect=dialect) as there:
        result = await there.write(delete(gone))
        (call,) = there.calls
        assert there.intents == [hashlib.sha256(b"").digest()]
        assert there.limits.taken() == {"DELETE campaign": 1}
    assert (call.method, call.path, call.body) == ("DELETE", f"{DELETES[dialect]}/{gone}", b"")
    proven(call, dialect)
    assert result.verdicts == {gone: Verdict(outcome=Outcome.APPLIED, trace_id=TRACE)}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_list_is_filtered_by_name_and_remark_at_once(dialect: str) -> None:
    async with account(always(http(200, WHOLE_LIST)), dialect=dialect) as there:
        reading = await there.adapter.find(create())
        (call,) = there.calls
    assert call.path == (
        f"{ROOTS[dialect]}?Name=VIP%E5%AE%A2%E6%88%B7"
        "&Remark=%E5%8F%8C%E5%8D%81%E4%B8%80%E6%B4%BB%E5%8A%A8&PageNumber=1&PageSize=100"
    )
    proven(call, dialect)
    assert reading.is_whole
    assert set(reading.campaigns) == {ID}


async def test_a_region_s_address_stands_before_every_path() -> None:
    async with account(always(http(200, ONE))) as there:
        base = f"{there.server.url}/api/PaiPlugin"
        async with account(always(http(500)), base_url=base) as other:
            await other.adapter.read([ID])
        assert there.calls[0].path == f"/api/PaiPlugin/2022-01-12/campaigns/{ID}"
