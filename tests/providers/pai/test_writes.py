"""Creates, updates and deletes: which can be planned, the bytes that leave and when, and what every
answer, or none, says of the one campaign in the call."""

from __future__ import annotations

from typing import Any

import pytest

from syncd import timing
from syncd.errors import IntentRefused
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, Whole, WriteItem
from syncd.model.update import Outcome, Verdict
from syncd.providers.pai import writes
from tests.providers.accounts import always
from tests.providers.pai.setting import (
    DELETES,
    DIALECTS,
    ID,
    ROOTS,
    TRACE,
    WRITES,
    account,
    create,
    delete,
    envelope,
    gateway,
    outcome,
    refused,
    row,
    update,
)
from tests.providers.scripted import Arrival, Reply, http


async def result_of(reply: Reply, item: WriteItem, dialect: str = "documented") -> CallResult:
    async with account(always(reply), dialect=dialect) as there:
        result = await there.write(item)
        assert len(there.calls) == 1, "one arrival, whatever came of it"
        assert len(there.intents) == 1
    assert set(result.verdicts) == {item.external_id}
    return result


def verdict(result: CallResult) -> Verdict:
    (found,) = result.verdicts.values()
    return found


# What the error table says of a write, by code.
REJECTED, UNKNOWN, NOT_JUDGED = Outcome.REJECTED, Outcome.UNKNOWN, Outcome.NOT_JUDGED
TABLE: dict[int, tuple[Outcome, Whole | None, str]] = {
    400: (REJECTED, None, "validate all required parameters"),
    401: (NOT_JUDGED, Whole.UNAUTHORISED, "credentials"),
    403: (NOT_JUDGED, Whole.FORBIDDEN, "permissions for campaign management"),
    404: (REJECTED, None, "confirm that the campaign exists"),
    429: (NOT_JUDGED, Whole.THROTTLED, "the next pass goes on"),
    500: (UNKNOWN, None, ""),
    503: (UNKNOWN, None, ""),
}
OTHERS: dict[int, tuple[Outcome, Whole | None, str]] = {
    405: (NOT_JUDGED, Whole.UNUSABLE, "base_url"),
    408: (UNKNOWN, None, ""),
    409: (REJECTED, None, ""),
    410: (NOT_JUDGED, Whole.UNUSABLE, "base_url"),
    413: (REJECTED, None, ""),
    415: (NOT_JUDGED, Whole.UNUSABLE, "base_url"),
    422: (REJECTED, None, ""),
    502: (UNKNOWN, None, ""),
    504: (UNKNOWN, None, ""),
}
INSIDE: dict[int, tuple[Outcome, Whole | None, str]] = {
    1: (REJECTED, None, ""),
    -1: (REJECTED, None, ""),
    10001: (REJECTED, None, ""),
}
BARE_404 = (NOT_JUDGED, Whole.UNUSABLE, "base_url")
CASES = [
    *((http(code, envelope(code=code)), *told) for code, told in (TABLE | OTHERS).items()),
    *((gateway(code, "Name"), *told) for code, told in (TABLE | OTHERS | {404: BARE_404}).items()),
    *((http(code), *told) for code, told in (TABLE | OTHERS | {404: BARE_404}).items()),
    *((refused(code), *told) for code, told in (TABLE | OTHERS | INSIDE).items()),
    *((refused(str(code)), *told) for code, told in (TABLE | INSIDE).items()),
    (gateway(404, "CampaignNotFound"), *TABLE[404]),
    (gateway(404, "InvalidApi.NotFound"), *BARE_404),
    (gateway(400, "InvalidVersion"), *BARE_404),
    (gateway(400, "InvalidParameter"), *TABLE[400]),
    (gateway(404, "InvalidAccessKeyId.NotFound"), NOT_JUDGED, Whole.UNAUTHORISED, "clock"),
    (gateway(400, "SignatureDoesNotMatch"), NOT_JUDGED, Whole.UNAUTHORISED, "clock"),
    (gateway(400, "InvalidTimeStamp.Expired"), NOT_JUDGED, Whole.UNAUTHORISED, "clock"),
    (gateway(400, "Forbidden.RAM"), *TABLE[403]),
    (gateway(400, "Throttling"), *TABLE[429]),
    (gateway(400, "Throttling.User"), *TABLE[429]),
    (gateway(503, "Throttling.Api"), *TABLE[429]),
    (gateway(200, "Throttling.User"), *TABLE[429]),
    (http(400, "<Error><Code>Throttling</Code></Error>"), *TABLE[429]),
    (gateway(400, "SignatureNonceUsed"), UNKNOWN, None, ""),
]


@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize(("reply", "expected", "whole", "remedy"), CASES)
async def test_the_error_table_holds_for_every_write(
    reply: Reply, expected: Outcome, whole: Whole | None, remedy: str, kind: str
) -> None:
    result = await result_of(reply, WRITES[kind])
    assert (outcome(result), result.whole) == (expected, whole)
    assert remedy in result.remedy
    assert result.status == int(reply.head[9:12])
    assert result.message
    assert verdict(result).code


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_rejection_has_the_provider_s_code_words_and_trace(dialect: str) -> None:
    result = await result_of(refused(400, "Name is too long."), update({"name": "x"}), dialect)
    assert verdict(result) == Verdict(
        outcome=Outcome.REJECTED,
        code="errorcode-400",
        message="ErrorCode 400: Name is too long.",
        trace_id=TRACE,
    )
    result = await result_of(gateway(400, "NameTooLong", "too long"), create(), dialect)
    assert verdict(result) == Verdict(
        outcome=Outcome.REJECTED,
        code="NameTooLong",
        message="HTTP 400: NameTooLong: too long",
        trace_id=TRACE,
    )


UNDECIDED: dict[str, Reply] = {
    "an empty 200": http(200),
    "204": http(204),
    "HTML": http(200, "<html>login</html>"),
    "truncated JSON": http(200, '{"Data":{"Id":"' + ID),
    "a list": http(200, [envelope(row())]),
    "no ErrorCode": http(200, {"Data": row()}),
    "an ErrorCode that is null": http(200, envelope(row(), code=None)),
    "an ErrorCode that is a fraction": http(200, envelope(row(), code=0.0)),
    "an ErrorCode that is a word": http(200, envelope(row(), code="OK")),
    "an ErrorCode twice": http(200, '{"ErrorCode":0,"ErrorCode":400}'),
    "a no with an ErrorCode of 0": http(400, envelope(row())),
    "not found with an ErrorCode of 0": http(404, envelope(row())),
    "a failure with an ErrorCode of 0": http(500, envelope(row())),
    "a gateway's form inside 200": gateway(200, "Odd"),
    "too much": http(200, bytes(5_000_000)),
    "301": http(301, b"", {"Location": "/x"}),
    "307": http(307, b"", {"Location": "/x"}),
    "308": http(308, b"", {"Location": "/x"}),
    "a reset": Reply(ends="reset"),
    "a dropped connection": Reply(ends="closed"),
    "half an answer": Reply(head=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", ends="closed"),
    "no answer in time": Reply(hangs=True),
    "no HTTP": Reply(head=b"hello\r\n\r\n", ends="closed"),
}


@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("what", UNDECIDED)
async def test_what_is_no_word_about_the_campaign_leaves_it_unknown(what: str, kind: str) -> None:
    result = await result_of(UNDECIDED[what], WRITES[kind])
    assert (outcome(result), result.whole) == (Outcome.UNKNOWN, None)
    assert result.message
    assert verdict(result).code


WITHOUT: dict[str, Any] = {
    "no Data": envelope(),
    "Data that is null": envelope(None),
    "Data that is a text": envelope(ID),
    "Data that is true": envelope(data=True),
    "Data that is a list": envelope([row()]),
    "Data without an Id": envelope({"Name": "VIP客户", "Remark": "双十一活动"}),
    "an Id that is null": envelope(row() | {"Id": None}),
    "an Id that is empty": envelope(row("")),
    "an Id that is an object": envelope(row() | {"Id": {}}),
}


@pytest.mark.parametrize("kind", ["create", "update"])
@pytest.mark.parametrize("what", WITHOUT)
async def test_a_yes_that_names_no_campaign_is_none(what: str, kind: str) -> None:
    result = await result_of(http(200, WITHOUT[what]), WRITES[kind])
    assert verdict(result) == Verdict(
        outcome=Outcome.UNKNOWN,
        code="not_mentioned",
        message="the answer says yes and names no campaign",
        trace_id=TRACE,
    )


@pytest.mark.parametrize("kind", ["create", "update"])
async def test_a_yes_whose_campaign_has_two_readings_is_none(kind: str) -> None:
    body = f'{{"ErrorCode":0,"Data":{{"Id":"{ID}","Name":"a","Name":"b"}}}}'
    result = await result_of(http(200, body), WRITES[kind])
    assert (outcome(result), verdict(result).code) == (Outcome.UNKNOWN, "bad-answer")


async def test_a_yes_about_another_campaign_contradicts_itself() -> None:
    result = await result_of(http(200, envelope(row("another"))), WRITES["update"])
    assert (outcome(result), verdict(result).code) == (Outcome.UNKNOWN, "contradictory")
    assert "another" in (result.message or "")


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_an_error_code_of_0_is_the_yes(status: int) -> None:
    for item in WRITES.values():
        result = await result_of(http(status, envelope(row())), item)
        assert outcome(result) == Outcome.APPLIED
        assert result.status == status


TAKEN: list[tuple[dict[str, str], dict[str, Any], str | None]] = [
    ({"name": "new"}, row(name="new", remark="whatever"), None),
    ({"name": "new"}, row(name="newer"), "name: the answer shows 'newer' instead"),
    ({"name": "new "}, row(name="new"), "name: the answer shows 'new' instead"),
    ({"name": "new"}, row() | {"Name": None}, "name: the answer shows '' instead"),
    ({"name": "5"}, row() | {"Name": 5}, "name: the answer shows '5' instead"),
    ({"name": "new"}, {"Id": ID}, None),
    ({"note": ""}, row(remark=""), None),
    ({"note": ""}, row() | {"Remark": None}, None),
    ({"note": ""}, {"Id": ID}, None),
    ({"note": ""}, row(remark="old"), "note: the answer shows 'old' instead"),
    ({"note": ""}, row() | {"Remark": False}, "note: the answer shows 'False' instead"),
    ({"note": "x"}, row(remark=""), "note: the answer shows '' instead"),
]


@pytest.mark.parametrize(("changes", "data", "words"), TAKEN)
async def test_a_value_that_was_not_taken_is_rejected(
    changes: dict[str, str], data: dict[str, Any], words: str | None
) -> None:
    result = await result_of(http(200, envelope(data)), update(changes))
    if words is None:
        assert verdict(result) == Verdict(outcome=Outcome.APPLIED, trace_id=TRACE)
    else:
        assert verdict(result) == Verdict(
            outcome=Outcome.REJECTED, code="not_taken", message=words, trace_id=TRACE
        )


async def test_what_was_created_with_another_value_is_there_all_the_same() -> None:
    result = await result_of(
        http(200, envelope(row("new", "VIP客户", "x"))), create("VIP客户", "y")
    )
    assert verdict(result) == Verdict(
        outcome=Outcome.APPLIED,
        created_id="new",
        trace_id=TRACE,
        warnings=("note: the answer shows 'x' instead",),
    )


async def test_a_yes_to_a_create_that_shows_another_name_is_about_another_campaign() -> None:
    asked = create("VIP客户", "x")
    result = await result_of(http(200, envelope(row("other", "New", "x"))), asked)
    assert verdict(result) == Verdict(
        outcome=Outcome.UNKNOWN,
        code="contradictory",
        message="the answer says yes and speaks of campaign other: its name is 'New'",
        trace_id=TRACE,
    )
    for cut in ("VIP", "vip客"):
        made = verdict(await result_of(http(200, envelope(row("mine", cut, "x"))), asked))
        assert (made.outcome, made.created_id) == (Outcome.APPLIED, "mine")
        assert made.warnings == (f"name: the answer shows {cut!r} instead",)


async def test_a_create_with_the_name_of_another_campaign_is_a_new_one() -> None:
    result = await result_of(http(200, envelope(row("second"))), create())
    assert verdict(result).created_id == "second"
    assert verdict(result).warnings == ()


BODIES: list[tuple[WriteItem, str]] = [
    (create("a", "b"), '{"Name":"a","Remark":"b"}'),
    (create("a", None), '{"Name":"a"}'),
    (create("a", ""), '{"Name":"a","Remark":""}'),
    (update({"name": "new"}), '{"Name":"new","Remark":"双十一活动"}'),
    (update({"note": "new"}), '{"Name":"VIP客户","Remark":"new"}'),
    (update({"note": "n", "name": "m"}), '{"Name":"m","Remark":"n"}'),
    (update({"note": ""}), '{"Name":"VIP客户","Remark":""}'),
    (update({"name": "new"}, note=""), '{"Name":"new"}'),
    (update({"note": "new"}, name=""), '{"Remark":"new"}'),
    (update({"name": "new"}, note=None), '{"Name":"new"}'),
    (update({"name": "\"\\/\n\t\u2028😀'<"}, note=""), '{"Name":"\\"\\\\/\\n\\t\u2028😀\'<"}'),
    (delete(), ""),
]


@pytest.mark.parametrize(("item", "body"), BODIES)
async def test_the_bytes_that_leave(item: WriteItem, body: str) -> None:
    async with account(always(http(200, envelope(row())))) as there:
        await there.write(item)
        (call,) = there.calls
    assert call.body == body.encode()


async def test_an_id_is_one_piece_of_the_address() -> None:
    odd = "a/b c?d#e%2F~客"
    encoded = "a%2Fb%20c%3Fd%23e%252F~%E5%AE%A2"
    for dialect in DIALECTS:
        async with account(always(refused(404)), dialect=dialect) as there:
            await there.write(update({"name": "x"}, odd))
            await there.write(delete(odd))
            paths = [call.path for call in there.calls]
        assert paths == [f"{ROOTS[dialect]}/{encoded}", f"{DELETES[dialect]}/{encoded}"]


REFUSED: list[tuple[WriteItem, str, str]] = [
    (update({"status": "paused"}), "not_changeable", "status"),
    (update({"budget.daily": "5"}), "not_changeable", "budget.daily"),
    (update({"native.name_cleaned": "true"}), "not_changeable", "native.name_cleaned"),
    (update({"name": "x", "native.other": "y"}), "not_changeable", "native.other"),
    (update({"name": ""}), "bad_value", "needs a name"),
    (update({"name": " \t"}), "bad_value", "needs a name"),
    (update({"name": None}), "bad_value", "name cannot be null"),
    (update({"note": None}), "bad_value", "note cannot be null"),
    (update({"deleted": "true", "name": "x"}), "not_alone", "stands alone"),
    (update({"name": "x"}, ".."), "bad_id", ".."),
    (delete("."), "bad_id", "."),
    (delete(""), "bad_id", "id"),
    (create(""), "bad_value", "needs a name"),
    (
        WriteItem(external_id="+1", changes={"note": "x"}, remote={}, is_create=True),
        "bad_value",
        "needs a name",
    ),
    (
        WriteItem(external_id="+1", changes={"deleted": "true"}, remote={}, is_create=True),
        "bad_value",
        "needs a name",
    ),
    (
        WriteItem(
            external_id="+1", changes={"name": "x", "deleted": "true"}, remote={}, is_create=True
        ),
        "not_changeable",
        "deleted",
    ),
    (
        update({"note": "x"}, **{"native.name_cleaned": "true"}),
        "unwritable",
        "set name too",
    ),
    (
        update({"name": "x"}, **{"native.note_cleaned": "true"}),
        "unwritable",
        "set note too",
    ),
]


@pytest.mark.parametrize(("item", "code", "words"), REFUSED)
def test_what_can_never_be_written_is_refused_with_the_reason(
    item: WriteItem, code: str, words: str
) -> None:
    good = update({"name": "x"}, "good")
    plan = writes.plan([item, good])
    assert [call.items for call in plan.calls] == [(good,)]
    found = plan.refused[item.external_id]
    assert (found.outcome, found.code) == (Outcome.REJECTED, code)
    assert words in (found.message or "")


def test_a_text_that_was_cleaned_may_be_replaced_or_deleted() -> None:
    cleaned = {"native.name_cleaned": "true"}
    for item in (
        update({"name": "x"}, **cleaned),
        update({"name": "x", "note": "y"}, **cleaned),
        WriteItem(external_id=ID, changes={"deleted": "true"}, remote=cleaned),
    ):
        assert writes.plan([item]).refused == {}


async def test_each_campaign_has_a_call_of_its_own_in_the_order_given() -> None:
    items = [update({"name": "x"}, "b"), create(), delete("a"), update({"note": "y"}, "c")]
    async with account(always(http(200))) as there:
        plan = there.adapter.plan(items)
        assert plan == there.adapter.plan(items)
        assert there.adapter.plan([]).calls == ()
    assert [(call.operation, call.items) for call in plan.calls] == [
        ("PUT campaign", (items[0],)),
        ("POST campaigns", (items[1],)),
        ("DELETE campaign", (items[2],)),
        ("PUT campaign", (items[3],)),
    ]
    assert plan.refused == {}


def test_a_campaign_that_stands_in_a_plan_twice_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="twice"):
        writes.plan([update({"name": "x"}), delete()])


@pytest.mark.parametrize("kind", WRITES)
async def test_a_throttled_write_freezes_the_account(kind: str) -> None:
    for reply in (
        http(429, b"", {"Retry-After": "60"}),
        gateway(400, "Throttling.User", Retry_After="60"),
        http(200, envelope(code=429), {"Retry-After": "60"}),
        http(200, envelope(code=503), {"Retry-After": "60"}),
    ):
        async with account(always(reply)) as there:
            await there.write(WRITES[kind])
            assert 30 < there.limits.frozen_for() <= 60
            result = await there.write(WRITES[kind])
            assert (result.whole, result.status) == (Whole.THROTTLED, None)
            assert len(there.calls) == len(there.intents) == 1, "nothing leaves while it lasts"


@pytest.mark.parametrize("kind", WRITES)
async def test_the_intent_comes_before_the_bytes_and_may_stop_them(kind: str) -> None:
    async with account(always(http(200, envelope(row())))) as there:
        arrived: list[int] = []

        async def intend(outgoing: Outgoing) -> None:
            arrived.append(len(there.calls))

        async def refuse(outgoing: Outgoing) -> None:
            raise IntentRefused("paused")

        (call,) = there.adapter.plan([WRITES[kind]]).calls
        await there.adapter.write(call, intend)
        assert arrived == [0]
        with pytest.raises(IntentRefused):
            await there.adapter.write(call, refuse)
        assert len(there.calls) == 1


async def test_an_intent_that_outlasts_the_permit_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with account(always(http(200))) as there:

        async def slow(outgoing: Outgoing) -> None:
            later = timing.boottime() + 6
            monkeypatch.setattr(timing, "boottime", lambda: later)

        (call,) = there.adapter.plan([WRITES["delete"]]).calls
        result = await there.adapter.write(call, slow)
        assert there.calls == []
    assert result.whole is Whole.NOT_SENT


@pytest.mark.parametrize("kind", WRITES)
async def test_a_provider_that_cannot_be_reached_was_sent_nothing(kind: str) -> None:
    async with account(always(http(200))) as there:
        there.server.close()
        result = await there.write(WRITES[kind])
        assert there.calls == []
    assert (outcome(result), result.whole) == (Outcome.NOT_JUDGED, Whole.NOT_SENT)


@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("ends", ["closed", "reset"])
async def test_a_connection_dropped_in_every_way_brings_one_arrival(
    ends: str, dialect: str, kind: str
) -> None:
    """The client library repeats PUT and DELETE by itself; this shows that it may not."""
    heads = [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
    for count, head in enumerate(heads, start=1):
        script = always(Reply(head=head, ends=ends))
        async with account(script, dialect=dialect) as there:
            for _ in range(count):
                result = await there.write(WRITES[kind])
                assert outcome(result) == Outcome.UNKNOWN
            assert len(there.calls) == count
            assert there.server.connections == count


@pytest.mark.parametrize("kind", WRITES)
async def test_a_write_has_a_connection_of_its_own(kind: str) -> None:
    def script(arrival: Arrival) -> Reply:
        return http(200, envelope(row()))

    async with account(script) as there:
        await there.adapter.read([ID])
        await there.write(WRITES[kind])
        await there.write(WRITES[kind])
        assert [call.connection for call in there.calls] == [1, 2, 3]


async def test_secrets_stay_out_of_results_and_events() -> None:
    words = "you are canary-api-key/with+signs, Bearer canary-other, canary-api-key%2Fwith%2Bsigns"
    trace = envelope(code=500, message=words) | {"RequestId": "canary-api-key/with+signs"}
    for item in WRITES.values():
        for reply in (
            refused(400, words),
            http(500, trace),
            gateway(403, "canary-api-key/with+signs", words),
            http(200, envelope(row(name=words, remark=words))),
            http(200, envelope(row(words[:90]))),
        ):
            async with account(always(reply)) as there:
                shown = repr([await there.write(item), there.events])
            if item.is_create and "created_id='you are canary" in shown:
                continue  # an id is kept as it is
            assert "canary" not in shown


async def test_foreign_words_are_capped_and_made_visible() -> None:
    for reply in (
        refused(400, "d\n\x1b" * 9000),
        gateway(400, "c\n" * 9000, "d\x1b" * 9000),
        http(200, envelope(row(name="n\x1b\u202e" * 9000))),
    ):
        found = verdict(await result_of(reply, update({"name": "x"})))
        for text in (found.code, found.message):
            assert len(text or "") <= 2000
            assert "\n" not in (text or "")
            assert "\x1b" not in (text or "")
            assert "\u202e" not in (text or "")
