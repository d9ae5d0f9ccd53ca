"""Building the parts: what the configuration declares to the database, each account's adapter with
its limits, and an account held under a lease for as long as its passes run."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import structlog

from syncd import timing
from syncd.config import Account as AccountSettings
from syncd.config import Config
from syncd.crashpoint import crashpoint
from syncd.daemon.guarding import free_guards, rules_of
from syncd.engine.account import Account
from syncd.engine.events import Observer
from syncd.engine.schedule import Timetable
from syncd.engine.supervisor import beside, finish
from syncd.engine.worker import keep
from syncd.errors import DatabaseUnavailable, UsageError
from syncd.limiter import Freeze, Limits
from syncd.model.listing import Capabilities
from syncd.model.update import Policy
from syncd.ports import Provider, Vault
from syncd.providers import registry
from syncd.providers.settings import Settings
from syncd.store.accounts import Accounts, Registration, Slots
from syncd.store.database import Database
from syncd.store.leases import Lease, own_name, take_lease
from syncd.store.mirror import Mirror
from syncd.store.outbox import Outbox
from syncd.store.records import Records
from syncd.store.runs import Runs
from syncd.store.tokens import TokenVault
from syncd.store.unknowns import Unknowns

log = structlog.get_logger()


async def register(config: Config, database: Database) -> dict[str, int]:
    """Make the configured accounts and what their providers offer known; returns their numbers by
    name."""
    accounts = Accounts(database)
    offers = {account.name: _capabilities(account) for account in config.accounts}
    declared = {(one.provider, one.dialect): one.fields for one in offers.values()}
    for (provider, dialect), fields in sorted(declared.items()):
        await accounts.declare(provider, dialect, fields)
    numbers = await accounts.register(
        [_registration(account, offers[account.name]) for account in config.accounts]
    )
    for account in config.accounts:
        zone = account.registration.price_zone
        await accounts.price(numbers[account.name], account.prices, zone)
    return numbers


def _capabilities(account: AccountSettings) -> Capabilities:
    return registry.capabilities(account.provider, account.dialect, account.scope_values)


def _registration(account: AccountSettings, offer: Capabilities) -> Registration:
    return Registration(
        name=account.name,
        provider=account.provider,
        dialect=account.dialect,
        currency=account.currency if isinstance(account.currency, str) else None,
        settle=account.push.settle,
        max_amount=account.guard.max_amount,
        pull_schedule=account.pull.schedule.text,
        push_schedule=account.push.schedule.text,
        can_create=offer.creates,
        free_guards=free_guards(account),
        evidence=offer.gone,
        missing_after=account.pull.missing_after,
        push_interval=push_times(account).interval(timing.wall_clock()),
        scope=json.dumps(
            {key: sorted(one) for key, one in account.scope_values.items()}, sort_keys=True
        ),
        policy=Policy(account.push.policy),
        fresh_for=account.push.fresh_for,
        four_eyes=account.guard.four_eyes,
    )


def pull_times(account: AccountSettings) -> Timetable:
    """When the account is pulled."""
    return Timetable(
        schedule=account.pull.schedule, zone=account.timezone, jitter=account.pull.jitter
    )


def push_times(account: AccountSettings) -> Timetable:
    """When the account is pushed, where a clock decides."""
    return Timetable(schedule=account.push.schedule, zone=account.timezone)


@dataclass(kw_only=True)
class Station:
    """One configured account with its live parts; they outlast the single lease."""

    settings: AccountSettings
    number: int
    provider: Provider
    limits: Limits
    slots: Slots
    epoch: int = -1
    inherited: float | None = None
    left: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """Who runs the passes, who hears of them, and when nothing new may leave."""

    started_by: str
    observe: Observer
    is_stopping: Callable[[], bool]


def chosen(config: Config, names: Sequence[str]) -> tuple[AccountSettings, ...]:
    """The accounts of these names, or all. Raises UsageError."""
    known = {account.name: account for account in config.accounts}
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise UsageError(
                f'unknown account "{name}"' + (f'; did you mean "{near[0]}"?' if near else ""),
                remedy=f"the configuration has: {', '.join(sorted(known))}",
                code="account",
            )
    return tuple(known[name] for name in dict.fromkeys(names)) if names else config.accounts


@contextlib.asynccontextmanager
async def stations(
    config: Config,
    database: Database,
    accounts: Sequence[AccountSettings],
    numbers: Mapping[str, int],
) -> AsyncIterator[tuple[Station, ...]]:
    """Adapters of these accounts, open until the block ends."""
    async with contextlib.AsyncExitStack() as stack:
        built = []
        for account in accounts:
            limits = _limits(config, database, account, numbers[account.name])
            vault = token_vault(config, database, account, numbers[account.name])
            settings = adapter_settings(account, limits, vault)
            adapter = await stack.enter_async_context(registry.opened(settings))
            built.append(
                Station(
                    settings=account,
                    number=numbers[account.name],
                    provider=adapter,
                    limits=limits,
                    slots=Slots(database, numbers[account.name]),
                )
            )
        yield tuple(built)


@contextlib.asynccontextmanager
async def hold(database: Database, station: Station, watch: Watch) -> AsyncIterator[Account]:
    """Take the account's lease, keep it, and give its parts. Raises LeaseBusy; LeaseLost while
    inside."""
    settings = station.settings
    ttl = settings.lease.ttl.total_seconds()
    lease = await take_lease(database, station.number, ttl, left=station.left)
    try:
        async with beside(
            keep(lease, settings.lease.renew.total_seconds()), f"lease-{settings.name}"
        ):
            await _take_over(database, station, lease)
            yield _account(database, station, watch, lease)
    finally:
        await finish(_let_go(database, station, lease))


async def _take_over(database: Database, station: Station, lease: Lease) -> None:
    """What a new owner does first: honour the freeze it inherits, and begin with full buckets
    unless it was the owner before."""
    frozen = await database.row("account_frozen", station.number)
    if frozen is not None:
        await station.limits.freeze(frozen[0], frozen[1])
    lowered = await database.value("account_lowered_to", station.number)
    if lowered is not None:
        await station.limits.lower(lowered)
        station.inherited = lowered
    if station.epoch != lease.epoch - 1:
        await station.limits.own()
    station.epoch = lease.epoch
    await Runs(database, station.number, lease.epoch, own_name()).interrupted()


async def _let_go(database: Database, station: Station, lease: Lease) -> None:
    try:
        # A write was counted with its intent.
        writes = station.provider.capabilities.writes
        asked = station.limits.taken()
        taken = {name: count for name, count in asked.items() if name not in writes}
        await Runs(database, station.number, lease.epoch, own_name()).used(taken)
        if station.limits.lowered not in {None, station.inherited}:
            await database.run("account_lowered", station.number, station.limits.lowered)
        crashpoint("before_lease_release")
        await lease.release()
        crashpoint("after_lease_release")
        station.left = None
    except DatabaseUnavailable as error:
        station.left = lease.epoch
        log.warning("lease-not-released", account=station.settings.name, reason=error.message)


def _account(database: Database, station: Station, watch: Watch, lease: Lease) -> Account:
    settings = station.settings
    outbox = Outbox(database, station.number, lease.epoch)
    return Account(
        name=settings.name,
        provider=station.provider,
        mirror=Mirror(database, station.number, lease.epoch),
        outbox=outbox,
        queue=outbox,
        unknowns=Unknowns(database, station.number, lease.epoch),
        runs=Runs(database, station.number, lease.epoch, own_name()),
        tenure=lease,
        observe=watch.observe,
        started_by=watch.started_by,
        is_stopping=watch.is_stopping,
        batch=settings.push.batch,
        in_flight=settings.push.in_flight,
        request_timeout=settings.lease.request_timeout.total_seconds(),
        rules=rules_of(settings, station.provider.capabilities.fields),
        fresh_for=settings.push.fresh_for.total_seconds(),
        records=Records(database, station.number, lease.epoch),
    )


def _limits(config: Config, database: Database, account: AccountSettings, number: int) -> Limits:
    async def on_freeze(freeze: Freeze) -> None:
        try:
            await database.run("account_freeze", number, freeze.seconds, freeze.reason)
        except DatabaseUnavailable as error:
            # Kept in this process all the same; the answer that caused it must not be lost for it.
            log.warning("freeze-not-stored", account=account.name, reason=error.message)

    return Limits(
        account.limits_for(),
        patience=config.service.patience.total_seconds(),
        on_freeze=on_freeze,
        share=float(account.limits.share),
    )


def token_vault(
    config: Config, database: Database, account: AccountSettings, number: int
) -> TokenVault | None:
    """Where the account's tokens are kept sealed; None for a provider that has none to keep."""
    if not account.registration.needs_token_key or config.service.token_key is None:
        return None
    return TokenVault(database, number, config.service.token_key.resolve().get_secret_value())


def adapter_settings(account: AccountSettings, limits: Limits, vault: Vault | None) -> Settings:
    """What the account's adapter is built from."""
    references = account.secrets
    return Settings(
        provider=account.provider,
        base_url=account.base_url,
        dialect=account.dialect,
        scope=account.scope_values,
        allow_loopback=account.allow_loopback,
        currency=account.currency,
        credentials=lambda: {
            key: reference.resolve().get_secret_value() for key, reference in references.items()
        },
        vault=vault,
        batch=account.push.batch,
        request_timeout=account.lease.request_timeout.total_seconds(),
        limits=limits,
        observe=log.bind(account=account.name).debug,
    )
