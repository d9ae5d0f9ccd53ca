"""Writes: what leaves and when, and what every answer, or none, says of the campaign in the
call."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from syncd import timing
from syncd.errors import IntentRefused
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, Whole, WriteItem
from syncd.model.update import Outcome, Verdict
from tests.providers.accounts import always, in_turn
from tests.providers.scripted import Arrival, Reply, http
from tests.providers.voipbin.documents import CREATE_ANSWER
from tests.providers.voipbin.stage import (
    DIALECTS,
    ID,
    KEY,
    NIL,
    OTHER,
    PASSWORD,
    TOKEN,
    account,
    error,
    item,
    listing,
    new,
    planned,
    row,
    with_login,
)

EMPTY = {
    "id": NIL,
    "customer_id": NIL,
    "type": "",
    "name": "",
    "detail": "",
    "status": "",
    "service_level": 0,
    "end_handle": "",
    "actions": None,
    "outplan_id": NIL,
    "outdial_id": NIL,
    "queue_id": NIL,
    "next_campaign_id": NIL,
    "tm_create": None,
    "tm_update": None,
    "tm_delete": None,
}
NAME = item({"name": "other"})
START = item({"status": "active"})
STOP = item({"status": "paused"}, status="active")
DELETE = item({"deleted": "true"})
LINKS = item({"native.queue_id": OTHER})
EVERY = {"name": NAME, "start": START, "stop": STOP, "delete": DELETE, "create": new()}
GONE_AT = "2026-02-01T00:00:00Z"


async def result_of(reply: Reply, one: WriteItem, dialect: str = "current") -> CallResult:
    async with account(with_login(always(reply)), dialect=dialect) as there:
        result = await there.write(one)
        assert len(there.calls) == 1, "one arrival, whatever came of it"
        assert len(there.intents) == 1
    assert set(result.verdicts) == {one.external_id}
    return result


def verdict(result: CallResult) -> Verdict:
    (only,) = result.verdicts.values()
    return only


CALLS: dict[str, tuple[WriteItem, str, str]] = {
    "create": (new(), "POST", ""),
    "name": (NAME, "PUT", f"/{ID}"),
    "start": (START, "PUT", f"/{ID}/status"),
    "stop": (STOP, "PUT", f"/{ID}/status"),
    "level": (item({"native.service_level": "5"}), "PUT", f"/{ID}/service_level"),
    "actions": (item({"native.actions": "[]"}), "PUT", f"/{ID}/actions"),
    "links": (LINKS, "PUT", f"/{ID}/resource_info"),
    "next": (item({"native.next_campaign_id": OTHER}), "PUT", f"/{ID}/next_campaign_id"),
    "delete": (DELETE, "DELETE", f"/{ID}"),
}


@pytest.mark.parametrize("what", CALLS)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_each_change_goes_to_its_place(what: str, dialect: str) -> None:
    one, method, place = CALLS[what]
    if dialect == "documented":
        place = place.removesuffix(place.partition(ID)[2])
    async with account(with_login(always(http(500))), dialect=dialect) as there:
        await there.write(one)
        (call,) = there.calls
        assert there.paths == [f"/v1.0/campaigns{place}"]
        operation = planned(one, dialect).operation
        assert there.limits.taken() == {"POST auth/login": 1, operation: 1}
    assert call.method == method
    assert (call.body == b"") == (method == "DELETE")
    assert call.headers.get("content-type") == (None if method == "DELETE" else "application/json")
    if dialect == "documented":
        assert call.path.endswith(f"?token={TOKEN}")
        assert "authorization" not in call.headers
    else:
        assert "?" not in call.path
        assert call.headers["authorization"] == f"Bearer {TOKEN}"


YES: dict[str, tuple[WriteItem, Any]] = {
    "a name": (NAME, row("current", name="other")),
    "a start": (START, row("current", status="run")),
    "a start in the document's word": (START, row(status="running")),
    "a stop": (STOP, row("current", status="stop")),
    "a stop that is under way": (STOP, row("current", status="stopping")),
    "a delete": (DELETE, row("current", tm_delete=GONE_AT)),
    "a delete in the other spelling": (DELETE, row(tm_delete="2026-02-01 00:00:00.000001")),
    "a link": (LINKS, row("current", queue_id=OTHER)),
    "no link": (item({"native.queue_id": None}), row("current", queue_id=NIL)),
    "actions as the server fills them": (
        item({"native.actions": '[{"type": "hangup"}]'}),
        row("current", actions=[{"id": NIL, "next_id": NIL, "type": "hangup", "tm_execute": None}]),
    ),
    "no actions": (item({"native.actions": "[]"}), row("current", actions=None)),
    "an answer that leaves the path out": (LINKS, row("current", queue_id=...)),
    "an answer in the other dialect": (NAME, row(name="other")),
}


@pytest.mark.parametrize("what", YES)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_campaign_with_the_value_is_the_yes(what: str, dialect: str) -> None:
    one, answer = YES[what]
    result = await result_of(http(200, answer), one, dialect)
    assert (result.status, result.whole, result.message) == (200, None, None)
    assert verdict(result) == Verdict(outcome=Outcome.APPLIED)


NO: dict[str, tuple[WriteItem, Any, str]] = {
    "another name": (NAME, row("current"), "name is test campaign"),
    "a start that was ignored": (START, row("current"), "status is paused"),
    "a stop that was ignored": (STOP, row("current", status="run"), "status is active"),
    "a delete that was ignored": (DELETE, row("current"), "deleted is None"),
    "a link that was dropped": (LINKS, row("current", queue_id=NIL), "queue_id is None"),
    "one of two": (
        item({"name": "other", "note": "b"}),
        row("current", name="other"),
        "note is test campaign detail",
    ),
}


@pytest.mark.parametrize("what", NO)
async def test_an_answer_with_another_value_is_a_no(what: str) -> None:
    one, answer, words = NO[what]
    found = verdict(await result_of(http(200, answer), one))
    assert (found.outcome, found.code) == (Outcome.REJECTED, "not_taken")
    assert words in (found.message or "")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_empty_campaign_after_a_delete_is_a_no(dialect: str) -> None:
    found = verdict(await result_of(http(200, EMPTY), DELETE, dialect))
    assert (found.outcome, found.code) == (Outcome.REJECTED, "not_done")
    assert "stopped" in (found.message or "")


CONTRADICTORY: dict[str, tuple[WriteItem, Any, str]] = {
    "another campaign": (NAME, row("current", id=OTHER, name="other"), OTHER),
    "another campaign, deleted": (DELETE, row("current", id=OTHER, tm_delete=GONE_AT), OTHER),
    "a campaign of another name after a create": (new(), row("current", name="x"), "name is x"),
    "a campaign of another type after a create": (
        new(),
        row("current", name="test campaign", type="flow"),
        "type is flow",
    ),
    "an empty campaign": (NAME, EMPTY, "empty"),
    "an empty campaign after a start": (START, EMPTY, "empty"),
    "an empty campaign after a create": (new(), EMPTY, "empty"),
    "a status that nobody knows": (START, row("current", status="paused"), "status"),
    "no status after a start": (START, row("current", status=...), "status"),
    "no status after a stop": (STOP, row("current", status=""), "status"),
}


@pytest.mark.parametrize("what", CONTRADICTORY)
async def test_an_answer_that_contradicts_itself_decides_nothing(what: str) -> None:
    one, answer, words = CONTRADICTORY[what]
    found = verdict(await result_of(http(200, answer), one))
    assert (found.outcome, found.code) == (Outcome.UNKNOWN, "contradictory")
    assert words in (found.message or "")


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_create_is_known_by_the_id_that_it_got(status: int, dialect: str) -> None:
    found = verdict(await result_of(http(status, CREATE_ANSWER), new(), dialect))
    assert found == Verdict(outcome=Outcome.APPLIED, created_id=OTHER)


async def test_a_create_that_shows_other_values_is_made_all_the_same() -> None:
    shown = row("current", name="test campaign", service_level=7, status="run")
    found = verdict(await result_of(http(200, shown), new()))
    assert (found.outcome, found.created_id) == (Outcome.APPLIED, ID)
    assert found.warnings == ("native.service_level is 7",)


UNDECIDED: dict[str, Reply] = {
    "an empty 200": http(200),
    "HTML": http(200, "<html>login</html>"),
    "truncated JSON": http(200, b'{"id":"' + ID.encode()),
    "a list": http(200, [row("current", name="other")]),
    "a listing": listing(row("current", name="other")),
    "an error in a 200": http(200, {"error": {"reason": "CAMPAIGN_NOT_FOUND"}}),
    "no id": http(200, row("current", id=...)),
    "a deletion that cannot be read": http(200, row("current", tm_delete="soon")),
    "a key twice": http(200, '{"id":"a","id":"b"}'),
    "5 MB": http(200, bytes(5_000_000)),
    "202": http(202, row("current", name="other")),
    "204": http(204),
    "301": http(301, b"", {"Location": "/x"}),
    "308": http(308, b"", {"Location": "/x"}),
    "408": http(408),
    "408 in the envelope": error(408, "REQUEST_TIMEOUT"),
    "418": http(418),
    "425": error(425, "TOO_EARLY"),
    "499": http(499),
    "500": error(500, "INTERNAL"),
    "502": http(502, "<html>"),
    "503 after three seconds": error(503, "REQUEST_TIMEOUT"),
    "503 cancelled": error(503, "REQUEST_CANCELED"),
    "503 with a time": http(503, b"", {"Retry-After": "1"}),
    "504": http(504),
    "a reset": Reply(ends="reset"),
    "a dropped connection": Reply(ends="closed"),
    "half an answer": Reply(head=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", ends="closed"),
    "no answer in time": Reply(hangs=True),
    "no HTTP": Reply(head=b"hello\r\n\r\n", ends="closed"),
}


@pytest.mark.parametrize("what", UNDECIDED)
@pytest.mark.parametrize("change", EVERY)
async def test_what_is_no_word_about_the_campaign_leaves_it_unknown(what: str, change: str) -> None:
    result = await result_of(UNDECIDED[what], EVERY[change])
    found = verdict(result)
    assert found.outcome is Outcome.UNKNOWN
    assert result.whole is None
    assert found.code
    assert result.message == found.message
    assert found.message


@pytest.mark.parametrize("reply", [http(201, row("current", name="other")), error(500, "INTERNAL")])
async def test_a_failure_after_part_of_the_links_is_unknown(reply: Reply) -> None:
    assert verdict(await result_of(reply, LINKS)).outcome is Outcome.UNKNOWN


REJECTED: dict[str, tuple[Reply, str]] = {
    "400": (http(400), "http-400"),
    "400 in HTML": (http(400, "<html>"), "http-400"),
    "400 for the values": (error(400, "INVALID_ARGUMENT"), "INVALID_ARGUMENT"),
    "400 for the id": (error(400, "INVALID_ID"), "INVALID_ID"),
    "400 for the JSON": (error(400, "INVALID_JSON_BODY"), "INVALID_JSON_BODY"),
    "400 for a parameter": (error(400, "INVALID_REQUEST_PARAMETER"), "INVALID_REQUEST_PARAMETER"),
    "400 for a lack": (error(400, "MISSING_REQUEST_PARAMETER"), "MISSING_REQUEST_PARAMETER"),
    "409": (http(409), "http-409"),
    "409 for the state": (error(409, "FAILED_PRECONDITION"), "FAILED_PRECONDITION"),
    "422": (http(422), "http-422"),
    "422 in the envelope": (error(422, "NEW_REASON"), "NEW_REASON"),
}
OF_ONE: dict[str, tuple[Reply, str]] = {
    "403 without a word": (http(403), "http-403"),
    "404 without a word": (http(404), "http-404"),
    "403 for one campaign": (error(403, "PERMISSION_DENIED"), "PERMISSION_DENIED"),
    "404": (error(404, "CAMPAIGN_NOT_FOUND"), "CAMPAIGN_NOT_FOUND"),
    "404 for a resource": (error(404, "RESOURCE_NOT_FOUND"), "RESOURCE_NOT_FOUND"),
    "404 for a plan": (error(404, "OUTPLAN_NOT_FOUND"), "OUTPLAN_NOT_FOUND"),
}


@pytest.mark.parametrize("what", REJECTED)
@pytest.mark.parametrize("change", EVERY)
async def test_the_providers_own_no_rejects_the_change(what: str, change: str) -> None:
    reply, code = REJECTED[what]
    result = await result_of(reply, EVERY[change])
    found = verdict(result)
    assert (found.outcome, found.code, result.whole) == (Outcome.REJECTED, code, None)
    assert found.message == result.message


@pytest.mark.parametrize("what", OF_ONE)
async def test_a_no_to_one_campaign_is_no_outage_of_the_account(what: str) -> None:
    reply, code = OF_ONE[what]
    for change in ("name", "start", "stop", "delete"):
        result = await result_of(reply, EVERY[change])
        found = verdict(result)
        assert (found.outcome, found.code, result.whole) == (Outcome.REJECTED, code, None)


async def test_a_rejection_has_the_providers_words_its_trace_and_a_remedy() -> None:
    reply = error(400, "INVALID_ARGUMENT", "The request contains invalid data.")
    result = await result_of(reply, LINKS)
    assert verdict(result) == Verdict(
        outcome=Outcome.REJECTED,
        code="INVALID_ARGUMENT",
        message="HTTP 400: INVALID_ARGUMENT: The request contains invalid data.",
        trace_id="req_1",
    )
    assert "outdial" in result.remedy


WHOLE: dict[str, tuple[Reply, Whole, str]] = {
    "401": (http(401), Whole.UNAUTHORISED, ""),
    "401 in the envelope": (error(401, "INVALID_CREDENTIALS"), Whole.UNAUTHORISED, ""),
    "402": (error(402, "PAYMENT_REQUIRED"), Whole.FORBIDDEN, ""),
    "403 frozen": (error(403, "ACCOUNT_FROZEN"), Whole.FORBIDDEN, "frozen"),
    "403 direct": (error(403, "DIRECT_ACCESS_NOT_SUPPORTED"), Whole.FORBIDDEN, "access key"),
    "404 for the route": (error(404, "ROUTE_NOT_FOUND"), Whole.UNUSABLE, "/v1.0"),
    "405": (http(405), Whole.UNUSABLE, ""),
    "410": (http(410), Whole.UNUSABLE, ""),
    "413": (http(413), Whole.TOO_LARGE, ""),
    "415": (http(415), Whole.UNUSABLE, ""),
    "429": (error(429, "RATE_LIMIT_EXCEEDED"), Whole.THROTTLED, ""),
}


@pytest.mark.parametrize("what", WHOLE)
@pytest.mark.parametrize("change", EVERY)
async def test_a_refusal_of_the_call_or_the_account_judges_nobody(what: str, change: str) -> None:
    reply, whole, words = WHOLE[what]
    result = await result_of(reply, EVERY[change])
    assert verdict(result).outcome is Outcome.NOT_JUDGED
    assert result.whole is whole
    assert result.status == int(what[:3])
    assert words in result.remedy


@pytest.mark.parametrize(
    ("reply", "whole"),
    [
        (http(403), Whole.FORBIDDEN),
        (http(404), Whole.UNUSABLE),
        (error(403, "PERMISSION_DENIED"), Whole.FORBIDDEN),
        (error(404, "CAMPAIGN_NOT_FOUND"), None),
        (error(404, "OUTDIAL_NOT_FOUND"), None),
        (error(404, "ROUTE_NOT_FOUND"), Whole.UNUSABLE),
    ],
)
async def test_a_campaign_that_is_still_to_be_made_belongs_to_nobody_else(
    reply: Reply, whole: Whole | None
) -> None:
    assert (await result_of(reply, new())).whole is whole


@pytest.mark.parametrize(("headers", "least", "most"), [({"Retry-After": "0"}, 0, 1), ({}, 5, 10)])
async def test_a_throttled_write_freezes_the_account_and_is_not_repeated(
    headers: dict[str, str], least: float, most: float
) -> None:
    async with account(with_login(always(http(429, b"", headers)))) as there:
        assert (await there.write(START)).whole is Whole.THROTTLED
        assert least <= there.limits.frozen_for() <= most
        assert len(there.calls) == 1


async def test_nothing_leaves_while_the_account_is_frozen() -> None:
    async with account(with_login(always(http(429)))) as there:
        await there.write(START)
        result = await there.write(START)
        assert (result.whole, result.status) == (Whole.THROTTLED, None)
        assert (len(there.calls), len(there.intents)) == (1, 1)


async def test_the_intent_holds_the_hash_of_the_bytes_and_comes_before_them() -> None:
    for one in (START, DELETE, new()):
        async with account(with_login(always(http(500)))) as there:
            arrived: list[int] = []

            async def intend(
                outgoing: Outgoing, there: Any = there, arrived: Any = arrived
            ) -> None:
                there.intents.append(outgoing.sha256)
                arrived.append(len(there.calls))

            await there.adapter.write(planned(one, "documented"), intend)
            (call,) = there.calls
            assert arrived == [0]
            assert there.intents == [hashlib.sha256(call.body).digest()]


async def test_a_refused_intent_comes_out_and_nothing_leaves() -> None:
    async def refuse(outgoing: Outgoing) -> None:
        raise IntentRefused("paused")

    async with account(with_login(always(http(200)))) as there:
        with pytest.raises(IntentRefused):
            await there.adapter.write(planned(START, "documented"), refuse)
        assert there.calls == []


async def test_an_intent_that_outlasts_the_permit_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with account(with_login(always(http(200)))) as there:

        async def slow(outgoing: Outgoing) -> None:
            later = timing.boottime() + 6
            monkeypatch.setattr(timing, "boottime", lambda: later)

        result = await there.adapter.write(planned(START, "documented"), slow)
        assert there.calls == []
    assert result.whole is Whole.NOT_SENT


async def test_a_provider_that_cannot_be_reached_was_sent_nothing() -> None:
    async with account(with_login(always(http(500)))) as there:
        await there.write(START)
        there.server.close()
        result = await there.write(START)
    assert (result.whole, result.status) == (Whole.NOT_SENT, None)


async def test_a_401_drops_the_token_and_repeats_nothing() -> None:
    tokens = iter(("old", "new"))

    def script(arrival: Arrival) -> Reply:
        if arrival.path == "/auth/login":
            return http(200, {"token": next(tokens)})
        return http(200, row(name="other")) if arrival.path.endswith("=new") else http(401)

    async with account(script) as there:
        assert (await there.write(NAME)).whole is Whole.UNAUTHORISED
        assert len(there.calls) == 1
        assert verdict(await there.write(NAME)).outcome is Outcome.APPLIED


@pytest.mark.parametrize(
    ("reply", "whole"),
    [
        (http(400), Whole.UNAUTHORISED),
        (http(500), Whole.NOT_SENT),
        (http(404), Whole.NOT_SENT),
        (Reply(ends="closed"), Whole.NOT_SENT),
        (http(429, b"", {"Retry-After": "99"}), Whole.THROTTLED),
    ],
)
async def test_without_a_login_nothing_is_intended_or_sent(reply: Reply, whole: Whole) -> None:
    async with account(with_login(always(http(200)), login=always(reply))) as there:
        result = await there.write(START)
        assert (there.calls, there.intents) == ([], [])
    assert result.whole is whole
    assert verdict(result).outcome is Outcome.NOT_JUDGED


@pytest.mark.parametrize("credentials", [None, {"access_key": KEY}])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_secrets_stay_out_of_results_and_events(
    credentials: dict[str, str] | None, dialect: str
) -> None:
    words = f"you sent {TOKEN} {PASSWORD} {KEY}; ?token={TOKEN}&accesskey={KEY}"
    script = in_turn(
        error(400, words, words, request_id=words),
        error(500, words),
        error(403, words),
        http(400, b"", {"X-Request-Id": TOKEN + KEY}),
        http(200, row(id=words)),
        http(200, row(name=words)),
        http(200, row(status=words)),
        Reply(ends="closed"),
        Reply(head=b"no HTTP\r\n\r\n", ends="closed"),
    )
    own = {TOKEN, PASSWORD} if credentials is None else {KEY}
    async with account(with_login(script), dialect=dialect, credentials=credentials) as there:
        shown = [repr(await there.write(one)) for one in (NAME,) * 6 + (START, NAME, NAME)]
        text = "\n".join([*shown, repr(there.events)])
        assert len(there.calls) == 9
    assert "[redacted]" in text
    for canary in own:
        assert canary not in text
        assert repr(canary)[1:-1] not in text


async def test_foreign_words_are_capped_and_made_visible() -> None:
    result = await result_of(error(400, "c" * 9000, "d\n\x1b" * 9000, request_id="t" * 9000), NAME)
    found = verdict(result)
    for words in (found.message, found.code, found.trace_id):
        assert words
        assert len(words) <= 2000
        assert "\n" not in words
        assert "\x1b" not in words
    found = verdict(await result_of(http(200, row(name="n" * 9000)), NAME))
    assert found.code == "not_taken"
    assert len(found.message or "") <= 2000
