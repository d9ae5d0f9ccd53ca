"""Rules between values: database choice, open port, limits against what a provider documents,
leases, accounts against each other, and warnings about secrets. They read the raw tables and skip
what is refused on its own, so that one run finds everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from pydantic_core import PydanticCustomError

from syncd.config import addresses, values
from syncd.config.catalogue import PROVIDERS
from syncd.config.findings import MISSING, Finding, KeyPath, value_at
from syncd.config.references import is_readable_by_all, is_reference, resolve_secret
from syncd.config.settings import Lease, Limits, Service, request_limit
from syncd.config.tables import Surroundings, Table
from syncd.config.values import LimitSetting, quoted
from syncd.errors import ConfigError
from syncd.model.limits import ImpossibleLimit

Raw = Mapping[str, Any]
T = TypeVar("T")
LEASE_MARGIN: Final = timedelta(seconds=1)


def findings(raw: Raw, around: Surroundings) -> Iterator[Finding]:
    """All rules over the raw tables of one configuration."""
    yield from _database(raw)
    yield from _open_port(raw)
    yield from _accounts(raw)
    for path in _account_paths(raw):
        yield from _limit(raw, path)
        yield from _lease(raw, path)
        yield from _currencies(raw, path)
    yield from _shared_credentials(raw, around)
    yield from _secrets(raw, around)


def _account_paths(raw: Raw) -> list[KeyPath]:
    accounts = value_at(raw, ("accounts",))
    count = len(accounts) if isinstance(accounts, list) else 0
    return [("accounts", number) for number in range(count)]


def _setting(
    raw: Raw, path: KeyPath, reader: Callable[[object], T], model: type[Table]
) -> T | None:
    """The value of a key or its default, read; None where it is refused on its own."""
    value = value_at(raw, path)
    if value is MISSING:
        value = model.model_fields[str(path[-1])].default
    try:
        return reader(value)
    except PydanticCustomError:
        return None


def _database(raw: Raw) -> Iterator[Finding]:
    embedded = value_at(raw, ("database", "embedded")) is True
    given = [key for key in ("url", "owner_url") if value_at(raw, ("database", key)) is not MISSING]
    if embedded and given:
        yield Finding(
            path=("database", "embedded"),
            code="two-databases",
            text=f"[database] asks for embedded Postgres and gives {given[0]} too",
            help="keep embedded = true for Postgres on this machine, or url for your own; not both",
        )
    elif not embedded and "url" not in given:
        yield Finding(
            path=("database", "url"),
            code="missing-database",
            text="no database is chosen",
            help='in [database] write url = "env:SYNCD_DATABASE_URL" for your own Postgres, '
            "or embedded = true for one on this machine",
            at="key",
        )


def _open_port(raw: Raw) -> Iterator[Finding]:
    path: KeyPath = ("service", "listen")
    listen = _setting(raw, path, addresses.listen, Service)
    has_token = value_at(raw, ("service", "http_token")) is not MISSING
    if listen is not None and not listen.is_loopback and not has_token:
        yield Finding(
            path=path,
            code="open-listen",
            text=f"listen = {quoted(value_at(raw, path))} opens the service to other machines "
            "without a token",
            help='add http_token = "env:SYNCD_HTTP_TOKEN", or listen on "127.0.0.1:8440"',
        )


def _accounts(raw: Raw) -> Iterator[Finding]:
    """At least one account, and no name twice."""
    paths = _account_paths(raw)
    if not paths and value_at(raw, ("accounts",)) in (MISSING, []):
        yield Finding(
            path=("accounts",),
            code="no-accounts",
            text="there is no account",
            help="add an [[accounts]] table; syncd config example shows one",
            at="key",
        )
    seen: dict[object, KeyPath] = {}
    for path in paths:
        name = value_at(raw, (*path, "name"))
        if isinstance(name, str) and seen.setdefault(name, path) != path:
            yield Finding(
                path=(*path, "name"),
                code="duplicate-account",
                text=f"a second account is named {quoted(name)}",
                help="give each account its own name; history belongs to the name",
            )


def _limit(raw: Raw, account: KeyPath) -> Iterator[Finding]:
    """No more than the provider documents, unless somebody granted it; and at least one request at
    all."""
    provider = value_at(raw, (*account, "provider"))
    keys = PROVIDERS.get(provider) if isinstance(provider, str) else None
    if keys is None:
        return
    path: KeyPath = (*account, "limits", "default")
    written = keys.limit if value_at(raw, path) is MISSING else value_at(raw, path)
    setting = _setting({"default": written}, ("default",), values.limit, Limits)
    if setting is None:
        return
    granted = value_at(raw, (*account, "limits", "granted")) is not MISSING
    if not granted and _most(setting, values.limit(keys.limit)) > values.limit(keys.limit).count:
        yield Finding(
            path=path,
            code="impossible-limit",
            text=f"{quoted(written)} is above what {keys.title} documents ({keys.limit})",
            help=f"use {keys.limit} or less; if {keys.title} granted you more, "
            'add limits.granted = "ticket ..."',
        )
    share = _setting(raw, (*account, "limits", "share"), values.share, Limits)
    if share is not None and not _leaves_a_rate(raw, account, setting, share):
        yield Finding(
            path=path if share == 1 else (*account, "limits", "share"),
            code="impossible-limit",
            text=f"{quoted(written)} with share {share} leaves no request at all",
            help="count times share must be at least 1 in the window; write a longer window",
        )


def _most(setting: LimitSetting, documented: LimitSetting) -> Decimal:
    """The most requests that `setting` lets into one documented window."""
    windows = -(-documented.window // setting.window)  # rounded up
    return int(setting.count) * Decimal(windows)


def _leaves_a_rate(raw: Raw, account: KeyPath, setting: LimitSetting, share: Decimal) -> bool:
    path: KeyPath = (*account, "limits", "jitter")
    jitter = None
    if value_at(raw, path) is not MISSING:
        jitter = _setting(raw, path, values.duration, Limits)
    try:
        return request_limit(setting, share, jitter).rate > 0
    except ImpossibleLimit:
        return False


def _lease(raw: Raw, account: KeyPath) -> Iterator[Finding]:
    ttl, renew, timeout = (
        _setting(raw, (*account, "lease", key), values.positive_duration, Lease)
        for key in ("ttl", "renew", "request_timeout")
    )
    if ttl is None or renew is None or timeout is None or ttl >= renew + timeout + LEASE_MARGIN:
        return
    least = (renew + timeout + LEASE_MARGIN).total_seconds()
    yield Finding(
        path=(*account, "lease", "ttl"),
        code="bad-lease",
        text=f"a lease of {ttl.total_seconds():g} s can end while a request of "
        f"{timeout.total_seconds():g} s is under way",
        help=f"ttl must be at least renew + request_timeout + 1 s, here {least:g}s",
    )


def _currencies(raw: Raw, account: KeyPath) -> Iterator[Finding]:
    """A table of currencies names only advertisers that the account has."""
    currency = value_at(raw, (*account, "currency"))
    advertisers = value_at(raw, (*account, "scope", "advertisers"))
    if not isinstance(currency, dict) or not isinstance(advertisers, list) or not advertisers:
        return
    for advertiser in currency:
        if advertiser not in advertisers:
            yield Finding(
                path=(*account, "currency", advertiser),
                code="bad-currency",
                text=f"the currency of {quoted(advertiser)}, which is not in scope.advertisers",
                help="add the advertiser to scope, or remove its currency",
                at="key",
            )


def _shared_credentials(raw: Raw, around: Surroundings) -> Iterator[Finding]:
    """Two accounts on one credential would each use its whole limit."""
    seen: dict[str, KeyPath] = {}
    for account in _account_paths(raw):
        provider = value_at(raw, (*account, "provider"))
        keys = PROVIDERS.get(provider) if isinstance(provider, str) else None
        if keys is None:
            continue
        path: KeyPath = (*account, "credentials", keys.identity)
        reference = value_at(raw, path)
        marks = _marks(reference, around)
        first = next((seen[mark] for mark in marks if mark in seen), None)
        seen.update({mark: account for mark in marks if mark not in seen})
        if first is not None:
            other = value_at(raw, (*first, "name"))
            yield Finding(
                path=path,
                code="shared-credential",
                text=f"this is the {keys.identity} of {quoted(other)} too; "
                "one credential has one limit and belongs to one account",
                help="join the two accounts' scopes in one account, or use another credential",
            )


def _marks(reference: object, around: Surroundings) -> list[str]:
    """What two references to one credential have in common: their text, or what they stand for
    now."""
    if not isinstance(reference, str) or not is_reference(reference):
        return []
    try:
        secret = resolve_secret(reference, around.folder, around.environ)
    except ConfigError:
        return [reference]
    return [reference, f"value:{secret.get_secret_value()}"]


def _secrets(raw: Raw, around: Surroundings) -> Iterator[Finding]:
    """Warnings: a reference that leads nowhere yet, or to a file that everybody can read."""
    for path in _reference_paths(raw):
        reference = value_at(raw, path)
        if not isinstance(reference, str) or not is_reference(reference):
            continue
        if is_readable_by_all(reference, around.folder):
            yield Finding(
                path=path,
                code="readable-secret",
                text=f"every user of this machine can read {quoted(reference)}",
                help=f"chmod 600 {reference.removeprefix('file:')}",
                severity="warning",
            )
        try:
            resolve_secret(reference, around.folder, around.environ)
        except ConfigError as error:
            yield Finding(
                path=path,
                code=error.code,
                text=error.message,
                help=error.remedy,
                severity="warning",
            )


def _reference_paths(raw: Raw) -> list[KeyPath]:
    paths: list[KeyPath] = [
        ("database", "url"),
        ("database", "owner_url"),
        ("service", "http_token"),
    ]
    for account in _account_paths(raw):
        credentials = value_at(raw, (*account, "credentials"))
        if isinstance(credentials, dict):
            paths += [(*account, "credentials", key) for key in credentials]
    return paths
