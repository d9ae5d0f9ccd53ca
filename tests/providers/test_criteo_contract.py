"""Every example of Criteo's campaign documentation, in both directions: what it shows as a request
is what the adapter sends, what it shows as an answer is what the adapter understands."""

from __future__ import annotations

from decimal import Decimal

from syncd.model.call import WriteItem
from syncd.model.update import Outcome
from tests.providers.accounts import CAMPAIGN, SECRET, account, always, item, with_token
from tests.providers.scripted import http

SEARCH_ANSWER = {"data": [CAMPAIGN], "errors": []}
ONE_LIMIT = {
    "data": [
        {
            "type": "Campaign",
            "id": "99999",
            "attributes": {
                "spendLimit": {
                    "spendLimitRenewal": "daily",
                    "spendLimitType": "capped",
                    "spendLimitAmount": 123.45,
                }
            },
        }
    ]
}
TWO_LIMITS = {
    "data": [
        {
            "type": "Campaign",
            "id": "99999",
            "attributes": {
                "spendLimit": {
                    "spendLimitRenewal": "daily",
                    "spendLimitType": "capped",
                    "spendLimitAmount": 123.5,
                }
            },
        },
        {
            "type": "Campaign",
            "id": "88888",
            "attributes": {
                "spendLimit": {
                    "spendLimitRenewal": "daily",
                    "spendLimitType": "capped",
                    "spendLimitAmount": -9000,
                }
            },
        },
    ]
}
PARTIAL = {
    "data": [{"type": "Campaign", "id": "99999"}],
    "errors": [
        {
            "traceIdentifier": "56ed4096-f96a-4944-8881-05468efe0ec8",
            "type": "validation",
            "code": "campaign--campaign-update-check--validation-failed-on-spend-limit",
            "instance": "@data/1",
            "title": "Validation failed on spend limit",
            "detail": "There was an issue with the spend limit value specified.",
        }
    ],
    "warnings": [],
}


async def test_a_search_by_advertiser_is_sent_and_read_as_documented() -> None:
    script = with_token(always(http(200, SEARCH_ANSWER)))
    async with account(script, scope={"advertisers": ("12345",)}, currency="EUR") as there:
        (page,) = [page async for page in there.adapter.pages()]
        (call,) = there.calls
    assert (call.method, call.path) == ("POST", "/marketing-solutions/campaigns/search")
    assert call.json == {"filters": {"advertiserIds": ["12345"]}}
    assert call.headers["content-type"] == "application/json"
    assert call.headers["authorization"] == "Bearer token-1"
    (campaign,) = page.campaigns
    assert page.is_whole
    assert page.bad == ()
    assert page.label == "advertiser 12345"
    assert campaign.external_id == "99999"
    assert campaign.name == "My Campaign"
    assert campaign.goal == "Retention"
    assert (campaign.part, campaign.currency) == ("12345", "EUR")
    assert campaign.budgets == {
        "daily": Decimal("123.45"),
        "monthly": "unlimited",
        "lifetime": "unlimited",
    }
    assert campaign.values == {
        "name": "My Campaign",
        "budget.daily": "123.45",
        "budget.monthly": "unlimited",
        "budget.lifetime": "unlimited",
        "native.goal": "Retention",
        "native.advertiserId": "12345",
    }


async def test_a_search_of_everything_sends_empty_filters() -> None:
    async with account(with_token(always(http(200, SEARCH_ANSWER)))) as there:
        (page,) = [page async for page in there.adapter.pages()]
        assert there.calls[0].json == {"filters": {}}
    assert page.label == "all advertisers"
    assert len(page.campaigns) == 1


async def test_campaigns_are_read_by_ids_within_the_scope() -> None:
    script = with_token(always(http(200, SEARCH_ANSWER)))
    async with account(script, scope={"advertisers": ("12345",)}) as there:
        reading = await there.adapter.read(["99999", "88888"])
        assert there.calls[0].json == {
            "filters": {"campaignIds": ["99999", "88888"], "advertiserIds": ["12345"]}
        }
    assert reading.is_whole
    assert set(reading.campaigns) == {"99999"}


async def test_one_campaign_is_read_by_get() -> None:
    script = with_token(always(http(200, {"data": CAMPAIGN, "errors": []})))
    async with account(script) as there:
        reading = await there.adapter.read(["99999"])
        assert there.calls[0].method == "GET"
        assert there.calls[0].path == "/marketing-solutions/campaigns/99999"
    assert reading.is_whole
    assert reading.campaigns["99999"].budgets["daily"] == Decimal("123.45")


async def test_the_same_campaign_has_the_same_bytes_in_a_search_and_by_get() -> None:
    script = with_token(
        lambda one: http(200, {"data": CAMPAIGN if one.method == "GET" else [CAMPAIGN]})
    )
    async with account(script) as there:
        (page,) = [page async for page in there.adapter.pages()]
        reading = await there.adapter.read(["99999"])
    assert page.campaigns[0].raw_digest == reading.campaigns["99999"].raw_digest


async def test_one_update_is_sent_and_read_as_documented() -> None:
    answer = {"data": [{"type": "Campaign", "id": "99999"}], "errors": [], "warnings": []}
    async with account(with_token(always(http(200, answer)))) as there:
        result = await there.write(item("99999", "123.45"))
        (call,) = there.calls
    assert (call.method, call.path) == ("PATCH", "/marketing-solutions/campaigns")
    assert call.json == ONE_LIMIT
    assert b"123.45" in call.body
    assert (result.status, result.whole) == (200, None)
    assert result.verdicts["99999"].outcome is Outcome.APPLIED


async def test_a_partial_success_settles_each_campaign_by_its_own_word() -> None:
    async with account(with_token(always(http(200, PARTIAL)))) as there:
        # A negative amount never gets past the plan; what the documents show is sent all the same.
        minus = WriteItem(external_id="88888", changes={"budget.daily": "-9000"}, remote={})
        result = await there.write(item("99999", "123.50"), minus)
        assert there.calls[0].json == TWO_LIMITS
    assert result.verdicts["99999"].outcome is Outcome.APPLIED
    refused = result.verdicts["88888"]
    assert refused.outcome is Outcome.REJECTED
    assert refused.code == "campaign--campaign-update-check--validation-failed-on-spend-limit"
    assert refused.message == (
        "Validation failed on spend limit: There was an issue with the spend limit value specified."
    )
    assert refused.trace_id == "56ed4096-f96a-4944-8881-05468efe0ec8"


async def test_the_token_is_asked_for_as_documented() -> None:
    async with account(with_token(always(http(200, SEARCH_ANSWER)))) as there:
        await there.adapter.read(["99999", "1"])
        await there.adapter.read(["99999", "1"])
        (call,) = there.token_calls
    assert call.method == "POST"
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    quoted = SECRET.replace("/", "%2F").replace("+", "%2B")
    assert call.body.decode() == (
        f"grant_type=client_credentials&client_id=client&client_secret={quoted}"
    )
