"""Proofs of who sends: tokens of a login, renewed once for all, and access keys; and none of them
where it does not belong."""

from __future__ import annotations

import asyncio

import pytest

from syncd import timing
from syncd.errors import (
    AuthFailed,
    BadAnswer,
    CallRefused,
    LimitWait,
    NoAnswer,
    ProviderDown,
    ProviderError,
    Throttled,
)
from syncd.limiter import Freeze, Limits
from syncd.model.limits import Limit
from syncd.model.update import Outcome
from tests.providers.accounts import Answering, always, in_turn
from tests.providers.scripted import Arrival, Reply, http
from tests.providers.voipbin.documents import GET_ANSWER
from tests.providers.voipbin.stage import (
    DIALECTS,
    ID,
    KEY,
    PASSWORD,
    TOKEN,
    account,
    error,
    item,
    listing,
    row,
    with_login,
)

QUOTED_KEY = "canary-key%2F%2B%26%3D1"


def numbered() -> Answering:
    """Tokens `t1`, `t2` and so on."""
    count = 0

    def login(arrival: Arrival) -> Reply:
        nonlocal count
        count += 1
        return http(200, {"token": f"t{count}"})

    return login


def expiring(good: str, answer: Reply) -> Answering:
    """A server that takes one token only."""

    def script(arrival: Arrival) -> Reply:
        proof = arrival.headers.get("authorization", "") + arrival.path
        return answer if good in proof else error(401, "INVALID_CREDENTIALS")

    return script


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_token_that_ended_in_the_middle_of_a_listing_is_renewed_once(dialect: str) -> None:
    pages = in_turn(listing(row(), token="a"), listing(row(), token="b"), listing())
    is_over = False

    def script(arrival: Arrival) -> Reply:
        nonlocal is_over
        proof = arrival.headers.get("authorization", "") + arrival.path
        if is_over and "t1" in proof:
            return http(401)
        is_over = True
        return pages(arrival)

    async with account(with_login(script, numbered()), dialect=dialect) as there:
        found = await there.pages()
        assert [page.is_whole for page in found] == [True] * 3
        assert there.limits.taken() == {"POST auth/login": 2, "GET campaigns": 4}
        again = [one for one in there.paths if "page_token=a" in one]
        assert len(again) == 2, "the same page is asked for again"


async def test_many_reads_at_once_share_one_login_and_one_renewal() -> None:
    script = with_login(expiring("t2", http(200, row())), numbered())
    async with account(script, dialect="current") as there:
        readings = await asyncio.gather(*(there.adapter.read([ID]) for _ in range(12)))
        assert all(set(reading.campaigns) == {ID} for reading in readings)
        assert len(there.logins) == 2


async def test_a_new_token_that_is_refused_too_ends_it() -> None:
    async with account(with_login(always(error(401, "INVALID_CREDENTIALS")), numbered())) as there:
        with pytest.raises(AuthFailed, match="INVALID_CREDENTIALS"):
            await there.pages()
        assert (len(there.logins), len(there.calls)) == (2, 2)


async def test_a_token_is_kept_for_six_of_its_seven_days(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timing.boottime()
    monkeypatch.setattr(timing, "boottime", lambda: now)
    async with account(with_login(always(http(200, row())), numbered())) as there:
        await there.adapter.read([ID])
        now += 6 * 86_400 - 60
        await there.adapter.read([ID])
        assert len(there.logins) == 1
        now += 120
        await there.adapter.read([ID])
        assert len(there.logins) == 2


async def test_logins_have_a_limit_of_their_own() -> None:
    for credentials in (None, {"access_key": KEY}):
        login = Limit(count=1, window=60, operations=frozenset({"POST auth/login"}))
        limits = Limits([login], patience=0.0, on_freeze=None)
        script = with_login(always(listing()))
        async with account(script, limits=limits, credentials=credentials) as there:
            if credentials is None:
                with pytest.raises(LimitWait, match="POST auth/login"):
                    await there.pages()
                assert there.server.arrivals == []
            else:
                await there.pages()
                assert len(there.calls) == 1


FAILURES: dict[str, tuple[Reply, type[ProviderError], int]] = {
    "a wrong password": (http(400), AuthFailed, 1),
    "400 with words": (error(400, "INVALID_JSON_BODY"), AuthFailed, 1),
    "401": (http(401), AuthFailed, 1),
    "403": (error(403, "ACCOUNT_FROZEN"), AuthFailed, 1),
    "404": (http(404), CallRefused, 1),
    "404 for the route": (error(404, "ROUTE_NOT_FOUND"), CallRefused, 1),
    "500": (http(500), ProviderDown, 4),
    "503 in HTML": (http(503, "<html>"), ProviderDown, 4),
    "200 in HTML": (http(200, "<html>"), BadAnswer, 4),
    "an empty 200": (http(200), BadAnswer, 4),
    "200 without a token": (http(200, {"username": "a"}), BadAnswer, 4),
    "200 with a list": (http(200, []), BadAnswer, 4),
    "an empty token": (http(200, {"token": ""}), BadAnswer, 4),
    "a number for a token": (http(200, {"token": 5}), BadAnswer, 4),
    "a token with a line end": (http(200, {"token": "a\r\nX: b"}), BadAnswer, 4),
    "a token with a blank": (http(200, {"token": "a b"}), BadAnswer, 4),
    "a token in other letters": (http(200, {"token": "ü"}), BadAnswer, 4),
    "a token without an end": (http(200, {"token": "a" * 16_385}), BadAnswer, 4),
    "204": (http(204), BadAnswer, 4),
    "a redirect": (http(302, b"", {"Location": "/x"}), BadAnswer, 4),
    "a dropped connection": (Reply(ends="closed"), NoAnswer, 4),
    "a long throttling": (http(429, b"", {"Retry-After": "60"}), Throttled, 1),
}


@pytest.mark.parametrize("what", FAILURES)
async def test_each_failure_of_a_login_has_its_error(what: str) -> None:
    reply, kind, logins = FAILURES[what]
    async with account(with_login(always(http(500)), always(reply))) as there:
        with pytest.raises(kind) as caught:
            await there.pages()
        assert (len(there.logins), len(there.calls)) == (logins, 0)
    if kind is AuthFailed:
        assert "username and password" in caught.value.remedy
    if kind is CallRefused:
        assert "base_url" in caught.value.remedy


@pytest.mark.parametrize(("headers", "seconds"), [({"Retry-After": "0"}, 1.0), ({}, 10.0)])
async def test_a_throttled_login_freezes_the_account(
    headers: dict[str, str], seconds: float
) -> None:
    freezes: list[Freeze] = []

    async def remember(freeze: Freeze) -> None:
        freezes.append(freeze)

    limits = Limits([], patience=0.0, on_freeze=remember)
    login = always(http(429, b"", headers))
    async with account(with_login(always(http(500)), login), limits=limits) as there:
        with pytest.raises(Throttled) as caught:
            await there.pages()
        assert len(there.logins) == 1
    assert caught.value.retry_after == seconds
    assert freezes == [Freeze(seconds=seconds, reason="VoIPBIN throttles logins (HTTP 429)")]


async def test_a_login_that_fails_in_passing_is_tried_again() -> None:
    login = in_turn(http(500), Reply(ends="closed"), http(200, {"token": "t"}))
    async with account(with_login(always(listing()), login)) as there:
        await there.pages()
        assert there.limits.taken() == {"POST auth/login": 3, "GET campaigns": 1}


async def test_a_changed_password_is_taken_up_at_the_next_login() -> None:
    credentials = {"username": "someone", "password": "old"}
    script = with_login(in_turn(listing(), http(401), listing()), numbered())
    async with account(script, credentials=credentials) as there:
        await there.pages()
        credentials["password"] = "new"
        await there.pages()
        assert [one.json["password"] for one in there.logins] == ["old", "new"]


@pytest.mark.parametrize("missing", ["username", "password"])
async def test_a_missing_reference_is_named(missing: str) -> None:
    given = {"username": "a", "password": "b"}
    del given[missing]
    async with account(with_login(always(listing())), credentials=given) as there:
        with pytest.raises(AuthFailed, match=missing):
            await there.pages()
        assert there.server.arrivals == []


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_access_key_stands_in_the_query_of_every_request(dialect: str) -> None:
    script = in_turn(listing(row(), token="a b"), listing(), http(200, row()))
    credentials = {"access_key": KEY}
    async with account(script, dialect=dialect, credentials=credentials) as there:
        await there.pages()
        await there.adapter.read([ID])
        assert [one.path for one in there.calls] == [
            f"/v1.0/campaigns?accesskey={QUOTED_KEY}",
            f"/v1.0/campaigns?page_token=a%20b&accesskey={QUOTED_KEY}",
            f"/v1.0/campaigns/{ID}?accesskey={QUOTED_KEY}",
        ]
        assert there.logins == []
        assert not any("authorization" in one.headers for one in there.calls)


async def test_a_refused_access_key_is_no_reason_to_ask_again() -> None:
    credentials = {"access_key": KEY}
    async with account(always(http(401)), dialect="current", credentials=credentials) as there:
        with pytest.raises(AuthFailed, match="HTTP 401"):
            await there.pages()
        assert (len(there.calls), len(there.logins)) == (1, 0)


async def test_where_the_document_rules_a_refused_access_key_stands_where_a_token_does() -> None:
    """The document shows no other parameter than the token's."""
    own, tokens = (f"/v1.0/campaigns?{one}={QUOTED_KEY}" for one in ("accesskey", "token"))
    single = f"/v1.0/campaigns/{ID}?token={QUOTED_KEY}"

    def script(arrival: Arrival) -> Reply:
        return http(401) if "accesskey" in arrival.path else http(200, GET_ANSWER)

    def listed(arrival: Arrival) -> Reply:
        return listing() if arrival.path == tokens else script(arrival)

    credentials = {"access_key": KEY}
    async with account(listed, credentials=credentials) as there:
        await there.pages()
        await there.adapter.read([ID])
        result = await there.write(item({"name": "test campaign"}))
        assert [one.path for one in there.calls] == [own, tokens, single, single]
    assert result.verdicts[ID].outcome is Outcome.APPLIED
    async with account(always(http(401)), credentials=credentials) as there:
        for _ in range(2):
            with pytest.raises(AuthFailed, match="HTTP 401"):
                await there.pages()
        assert [one.path for one in there.calls] == [own, tokens] * 2, "each place once"


async def test_a_changed_access_key_is_taken_up_at_the_next_request() -> None:
    credentials = {"access_key": "old"}
    async with account(always(listing()), credentials=credentials) as there:
        await there.pages()
        credentials["access_key"] = "new"
        await there.pages()
        assert [one.path.rpartition("=")[2] for one in there.calls] == ["old", "new"]


async def test_secrets_stay_out_of_errors_and_events() -> None:
    words = f"no {TOKEN} {PASSWORD} {KEY} ?token={TOKEN}"
    shown = []
    for credentials in (None, {"access_key": KEY}):
        for reply in (error(400, words, words), error(500, "X", words), Reply(ends="reset")):
            async with account(with_login(always(reply)), credentials=credentials) as there:
                with pytest.raises(ProviderError) as caught:
                    await there.pages()
                found = caught.value
                shown.append(repr([vars(found), str(found), repr(found.__cause__), there.events]))
        secrets = [TOKEN, PASSWORD, repr(PASSWORD)[1:-1]] if credentials is None else [KEY]
        for text in shown:
            assert not any(secret in text for secret in secrets)
        shown.clear()
    login = always(error(400, "X", words))
    async with account(with_login(always(http(500)), login)) as there:
        with pytest.raises(AuthFailed) as refused:
            await there.pages()
    assert "[redacted]" in refused.value.message
    assert PASSWORD not in refused.value.message
