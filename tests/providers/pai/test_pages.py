"""The listing by page number: when it ends, how a drift is noticed and listed again, and what
becomes of rows and pages that are not as they should be."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from syncd.errors import BadAnswer
from syncd.model.listing import Page
from syncd.providers.pai import rows
from tests.providers.accounts import always
from tests.providers.pai.setting import (
    ID,
    account,
    encoded,
    envelope,
    listed,
    query_of,
    row,
    serving,
)
from tests.providers.scripted import Arrival, Reply, http


def ids(count: int) -> list[str]:
    return [f"c{number:04}" for number in range(count)]


def numbers(calls: list[Arrival]) -> list[int]:
    return [int(query_of(call)["PageNumber"]) for call in calls]


def shown(pages: list[Page]) -> list[str]:
    return [one.external_id for page in pages for one in page.campaigns]


@pytest.mark.parametrize(
    ("count", "most", "requests"),
    [
        (0, 100, [1]),
        (1, 100, [1]),
        (99, 100, [1]),
        (100, 100, [1]),
        (101, 100, [1, 2]),
        (250, 100, [1, 2, 3]),
        (30, 10, [1, 2, 3]),
        (5, 1, [1, 2, 3, 4, 5]),
    ],
)
async def test_every_page_is_asked_for_once_and_no_more(
    count: int, most: int, requests: list[int]
) -> None:
    async with account(serving(ids(count), most)) as there:
        pages = await there.pages()
        assert numbers(there.calls) == requests
        assert {query_of(call)["PageSize"] for call in there.calls} == {"100"}
        assert there.limits.taken() == {"GET campaigns": len(requests)}
    assert shown(pages) == ids(count)
    assert all(page.is_whole and not page.notes for page in pages)
    assert [page.label for page in pages] == [f"page {number}" for number in requests]
    assert {page.total for page in pages} == {len(requests)}


async def test_a_page_that_is_cut_without_a_word_is_followed_by_the_next() -> None:
    def script(arrival: Arrival) -> Reply:
        number = int(query_of(arrival)["PageNumber"])
        return listed(map(row, ids(50)[(number - 1) * 20 : number * 20]), 50, number)

    async with account(script) as there:
        pages = await there.pages()
        assert numbers(there.calls) == [1, 2, 3]
    assert shown(pages) == ids(50)
    assert pages[-1].is_whole


async def test_a_page_is_asked_for_when_it_is_wanted() -> None:
    async with account(serving(ids(250))) as there:
        pages = there.adapter.pages()
        await anext(pages)
        assert len(there.calls) == 1
        await anext(pages)
        assert len(there.calls) == 2
        await pages.aclose()


class Moving:
    """A PAI whose campaigns are others at every request: one list of ids for each."""

    def __init__(self, *worlds: list[str]) -> None:
        self._worlds = list(worlds)

    def __call__(self, arrival: Arrival) -> Reply:
        world = self._worlds.pop(0) if len(self._worlds) > 1 else self._worlds[0]
        return serving(world)(arrival)


async def test_a_removed_row_pulls_another_over_the_edge_and_all_is_listed_again() -> None:
    before, after = ids(150), ids(150)[1:]
    async with account(Moving(before, after)) as there:
        pages = await there.pages()
        assert numbers(there.calls) == [1, 2, 1, 2]
    assert "c0100" not in shown(pages[:2])
    assert set(shown(pages[2:])) == set(after)
    assert all(page.is_whole for page in pages)


async def test_a_new_row_pushes_another_over_the_edge_and_all_is_listed_again() -> None:
    before, after = ids(150), ["new", *ids(150)]
    async with account(Moving(before, after)) as there:
        pages = await there.pages()
        assert shown(pages[:2]).count("c0099") == 2
    assert set(shown(pages)) == set(after)
    assert pages[-1].is_whole


async def test_a_row_that_stands_there_twice_counts_once() -> None:
    twice = [*ids(100), *ids(100)[:50]]
    async with account(serving(twice)) as there:
        pages = await there.pages()
    assert not pages[-1].is_whole
    assert pages[-1].notes == ("the listing drifts: PAI counted 150 campaigns and showed 100",)


async def test_a_listing_that_never_holds_still_ends_after_three_times() -> None:
    def script(arrival: Arrival) -> Reply:
        return serving(ids(101 + len(there.calls)))(arrival)

    async with account(script) as there:
        pages = await there.pages()
        assert numbers(there.calls) == [1, 2] * 3
    *found, last = pages
    assert all(page.is_whole for page in found)
    assert (last.is_whole, last.campaigns, last.bad) == (False, (), ())
    assert last.notes == ("the listing drifts: PAI counted 106, then 107 campaigns and showed 107",)


@pytest.mark.parametrize("most", [1, 100])
async def test_a_total_that_lies_ends_with_the_first_page_that_shows_nothing(most: int) -> None:
    def script(arrival: Arrival) -> Reply:
        number = int(query_of(arrival)["PageNumber"])
        return listed([row()] if number == 1 else [], 10**9, number, most)

    async with account(script) as there:
        pages = await there.pages()
        assert numbers(there.calls) == [1, 2] * 3
    assert not pages[-1].is_whole


async def test_a_page_that_repeats_for_ever_ends_the_listing() -> None:
    script = always(listed(map(row, ids(100)), 10**15))
    async with account(script) as there:
        pages = await there.pages()
        assert numbers(there.calls) == [1, 2] * 3
    assert not pages[-1].is_whole


async def test_a_listing_without_end_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.providers.pai.adapter._PAGES", 7)

    def script(arrival: Arrival) -> Reply:
        return listed([row(f"c{len(there.calls)}")], 10**15)

    async with account(script) as there:
        pages = await there.pages()
        assert len(there.calls) == 21
    assert not pages[-1].is_whole


ROWS: dict[str, tuple[bytes, str | None]] = {
    "a number": (b"5", None),
    "null": (b"null", None),
    "nothing in it": (b"{}", None),
    "no id": (b'{"Id":null,"Name":"x"}', None),
    "an empty id": (b'{"Id":""}', None),
    "an id of dots": (b'{"Id":".."}', ".."),
    "an id with a line break": (b'{"Id":"a\\nb"}', None),
    "a name that is a number": (b'{"Id":"bad","Name":5}', "bad"),
    "a remark that is a list": (b'{"Id":"bad","Name":"x","Remark":[]}', "bad"),
    "a key twice": (b'{"Id":"bad","Name":"x","Name":"y"}', "bad"),
    "a huge number": (b'{"Id":"bad","Name":"x","y":1e400}', "bad"),
    "5,000 digits": (b'{"Id":"bad","Name":"x","y":' + b"9" * 5000 + b"}", "bad"),
}


@pytest.mark.parametrize("what", ROWS)
async def test_a_row_that_is_no_campaign_is_kept_and_the_rest_goes_on(what: str) -> None:
    raw, external_id = ROWS[what]
    body = b'{"Data":{"Campaigns":[%b,%b],"PageSize":100,"TotalCount":2},"ErrorCode":0}'
    async with account(always(http(200, body % (raw, encoded(row()))))) as there:
        (page,) = await there.pages()
    (bad,) = page.bad
    assert (bad.external_id, bad.raw) == (external_id, raw)
    assert bad.message
    assert [one.external_id for one in page.campaigns] == [ID]
    assert page.is_whole, "it was counted"


async def test_a_text_that_no_database_takes_is_cleaned_and_marked() -> None:
    raw = rb'{"Id":"a","Name":"A\ud800B","Remark":"C\u0000D"}'
    body = b'{"Data":{"Campaigns":[%b],"TotalCount":1},"ErrorCode":0}' % raw
    async with account(always(http(200, body))) as there:
        (page,) = await there.pages()
    (campaign,) = page.campaigns
    assert campaign.raw == raw
    assert campaign.values == {
        "name": "A\ufffdB",
        "note": "C\ufffdD",
        "native.name_cleaned": "true",
        "native.note_cleaned": "true",
    }


PAGES: dict[str, Any] = {
    "nothing": b"",
    "HTML": b"<html>maintenance</html>",
    "a list": b"[]",
    "no Data": encoded(envelope()),
    "Data that is null": encoded(envelope(None)),
    "Data that is a list": encoded(envelope([])),
    "no Campaigns": encoded(envelope({"TotalCount": 3})),
    "Campaigns that are an object": encoded(envelope({"Campaigns": {}, "TotalCount": 0})),
    "no TotalCount": encoded(envelope({"Campaigns": []})),
    "a TotalCount below zero": encoded(envelope({"Campaigns": [], "TotalCount": -1})),
    "a TotalCount that is true": encoded(envelope({"Campaigns": [row()], "TotalCount": True})),
    "a TotalCount that is a fraction": encoded(envelope({"Campaigns": [], "TotalCount": 0.5})),
    "Data twice": b'{"Data":{"Campaigns":[],"TotalCount":0},"Data":{},"ErrorCode":0}',
    "TotalCount twice": b'{"Data":{"Campaigns":[],"TotalCount":0,"TotalCount":0},"ErrorCode":0}',
    "an ErrorCode twice": b'{"Data":{"Campaigns":[],"TotalCount":0},"ErrorCode":1,"ErrorCode":0}',
    "no ErrorCode": encoded({"Data": {"Campaigns": [], "TotalCount": 0}}),
    "an ErrorCode that is true": encoded(envelope({"Campaigns": [], "TotalCount": 0}, code=True)),
    "an ErrorCode that is null": encoded(envelope({"Campaigns": [], "TotalCount": 0}, code=None)),
}


@pytest.mark.parametrize("what", PAGES)
async def test_a_page_that_would_have_to_be_guessed_is_a_bad_answer(what: str) -> None:
    async with account(always(http(200, PAGES[what]))) as there:
        with pytest.raises(BadAnswer, match="GET campaigns: the answer"):
            await there.pages()


@pytest.mark.parametrize(
    "data",
    [
        {"TotalCount": 0},
        {"Campaigns": None, "TotalCount": 0},
        {"Campaigns": [], "TotalCount": 0, "PageSize": 0},
        {"Campaigns": [], "TotalCount": 0, "PageSize": "x"},
    ],
)
async def test_an_account_without_campaigns_is_empty_and_whole(data: dict[str, Any]) -> None:
    async with account(always(http(200, envelope(data)))) as there:
        (page,) = await there.pages()
    assert (page.campaigns, page.bad, page.is_whole, page.total) == ((), (), True, 1)


async def test_unknown_fields_are_kept_in_the_row_and_change_no_value() -> None:
    plain = rows.campaign(encoded(row()), None)
    more = rows.campaign(encoded(row() | {"Owner": "x", "Budget": 1.5}), None)
    assert more.values == plain.values
    assert more.fingerprint == plain.fingerprint
    assert more.raw_digest != plain.raw_digest
    assert json.loads(more.raw)["Owner"] == "x"


@pytest.mark.parametrize("given", [..., None, ""])
def test_a_remark_that_is_absent_null_or_empty_is_one_and_the_same(given: Any) -> None:
    found = row() | {"Remark": given, "Name": given}
    if given is ...:
        del found["Remark"], found["Name"]
    assert rows.campaign(encoded(found), None).values == {"name": "", "note": ""}


@pytest.mark.parametrize("name", ["<script>", "=cmd|'x'!A0", "عربى \u202e 😀", "a,b\n\"c'", " "])
def test_a_name_is_taken_as_it_is(name: str) -> None:
    assert rows.campaign(encoded(row(name=name)), None).name == name


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2020-01-01 12:00:00", dt.datetime(2020, 1, 1, 4, tzinfo=dt.UTC)),
        ("2020-01-01 07:59:59", dt.datetime(2019, 12, 31, 23, 59, 59, tzinfo=dt.UTC)),
        # China kept summer time until 1991; the provider's offset is fixed.
        ("1990-07-01 08:00:00", dt.datetime(1990, 7, 1, tzinfo=dt.UTC)),
        ("2020-01-01T12:00:00Z", dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)),
        ("2020-01-01T12:00:00+01:00", dt.datetime(2020, 1, 1, 11, tzinfo=dt.UTC)),
        ("0001-01-01 00:00:00", None),
        ("2020-02-30 00:00:00", None),
        ("", None),
        ("soon", None),
        (None, None),
        (1577851200, None),
    ],
)
def test_times_are_eight_hours_ahead_of_utc(text: Any, moment: dt.datetime | None) -> None:
    found = row() | {"CreatedTime": text, "UpdatedTime": text}
    campaign = rows.campaign(encoded(found), None)
    assert (campaign.created_at, campaign.updated_at) == (moment, moment)


async def test_the_account_s_currency_stands_beside_a_campaign() -> None:
    for currency, known in (("CNY", "CNY"), (None, None), ({"x": "CNY"}, None)):
        async with account(serving([ID]), currency=currency) as there:
            (page,) = await there.pages()
        assert page.campaigns[0].currency == known
