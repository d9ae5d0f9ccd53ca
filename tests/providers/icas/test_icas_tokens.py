"""Refresh tokens that change with their use: kept before anything relies on them, given up only
when nobody has a newer one; and a seller's consent from its address to the vault."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from syncd.errors import (
    AuthFailed,
    BadAnswer,
    CallRefused,
    ConfigError,
    NoAnswer,
    ProviderDown,
    ProviderError,
    UsageError,
)
from syncd.model.call import Whole
from syncd.providers.icas import consent
from tests.providers.accounts import always, in_turn
from tests.providers.icas.sellers import (
    EXAMPLE,
    REFRESH,
    SECRET,
    TOKEN_PATH,
    Answering,
    Kept,
    Seller,
    item,
    problem,
    seller,
    tokens,
    with_tokens,
)
from tests.providers.scripted import Arrival, Reply, http

INVALID = http(400, {"error": "invalid_grant", "error_description": "it is dead"})


def spent_after_use(*, first: str = REFRESH) -> Answering:
    """A token endpoint where each refresh token serves once and brings the next."""
    good, count = first, 0

    def script(arrival: Arrival) -> Reply:
        nonlocal good, count
        if parse_qs(arrival.body.decode())["refresh_token"] != [good]:
            return INVALID
        count += 1
        good = f"r{count}"
        return http(200, {"access_token": f"a{count}", "refresh_token": good})

    return script


async def reading(there: Seller) -> None:
    await there.adapter.read(["123"])


async def test_a_refresh_is_the_documents_own_form_at_the_hosts_root() -> None:
    async with seller(with_tokens(always(http(200, EXAMPLE)))) as there:
        await reading(there)
        (call,) = there.token_calls
        assert (call.method, call.path) == ("POST", TOKEN_PATH)
        assert call.headers["content-type"] == "application/x-www-form-urlencoded"
        assert call.body == (
            b"grant_type=refresh_token&refresh_token=canary-refresh-0&client_id=client"
            b"&client_secret=canary-client%2Fwith%2Bsigns"
        )
        assert there.calls[0].headers["authorization"] == "Bearer canary-access-1"
        assert there.limits.taken() == {"token": 1, "GET campaign": 1}


async def test_the_vault_goes_before_the_configuration_which_stands_in_until_it_holds_one() -> None:
    def given() -> dict[str, str]:
        return {"client_id": "c", "client_secret": "s", "refresh_token": "configured"}

    for held, used in ((None, b"configured"), ("kept", b"kept")):
        script = with_tokens(always(http(200, EXAMPLE)))
        async with seller(script, vault=Kept(held), credentials=given) as there:
            await reading(there)
            assert b"refresh_token=" + used + b"&" in there.token_calls[0].body
            assert there.vault.held == "canary-refresh-1"


async def test_a_new_refresh_token_is_kept_before_its_access_token_is_used() -> None:
    kept: list[str | None] = []
    vault = Kept()

    def answering(arrival: Arrival) -> Reply:
        kept.append(vault.held)
        return http(200, EXAMPLE)

    async with seller(with_tokens(answering), vault=vault) as there:
        await reading(there)
    assert kept == ["canary-refresh-1"]


async def test_a_refresh_token_that_cannot_be_kept_leaves_the_access_token_unused() -> None:
    vault = Kept()
    vault.fails = 1
    async with seller(with_tokens(always(http(200)), spent_after_use()), vault=vault) as there:
        with pytest.raises(ProviderError, match="could not be kept: Postgres went away") as caught:
            await reading(there)
        assert caught.value.remedy == "look at Postgres"
        assert there.calls == []
        assert len(there.token_calls) == 1, "the spent refresh token is not sent again"


async def test_what_could_not_be_kept_is_kept_first_next_time_and_then_used() -> None:
    vault = Kept()
    vault.fails = 1
    script = with_tokens(always(http(200, EXAMPLE)), spent_after_use())
    async with seller(script, vault=vault) as there:
        with pytest.raises(ProviderError):
            await reading(there)
        await reading(there)
        assert vault.stored == ["r1", "r2"]
        assert there.calls[0].headers["authorization"] == "Bearer a2"


async def test_what_could_not_be_kept_gives_way_to_what_another_process_has_kept() -> None:
    vault = Kept()
    vault.fails = 1
    script = with_tokens(always(http(200, EXAMPLE)))
    async with seller(script, vault=vault) as there:
        with pytest.raises(ProviderError):
            await reading(there)
        vault.held = "from-elsewhere"
        await reading(there)
        assert b"refresh_token=from-elsewhere&" in there.token_calls[1].body
        assert vault.stored == ["canary-refresh-2"]


async def test_a_write_whose_token_cannot_be_kept_is_not_sent() -> None:
    vault = Kept()
    vault.fails = 1
    async with seller(with_tokens(always(http(200))), vault=vault) as there:
        result = await there.send(item(status="paused"))
        assert (result.whole, there.calls, there.intents) == (Whole.NOT_SENT, [], [])


async def test_without_any_refresh_token_nothing_is_asked_and_the_remedy_is_consent() -> None:
    async with seller(with_tokens(always(http(200))), vault=Kept(None)) as there:
        with pytest.raises(AuthFailed, match="no refresh token is known") as caught:
            await reading(there)
        assert "syncd accounts authorize" in caught.value.remedy
        assert there.server.arrivals == []


async def test_a_dead_refresh_token_asks_for_consent_and_is_tried_once() -> None:
    async with seller(with_tokens(always(http(200)), always(INVALID))) as there:
        with pytest.raises(AuthFailed, match="invalid_grant, it is dead") as caught:
            await reading(there)
        assert "syncd accounts authorize" in caught.value.remedy
        assert caught.value.code == "auth-failed"
        assert len(there.token_calls) == 1


@pytest.mark.parametrize("is_good", [True, False])
async def test_a_newer_refresh_token_of_another_process_is_tried_once(*, is_good: bool) -> None:
    vault = Kept()
    inner = spent_after_use(first="newer" if is_good else "quite another")

    def token(arrival: Arrival) -> Reply:
        reply = inner(arrival)
        vault.held = "newer" if vault.held == REFRESH else vault.held
        return reply

    script = with_tokens(always(http(200, EXAMPLE)), token)
    async with seller(script, vault=vault) as there:
        if is_good:
            await reading(there)
            assert vault.held == "r1"
        else:
            with pytest.raises(AuthFailed):
                await reading(there)
        assert [b"refresh_token=newer&" in one.body for one in there.token_calls] == [False, True]


async def test_an_answer_without_a_refresh_token_keeps_the_one_that_was_used() -> None:
    script = with_tokens(always(http(200, EXAMPLE)), always(http(200, {"access_token": "a"})))
    async with seller(script) as there:
        await reading(there)
        assert (there.vault.held, there.vault.stored) == (REFRESH, [REFRESH])


@pytest.mark.parametrize("given", ["", 5, ["r"], {}])
async def test_a_refresh_token_that_is_none_makes_the_answer_unusable(given: object) -> None:
    token = always(http(200, {"access_token": "a", "refresh_token": given}))
    async with seller(with_tokens(always(http(200, EXAMPLE)), token)) as there:
        with pytest.raises(BadAnswer, match="no usable refresh_token"):
            await reading(there)
        assert (there.calls, there.vault.held) == ([], REFRESH)


@pytest.mark.parametrize(
    ("reply", "kind", "words", "remedy"),
    [
        (http(401, {"error": "invalid_client"}), AuthFailed, "invalid_client", "client_secret"),
        (http(404), CallRefused, "HTTP 404", "base_url"),
        (http(500, [problem(1000)]), ProviderDown, "HTTP 500", ""),
        (http(200, "<html>"), BadAnswer, "not JSON", ""),
        (Reply(ends="closed"), NoAnswer, "token", ""),
    ],
)
async def test_each_other_failure_of_a_refresh_has_its_error(
    reply: Reply, kind: type[ProviderError], words: str, remedy: str
) -> None:
    async with seller(with_tokens(always(http(200)), always(reply))) as there:
        with pytest.raises(kind, match=words) as caught:
            await reading(there)
        assert remedy in caught.value.remedy
        assert (there.calls, there.vault.held) == ([], REFRESH)


async def test_a_token_without_a_lifetime_lives_for_the_documented_five_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from syncd import timing

    start = timing.boottime()
    now = start
    monkeypatch.setattr(timing, "boottime", lambda: now)
    script = with_tokens(always(http(200, EXAMPLE)), tokens(None))
    async with seller(script) as there:
        await reading(there)
        now = start + 265
        await reading(there)
        assert len(there.token_calls) == 1
        now = start + 275
        await reading(there)
        assert len(there.token_calls) == 2


async def test_a_stale_token_is_renewed_and_the_read_repeated_once() -> None:
    replies = in_turn(http(401, [problem(1007)]), http(200, EXAMPLE))
    async with seller(with_tokens(replies)) as there:
        assert (await there.adapter.read(["123"])).campaigns
        signed = [one.headers["authorization"] for one in there.calls]
        assert signed == ["Bearer canary-access-1", "Bearer canary-access-2"]
        assert b"refresh_token=canary-refresh-1&" in there.token_calls[1].body


@pytest.mark.parametrize(
    ("reply", "calls", "words", "remedy"),
    [
        (http(401, [problem(1007)]), 2, "1007", "accounts authorize"),
        (http(401, [problem(1008)]), 1, "1008", "no longer valid"),
        (http(401, [problem(1007), problem(1008)]), 1, "1008", "no longer valid"),
        (http(401, [problem("1008")]), 1, "1008", "no longer valid"),
        (http(401, [problem(1009)]), 2, "1009", "no token was understood"),
        (http(401), 2, "HTTP 401", "accounts authorize"),
        (http(400, [problem(1007)]), 2, "1007", "accounts authorize"),
    ],
)
async def test_a_refusal_of_the_account_is_named_and_repeated_only_where_that_may_help(
    reply: Reply, calls: int, words: str, remedy: str
) -> None:
    async with seller(with_tokens(always(reply))) as there:
        with pytest.raises(AuthFailed, match=words) as caught:
            await reading(there)
        assert remedy in caught.value.remedy
        assert len(there.calls) == calls


def test_an_account_without_a_vault_is_refused_before_anything_is_sent() -> None:
    from syncd.limiter import Limits
    from syncd.providers.icas import Icas
    from syncd.providers.settings import Settings

    limits = Limits([], patience=None, on_freeze=None)
    settings = Settings(
        provider="icas",
        base_url="https://admarkt.kleinanzeigen.de/api/sellside",
        credentials=dict,
        limits=limits,
        observe=lambda event, /, **figures: None,
    )
    with pytest.raises(ConfigError) as caught:
        Icas(settings)
    assert "token_key" in caught.value.remedy


async def test_a_vault_sealed_with_another_key_is_a_matter_of_credentials() -> None:
    class Sealed(Kept):
        async def load(self) -> str | None:
            raise ConfigError("sealed with another key", remedy="set the key used before")

    async with seller(with_tokens(always(http(200))), vault=Sealed()) as there:
        with pytest.raises(AuthFailed, match="sealed with another key") as caught:
            await reading(there)
        assert caught.value.remedy == "set the key used before"


async def test_the_clients_secret_stays_hidden_however_often_tokens_are_renewed() -> None:
    replies = [http(401, [problem(1007)]), http(400, [problem(2001, msg=SECRET)])] * 10
    async with seller(with_tokens(in_turn(*replies))) as there:
        for _ in range(10):
            with pytest.raises(CallRefused, match=r"2001 \[redacted\]"):
                await reading(there)
        assert len(there.token_calls) == 11


def test_the_address_of_consent_is_the_documents_own() -> None:
    address = consent.authorize_address(
        "https://admarkt.kleinanzeigen.de/api/sellside/",
        "client 1",
        "http://127.0.0.1:8441/callback",
        "s&1",
    )
    assert address == (
        "https://admarkt.kleinanzeigen.de/accounts/oauth/authorize?response_type=code"
        "&client_id=client+1&scope=api_ro+api_rw"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%3A8441%2Fcallback&state=s%261"
    )
    assert parse_qs(urlsplit(address).query)["scope"] == ["api_ro api_rw"]


@pytest.mark.parametrize(
    "redirect",
    [
        "http://127.0.0.1:8441/callback?code=c%2F1&state=s",
        "/callback?state=s&code=c%2F1&scope=api_ro",
        "?code=c%2F1&state=s#",
    ],
)
def test_a_code_is_taken_from_the_redirect(redirect: str) -> None:
    assert consent.code_of(redirect, "s") == "c/1"


@pytest.mark.parametrize(
    ("redirect", "words"),
    [
        ("/cb?code=c&state=t", "does not belong"),
        ("/cb?code=c", "does not belong"),
        ("/cb?code=c&state=", "does not belong"),
        ("/cb?code=c&state=s&state=s", "does not belong"),
        ("/cb?code=c&state=%C3%A9", "does not belong"),
        ("", "does not belong"),
        ("/cb?error=access_denied&state=t", "does not belong"),
        ("/cb?error=access_denied&error_description=no%0Away&state=s", "access_denied: no<U.000A>"),
        ("/cb?error=&state=s&code=c", "no consent"),
        ("/cb?state=s", "no code"),
        ("/cb?state=s&code=", "no code"),
        ("/cb?state=s&code=a&code=b", "no code"),
        ("http://[/cb?state=s&code=a", "cannot be read"),
        ("/cb?" + "a=1&" * 30, "cannot be read"),
    ],
)
def test_a_redirect_that_brings_no_consent_is_refused(redirect: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        consent.code_of(redirect, "s")
    assert "syncd accounts authorize" in caught.value.remedy


def test_an_empty_state_of_ours_matches_nothing() -> None:
    with pytest.raises(UsageError, match="does not belong"):
        consent.code_of("/cb?code=c&state=", "")


async def test_a_code_is_exchanged_once_and_its_refresh_token_kept() -> None:
    async with seller(with_tokens(always(http(200))), vault=Kept(None)) as there:
        await consent.exchange(there.settings, "c/1", "http://127.0.0.1:1/cb")
        (call,) = there.server.arrivals
        assert call.body == (
            b"grant_type=authorization_code&code=c%2F1&client_id=client"
            b"&client_secret=canary-client%2Fwith%2Bsigns&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcb"
        )
        assert there.vault.stored == ["canary-refresh-1"]


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (INVALID, AuthFailed, "it is dead"),
        (http(200, {"access_token": "a"}), BadAnswer, "no refresh token"),
        (http(500), ProviderDown, "500"),
        (Reply(ends="closed"), NoAnswer, "token"),
    ],
)
async def test_a_code_that_is_worth_nothing_is_not_sent_again(
    reply: Reply, kind: type[ProviderError], words: str
) -> None:
    async with seller(with_tokens(always(http(200)), always(reply))) as there:
        with pytest.raises(kind, match=words):
            await consent.exchange(there.settings, "c", "http://127.0.0.1:1/cb")
        assert len(there.server.arrivals) == 1
        assert there.vault.held == REFRESH


async def test_a_consent_that_cannot_be_kept_says_so() -> None:
    vault = Kept(None)
    vault.fails = 1
    async with seller(with_tokens(always(http(200))), vault=vault) as there:
        with pytest.raises(ProviderError, match="could not be kept"):
            await consent.exchange(there.settings, "c", "http://127.0.0.1:1/cb")


async def test_a_refresh_alone_uses_the_refresh_token_and_nothing_else() -> None:
    async with seller(with_tokens(always(http(200)))) as there:
        await consent.refresh(there.settings)
        assert [one.path for one in there.server.arrivals] == [TOKEN_PATH]
        assert there.vault.stored == ["canary-refresh-1"]


async def test_no_secret_of_a_consent_reaches_errors_or_events() -> None:
    code = "canary-code"
    words = f"{code} {SECRET} {REFRESH}"
    token = always(http(400, {"error": "invalid_grant", "error_description": words}))
    async with seller(with_tokens(always(http(200)), token)) as there:
        shown = []
        for act in (
            consent.exchange(there.settings, code, "http://127.0.0.1:1/cb"),
            consent.refresh(there.settings),
        ):
            with pytest.raises(AuthFailed) as caught:
                await act
            shown.append(repr(caught.value))
        text = shown[0] + repr(there.events) + shown[1].replace(code, "")
    assert "[redacted]" in text
    assert code not in text
    assert SECRET not in text
    assert REFRESH not in shown[1]
