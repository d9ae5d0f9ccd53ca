"""The providers that syncd brings along, as values: the keys of their scope and credentials, where
they are reached, their limits, prices and usual settings. With those of other packages they are
all that an account can name. It knows nothing of how they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from syncd.config import discovery
from syncd.config.discovery import Flaw
from syncd.model.registration import (
    CredentialSet,
    Endpoint,
    OperationLimit,
    Price,
    Registration,
    ScopeKey,
    ScopeKind,
)

_DIALECTS: Final = ("documented", "current")

_CRITEO = Registration(
    name="criteo",
    title="Criteo",
    endpoints=(Endpoint(host="api.criteo.com"),),
    dialects=_DIALECTS,
    scope=(ScopeKey(name="advertisers", kind=ScopeKind.IDS),),
    currency_by="advertisers",
    credentials=(CredentialSet(required=("client_id", "client_secret"), identity="client_id"),),
    amounts=("budget.daily", "budget.monthly", "budget.lifetime"),
    limits=(OperationLimit(key="default", written="250/60s"),),
)

# One country has one currency there, and every tenant is a site of one country.
_TENANTS: Final = {
    "kleinanzeigen": ("admarkt.kleinanzeigen.de", "EUR"),
    "marktplaats": ("admarkt.marktplaats.nl", "EUR"),
    "2dehands": ("admarkt.2dehands.be", "EUR"),
    "2ememain": ("admarkt.2ememain.be", "EUR"),
    "kijiji": ("admarkt.kijiji.ca", "CAD"),
}

_ICAS = Registration(
    name="icas",
    title="ICAS",
    endpoints=tuple(
        Endpoint(host=host, path="/api/sellside", scope={"tenant": tenant}, currency=currency)
        for tenant, (host, currency) in _TENANTS.items()
    ),
    dialects=_DIALECTS,
    scope=(
        ScopeKey(name="tenant", kind=ScopeKind.CHOICE, is_required=True, choices=tuple(_TENANTS)),
    ),
    # Accounts may share a client; only a refresh token belongs to one seller.
    credentials=(
        CredentialSet(
            required=("client_id", "client_secret"),
            optional=("refresh_token",),
            identity="refresh_token",
        ),
    ),
    amounts=("budget.daily", "budget.lifetime"),
    limits=(OperationLimit(key="default", written="5/1s", is_documented=False),),
    needs_token_key=True,
)

_EPOM = Registration(
    name="epom",
    title="Epom",
    endpoints=(Endpoint(host=None, hosts=("*",)),),  # every network has a host of its own
    dialects=_DIALECTS,
    scope=(
        ScopeKey(name="ids", kind=ScopeKind.IDS),
        ScopeKey(name="advertisers", kind=ScopeKind.IDS),
    ),
    scope_excludes=(("ids", "advertisers"),),
    credentials=(
        CredentialSet(required=("username", "password"), identity="username", is_per_host=True),
    ),
    amounts=("price.amount", "price.country.*", "price.action.*"),
    numbers=(
        "price.estimated_ctr",
        "price.estimated_conversion_rate",
        "price.burn_up_period",
        "price.start_up_period",
        "price.min_conversions",
        "price.min_clicks",
    ),
    limits=(OperationLimit(key="default", written="5/1s", is_documented=False),),
    in_flight=2,
)

_PAI = Registration(
    name="pai",
    title="Alibaba PAI",
    endpoints=(
        Endpoint(
            host="paiplugin.aliyuncs.com",
            hosts=("paiplugin.*.aliyuncs.com",),
            dialects=("current",),
        ),
        Endpoint(
            host="api.aliyun.com",
            path="/api/PaiPlugin",
            version="/2022-01-12",
            scope={"region": "cn-*"},
        ),
        Endpoint(host="api.alibabacloud.com", path="/api/PaiPlugin", version="/2022-01-12"),
    ),
    dialects=_DIALECTS,
    scope=(
        ScopeKey(
            name="region",
            kind=ScopeKind.TEXT,
            pattern=r"[a-z]{2}(-[a-z0-9]+)+",
            example="cn-hangzhou",
        ),
    ),
    credentials=(
        CredentialSet(required=("api_key",), identity="api_key", dialects=("documented",)),
        CredentialSet(
            required=("access_key_id", "access_key_secret"),
            optional=("security_token",),
            identity="access_key_id",
            dialects=("current",),
        ),
    ),
    limits=(
        OperationLimit(key="get", written="10/1s", operations=("GET campaign",)),
        OperationLimit(key="update", written="100/1s", operations=("PUT campaign",)),
        OperationLimit(key="delete", written="100/1s", operations=("DELETE campaign",)),
        OperationLimit(
            key="list", written="10/1s", operations=("GET campaigns",), is_documented=False
        ),
        OperationLimit(
            key="create", written="10/1s", operations=("POST campaigns",), is_documented=False
        ),
    ),
    in_flight=16,
    fresh_for="15m",  # a read is billed
    # The unit of the price list is blank, so a request is counted as its input and its output.
    # What the list leaves out, creates, is counted like the rest.
    prices=tuple(
        Price(
            operation=operation,
            amount=Decimal(amount),
            currency="CNY",
            free_per_month=free,
            tier=tier,
        )
        for tier in ("default", "standard")
        for operation, amount, free in (
            ("GET campaigns", "0", 0),
            ("GET campaign", "0.002", 1000),
            ("POST campaigns", "0.002", 0),
            ("PUT campaign", "0.002", 100),
            ("DELETE campaign", "0.002", 100),
        )
    ),
    price_zone="Asia/Shanghai",
)

_VOIPBIN = Registration(
    name="voipbin",
    title="VoIPBIN",
    endpoints=(Endpoint(host="api.voipbin.net", path="/v1.0"),),
    dialects=_DIALECTS,
    credentials=(
        CredentialSet(required=("username", "password"), identity="username"),
        CredentialSet(required=("access_key",), identity="access_key"),
    ),
    numbers=("native.service_level",),
    limits=(
        OperationLimit(key="default", written="16/1s"),
        OperationLimit(key="auth", written="10/1s", operations=("POST auth/login",)),
    ),
    settle="30s",
)

BUILT_IN: Final[Mapping[str, Registration]] = MappingProxyType(
    {
        one.name: replace(one, bench=("-m", "syncd.simulator", "--provider", one.name))
        for one in (_CRITEO, _ICAS, _EPOM, _PAI, _VOIPBIN)
    }
)


def registrations() -> Mapping[str, Registration]:
    """Every provider that an account can name, those of other packages after our own. What a
    package registers wrongly is left out."""
    others = {name: lookup(name) for name in names() if name not in BUILT_IN}
    usable = {name: one for name, one in others.items() if isinstance(one, Registration)}
    return MappingProxyType({**BUILT_IN, **usable})


def lookup(name: object) -> Registration | Flaw | None:
    """The provider of this name, why what another package registers under it cannot be used, or
    None where nobody has registered it."""
    if not isinstance(name, str):
        return None
    return BUILT_IN.get(name) or discovery.load(name)


def names() -> tuple[str, ...]:
    """The names of our own providers, and those that other packages claim to know."""
    return tuple(dict.fromkeys((*BUILT_IN, *discovery.claimed())))


def impostors() -> Mapping[str, Flaw]:
    """By name, the packages that register a provider under a name of ours. They are never used."""
    return {name: discovery.taken(name) for name in discovery.claimed() if name in BUILT_IN}
