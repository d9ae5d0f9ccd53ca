"""Pulls and single reads: what leaves, what a row becomes, and what an answer that is not as it
should be makes of the whole."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import aclosing
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from syncd.errors import (
    AuthFailed,
    BadAnswer,
    CallRefused,
    Forbidden,
    NoAnswer,
    ProviderDown,
    ProviderError,
    Throttled,
)
from syncd.limiter import Limits
from syncd.model.campaign import Status, StatusSeen
from syncd.model.listing import Evidence, Page
from syncd.providers.fields import RowError
from syncd.providers.icas import capabilities, rows
from tests.providers.accounts import always, in_turn
from tests.providers.icas.sellers import (
    API,
    CAMPAIGN_TYPE,
    EXAMPLE,
    LIST_TYPE,
    SECRET,
    Answering,
    Seller,
    create,
    problem,
    row,
    seller,
    with_tokens,
)
from tests.providers.scripted import Arrival, Reply, http

ABSENT = http(404, [{"code": 1004, "text": "not found", "msg": "The entity was not found"}])


def listed(*found: object, **more: object) -> Reply:
    return http(200, {"total": len(found), **more, "campaigns": list(found)})


def three_pages(total: int = 5) -> Answering:
    """Five campaigns, two a page, by token."""
    pages = {None: (1, 2), "t/2==": (3, 4), "t+3": (5,)}
    following = {None: "t/2==", "t/2==": "t+3"}

    def script(arrival: Arrival) -> Reply:
        token = parse_qs(urlsplit(arrival.path).query).get("pageToken", [None])[0]
        more = {"nextPageToken": following[token]} if token in following else {}
        return listed(*map(row, pages[token]), total=total, **more)

    return script


async def pull(there: Seller) -> list[Page]:
    async with aclosing(there.adapter.pages()) as pages:
        return [page async for page in pages]


async def pulled(script: Answering) -> tuple[list[Page], list[Arrival]]:
    async with seller(with_tokens(script)) as there:
        return await pull(there), there.calls


def ids(pages: list[Page]) -> list[str]:
    return [one.external_id for page in pages for one in page.campaigns]


async def test_the_documents_own_example_becomes_a_campaign() -> None:
    body = b'{"total":1,"campaigns":[' + EXAMPLE + b"]}"
    (page,), calls = await pulled(always(http(200, body)))
    (one,) = page.campaigns
    assert one.external_id == "123"
    assert one.raw == EXAMPLE
    assert one.values == {
        "name": "christmas stuff",
        "status": "active",
        "budget.daily": "10",
        "budget.lifetime": "unlimited",
        "native.vendorId": "123-abc-vjlkna-124",
    }
    assert (one.status, one.status_seen, one.status_raw) == ("active", "active", "ACTIVE")
    assert (one.is_default, one.currency) == (True, "EUR")
    assert one.created_at == dt.datetime(2022, 12, 25, 10, 4, 23, tzinfo=dt.UTC)
    assert one.updated_at == dt.datetime(2022, 12, 28, 22, 40, 15, tzinfo=dt.UTC)
    assert (page.is_whole, page.total, page.label, page.dialect) == (True, 1, "page 1", None)
    assert [(call.method, call.path) for call in calls] == [("GET", f"{API}/campaigns?limit=100")]


async def test_every_read_names_its_own_media_type_and_plain_json() -> None:
    def script(arrival: Arrival) -> Reply:
        return listed(row(1)) if "/campaigns" in arrival.path else http(200, EXAMPLE)

    async with seller(with_tokens(script)) as there:
        await pull(there)
        await there.adapter.read(["123"])
        await there.adapter.find(create(native_vendorId="v"))
        assert [call.headers["accept"] for call in there.calls] == [
            f"{LIST_TYPE}, application/json",
            f"{CAMPAIGN_TYPE}, application/json",
            f"{CAMPAIGN_TYPE}, application/json",
        ]
        assert all("content-type" not in call.headers for call in there.calls)
        assert there.limits.taken() == {
            "token": 1,
            "GET campaigns": 1,
            "GET campaign": 1,
            "GET campaign/byVendor": 1,
        }


@pytest.mark.parametrize(
    ("raw", "status", "seen"),
    [
        ("ACTIVE", Status.ACTIVE, StatusSeen.ACTIVE),
        ("PAUSED", Status.PAUSED, StatusSeen.PAUSED),
        ("BUDGET_REACHED", Status.ACTIVE, StatusSeen.LIMITED),
        ("DAILY_BUDGET_REACHED", Status.ACTIVE, StatusSeen.LIMITED),
        ("DELETED", Status.NONE, StatusSeen.UNKNOWN),
        ("active", Status.NONE, StatusSeen.UNKNOWN),
    ],
)
def test_each_status_is_what_was_asked_for_and_what_happens(
    raw: str, status: Status, seen: StatusSeen
) -> None:
    one = rows.campaign(json.dumps(row(1, status=raw)).encode(), None)
    assert (one.status, one.status_seen, one.status_raw) == (status, seen, raw)
    assert ("status" in one.values) == (status is not Status.NONE)


def test_spending_and_the_systems_own_status_move_no_fingerprint() -> None:
    def one(status: str, spent: str) -> bytes:
        budgets = {"daily": {"limitMicros": "5", "spentMicros": spent}}
        return rows.campaign(
            json.dumps(row(1, status=status, budgets=budgets)).encode(), "EUR"
        ).fingerprint

    assert one("ACTIVE", "1") == one("DAILY_BUDGET_REACHED", "5")
    assert one("ACTIVE", "1") != one("PAUSED", "1")


@pytest.mark.parametrize(
    ("limit", "amount"),
    [
        ("10000000", "10"),
        ("10000", "0.01"),
        ("1", "0.000001"),
        ("0", "0"),
        ("0010500000", "10.5"),
        ("2000000000000", "2000000"),
        ("99999999999999999999", "99999999999999.999999"),
        (10500000, "10.5"),
        ("UNLIMITED", "unlimited"),
    ],
)
def test_an_amount_is_exact_from_its_micros(limit: object, amount: str) -> None:
    budgets = {"daily": {"limitMicros": limit}, "total": {"limitMicros": limit}}
    one = rows.campaign(json.dumps(row(1, budgets=budgets)).encode(), None)
    assert one.values["budget.daily"] == one.values["budget.lifetime"] == amount
    for value in one.budgets.values():
        assert value == "unlimited" or isinstance(value, Decimal)


def test_micros_and_amounts_are_each_others_inverse() -> None:
    for number in (*range(0, 3_000_000, 997), 10**13 + 1, 10**20 - 1):
        shown = rows.budgets({"daily": {"limitMicros": str(number)}})["daily"]
        assert rows.micros(str(shown)) == str(number)
    assert rows.micros("unlimited") == "UNLIMITED"
    with pytest.raises(ValueError, match="no whole number"):
        rows.micros("0.0000001")


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({"title": None, "vendorId": None}, {"name": "", "native.vendorId": None}),
        ({"vendorId": ""}, {"native.vendorId": None}),
        ({"isDefault": None, "surprise": [1]}, {"name": "campaign 1"}),
        ({"title": "a\x00b"}, {"name": "a\ufffdb", "native.text_cleaned": "true"}),
        ({"vendorId": "\x00"}, {"native.vendorId": "\ufffd", "native.text_cleaned": "true"}),
        ({"title": "'; drop \u202e 🎄"}, {"name": "'; drop \u202e 🎄"}),
    ],
)
def test_what_is_not_set_or_not_known_is_no_reason_to_refuse_a_row(
    changes: dict[str, Any], values: dict[str, str | None]
) -> None:
    shown = rows.campaign(json.dumps(row(1, **changes)).encode(), None).values
    assert {path: shown[path] for path in values} == values


@pytest.mark.parametrize("key", ["title", "isDefault", "vendorId", "dateCreated", "budgets"])
def test_a_member_may_be_left_out(key: str) -> None:
    given = {name: value for name, value in row(1).items() if name != key}
    assert rows.campaign(json.dumps(given).encode(), None).external_id == "1"


def test_a_budget_that_is_not_shown_is_left_out_and_not_guessed() -> None:
    one = rows.campaign(json.dumps(row(1, budgets={"total": None})).encode(), None)
    assert not [path for path in one.values if path.startswith("budget.")]


BAD: dict[str, bytes] = {
    "no object": b"[]",
    "no id": json.dumps(row(1) | {"id": None}).encode(),
    "an id that is a fraction": json.dumps(row(1) | {"id": 1.5}).encode(),
    "no status": json.dumps(row(1, status=None)).encode(),
    "a status that is a number": json.dumps(row(1, status=1)).encode(),
    "a title that is a list": json.dumps(row(1, title=["x"])).encode(),
    "a flag that is a text": json.dumps(row(1, isDefault="false")).encode(),
    "a flag that is a number": json.dumps(row(1, isDefault=1)).encode(),
    "budgets that are a list": json.dumps(row(1, budgets=[])).encode(),
    "a budget that is a text": json.dumps(row(1, budgets={"daily": "5"})).encode(),
    "a key twice": json.dumps(row(1)).encode()[:-1] + b',"id":1}',
    **{
        f"limitMicros {limit!r}": json.dumps(
            row(1, budgets={"daily": {"limitMicros": limit}})
        ).encode()
        for limit in ("-1", "", " 5", "1.5", "1e3", "1,000", "unlimited", "٣", "9" * 21, 1.5, True)
    },
    "no limitMicros": json.dumps(row(1, budgets={"daily": {}})).encode(),
    "a negative number": json.dumps(row(1, budgets={"daily": {"limitMicros": -5}})).encode(),
}


@pytest.mark.parametrize("what", BAD)
async def test_a_bad_row_is_set_apart_and_the_rest_goes_on(what: str) -> None:
    with pytest.raises(RowError):
        rows.campaign(BAD[what], None)
    good = json.dumps(row(2)).encode()
    body = b'{"total":2,"campaigns":[' + BAD[what] + b"," + good + b"]}"
    (page,), _ = await pulled(always(http(200, body)))
    assert [one.raw for one in page.campaigns] == [good]
    assert [bad.raw for bad in page.bad] == [BAD[what]]
    assert page.bad[0].message
    assert page.is_whole


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2022-12-25T10:04:23Z", dt.datetime(2022, 12, 25, 10, 4, 23, tzinfo=dt.UTC)),
        ("2022-12-25T12:04:23+02:00", dt.datetime(2022, 12, 25, 10, 4, 23, tzinfo=dt.UTC)),
        ("2022-12-25T10:04:23", dt.datetime(2022, 12, 25, 10, 4, 23, tzinfo=dt.UTC)),
        (
            "2022-12-25T10:04:23:531Z",
            dt.datetime(2022, 12, 25, 10, 4, 23, 531_000, tzinfo=dt.UTC),
        ),
        ("0001-01-01T00:00:00+14:00", None),
        ("2022-02-30T00:00:00Z", None),
        ("soon", None),
        (5, None),
        (None, None),
    ],
)
def test_a_time_is_read_as_utc_or_not_at_all(given: object, moment: dt.datetime | None) -> None:
    assert rows.moment(given) == moment


async def test_pages_follow_the_token_until_none_is_named() -> None:
    pages, calls = await pulled(three_pages())
    assert ids(pages) == ["1", "2", "3", "4", "5"]
    assert [page.label for page in pages] == ["page 1", "page 2", "page 3"]
    assert all(page.is_whole for page in pages)
    assert [urlsplit(call.path).query for call in calls] == [
        "limit=100",
        "limit=100&pageToken=t%2F2%3D%3D",
        "limit=100&pageToken=t%2B3",
    ]


async def test_each_page_leaves_when_it_is_asked_for() -> None:
    async with (
        seller(with_tokens(three_pages())) as there,
        aclosing(there.adapter.pages()) as pages,
    ):
        assert there.server.arrivals == []
        await anext(pages)
        assert len(there.calls) == 1


async def test_a_token_that_ends_in_a_long_pull_is_renewed_for_the_next_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from syncd import timing

    start = timing.boottime()
    now = start
    monkeypatch.setattr(timing, "boottime", lambda: now)
    async with seller(with_tokens(three_pages())) as there:
        async with aclosing(there.adapter.pages()) as pages:
            async for _ in pages:
                now += 200
        assert len(there.token_calls) == 2
        assert [one.headers["authorization"][-1] for one in there.calls] == ["1", "1", "2"]


@pytest.mark.parametrize("token", [None, "", "absent"])
async def test_no_next_token_is_the_last_page(token: str | None) -> None:
    more = {} if token == "absent" else {"nextPageToken": token}
    pages, _ = await pulled(always(listed(row(1), **more)))
    assert ids(pages) == ["1"]
    assert pages[-1].is_whole


async def test_an_empty_account_is_a_whole_listing() -> None:
    pages, calls = await pulled(always(listed()))
    assert [(page.campaigns, page.is_whole, page.total) for page in pages] == [((), True, 1)]
    assert len(calls) == 1


async def test_a_total_that_is_not_told_leaves_the_last_page_as_proof() -> None:
    for total in (None, "5", -1, True):
        pages, calls = await pulled(always(http(200, {"total": total, "campaigns": [row(1)]})))
        assert (ids(pages), pages[-1].is_whole, pages[-1].total) == (["1"], True, None)
        assert len(calls) == 1


async def test_a_listing_that_differs_from_its_count_is_listed_again_until_it_agrees() -> None:
    pages, calls = await pulled(in_turn(listed(row(1), total=2), listed(row(1), row(2))))
    assert ids(pages) == ["1", "1", "2"]
    assert all(page.is_whole for page in pages)
    assert len(calls) == 2


async def test_a_count_that_moves_while_it_is_listed_is_listed_again() -> None:
    moved = [
        listed(row(1), total=1, nextPageToken="t"),
        listed(row(2), total=2),
        listed(row(1), row(2)),
    ]
    pages, calls = await pulled(in_turn(*moved))
    assert pages[-1].is_whole
    assert len(calls) == 3


async def test_a_listing_that_never_agrees_ends_as_not_whole() -> None:
    for found in ((row(1),), (row(1), row(1)), (row(1), row(2), row(3))):
        pages, calls = await pulled(always(listed(*found, total=2)))
        assert len(calls) == 3
        assert not pages[-1].is_whole
        assert "ICAS counted 2 campaigns, then 2" in pages[-1].notes[0]
        assert ids(pages[-1:]) == []


async def test_a_row_that_cannot_be_read_counts_as_shown() -> None:
    pages, calls = await pulled(always(listed(row(1), {"id": 2}, "?")))
    assert [bad.external_id for bad in pages[0].bad] == ["2", None]
    assert (len(calls), pages[-1].is_whole) == (1, True)


@pytest.mark.parametrize("repeated", [(row(1),), ()])
async def test_a_listing_that_goes_in_a_circle_is_ended(repeated: tuple[object, ...]) -> None:
    count = 0

    def script(arrival: Arrival) -> Reply:
        nonlocal count
        count += 1
        found = repeated if "pageToken" in arrival.path else (row(1),)
        return listed(*found, total=2, nextPageToken=f"t{count}")

    pages, calls = await pulled(script)
    assert len(calls) == 6
    assert not pages[-1].is_whole
    assert "does not end" in pages[-1].notes[0]


async def test_a_token_that_is_not_taken_any_more_begins_the_listing_anew() -> None:
    whole = three_pages()
    refusals = [http(400, [problem(2001, field="pageToken")])]

    def script(arrival: Arrival) -> Reply:
        return refusals.pop() if "t%2B3" in arrival.path and refusals else whole(arrival)

    pages, calls = await pulled(script)
    assert ids(pages) == ["1", "2", "3", "4", "1", "2", "3", "4", "5"]
    assert len(calls) == 6
    assert all(page.is_whole for page in pages)


async def test_a_token_that_is_never_taken_ends_the_pull_with_the_providers_words() -> None:
    def script(arrival: Arrival) -> Reply:
        if "pageToken" in arrival.path:
            return http(400, [problem(2001, field="pageToken")])
        return listed(row(1), total=2, nextPageToken="t")

    async with seller(with_tokens(script)) as there:
        with pytest.raises(CallRefused, match=r"2001 The words of 2001\. \(pageToken\)"):
            await pull(there)
        assert len(there.calls) == 6


async def test_a_refusal_of_the_first_page_or_of_another_kind_is_not_begun_anew() -> None:
    first = always(http(400, [problem(2002)]))
    later = in_turn(listed(row(1), total=2, nextPageToken="t"), http(404, [problem(1004)]))
    for script, calls in ((first, 1), (later, 2)):
        async with seller(with_tokens(script)) as there:
            with pytest.raises(CallRefused):
                await pull(there)
            assert len(there.calls) == calls


async def test_a_bare_list_is_read_and_never_taken_for_the_whole() -> None:
    body = b" [" + EXAMPLE + b', {"id":4}]'
    (page,), _ = await pulled(always(http(200, body)))
    assert [one.raw for one in page.campaigns] == [EXAMPLE]
    assert [bad.external_id for bad in page.bad] == ["4"]
    assert not page.is_whole
    assert "bare list" in page.notes[0]


UNREADABLE: dict[str, Reply] = {
    "empty": http(200),
    "HTML": http(200, "<html>login</html>"),
    "no campaigns": http(200, {"total": 0}),
    "campaigns that are null": http(200, {"total": 0, "campaigns": None}),
    "campaigns that are an object": http(200, {"campaigns": {}}),
    "a text": http(200, '"campaigns"'),
    "truncated": http(200, '{"campaigns":[{"id":1}'),
    "a token that is a number": listed(row(1), nextPageToken=5),
    "a key twice": http(200, '{"campaigns":[],"campaigns":[]}'),
    "nested": http(200, "[" * 100_000),
    "201": http(201, {"campaigns": []}),
    "204": http(204),
}


@pytest.mark.parametrize("what", UNREADABLE)
async def test_an_answer_that_cannot_be_read_is_tried_again_and_then_an_error(what: str) -> None:
    async with seller(with_tokens(always(UNREADABLE[what]))) as there:
        with pytest.raises(BadAnswer):
            await pull(there)
        assert len(there.calls) == 4


FAILURES: dict[str, tuple[Reply, type[ProviderError], str, str, int]] = {
    "1000": (http(500, [problem(1000)]), ProviderDown, "1000", "", 4),
    "1001": (http(500, [problem(1001)]), CallRefused, "1001", "not tried again", 1),
    "1001 and 1000": (http(500, [problem(1001), problem(1000)]), ProviderDown, "1000", "", 4),
    "1003": (http(403, [problem(1003)]), Forbidden, "1003", "lacks a right", 1),
    "1003 under 404": (http(404, [problem(1003)]), Forbidden, "1003", "lacks a right", 1),
    "1003 under 500": (http(500, [problem(1003)]), ProviderDown, "1003", "", 4),
    "403": (http(403), Forbidden, "HTTP 403", "lacks a right", 1),
    "1005": (http(400, [problem(1005)]), CallRefused, "1005", "newer syncd", 1),
    "1008": (http(401, [problem(1008)]), AuthFailed, "1008", "authorize", 1),
    "404": (http(404, "<html>"), CallRefused, "HTTP 404", "base_url", 1),
    "406": (
        http(406, '"Response type text/xml is not supported"'),
        CallRefused,
        "Response type text/xml is not supported",
        "newer syncd",
        1,
    ),
    "429": (http(429, b"", {"Retry-After": "60"}), Throttled, "429", "nothing to do", 1),
    "503": (http(503, "<html>"), ProviderDown, "503", "", 4),
    "redirect": (http(302, b"", {"Location": "/login"}), BadAnswer, "redirect", "base_url", 4),
    "closed": (Reply(ends="closed"), NoAnswer, "", "", 4),
}


@pytest.mark.parametrize("what", FAILURES)
async def test_each_failure_of_a_read_has_its_error_and_remedy(what: str) -> None:
    reply, kind, words, remedy, calls = FAILURES[what]
    async with seller(with_tokens(always(reply))) as there:
        for read in (lambda: there.adapter.read(["123"]), lambda: pull(there)):
            with pytest.raises(kind) as caught:
                await read()
            assert words in caught.value.message
            assert remedy in caught.value.remedy
            if kind is Throttled:
                assert 30 < there.limits.frozen_for() <= 60
                return
        assert len(there.calls) == 2 * calls


async def test_a_403_tells_the_scopes_that_the_provider_tells() -> None:
    headers = {"Oauth-Scope": "api_ro", "Oauth-Scope-Required": "get_campaign"}
    script = with_tokens(always(http(403, [problem(1003)], headers)))
    async with seller(script) as there:
        with pytest.raises(Forbidden, match=r"the token has api_ro; this call needs get_campaign"):
            await there.adapter.read(["123"])


async def test_several_problems_are_told_together() -> None:
    entries = [
        {"code": "2005", "text": "too long", "field": "name", "arg": 60, "msg": "It is too long."},
        {"code": 2001, "text": "invalid"},
        "?",
        {},
        7,
    ]
    async with seller(with_tokens(always(http(400, entries)))) as there:
        with pytest.raises(CallRefused) as caught:
            await there.adapter.read(["123"])
    assert caught.value.code == "2005"
    assert caught.value.message == (
        "GET campaign: HTTP 400: 2005 It is too long. (name, 60); 2001 invalid; ?;"
        " a problem without a text; a problem that cannot be read"
    )


async def test_few_are_read_one_by_one() -> None:
    def script(arrival: Arrival) -> Reply:
        return http(200, row(int(arrival.path.rpartition("/")[2])))

    wanted = [str(number) for number in range(1, 11)]
    async with seller(with_tokens(script)) as there:
        reading = await there.adapter.read(wanted)
        assert [call.path for call in there.calls] == [f"{API}/campaign/{one}" for one in wanted]
    assert list(reading.campaigns) == wanted
    assert reading.is_whole


async def test_many_are_read_from_a_listing_and_what_that_leaves_out_one_by_one() -> None:
    def script(arrival: Arrival) -> Reply:
        if "/campaigns" in arrival.path:
            return listed(*map(row, range(1, 12)))
        return http(200, row(12)) if arrival.path.endswith("/12") else ABSENT

    async with seller(with_tokens(script)) as there:
        reading = await there.adapter.read([str(number) for number in range(1, 14)])
        assert [call.path for call in there.calls] == [
            f"{API}/campaigns?limit=100",
            f"{API}/campaign/12",
            f"{API}/campaign/13",
        ]
    assert list(reading.campaigns) == [str(number) for number in range(1, 13)]
    assert (reading.is_whole, reading.gone) == (True, frozenset())


async def test_not_found_is_absence_and_no_proof_that_a_campaign_is_gone() -> None:
    async with seller(with_tokens(always(ABSENT))) as there:
        reading = await there.adapter.read(["123"])
    assert (reading.campaigns, reading.gone, reading.is_whole) == ({}, frozenset(), True)


@pytest.mark.parametrize(
    "reply",
    [
        http(200, row(124)),
        http(200),
        http(200, "<html>"),
        http(200, {}),
        http(200, [row(123)]),
        http(200, row(123, status=None)),
    ],
)
async def test_an_answer_that_is_not_this_campaign_says_nothing(reply: Reply) -> None:
    async with seller(with_tokens(always(reply))) as there:
        reading = await there.adapter.read(["123"])
    assert (reading.campaigns, reading.gone, reading.is_whole) == ({}, frozenset(), False)


async def test_an_id_stands_in_the_address_encoded() -> None:
    async with seller(with_tokens(always(ABSENT))) as there:
        await there.adapter.read(["a/b?c é"])
        assert there.calls[0].path == f"{API}/campaign/a%2Fb%3Fc%20%C3%A9"


async def test_a_lost_create_is_found_by_its_vendor_id() -> None:
    script = always(http(200, row(9, vendorId="Shop 1/a")))
    async with seller(with_tokens(script)) as there:
        sent = create(native_vendorId="Shop 1/a", name="campaign 9", budget_daily="10")
        reading = await there.adapter.find(sent)
        assert there.calls[0].path == f"{API}/campaign/byVendor/Shop%201%2Fa"
    assert list(reading.campaigns) == ["9"]
    assert (reading.is_whole, reading.unlike) == (True, {})


@pytest.mark.parametrize(
    ("sent", "shown", "why"),
    [
        ({"name": "x"}, {}, "name: campaign 9 was stored instead of x"),
        ({"budget_daily": "12.5"}, {}, "budget.daily: 10 was stored instead of 12.5"),
        ({"budget_lifetime": "90"}, {}, "budget.lifetime: unlimited was stored instead of 90"),
        ({"status": "active"}, {"status": "PAUSED"}, "status: paused was stored instead of active"),
        ({"name": "x"}, {"title": None}, "name:  was stored instead of x"),
    ],
)
async def test_who_has_the_vendor_id_and_is_otherwise_is_not_what_a_create_made(
    sent: dict[str, str], shown: dict[str, object], why: str
) -> None:
    one = row(9, vendorId="Shop", **shown)
    async with seller(with_tokens(always(http(200, one)))) as there:
        reading = await there.adapter.find(create(native_vendorId="Shop", **sent))
    assert (reading.campaigns, reading.is_whole, reading.unlike) == ({}, True, {"9": why})


@pytest.mark.parametrize("vendor", ["shop", "SHOP", "Shop ", None])
async def test_a_vendor_id_that_is_not_equal_letter_for_letter_is_not_ours(
    vendor: str | None,
) -> None:
    async with seller(with_tokens(always(http(200, row(9, vendorId=vendor))))) as there:
        reading = await there.adapter.find(create(native_vendorId="Shop"))
    assert (reading.campaigns, reading.is_whole) == ({}, True)
    said = f"native.vendorId: {vendor} was stored instead of Shop"
    assert reading.unlike == {"9": said}


async def test_a_lost_create_that_is_not_there_is_nothing_found() -> None:
    async with seller(with_tokens(always(ABSENT))) as there:
        reading = await there.adapter.find(create(native_vendorId="Shop"))
    assert (reading.campaigns, reading.is_whole) == ({}, True)


async def test_a_lost_create_is_not_decided_by_what_cannot_be_read_or_a_wrong_address() -> None:
    async with seller(with_tokens(always(http(200, "<html>")))) as there:
        assert not (await there.adapter.find(create(native_vendorId="Shop"))).is_whole
    async with seller(with_tokens(always(http(404)))) as there:
        with pytest.raises(CallRefused):
            await there.adapter.find(create(native_vendorId="Shop"))


@pytest.mark.parametrize(
    ("tenant", "given", "currency"),
    [
        ("kleinanzeigen", None, "EUR"),
        ("kijiji", None, "CAD"),
        ("marktplaats", None, "EUR"),
        ("kijiji", "USD", "USD"),
        ("kijiji", {"kijiji": "CHF"}, "CHF"),
        ("kijiji", {"other": "CHF"}, "CAD"),
    ],
)
async def test_the_currency_is_the_configured_one_or_the_tenants(
    tenant: str, given: Any, currency: str
) -> None:
    script = with_tokens(always(http(200, EXAMPLE)))
    async with seller(script, scope={"tenant": (tenant,)}, currency=given) as there:
        reading = await there.adapter.read(["123"])
    assert reading.campaigns["123"].currency == currency


def test_creating_is_offered_at_one_tenant_alone_and_all_else_everywhere() -> None:
    ours = capabilities("documented", {"tenant": ("kleinanzeigen",)})
    other = capabilities("current", {"tenant": ("kijiji",)})
    assert (ours.creates, other.creates) == (True, False)
    assert ours.fields == other.fields
    assert (ours.gone, ours.read_batch, ours.reads_back) == (Evidence.PERSON, 50, True)
    assert ours.writes == {
        "POST campaign",
        "PUT campaign",
        "PUT campaign/budgets",
        "PUT campaign/status",
    }
    assert (ours.dialect, other.dialect) == ("documented", "current")
    calls = {field.path: field.call for field in ours.fields if field.changeable}
    assert calls == {
        "name": "PUT campaign",
        "status": "PUT campaign/status",
        "budget.daily": "PUT campaign/budgets",
        "budget.lifetime": "PUT campaign/budgets",
        "native.vendorId": "PUT campaign",
    }
    assert {field.path for field in ours.fields if field.creatable} == calls.keys()
    assert [field.path for field in ours.fields if field.required] == ["native.vendorId"]


@pytest.mark.parametrize("dialect", ["documented", "current"])
async def test_both_dialects_are_spoken_alike(dialect: str) -> None:
    script = with_tokens(always(http(200, EXAMPLE)))
    async with seller(script, dialect=dialect) as there:
        assert (await there.adapter.read(["123"])).dialect is None
        assert there.adapter.capabilities.dialect == dialect


async def test_reads_pass_the_limits() -> None:
    limits = Limits([], patience=0.0, on_freeze=None)
    async with seller(with_tokens(three_pages()), limits=limits) as there:
        await there.limits.freeze(60, "a test")
        with pytest.raises(ProviderError):
            await pull(there)
        assert there.server.arrivals == []


async def test_no_secret_reaches_errors_rows_or_events() -> None:
    words = f"Bearer canary-access-1 {SECRET} canary-refresh-0 canary-refresh-1"
    make: list[Callable[[], Reply]] = [
        lambda: http(400, [problem(2001, msg=words, field=words, arg=words)]),
        lambda: http(406, json.dumps(words)),
        lambda: http(403, [problem(1003)], {"Oauth-Scope": words}),
        lambda: http(500, [{"code": 1000, "text": words}]),
    ]
    for reply in make:
        async with seller(with_tokens(always(reply()))) as there:
            with pytest.raises(ProviderError) as caught:
                await there.adapter.read(["123"])
            text = repr(caught.value) + caught.value.message + repr(there.events)
        assert "[redacted]" in text
        assert "canary" not in text
