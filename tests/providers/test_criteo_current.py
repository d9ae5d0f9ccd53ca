"""The dialect `current`: its paths, its wrapped amounts in both directions, the marks by which an
answer shows its dialect, and what tells a wrong dialect from a bad change. And, for both dialects,
a change of the period and calls that are too large."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from syncd.errors import CallRefused
from syncd.model.call import CallResult, Whole, WriteCall, WriteItem
from syncd.model.update import Outcome
from syncd.providers.criteo import rows
from tests.providers.accounts import CAMPAIGN, PATCH, Account, account, always, item, with_token
from tests.providers.scripted import Arrival, Reply, http

CREATE = "POST campaigns"
SHOWN: dict[str, Any] = {
    "type": "Campaign",
    "id": "99999",
    "attributes": {
        "id": "99999",
        "name": "My Campaign",
        "advertiserId": "12345",
        "goal": "retention",
        "spendLimit": {
            "spendLimitType": "capped",
            "spendLimitRenewal": "daily",
            "spendLimitAmount": {"value": 123.45},
        },
        "budgetAutomation": {
            "enabled": True,
            "automatedBudgetConfiguration": {"adSetOptimizationObjective": "conversions"},
        },
        "scheduledSpendLimits": [],
    },
}
DONE = {"data": [{"type": "Campaign", "id": "99999"}], "errors": [], "warnings": []}
UNLIMITED = dict.fromkeys(("budget.daily", "budget.monthly", "budget.lifetime"), "unlimited")


def uncapped(amount: Any, external_id: str = "1") -> dict[str, Any]:
    row = copy.deepcopy(SHOWN)
    row["id"] = external_id
    row["attributes"]["spendLimit"] = {
        "spendLimitType": "uncapped",
        "spendLimitRenewal": "undefined",
        "spendLimitAmount": amount,
    }
    return row


async def written(there: Account, *items: WriteItem) -> CallResult:
    return await there.adapter.write(WriteCall(operation=PATCH, items=items), there.intend)


async def test_a_search_leaves_below_the_version_and_reads_wrapped_amounts() -> None:
    reply = http(200, {"data": [SHOWN], "errors": [], "warnings": []})
    async with account(
        with_token(always(reply)), dialect="current", scope={"advertisers": ("12345",)}
    ) as there:
        (page,) = [page async for page in there.adapter.pages()]
        (call,) = there.calls
        assert len(there.token_calls) == 1, "the token's path has no version"
        assert there.adapter.capabilities.dialect == "current"
    assert (call.method, call.path) == ("POST", "/2026-07/marketing-solutions/campaigns/search")
    assert call.json == {"filters": {"advertiserIds": ["12345"]}}
    assert page.dialect == "current"
    (campaign,) = page.campaigns
    assert campaign.values == {
        "name": "My Campaign",
        "budget.daily": "123.45",
        "budget.monthly": "unlimited",
        "budget.lifetime": "unlimited",
        "native.goal": "Retention",
        "native.advertiserId": "12345",
    }


async def test_one_campaign_is_read_below_the_version() -> None:
    reply = http(200, {"data": SHOWN, "errors": []})
    async with account(with_token(always(reply)), dialect="current") as there:
        reading = await there.adapter.read(["99999"])
        assert there.calls[0].path == "/2026-07/marketing-solutions/campaigns/99999"
    assert set(reading.campaigns) == {"99999"}
    assert (reading.is_whole, reading.dialect) == (True, "current")


async def test_an_amount_is_written_in_its_wrapper() -> None:
    async with account(with_token(always(http(200, DONE))), dialect="current") as there:
        result = await written(there, item("99999", "123.50"))
        (call,) = there.calls
    assert (call.method, call.path) == ("PATCH", "/2026-07/marketing-solutions/campaigns")
    assert call.json == {
        "data": [
            {
                "type": "Campaign",
                "id": "99999",
                "attributes": {
                    "spendLimit": {
                        "spendLimitRenewal": "daily",
                        "spendLimitType": "capped",
                        "spendLimitAmount": {"value": 123.5},
                    }
                },
            }
        ]
    }
    assert b'"spendLimitAmount":{"value":123.5}}' in call.body
    assert result.verdicts["99999"].outcome is Outcome.APPLIED


async def test_a_new_campaign_has_a_bare_amount_and_its_advertiser_as_text() -> None:
    changes = {
        "name": "My Campaign",
        "native.goal": "Retention",
        "native.advertiserId": "12345",
        "budget.daily": "123.45",
    }
    new = WriteItem(external_id="+7", changes=changes, remote={}, is_create=True)
    answer = {"data": SHOWN, "errors": [], "warnings": []}
    async with account(with_token(always(http(201, answer))), dialect="current") as there:
        call = WriteCall(operation=CREATE, items=(new,))
        result = await there.adapter.write(call, there.intend)
        (arrival,) = there.calls
    assert (arrival.method, arrival.path) == ("POST", "/2026-07/marketing-solutions/campaigns")
    assert arrival.json == {
        "data": {
            "type": "Campaign",
            "attributes": {
                "name": "My Campaign",
                "advertiserId": "12345",
                "goal": "Retention",
                "spendLimit": {
                    "spendLimitRenewal": "daily",
                    "spendLimitType": "capped",
                    "spendLimitAmount": 123.45,
                },
            },
        }
    }
    verdict = result.verdicts["+7"]
    assert (verdict.outcome, verdict.created_id) == (Outcome.APPLIED, "99999")
    assert verdict.warnings == (), "the goal's other spelling is no other goal"


async def test_a_lost_create_is_looked_for_below_the_version() -> None:
    changes = {
        "name": "My Campaign",
        "native.goal": "Retention",
        "native.advertiserId": "12345",
        "budget.daily": "123.45",
    }
    new = WriteItem(external_id="+7", changes=changes, remote={}, is_create=True)
    async with account(
        with_token(always(http(200, {"data": [SHOWN]}))), dialect="current"
    ) as there:
        reading = await there.adapter.find(new)
        assert there.calls[0].path == "/2026-07/marketing-solutions/campaigns/search"
    assert (set(reading.campaigns), reading.dialect) == ({"99999"}, "current")


async def test_the_new_name_of_the_trace_id_comes_first() -> None:
    error = {"code": "c", "instance": "@data/0", "traceId": "new", "traceIdentifier": "old"}
    for names, trace_id in ((error, "new"), (error | {"traceId": None}, "old")):
        answer = http(200, {"data": [], "errors": [names]})
        async with account(with_token(always(answer)), dialect="current") as there:
            result = await written(there, item("a"))
        assert result.verdicts["a"].trace_id == trace_id


def test_a_campaign_is_the_same_in_both_dialects() -> None:
    """A change of the dialect moves the bytes of every row and nothing that people set."""
    documented, bare = rows.read(_bytes(CAMPAIGN), "EUR")
    current, wrapped = rows.read(_bytes(SHOWN), "EUR")
    assert (bare, wrapped) == ("documented", "current")
    assert documented.values == current.values
    assert documented.fingerprint == current.fingerprint
    assert documented.raw_digest != current.raw_digest
    assert b'"goal":"retention"' in current.raw, "the provider's own spelling stays in the row"


@pytest.mark.parametrize(
    ("written_so", "shown"),
    [
        ("acquisition", "Acquisition"),
        ("Acquisition", "Acquisition"),
        ("unspecified", "Unspecified"),
        ("Unspecified", "Unspecified"),
        ("RETENTION", "Retention"),
        ("appInstall", "appInstall"),
        (None, None),
    ],
)
def test_a_goal_has_one_spelling_and_an_unknown_one_its_own(
    written_so: str | None, shown: str | None
) -> None:
    row = copy.deepcopy(SHOWN)
    row["attributes"]["goal"] = written_so
    campaign, _ = rows.read(_bytes(row), None)
    assert (campaign.goal, campaign.values["native.goal"]) == (shown, shown)


def _bytes(row: Any) -> bytes:
    body = http(200, row).head.partition(b"\r\n\r\n")[2]
    return body.replace(b'": ', b'":')


NEW_TRACE = {"title": "t", "traceId": "x", "traceIdentifier": "x"}
OLD_TRACE = {"title": "t", "traceIdentifier": "x"}
MARKS: dict[str, tuple[list[Any], list[Any], str | None]] = {
    "nothing": ([], [], None),
    "a bare amount": ([CAMPAIGN], [], "documented"),
    "a wrapped amount": ([SHOWN], [], "current"),
    "a bare null": ([uncapped(None)], [], None),
    "a wrapped null": ([uncapped({"value": None})], [], "current"),
    "a bare null beside a bare amount": ([uncapped(None), CAMPAIGN], [], "documented"),
    "a bare null beside a wrapped amount": ([uncapped(None), SHOWN], [], "current"),
    "both": ([CAMPAIGN, SHOWN | {"id": "2"}], [], None),
    "a row that cannot be read": ([{"id": "1"}, CAMPAIGN], [], "documented"),
    "the new trace id": ([], [NEW_TRACE], "current"),
    "the old trace id": ([], [OLD_TRACE], None),
    "a bare amount and the new trace id": ([CAMPAIGN], [NEW_TRACE], None),
    "a wrapped amount and the old trace id": ([SHOWN], [OLD_TRACE], "current"),
}


@pytest.mark.parametrize("account_speaks", ["documented", "current"])
@pytest.mark.parametrize("what", MARKS)
async def test_an_answer_shows_its_dialect_by_its_marks(what: str, account_speaks: str) -> None:
    data, errors, dialect = MARKS[what]
    reply = http(200, {"data": data, "errors": errors})
    async with account(with_token(always(reply)), dialect=account_speaks) as there:
        (page,) = [page async for page in there.adapter.pages()]
        reading = await there.adapter.read(["1", "99999"])
    assert page.dialect == dialect
    assert reading.dialect == dialect


@pytest.mark.parametrize(
    ("answer", "dialect"),
    [
        ({"data": CAMPAIGN}, "documented"),
        ({"data": SHOWN}, "current"),
        ({"data": uncapped(None, "99999")}, None),
        ({"data": CAMPAIGN, "errors": [NEW_TRACE]}, None),
        ({"data": None, "errors": [NEW_TRACE | {"code": "campaign-not-found"}]}, "current"),
        ({"data": None, "errors": [OLD_TRACE | {"code": "campaign-not-found"}]}, None),
    ],
)
async def test_a_single_reading_shows_its_dialect_too(answer: Any, dialect: str | None) -> None:
    async with account(with_token(always(http(200, answer)))) as there:
        reading = await there.adapter.read(["99999"])
    assert reading.dialect == dialect


@pytest.mark.parametrize("dialect", ["documented", "current"])
async def test_an_address_that_is_not_there_names_base_url_and_dialect(dialect: str) -> None:
    words = ("base_url", '"documented" asks below /marketing-solutions', '"current" below /2026-07')
    missing = http(404, {"errors": [{"code": "not-found", "title": "Not found"}]})
    async with account(with_token(always(missing)), dialect=dialect) as there:
        with pytest.raises(CallRefused) as caught:
            _ = [page async for page in there.adapter.pages()]
        with pytest.raises(CallRefused):
            await there.adapter.read(["99999"])
        result = await written(there, item("a"), item("b"))
    assert result.whole is Whole.UNUSABLE
    for remedy in (caught.value.remedy, result.remedy):
        assert all(word in remedy for word in words)


MISREAD: dict[str, bytes | dict[str, Any]] = {
    "a problem": {
        "errors": [{"code": "m", "detail": "spendLimitAmount must be an object with a value"}]
    },
    "the other way": {"errors": [{"title": "spendLimitAmount must be a number or null"}]},
    "a converter's words": {
        "errors": {
            "$.data[0].attributes.spendLimit.spendLimitAmount": [
                "The JSON value could not be converted to NillableDecimal."
            ]
        }
    },
    "no JSON": b"Deserialization of data[0].attributes.spendLimit.spendLimitAmount failed",
}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("what", MISREAD)
async def test_an_amount_of_the_wrong_type_is_no_fault_of_an_item(what: str, count: int) -> None:
    """Halving such a call would end in a refusal of every single change in it."""
    async with account(with_token(always(http(400, MISREAD[what])))) as there:
        result = await written(there, *(item(str(number)) for number in range(count)))
    assert result.whole is Whole.UNUSABLE
    assert {one.outcome for one in result.verdicts.values()} == {Outcome.NOT_JUDGED}
    assert "set the other dialect" in result.remedy


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"title": "spendLimitAmount must be at least 5"}]},
        {"errors": [{"title": "spendLimitAmount is too large"}]},
        {"errors": [{"title": "data[1].id could not be converted"}]},
        {"errors": [{"title": "the body could not be deserialized"}]},
        b"",
    ],
)
async def test_any_other_400_is_looked_for_in_halves(body: Any) -> None:
    async with account(with_token(always(http(400, body)))) as there:
        result = await written(there, item("a"), item("b"))
    assert result.whole is Whole.INVALID


async def test_those_words_mean_nothing_with_another_status() -> None:
    for status, whole in ((422, Whole.INVALID), (404, Whole.UNUSABLE), (500, None)):
        reply = http(status, MISREAD["no JSON"])
        async with account(with_token(always(reply))) as there:
            result = await written(there, item("a"), item("b"))
        assert result.whole is whole
        assert "the other dialect" not in result.remedy


OTHER_PERIOD = WriteItem(
    external_id="99999",
    changes={"budget.daily": "unlimited", "budget.monthly": "3000.50"},
    remote=UNLIMITED | {"budget.daily": "100"},
)


@pytest.mark.parametrize(
    ("dialect", "amount"), [("documented", 3000.5), ("current", {"value": 3000.5})]
)
async def test_a_change_of_the_period_is_one_limit_in_one_call(dialect: str, amount: Any) -> None:
    async with account(with_token(always(http(200, DONE))), dialect=dialect) as there:
        plan = there.adapter.plan([OTHER_PERIOD])
        assert plan.refused == {}
        (call,) = plan.calls
        assert dict(call.items[0].changes) == dict(OTHER_PERIOD.changes), "it carries both paths"
        result = await there.adapter.write(call, there.intend)
        (arrival,) = there.calls
    assert arrival.json["data"] == [
        {
            "type": "Campaign",
            "id": "99999",
            "attributes": {
                "spendLimit": {
                    "spendLimitRenewal": "monthly",
                    "spendLimitType": "capped",
                    "spendLimitAmount": amount,
                }
            },
        }
    ]
    assert result.verdicts["99999"].outcome is Outcome.APPLIED


@pytest.mark.parametrize(
    ("changes", "remote"),
    [
        (
            {"budget.lifetime": "9", "budget.monthly": "unlimited"},
            UNLIMITED | {"budget.monthly": "300"},
        ),
        (
            {**UNLIMITED, "budget.daily": "9"},
            UNLIMITED | {"budget.lifetime": "300"},
        ),
        ({"budget.daily": "9", "budget.monthly": "unlimited"}, UNLIMITED),
        ({"budget.daily": "9", "budget.monthly": "unlimited"}, UNLIMITED | {"budget.daily": "5"}),
    ],
)
async def test_other_ways_to_say_the_same_are_taken(
    changes: dict[str, str | None], remote: dict[str, str | None]
) -> None:
    one = WriteItem(external_id="a", changes=changes, remote=remote)
    async with account(with_token(always(http(200)))) as there:
        plan = there.adapter.plan([one])
    assert plan.refused == {}
    assert [call.items for call in plan.calls] == [(one,)]


async def test_a_call_that_is_too_large_goes_out_in_halves() -> None:
    """Seven campaigns, and a provider that takes two: every half is a call of the same kind."""

    def script(arrival: Arrival) -> Reply:
        data = arrival.json["data"]
        if len(data) > 2:
            return http(413, "Payload Too Large")
        return http(200, {"data": [{"type": "Campaign", "id": one["id"]} for one in data]})

    async with account(with_token(script), dialect="current") as there:
        waiting = list(there.adapter.plan([item(str(number)) for number in range(7)]).calls)
        outcomes: dict[str, Outcome] = {}
        while waiting:
            call = waiting.pop(0)
            result = await there.adapter.write(call, there.intend)
            outcomes |= {one: verdict.outcome for one, verdict in result.verdicts.items()}
            if result.whole is Whole.TOO_LARGE:
                assert {one.outcome for one in result.verdicts.values()} == {Outcome.NOT_JUDGED}
                assert "push.batch" in result.remedy
                middle = len(call.items) // 2
                halves = (call.items[:middle], call.items[middle:])
                waiting += [WriteCall(operation=call.operation, items=half) for half in halves]
        sizes = [len(arrival.json["data"]) for arrival in there.calls]
    assert outcomes == dict.fromkeys("0123456", Outcome.APPLIED)
    assert sizes == [7, 3, 4, 1, 2, 2, 2]
