"""Rules about credentials: those of an account are one whole way to log in that its dialect has,
and no two accounts have one credential. They read the raw tables, and show no value."""

from __future__ import annotations

from collections.abc import Iterator

from syncd.config import addresses, catalogue
from syncd.config.findings import (
    MISSING,
    Finding,
    KeyPath,
    Raw,
    account_paths,
    missing_key,
    value_at,
)
from syncd.config.references import is_reference, resolve_secret
from syncd.config.tables import Surroundings
from syncd.config.values import quoted
from syncd.errors import ConfigError
from syncd.model.registration import CredentialSet, Registration

Mark = tuple[str, ...]


def findings(raw: Raw, account: KeyPath) -> Iterator[Finding]:
    """Whether one account's credentials are one way to log in, and the whole of it."""
    registration = catalogue.lookup(value_at(raw, (*account, "provider")))
    written = value_at(raw, (*account, "credentials"))
    if not isinstance(registration, Registration) or not isinstance(written, dict):
        return
    dialect = _dialect(raw, account)
    ways = registration.ways(dialect) if dialect in registration.dialects else ()
    if not ways:
        return
    known = {key for way in registration.credentials for key in way.keys}
    given = [key for key in written if key in known]
    foreign = [key for key in given if not any(key in way.keys for way in ways)]
    for key in foreign:
        yield _of_other_dialect((*account, "credentials", key), dialect, ways)
    mine = [key for key in given if key not in foreign]
    if mine or not foreign:
        yield from _one_way(raw, account, ways, mine)


def shared(raw: Raw, around: Surroundings) -> Iterator[Finding]:
    """Two accounts on one credential would each use its whole limit."""
    seen: dict[Mark, KeyPath] = {}
    for account in account_paths(raw):
        registration = catalogue.lookup(value_at(raw, (*account, "provider")))
        if not isinstance(registration, Registration):
            continue
        for way in registration.ways(_dialect(raw, account)):
            marks = _marks(raw, account, registration, way, around)
            first = next((seen[mark] for mark in marks if mark in seen), None)
            seen.update({mark: account for mark in marks if mark not in seen})
            if first is not None:
                yield _twice((*account, "credentials", str(way.identity)), raw, first)


def _dialect(raw: Raw, account: KeyPath) -> str:
    dialect = value_at(raw, (*account, "dialect"))
    return "documented" if dialect is MISSING else str(dialect)


def _one_way(
    raw: Raw, account: KeyPath, ways: tuple[CredentialSet, ...], given: list[str]
) -> Iterator[Finding]:
    """Against the way that most of the given keys belong to."""

    def fit(way: CredentialSet) -> tuple[bool, int]:
        return {*way.required} <= {*given}, len({*way.keys} & {*given})

    way = max(ways, key=fit)
    for key in given:
        if key not in way.keys:
            yield Finding(
                path=(*account, "credentials", key),
                code="bad-credentials",
                text=f"{key} stands beside {_words(way)}, which is another way to log in",
                help=f"keep {_words(way)}, or {key} and what belongs to it",
                at="key",
            )
    for key in way.required:
        if key not in given:
            yield missing_key((*account, "credentials", key), raw)


def _of_other_dialect(path: KeyPath, dialect: str, ways: tuple[CredentialSet, ...]) -> Finding:
    wanted = " or ".join(_words(way) for way in ways)
    return Finding(
        path=path,
        code="bad-credentials",
        text=f"{path[-1]} is no credential of the dialect {quoted(dialect)}",
        help=f"give {wanted}, or write another dialect",
        at="key",
    )


def _words(way: CredentialSet) -> str:
    return " and ".join(way.required)


def _marks(
    raw: Raw,
    account: KeyPath,
    registration: Registration,
    way: CredentialSet,
    around: Surroundings,
) -> list[Mark]:
    """What two references to one credential have in common: their text, or what they stand for
    now."""
    key = way.identity or ""
    reference = value_at(raw, (*account, "credentials", key))
    if not isinstance(reference, str) or not is_reference(reference):
        return []
    address = value_at(raw, (*account, "base_url")) if way.is_per_host else ""
    mark = (registration.name, key, addresses.host_of(str(address)))
    try:
        secret = resolve_secret(reference, around.folder, around.environ)
    except ConfigError:
        return [(*mark, "reference", reference)]
    return [(*mark, "reference", reference), (*mark, "value", secret.get_secret_value())]


def _twice(path: KeyPath, raw: Raw, first: KeyPath) -> Finding:
    other = value_at(raw, (*first, "name"))
    return Finding(
        path=path,
        code="shared-credential",
        text=f"this is the {path[-1]} of {quoted(other)} too; "
        "one credential has one limit and belongs to one account",
        help="join the two accounts' scopes in one account, or use another credential",
    )
