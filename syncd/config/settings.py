"""The file as frozen values: one model per table, each key with its default. Only what one value
says alone is judged here; rules between values stand in `syncd.config.rules`, and a provider's own
keys in the catalogue."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import TypeAdapter, ValidationInfo, ValidatorFunctionWrapHandler, field_validator

from syncd.config import addresses, values
from syncd.config.catalogue import PROVIDERS, Credentials, Scope
from syncd.config.references import SecretReference
from syncd.config.tables import (
    Amount,
    ClockSchedule,
    Currency,
    Duration,
    Flag,
    FolderPath,
    Limit,
    ListenAddress,
    Name,
    PositiveDuration,
    PostgresUrl,
    PushSchedule,
    Reason,
    Secret,
    Share,
    Table,
    Timezone,
    as_written,
    between,
)
from syncd.config.values import LimitSetting
from syncd.model.limits import Limit as RequestLimit

POLICIES = ("hold",)
_SECRETS = TypeAdapter(dict[str, Secret])


class Database(Table):
    """Postgres by `url`, or `embedded` on this machine: one of the two. `owner_url` is for `syncd
    db upgrade`."""

    url: PostgresUrl | None = None
    owner_url: PostgresUrl | None = None
    embedded: Flag = False


class Service(Table):
    """The process itself: its name, its folder for state, where it listens and how long `sync`
    waits."""

    name: Name = "syncd"
    data_dir: FolderPath = as_written("var")
    listen: ListenAddress = as_written("127.0.0.1:8440")
    http_token: Secret | None = None
    patience: Duration = as_written("60s")


class Pull(Table):
    """When to pull, spread by up to `jitter`."""

    schedule: ClockSchedule = as_written("*/15 * * * *")
    jitter: Duration = as_written("30s")


class Push(Table):
    """When to push, how many updates in one call, how many calls at once, how long an unknown
    outcome rests before it is read back, and what happens when a third value is found at the
    provider."""

    schedule: PushSchedule = as_written("@on_enqueue")
    batch: Annotated[int, *between(1, 500)] = 50
    in_flight: Annotated[int, *between(1, 64)] = 4
    settle: Duration = as_written("120s")
    policy: str = "hold"

    @field_validator("policy", mode="before")
    @classmethod
    def _known_policy(cls, value: object) -> str:
        return values.choice(value, POLICIES, "unknown-policy", "policy")


class Limits(Table):
    """At most `default` requests, of which syncd uses `share`; `jitter` is the largest difference
    of one-way delays, None for 50 ms, or 2 % of windows above 5 s; `granted` says who allowed more
    than is documented."""

    default: Limit | None = None
    share: Share = as_written(1.0)
    jitter: Duration | None = None
    granted: Reason | None = None


class Lease(Table):
    """How long an account is ours without a renewal, how often that is renewed, how long a write
    may take."""

    ttl: PositiveDuration = as_written("45s")
    renew: PositiveDuration = as_written("10s")
    request_timeout: PositiveDuration = as_written("20s")


class Guard(Table):
    """Ceilings in the account's own currency; None is no ceiling."""

    max_amount: Amount | None = None


class Account(Table):
    """One credential and one scope at one provider."""

    name: Name
    provider: str
    dialect: str = "documented"
    allow_loopback: Flag = False
    base_url: str = as_written(None)
    scope: Scope = as_written({})
    currency: Currency | None = None
    timezone: Timezone = as_written("UTC")
    credentials: Credentials
    pull: Pull = as_written({})
    push: Push = as_written({})
    limits: Limits = as_written({})
    lease: Lease = as_written({})
    guard: Guard = as_written({})

    @field_validator("provider", mode="before")
    @classmethod
    def _known_provider(cls, value: object) -> str:
        return values.choice(value, tuple(PROVIDERS), "unknown-provider", "provider")

    @field_validator("dialect", mode="before")
    @classmethod
    def _known_dialect(cls, value: object, info: ValidationInfo) -> str:
        keys = PROVIDERS.get(info.data.get("provider", ""))
        if keys is None:  # the unknown provider is refused already
            return str(value)
        return values.choice(value, keys.dialects, "unknown-dialect", "dialect")

    @field_validator("base_url", mode="before")
    @classmethod
    def _documented_address(cls, value: object, info: ValidationInfo) -> str:
        keys = PROVIDERS.get(info.data.get("provider", ""))
        if keys is None:
            return ""
        given = f"https://{keys.host}" if value is None else value
        loopback = bool(info.data.get("allow_loopback", False))
        return addresses.base_url(given, keys.host, allow_loopback=loopback)

    @field_validator("scope", "credentials", mode="wrap")
    @classmethod
    def _keys_of_provider(
        cls, value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> object:
        keys = PROVIDERS.get(info.data.get("provider", ""))
        if keys is None:
            if info.field_name == "credentials":  # whoever it is for, a secret is no plain text
                _SECRETS.validate_python(value, context=info.context)
            return value
        model = keys.scope if info.field_name == "scope" else keys.credentials
        return handler(model.model_validate(value, context=info.context))

    @property
    def identity(self) -> SecretReference:
        """The reference that tells this account's credential from another's."""
        reference: SecretReference = getattr(self.credentials, PROVIDERS[self.provider].identity)
        return reference

    @property
    def limit_setting(self) -> LimitSetting:
        """What may be sent at most: as configured, else as the provider documents it."""
        return self.limits.default or values.limit(PROVIDERS[self.provider].limit)

    @property
    def limit(self) -> RequestLimit:
        """What syncd keeps: its share of `limit_setting`, ready for the limiter."""
        return request_limit(self.limit_setting, self.limits.share, self.limits.jitter)


class Config(Table):
    """The whole file with the environment's overrides."""

    database: Database = as_written({})
    service: Service = as_written({})
    accounts: tuple[Account, ...] = ()

    def account(self, name: str) -> Account | None:
        return next((account for account in self.accounts if account.name == name), None)


def request_limit(setting: LimitSetting, share: Decimal, jitter: timedelta | None) -> RequestLimit:
    """The share of a setting in the form that the limiter's arithmetic takes: seconds, fractions
    allowed."""
    return RequestLimit(
        count=float(setting.count * share),
        window=setting.window.total_seconds(),
        jitter=None if jitter is None else jitter.total_seconds(),
    )
