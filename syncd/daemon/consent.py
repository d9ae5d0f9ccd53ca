"""Accounts that live on a person's consent: asking for it, keeping what it is worth, and using that
often enough that it does not die. Knows no terminal and no listener."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from syncd.config import Account, Config
from syncd.daemon.composition import (
    Station,
    Watch,
    adapter_settings,
    chosen,
    hold,
    register,
    stations,
    token_vault,
)
from syncd.daemon.databases import open_store
from syncd.engine.worker import until_free
from syncd.errors import LeaseBusy, SyncdError, UsageError
from syncd.providers.icas import consent as icas
from syncd.providers.settings import Settings
from syncd.store.database import Database
from syncd.store.tokens import idle_tokens

UNUSED: Final = dt.timedelta(days=30)
_PATIENCE: Final = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Way:
    """How one provider's consent is asked for, read, exchanged and kept alive."""

    address: Callable[[str, str, str, str], str]
    code_of: Callable[[str, str], str]
    exchange: Callable[[Settings, str, str], Coroutine[Any, Any, None]]
    refresh: Callable[[Settings], Coroutine[Any, Any, None]]


_WAYS: Final = {
    "icas": _Way(
        address=icas.authorize_address,
        code_of=icas.code_of,
        exchange=icas.exchange,
        refresh=icas.refresh,
    )
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """A consent that was asked for: `address` is where a person gives it, and `state` the secret
    that the way back to `redirect_uri` must bring along."""

    account: str
    address: str
    redirect_uri: str
    state: str = field(repr=False)


async def ask_consent(config: Config, name: str, redirect_uri: str) -> Consent:
    """Begin. Raises UsageError for an account whose provider asks nobody, ConfigError or
    DatabaseUnavailable where what comes of it could not be kept."""
    (account,) = chosen(config, [name])
    way = _way(account)
    async with open_store(config) as database:
        numbers = await register(config, database)
        token_vault(config, database, account, numbers[name])
    state = secrets.token_urlsafe(32)
    client_id = account.secrets["client_id"].resolve().get_secret_value()
    return Consent(
        account=name,
        address=way.address(account.base_url, client_id, redirect_uri, state),
        redirect_uri=redirect_uri,
        state=state,
    )


async def keep_consent(config: Config, consent: Consent, redirect: str) -> None:
    """Exchange what the address `redirect` brings, under the account's lease, and keep it. Raises
    UsageError for one that does not belong to this consent, LeaseBusy, ProviderError."""
    (account,) = chosen(config, [consent.account])
    way = _way(account)
    code = way.code_of(redirect, consent.state)
    async with open_store(config) as database:
        numbers = await register(config, database)
        async with stations(config, database, [account], numbers) as (station,):
            settings = _settings(config, database, station)
            exchange = partial(way.exchange, settings, code, consent.redirect_uri)
            patience = account.lease.ttl.total_seconds() + _PATIENCE
            await until_free(
                partial(_held, database, station, exchange, "accounts authorize"), patience
            )


async def refresh_idle(
    config: Config, database: Database, started_by: str
) -> tuple[tuple[str, SyncdError], ...]:
    """Use the credentials of configured accounts, paused ones too, that nobody used for 30 days.
    Returns the accounts where that failed, and why; one that another process holds is in use."""
    idle = set(await idle_tokens(database, UNUSED))
    if not idle:
        return ()
    numbers = await register(config, database)
    accounts = [
        one for one in config.accounts if one.provider in _WAYS and numbers[one.name] in idle
    ]
    failed = []
    async with stations(config, database, accounts, numbers) as live:
        for station in live:
            try:
                await _refresh(config, database, station, started_by)
            except LeaseBusy:
                continue
            except SyncdError as error:
                failed.append((station.settings.name, error))
    return tuple(failed)


async def _refresh(config: Config, database: Database, station: Station, started_by: str) -> None:
    settings = _settings(config, database, station)

    async def use() -> None:
        await _WAYS[station.settings.provider].refresh(settings)
        kept = await settings.vault.load() if settings.vault else None
        if settings.vault and kept is not None:
            # Where no new one came, the old one was used all the same.
            await settings.vault.store(kept)

    await _held(database, station, use, started_by)


async def _held(
    database: Database,
    station: Station,
    act: Callable[[], Coroutine[Any, Any, None]],
    started_by: str,
) -> None:
    """Do this under the account's lease. Raises LeaseBusy."""
    watch = Watch(started_by=started_by, observe=lambda _event: None, is_stopping=lambda: False)
    async with hold(database, station, watch):
        await act()


def _settings(config: Config, database: Database, station: Station) -> Settings:
    vault = token_vault(config, database, station.settings, station.number)
    return adapter_settings(station.settings, station.limits, vault)


def _way(account: Account) -> _Way:
    way = _WAYS.get(account.provider)
    if way is None:
        raise UsageError(
            f"accounts of {account.registration.title} need nobody's consent",
            remedy=f"their credentials stand in the configuration; syncd accounts check "
            f"{account.name} tries them",
        )
    return way
