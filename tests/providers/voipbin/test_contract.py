"""Every example of VoIPBIN's campaign documentation, in both directions: what it shows as a request
is what the adapter sends, what it shows as an answer is what the adapter understands."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from syncd.model.call import WriteItem
from syncd.model.campaign import Status, StatusSeen
from syncd.model.update import Outcome, Verdict
from syncd.providers.voipbin import rows
from tests.providers.accounts import always, in_turn
from tests.providers.scripted import http
from tests.providers.voipbin.documents import (
    CREATE_ANSWER,
    CREATE_BODY,
    CREATE_REQUEST,
    CURRENT,
    GET_ANSWER,
    GET_REQUEST,
    LIST_ANSWER,
    LIST_REQUEST,
)
from tests.providers.voipbin.stage import (
    ID,
    LOGIN,
    OTHER,
    PASSWORD,
    TOKEN,
    account,
    listing,
    with_login,
)

HELLO = (
    '[{"type": "talk", "option": {"text": "Hello. This is outbound campaign\'s test calling. '
    'Please wait until the agent answer the call. Thank you.", "language": "en-US"}}]'
)
VALUES = {
    "name": "test campaign",
    "note": "test campaign detail",
    "status": "paused",
    "native.type": "call",
    "native.service_level": "100",
    "native.end_handle": "stop",
    "native.actions": HELLO,
    "native.outplan_id": "d5fb7357-7ddb-4f2d-87b5-8ccbfd6c039e",
    "native.outdial_id": "40bea034-1d17-474d-a5de-da00d0861c69",
    "native.queue_id": "99bf739a-932f-433c-b1bf-103d33d7e9bb",
    "native.next_campaign_id": None,
}


def compact(body: bytes) -> str:
    """The same JSON, keys in their order, without blanks between its parts."""
    return json.dumps(json.loads(body), separators=(",", ":"))


async def test_the_list_is_asked_for_and_read_as_documented() -> None:
    script = with_login(in_turn(http(200, LIST_ANSWER), listing()))
    async with account(script) as there:
        first, last = await there.pages()
        call, following = there.calls
    assert (call.method, call.path) == ("GET", LIST_REQUEST + TOKEN)
    assert call.body == b""
    token = "page_token=2022-04-28%2002%3A16%3A39.712142"
    assert following.path == f"/v1.0/campaigns?{token}&token={TOKEN}"
    (campaign,) = first.campaigns
    assert campaign.values == VALUES
    assert (
        campaign.raw == LIST_ANSWER[LIST_ANSWER.index(b"{", 10) : LIST_ANSWER.rindex(b"]")].strip()
    )
    assert (first.label, first.is_whole, first.bad) == ("page 1", True, ())
    assert (first.dialect, last.dialect) == ("documented", None)
    assert (last.campaigns, last.is_whole) == ((), True)


async def test_one_campaign_is_asked_for_and_read_as_documented() -> None:
    async with account(with_login(always(http(200, GET_ANSWER)))) as there:
        reading = await there.adapter.read([ID])
        (call,) = there.calls
    assert (call.method, call.path, call.body) == ("GET", GET_REQUEST + TOKEN, b"")
    assert "content-type" not in call.headers
    assert (reading.is_whole, reading.gone, reading.dialect) == (True, frozenset(), "documented")
    campaign = reading.campaigns[ID]
    assert campaign.values == VALUES
    assert (campaign.status, campaign.status_seen) == (Status.PAUSED, StatusSeen.PAUSED)
    assert (campaign.status_raw, campaign.kind, campaign.is_gone) == ("stop", "call", False)
    assert campaign.created_at == dt.datetime(2022, 4, 28, 2, 16, 39, 712142, dt.UTC)
    assert campaign.updated_at == dt.datetime(2022, 4, 30, 17, 53, 51, 685259, dt.UTC)
    assert campaign.raw == GET_ANSWER


async def test_a_campaign_is_created_as_documented() -> None:
    changes = {
        path: value
        for path, value in VALUES.items()
        if path not in {"status", "native.next_campaign_id"}
    }
    create = WriteItem(external_id="+1", changes=changes, remote={}, is_create=True)
    async with account(with_login(always(http(200, CREATE_ANSWER)))) as there:
        result = await there.write(create)
        (call,) = there.calls
    assert (call.method, call.path) == ("POST", CREATE_REQUEST + TOKEN)
    assert call.headers["content-type"] == "application/json"
    assert compact(call.body) == compact(CREATE_BODY)
    assert result.verdicts == {"+1": Verdict(outcome=Outcome.APPLIED, created_id=OTHER)}


def test_what_the_answer_to_a_create_leaves_out_is_unknown() -> None:
    campaign = rows.campaign(CREATE_ANSWER)
    left = {"native.actions", "native.next_campaign_id"}
    assert campaign.values.keys() == VALUES.keys() - left
    assert campaign.updated_at is None
    assert not campaign.is_gone


@pytest.mark.parametrize(
    ("wanted", "word", "before"), [("active", "running", "paused"), ("paused", "stop", "active")]
)
async def test_a_start_is_the_put_that_the_document_names(
    wanted: str, word: str, before: str
) -> None:
    answer = GET_ANSWER.replace(b'"status": "stop"', f'"status": "{word}"'.encode())
    one = WriteItem(external_id=ID, changes={"status": wanted}, remote=VALUES | {"status": before})
    async with account(with_login(always(http(200, answer)))) as there:
        result = await there.write(one)
        (call,) = there.calls
    assert (call.method, call.path) == ("PUT", GET_REQUEST + TOKEN)
    assert call.json == {
        "name": "test campaign",
        "detail": "test campaign detail",
        "type": "call",
        "service_level": 100,
        "end_handle": "stop",
        "actions": json.loads(HELLO),
        "outplan_id": "d5fb7357-7ddb-4f2d-87b5-8ccbfd6c039e",
        "outdial_id": "40bea034-1d17-474d-a5de-da00d0861c69",
        "queue_id": "99bf739a-932f-433c-b1bf-103d33d7e9bb",
        "next_campaign_id": "00000000-0000-0000-0000-000000000000",
        "status": word,
    }
    assert result.verdicts[ID].outcome is Outcome.APPLIED


async def test_the_login_is_at_the_root_of_the_host_and_asked_once() -> None:
    async with account(with_login(always(http(200, GET_ANSWER)))) as there:
        await there.adapter.read([ID])
        await there.adapter.read([ID])
        (login,) = there.logins
        assert there.limits.taken() == {"POST auth/login": 1, "GET campaign": 2}
    assert (login.method, login.path) == ("POST", "/auth/login")
    assert login.headers["content-type"] == "application/json"
    assert login.json == LOGIN == {"username": "someone@example.com", "password": PASSWORD}


async def test_the_other_dialect_has_the_same_values_and_its_own_marks() -> None:
    script = with_login(always(http(200, CURRENT)))
    async with account(script, dialect="current") as there:
        reading = await there.adapter.read([ID])
        (call,) = there.calls
    assert call.path == f"/v1.0/campaigns/{ID}"
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert reading.dialect == "current"
    campaign = reading.campaigns[ID]
    assert campaign.values == VALUES | {
        "native.customer_id": "7a1b2c3d-4e5f-6789-abcd-ef0123456789",
        "native.actions": '[{"type": "talk", "option": {"text": "Hi", "language": "en-US"}}]',
    }
    assert campaign.created_at == dt.datetime(2022, 4, 28, 2, 16, 39, 712142, dt.UTC)
    assert not campaign.is_gone


@pytest.mark.parametrize(
    ("answer", "dialect", "seen"),
    [(CURRENT, "documented", "current"), (GET_ANSWER, "current", "documented")],
)
async def test_each_dialect_reads_the_other_and_says_so(
    answer: bytes, dialect: str, seen: str
) -> None:
    body = b'{"result":[' + answer + b'],"next_page_token":"t"}'
    script = with_login(in_turn(http(200, body), listing(), http(200, answer)))
    async with account(script, dialect=dialect) as there:
        first, _ = await there.pages()
        reading = await there.adapter.read([ID])
    assert first.dialect == reading.dialect == seen
    assert first.campaigns[0].values == reading.campaigns[ID].values
