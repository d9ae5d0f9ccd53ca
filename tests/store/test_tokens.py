"""Credentials that change with their use: sealed, durable before they are used, and told when
nobody used them for long."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography.fernet import Fernet

from syncd.errors import ConfigError, DatabaseUnavailable
from syncd.ports import Vault
from syncd.store.database import open_database
from syncd.store.tokens import TokenVault, idle_tokens
from tests.proxy import Proxy
from tests.store.parts import Parts, registration

KEY = Fernet.generate_key().decode()
DAY = dt.timedelta(days=1)


def vault(parts: Parts, key: str = KEY) -> TokenVault:
    return TokenVault(parts.database, parts.number, key)


async def test_a_credential_comes_back_as_the_last_that_was_stored(parts: Parts) -> None:
    kept: Vault = vault(parts)
    assert await kept.load() is None
    for secret in ("first", "größer", ""):
        await kept.store(secret)
        assert await vault(parts).load() == secret


async def test_the_database_never_sees_it(parts: Parts) -> None:
    await vault(parts).store("refresh-token-of-ours")
    row = await parts.sql.fetchval("SELECT t::text || encode(sealed, 'escape') FROM syncd.tokens t")
    assert "refresh-token-of-ours" not in row


async def test_another_key_does_not_open_it(parts: Parts) -> None:
    await vault(parts).store("one")
    other = vault(parts, Fernet.generate_key().decode())
    with pytest.raises(ConfigError, match="sealed with another token_key") as refused:
        await other.load()
    assert "authorize the account again" in refused.value.remedy
    await other.store("two")
    assert await other.load() == "two"


@pytest.mark.parametrize("key", ["", "short", "ü" * 44])
def test_a_key_that_is_none_is_refused_at_once(parts: Parts, key: str) -> None:
    with pytest.raises(ConfigError, match="not 32 bytes in url-safe base64") as refused:
        vault(parts, key)
    assert refused.value.remedy


async def test_it_is_kept_on_disk_whatever_the_server_is_set_to(parts: Parts) -> None:
    async with parts.database.transaction() as session:
        for given, kept in (("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")):
            await session.ask("SELECT set_config('synchronous_commit', $1, true)", given)
            await session.run("token_durable")
            (row,) = await session.ask("SELECT current_setting('synchronous_commit') AS kept")
            assert row["kept"] == kept


async def test_a_commit_that_was_not_answered_is_looked_up(parts: Parts) -> None:
    async with (
        Proxy(parts.url) as proxy,
        open_database(proxy.url, role="syncd_service") as database,
    ):
        proxy.loses_commit = True
        await TokenVault(database, parts.number, KEY).store("one")
        assert proxy.lost == 1
    assert await vault(parts).load() == "one"


async def test_what_was_not_kept_says_so(parts: Parts) -> None:
    await vault(parts).store("one")
    async with (
        Proxy(parts.url) as proxy,
        open_database(proxy.url, role="syncd_service") as database,
    ):
        there = TokenVault(database, parts.number, KEY)
        proxy.is_cut = True
        proxy.cut()
        with pytest.raises(DatabaseUnavailable):
            await there.store("two")
    assert await vault(parts).load() == "one"


async def test_credentials_that_nobody_used_for_long_are_told(parts: Parts) -> None:
    numbers = await parts.accounts.register([registration("shop"), registration("other")])
    other = TokenVault(parts.database, numbers["other"], KEY)
    await vault(parts).store("one")
    await parts.move_clock(DAY)
    await other.store("one")
    await parts.move_clock(29 * DAY)
    await other.load()
    assert await idle_tokens(parts.database, 30 * DAY) == [parts.number]
    await parts.move_clock(DAY)
    assert await idle_tokens(parts.database, 30 * DAY) == [parts.number, numbers["other"]]
    await vault(parts).store("two")
    assert await idle_tokens(parts.database, 30 * DAY) == [numbers["other"]]
