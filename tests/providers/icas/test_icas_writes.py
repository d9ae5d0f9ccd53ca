"""POST and PUT calls: what leaves and when, and what every answer, or none, says of the
campaign."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from syncd import timing
from syncd.errors import IntentRefused
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, Whole, WriteItem
from syncd.model.update import Outcome, Verdict
from tests.providers.accounts import always, in_turn
from tests.providers.icas.sellers import (
    API,
    BUDGETS_TYPE,
    CAMPAIGN_TYPE,
    EXAMPLE,
    REMOTE,
    SECRET,
    create,
    item,
    problem,
    seller,
    tokens,
    with_tokens,
)
from tests.providers.scripted import Reply, http

STATUS = item(status="paused")
BUDGETS = item(budget_daily="20")
TITLE = item(name="new")
NEW = create(native_vendorId="v-1", name="new", status="paused", budget_daily="10")
KINDS = {"status": STATUS, "budgets": BUDGETS, "title": TITLE, "create": NEW}

SHOWN: dict[str, Any] = json.loads(EXAMPLE)
SPENT = {
    "daily": {"limitMicros": "20000000", "spentMicros": "9520000"},
    "total": {"limitMicros": "UNLIMITED", "spentMicros": "124520000"},
}
MADE = {
    "id": 4294979205,
    "dateCreated": "2026-01-01T00:00:00Z",
    "status": "PAUSED",
    "vendorId": "v-1",
    "title": "new",
    "budgets": {"daily": {"limitMicros": "10000000"}, "total": {"limitMicros": "UNLIMITED"}},
}


async def result_of(reply: Reply, one: WriteItem) -> CallResult:
    async with seller(with_tokens(always(reply))) as there:
        result = await there.send(one)
        assert len(there.calls) == 1, "one arrival, whatever came of it"
        assert len(there.intents) == 1
    assert set(result.verdicts) == {one.external_id}
    return result


def verdict_of(result: CallResult) -> Verdict:
    (verdict,) = result.verdicts.values()
    return verdict


def outcome(result: CallResult) -> str:
    return verdict_of(result).outcome.value


LEAVES: dict[str, tuple[WriteItem, str, str, str, str | None]] = {
    "status": (STATUS, "PUT", "/campaign/123/status/PAUSED", CAMPAIGN_TYPE, None),
    "activation": (
        item({**REMOTE, "status": "paused"}, status="active"),
        "PUT",
        "/campaign/123/status/ACTIVE",
        CAMPAIGN_TYPE,
        None,
    ),
    "budgets": (BUDGETS, "PUT", "/campaign/123/budgets", BUDGETS_TYPE, BUDGETS_TYPE),
    "title": (
        TITLE,
        "PUT",
        "/campaign/123",
        CAMPAIGN_TYPE,
        f"{CAMPAIGN_TYPE}; charset=utf-8",
    ),
    "create": (NEW, "POST", "/campaign", CAMPAIGN_TYPE, f"{CAMPAIGN_TYPE}; charset=utf-8"),
}


@pytest.mark.parametrize("what", LEAVES)
async def test_each_call_leaves_as_the_documents_have_it(what: str) -> None:
    one, method, path, accept, content = LEAVES[what]
    async with seller(with_tokens(always(http(500)))) as there:
        (call,) = there.adapter.plan([one]).calls
        await there.write(call)
        (arrival,) = there.calls
        assert (arrival.method, arrival.path) == (method, API + path)
        assert arrival.headers["accept"] == f"{accept}, application/json"
        assert arrival.headers.get("content-type") == content
        assert arrival.headers["authorization"] == "Bearer canary-access-1"
        assert there.intents == [hashlib.sha256(arrival.body).digest()]
        assert there.limits.taken() == {"token": 1, call.operation: 1}


YES: dict[str, tuple[WriteItem, Reply]] = {
    "an empty 200 to a status": (STATUS, http(200)),
    "an empty object to a status": (STATUS, http(200, "{}")),
    "the status itself": (STATUS, http(200, {"status": "PAUSED"})),
    "an activation that is limited at once": (
        item({**REMOTE, "status": "paused"}, status="active"),
        http(200, {"status": "DAILY_BUDGET_REACHED"}),
    ),
    "the documents' budgets": (BUDGETS, http(200, SPENT)),
    "budgets without what is spent": (
        BUDGETS,
        http(200, {"daily": {"limitMicros": "20000000"}, "total": {"limitMicros": "UNLIMITED"}}),
    ),
    "a value with trailing zeros": (item(budget_daily="20.00"), http(200, SPENT)),
    "a campaign": (TITLE, http(200, SHOWN | {"title": "new"})),
    "a campaign without the title that was cleared": (
        item(name=""),
        http(200, {key: value for key, value in SHOWN.items() if key != "title"}),
    ),
    "a campaign that is limited": (
        TITLE,
        http(200, SHOWN | {"title": "new", "status": "BUDGET_REACHED"}),
    ),
    "a vendorId set once": (
        item({**REMOTE, "native.vendorId": None}, **{"native.vendorId": "v-1"}),
        http(200, SHOWN | {"vendorId": "v-1"}),
    ),
    "201": (NEW, http(201, MADE, {"Location": "/campaign/4294979205"})),
    "200 to a create": (NEW, http(200, MADE)),
}


@pytest.mark.parametrize("what", YES)
async def test_the_providers_own_yes_in_its_own_form_applies(what: str) -> None:
    one, reply = YES[what]
    result = await result_of(reply, one)
    assert outcome(result) == "applied"
    assert verdict_of(result).warnings == ()
    assert verdict_of(result).created_id == ("4294979205" if one.is_create else None)
    assert result.whole is None


async def test_a_campaign_that_reached_its_budget_is_sent_as_the_active_one_that_it_is() -> None:
    limited = SHOWN | {"status": "DAILY_BUDGET_REACHED"}
    replies = in_turn(http(200, limited), http(200, limited | {"title": "new"}))
    async with seller(with_tokens(replies)) as there:
        remote = (await there.adapter.read(["123"])).campaigns["123"].values
        result = await there.send(item(remote, name="new"))
        assert there.calls[1].json["status"] == "ACTIVE"
    assert outcome(result) == "applied"
    assert verdict_of(result).warnings == ()


NOT_TAKEN: dict[str, tuple[WriteItem, object, str]] = {
    "another status": (STATUS, {"status": "ACTIVE"}, "status: active was stored"),
    "a status that nobody knows": (STATUS, {"status": "DELETED"}, "status: none was stored"),
    "the old budget": (
        BUDGETS,
        SPENT | {"daily": {"limitMicros": "10000000"}},
        "budget.daily: 10 was stored instead of 20",
    ),
    "a rounded budget": (
        item(budget_lifetime="90.50"),
        {"daily": {"limitMicros": "10000000"}, "total": {"limitMicros": "90000000"}},
        "budget.lifetime: 90 was stored instead of 90.50",
    ),
    "no limit": (
        BUDGETS,
        SPENT | {"daily": {"limitMicros": "UNLIMITED"}},
        "budget.daily: unlimited",
    ),
    "another title": (TITLE, SHOWN, "name: christmas stuff was stored instead of new"),
    "no vendorId": (
        item({**REMOTE, "native.vendorId": None}, **{"native.vendorId": "v-1"}),
        {key: value for key, value in SHOWN.items() if key != "vendorId"},
        "native.vendorId: None was stored",
    ),
}


@pytest.mark.parametrize("what", NOT_TAKEN)
async def test_a_yes_that_shows_another_value_is_a_no(what: str) -> None:
    one, body, words = NOT_TAKEN[what]
    verdict = verdict_of(await result_of(http(200, body), one))
    assert (verdict.outcome, verdict.code) == (Outcome.REJECTED, "not_taken")
    assert words in (verdict.message or "")


@pytest.mark.parametrize(
    ("one", "body", "words"),
    [
        (BUDGETS, SPENT | {"total": {"limitMicros": "5000000"}}, "budget.lifetime: 5 was stored"),
        (TITLE, SHOWN | {"title": "new", "status": "PAUSED"}, "status: paused was stored"),
        (
            TITLE,
            SHOWN | {"title": "new", "budgets": {"daily": {"limitMicros": "1"}}},
            "budget.daily: 0.000001 was stored",
        ),
        (NEW, MADE | {"title": "other"}, "name: other was stored instead of new"),
        (NEW, {key: value for key, value in MADE.items() if key != "vendorId"}, "vendorId: None"),
        (NEW, MADE | {"status": "ACTIVE"}, "status: active was stored instead of paused"),
    ],
)
async def test_what_else_is_otherwise_than_it_was_sent_is_a_warning(
    one: WriteItem, body: object, words: str
) -> None:
    verdict = verdict_of(await result_of(http(200, body), one))
    assert verdict.outcome is Outcome.APPLIED
    assert words in " ".join(verdict.warnings)
    assert verdict.created_id == ("4294979205" if one.is_create else None)


@pytest.mark.parametrize(
    ("one", "body", "words"),
    [
        (TITLE, SHOWN | {"title": "new", "id": 124}, "campaign 124"),
        (NEW, MADE | {"vendorId": "V-1"}, "vendorId V-1"),
    ],
)
async def test_a_yes_that_speaks_of_another_campaign_decides_nothing(
    one: WriteItem, body: object, words: str
) -> None:
    verdict = verdict_of(await result_of(http(200, body), one))
    assert (verdict.outcome, verdict.code) == (Outcome.UNKNOWN, "contradictory")
    assert words in (verdict.message or "")
    assert verdict.created_id is None


UNDECIDED: dict[str, Reply] = {
    "HTML": http(200, "<html>login</html>"),
    "truncated JSON": http(200, '{"daily":{"limitMicros":'),
    "an error array under 200": http(200, [problem(2005)]),
    "a text": http(200, '"yes"'),
    "a number": http(200, "1"),
    "an object of something else": http(200, {"ok": True}),
    "a status that is a list": http(200, {"status": ["PAUSED"]}),
    "a key twice": http(200, '{"status":"PAUSED","status":"PAUSED"}'),
    "half a surrogate": http(200, '{"status":"PAUSED","x":"\\ud800"}'),
    "NaN": http(200, '{"status":"PAUSED","x":NaN}'),
    "5 MB": http(200, bytes(5_000_000)),
    "202": http(202, SHOWN),
    "204": http(204),
    "207": http(207, SHOWN),
    "301": http(301, b"", {"Location": "/x"}),
    "308": http(308, b"", {"Location": "/x"}),
    "408": http(408),
    "418": http(418),
    "499": http(499),
    "400 with 1000": http(400, [problem(1000)]),
    "500 with 1000": http(500, [problem(1000)]),
    "500 with an item's code": http(500, [problem(2005)]),
    "500 with the account's code": http(500, [problem(1003)]),
    "500 with 1001 and more": http(500, [problem(1001), problem(2005)]),
    "500 with HTML": http(500, "<html>"),
    "502": http(502),
    "503 with a time": http(503, b"", {"Retry-After": "1"}),
    "504": http(504),
    "a reset": Reply(ends="reset"),
    "a dropped connection": Reply(ends="closed"),
    "half an answer": Reply(head=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", ends="closed"),
    "no answer in time": Reply(hangs=True),
    "no HTTP": Reply(head=b"hello\r\n\r\n", ends="closed"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", UNDECIDED)
async def test_what_is_no_word_about_the_campaign_leaves_it_unknown(what: str, kind: str) -> None:
    result = await result_of(UNDECIDED[what], KINDS[kind])
    assert outcome(result) == "unknown"
    assert result.whole is None
    assert verdict_of(result).code
    assert verdict_of(result).message


@pytest.mark.parametrize("kind", ["budgets", "title", "create"])
@pytest.mark.parametrize("body", ["", " ", "{}", "[]", "null"])
async def test_an_empty_success_is_no_yes_where_the_contract_shows_a_body(
    kind: str, body: str
) -> None:
    assert outcome(await result_of(http(200, body), KINDS[kind])) == "unknown"


@pytest.mark.parametrize(
    "body",
    [
        {"total": {"limitMicros": "UNLIMITED"}},
        {"daily": {}, "total": {"limitMicros": "UNLIMITED"}},
        {"daily": {"limitMicros": 20.5}},
        {"budgets": SPENT},
        SHOWN,
    ],
)
async def test_budgets_that_do_not_show_what_was_asked_for_decide_nothing(body: object) -> None:
    assert outcome(await result_of(http(200, body), BUDGETS)) == "unknown"


async def test_201_is_a_yes_to_a_create_alone() -> None:
    for one, body in ((STATUS, ""), (BUDGETS, SPENT), (TITLE, SHOWN | {"title": "new"})):
        assert outcome(await result_of(http(201, body), one)) == "unknown"


ITEM_CODES = (
    (404, 1004),
    (400, 1005),
    *((400, code) for code in (2000, 2001, 2002, 2003, 2004, 2005, 2019, 2020, 2024, 2025, 2027)),
    *((400, code) for code in (2034, 2035, 2037, 2039, 2040)),
)


@pytest.mark.parametrize(("status", "code"), ITEM_CODES)
@pytest.mark.parametrize("kind", ["status", "create"])
async def test_each_documented_error_rejects_the_campaign(
    status: int, code: int, kind: str
) -> None:
    reply = http(status, [problem(code, field="title", arg=64)])
    result = await result_of(reply, KINDS[kind])
    verdict = verdict_of(result)
    assert (verdict.outcome, verdict.code) == (Outcome.REJECTED, str(code))
    assert verdict.message == f"HTTP {status}: {code} The words of {code}. (title, 64)"
    assert (result.whole, result.status) == (None, status)


NO: dict[str, Reply] = {
    "several problems": http(400, [problem(2005), problem(2002)]),
    "a code as a text": http(400, [problem("2005")]),
    "one object": http(400, problem(2005)),
    "a code that nobody knows": http(400, [problem(9999)]),
    "an item's code under 404": http(404, [problem(2005)]),
    "1001": http(500, [problem(1001)]),
    "1001 under 400": http(400, [problem(1001)]),
    "400 without words": http(400),
    "400 in HTML": http(400, "<html>"),
    "409": http(409),
    "422": http(422, [{}]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", NO)
async def test_a_no_is_a_no_in_all_its_forms(what: str, kind: str) -> None:
    result = await result_of(NO[what], KINDS[kind])
    assert outcome(result) == "rejected"
    assert verdict_of(result).message


async def test_several_problems_are_all_told_with_the_first_ones_remedy() -> None:
    result = await result_of(http(400, [problem(2024), problem(2002, arg="5")]), TITLE)
    assert verdict_of(result) == Verdict(
        outcome=Outcome.REJECTED,
        code="2024",
        message="HTTP 400: 2024 The words of 2024.; 2002 The words of 2002. (5)",
    )
    assert "set once" in result.remedy


WHOLE: dict[str, tuple[Reply, Whole, str]] = {
    "401": (http(401), Whole.UNAUTHORISED, "accounts authorize"),
    "1007": (http(401, [problem(1007)]), Whole.UNAUTHORISED, "accounts authorize"),
    "1008": (http(401, [problem(1008)]), Whole.UNAUTHORISED, "no longer valid"),
    "1009": (http(401, [problem(1009)]), Whole.UNAUTHORISED, "no token was understood"),
    "1009 under 400": (http(400, [problem(1009)]), Whole.UNAUTHORISED, "no token"),
    "403": (http(403), Whole.FORBIDDEN, "lacks a right"),
    "1003": (http(403, [problem(1003)]), Whole.FORBIDDEN, "lacks a right"),
    "1003 beside an item's": (
        http(400, [problem(2005), problem(1003)]),
        Whole.FORBIDDEN,
        "lacks a right",
    ),
    "404 without words": (http(404), Whole.UNUSABLE, "base_url"),
    "404 in HTML": (http(404, "<html>"), Whole.UNUSABLE, "base_url"),
    "405": (http(405), Whole.UNUSABLE, ""),
    "406": (http(406, '"Response type x is not supported"'), Whole.UNUSABLE, "newer syncd"),
    "410": (http(410), Whole.UNUSABLE, ""),
    "413": (http(413), Whole.TOO_LARGE, ""),
    "415": (http(415), Whole.UNUSABLE, ""),
    "429": (http(429, b"", {"Retry-After": "60"}), Whole.THROTTLED, ""),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", WHOLE)
async def test_a_refusal_of_the_account_or_the_call_judges_no_campaign(
    what: str, kind: str
) -> None:
    reply, whole, remedy = WHOLE[what]
    result = await result_of(reply, KINDS[kind])
    assert outcome(result) == "not_judged"
    assert result.whole is whole
    assert result.message
    assert remedy in result.remedy
    assert result.status == int(reply.head[9:12])


async def test_the_bare_text_of_a_406_is_told() -> None:
    result = await result_of(WHOLE["406"][0], STATUS)
    assert result.message == "HTTP 406: Response type x is not supported"
    assert verdict_of(result).code == "http-406"


async def test_a_throttled_write_freezes_the_account() -> None:
    async with seller(with_tokens(always(WHOLE["429"][0]))) as there:
        await there.send(STATUS)
        assert 30 < there.limits.frozen_for() <= 60
        result = await there.send(STATUS)
        assert (result.whole, result.status) == (Whole.THROTTLED, None)
        assert len(there.calls) == len(there.intents) == 1


@pytest.mark.parametrize(("code", "used"), [(1007, 2), (1009, 2), (1008, 1)])
async def test_a_refused_token_is_dropped_where_another_may_help_and_nothing_is_repeated(
    code: int, used: int
) -> None:
    replies = in_turn(http(401, [problem(code)]), http(200))
    async with seller(with_tokens(replies)) as there:
        assert (await there.send(STATUS)).whole is Whole.UNAUTHORISED
        assert len(there.calls) == 1
        assert outcome(await there.send(STATUS)) == "applied"
        assert len(there.token_calls) == used


async def test_a_write_needs_a_token_that_outlasts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    start = timing.boottime()
    now = start
    monkeypatch.setattr(timing, "boottime", lambda: now)
    script = with_tokens(lambda one: http(200, EXAMPLE if one.method == "GET" else b""))
    async with seller(script, request_timeout=60.0) as there:
        await there.adapter.read(["123"])
        now = start + 250
        await there.adapter.read(["123"])
        assert len(there.token_calls) == 1, "50 seconds are enough to read"
        await there.send(STATUS)
        assert there.calls[-1].headers["authorization"] == "Bearer canary-access-2"


async def test_a_token_that_ran_out_while_the_permit_was_waited_for_is_renewed() -> None:
    script = with_tokens(always(http(200)), tokens(1))
    async with seller(script) as there:
        await there.send(STATUS)
        # Of a life of one second the first half is good, and the freeze outlasts it.
        await there.limits.freeze(0.8, "a pause")
        assert outcome(await there.send(STATUS)) == "applied"
        assert [one.headers["authorization"][-1] for one in there.calls] == ["1", "2"]
        assert there.limits.taken() == {"token": 2, "PUT campaign/status": 3}


async def test_the_intent_comes_before_the_bytes_and_may_refuse_them() -> None:
    async with seller(with_tokens(always(http(200)))) as there:
        (call,) = there.adapter.plan([STATUS]).calls
        arrived: list[int] = []

        async def intend(outgoing: Outgoing) -> None:
            arrived.append(len(there.calls))

        await there.adapter.write(call, intend)
        assert arrived == [0]

        async def refuse(outgoing: Outgoing) -> None:
            raise IntentRefused("paused")

        with pytest.raises(IntentRefused):
            await there.adapter.write(call, refuse)
        assert len(there.calls) == 1


async def test_a_provider_that_cannot_be_reached_was_sent_nothing() -> None:
    async with seller(with_tokens(always(http(200)))) as there:
        await there.send(STATUS)
        there.server.close()
        result = await there.send(STATUS)
    assert (result.whole, result.status, outcome(result)) == (Whole.NOT_SENT, None, "not_judged")


@pytest.mark.parametrize(
    ("reply", "whole"),
    [
        (http(400, {"error": "invalid_grant"}), Whole.UNAUTHORISED),
        (http(401, {"error": "invalid_client"}), Whole.UNAUTHORISED),
        (http(500), Whole.NOT_SENT),
        (Reply(ends="closed"), Whole.NOT_SENT),
        (http(429, b"", {"Retry-After": "99"}), Whole.THROTTLED),
    ],
)
async def test_without_a_token_nothing_is_intended_or_sent(reply: Reply, whole: Whole) -> None:
    async with seller(with_tokens(always(http(200)), always(reply))) as there:
        result = await there.send(STATUS)
        assert (there.calls, there.intents) == ([], [])
    assert result.whole is whole
    assert outcome(result) == "not_judged"


async def test_two_steps_leave_one_after_the_other_with_what_was_read_between() -> None:
    shown = SHOWN | {"status": "PAUSED"}
    raised = shown | {"budgets": SPENT}
    replies = in_turn(http(200, shown), http(200, SPENT), http(200, raised), http(200))
    wanted = {"status": "active", "budget.daily": "20"}
    async with seller(with_tokens(replies)) as there:
        for _ in range(2):
            remote = (await there.adapter.read(["123"])).campaigns["123"].values
            left = {path: value for path, value in wanted.items() if remote[path] != value}
            one = WriteItem(external_id="123", changes=left, remote=remote)
            assert outcome(await there.send(one)) == "applied"
        assert [call.path.removeprefix(API) for call in there.calls if call.method == "PUT"] == [
            "/campaign/123/budgets",
            "/campaign/123/status/ACTIVE",
        ]


async def test_plans_follow_the_tenant() -> None:
    async with seller(with_tokens(always(http(200))), scope={"tenant": ("kijiji",)}) as there:
        assert list(there.adapter.plan([NEW]).refused) == [NEW.external_id]
    async with seller(with_tokens(always(http(200)))) as there:
        assert len(there.adapter.plan([NEW]).calls) == 1


async def test_secrets_stay_out_of_results_and_events() -> None:
    words = f"Bearer canary-access-1 {SECRET} canary-refresh-0 canary-refresh-1"
    replies = [
        http(400, [problem(2005, msg=words)]),
        http(403, [problem(1003, text=words)], {"Oauth-Scope-Required": words}),
        http(500, [{"code": 1000, "text": words}]),
        http(200, SHOWN | {"title": words}),
        http(200, SHOWN | {"title": "new", "id": words}),
        http(200, words),
        Reply(ends="closed"),
    ]
    async with seller(with_tokens(in_turn(*replies))) as there:
        shown = [repr(await there.send(TITLE)) for _ in replies]
        text = "\n".join([*shown, repr(there.events)])
    assert text.count("[redacted]") > 5
    for canary in ("canary-access", "canary-client", "canary-refresh"):
        assert canary not in text


async def test_foreign_words_are_capped_and_made_visible() -> None:
    entries = [problem(2005, msg="d\n\x1b" * 9000)] * 50
    verdict = verdict_of(await result_of(http(400, entries), TITLE))
    assert len(verdict.message or "") <= 2000
    assert "\n" not in (verdict.message or "")
    assert "\x1b" not in (verdict.message or "")
