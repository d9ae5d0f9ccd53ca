"""Lists, pricings and names beyond the documented examples: what is asked of which scope, what one
bad campaign does to the others, and what refusals, garbage and silence lead to."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest

from syncd import timing
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
    Stopped,
    Throttled,
)
from syncd.limiter import Freeze, Limits
from syncd.model.limits import Limit
from syncd.model.listing import Page
from tests.providers.epom.network import (
    DIGEST,
    PASSWORD,
    USERNAME,
    Account,
    account,
    is_signed,
    item,
    network,
    path_of,
    pricing_of,
    query_of,
    routes,
)
from tests.providers.scripted import Arrival, Reply, http

LIST = "GET /rest-api/campaigns.do"
IDS = {"ids": ("17", "18")}


def pricing(number: int) -> str:
    return f"GET /rest-api/campaign/{number}/pricing.do"


def campaign(number: int) -> str:
    return f"GET /rest-api/campaign/{number}.do"


def ids_of(page: Page) -> list[str]:
    return [one.external_id for one in page.campaigns]


async def error_of(there: Account) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await there.pages()
    return caught.value


async def test_a_large_account_streams_in_portions_of_twenty() -> None:
    async with account(network(*range(1, 46))) as there:
        arrived, sizes, labels = [], [], []
        async for page in there.adapter.pages():
            arrived.append(len(there.server.arrivals))
            sizes.append(len(page.campaigns))
            labels.append((page.label, page.total))
    assert sizes == [20, 20, 5]
    assert arrived == [21, 41, 46], "no request leaves before its page is asked for"
    assert labels[1:] == [("campaigns 21 to 40 of 45", 3), ("campaigns 41 to 45 of 45", 3)]


async def test_each_advertiser_has_a_list_and_is_the_part_of_its_campaigns() -> None:
    answers = network(17, 18) | {
        "GET /rest-api/advertiser/7/campaigns.do": http(200, [{"id": 17, "name": "a"}]),
        "GET /rest-api/advertiser/8/campaigns.do": http(200, []),
        "GET /rest-api/advertiser/9%2F1/campaigns.do": http(200, [{"id": 18, "name": "b"}]),
    }
    scope = {"advertisers": ("7", "8", "9/1")}
    async with account(answers, scope=scope, currency={"7": "CHF"}) as there:
        pages = await there.pages()
        assert LIST not in there.paths
    assert [ids_of(page) for page in pages] == [["17"], [], ["18"]]
    found = [one for page in pages for one in page.campaigns]
    assert [(one.part, one.name, one.currency) for one in found] == [
        ("7", "a", "CHF"),
        ("9/1", "b", None),
    ]
    assert pages[0].label == "advertiser 7: campaigns 1 to 1 of 1"
    assert pages[0].total is None
    assert all(page.is_whole for page in pages)


async def test_configured_ids_are_the_campaigns_and_asked_for_their_names() -> None:
    row = b'{"id":17,"name":"Spring","active":true}'
    answers = network(17, 18) | {campaign(17): http(200, row)}
    async with account(answers, scope=IDS) as there:
        (page,) = await there.pages()
        assert there.paths == [pricing(17), pricing(18), campaign(17), campaign(18)]
    assert [(one.external_id, one.name, one.part) for one in page.campaigns] == [
        ("17", "Spring", None),
        ("18", "18", None),
    ]
    assert page.campaigns[0].raw.startswith(b'{"campaign":' + row + b',"pricing":{')
    assert page.campaigns[1].raw.startswith(b'{"campaign":null,"pricing":{')


NAMELESS: dict[str, Reply] = {
    "no such route": http(404, "<html>"),
    "no right": http(403),
    "no password": http(401),
    "too slow": http(408),
    "broken": http(500),
    "down": http(503, "<html>"),
    "a reset": Reply(ends="reset"),
    "a dropped connection": Reply(ends="closed"),
    "not allowed": http(405),
    "HTML": http(200, "<html>"),
    "nothing": http(200),
    "a refusal": http(200, {"success": False, "error": "permission_denied"}),
    "a list": http(200, [{"id": 17, "name": "x"}]),
    "another campaign": http(200, {"id": 18, "name": "x"}),
    "a name that is none": http(200, {"id": 17, "name": 5}),
}


TRIED_AGAIN = {"broken", "down", "a reset", "a dropped connection"}


@pytest.mark.parametrize("what", NAMELESS)
async def test_without_a_name_the_id_stands_in(what: str) -> None:
    answers = network(17) | {campaign(17): NAMELESS[what]}
    async with account(answers, scope={"ids": ("17",)}) as there:
        (page,) = await there.pages()
        asked = there.paths.count(campaign(17))
        reading = await there.adapter.read(["17"])
        assert await there.pages() == [page]
        assert there.paths.count(campaign(17)) == asked
    (one,) = page.campaigns
    assert (page.bad, asked) == ((), 4 if what in TRIED_AGAIN else 1)
    assert (one.name, one.values["price.amount"]) == ("17", "1.25")
    assert reading.campaigns["17"].raw == one.raw


async def test_a_campaign_that_has_no_name_is_asked_for_it_in_the_next_pull() -> None:
    answers = network(17) | {campaign(17): http(200, {"id": 17})}
    async with account(answers, scope={"ids": ("17",)}) as there:
        names = [[one.name for one in page.campaigns] for page in await there.pages()]
        await there.pages()
        assert there.paths.count(campaign(17)) == 2
    assert names == [["17"]]


async def test_where_one_name_cannot_be_had_the_others_are_asked_for_a_single_time() -> None:
    row = http(200, {"id": 19, "name": "Spring"})
    broken = dict.fromkeys((campaign(17), campaign(18)), http(500))
    answers = network(17, 18, 19) | broken | {campaign(19): row}
    async with account(answers, scope={"ids": ("17", "18", "19")}) as there:
        (page,) = await there.pages()
        counts = [there.paths.count(campaign(number)) for number in (17, 18, 19)]
    assert counts == [4, 1, 1]
    assert [one.name for one in page.campaigns] == ["17", "18", "Spring"]


@pytest.mark.parametrize("failure", [http(404), http(401), Reply(ends="reset")])
async def test_a_name_is_asked_for_once_in_a_pull_and_a_known_one_outlives_a_failure(
    failure: Reply,
) -> None:
    answers = network(17) | {campaign(17): http(200, {"id": 17, "name": "old"})}
    async with account(answers, scope={"ids": ("17",)}) as there:
        names = []
        for reply in (http(200, {"id": 17, "name": "new"}), failure):
            names += [one.name for page in await there.pages() for one in page.campaigns]
            reading = await there.adapter.read(["17"])
            names.append(reading.campaigns["17"].name)
            there.server.script = routes(answers | {campaign(17): reply})
        for _ in range(2):
            names += [one.name for page in await there.pages() for one in page.campaigns]
            assert there.paths.count(campaign(17)) == (6 if failure.ends == "reset" else 3)
    assert names == ["old", "old", "new", "new", "new", "new"]


async def test_a_read_costs_one_call_a_campaign_once_a_pull_has_named_them() -> None:
    async with account(network(17, 18)) as there:
        await there.pages()
        del there.server.arrivals[:]
        reading = await there.adapter.read(["18", "17"])
        assert there.paths == [pricing(18), pricing(17)]
    assert {one: it.name for one, it in reading.campaigns.items()} == {
        "17": "Campaign 17",
        "18": "Campaign 18",
    }
    assert reading.is_whole
    assert reading.dialect is None


async def test_a_read_without_a_pull_lists_first_and_leaves_out_what_no_list_shows() -> None:
    async with account(network(17, 18)) as there:
        reading = await there.adapter.read(["18", "99"])
        assert there.paths == [LIST, pricing(18)]
    assert set(reading.campaigns) == {"18"}
    assert reading.is_whole
    assert reading.gone == frozenset()


async def test_a_read_is_the_same_campaign_as_the_pulls() -> None:
    for scope in ({}, IDS):
        answers = network(17, 18) | {campaign(17): http(200, {"id": 17, "name": "a"})}
        async with account(answers, scope=scope) as there:
            reading = await there.adapter.read(["17", "18"])
            pulled = {
                one.external_id: one for page in await there.pages() for one in page.campaigns
            }
        assert reading.campaigns == pulled


async def test_a_read_stays_within_the_configured_ids() -> None:
    async with account(network(17, 18, 19), scope=IDS) as there:
        reading = await there.adapter.read(["19", "17"])
        assert pricing(19) not in there.paths
    assert set(reading.campaigns) == {"17"}
    assert reading.is_whole


async def test_a_list_with_a_row_that_is_none_makes_an_absence_prove_nothing() -> None:
    rows = b'[{"id":17,"name":"a"},{"id":"18","name":[]},{"name":"x"}]'
    async with account(network(17) | {LIST: http(200, rows)}) as there:
        reading = await there.adapter.read(["18"])
        (page,) = await there.pages()
    assert (dict(reading.campaigns), reading.is_whole) == ({}, False)
    assert ids_of(page) == ["17"]
    assert [(row.external_id, row.raw) for row in page.bad] == [
        ("18", b'{"id":"18","name":[]}'),
        (None, b'{"name":"x"}'),
    ]
    assert page.is_whole


async def test_bad_rows_of_a_long_list_are_told_once() -> None:
    names = [{"id": number, "name": "x"} for number in range(1, 26)]
    answers = network(*range(1, 26)) | {LIST: http(200, [*names, {"id": None}])}
    async with account(answers) as there:
        pages = await there.pages()
    assert [(len(page.campaigns), len(page.bad)) for page in pages] == [(20, 1), (5, 0)]


async def test_a_campaign_listed_twice_is_read_once() -> None:
    names = [{"id": 17, "name": "x"}, {"id": 17, "name": "x"}]
    async with account(network(17) | {LIST: http(200, names)}) as there:
        (page,) = await there.pages()
        assert there.paths == [LIST, pricing(17)]
    assert ids_of(page) == ["17"]


ONE_BAD: dict[str, tuple[Reply, str]] = {
    "403": (http(403), "HTTP 403"),
    "403 with words": (http(403, {"error": "no_right", "message": "ask"}), "no_right: ask"),
    "permission denied": (
        http(200, {"success": False, "error": "permission_denied"}),
        "permission_denied",
    ),
    "permission denied, as printed": (
        http(200, '{"permission_denied":,"success":false}'),
        "permission_denied",
    ),
    "another no": (http(200, {"160": "no_url_property_found", "success": False}), "160: no_url"),
    "400": (http(400, "no such campaign"), "no such campaign"),
    "words as price": (pricing_of(18, price="1,25"), "price is str, not a number"),
    "another campaign's pricing": (pricing_of(19), "pricing of campaign 19"),
    "a list": (http(200, [1]), "list, not an object"),
    "null": (http(200, "null"), "not an object"),
    "HTML": (http(200, "<html>"), "not JSON that can be trusted"),
    "nothing": (http(200), "not JSON that can be trusted"),
    "a key twice": (http(200, '{"price":1,"price":2}'), "a key twice"),
    "a pricing within": (http(200, {"success": True, "pricing": {"price": 1}}), "it is no pricing"),
    "an empty object": (http(200, {}), "it is no pricing"),
    "no as a text": (http(200, {"success": "false", "price": 1}), "not what was asked for"),
    "neither yes nor no": (http(200, {"success": None, "price": 1}), "not what was asked for"),
}


@pytest.mark.parametrize("what", ONE_BAD)
async def test_one_bad_campaign_leaves_the_others_alone(what: str) -> None:
    reply, words = ONE_BAD[what]
    answers = network(17, 18, 19) | {pricing(18): reply}
    async with account(answers) as there:
        (page,) = await there.pages()
    assert ids_of(page) == ["17", "19"]
    ((row,),) = (page.bad,)
    assert row.external_id == "18"
    assert words in row.message
    assert row.raw.startswith(b'{"campaign":{"id": 18, "name": "Campaign 18"},"pricing":')
    assert page.is_whole


async def test_a_bad_pricing_is_kept_as_it_came() -> None:
    broken = b'{"price":  "x"}'
    async with account(network(17) | {pricing(17): http(200, broken)}) as there:
        (page,) = await there.pages()
    assert page.bad[0].raw.endswith(b',"pricing":' + broken + b"}")


OUT_OF_VIEW = {"403", "403 with words", "permission denied", "permission denied, as printed"}


@pytest.mark.parametrize("what", ONE_BAD)
async def test_only_a_missing_right_takes_a_campaign_out_of_view(what: str) -> None:
    answers = network(17, 18) | {pricing(18): ONE_BAD[what][0]}
    async with account(answers) as there:
        reading = await there.adapter.read(["17", "18"])
    assert set(reading.campaigns) == {"17"}
    assert reading.is_whole == (what in OUT_OF_VIEW)
    assert reading.gone == frozenset()


async def test_garbage_from_everywhere_ends_the_pull() -> None:
    def script(arrival: Arrival) -> Reply:
        if path_of(arrival) == LIST:
            return network(*range(1, 40))[LIST]
        return http(200, "<html>maintenance</html>")

    async with account(script) as there:
        error = await error_of(there)
        assert len(there.server.arrivals) == 1 + 3 * 4
    assert isinstance(error, BadAnswer)


async def test_scattered_garbage_does_not() -> None:
    answers = network(*range(1, 10))
    answers |= {pricing(number): http(200, "?") for number in (1, 2, 4, 5, 7, 8)}
    async with account(answers) as there:
        (page,) = await there.pages()
    assert ids_of(page) == ["3", "6", "9"]
    assert len(page.bad) == 6


LISTS: dict[str, tuple[Reply, type[ProviderError], str]] = {
    "401": (http(401), AuthFailed, "username and password"),
    "403": (http(403, "<html>"), Forbidden, "support@epom.com"),
    "404": (http(404), CallRefused, "give `ids`"),
    "400": (http(400, {"error": "x"}), CallRefused, ""),
    "permission denied": (
        http(200, {"success": False, "error": "permission_denied"}),
        Forbidden,
        "support@epom.com",
    ),
    "another no": (http(200, {"success": False}), CallRefused, ""),
    "500": (http(500), ProviderDown, ""),
    "503": (http(503), ProviderDown, ""),
    "nothing": (http(200), BadAnswer, ""),
    "HTML": (http(200, "<html>"), BadAnswer, ""),
    "an object": (http(200, {"campaigns": []}), BadAnswer, ""),
    "null": (http(200, "null"), BadAnswer, ""),
    "half a list": (http(200, '[{"id":17,"name":"x"}'), BadAnswer, ""),
    "more than a list": (http(200, '[],"x":1'), BadAnswer, ""),
    "two lists": (http(200, '[1],"rows":[2]'), BadAnswer, ""),
    "two texts": (http(200, "[] []"), BadAnswer, ""),
    "100,000 lists": (http(200, "[" * 100_000 + "]" * 100_000), BadAnswer, ""),
    "204": (http(204), BadAnswer, ""),
    "a redirect": (http(302, b"", {"Location": "/login"}), BadAnswer, ""),
    "half an answer": (
        Reply(head=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[", ends="closed"),
        NoAnswer,
        "",
    ),
    "a reset": (Reply(ends="reset"), NoAnswer, ""),
    "silence": (Reply(hangs=True), NoAnswer, ""),
}


@pytest.mark.parametrize("what", LISTS)
async def test_a_list_that_is_none_ends_the_pull_and_says_why(what: str) -> None:
    reply, kind, remedy = LISTS[what]
    async with account({LIST: reply}) as there:
        error = await error_of(there)
    assert type(error) is kind
    assert "GET campaigns" in error.message
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("reply", "kind"),
    [(http(401), AuthFailed), (http(500), ProviderDown), (Reply(ends="reset"), NoAnswer)],
)
async def test_a_pricing_refused_for_the_whole_account_ends_the_pull(
    reply: Reply, kind: type[ProviderError]
) -> None:
    async with account(network(17, 18) | {pricing(17): reply}) as there:
        assert type(await error_of(there)) is kind
        assert pricing(18) not in there.paths


async def test_a_pull_without_a_server_was_not_sent() -> None:
    async with account({}) as there:
        there.server.close()
        assert isinstance(await error_of(there), NotSent)


async def test_reads_are_tried_again() -> None:
    waiting = [http(503), Reply(ends="closed"), http(200, "half")]

    def script(arrival: Arrival) -> Reply:
        if path_of(arrival) == pricing(17) and waiting:
            return waiting.pop(0)
        return routes(network(17))(arrival)

    async with account(script) as there:
        (page,) = await there.pages()
        assert there.paths == [LIST, *4 * [pricing(17)]]
    assert ids_of(page) == ["17"]


async def test_a_refused_password_is_not_tried_again() -> None:
    async with account({LIST: http(401)}) as there:
        await error_of(there)
        assert len(there.server.arrivals) == 1


@pytest.mark.parametrize(
    "no", ['{"success":false,"error":"x"}', '{"no_url":,"success":false}', '{"success":false}']
)
async def test_a_no_is_not_asked_for_again(no: str) -> None:
    async with account(network(17) | {pricing(17): http(200, no)}) as there:
        (page,) = await there.pages()
        assert there.paths == [LIST, pricing(17)]
    assert len(page.bad) == 1


@pytest.mark.parametrize(("status", "kind"), [(429, Throttled), (503, LimitWait)])
async def test_a_name_that_is_throttled_ends_the_pull(
    status: int, kind: type[ProviderError]
) -> None:
    limits = Limits([], patience=0.1, on_freeze=None)
    answers = network(17) | {campaign(17): http(status, b"", {"Retry-After": "30"})}
    async with account(answers, scope={"ids": ("17",)}, limits=limits) as there:
        assert type(await error_of(there)) is kind


async def test_a_stop_while_a_name_is_asked_for_ends_the_pull() -> None:
    limits = Limits([], patience=5.0, on_freeze=None)

    def script(arrival: Arrival) -> Reply:
        if path_of(arrival) == pricing(17):
            limits.close()
        return routes(network(17))(arrival)

    async with account(script, scope={"ids": ("17",)}, limits=limits) as there:
        assert type(await error_of(there)) is Stopped
        assert campaign(17) not in there.paths


async def test_a_wrong_clock_is_named_as_the_cause_of_a_401() -> None:
    away = formatdate(timing.wall_clock().timestamp() - 4000, usegmt=True)
    async with account({LIST: http(401, b"", {"Date": away})}) as there:
        error = await error_of(there)
    assert "set this machine's clock: it is" in error.remedy


async def test_a_throttle_freezes_the_account_and_is_waited_for() -> None:
    freezes: list[Freeze] = []

    async def note(freeze: Freeze) -> None:
        freezes.append(freeze)

    limits = Limits([Limit(count=10_000, window=60)], patience=0.1, on_freeze=note)
    reply = http(429, b"", {"Retry-After": "30"})
    async with account({LIST: reply}, limits=limits) as there:
        error = await error_of(there)
        assert len(there.server.arrivals) == 1
        with pytest.raises(LimitWait):
            await there.pages()
    assert isinstance(error, Throttled)
    assert error.retry_after == 30
    assert freezes


@pytest.mark.parametrize("given", [{"username": "x"}, {"password": "x"}, {}])
async def test_a_missing_credential_is_said_and_nothing_is_sent(given: dict[str, str]) -> None:
    async with account(network(17), credentials=lambda: given) as there:
        error = await error_of(there)
        assert there.server.arrivals == []
    assert isinstance(error, AuthFailed)


async def test_a_changed_password_is_taken_up() -> None:
    given = {"username": USERNAME, "password": "one"}
    async with account(network(17), credentials=lambda: given) as there:
        await there.pages()
        given["password"] = PASSWORD
        await there.pages()
        signed = [is_signed(one) for one in there.server.arrivals]
    assert signed == [False, False, True, True]


async def test_no_secret_comes_out_of_an_error() -> None:
    def script(arrival: Arrival) -> Reply:
        query = arrival.path.partition("?")[2]
        words = f"{PASSWORD} {DIGEST} {query} {arrival.path}"
        return http(403, {"error": words, "message": words})

    async with account(script) as there:
        error = await error_of(there)
        proof = query_of(there.server.arrivals[0])["hash"]
        shown = f"{error} {error.remedy} {error.code} {there.events}"
    assert "[redacted]" in error.message
    for secret in (PASSWORD, DIGEST, proof):
        assert secret not in shown


async def test_nothing_is_created_and_nothing_is_looked_for() -> None:
    async with account(network(17)) as there:
        reading = await there.adapter.find(item({"name": "x"}))
        assert there.server.arrivals == []
    assert (dict(reading.campaigns), reading.is_whole) == ({}, False)


async def test_an_empty_network_is_one_empty_page() -> None:
    answers: dict[str, Any] = {LIST: http(200, " [ ] ")}
    async with account(answers) as there:
        (page,) = await there.pages()
    assert (page.campaigns, page.bad, page.is_whole) == ((), (), True)
    assert (page.label, page.total) == ("none", 1)


NO_PRICING = http(404, "<html>404 Not Found</html>")


async def test_no_pricing_is_told_where_another_campaign_shows_one_afterwards() -> None:
    answers = network(17, 18, 19) | {pricing(17): NO_PRICING, pricing(19): NO_PRICING}
    async with account(answers) as there:
        (page,) = await there.pages()
        assert there.paths == [LIST, pricing(17), pricing(18), pricing(19), pricing(18)]
        del there.server.arrivals[:]
        reading = await there.adapter.read(["17"])
        assert there.paths == [pricing(17), pricing(18)]
    assert (page.is_whole, page.notes) == (True, ())
    assert [one.values["price.amount"] for one in page.campaigns] == [None, "1.25", None]
    assert reading.campaigns["17"].values["price.amount"] is None


@pytest.mark.parametrize("scope", [{}, {"ids": tuple(map(str, range(17, 27)))}], ids=str)
async def test_404_to_every_pricing_says_nothing_of_prices(scope: dict[str, Any]) -> None:
    numbers = range(17, 27)
    async with account(network(*numbers), scope=scope) as there:
        (whole,) = await there.pages()
        there.server.script = routes(
            network(*numbers) | {pricing(one): NO_PRICING for one in numbers}
        )
        (page,) = await there.pages()
        del there.server.arrivals[:]
        reading = await there.adapter.read(["17"])
        asked = [one for one in there.paths if one.endswith("/pricing.do")]
    assert (whole.bad, page.campaigns, reading.campaigns) == ((), (), {})
    assert {row.external_id for row in page.bad} == {*map(str, numbers)}
    assert "404 for its pricing and for every other" in page.bad[0].message
    assert not reading.is_whole
    assert len(asked) == 1 + 5


async def test_the_only_campaign_without_a_pricing_is_believed_while_epom_shows_it() -> None:
    answers = network(17) | {pricing(17): NO_PRICING}
    async with account(answers) as there:
        (page,) = await there.pages()
        there.server.script = routes(answers | {LIST: http(200, [])})
        reading = await there.adapter.read(["17"])
    assert page.campaigns[0].values["price.amount"] is None
    assert (reading.campaigns, reading.is_whole) == ({}, False)


async def test_where_the_oldest_campaigns_have_no_pricing_a_younger_one_bears_it_out() -> None:
    numbers = range(1, 61)
    answers = network(*numbers) | {pricing(one): NO_PRICING for one in range(1, 41)}
    async with account(answers) as there:
        pages = await there.pages()
        assert len(there.paths) == 1 + 60
    assert [len(page.campaigns) for page in pages] == [60]
    assert pages[0].bad == ()


async def test_another_advertisers_campaign_is_another_one() -> None:
    answers = network(18) | {
        "GET /rest-api/advertiser/7/campaigns.do": http(200, [{"id": 17, "name": "a"}]),
        "GET /rest-api/advertiser/8/campaigns.do": http(200, [{"id": 18, "name": "b"}]),
        pricing(17): NO_PRICING,
    }
    for_nobody = answers | {pricing(18): NO_PRICING}
    for given, is_told in ((answers, True), (for_nobody, False)):
        async with account(given, scope={"advertisers": ("7", "8")}) as there:
            pages = await there.pages()
        assert [bool(page.campaigns) for page in pages] == [is_told] * 2
        assert [not page.bad for page in pages] == [is_told] * 2


async def test_a_configured_campaign_without_a_pricing_is_believed_once_epom_names_it() -> None:
    nameless = {pricing(17): NO_PRICING, campaign(17): http(403)}
    async with account(nameless, scope={"ids": ("17",)}) as there:
        (before,) = await there.pages()
        there.server.script = routes(nameless | {campaign(17): http(200, {"id": 17})})
        (after,) = await there.pages()
    assert [len(page.bad) for page in (before, after)] == [1, 0]
