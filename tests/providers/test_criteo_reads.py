"""Searches and single reads beyond the documented examples: the other dialect, bad rows, refusals,
retries, and what may be concluded from an absence."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from syncd.errors import (
    AuthFailed,
    BadAnswer,
    CallRefused,
    Forbidden,
    LimitWait,
    NoAnswer,
    NotSent,
    ProviderDown,
    ProviderError,
    Throttled,
)
from syncd.limiter import Freeze, Limits
from syncd.model.campaign import Campaign
from syncd.model.limits import Limit
from syncd.model.listing import BadRow, Page
from syncd.providers.criteo import rows
from syncd.providers.fields import bad_row
from tests.providers.accounts import CAMPAIGN, TOKEN, Account, account, always, in_turn, with_token
from tests.providers.scripted import Arrival, Reply, http


def changed(**attributes: Any) -> dict[str, Any]:
    row = copy.deepcopy(CAMPAIGN)
    row["attributes"].update(attributes)
    return row


def limit(kind: Any, renewal: Any, amount: Any) -> dict[str, Any]:
    return changed(
        spendLimit={
            "spendLimitType": kind,
            "spendLimitRenewal": renewal,
            "spendLimitAmount": amount,
        }
    )


def encoded(row: Any) -> bytes:
    return json.dumps(row).encode()


def parsed(row: bytes, currency: dict[str, str] | None = None) -> Campaign:
    campaign, _ = rows.read(row, currency)
    return campaign


async def pages(there: Account) -> list[Page]:
    return [page async for page in there.adapter.pages()]


async def page_of(reply: Reply, **changes: Any) -> Page:
    async with account(with_token(always(reply)), **changes) as there:
        (page,) = await pages(there)
    return page


@pytest.mark.parametrize(
    ("row", "budgets"),
    [
        (limit("capped", "daily", 100), {"daily": "100"}),
        (limit("capped", "monthly", {"value": 100.5}), {"monthly": "100.5"}),
        (limit("capped", "lifetime", 0), {"lifetime": "0"}),
        (limit("uncapped", "undefined", None), {}),
        (limit("uncapped", None, {"value": None}), {}),
    ],
)
def test_one_spend_limit_shows_as_three_periods(
    row: dict[str, Any], budgets: dict[str, str]
) -> None:
    values = parsed(encoded(row)).values
    assert {period: values[f"budget.{period}"] for period in ("daily", "monthly", "lifetime")} == {
        "daily": "unlimited",
        "monthly": "unlimited",
        "lifetime": "unlimited",
    } | budgets


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("19.989999", "19.989999"),
        ("0.30000000000000004", "0.3"),
        ("1E+2", "100"),
        ("12345678901234.123456", "12345678901234.123456"),
        ("-0.0", "0"),
    ],
)
def test_amounts_are_exact_to_the_sixth_decimal(text: str, amount: str) -> None:
    row = encoded(limit("capped", "daily", 1)).replace(
        b'"spendLimitAmount": 1', f'"spendLimitAmount": {text}'.encode()
    )
    assert parsed(row).values["budget.daily"] == amount


def test_the_other_dialect_is_read_too() -> None:
    row = changed(
        id="99999",
        advertiserId="12345",
        goal="retention",
        spendLimit={
            "spendLimitType": "capped",
            "spendLimitRenewal": "daily",
            "spendLimitAmount": {"value": 123.45},
        },
        budgetAutomation={"enabled": True},
        scheduledSpendLimits=[],
    )
    campaign = parsed(encoded(row), {"12345": "CHF"})
    assert campaign.budgets["daily"] == Decimal("123.45")
    assert (campaign.goal, campaign.part, campaign.currency) == ("Retention", "12345", "CHF")
    assert parsed(encoded(CAMPAIGN), {"1": "CHF"}).currency is None


def test_a_name_that_no_database_takes_is_cleaned_and_marked() -> None:
    row = encoded(changed(name="A\x00B")).replace(b"B", rb"B\ud800C")
    campaign = parsed(row)
    assert campaign.name == "A\ufffdB\ufffdC"
    assert campaign.native["name_cleaned"] == "true"
    assert campaign.raw == row
    for name in ("<script>alert(1)</script>", "=cmd|' /C calc'!A0", "عربى \u202e 😀", "é"):
        campaign = parsed(encoded(changed(name=name)))
        assert campaign.name == name
        assert "name_cleaned" not in campaign.native


def broken(path: str, value: Any) -> dict[str, Any]:
    row = copy.deepcopy(CAMPAIGN)
    *parents, last = path.split(".")
    place = row
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return row


AMOUNT = "attributes.spendLimit.spendLimitAmount"
TYPE = "attributes.spendLimit.spendLimitType"
RENEWAL = "attributes.spendLimit.spendLimitRenewal"


@pytest.mark.parametrize("value", [..., None])
async def test_a_name_or_limit_that_is_not_shown_leaves_the_campaign_in_the_pull(
    value: Any,
) -> None:
    rows = [broken("attributes.name", value), broken("attributes.spendLimit", value)]
    page = await page_of(http(200, {"data": rows, "errors": []}))
    assert page.bad == ()
    nameless, limitless = page.campaigns
    assert (nameless.name, nameless.values["budget.daily"]) == ("", "123.45")
    assert not [path for path in limitless.values if path.startswith("budget.")]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("type", "AdSet"),
        ("attributes", ...),
        ("attributes", []),
        ("attributes.name", 5),
        ("attributes.spendLimit", []),
        ("attributes.goal", 5),
        ("attributes.advertiserId", ...),
        ("attributes.advertiserId", 1.5),
        ("attributes.advertiserId", True),
        ("attributes.advertiserId", ""),
        (TYPE, "paced"),
        (TYPE, None),
        (TYPE, {}),
        (TYPE, "uncapped"),
        (RENEWAL, "weekly"),
        (RENEWAL, "undefined"),
        (RENEWAL, []),
        (RENEWAL, None),
        (AMOUNT, ...),
        (AMOUNT, None),
        (AMOUNT, {}),
        (AMOUNT, {"value": None}),
        (AMOUNT, {"value": "1"}),
        (AMOUNT, -1),
        (AMOUNT, 10**14),
        (AMOUNT, True),
        (AMOUNT, "123.45"),
        (AMOUNT, "NaN"),
        (AMOUNT, "5_0"),
        (AMOUNT, "1,000.50"),
        (AMOUNT, []),
    ],
)
async def test_a_row_that_would_have_to_be_guessed_is_kept_as_a_bad_row(
    path: str, value: Any
) -> None:
    row = broken(path, value)
    page = await page_of(http(200, {"data": [row, changed()], "errors": []}))
    (bad,) = page.bad
    assert bad.external_id == "99999"
    assert json.loads(bad.raw) == row
    assert bad.message
    assert len(page.campaigns) == 1, "the rest goes on"
    assert page.is_whole


@pytest.mark.parametrize(
    ("row", "external_id"),
    [
        (b"5", None),
        (b"null", None),
        (b"{}", None),
        (b'{"id":null}', None),
        (b'{"id":""}', None),
        (b'{"id":"a\\u0000b"}', None),
        (b'{"id":"7","id":"7"}', "7"),
        (b'{"id":"8","x":1e400}', "8"),
        (b'{"id":9,"x":' + b"9" * 5000 + b"}", "9"),
    ],
)
async def test_a_bad_row_has_its_id_where_one_can_be_read(
    row: bytes, external_id: str | None
) -> None:
    page = await page_of(http(200, b'{"data":[' + row + b"]}"))
    assert [(bad.external_id, bad.raw) for bad in page.bad] == [(external_id, row)]


def test_a_campaign_id_may_come_as_a_number_of_any_length() -> None:
    row = broken("id", 2**70)
    assert parsed(encoded(row)).external_id == str(2**70)
    assert parsed(encoded(broken("id", "007"))).external_id == "007"
    assert parsed(encoded(broken("type", ...))).external_id == "99999"


async def test_one_search_per_advertiser_leaves_when_it_is_asked_for() -> None:
    def script(arrival: Arrival) -> Reply:
        (advertiser,) = arrival.json["filters"]["advertiserIds"]
        return http(200, {"data": [changed(advertiserId=advertiser)], "errors": None})

    async with account(with_token(script), scope={"advertisers": ("1", "2", "3")}) as there:
        listing = there.adapter.pages()
        for number in (1, 2, 3):
            page = await anext(listing)
            assert len(there.calls) == number
            assert page.label == f"advertiser {number}"
            assert page.campaigns[0].part == str(number)
            assert page.total == 3
        with pytest.raises(StopAsyncIteration):
            await anext(listing)


async def test_a_row_of_another_advertiser_is_a_bad_row() -> None:
    reply = http(200, {"data": [CAMPAIGN]})
    page = await page_of(reply, scope={"advertisers": ("777",)})
    assert page.campaigns == ()
    (bad,) = page.bad
    assert bad.external_id == "99999"
    assert bad.message == "it belongs to advertiser 12345, and 777 was asked for"


@pytest.mark.parametrize(
    ("answer", "notes"),
    [
        ({"data": [CAMPAIGN], "errors": [{"title": "Left out", "detail": "x"}]}, ["Left out: x"]),
        ({"data": [CAMPAIGN], "errors": ["?"]}, ["an entry that cannot be read"]),
        ({"data": None, "errors": []}, ["the answer has no list of campaigns"]),
        ({"data": {}, "errors": []}, ["the answer has no list of campaigns"]),
        ({}, ["the answer has no list of campaigns"]),
    ],
)
async def test_a_page_with_errors_or_without_a_list_is_not_whole(
    answer: Any, notes: list[str]
) -> None:
    page = await page_of(http(200, answer))
    assert not page.is_whole
    assert list(page.notes) == notes


async def test_an_empty_list_is_a_whole_page() -> None:
    page = await page_of(http(200, {"data": [], "warnings": [{"title": "w"}]}))
    assert (page.campaigns, page.bad, page.is_whole) == ((), (), True)


async def test_duplicates_are_passed_on_as_they_come() -> None:
    page = await page_of(http(200, {"data": [CAMPAIGN, CAMPAIGN]}))
    assert len(page.campaigns) == 2


REFUSALS: dict[str, tuple[Reply, type[ProviderError], str, int]] = {
    "400": (http(400, {"errors": [{"code": "required-field", "title": "R"}]}), CallRefused, "R", 1),
    "401": (http(401), AuthFailed, "client_id", 2),
    "403": (http(403), Forbidden, "consent", 1),
    "404": (http(404, "<html>"), CallRefused, "base_url, which is the host alone, and dialect", 1),
    "410": (http(410), CallRefused, "version is retired: set another dialect", 1),
    "415": (http(415), CallRefused, "", 1),
    "418": (http(418), CallRefused, "", 1),
    "500": (http(500), ProviderDown, "", 4),
    "503": (http(503, "down"), ProviderDown, "", 4),
    "429 for an hour": (http(429, b"", {"Retry-After": "3600"}), Throttled, "", 1),
    "202": (http(202, {"data": []}), BadAnswer, "", 4),
    "204": (http(204), BadAnswer, "", 4),
    "HTML": (http(200, "<html>"), BadAnswer, "", 4),
    "a list": (http(200, []), BadAnswer, "", 4),
    "errors that are none": (http(200, {"data": [], "errors": "x"}), BadAnswer, "", 4),
    "a key twice": (http(200, '{"data":[],"data":[]}'), BadAnswer, "", 4),
    "a redirect": (http(302, b"", {"Location": "/x"}), BadAnswer, "base_url", 4),
    "a dropped connection": (Reply(ends="reset"), NoAnswer, "", 4),
    "no answer in time": (Reply(hangs=True), NoAnswer, "", 4),
}


@pytest.mark.parametrize("what", REFUSALS)
async def test_each_refusal_of_a_search_has_its_error(what: str) -> None:
    reply, kind, words, calls = REFUSALS[what]
    async with account(with_token(always(reply))) as there:
        with pytest.raises(kind) as caught:
            await pages(there)
        assert len(there.calls) == calls
        assert there.limits.taken()["POST campaigns/search"] == calls
    assert words in caught.value.message + caught.value.remedy
    assert caught.value.status in {None, reply.head[9:12] and int(reply.head[9:12] or 0)}


async def test_a_refusal_carries_the_providers_code_title_and_trace() -> None:
    problem = {"traceId": "abc", "code": "required-field", "title": "Required", "detail": "name"}
    async with account(with_token(always(http(400, {"errors": [problem]})))) as there:
        with pytest.raises(CallRefused) as caught:
            await pages(there)
    error = caught.value
    assert (error.code, error.trace_id, error.status) == ("required-field", "abc", 400)
    assert error.message == "POST campaigns/search: HTTP 400: Required: name"


async def test_a_provider_that_is_not_there_is_told_apart() -> None:
    async with account(with_token(always(http(200)))) as there:
        there.server.close()
        with pytest.raises(NotSent):
            await pages(there)


async def test_an_expired_token_is_renewed_once_within_a_read() -> None:
    tokens = iter(("old", "new"))

    def script(arrival: Arrival) -> Reply:
        if arrival.path == "/oauth2/token":
            return http(200, TOKEN | {"access_token": next(tokens)})
        is_good = arrival.headers["authorization"] == "Bearer new"
        return http(200, {"data": [CAMPAIGN]}) if is_good else http(401)

    async with account(script) as there:
        (page,) = await pages(there)
        assert len(page.campaigns) == 1
        assert there.limits.taken() == {"token": 2, "POST campaigns/search": 2}


async def test_a_failure_that_passes_is_tried_again_with_a_permit_each() -> None:
    script = in_turn(http(500), Reply(ends="closed"), http(200, b"{"), http(200, {"data": []}))
    async with account(with_token(script)) as there:
        (page,) = await pages(there)
        assert page.is_whole
        assert there.limits.taken() == {"token": 1, "POST campaigns/search": 4}


async def test_a_throttled_search_freezes_the_account_and_goes_on_after_it() -> None:
    freezes: list[Freeze] = []

    async def remember(freeze: Freeze) -> None:
        freezes.append(freeze)

    limits = Limits([], patience=5, on_freeze=remember)
    script = in_turn(http(429, b"", {"x-ratelimit-reset": "1"}), http(200, {"data": []}))
    async with account(with_token(script), limits=limits) as there:
        (page,) = await pages(there)
    assert page.is_whole
    assert freezes == [Freeze(seconds=1.0, reason="Criteo throttles (HTTP 429)")]


async def test_a_freeze_longer_than_the_patience_stops_the_next_read_before_it_leaves() -> None:
    async with account(with_token(always(http(429, b"", {"Retry-After": "60"})))) as there:
        with pytest.raises(Throttled):
            await pages(there)
        with pytest.raises(LimitWait):
            await pages(there)
        assert len(there.calls) == 1
        assert 30 < there.limits.frozen_for() <= 60


async def test_an_announced_ceiling_lowers_the_limit() -> None:
    limits = Limits([Limit(count=10_000, window=60)], patience=5, on_freeze=None)
    reply = http(200, {"data": []}, {"X-RateLimit-Limit": "5"})
    async with account(with_token(always(reply)), limits=limits) as there:
        await pages(there)
        with pytest.raises(LimitWait, match="limit"):
            await pages(there)


async def test_a_maintenance_with_a_time_freezes_like_a_throttling() -> None:
    async with account(with_token(always(http(503, b"", {"Retry-After": "60"})))) as there:
        with pytest.raises(LimitWait, match="503"):
            await pages(there)
        assert len(there.calls) == 1


@pytest.mark.parametrize(
    ("reply", "is_whole"),
    [
        (http(404, {"data": None, "errors": [{"code": "campaign-not-found"}]}), True),
        (http(200, {"data": None, "errors": [{"code": "campaign-not-found"}]}), True),
        (http(200, {"data": None, "errors": [{"code": "other"}]}), False),
        (http(200, {"data": None, "errors": []}), False),
        (http(200, {"data": {**CAMPAIGN, "id": "1"}}), False),
        (http(200, {"data": broken(TYPE, "paced")}), False),
        (http(200, {"data": changed(advertiserId="9")}), False),
    ],
)
async def test_a_campaign_that_a_single_read_does_not_show(reply: Reply, *, is_whole: bool) -> None:
    async with account(with_token(always(reply)), scope={"advertisers": ("12345",)}) as there:
        reading = await there.adapter.read(["99999"])
    assert (reading.campaigns, reading.is_whole) == ({}, is_whole)


async def test_a_404_in_other_words_proves_no_absence() -> None:
    async with account(with_token(always(http(404, "no such route")))) as there:
        with pytest.raises(CallRefused, match="HTTP 404"):
            await there.adapter.read(["99999"])


async def test_where_a_single_read_finds_no_such_page_the_search_decides() -> None:
    shown = http(200, {"data": [CAMPAIGN], "errors": []})
    none = http(200, {"data": [], "errors": []})
    for answer, ids in ((shown, {"99999"}), (none, set())):
        async with account(with_token(in_turn(http(404, "<html>"), answer))) as there:
            reading = await there.adapter.read(["99999"])
        assert (set(reading.campaigns), reading.is_whole) == (ids, True)


async def test_an_id_cannot_lead_to_another_path() -> None:
    reply = http(200, {"data": None, "errors": [{"code": "campaign-not-found"}]})
    async with account(with_token(always(reply))) as there:
        await there.adapter.read(["../x?y#z"])
        assert there.calls[0].path == "/marketing-solutions/campaigns/..%2Fx%3Fy%23z"


async def test_a_reading_by_ids_with_errors_or_bad_rows_proves_no_absence() -> None:
    for answer in (
        {"data": [CAMPAIGN], "errors": [{"title": "x"}]},
        {"data": [CAMPAIGN, {"id": "1"}]},
    ):
        async with account(with_token(always(http(200, answer)))) as there:
            reading = await there.adapter.read(["99999", "1"])
        assert set(reading.campaigns) == {"99999"}
        assert not reading.is_whole


async def test_campaigns_that_were_not_asked_for_are_left_out() -> None:
    async with account(with_token(always(http(200, {"data": [CAMPAIGN]})))) as there:
        reading = await there.adapter.read(["1", "2"])
    assert (reading.campaigns, reading.is_whole) == ({}, True)


async def test_ten_thousand_campaigns_keep_their_own_bytes() -> None:
    listing = [{**CAMPAIGN, "id": str(number)} for number in range(10_000)]
    page = await page_of(http(200, {"data": listing}), read_timeout=20.0)
    assert [campaign.external_id for campaign in page.campaigns] == [
        str(number) for number in range(10_000)
    ]
    assert json.loads(page.campaigns[5000].raw) == listing[5000]


def test_a_bad_row_shows_no_control_characters() -> None:
    bad: BadRow = bad_row(b"{}", "a\nb")
    assert bad.message == "a<U+000A>b"
