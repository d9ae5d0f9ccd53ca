"""New campaigns at Criteo: what can be made, the bytes that leave, what every answer says of the
one campaign in a call, and which campaigns look like one whose answer was lost."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest

from syncd.model.call import CallResult, Whole, WriteCall, WriteItem
from syncd.model.listing import Reading
from syncd.model.path import Kind, field_of
from syncd.model.update import Outcome, Verdict
from syncd.providers.criteo import capabilities, creates, writes
from tests.providers.accounts import (
    CAMPAIGN,
    PATCH,
    Account,
    account,
    always,
    in_turn,
    item,
    with_token,
)
from tests.providers.scripted import Arrival, Reply, http

CREATE = "POST campaigns"
NEXT_PERIOD = (
    "campaign--campaign-update-check--"
    "new-spend-limit-amount-will-take-place-at-the-next-period-start"
)
WANTED: dict[str, str | None] = {
    "name": "My Campaign",
    "native.goal": "Retention",
    "native.advertiserId": "12345",
    "budget.daily": "123.45",
}
REQUEST = {
    "data": {
        "type": "Campaign",
        "attributes": {
            "name": "My Campaign",
            "advertiserId": 12345,
            "goal": "Retention",
            "spendLimit": {
                "spendLimitRenewal": "daily",
                "spendLimitType": "capped",
                "spendLimitAmount": 123.45,
            },
        },
    }
}
CREATED: dict[str, Any] = {
    "id": "99999",
    "type": "Campaign",
    "attributes": {
        "name": "My Campaign",
        "advertiserId": "12345",
        "spendLimit": {
            "spendLimitType": "capped",
            "spendLimitRenewal": "daily",
            "spendLimitAmount": 123.45,
        },
        "goal": "Retention",
    },
}
ANSWER = {"data": CREATED, "warnings": [], "errors": []}


def new(changes: Mapping[str, str | None] = WANTED) -> WriteItem:
    return WriteItem(external_id="+7", changes=changes, remote={}, is_create=True)


async def create(there: Account, wanted: WriteItem | None = None) -> CallResult:
    call = WriteCall(operation=CREATE, items=(wanted or new(),))
    return await there.adapter.write(call, there.intend)


async def result_of(reply: Reply, wanted: WriteItem | None = None) -> CallResult:
    async with account(with_token(always(reply))) as there:
        result = await create(there, wanted)
        assert len(there.calls) == 1, "one arrival, whatever came of it"
        assert len(there.intents) == 1
    assert set(result.verdicts) == {"+7"}
    return result


async def verdict_of(reply: Reply, wanted: WriteItem | None = None) -> Verdict:
    return (await result_of(reply, wanted)).verdicts["+7"]


def shown(**attributes: Any) -> dict[str, Any]:
    row = copy.deepcopy(CREATED)
    row["attributes"].update(attributes)
    return row


def limit(kind: str, renewal: str, amount: Any) -> dict[str, Any]:
    return {"spendLimitType": kind, "spendLimitRenewal": renewal, "spendLimitAmount": amount}


def problem(code: str = "c", **more: str) -> dict[str, str]:
    return {"code": code, "title": f"title of {code}", **more}


async def test_a_create_is_sent_and_read_as_documented() -> None:
    async with account(with_token(always(http(201, ANSWER)))) as there:
        result = await create(there)
        (call,) = there.calls
        assert (call.method, call.path) == ("POST", "/marketing-solutions/campaigns")
        assert call.json == REQUEST
        assert b'"advertiserId":12345,' in call.body
        assert b'"spendLimitAmount":123.45}' in call.body
        assert there.intents == [hashlib.sha256(call.body).digest()]
        assert there.limits.taken() == {"token": 1, CREATE: 1}
    assert result.status == 201
    assert result.verdicts["+7"] == Verdict(outcome=Outcome.APPLIED, created_id="99999")


YES: dict[str, Reply] = {
    "201 with a list of one": http(201, {"data": [CREATED], "errors": []}),
    "200": http(200, ANSWER),
    "lists that are null": http(201, {"data": CREATED, "errors": None, "warnings": None}),
    "no lists": http(201, {"data": CREATED}),
    "an id that is a number": http(201, {"data": CREATED | {"id": 99999}}),
    "the goal in lower case": http(201, {"data": shown(goal="retention")}),
    "a wrapped amount": http(
        201, {"data": shown(spendLimit=limit("capped", "daily", {"value": 123.45}))}
    ),
}


@pytest.mark.parametrize("what", YES)
async def test_every_form_of_the_yes_has_the_new_id(what: str) -> None:
    expected = Verdict(outcome=Outcome.APPLIED, created_id="99999")
    assert await verdict_of(YES[what]) == expected


@pytest.mark.parametrize(
    ("attributes", "warning"),
    [
        ({"goal": "acquisition"}, "shows native.goal Acquisition, not Retention"),
        (
            {"spendLimit": limit("capped", "daily", 123.4)},
            "shows budget.daily 123.4, not 123.45",
        ),
        (
            {"spendLimit": limit("uncapped", "undefined", None)},
            "shows budget.daily unlimited, not 123.45",
        ),
        ({"name": None}, "shows name empty, not My Campaign"),
        (
            {"advertiserId": None},
            "does not show the campaign as it should: advertiserId is missing",
        ),
    ],
)
async def test_a_campaign_made_with_another_value_is_a_yes_that_says_so(
    attributes: dict[str, Any], warning: str
) -> None:
    verdict = await verdict_of(http(201, {"data": shown(**attributes)}))
    assert (verdict.outcome, verdict.created_id) == (Outcome.APPLIED, "99999")
    assert len(verdict.warnings) == 1
    assert warning in verdict.warnings[0]


async def test_another_period_is_told_with_both_of_its_paths() -> None:
    row = shown(spendLimit=limit("capped", "monthly", 123.45))
    verdict = await verdict_of(http(201, {"data": row}))
    assert verdict.warnings == (
        "the new campaign shows budget.daily unlimited, not 123.45",
        "the new campaign shows budget.monthly 123.45, not unlimited",
    )


async def test_a_yes_of_type_and_id_alone_is_a_yes() -> None:
    verdict = await verdict_of(http(201, {"data": [{"type": "Campaign", "id": "5"}]}))
    assert (verdict.outcome, verdict.created_id) == (Outcome.APPLIED, "5")
    assert "attributes is missing" in verdict.warnings[0]


async def test_the_providers_warnings_stand_with_the_yes() -> None:
    warnings = [problem("other"), problem(NEXT_PERIOD, instance="@data/0")]
    verdict = await verdict_of(http(201, {"data": CREATED, "warnings": warnings}))
    assert verdict.warnings == ("title of other", f"title of {NEXT_PERIOD}")
    assert verdict.is_pending
    verdict = await verdict_of(http(201, {"data": CREATED, "warnings": warnings[:1]}))
    assert not verdict.is_pending


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"name": "Your Campaign"}, "99999, name is Your Campaign"),
        ({"advertiserId": 777}, "99999, native.advertiserId is 777"),
        ({"name": "x", "advertiserId": "777", "spendLimit": "?"}, "x, native.advertiserId is 777"),
        ({"name": "x", "advertiserId": None}, "99999, name is x"),
    ],
)
async def test_a_yes_about_another_campaign_leaves_open_what_was_made(
    attributes: dict[str, Any], words: str
) -> None:
    verdict = await verdict_of(http(201, {"data": shown(**attributes)}))
    assert (verdict.outcome, verdict.code) == (Outcome.UNKNOWN, "contradictory")
    assert words in (verdict.message or "")
    assert verdict.created_id is None


async def test_what_an_answer_shows_is_made_visible() -> None:
    verdict = await verdict_of(http(201, {"data": shown(name="\x1b[2J" * 2000)}))
    line = verdict.message or ""
    assert "\x1b" not in line
    assert "<U+001B>" in line
    assert len(line) <= 2000


REJECTED: dict[str, tuple[Reply, str]] = {
    "400": (http(400, {"errors": [problem("required-field", traceId="t")]}), "required-field"),
    "400 without words": (http(400), "http-400"),
    "400 about the amount's type": (
        http(400, {"errors": [problem("malformed", detail="spendLimitAmount must be a number")]}),
        "malformed",
    ),
    "409": (http(409, {"errors": [problem("exists")]}), "exists"),
    "413": (http(413, "too large"), "http-413"),
    "422": (http(422, {"errors": [problem("invalid")]}), "invalid"),
    "403 for this advertiser": (
        http(403, {"errors": [problem("insufficient-advertiser-permissions")]}),
        "insufficient-advertiser-permissions",
    ),
    "200 with an error and null": (http(200, {"data": None, "errors": [problem("no")]}), "no"),
    "200 with an error and an empty list": (
        http(200, {"data": [], "errors": [problem("no"), problem("more")]}),
        "no",
    ),
    "201 with an error and null": (http(201, {"data": None, "errors": [problem("no")]}), "no"),
}


@pytest.mark.parametrize("what", REJECTED)
async def test_the_providers_no_rejects_the_create(what: str) -> None:
    reply, code = REJECTED[what]
    result = await result_of(reply)
    verdict = result.verdicts["+7"]
    assert (verdict.outcome, verdict.code, verdict.created_id) == (Outcome.REJECTED, code, None)
    assert verdict.message
    assert result.whole is None
    assert result.status == int(reply.head[9:12])


async def test_a_no_has_every_title_and_the_trace_id() -> None:
    errors = [problem("a", traceId="t"), problem("b")]
    verdict = await verdict_of(http(200, {"data": None, "errors": errors}))
    assert verdict.message == "title of a; title of b"
    assert verdict.trace_id == "t"


async def test_an_advertiser_without_the_right_is_told_from_an_account_without_it() -> None:
    own = {"errors": [problem("insufficient-advertiser-permissions")]}
    result = await result_of(http(403, own))
    assert (result.whole, "this advertiser" in result.remedy) == (None, True)
    result = await result_of(http(403, {"errors": [problem("authorization-unknown")]}))
    assert result.whole is Whole.FORBIDDEN


WHOLE: dict[str, tuple[Reply, Whole]] = {
    "401": (http(401), Whole.UNAUTHORISED),
    "403": (http(403), Whole.FORBIDDEN),
    "404": (http(404), Whole.UNUSABLE),
    "405": (http(405), Whole.UNUSABLE),
    "410": (http(410), Whole.UNUSABLE),
    "415": (http(415), Whole.UNUSABLE),
    "429": (http(429, b"", {"Retry-After": "60"}), Whole.THROTTLED),
    "200 of type quota": (
        http(200, {"data": None, "errors": [problem(type="quota")]}),
        Whole.THROTTLED,
    ),
}


@pytest.mark.parametrize("what", WHOLE)
async def test_what_says_nothing_of_the_campaign_judges_nothing(what: str) -> None:
    reply, whole = WHOLE[what]
    result = await result_of(reply)
    assert result.whole is whole
    assert result.verdicts["+7"].outcome is Outcome.NOT_JUDGED


@pytest.mark.parametrize("what", ["429", "200 of type quota"])
async def test_a_throttled_create_freezes_the_account(what: str) -> None:
    async with account(with_token(always(WHOLE[what][0]))) as there:
        await create(there)
        assert 5 < there.limits.frozen_for() <= 60


UNDECIDED: dict[str, Reply] = {
    "an empty 201": http(201),
    "HTML": http(201, "<html>"),
    "a list": http(201, [CREATED]),
    "no data": http(201, {"errors": []}),
    "no data and an error": http(201, {"errors": [problem()]}),
    "data that is a text": http(201, {"data": "99999"}),
    "nobody named": http(201, {"data": None, "errors": []}),
    "an empty list": http(201, {"data": [], "errors": []}),
    "an object without an id": http(201, {"data": {}, "errors": []}),
    "an entry that is none": http(201, {"data": ["99999"]}),
    "an id that is none": http(201, {"data": CREATED | {"id": True}}),
    "another thing than a campaign": http(201, {"data": CREATED | {"type": "AdSet"}}),
    "two campaigns": http(201, {"data": [CREATED, CREATED | {"id": "1"}]}),
    "both done and failed": http(201, {"data": CREATED, "errors": [problem(traceId="t")]}),
    "errors that are none": http(201, {"data": CREATED, "errors": {}}),
    "an error that cannot be read": http(201, {"data": None, "errors": ["?"]}),
    "an error that says nothing": http(200, {"data": [], "errors": [{}]}),
    "warnings that are none": http(201, {"data": CREATED, "warnings": "w"}),
    "a key twice": http(201, '{"data":{"id":"1"},"data":{"id":"2"}}'),
    "an id twice": http(201, '{"data":{"id":"1","id":"2"}}'),
    "NaN": http(201, '{"data":{"id":"1"},"x":NaN}'),
    "202": http(202, ANSWER),
    "204": http(204),
    "301": http(301, b"", {"Location": "/x"}),
    "308": http(308, b"", {"Location": "/x"}),
    "408": http(408),
    "418": http(418),
    "500": http(500, {"errors": [problem("internal-error")]}),
    "503 with a time": http(503, b"", {"Retry-After": "1"}),
    "a reset": Reply(ends="reset"),
    "a dropped connection": Reply(ends="closed"),
    "half an answer": Reply(head=b"HTTP/1.1 201 OK\r\nContent-Length: 99\r\n\r\n{", ends="closed"),
    "no answer in time": Reply(hangs=True),
}


@pytest.mark.parametrize("what", UNDECIDED)
async def test_what_is_no_word_about_the_campaign_leaves_it_unknown(what: str) -> None:
    result = await result_of(UNDECIDED[what])
    verdict = result.verdicts["+7"]
    assert (verdict.outcome, verdict.created_id, result.whole) == (Outcome.UNKNOWN, None, None)
    assert verdict.code
    assert verdict.message


async def test_a_contradiction_keeps_the_words_and_the_trace_id() -> None:
    verdict = await verdict_of(UNDECIDED["both done and failed"])
    assert (verdict.code, verdict.trace_id) == ("contradictory", "t")
    assert verdict.message == "the answer says both done and failed; title of c"


async def test_without_a_token_no_create_is_intended() -> None:
    token = always(http(401, {"error": "invalid_client"}))
    async with account(with_token(always(http(201, ANSWER)), token=token)) as there:
        result = await create(there)
        assert (there.calls, there.intents) == ([], [])
    assert result.whole is Whole.UNAUTHORISED


@pytest.mark.parametrize(
    ("budgets", "spend_limit"),
    [
        ({"budget.daily": "100"}, limit("capped", "daily", 100)),
        ({"budget.monthly": "0.01"}, limit("capped", "monthly", 0.01)),
        ({"budget.lifetime": "5000.50"}, limit("capped", "lifetime", 5000.5)),
        (
            {"budget.daily": "unlimited", "budget.lifetime": "7", "budget.monthly": "unlimited"},
            limit("capped", "lifetime", 7),
        ),
        ({}, limit("uncapped", "undefined", None)),
        ({"budget.daily": "unlimited"}, limit("uncapped", "undefined", None)),
    ],
)
@pytest.mark.parametrize("dialect", ["documented", "current"])
async def test_the_spend_limit_of_a_new_campaign(
    budgets: dict[str, str], spend_limit: dict[str, Any], dialect: str
) -> None:
    changes = {key: value for key, value in WANTED.items() if key != "budget.daily"} | budgets
    made = http(201, {"data": shown(spendLimit=spend_limit)})
    async with account(with_token(always(made)), dialect=dialect) as there:
        assert there.adapter.plan([new(changes)]).refused == {}
        result = await create(there, new(changes))
        assert there.calls[0].json["data"]["attributes"]["spendLimit"] == spend_limit
    assert result.verdicts["+7"] == Verdict(outcome=Outcome.APPLIED, created_id="99999")


def test_a_name_leaves_as_it_is() -> None:
    for name in ("عربى 😀", 'a "quoted" \\ one', "é\u2028", " x "):
        sent = json.loads(creates.body([new(WANTED | {"name": name})], "documented"))
        assert sent["data"]["attributes"]["name"] == name


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"name": None}, "bad_value", "needs name"),
        ({"name": ""}, "bad_value", "needs name"),
        ({"name": " \t"}, "bad_value", "needs name"),
        ({"native.goal": None}, "bad_value", "needs native.goal"),
        ({"native.goal": "Unspecified"}, "bad_value", "Acquisition or Retention"),
        ({"native.goal": "retention"}, "bad_value", "Acquisition or Retention"),
        ({"native.advertiserId": None}, "bad_value", "needs native.advertiserId"),
        ({"native.advertiserId": "12 345"}, "bad_value", "not the number of an advertiser"),
        ({"native.advertiserId": "012345"}, "bad_value", "not the number of an advertiser"),
        ({"native.advertiserId": "9" * 19}, "bad_value", "not the number of an advertiser"),
        ({"native.advertiserId": "777"}, "out_of_scope", "advertiser 777"),
        ({"budget.daily": None}, "bad_amount", "null is no amount"),
        ({"budget.daily": "-5"}, "bad_amount", "negative"),
        ({"budget.daily": "1.005"}, "bad_amount", "2 decimals"),
        ({"budget.daily": "NaN"}, "bad_amount", "not an amount"),
        ({"budget.monthly": "5"}, "period_mismatch", "daily and monthly were asked for"),
        ({"status": "paused"}, "not_changeable", "status"),
        ({"deleted": "true"}, "not_changeable", "deleted"),
    ],
)
async def test_what_can_never_be_made_is_refused_with_the_reason(
    changes: dict[str, str | None], code: str, words: str
) -> None:
    async with account(with_token(always(http(201))), scope={"advertisers": ("12345",)}) as there:
        plan = there.adapter.plan([item("good"), new(WANTED | changes)])
    assert [one.external_id for call in plan.calls for one in call.items] == ["good"]
    verdict = plan.refused["+7"]
    assert (verdict.outcome, verdict.code) == (Outcome.REJECTED, code)
    assert words in (verdict.message or "")


async def test_all_that_is_missing_is_named_at_once() -> None:
    verdict = writes.plan([new({"budget.daily": "5"})], 50).refused["+7"]
    assert verdict.message == "a new campaign needs name, native.goal, native.advertiserId"


async def test_without_a_configured_scope_any_advertiser_is_taken() -> None:
    async with account(with_token(always(http(201)))) as there:
        assert there.adapter.plan([new(WANTED | {"native.advertiserId": "777"})]).refused == {}


def test_each_new_campaign_has_a_call_of_its_own() -> None:
    others = [
        WriteItem(external_id=f"+{n}", changes=WANTED, remote={}, is_create=True) for n in "89"
    ]
    plan = writes.plan([new(), item("a"), *others, item("b")], 50)
    calls = [(call.operation, [one.external_id for one in call.items]) for call in plan.calls]
    assert calls == [(PATCH, ["a", "b"]), (CREATE, ["+7"]), (CREATE, ["+8"]), (CREATE, ["+9"])]


def search(*rows: Any, **more: Any) -> Reply:
    return http(200, {"data": list(rows), "errors": [], **more})


async def found(reply: Reply, changes: Mapping[str, str | None] = WANTED) -> Reading:
    async with account(with_token(always(reply))) as there:
        return await there.adapter.find(new(changes))


async def test_a_lost_create_is_looked_for_with_its_advertiser() -> None:
    async with account(with_token(always(search(CAMPAIGN)))) as there:
        reading = await there.adapter.find(new())
        (call,) = there.calls
    assert (call.method, call.path) == ("POST", "/marketing-solutions/campaigns/search")
    assert call.json == {"filters": {"advertiserIds": ["12345"]}}
    assert (set(reading.campaigns), reading.is_whole) == ({"99999"}, True)


@pytest.mark.parametrize(
    ("attributes", "is_alike"),
    [
        ({}, True),
        ({"goal": "retention"}, True),
        ({"spendLimit": limit("capped", "daily", {"value": 123.450})}, True),
        ({"goal": "Acquisition"}, False),
        ({"goal": None}, False),
        ({"name": "my campaign"}, False),
        ({"spendLimit": limit("capped", "monthly", 123.45)}, False),
        ({"spendLimit": limit("capped", "daily", 123.46)}, False),
        ({"spendLimit": limit("uncapped", "undefined", None)}, False),
    ],
)
async def test_a_candidate_is_alike_in_name_goal_and_budget(
    attributes: dict[str, Any], *, is_alike: bool
) -> None:
    reading = await found(search(shown(**attributes), CREATED | {"id": "2"}))
    assert set(reading.campaigns) == ({"99999", "2"} if is_alike else {"2"})
    assert reading.is_whole


async def test_an_uncapped_create_finds_the_uncapped_campaign_alone() -> None:
    changes = {key: value for key, value in WANTED.items() if key != "budget.daily"}
    uncapped = shown(spendLimit=limit("uncapped", "undefined", None))
    reading = await found(search(CREATED, uncapped | {"id": "2"}), changes)
    assert set(reading.campaigns) == {"2"}


BROKEN = {**limit("paced", "daily", 1)}


@pytest.mark.parametrize(
    ("row", "is_whole"),
    [
        (shown(spendLimit=BROKEN), False),
        (shown(spendLimit=BROKEN, name="Another"), True),
        (shown(spendLimit=BROKEN, name=5), False),
        ({"id": "1"}, False),
        ("row", False),
        (shown(advertiserId="9"), False),
        (shown(advertiserId="9", name="Another"), True),
    ],
)
async def test_a_row_that_may_be_the_new_campaign_proves_no_absence(
    row: Any, *, is_whole: bool
) -> None:
    reading = await found(search(row))
    assert (reading.campaigns, reading.is_whole) == ({}, is_whole)


async def test_a_search_with_errors_proves_no_absence() -> None:
    reading = await found(search(errors=[problem()]))
    assert not reading.is_whole


async def test_what_was_made_is_read_back_by_its_id() -> None:
    script = in_turn(http(201, ANSWER), http(200, {"data": CREATED}))
    async with account(with_token(script), scope={"advertisers": ("12345",)}) as there:
        result = await create(there)
        made = result.verdicts["+7"].created_id or ""
        reading = await there.adapter.read([made])
        assert there.calls[1].path == "/marketing-solutions/campaigns/99999"
    assert {path: reading.campaigns[made].values[path] for path in WANTED} == WANTED


def test_the_fields_say_what_a_new_campaign_takes() -> None:
    for dialect in ("documented", "current"):
        able = capabilities(dialect, {})
        assert able.creates
        assert able.writes == {PATCH, CREATE}
        assert {one.path for one in able.fields if one.creatable} == {
            "name",
            "native.goal",
            "native.advertiserId",
            "budget.daily",
            "budget.monthly",
            "budget.lifetime",
        }
        assert {one.path for one in able.fields if one.required} == {
            "name",
            "native.goal",
            "native.advertiserId",
        }
        assert {one.path for one in able.fields if one.changeable} == {
            "budget.daily",
            "budget.monthly",
            "budget.lifetime",
        }
        goal = field_of(able.fields, "native.goal")
        assert goal is not None
        assert (goal.kind, goal.choices) == (Kind.CHOICE, ("Acquisition", "Retention"))
        assert all(one.note for one in able.fields)


async def test_a_create_leaves_once_on_a_dropped_connection() -> None:
    arrived: list[Arrival] = []

    def script(arrival: Arrival) -> Reply:
        arrived.append(arrival)
        return Reply(ends="closed")

    async with account(with_token(script)) as there:
        result = await create(there)
    assert len(arrived) == 1
    assert result.verdicts["+7"].outcome is Outcome.UNKNOWN
