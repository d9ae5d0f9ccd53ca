"""Rules between values: database choice, open port, accounts against each other, packages that
take a provider's name, the key of stored tokens and warnings about secrets; those within one
account stand beside. They read the raw tables and skip what is refused on its own, so that one run
finds everything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from syncd.config import (
    account_rules,
    addresses,
    catalogue,
    credential_rules,
    guard_rules,
)
from syncd.config.findings import MISSING, Finding, KeyPath, Raw, account_paths, setting, value_at
from syncd.config.references import is_readable_by_all, is_reference, resolve_secret
from syncd.config.settings import Service
from syncd.config.tables import Surroundings
from syncd.config.values import quoted
from syncd.errors import ConfigError
from syncd.model.registration import Registration

HOW_TO_MAKE_A_KEY: Final = (
    'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
)
_TOKEN_KEY = re.compile(r"[A-Za-z0-9_-]{43}=", re.ASCII)


def findings(raw: Raw, around: Surroundings) -> Iterator[Finding]:
    """All rules over the raw tables of one configuration."""
    yield from _database(raw)
    yield from _open_port(raw)
    yield from _accounts(raw)
    for path in account_paths(raw):
        yield from account_rules.findings(raw, path)
        yield from credential_rules.findings(raw, path)
        yield from guard_rules.findings(raw, path)
    yield from credential_rules.shared(raw, around)
    yield from _impostors(raw)
    yield from _token_key(raw, around)
    yield from _secrets(raw, around)


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
    listen = setting(raw, path, addresses.listen, Service)
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
    paths = account_paths(raw)
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


def _impostors(raw: Raw) -> Iterator[Finding]:
    """No package may stand for a provider of ours, whether an account uses it or not."""
    for name, flaw in catalogue.impostors().items():
        users = (
            (*account, "provider")
            for account in account_paths(raw)
            if value_at(raw, (*account, "provider")) == name
        )
        yield Finding(path=next(users, ()), code="broken-provider", text=flaw.text, help=flaw.help)


def _token_key(raw: Raw, around: Surroundings) -> Iterator[Finding]:
    """Refresh tokens that change are stored encrypted, so an account that has them needs a key."""
    path: KeyPath = ("service", "token_key")
    reference = value_at(raw, path)
    if reference is MISSING:
        yield from _no_token_key(raw, path)
        return
    if not isinstance(reference, str) or not is_reference(reference):
        return
    try:
        secret = resolve_secret(reference, around.folder, around.environ)
    except ConfigError:  # a warning of its own
        return
    if not _TOKEN_KEY.fullmatch(secret.get_secret_value()):
        yield Finding(
            path=path,
            code="bad-token-key",
            text="token_key is not 32 bytes in url-safe base64",
            help=f"make one with: {HOW_TO_MAKE_A_KEY}",
        )


def _no_token_key(raw: Raw, path: KeyPath) -> Iterator[Finding]:
    for account in account_paths(raw):
        registration = catalogue.lookup(value_at(raw, (*account, "provider")))
        if isinstance(registration, Registration) and registration.needs_token_key:
            name = quoted(value_at(raw, (*account, "name")))
            yield Finding(
                path=path,
                code="missing-token-key",
                text=f"account {name} stores its refresh token, and there is no key for that",
                help='in [service] write token_key = "env:SYNCD_TOKEN_KEY"; '
                f"make one with: {HOW_TO_MAKE_A_KEY}",
                at="key",
            )
            return


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
        ("service", "token_key"),
    ]
    for account in account_paths(raw):
        credentials = value_at(raw, (*account, "credentials"))
        if isinstance(credentials, dict):
            paths += [(*account, "credentials", key) for key in credentials]
    return paths
