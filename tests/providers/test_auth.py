"""Tokens: one fetch for all, renewed in time, and never a secret where it does not belong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from syncd.errors import (
    AuthFailed,
    BadAnswer,
    CallRefused,
    NoAnswer,
    ProviderDown,
    ProviderError,
    Throttled,
)
from syncd.limiter import Limits
from syncd.providers.auth import ClientCredentials, Token
from syncd.providers.transport import Reach, Transport
from tests.providers.accounts import SECRET, always, in_turn
from tests.providers.scripted import TIMEOUT, Arrival, Reply, Script, Scripted, http


@dataclass
class Issuer:
    server: Scripted
    tokens: ClientCredentials
    limits: Limits
    credentials: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def issuing(script: Script) -> AsyncIterator[Issuer]:
    def observe(event: str, /, **figures: object) -> None:
        return None

    limits = Limits([], patience=5, on_freeze=None)
    credentials = {"client_id": "client", "client_secret": SECRET}
    async with Scripted(script) as server:
        reach = Reach(
            base_url=server.url, observe=observe, allow_loopback=True, read_timeout=TIMEOUT
        )
        async with Transport(reach) as transport:
            tokens = ClientCredentials(
                transport,
                limits,
                url=f"{server.url}/oauth2/token",
                credentials=lambda: dict(credentials),
            )
            yield Issuer(server, tokens, limits, credentials)


def numbered(expires_in: object = 900) -> Script:
    """Tokens `t1`, `t2` and so on."""
    count = 0

    def script(arrival: Arrival) -> Reply:
        nonlocal count
        count += 1
        return http(200, {"access_token": f"t{count}", "expires_in": expires_in})

    return script


async def test_many_callers_at_once_share_one_fetch() -> None:
    async with issuing(numbered()) as issuer:
        tokens = await asyncio.gather(*(issuer.tokens.get() for _ in range(20)))
        assert {token.value for token in tokens} == {"t1"}
        assert len(issuer.server.arrivals) == 1
        assert issuer.limits.taken() == {"token": 1}


async def test_many_callers_at_once_share_one_failure() -> None:
    async with issuing(always(http(401, {"error": "invalid_client"}))) as issuer:
        results = await asyncio.gather(
            *(issuer.tokens.get() for _ in range(20)), return_exceptions=True
        )
        assert all(isinstance(result, AuthFailed) for result in results)
        assert len(issuer.server.arrivals) == 1


async def test_a_cancelled_caller_takes_nobody_with_it() -> None:
    arrived, go_on = asyncio.Event(), False

    def script(arrival: Arrival) -> Reply:
        arrived.set()
        return http(200, {"access_token": "late"}) if go_on else Reply(stalls=True)

    async with issuing(script) as issuer:
        first = asyncio.create_task(issuer.tokens.get())
        others = [asyncio.create_task(issuer.tokens.get()) for _ in range(3)]
        await arrived.wait()
        go_on = True
        first.cancel()
        tokens = await asyncio.gather(*others)
        assert [token.value for token in tokens] == ["late"] * 3
        assert first.cancelled()
        assert len(issuer.server.arrivals) == 2


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [
        (900, 900),
        ("900", 900),
        (900.5, 900.5),
        (10**12, 86_400),
        (0, 0),
        (-5, 0),
        (None, 900),
        (True, 900),
        ("soon", 900),
        ("nan", 900),
        ([1], 900),
    ],
)
async def test_a_lifetime_is_read_with_care(expires_in: object, lifetime: float) -> None:
    async with issuing(numbered(expires_in)) as issuer:
        assert (await issuer.tokens.get()).lifetime == lifetime


async def test_a_lifetime_that_is_missing_counts_as_the_usual_one() -> None:
    async with issuing(always(http(200, {"access_token": "t"}))) as issuer:
        assert (await issuer.tokens.get()).lifetime == 900


@pytest.mark.parametrize(
    ("expires_in", "need", "fetches"),
    [(900, 20, 1), (61, 20, 1), (61, 60, 1), (100, 20, 1), (0, 20, 3), (-1, 20, 3), (2, 20, 1)],
)
async def test_a_token_is_used_while_it_surely_lasts(
    expires_in: int, need: float, fetches: int
) -> None:
    async with issuing(numbered(expires_in)) as issuer:
        for _ in range(3):
            await issuer.tokens.get(need)
        assert len(issuer.server.arrivals) == fetches


def test_a_token_serves_what_is_left_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from syncd import timing

    now = 0.0
    monkeypatch.setattr(timing, "boottime", lambda: now)
    token = Token(value="t", expires=900.0, lifetime=900.0)
    now = 869.0
    assert token.serves(30)
    now = 871.0
    assert not token.serves(30)
    short = Token(value="t", expires=1000.0, lifetime=10.0)
    now = 994.0
    assert short.serves(30)
    now = 996.0
    assert not short.serves(30)


async def test_a_dropped_token_is_fetched_anew_once() -> None:
    async with issuing(numbered()) as issuer:
        token = await issuer.tokens.get()
        issuer.tokens.drop(token)
        assert (await issuer.tokens.get()).value == "t2"
        issuer.tokens.drop(token)
        assert (await issuer.tokens.get()).value == "t2"


async def test_a_rotated_secret_is_taken_up_at_the_next_fetch() -> None:
    async with issuing(numbered()) as issuer:
        issuer.tokens.drop(await issuer.tokens.get())
        issuer.credentials["client_secret"] = "fresh"
        await issuer.tokens.get()
        first, second = (arrival.body for arrival in issuer.server.arrivals)
    assert b"canary-secret" in first
    assert second.endswith(b"client_secret=fresh")


async def test_a_missing_reference_is_named() -> None:
    async with issuing(numbered()) as issuer:
        del issuer.credentials["client_secret"]
        with pytest.raises(AuthFailed, match="client_secret"):
            await issuer.tokens.get()
        assert issuer.server.arrivals == []


FAILURES: dict[str, tuple[Reply, type[ProviderError], int]] = {
    "401": (http(401, {"error": "invalid_client"}), AuthFailed, 1),
    "401 without a body": (http(401), AuthFailed, 1),
    "403": (http(403), AuthFailed, 1),
    "400 for the client": (http(400, {"error": "invalid_client"}), AuthFailed, 1),
    "400 for the grant": (http(400, {"error": "invalid_grant"}), AuthFailed, 1),
    "400 for the request": (http(400, {"error": "invalid_request"}), CallRefused, 1),
    "404": (http(404), CallRefused, 1),
    "500": (http(500), ProviderDown, 4),
    "503 in HTML": (http(503, "<html>"), ProviderDown, 4),
    "200 in HTML": (http(200, "<html>"), BadAnswer, 4),
    "200 with an error": (http(200, {"error": "x", "access_token": "t"}), BadAnswer, 4),
    "200 without a token": (http(200, {"token_type": "Bearer"}), BadAnswer, 4),
    "200 with a list": (http(200, []), BadAnswer, 4),
    "an empty token": (http(200, {"access_token": ""}), BadAnswer, 4),
    "a token with a line break": (http(200, {"access_token": "a\r\nX: b"}), BadAnswer, 4),
    "a number for a token": (http(200, {"access_token": 5}), BadAnswer, 4),
    "204": (http(204), BadAnswer, 4),
    "a dropped connection": (Reply(ends="closed"), NoAnswer, 4),
    "a long throttling": (http(429, b"", {"Retry-After": "60"}), Throttled, 1),
}


@pytest.mark.parametrize("what", FAILURES)
async def test_each_failure_of_a_token_call_has_its_error(what: str) -> None:
    reply, kind, calls = FAILURES[what]
    async with issuing(always(reply)) as issuer:
        with pytest.raises(kind) as caught:
            await issuer.tokens.get()
        assert len(issuer.server.arrivals) == calls
    if kind is AuthFailed:
        assert "client_id" in caught.value.remedy
        assert "client_secret" in caught.value.remedy


async def test_a_throttled_token_call_freezes_the_account_and_is_repeated_after_it() -> None:
    script = in_turn(http(429, b"", {"Retry-After": "0"}), http(200, {"access_token": "t"}))
    async with issuing(script) as issuer:
        assert (await issuer.tokens.get()).value == "t"
        assert len(issuer.server.arrivals) == 2


async def test_a_passing_failure_of_a_token_call_is_tried_again() -> None:
    script = in_turn(http(500), Reply(ends="closed"), http(200, {"access_token": "t"}))
    async with issuing(script) as issuer:
        assert (await issuer.tokens.get()).value == "t"
        assert len(issuer.server.arrivals) == 3
        assert issuer.limits.taken() == {"token": 3}


async def test_a_refusal_that_repeats_the_secret_does_not_show_it() -> None:
    reply = http(401, {"error": "invalid_client", "error_description": f"bad {SECRET}\nhere"})
    async with issuing(always(reply)) as issuer:
        with pytest.raises(AuthFailed, match="bad \\[redacted\\]<U\\+000A>here") as caught:
            await issuer.tokens.get()
    assert SECRET not in repr(caught.value)
    assert "t1" not in repr(Token(value="t1", expires=0, lifetime=0))
