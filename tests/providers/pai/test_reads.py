"""Reads by id and for the recovery of a create: which calls they take, what proves that a campaign
is gone, and the whole error table under HTTP statuses, inside HTTP 200 and by the errors' names."""

from __future__ import annotations

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
from syncd.model.call import WriteItem
from syncd.model.listing import Evidence
from syncd.model.path import DELETED, Kind
from syncd.providers.pai import capabilities
from tests.providers.accounts import always, in_turn
from tests.providers.pai.setting import (
    DIALECTS,
    ID,
    ROOTS,
    TRACE,
    account,
    create,
    envelope,
    gateway,
    listed,
    query_of,
    refused,
    row,
    serving,
)
from tests.providers.scripted import Arrival, Reply, http

ABSENT = refused(404, "The specified campaign ID does not exist.")


def ids(count: int) -> list[str]:
    return [f"c{number:04}" for number in range(count)]


def operations(calls: list[Arrival]) -> list[str]:
    return ["list" if query_of(call) else call.path.rpartition("/")[2] for call in calls]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_an_account_can_do(dialect: str) -> None:
    found = capabilities(dialect, {"region": ("cn-hangzhou",)})
    assert (found.provider, found.dialect) == ("pai", dialect)
    assert found.gone is Evidence.TWO_PULLS
    assert (found.creates, found.reads_back) == (True, False)
    assert found.writes == {"POST campaigns", "PUT campaign", "DELETE campaign"}
    assert {field.path: field.call for field in found.fields if field.changeable} == {
        "name": "PUT campaign",
        "note": "PUT campaign",
        DELETED: "DELETE campaign",
    }
    assert {field.path for field in found.fields if field.creatable} == {"name", "note"}
    assert all(field.kind in {Kind.TEXT, Kind.FLAG} for field in found.fields)


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_few_campaigns_are_read_one_by_one(count: int) -> None:
    wanted = ids(300)[-count:]
    async with account(serving(ids(300))) as there:
        reading = await there.adapter.read(wanted)
        assert operations(there.calls) == wanted
        assert there.limits.taken() == {"GET campaign": count}
    assert set(reading.campaigns) == set(wanted)
    assert (reading.is_whole, reading.gone, reading.dialect) == (True, frozenset(), None)


async def test_many_campaigns_are_read_by_listing_which_is_free() -> None:
    wanted = ids(300)[98:103]
    async with account(serving(ids(300))) as there:
        reading = await there.adapter.read(wanted)
        assert operations(there.calls) == ["list", "list"], "no page beyond what was wanted"
        assert there.limits.taken() == {"GET campaigns": 2}
    assert set(reading.campaigns) == set(wanted)
    assert reading.is_whole


async def test_what_a_listing_does_not_show_is_asked_for_singly() -> None:
    async with account(serving(ids(150))) as there:
        reading = await there.adapter.read([*ids(4), "gone-1", "gone-2"])
        assert operations(there.calls) == ["list", "list", "gone-1", "gone-2"]
    assert set(reading.campaigns) == set(ids(4))
    assert reading.gone == {"gone-1", "gone-2"}
    assert reading.is_whole


async def test_a_row_that_a_listing_lost_is_found_singly() -> None:
    serve = serving(ids(4))

    def script(arrival: Arrival) -> Reply:
        return listed(map(row, ids(3)), 3) if query_of(arrival) else serve(arrival)

    async with account(script) as there:
        reading = await there.adapter.read(ids(4))
    assert set(reading.campaigns) == set(ids(4))
    assert (reading.is_whole, reading.gone) == (True, frozenset())


async def test_a_row_that_cannot_be_read_is_not_paid_for_again() -> None:
    rows = [row(one) for one in ids(3)] + [row("c0003") | {"Name": 5}]
    async with account(always(listed(rows, 4))) as there:
        reading = await there.adapter.read(ids(4))
        assert operations(there.calls) == ["list"]
    assert set(reading.campaigns) == set(ids(3))
    assert (reading.is_whole, reading.gone) == (False, frozenset())


@pytest.mark.parametrize(
    "reply",
    [
        ABSENT,
        http(404, envelope(code=404)),
        http(404, envelope(None, code="404")),
        gateway(404, "404"),
        gateway(404, "CampaignNotFound"),
        gateway(404, "InvalidCampaignId.NotFound"),
        gateway(404, "EntityNotExist"),
        http(404, "<Error><Code>NotFound</Code><RequestId>r</RequestId></Error>"),
    ],
)
async def test_a_campaign_is_gone_when_the_provider_itself_says_so(reply: Reply) -> None:
    async with account(always(reply)) as there:
        reading = await there.adapter.read([ID])
        assert len(there.calls) == 1
    assert reading.gone == {ID}
    assert (reading.is_whole, reading.campaigns) == (True, {})


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (http(404), CallRefused),
        (http(404, "<html>404 Not Found</html>"), CallRefused),
        (http(404, {"message": "no route"}), CallRefused),
        (http(404, []), CallRefused),
        (gateway(404, "InvalidAction.NotFound"), CallRefused),
        (gateway(404, "InvalidApi.NotFound"), CallRefused),
        (gateway(404, "InvalidVersion.NotFound"), CallRefused),
        (gateway(404, "Mystery"), CallRefused),
        (gateway(404, "InvalidAccessKeyId.NotFound"), AuthFailed),
        (gateway(404, "Forbidden.CampaignNotFound"), Forbidden),
        (http(404, envelope(code=0)), ProviderDown),
        (refused(400, "campaign not found"), CallRefused),
        (gateway(400, "CampaignNotFound"), CallRefused),
        (gateway(403, "CampaignNotFound"), Forbidden),
    ],
)
async def test_what_is_not_its_word_about_the_campaign_proves_nothing(
    reply: Reply, kind: type[ProviderError]
) -> None:
    async with account(always(reply)) as there:
        with pytest.raises(kind) as error:
            await there.adapter.read([ID])
    assert type(error.value) is kind


async def test_a_wrong_address_is_told_with_its_remedy() -> None:
    async with account(always(http(404, "<html>"))) as there:
        with pytest.raises(CallRefused) as error:
            await there.adapter.read([ID])
    assert error.value.message == "GET campaign: HTTP 404"
    assert "base_url" in error.value.remedy


@pytest.mark.parametrize(
    "body",
    [
        envelope(),
        envelope(None),
        envelope("done"),
        envelope([row()]),
        envelope(row("another")),
        envelope(row() | {"Id": None}),
        envelope(row() | {"Name": 5}),
        envelope({}),
    ],
)
async def test_a_yes_without_the_campaign_proves_nothing(body: Any) -> None:
    async with account(always(http(200, body))) as there:
        reading = await there.adapter.read([ID])
    assert (dict(reading.campaigns), reading.is_whole, reading.gone) == ({}, False, frozenset())


async def test_an_id_is_one_piece_of_the_address() -> None:
    odd = "a/b c?d#e%2F~客"
    for dialect in DIALECTS:
        async with account(always(ABSENT), dialect=dialect) as there:
            reading = await there.adapter.read([odd])
            (call,) = there.calls
        assert call.path == f"{ROOTS[dialect]}/a%2Fb%20c%3Fd%23e%252F~%E5%AE%A2"
        assert reading.gone == {odd}


# What the error table says, by code: the error of a read, a word of its remedy, and how many
# requests it takes: what may pass is asked for again.
TABLE: dict[int, tuple[type[ProviderError], str, int]] = {
    400: (CallRefused, "validate all required parameters", 1),
    401: (AuthFailed, "credentials", 1),
    403: (Forbidden, "permissions for campaign management", 1),
    404: (CallRefused, "confirm that the campaign exists", 1),
    429: (Throttled, "the next pass goes on", 1),
    500: (ProviderDown, "support", 4),
    503: (ProviderDown, "wait", 4),
}
OTHERS: dict[int, tuple[type[ProviderError], str, int]] = {
    405: (CallRefused, "base_url", 1),
    408: (ProviderDown, "", 4),
    409: (CallRefused, "", 1),
    415: (CallRefused, "base_url", 1),
    502: (ProviderDown, "", 4),
}
INSIDE: dict[int, tuple[type[ProviderError], str, int]] = {
    1: (CallRefused, "", 1),
    -1: (CallRefused, "", 1),
    10001: (CallRefused, "", 1),
}
CASES = [
    *((http(code, envelope(code=code)), *told) for code, told in (TABLE | OTHERS).items()),
    *((gateway(code, "Name"), *told) for code, told in (TABLE | OTHERS).items() if code != 404),
    *((refused(code), *told) for code, told in (TABLE | OTHERS | INSIDE).items()),
    *((refused(str(code)), *told) for code, told in TABLE.items()),
    *((http(code), *told) for code, told in (TABLE | OTHERS).items() if code != 404),
]


@pytest.mark.parametrize(("reply", "kind", "remedy", "requests"), CASES)
async def test_the_error_table_holds_for_a_listing(
    reply: Reply, kind: type[ProviderError], remedy: str, requests: int
) -> None:
    async with account(always(reply)) as there:
        with pytest.raises(kind) as error:
            await there.pages()
        assert len(there.calls) == requests
    assert type(error.value) is kind
    assert remedy in error.value.remedy


@pytest.mark.parametrize(("reply", "kind", "remedy", "requests"), CASES)
async def test_the_error_table_holds_for_a_single_read(
    reply: Reply, kind: type[ProviderError], remedy: str, requests: int
) -> None:
    async with account(always(reply), dialect="current") as there:
        if "confirm that the campaign exists" in remedy:
            assert (await there.adapter.read([ID])).gone == {ID}
            return
        with pytest.raises(kind):
            await there.adapter.read([ID])
        assert len(there.calls) == requests


async def test_an_error_has_the_provider_s_words_and_its_trace() -> None:
    cases = (
        (refused(400, "bad page"), "ErrorCode 400: bad page", "errorcode-400"),
        (http(400, envelope(code=400)), "HTTP 400: OK", "http-400"),
        (gateway(400, "MissingParameter", "Id"), "HTTP 400: MissingParameter: Id", None),
        (
            http(400, {"code": "Odd", "message": "m", "requestId": TRACE}),
            "HTTP 400: Odd: m",
            "Odd",
        ),
        (
            http(
                400,
                "<?xml version='1.0'?><Error><RequestId>" + TRACE + "</RequestId>"
                "<Code>Odd</Code><Message>m</Message></Error>",
            ),
            "HTTP 400: Odd: m",
            "Odd",
        ),
    )
    for reply, text, code in cases:
        async with account(always(reply)) as there:
            with pytest.raises(CallRefused) as error:
                await there.pages()
        assert error.value.message == f"GET campaigns: {text}"
        assert error.value.code == (code or "MissingParameter")
        assert error.value.trace_id == TRACE


@pytest.mark.parametrize(
    "name",
    [
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "InvalidAccessKeyId.NotFound",
        "InvalidAccessKeyId.Inactive",
        "InvalidApiKey",
        "InvalidSecurityToken.Expired",
        "MissingSecurityToken",
        "InvalidTimeStamp.Expired",
        "IllegalTimestamp",
        "MissingAuthorization",
    ],
)
@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_key_that_is_not_taken_is_known_by_the_error_s_name(name: str, status: int) -> None:
    async with account(always(gateway(status, name)), dialect="current") as there:
        with pytest.raises(AuthFailed) as error:
            await there.pages()
        assert len(there.calls) == 1
    assert "clock" in error.value.remedy
    assert name in error.value.message
    assert error.value.code == "auth-failed"


@pytest.mark.parametrize(
    "reply",
    [
        http(429, b"", {"Retry-After": "60"}),
        http(429, envelope(code=0), {"Retry-After": "60"}),
        http(200, envelope(code=429), {"Retry-After": "60"}),
        http(400, envelope(code=429), {"Retry-After": "60"}),
        gateway(400, "Throttling", Retry_After="60"),
        gateway(400, "Throttling.User", Retry_After="60"),
        gateway(429, "Throttling.Api", Retry_After="60"),
        gateway(503, "Throttling", Retry_After="60"),
        gateway(200, "Throttling.User", Retry_After="60"),
        http(200, envelope(code="Throttling.User"), {"Retry-After": "60"}),
        http(400, {"code": "Throttling.User"}, {"Retry-After": "60"}),
        http(400, "<Error><Code>Throttling</Code></Error>", {"Retry-After": "60"}),
        http(200, envelope(code=503), {"Retry-After": "60"}),
        http(503, b"", {"Retry-After": "60"}),
    ],
)
async def test_throttling_is_heeded_wherever_it_stands(reply: Reply) -> None:
    async with account(always(reply)) as there:
        with pytest.raises((Throttled, LimitWait)):
            await there.pages()
        assert 30 < there.limits.frozen_for() <= 60
        assert len(there.calls) == 1, "nothing leaves before its time"


async def test_throttling_without_a_time_lasts_a_while() -> None:
    async with account(always(gateway(400, "Throttling.User"))) as there:
        with pytest.raises(Throttled) as error:
            await there.pages()
        assert error.value.retry_after == 10
        assert 5 < there.limits.frozen_for() <= 10


@pytest.mark.parametrize(
    "reply", [http(500), http(503), refused(500), refused(503), http(400), refused(400), http(200)]
)
async def test_nothing_else_freezes_an_account(reply: Reply) -> None:
    async with account(always(reply)) as there:
        with pytest.raises(ProviderError):
            await there.pages()
        assert there.limits.frozen_for() == 0


@pytest.mark.parametrize(
    "trouble",
    [
        http(500),
        refused(500),
        refused(503),
        gateway(400, "SignatureNonceUsed"),
        gateway(200, "Odd"),
        http(200, "<html>"),
        http(204),
        Reply(ends="closed"),
        Reply(hangs=True),
        Reply(head=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", ends="closed"),
    ],
)
async def test_a_read_that_may_pass_is_made_again(trouble: Reply) -> None:
    script = in_turn(trouble, trouble, http(200, envelope(row())))
    async with account(script) as there:
        reading = await there.adapter.read([ID])
        assert len(there.calls) == 3
    assert set(reading.campaigns) == {ID}


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (http(200, "<html>"), BadAnswer),
        (http(301, b"", {"Location": "/x"}), BadAnswer),
        (http(308, b"", {"Location": "http://example.invalid/"}), BadAnswer),
        (Reply(ends="reset"), NoAnswer),
        (Reply(hangs=True), NoAnswer),
    ],
)
async def test_what_stays_unreadable_is_an_error(reply: Reply, kind: type[ProviderError]) -> None:
    async with account(always(reply)) as there:
        with pytest.raises(kind):
            await there.adapter.read([ID])
        assert len(there.calls) == 4, "four attempts and no more: each may be paid for"


async def test_a_provider_that_cannot_be_reached_is_told_as_such() -> None:
    async with account(serving([ID])) as there:
        there.server.close()
        with pytest.raises(NotSent):
            await there.pages()


async def test_secrets_stay_out_of_errors_and_events() -> None:
    words = "signed canary-key-id canary-key-secret Bearer canary-token"
    for reply in (
        refused(400, words),
        gateway(400, f"Odd canary-key-secret {words}", words),
        http(500, envelope(code=500, message=words) | {"RequestId": "canary-key-secret"}),
        http(401, envelope(code=401, message=words)),
    ):
        async with account(always(reply), dialect="current") as there:
            with pytest.raises(ProviderError) as error:
                await there.adapter.find(create("canary-name"))
            shown = repr([error.value.args, error.value.code, error.value.trace_id, there.events])
        assert "[redacted]" in shown
        assert "canary" not in shown


async def test_a_lost_create_is_looked_for_by_all_that_it_set() -> None:
    rows = [
        row("a", "summer", "first"),
        row("b", "summer", "second"),
        row("c", "summer sale", "first"),
        row("d", "Summer", "first"),
        row("e", "summer", "first"),
    ]
    async with account(always(listed(rows, 5))) as there:
        reading = await there.adapter.find(create("summer", "first"))
        assert query_of(there.calls[0])["Name"] == "summer"
        assert there.limits.taken() == {"GET campaigns": 1}, "which costs nothing"
    assert set(reading.campaigns) == {"a", "e"}
    assert reading.is_whole


@pytest.mark.parametrize("note", [None, ""])
async def test_a_create_without_a_remark_is_looked_for_by_its_name(note: str | None) -> None:
    rows = [row("a", "summer", "first"), row("b", "summer", ""), {"Id": "c", "Name": "summer"}]
    async with account(always(listed(rows, 3))) as there:
        reading = await there.adapter.find(create("summer", note))
        assert "Remark" not in query_of(there.calls[0])
    assert set(reading.campaigns) == {"b", "c"}


async def test_a_filter_leaves_with_every_special_character_encoded() -> None:
    async with account(always(listed([], 0))) as there:
        reading = await there.adapter.find(create("a b+c&d=e/f?g#h%~客", "é\n😀"))
        assert there.calls[0].path == (
            "/2022-01-12/campaigns?Name=a%20b%2Bc%26d%3De%2Ff%3Fg%23h%25~%E5%AE%A2"
            "&Remark=%C3%A9%0A%F0%9F%98%80&PageNumber=1&PageSize=100"
        )
    assert (dict(reading.campaigns), reading.is_whole) == ({}, True)


async def test_a_search_of_several_pages_sees_them_all() -> None:
    def script(arrival: Arrival) -> Reply:
        number = int(query_of(arrival)["PageNumber"])
        some = [row(one, "summer", "") for one in ids(150)]
        return listed(some[(number - 1) * 100 : number * 100], 150, number)

    async with account(script) as there:
        reading = await there.adapter.find(create("summer", None))
    assert len(reading.campaigns) == 150
    assert reading.is_whole


@pytest.mark.parametrize(
    "reply", [listed([row()], 2), listed([row(), {"Id": "x", "Name": 5}], 2), listed([5], 1)]
)
async def test_a_search_that_did_not_see_everything_is_not_whole(reply: Reply) -> None:
    async with account(always(reply)) as there:
        reading = await there.adapter.find(create())
    assert not reading.is_whole


async def test_a_filter_that_is_ignored_changes_nothing() -> None:
    everything = [*map(row, ids(3)), row("mine", "summer", "first")]
    async with account(always(listed(everything, 4))) as there:
        item = WriteItem(
            external_id="+1",
            changes={"note": "first", "name": "summer"},
            remote={},
            is_create=True,
        )
        reading = await there.adapter.find(item)
    assert set(reading.campaigns) == {"mine"}
