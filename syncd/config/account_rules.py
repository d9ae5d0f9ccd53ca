"""Rules between the values of one account: limits against what its provider documents, the lease,
scope and currencies. They read the raw tables and skip what is refused on its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

from syncd.config import catalogue, values
from syncd.config.account import Lease, Limits, request_limit
from syncd.config.findings import MISSING, Finding, KeyPath, Raw, setting, value_at
from syncd.config.values import LimitSetting, quoted
from syncd.model.limits import ImpossibleLimit
from syncd.model.registration import Registration

LEASE_MARGIN: Final = timedelta(seconds=1)


def findings(raw: Raw, account: KeyPath) -> Iterator[Finding]:
    """What these rules find in one account."""
    yield from _lease(raw, account)
    registration = catalogue.lookup(value_at(raw, (*account, "provider")))
    if isinstance(registration, Registration):
        for key in registration.limit_keys:
            yield from _limit(raw, account, registration, key)
        yield from _scope(raw, account, registration)
        yield from _currencies(raw, account, registration)


def _limit(raw: Raw, account: KeyPath, registration: Registration, key: str) -> Iterator[Finding]:
    """No more than the provider documents, unless somebody granted it; and at least one request at
    all."""
    path: KeyPath = (*account, "limits", key)
    declared = registration.limit(key)
    written = value_at(raw, path)
    if written is MISSING:
        written = declared.written if declared else None
    figure = None if written is None else setting({key: written}, (key,), values.limit, Limits)
    if figure is None:
        return
    granted = value_at(raw, (*account, "limits", "granted")) is not MISSING
    if declared is not None and declared.is_documented and not granted:
        documented = values.limit(declared.written)
        if _most(figure, documented) > documented.count:
            yield Finding(
                path=path,
                code="impossible-limit",
                text=f"{quoted(written)} is above what {registration.title} documents "
                f"({declared.written})",
                help=f"use {declared.written} or less; if {registration.title} granted you more, "
                'add limits.granted = "ticket ..."',
            )
    share = setting(raw, (*account, "limits", "share"), values.share, Limits)
    if share is not None and not _leaves_a_rate(raw, account, figure, share):
        yield Finding(
            path=path if share == 1 else (*account, "limits", "share"),
            code="impossible-limit",
            text=f"{quoted(written)} with share {share} leaves no request at all",
            help="count times share must be at least 1 in the window; write a longer window",
        )


def _most(figure: LimitSetting, documented: LimitSetting) -> Decimal:
    """The most requests that `figure` lets into one documented window."""
    windows = -(-documented.window // figure.window)  # rounded up
    return int(figure.count) * Decimal(windows)


def _leaves_a_rate(raw: Raw, account: KeyPath, figure: LimitSetting, share: Decimal) -> bool:
    path: KeyPath = (*account, "limits", "jitter")
    jitter = None
    if value_at(raw, path) is not MISSING:
        jitter = setting(raw, path, values.duration, Limits)
    try:
        return request_limit(figure, share, jitter).rate > 0
    except ImpossibleLimit:
        return False


def _lease(raw: Raw, account: KeyPath) -> Iterator[Finding]:
    ttl, renew, timeout = (
        setting(raw, (*account, "lease", key), values.positive_duration, Lease)
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


def _scope(raw: Raw, account: KeyPath, registration: Registration) -> Iterator[Finding]:
    """Keys that each choose campaigns on their own do not stand together."""
    for group in registration.scope_excludes:
        given = [
            key for key in group if value_at(raw, (*account, "scope", key)) not in (MISSING, [])
        ]
        for key in given[1:]:
            yield Finding(
                path=(*account, "scope", key),
                code="bad-scope",
                text=f"scope gives both {given[0]} and {key}, which choose campaigns in two ways",
                help=f"keep {given[0]} or {key}",
                at="key",
            )


def _currencies(raw: Raw, account: KeyPath, registration: Registration) -> Iterator[Finding]:
    """A table of currencies names only ids that the account has."""
    key = registration.currency_by
    currency = value_at(raw, (*account, "currency"))
    ids = value_at(raw, (*account, "scope", key)) if key else MISSING
    if not isinstance(currency, dict) or not isinstance(ids, list) or not ids:
        return
    for one in currency:
        if one not in ids:
            yield Finding(
                path=(*account, "currency", one),
                code="bad-currency",
                text=f"the currency of {quoted(one)}, which is not in scope.{key}",
                help=f"add it to scope.{key}, or remove its currency",
                at="key",
            )
