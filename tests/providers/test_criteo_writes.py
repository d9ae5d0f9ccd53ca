"""PATCH calls: which changes can be planned, what leaves and when, and what every answer, or none,
says of every campaign in the call."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from syncd import timing
from syncd.errors import IntentRefused
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, Whole, WriteCall, WriteItem
from syncd.model.update import Outcome, Verdict
from syncd.providers.criteo import writes
from tests.providers.accounts import (
    PATCH,
    SECRET,
    TOKEN,
    account,
    always,
    in_turn,
    item,
    with_token,
)
from tests.providers.scripted import Arrival, Reply, http

CHECK = "campaign--campaign-update-check--"
NEXT_PERIOD = CHECK + "new-spend-limit-amount-will-take-place-at-the-next-period-start"


def done(*ids: str) -> list[dict[str, str]]:
    return [{"type": "Campaign", "id": id_} for id_ in ids]


def problem(index: int | None, code: str = "c", **more: str) -> dict[str, str]:
    instance = {} if index is None else {"instance": f"@data/{index}"}
    return {"code": code, "title": f"title of {code}", **instance, **more}


async def result_of(reply: Reply, *ids: str) -> CallResult:
    async with account(with_token(always(reply))) as there:
        result = await there.write(*map(item, ids))
        assert len(there.calls) == 1, "one arrival, whatever came of it"
    assert set(result.verdicts) == set(ids)
    return result


def outcomes(result: CallResult) -> list[str]:
    return [verdict.outcome.value for verdict in result.verdicts.values()]


PARTIAL: dict[str, tuple[dict[str, Any], Sequence[str]]] = {
    "all done": ({"data": done("a", "b")}, ["applied", "applied"]),
    "lists that are null": (
        {"data": done("a", "b"), "errors": None, "warnings": None},
        ["applied", "applied"],
    ),
    "in another order": ({"data": done("b", "a")}, ["applied", "applied"]),
    "ids as numbers": ({"data": [{"id": "a"}, {"id": "b", "type": None}]}, ["applied", "applied"]),
    "one refused": ({"data": done("b"), "errors": [problem(0)]}, ["rejected", "applied"]),
    "all refused, data null": (
        {"data": None, "errors": [problem(0), problem(1)]},
        ["rejected", "rejected"],
    ),
    "an instance with a path": (
        {"data": done("b"), "errors": [{"instance": "@data/0/attributes", "code": "x"}]},
        ["rejected", "applied"],
    ),
    "one in both": ({"data": done("a", "b"), "errors": [problem(1)]}, ["applied", "unknown"]),
    "one in neither": ({"data": done("a"), "errors": []}, ["applied", "unknown"]),
    "nobody mentioned": ({"data": [], "errors": []}, ["unknown", "unknown"]),
    "an index out of range": (
        {"data": done("a"), "errors": [problem(7)]},
        ["applied", "unknown"],
    ),
    "a huge index": (
        {"data": done("a"), "errors": [{"instance": "@data/99999999999999999999"}]},
        ["applied", "unknown"],
    ),
    "a missing instance": ({"data": done("a"), "errors": [problem(None)]}, ["applied", "unknown"]),
    "an instance of another form": (
        {"data": done("a"), "errors": [{"instance": "/data/1", "code": "x"}]},
        ["applied", "unknown"],
    ),
    "an error that cannot be read": (
        {"data": done("a"), "errors": ["?"]},
        ["applied", "unknown"],
    ),
    "a loose error beside a placed one": (
        {"data": [], "errors": [problem(0), problem(None)]},
        ["rejected", "unknown"],
    ),
    "a loose error takes nothing back": (
        {"data": done("a", "b"), "errors": [problem(None)]},
        ["applied", "applied"],
    ),
    "an id twice": ({"data": done("a", "b", "b")}, ["applied", "unknown"]),
    "a foreign id": ({"data": done("a", "z")}, ["applied", "unknown"]),
    "a foreign id besides": ({"data": done("a", "b", "z")}, ["applied", "applied"]),
    "only half are throttled": (
        {"data": [], "errors": [problem(0, type="quota")]},
        ["not_judged", "unknown"],
    ),
}


@pytest.mark.parametrize("what", PARTIAL)
async def test_each_item_is_settled_by_the_word_about_it(what: str) -> None:
    answer, expected = PARTIAL[what]
    result = await result_of(http(200, answer), "a", "b")
    assert outcomes(result) == expected
    assert (result.status, result.whole) == (200, None)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
async def test_every_pattern_of_success_and_failure_is_told_truly(count: int) -> None:
    ids = [f"c{number}" for number in range(count)]
    for truth in itertools.product([True, False], repeat=count):
        answer = {
            "data": done(*(id_ for id_, is_good in zip(ids, truth, strict=True) if is_good))[::-1],
            "errors": [problem(n) for n, is_good in enumerate(truth) if not is_good][::-1],
        }
        result = await result_of(http(200, answer), *ids)
        assert outcomes(result) == ["applied" if good else "rejected" for good in truth]


async def test_a_rejection_has_the_providers_code_words_and_trace() -> None:
    errors = [
        problem(0, CHECK + "validation-failed-on-spend-limit", detail="d", traceIdentifier="t-1"),
        problem(0, "second"),
    ]
    result = await result_of(http(200, {"data": [], "errors": errors}), "a")
    assert result.verdicts["a"] == Verdict(
        outcome=Outcome.REJECTED,
        code=CHECK + "validation-failed-on-spend-limit",
        message=f"title of {CHECK}validation-failed-on-spend-limit: d; title of second",
        trace_id="t-1",
    )


@pytest.mark.parametrize(
    "code",
    [
        "spend-limit-does-not-exist",
        "cannot-decrease-lifetime-spend-limit-below-what-is-already-spent",
        "validation-failed-on-spend-limit",
        "cannot-update-same-campaign-multiple-times",
        "unavailable-feature-for-this-advertiser",
    ],
)
async def test_each_documented_error_rejects_the_item(code: str) -> None:
    result = await result_of(http(200, {"data": [], "errors": [problem(0, CHECK + code)]}), "a")
    verdict = result.verdicts["a"]
    assert (verdict.outcome, verdict.code) == (Outcome.REJECTED, CHECK + code)


async def test_a_missing_spend_limit_is_explained_with_both_its_meanings() -> None:
    errors = [problem(0, CHECK + "spend-limit-does-not-exist")]
    result = await result_of(http(200, {"data": [], "errors": errors}), "a")
    message = result.verdicts["a"].message or ""
    assert "uncapped" in message
    assert "may not change" in message


async def test_the_warning_of_the_next_period_makes_a_success_pending() -> None:
    warnings = [problem(1, NEXT_PERIOD), problem(0, "other"), problem(None, "loose")]
    answer = {"data": done("a", "b"), "errors": [], "warnings": warnings}
    result = await result_of(http(200, answer), "a", "b")
    assert outcomes(result) == ["applied", "applied"]
    assert not result.verdicts["a"].is_pending
    assert result.verdicts["a"].warnings == ("title of other",)
    assert result.verdicts["b"].is_pending
    assert result.verdicts["b"].warnings == (f"title of {NEXT_PERIOD}",)
    assert result.message == "warning without an item: title of loose"


async def test_a_problem_without_a_place_speaks_of_the_only_item() -> None:
    answer = {"data": done("a"), "warnings": [problem(None, NEXT_PERIOD)]}
    result = await result_of(http(200, answer), "a")
    assert result.verdicts["a"].is_pending
    assert result.verdicts["a"].warnings == (f"title of {NEXT_PERIOD}",)
    refused = await result_of(http(200, {"data": [], "errors": [problem(None)]}), "a")
    assert (outcomes(refused), refused.message) == (["rejected"], None)
    both = await result_of(http(200, {"data": done("a"), "errors": [problem(None)]}), "a")
    assert (outcomes(both), both.verdicts["a"].code) == (["unknown"], "contradictory")
    elsewhere = await result_of(http(200, {"data": [], "errors": [problem(7)]}), "a")
    assert (outcomes(elsewhere), elsewhere.verdicts["a"].code) == (["unknown"], "not_mentioned")


@pytest.mark.parametrize("entry", ["?", {}, None, {"instance": "/data/0"}])
async def test_a_problem_that_says_nothing_refuses_nothing(entry: Any) -> None:
    result = await result_of(http(200, {"data": [], "errors": [entry]}), "a")
    assert (outcomes(result), result.verdicts["a"].code) == (["unknown"], "not_mentioned")


@pytest.mark.parametrize("index", [None, 2, 7])
async def test_an_unplaced_error_stands_beside_what_it_leaves_open(index: int | None) -> None:
    answer = {"data": done("a"), "errors": [problem(index, "loose", traceId="t")]}
    result = await result_of(http(200, answer), "a", "b")
    open_ = result.verdicts["b"]
    assert open_.code == "not_mentioned"
    assert "title of loose" in (open_.message or "")
    assert open_.trace_id == "t"
    assert result.message == "error without an item: title of loose"


UNDECIDED: dict[str, Reply] = {
    "an empty 200": http(200),
    "HTML": http(200, "<html>login</html>"),
    "truncated JSON": http(200, '{"data":[{"id":"a"'),
    "a list": http(200, done("a", "b")),
    "no data": http(200, {"errors": [problem(0), problem(1)]}),
    "data that is an object": http(200, {"data": {"id": "a"}}),
    "an entry without an id": http(200, {"data": [{}, {"id": "a"}]}),
    "an entry that is none": http(200, {"data": ["a", "b"]}),
    "errors that are an object": http(200, {"data": done("a", "b"), "errors": {}}),
    "a key twice": http(200, '{"data":[{"id":"a"}],"data":[{"id":"a"},{"id":"b"}]}'),
    "half a surrogate": http(200, '{"data":[{"id":"a"}],"x":"\\ud800"}'),
    "NaN": http(200, '{"data":[{"id":"a"}],"x":NaN}'),
    "5 MB": http(200, bytes(5_000_000)),
    "201": http(201, {"data": done("a", "b")}),
    "202": http(202, {"data": done("a", "b")}),
    "204": http(204),
    "207": http(207, {"data": done("a", "b")}),
    "301": http(301, b"", {"Location": "/x"}),
    "308": http(308, b"", {"Location": "/x"}),
    "408": http(408),
    "418": http(418),
    "499": http(499),
    "500": http(500, {"errors": [{"code": "internal-error", "title": "t", "traceId": "x"}]}),
    "502": http(502, "<html>"),
    "503 with a time": http(503, b"", {"Retry-After": "1"}),
    "504": http(504),
    "a reset": Reply(ends="reset"),
    "a dropped connection": Reply(ends="closed"),
    "half an answer": Reply(head=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", ends="closed"),
    "no answer in time": Reply(hangs=True),
    "no HTTP": Reply(head=b"hello\r\n\r\n", ends="closed"),
}


@pytest.mark.parametrize("what", UNDECIDED)
async def test_what_is_no_word_about_an_item_leaves_all_unknown(what: str) -> None:
    result = await result_of(UNDECIDED[what], "a", "b")
    assert outcomes(result) == ["unknown", "unknown"]
    assert result.whole is None
    assert result.message
    assert all(verdict.code and verdict.message for verdict in result.verdicts.values())


WHOLE: dict[str, tuple[Reply, Whole]] = {
    "401": (
        http(401, {"errors": [problem(None, "authorization-token-expired")]}),
        Whole.UNAUTHORISED,
    ),
    "403": (http(403), Whole.FORBIDDEN),
    "413": (http(413, "too large"), Whole.TOO_LARGE),
    "429": (http(429, b"", {"Retry-After": "60"}), Whole.THROTTLED),
    "400": (http(400, {"errors": [problem(1, "exceeded-ids-cap")]}), Whole.INVALID),
    "404": (http(404), Whole.UNUSABLE),
    "405": (http(405), Whole.UNUSABLE),
    "409": (http(409), Whole.INVALID),
    "410": (http(410), Whole.UNUSABLE),
    "415": (http(415), Whole.UNUSABLE),
    "422": (http(422), Whole.INVALID),
    "every item throttled": (
        http(200, {"data": [], "errors": [problem(n, type="quota") for n in (0, 1)]}),
        Whole.THROTTLED,
    ),
}


@pytest.mark.parametrize("what", WHOLE)
async def test_a_call_refused_as_a_whole_judges_no_item(what: str) -> None:
    reply, whole = WHOLE[what]
    result = await result_of(reply, "a", "b")
    assert outcomes(result) == ["not_judged", "not_judged"]
    assert result.whole is whole
    assert result.message
    assert result.status == int(reply.head[9:12])


async def test_a_refusal_has_the_providers_code_and_a_remedy() -> None:
    result = await result_of(http(410, {"errors": [problem(None, "gone", traceId="t")]}), "a")
    assert result.verdicts["a"] == Verdict(
        outcome=Outcome.NOT_JUDGED,
        code="gone",
        message="HTTP 410: title of gone",
        trace_id="t",
    )
    assert "version is retired" in result.remedy


@pytest.mark.parametrize("what", ["429", "every item throttled"])
async def test_a_throttled_write_freezes_the_account(what: str) -> None:
    async with account(with_token(always(WHOLE[what][0]))) as there:
        await there.write(item("a"), item("b"))
        assert 5 < there.limits.frozen_for() <= 60
        result = await there.write(item("a"), item("b"))
        assert result.whole is Whole.THROTTLED
        assert result.status is None
        assert len(there.calls) == 1, "nothing leaves while it is frozen"
        assert len(there.intents) == 1


async def test_a_401_drops_the_token_and_repeats_nothing() -> None:
    tokens = iter(("old", "new"))

    def script(arrival: Arrival) -> Reply:
        if arrival.path == "/oauth2/token":
            return http(200, TOKEN | {"access_token": next(tokens)})
        is_good = arrival.headers["authorization"] == "Bearer new"
        return http(200, {"data": done("a")}) if is_good else http(401)

    async with account(script) as there:
        assert (await there.write(item("a"))).whole is Whole.UNAUTHORISED
        assert len(there.calls) == 1
        assert outcomes(await there.write(item("a"))) == ["applied"]


async def test_the_intent_holds_the_hash_of_the_bytes_and_comes_before_them() -> None:
    async with account(with_token(always(http(200, {"data": done("a")})))) as there:
        arrived: list[int] = []

        async def intend(outgoing: Outgoing) -> None:
            there.intents.append(outgoing.sha256)
            arrived.append(len(there.calls))

        call = WriteCall(operation=PATCH, items=(item("a"),))
        await there.adapter.write(call, intend)
        (patch,) = there.calls
        assert arrived == [0]
        assert there.intents == [hashlib.sha256(patch.body).digest()]
        assert there.limits.taken() == {"token": 1, PATCH: 1}


async def test_a_refused_intent_comes_out_and_nothing_leaves() -> None:
    async def refuse(outgoing: Outgoing) -> None:
        raise IntentRefused("paused")

    async with account(with_token(always(http(200)))) as there:
        with pytest.raises(IntentRefused):
            await there.adapter.write(WriteCall(operation=PATCH, items=(item("a"),)), refuse)
        assert there.calls == []


async def test_an_intent_that_outlasts_the_permit_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with account(with_token(always(http(200)))) as there:

        async def slow(outgoing: Outgoing) -> None:
            later = timing.boottime() + 6
            monkeypatch.setattr(timing, "boottime", lambda: later)

        result = await there.adapter.write(WriteCall(operation=PATCH, items=(item("a"),)), slow)
        assert there.calls == []
    assert result.whole is Whole.NOT_SENT
    assert "permit had expired" in (result.message or "")


async def test_a_provider_that_cannot_be_reached_was_sent_nothing() -> None:
    async with account(with_token(always(http(200, {"data": done("a")})))) as there:
        await there.write(item("a"))
        there.server.close()
        result = await there.write(item("a"))
    assert result.whole is Whole.NOT_SENT
    assert result.status is None
    assert outcomes(result) == ["not_judged"]


@pytest.mark.parametrize(
    ("reply", "whole"),
    [
        (http(401, {"error": "invalid_client"}), Whole.UNAUTHORISED),
        (http(500), Whole.NOT_SENT),
        (http(404), Whole.NOT_SENT),
        (Reply(ends="closed"), Whole.NOT_SENT),
        (http(429, b"", {"Retry-After": "99"}), Whole.THROTTLED),
    ],
)
async def test_without_a_token_nothing_is_intended_or_sent(reply: Reply, whole: Whole) -> None:
    async with account(with_token(always(http(200)), token=always(reply))) as there:
        result = await there.write(item("a"), item("b"))
        assert there.calls == []
        assert there.intents == []
    assert result.whole is whole
    assert outcomes(result) == ["not_judged", "not_judged"]


async def test_a_token_that_ran_out_while_the_permit_was_waited_for_is_renewed() -> None:
    count = itertools.count(1)

    def token(arrival: Arrival) -> Reply:
        return http(200, {"access_token": f"t{next(count)}", "expires_in": 1})

    script = with_token(always(http(200, {"data": done("a")})), token=token)
    async with account(script) as there:
        await there.write(item("a"))
        # Of a life of one second the first half is good, and the freeze outlasts it.
        await there.limits.freeze(0.8, "a pause")
        assert outcomes(await there.write(item("a"))) == ["applied"]
        signed = [call.headers["authorization"] for call in there.calls]
        assert signed == ["Bearer t1", "Bearer t2"]
        assert there.limits.taken() == {"token": 2, PATCH: 3}


async def test_secrets_stay_out_of_results_and_events() -> None:
    token = "canary-token-71"
    words = f"you sent Bearer {token} and client_secret={SECRET}; again {token} {SECRET}"
    script = in_turn(
        http(200, {"data": [], "errors": [problem(0, detail=words, traceId=token)]}),
        http(500, {"errors": [problem(None, title=words)]}),
        http(403, {"errors": [problem(None, code=words)]}),
        http(200, {"data": words}),
        Reply(ends="closed"),
    )
    handing = always(http(200, TOKEN | {"access_token": token}))
    async with account(with_token(script, token=handing)) as there:
        shown = [repr(await there.write(item("a"))) for _ in range(5)]
        text = "\n".join([*shown, repr(there.events)])
    assert "[redacted]" in text
    for canary in (token, SECRET, "canary"):
        assert canary not in text


async def test_foreign_words_are_capped_and_made_visible() -> None:
    errors = [problem(0, "c" * 9000, detail="d\n\x1b" * 9000)]
    result = await result_of(http(200, {"data": [], "errors": errors}), "a")
    verdict = result.verdicts["a"]
    assert len(verdict.message or "") <= 2000
    assert len(verdict.code or "") <= 2000
    assert "\n" not in (verdict.message or "")
    assert "\x1b" not in (verdict.message or "")


def planned(*items: WriteItem, batch: int = 50) -> tuple[list[list[str]], dict[str, Verdict]]:
    plan = writes.plan(items, batch)
    assert all(call.operation == PATCH for call in plan.calls)
    ids = [[one.external_id for one in call.items] for call in plan.calls]
    return ids, dict(plan.refused)


def test_items_travel_in_order_in_batches() -> None:
    items = [item(str(number)) for number in range(7)]
    calls, refused = planned(*items, batch=3)
    assert calls == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    assert refused == {}
    assert writes.plan(items, 3) == writes.plan(items, 3)
    assert writes.plan([], 3).calls == ()


UNCAPPED = dict.fromkeys(("budget.daily", "budget.monthly", "budget.lifetime"), "unlimited")


@pytest.mark.parametrize(
    ("changes", "remote", "code", "words"),
    [
        ({"name": "x"}, UNCAPPED, "not_changeable", "name"),
        ({"budget.daily": "unlimited"}, UNCAPPED, "not_offered", "does not lift or remove"),
        (
            {"budget.daily": "unlimited"},
            UNCAPPED | {"budget.daily": "50"},
            "not_offered",
            "does not lift or remove",
        ),
        (
            {"budget.daily": "unlimited", "budget.monthly": "unlimited"},
            UNCAPPED | {"budget.daily": "50"},
            "not_offered",
            "budget.daily, budget.monthly: syncd does not lift",
        ),
        ({"budget.daily": None}, UNCAPPED, "bad_amount", "null is no amount"),
        ({"deleted": "true"}, UNCAPPED, "not_changeable", "deleted"),
        ({"native.goal": "Retention"}, UNCAPPED, "not_changeable", "native.goal"),
        ({"budget.daily": "-5"}, UNCAPPED, "bad_amount", "negative"),
        ({"budget.daily": "NaN"}, UNCAPPED, "bad_amount", "not an amount"),
        ({"budget.daily": "1.005"}, UNCAPPED, "bad_amount", "2 decimals"),
        (
            {"budget.daily": "5", "budget.monthly": "6"},
            UNCAPPED,
            "period_mismatch",
            "daily and monthly",
        ),
        (
            {"budget.daily": "5"},
            UNCAPPED | {"budget.monthly": "300"},
            "period_mismatch",
            "monthly (300), not daily; set budget.monthly, or set it to unlimited in the same",
        ),
        (
            {"budget.daily": "5", "budget.lifetime": "unlimited"},
            UNCAPPED | {"budget.monthly": "300"},
            "period_mismatch",
            "monthly (300), not daily",
        ),
        (
            {"budget.daily": "5", "budget.lifetime": "6", "budget.monthly": "unlimited"},
            UNCAPPED | {"budget.monthly": "300"},
            "period_mismatch",
            "daily and lifetime were asked for",
        ),
    ],
)
def test_what_can_never_be_written_is_refused_with_the_reason(
    changes: dict[str, str | None], remote: dict[str, str], code: str, words: str
) -> None:
    bad = WriteItem(external_id="bad", changes=changes, remote=remote)
    calls, refused = planned(item("good"), bad)
    assert calls == [["good"]]
    verdict = refused["bad"]
    assert (verdict.outcome, verdict.code) == (Outcome.REJECTED, code)
    assert words in (verdict.message or "")


def test_an_uncapped_campaign_is_left_to_the_provider_to_judge() -> None:
    one = WriteItem(external_id="a", changes={"budget.daily": "5"}, remote=UNCAPPED)
    assert planned(one) == ([["a"]], {})


def test_nothing_is_written_over_a_limit_that_is_not_shown() -> None:
    one = WriteItem(external_id="a", changes={"budget.daily": "5"}, remote={"name": "x"})
    calls, refused = planned(one)
    assert (calls, refused["a"].code) == ([], "not_shown")


def test_a_campaign_that_stands_in_a_plan_twice_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="twice"):
        writes.plan([item("a"), item("a")], 50)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("100", b"100"),
        ("100.50", b"100.5"),
        ("0", b"0"),
        ("0.01", b"0.01"),
        ("1000", b"1000"),
        ("99999999999999.99", b"99999999999999.99"),
    ],
)
def test_an_amount_leaves_as_the_exact_number(value: str, number: bytes) -> None:
    assert b'"spendLimitAmount":' + number + b"}" in writes.body([item("a", value)], "documented")


def test_a_value_that_is_no_number_never_becomes_a_body() -> None:
    for value in ("1e5", "", "1_0", "NaN"):
        with pytest.raises(ValueError, match="not a number"):
            writes.body([item("a", value)], "documented")
    with pytest.raises(ValueError, match="not enough values"):
        writes.body([item("a", "unlimited")], "documented")


async def test_a_plan_is_the_adapters_own_with_the_accounts_batch() -> None:
    async with account(with_token(always(http(200))), batch=2) as there:
        calls = there.adapter.plan([item(str(number)) for number in range(5)]).calls
    assert [len(call.items) for call in calls] == [2, 2, 1]
