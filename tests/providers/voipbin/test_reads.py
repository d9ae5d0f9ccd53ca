"""Listings and single reads: tokens, ends that prove something, bad rows, refusals, retries, and
what an absence means."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

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
from syncd.model.call import WriteItem
from tests.providers.accounts import always, in_turn
from tests.providers.scripted import Arrival, Reply, http
from tests.providers.voipbin.documents import CREATE_ANSWER, CURRENT, GET_ANSWER
from tests.providers.voipbin.stage import (
    DIALECTS,
    ID,
    NIL,
    OTHER,
    Account,
    account,
    encoded,
    error,
    listing,
    new,
    numbered,
    row,
    with_login,
    without_proof,
)


def ids(*numbers: int) -> list[str]:
    return [numbered(number)["id"] for number in numbers]


def paged(count: int, size: int) -> Any:
    """A server with so many campaigns, newest first; its token is the time of a page's last."""
    all_ = [numbered(number) for number in range(count)]

    def script(arrival: Arrival) -> Reply:
        path = without_proof(arrival.path)
        if path.startswith("/v1.0/campaigns/"):
            found = [one for one in all_ if one["id"] == path.rpartition("/")[2]]
            return http(200, found[0]) if found else error(404, "CAMPAIGN_NOT_FOUND")
        _, _, query = path.partition("?page_token=")
        older = [one for one in all_ if not query or one["tm_create"] < unquote(query)][:size]
        return listing(*older, token=older[-1]["tm_create"] if older else "")

    return with_login(script)


async def test_pages_follow_until_one_is_empty() -> None:
    async with account(paged(7, 3)) as there:
        pages = await there.pages()
        assert [len(page.campaigns) for page in pages] == [3, 3, 1, 0]
        assert all(page.is_whole for page in pages)
        shown = [one.external_id for page in pages for one in page.campaigns]
        assert shown == ids(*range(7))
        assert there.limits.taken() == {"POST auth/login": 1, "GET campaigns": 4}


async def test_each_page_leaves_when_it_is_asked_for() -> None:
    async with account(paged(2, 1)) as there:
        pages = there.adapter.pages()
        for number in (1, 2, 3):
            assert (await anext(pages)).label == f"page {number}"
            assert len(there.calls) == number
        with pytest.raises(StopAsyncIteration):
            await anext(pages)


@pytest.mark.parametrize(
    ("token", "sent"),
    [
        ("2022-04-28 02:16:39.712142", "2022-04-28%2002%3A16%3A39.712142"),
        ("2022-04-28T02:16:39.712142Z", "2022-04-28T02%3A16%3A39.712142Z"),
        ("a+b/c=d&e?f#g%20h", "a%2Bb%2Fc%3Dd%26e%3Ff%23g%2520h"),
        ("ü 😀", "%C3%BC%20%F0%9F%98%80"),
        (" ", "%20"),
        ("half \ud800", "half%20%EF%BF%BD"),
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_token_goes_back_exactly_as_it_came(token: str, sent: str, dialect: str) -> None:
    script = with_login(in_turn(listing(row(dialect), token=token), listing()))
    async with account(script, dialect=dialect) as there:
        await there.pages()
        assert there.paths == ["/v1.0/campaigns", f"/v1.0/campaigns?page_token={sent}"]


@pytest.mark.parametrize(
    ("chance", "size"), [(0.0, "50"), (0.05, "75"), (0.0999, "99"), (0.1, ""), (0.999, "")]
)
async def test_one_listing_in_ten_has_pages_of_another_size(chance: float, size: str) -> None:
    script = with_login(in_turn(listing(row(), token="a"), listing(row(), token="b"), listing()))
    async with account(script, chance=chance) as there:
        await there.pages()
        sizes = [one.partition("page_size=")[2] for one in there.paths]
    assert sizes == [size] * 3, "one size for a whole listing"


def bare(*found: Any) -> Reply:
    """A page without a place for a token."""
    return http(200, {"result": list(found)})


NO_END: dict[str, tuple[list[Reply], str]] = {
    "a full page with no word of a token": ([bare(*map(numbered, range(100)))], "no token"),
    "a page as full as those before, with no word of a token": (
        [listing(*map(numbered, range(3)), token="a"), bare(*map(numbered, range(3, 6)))],
        "no token",
    ),
    "the same token again": ([listing(row(), token="a"), listing(row(), token="a")], "circle"),
    "a token of before": (
        [listing(row(), token=one) for one in ("a", "b", "a")],
        "circle",
    ),
    "an empty page with a new token": ([listing(row(), token="a"), listing(token="b")], "empty"),
    "an empty first page with a token": ([listing(token="b")], "empty"),
}


@pytest.mark.parametrize("what", NO_END)
async def test_a_listing_that_does_not_end_well_is_not_whole(what: str) -> None:
    replies, words = NO_END[what]
    async with account(with_login(in_turn(*replies))) as there:
        pages = await there.pages()
        assert len(there.calls) == len(pages) <= len(replies), "it goes on no longer"
    assert not pages[-1].is_whole
    assert words in pages[-1].notes[0]
    assert all(page.is_whole for page in pages[:-1])


@pytest.mark.parametrize(
    "last",
    [
        listing(numbered(3)),
        listing(numbered(3), token=None),
        bare(numbered(3)),
        listing(*map(numbered, range(3, 6))),
        listing(numbered(3), {"id": OTHER}),
    ],
)
async def test_a_page_without_a_token_for_the_next_is_the_end(last: Reply) -> None:
    first = listing(*map(numbered, range(3)), token="a")
    async with account(with_login(in_turn(first, last))) as there:
        pages = await there.pages()
        assert there.paths == ["/v1.0/campaigns", "/v1.0/campaigns?page_token=a"]
    assert all(page.is_whole for page in pages)
    async with account(with_login(always(last))) as there:
        (page,) = await there.pages()
    assert page.is_whole


@pytest.mark.parametrize(
    "last",
    [
        {"result": [], "next_page_token": ""},
        {"result": None, "next_page_token": ""},
        {"result": [], "next_page_token": None},
        {"result": []},
        {"result": [], "next_page_token": "a"},
    ],
)
async def test_an_empty_page_is_the_end(last: Any) -> None:
    script = with_login(in_turn(listing(row(), token="a"), http(200, last)))
    async with account(script) as there:
        pages = await there.pages()
    assert [len(page.campaigns) for page in pages] == [1, 0]
    assert all(page.is_whole for page in pages)


async def test_an_account_without_campaigns_is_one_empty_page() -> None:
    async with account(with_login(always(listing()))) as there:
        (page,) = await there.pages()
    assert (page.campaigns, page.bad, page.is_whole) == ((), (), True)


async def test_deleted_campaigns_stand_in_the_listing_with_their_mark() -> None:
    gone = row("current", id=OTHER, tm_delete="2026-02-01T00:00:00.1Z")
    script = with_login(in_turn(listing(row("current"), gone, token="a"), listing()))
    async with account(script, dialect="current") as there:
        page, _ = await there.pages()
    assert [(one.external_id, one.is_gone) for one in page.campaigns] == [
        (ID, False),
        (OTHER, True),
    ]
    assert page.campaigns[1].values["deleted"] == "true"


async def test_duplicates_are_passed_on_as_they_come() -> None:
    script = with_login(in_turn(listing(row(), token="a"), listing(row(), token="b"), listing()))
    async with account(script) as there:
        pages = await there.pages()
    assert [len(page.campaigns) for page in pages] == [1, 1, 0]
    assert all(page.is_whole for page in pages)


async def test_a_bad_row_is_kept_and_the_rest_goes_on() -> None:
    bad = row(id=OTHER, service_level="many")
    script = with_login(in_turn(listing(bad, row(), "x", token="a"), listing()))
    async with account(script) as there:
        page, _ = await there.pages()
    assert [one.external_id for one in page.campaigns] == [ID]
    first, second = page.bad
    assert (first.external_id, first.raw) == (OTHER, encoded(bad))
    assert first.message == "service_level is not a whole number"
    assert (second.external_id, second.raw) == (None, b'"x"')
    assert page.is_whole


async def test_a_page_of_bad_rows_alone_is_not_the_end() -> None:
    script = with_login(in_turn(listing("x", token="a"), listing(row(), token="b"), listing()))
    async with account(script) as there:
        pages = await there.pages()
    assert [len(page.campaigns) for page in pages] == [0, 1, 0]


async def test_an_empty_campaign_in_a_listing_is_nobodys_row() -> None:
    empty = {"id": NIL, "name": "", "tm_delete": None}
    script = with_login(in_turn(listing(empty, row(), token="a"), listing()))
    async with account(script) as there:
        page, _ = await there.pages()
    (bad,) = page.bad
    assert bad.external_id is None, "so that nothing counts as missing"
    assert "nil UUID" in bad.message


async def test_a_page_with_rows_of_both_dialects_tells_none() -> None:
    script = with_login(in_turn(listing(row(), row("current"), token="a"), listing()))
    async with account(script) as there:
        page, _ = await there.pages()
    assert len(page.campaigns) == 2
    assert page.dialect is None


REFUSALS: dict[str, tuple[Reply, type[ProviderError], str, int]] = {
    "400 in the envelope": (
        error(400, "INVALID_REQUEST_PARAMETER"),
        CallRefused,
        "INVALID_REQUEST_PARAMETER: some words",
        1,
    ),
    "400": (http(400), CallRefused, "HTTP 400", 1),
    "401 in the envelope": (error(401, "INVALID_CREDENTIALS"), AuthFailed, "credentials", 2),
    "401": (http(401), AuthFailed, "credentials", 2),
    "402": (http(402), Forbidden, "HTTP 402", 1),
    "403": (http(403), Forbidden, "administrator", 1),
    "403 for a right": (error(403, "PERMISSION_DENIED"), Forbidden, "administrator", 1),
    "403 for a frozen account": (
        error(403, "ACCOUNT_FROZEN", details=[{"deletion": "soon"}]),
        Forbidden,
        "account is frozen",
        1,
    ),
    "403 for a direct token": (
        error(403, "DIRECT_ACCESS_NOT_SUPPORTED"),
        Forbidden,
        "access key",
        1,
    ),
    "404": (http(404), CallRefused, "base_url", 1),
    "404 for the route": (error(404, "ROUTE_NOT_FOUND"), CallRefused, "/v1.0", 1),
    "409": (error(409, "FAILED_PRECONDITION"), CallRefused, "FAILED_PRECONDITION", 1),
    "418": (http(418), CallRefused, "", 1),
    "429 for an hour": (
        error(429, "RATE_LIMIT_EXCEEDED", details=[{"limited_by": "customer"}]),
        Throttled,
        "RATE_LIMIT_EXCEEDED",
        1,
    ),
    "500": (error(500, "INTERNAL"), ProviderDown, "INTERNAL", 4),
    "502 in HTML": (http(502, "<html>"), ProviderDown, "", 4),
    "503": (error(503, "REQUEST_TIMEOUT"), ProviderDown, "REQUEST_TIMEOUT", 4),
    "201": (http(201, {"result": []}), BadAnswer, "", 4),
    "204": (http(204), BadAnswer, "", 4),
    "HTML": (http(200, "<html>"), BadAnswer, "", 4),
    "an empty 200": (http(200), BadAnswer, "", 4),
    "a list": (http(200, []), BadAnswer, "", 4),
    "no result": (http(200, {"next_page_token": ""}), BadAnswer, "", 4),
    "a result that is none": (http(200, {"result": {}}), BadAnswer, "", 4),
    "a token that is a number": (listing(row(), token=5), BadAnswer, "token", 4),
    "a token without an end": (listing(row(), token="a" * 1001), BadAnswer, "token", 4),
    "a key twice": (http(200, '{"result":[],"result":[]}'), BadAnswer, "", 4),
    "a redirect": (http(302, b"", {"Location": "/x"}), BadAnswer, "base_url", 4),
    "a dropped connection": (Reply(ends="reset"), NoAnswer, "", 4),
    "no answer in time": (Reply(hangs=True), NoAnswer, "", 4),
}


@pytest.mark.parametrize("what", REFUSALS)
async def test_each_refusal_of_a_listing_has_its_error(what: str) -> None:
    reply, kind, words, calls = REFUSALS[what]
    limits = Limits([], patience=5, on_freeze=None)
    if what.startswith("429"):
        reply = Reply(head=reply.head.replace(b"\r\n", b"\r\nRetry-After: 3600\r\n", 1))
    async with account(with_login(always(reply)), limits=limits) as there:
        with pytest.raises(kind) as caught:
            await there.pages()
        assert len(there.calls) == calls
        assert there.limits.taken()["GET campaigns"] == calls
    assert words in caught.value.message + caught.value.remedy


async def test_a_refusal_carries_the_providers_words_and_trace() -> None:
    async with account(with_login(always(error(400, "INVALID_ARGUMENT", "no\nline")))) as there:
        with pytest.raises(CallRefused) as caught:
            await there.pages()
    raised = caught.value
    assert (raised.code, raised.trace_id, raised.status) == ("INVALID_ARGUMENT", "req_1", 400)
    assert raised.message == "GET campaigns: HTTP 400: INVALID_ARGUMENT: no<U+000A>line"


async def test_the_trace_of_a_bare_status_stands_in_its_header() -> None:
    script = with_login(always(http(400, b"", {"X-Request-Id": "req_2"})))
    async with account(script) as there:
        with pytest.raises(CallRefused) as caught:
            await there.pages()
    assert (caught.value.code, caught.value.trace_id) == ("http-400", "req_2")


async def test_a_provider_that_is_not_there_is_told_apart() -> None:
    async with account(with_login(always(listing()))) as there:
        there.server.close()
        with pytest.raises(NotSent):
            await there.pages()


async def test_a_failure_that_passes_is_tried_again_with_a_permit_each() -> None:
    script = in_turn(http(500), Reply(ends="closed"), http(200, b"{"), listing())
    async with account(with_login(script)) as there:
        (page,) = await there.pages()
        assert page.is_whole
        assert there.limits.taken() == {"POST auth/login": 1, "GET campaigns": 4}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "0"}, 1.0), ({"Retry-After": "1"}, 1.0), ({}, 10.0)],
)
async def test_a_throttling_freezes_the_account_as_long_as_it_says(
    headers: dict[str, str], seconds: float
) -> None:
    freezes: list[Freeze] = []

    async def remember(freeze: Freeze) -> None:
        freezes.append(freeze)

    limits = Limits([], patience=0.0, on_freeze=remember)
    script = with_login(always(http(429, b"", headers)))
    async with account(script, limits=limits) as there:
        with pytest.raises(Throttled) as caught:
            await there.pages()
        with pytest.raises(LimitWait):
            await there.pages()
        assert len(there.calls) == 1
    assert caught.value.retry_after == seconds
    assert freezes == [Freeze(seconds=seconds, reason="VoIPBIN throttles (HTTP 429)")]


async def test_a_short_throttling_is_waited_for_and_the_page_is_asked_again() -> None:
    script = in_turn(http(429, b"", {"Retry-After": "0"}), listing())
    async with account(with_login(script)) as there:
        (page,) = await there.pages()
        assert page.is_whole
        assert len(there.calls) == 2


async def test_a_page_that_fails_in_the_middle_ends_the_listing_with_its_error() -> None:
    script = in_turn(listing(row(), token="a"), http(403))
    async with account(with_login(script)) as there:
        pages = there.adapter.pages()
        assert (await anext(pages)).is_whole
        with pytest.raises(Forbidden):
            await anext(pages)


def single(reply: Reply, *pages: Reply) -> Any:
    """A server that answers GETs of one campaign with `reply` and listings with `pages`."""
    listed = in_turn(*pages or (http(500),))

    def script(arrival: Arrival) -> Reply:
        return reply if "/campaigns/" in arrival.path else listed(arrival)

    return with_login(script)


async def reading_of(there: Account, *wanted: str) -> tuple[set[str], set[str], bool]:
    reading = await there.adapter.read(wanted or [ID])
    return set(reading.campaigns), set(reading.gone), reading.is_whole


async def test_a_deleted_campaign_is_read_with_its_mark() -> None:
    reply = http(200, row("current", tm_delete="2026-01-01T00:00:00Z"))
    async with account(single(reply)) as there:
        reading = await there.adapter.read([ID])
    assert reading.campaigns[ID].is_gone
    assert reading.gone == frozenset()


@pytest.mark.parametrize("reason", ["CAMPAIGN_NOT_FOUND", "RESOURCE_NOT_FOUND"])
async def test_only_the_providers_own_word_is_proof_that_a_campaign_is_gone(reason: str) -> None:
    async with account(single(error(404, reason))) as there:
        assert await reading_of(there) == (set(), {ID}, True)
        assert len(there.calls) == 1


DOUBTFUL: dict[str, Reply] = {
    "another customer's": error(403, "PERMISSION_DENIED"),
    "a bare 403": http(403),
    "a bare 400": http(400),
    "an id that is refused": error(400, "INVALID_ID"),
}


NOT_FOUND: dict[str, Reply] = {
    "a bare 404": http(404),
    "a 404 in HTML": http(404, "<html>"),
    "a 404 in other words": error(404, "NOT_FOUND"),
}


@pytest.mark.parametrize("what", NOT_FOUND)
async def test_a_404_in_other_words_and_a_listing_of_others_are_proof_together(what: str) -> None:
    reply = NOT_FOUND[what]
    other, deleted = numbered(1), numbered(2, tm_delete="2022-05-01 00:00:00")
    async with account(single(reply, listing(other, token="a"), listing())) as there:
        assert await reading_of(there) == (set(), {ID}, True)
    async with account(single(reply, listing(row(), token="a"))) as there:
        assert await reading_of(there) == ({ID}, set(), True)
    for pages in ([listing()], [listing(deleted, token="a"), listing()]):
        async with account(single(reply, *pages)) as there:
            assert await reading_of(there) == (set(), set(), True), "nothing is shown at all"
    async with account(single(reply, listing(other, token="a"))) as there:
        assert await reading_of(there) == (set(), set(), False), "that listing never ended"
    async with account(single(reply, listing(other, "bad", token="a"), listing())) as there:
        assert await reading_of(there) == (set(), set(), False), "the bad row may be it"


def saying_little(rows: list[dict[str, Any]], size: int = 3, otherwise: int = 5) -> Any:
    """A server that says of every single campaign 404 in other words, and has pages of so many
    rows, and of `otherwise` many where their size is asked for."""

    def script(arrival: Arrival) -> Reply:
        url = urlsplit(arrival.path)
        if "/campaigns/" in url.path:
            return error(404, "NOT_FOUND")
        query = dict(parse_qsl(url.query))
        token = query.get("page_token")
        older = [one for one in rows if token is None or one["tm_create"] < token]
        shown = older[: otherwise if "page_size" in query else size]
        return listing(*shown, token=shown[-1]["tm_create"] if shown else "")

    return with_login(script)


async def test_a_404_in_other_words_is_decided_by_all_pages_however_many() -> None:
    all_ = [numbered(number) for number in range(60)]
    async with account(saying_little(all_)) as there:
        assert await reading_of(there) == (set(), {ID}, True)
        assert there.limits.taken()["GET campaigns"] == 21 + 13, "all pages, in two sizes"
    async with account(saying_little(all_)) as there:
        assert await reading_of(there, *ids(58)) == (set(ids(58)), set(), True)
        assert there.limits.taken()["GET campaigns"] == 20, "until it is found"


async def test_what_falls_between_two_pages_is_not_taken_for_gone() -> None:
    all_ = [numbered(number) for number in range(12)]
    all_[3]["tm_create"] = all_[2]["tm_create"]
    async with account(saying_little(all_)) as there:
        assert await reading_of(there, *ids(3)) == (set(ids(3)), set(), True)
    half = [numbered(0), numbered(1), numbered(2), "bad", *all_[4:]]

    def torn(arrival: Arrival) -> Reply:
        return listing(*half, token="a") if "page_size" in arrival.path else whole(arrival)

    whole = saying_little(all_)
    async with account(torn) as there:
        assert await reading_of(there, *ids(3)) == (set(), set(), False), "the bad row may be it"


@pytest.mark.parametrize("what", DOUBTFUL)
async def test_a_refusal_that_may_mean_one_campaign_is_decided_by_a_listing(what: str) -> None:
    reply = DOUBTFUL[what]
    other = listing(numbered(1), token="a")
    async with account(single(reply, other, listing())) as there:
        assert await reading_of(there) == (set(), set(), True)
        assert there.paths[1:] == ["/v1.0/campaigns", "/v1.0/campaigns?page_token=a"]
    async with account(single(reply, listing(row(), token="a"))) as there:
        assert await reading_of(there) == ({ID}, set(), True)
    async with account(single(reply, other)) as there:
        assert await reading_of(there) == (set(), set(), False), "that listing never ended"
    async with account(single(reply, listing("bad", token="a"), listing())) as there:
        assert await reading_of(there) == (set(), set(), False), "the bad row may be it"
    async with account(single(reply, http(403))) as there:
        with pytest.raises(Forbidden):
            await there.adapter.read([ID])


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(404, "ROUTE_NOT_FOUND"), CallRefused),
        (error(403, "ACCOUNT_FROZEN"), Forbidden),
        (error(403, "DIRECT_ACCESS_NOT_SUPPORTED"), Forbidden),
        (error(400, "INVALID_ARGUMENT"), CallRefused),
        (http(402), Forbidden),
        (http(500), ProviderDown),
        (http(200, "<html>"), BadAnswer),
        (http(200), BadAnswer),
        (http(200, []), BadAnswer),
    ],
)
async def test_a_refusal_that_means_the_account_or_the_call_is_an_error(
    reply: Reply, kind: type[ProviderError]
) -> None:
    async with account(single(reply, listing())) as there:
        with pytest.raises(kind):
            await there.adapter.read([ID])
        assert "/v1.0/campaigns" not in there.paths


@pytest.mark.parametrize(
    "answer",
    [
        row(id=OTHER),
        row(id=NIL),
        row(service_level="x"),
        {"error": {"reason": "CAMPAIGN_NOT_FOUND"}},
        {},
    ],
)
async def test_an_answer_that_is_not_the_campaign_proves_nothing(answer: Any) -> None:
    async with account(single(http(200, answer))) as there:
        assert await reading_of(there, ID, OTHER) in [
            (set(), set(), False),
            ({OTHER}, set(), False),
        ]
        assert len(there.calls) == 2


async def test_an_id_of_another_kind_is_nobodys_and_not_asked_for() -> None:
    async with account(single(http(200, GET_ANSWER))) as there:
        wanted = ["..", "1", "../accesskeys", f"{ID}?x", "", ID, ID]
        assert await reading_of(there, *wanted) == ({ID}, set(), True)
        assert there.paths == [f"/v1.0/campaigns/{ID}"]


async def test_few_campaigns_are_read_one_by_one() -> None:
    async with account(paged(40, 10)) as there:
        wanted = ids(*range(20))
        assert await reading_of(there, *wanted) == (set(wanted), set(), True)
        assert there.limits.taken() == {"POST auth/login": 1, "GET campaign": 20}


async def test_many_campaigns_are_read_from_pages_until_all_are_found() -> None:
    async with account(paged(60, 10)) as there:
        wanted = ids(*range(5, 29))
        assert await reading_of(there, *wanted) == (set(wanted), set(), True)
        assert there.limits.taken() == {"POST auth/login": 1, "GET campaigns": 3}


async def test_what_the_pages_leave_out_is_read_singly() -> None:
    async with account(paged(60, 10)) as there:
        unknown = ids(1000, 1001)
        wanted = [*ids(*range(22)), *unknown]
        assert await reading_of(there, *wanted) == (set(ids(*range(22))), set(unknown), True)
        assert there.limits.taken()["GET campaign"] == 2


async def test_no_more_than_some_pages_are_looked_through() -> None:
    async with account(paged(60, 3)) as there:
        wanted = ids(*range(24, 60, 1))
        assert await reading_of(there, *wanted) == (set(wanted), set(), True)
        taken = there.limits.taken()
        assert (taken["GET campaigns"], taken["GET campaign"]) == (10, 30)


async def test_a_create_is_looked_for_by_all_that_it_set() -> None:
    alike = [
        row(id=OTHER),
        row(),
        row(id=ids(3)[0], tm_delete="2022-05-01 00:00:00"),
        row(id=ids(4)[0], name="Test campaign"),
        row(id=ids(5)[0], queue_id=NIL),
        row(id=ids(6)[0], queue_id=...),
    ]
    create = new(
        note="test campaign detail", native__queue_id="99bf739a-932f-433c-b1bf-103d33d7e9bb"
    )
    script = with_login(in_turn(listing(*alike, token="a"), listing()))
    async with account(script) as there:
        found = await there.adapter.find(create)
    assert set(found.campaigns) == {ID, OTHER}
    assert found.is_whole


@pytest.mark.parametrize(
    "replies",
    [
        [listing(row(), token="a"), listing(token="b")],
        [listing("bad", row(), token="a"), listing()],
    ],
)
async def test_a_search_that_was_not_whole_says_so(replies: list[Reply]) -> None:
    async with account(with_login(in_turn(*replies))) as there:
        found = await there.adapter.find(new())
    assert set(found.campaigns) == {ID}
    assert not found.is_whole


async def test_a_campaign_without_a_link_is_found_by_that() -> None:
    create = WriteItem(
        external_id="+1", changes={"native.queue_id": None}, remote={}, is_create=True
    )
    script = with_login(in_turn(listing(row(queue_id=NIL), row(id=OTHER), token="a"), listing()))
    async with account(script) as there:
        assert set((await there.adapter.find(create)).campaigns) == {ID}


@pytest.mark.parametrize("answer", [GET_ANSWER, CURRENT, CREATE_ANSWER])
async def test_the_same_campaign_has_the_same_bytes_in_a_listing_and_by_get(answer: bytes) -> None:
    body = b'{"result":[' + answer + b'],"next_page_token":"t"}'
    script = with_login(
        lambda one: (
            http(200, answer)
            if "/campaigns/" in one.path
            else (listing() if "page_token" in one.path else http(200, body))
        )
    )
    async with account(script) as there:
        page, _ = await there.pages()
        (listed,) = page.campaigns
        reading = await there.adapter.read([listed.external_id])
    assert reading.campaigns[listed.external_id].values == listed.values
    assert reading.campaigns[listed.external_id].raw.strip() == listed.raw
