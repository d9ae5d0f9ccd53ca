"""A provider as the configuration sees it: the keys of its scope and credentials, where it is
reached, its limits, prices and usual settings. Pure values: an adapter package tells them, and
neither an adapter nor a file stands behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

Scope = Mapping[str, tuple[str, ...]]
"""An account's scope by key; a single value stands alone in its tuple."""

DEFAULT_LIMIT: Final = "default"
_LIMITS_TABLE: Final = frozenset({"share", "jitter", "granted"})
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_HOST = re.compile(r"([a-z0-9-]+\.)+[a-z]{2,}", re.ASCII)
_PATH = re.compile(r"(/[A-Za-z0-9._-]+)*", re.ASCII)


class ScopeKind(StrEnum):
    """What stands behind a key of the scope: ids as a list of texts, one word of a few, or text."""

    IDS = "ids"
    CHOICE = "choice"
    TEXT = "text"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScopeKey:
    """One key of `scope`. `choices` are the words of a CHOICE; `pattern` is a regular expression
    that a TEXT has to match as a whole, with `example` shown where it does not."""

    name: str
    kind: ScopeKind
    is_required: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = r"\S+"
    example: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CredentialSet:
    """One way to log in, in the dialects named (none: in all). `identity` is the key by which two
    accounts are the same at the provider, None where none is comparable; with `is_per_host` they
    are the same only at one host."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    identity: str | None = None
    is_per_host: bool = False
    dialects: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys of this way, the required ones first."""
        return (*self.required, *self.optional)


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where accounts are reached whose dialect is one of `dialects` (none: any) and whose scope
    matches `scope`: key to text, where a `*` at the end stands for anything. `host` None has to be
    configured. `hosts` may be configured too: a name where a label `*` stands for any label, or `*`
    for every public host. `path` is where the documents' paths begin; `version` is the part behind
    it with which they may be configured too. `currency` is that of all campaigns there."""

    host: str | None
    path: str = ""
    version: str = ""
    hosts: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    scope: Mapping[str, str] | None = None
    currency: str | None = None

    @property
    def url(self) -> str | None:
        """The base URL that an account has unless another is configured."""
        return None if self.host is None else f"https://{self.host}{self.path}"

    def takes(self, host: str) -> bool:
        """Whether accounts here may be configured with this host, given in lower case."""
        return host == self.host or any(_is_like(host, allowed) for allowed in self.hosts)

    def serves(self, dialect: str, scope: Scope) -> bool:
        """Whether accounts of this dialect and scope are reached here."""
        return (not self.dialects or dialect in self.dialects) and all(
            _has(scope.get(key, ()), wanted) for key, wanted in (self.scope or {}).items()
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationLimit:
    """The key of a limit in the configuration and its figure as it is written there, `10/1s`, for
    the requests of these operations, in the adapter's words; none are all requests. A figure that
    is no documented one is only our caution, and may be raised without leave."""

    key: str
    written: str
    operations: tuple[str, ...] = ()
    is_documented: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What one request of an operation costs beyond the free ones of a month, in a tier of the
    provider's price list."""

    operation: str
    amount: Decimal
    currency: str
    free_per_month: int = 0
    tier: str = "default"


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Registration:
    """A provider. The first of `endpoints` that serves an account is its own. Of each group in
    `scope_excludes` an account gives at most one key; `currency_by` is the scope key whose ids a
    table of currencies may name. `settle` and `fresh_for` are durations as written in the file.
    `amounts` and `numbers` are the paths of its campaigns that can be changed and are one, in the
    adapter's words: those that guards may have rules of their own for. Months of `prices` begin by
    the clock of `price_zone`. `open` makes the adapter of one account from its settings,
    `capabilities` tells what it can do by dialect and scope; the adapters that come with syncd
    leave both out. `bench` are the words after this Python's interpreter that start a server to
    check the adapter against; none: it cannot be checked."""

    name: str
    title: str
    endpoints: tuple[Endpoint, ...]
    credentials: tuple[CredentialSet, ...]
    dialects: tuple[str, ...] = ("documented",)
    scope: tuple[ScopeKey, ...] = ()
    scope_excludes: tuple[tuple[str, ...], ...] = ()
    currency_by: str | None = None
    limits: tuple[OperationLimit, ...] = ()
    in_flight: int = 4
    settle: str = "120s"
    fresh_for: str = "60s"
    amounts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    batch: int = 50
    largest_batch: int = 500
    prices: tuple[Price, ...] = ()
    price_zone: str = "UTC"
    needs_token_key: bool = False
    bench: tuple[str, ...] = ()
    open: Callable[..., Any] | None = None
    capabilities: Callable[[str, Scope], Any] | None = None

    def __post_init__(self) -> None:
        for is_so, flaw in self._flaws():
            if is_so:
                raise ValueError(f"registration {self.name!r}: {flaw}")

    @property
    def tiers(self) -> tuple[str, ...]:
        """The tiers of its price list; none where requests are not billed."""
        return tuple(dict.fromkeys(price.tier for price in self.prices))

    @property
    def limit_keys(self) -> tuple[str, ...]:
        """The keys of limits that an account may set: one for all requests, and the declared."""
        return tuple(dict.fromkeys((DEFAULT_LIMIT, *(one.key for one in self.limits))))

    @property
    def figures(self) -> tuple[str, ...]:
        """The paths of its amounts and numbers."""
        return (*self.amounts, *self.numbers)

    def limit(self, key: str) -> OperationLimit | None:
        """The declared limit of this key."""
        return next((one for one in self.limits if one.key == key), None)

    def endpoint(self, dialect: str, scope: Scope) -> Endpoint | None:
        """Where such an account is reached, None where its scope does not tell yet."""
        return next((one for one in self.endpoints if one.serves(dialect, scope)), None)

    def ways(self, dialect: str) -> tuple[CredentialSet, ...]:
        """The ways to log in in this dialect."""
        return tuple(one for one in self.credentials if not one.dialects or dialect in one.dialects)

    def _flaws(self) -> tuple[tuple[bool, str], ...]:
        scope = [key.name for key in self.scope]
        limits = [limit.key for limit in self.limits]
        keys = [key for way in self.credentials for key in way.keys]
        named = [key for group in self.scope_excludes for key in group]
        by_id = [key.name for key in self.scope if key.kind is ScopeKind.IDS]
        return (
            (not _NAME.fullmatch(self.name), "the name is not lowercase letters, digits, - and _"),
            (not self.title.strip(), "it has no title"),
            (self.dialects[:1] != ("documented",), 'the first dialect is not "documented"'),
            (not self.endpoints, "it has no endpoint"),
            (not all(_is_sound(one) for one in self.endpoints), "a host or path is misspelt"),
            (not all(map(self.ways, self.dialects)), "a dialect has no credentials"),
            (not all(way.required for way in self.credentials), "credentials without a key"),
            (
                any(way.identity not in (None, *way.keys) for way in self.credentials),
                "an identity is no key of its credentials",
            ),
            (
                not all(map(_KEY.fullmatch, (*scope, *limits, *keys))),
                "a key is not lowercase letters, digits and _",
            ),
            (len({*scope}) < len(scope) or len({*limits}) < len(limits), "a key stands twice"),
            (bool(_LIMITS_TABLE & {*limits}), "a limit has the name of another key"),
            (
                not {*named} <= {*scope} or self.currency_by not in (None, *by_id),
                "it speaks of a scope key that it does not have",
            ),
            (
                any((one.key == DEFAULT_LIMIT) == bool(one.operations) for one in self.limits),
                f"the limit {DEFAULT_LIMIT!r} names no operations and every other one some",
            ),
            (any(price.amount < 0 for price in self.prices), "a price is negative"),
            (
                not (1 <= self.batch <= self.largest_batch and 1 <= self.in_flight <= 64),
                "batch or in_flight is out of range",
            ),
        )


def _is_like(host: str, allowed: str) -> bool:
    if allowed == "*":
        return bool(_HOST.fullmatch(host))
    ours, theirs = host.split("."), allowed.split(".")
    return len(ours) == len(theirs) and all(
        label == wanted or (wanted == "*" and label != "")
        for label, wanted in zip(ours, theirs, strict=True)
    )


def _has(given: tuple[str, ...], wanted: str) -> bool:
    return any(
        one.startswith(wanted[:-1]) if wanted.endswith("*") else one == wanted for one in given
    )


def _is_sound(endpoint: Endpoint) -> bool:
    is_host = endpoint.host is None or bool(_HOST.fullmatch(endpoint.host))
    return is_host and bool(_PATH.fullmatch(endpoint.path))
