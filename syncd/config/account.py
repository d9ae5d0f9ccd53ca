"""The tables of one account as frozen values, with what every provider's accounts have in common.
Which keys scope, credentials and limits have, and what is usual, the provider decides: see
`syncd.config.provided`. Rules between values stand in `syncd.config.rules` and its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, ClassVar

from pydantic import AfterValidator, PlainValidator, TypeAdapter, ValidationInfo

from syncd.config import catalogue, values
from syncd.config.discovery import Flaw
from syncd.config.references import SecretReference
from syncd.config.tables import (
    Amount,
    ClockSchedule,
    Currency,
    Duration,
    Factor,
    Flag,
    Hours,
    Limit,
    Name,
    Part,
    PositiveDuration,
    PushSchedule,
    Reason,
    Secret,
    Share,
    Table,
    Timezone,
    as_written,
    between,
    one_of,
)
from syncd.config.values import LimitSetting
from syncd.model.limits import Limit as RequestLimit
from syncd.model.registration import Price, Registration, Scope

POLICIES = ("hold", "ours", "theirs")
_SECRETS = TypeAdapter(dict[str, Secret])


class Pull(Table):
    """When to pull, spread by up to `jitter`, and how far apart two pulls have to be before a
    campaign that both missed is gone."""

    schedule: ClockSchedule = as_written("*/15 * * * *")
    jitter: Duration = as_written("30s")
    missing_after: PositiveDuration = as_written("1h")


class Push(Table):
    """When to push, how many updates in one call, how many calls at once, how long an unknown
    outcome rests before it is read back, how old what was read may be when a push relies upon it,
    and what happens when a third value is found at the provider."""

    schedule: PushSchedule = as_written("@on_enqueue")
    batch: Annotated[int, *between(1, 500)] = 50
    in_flight: Annotated[int, *between(1, 64)] = 4
    settle: Duration = as_written("120s")
    fresh_for: Duration = as_written("60s")
    policy: Annotated[str, *one_of(POLICIES, "unknown-policy", "policy")] = "hold"


class Limits(Table):
    """At most `default` requests, of which syncd uses `share`; `jitter` is the largest difference
    of one-way delays, None for 50 ms, or 2 % of windows above 5 s; `granted` says who allowed more
    than is documented. A provider adds a key for each operation that it limits on its own."""

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


_Approval = Annotated[str, *one_of(("approve", "free"), "unknown-rule", "rule")]


class PathGuard(Table):
    """What holds for one path, or all below a stem, instead of the account's own rules; None says
    nothing. `floor` is the least that a value may become."""

    max_factor: Factor | None = None
    max_amount: Amount | None = None
    floor: Amount | None = None
    min_gap: Duration | None = None


class Guard(Table):
    """What a push holds for a person. Per change: of an amount `max_factor` times the old one and
    the ceiling `max_amount` in the account's own currency, `min_gap` between two changes of a path,
    `quiet_hours` by the account's clock. Within a `window`: `activations`, the `share` of campaigns
    changed, the sum of `max_increase`. None and no gap are no rule. `start`, `delete` and `disable`
    say whether starting, deleting and disabling all pricing take an approval or are free;
    `four_eyes`, whether nobody approves what they asked for; `paths`, what holds for single
    paths."""

    max_factor: Factor = as_written(2)
    max_amount: Amount | None = None
    max_increase: Amount | None = None
    share: Part = as_written(0.3)
    activations: Annotated[int, *between(0, 1_000_000)] = 10
    window: PositiveDuration = as_written("1h")
    min_gap: Duration = as_written("0s")
    quiet_hours: Hours | None = None
    start: _Approval = "approve"
    delete: _Approval = "approve"
    disable: _Approval = "approve"
    four_eyes: Flag = False
    paths: Annotated[Mapping[str, PathGuard], AfterValidator(MappingProxyType)] = as_written({})


class Cost(Table):
    """Which tier of the provider's price list the account pays."""

    tier: str = "default"


def _known_provider(value: object) -> str:
    known = catalogue.lookup(value)
    if isinstance(known, Flaw):
        raise values.refusal("broken-provider", known.text, known.help)
    return values.choice(value, catalogue.names(), "unknown-provider", "provider")


def _no_plain_secret(value: object, info: ValidationInfo) -> object:
    """Whoever it is for, a secret is no plain text."""
    return _SECRETS.validate_python(value, context=info.context)


class Account(Table):
    """One credential and one scope at one provider. An account that can be used is of the class
    that its provider's registration shapes; this one judges what it can where there is none."""

    registration: ClassVar[Registration]

    name: Name
    provider: Annotated[str, PlainValidator(_known_provider)]
    dialect: Annotated[str, PlainValidator(lambda value: value)] = "documented"
    allow_loopback: Flag = False
    scope: Annotated[Table, PlainValidator(lambda value: value)] = as_written({})
    base_url: Annotated[str, PlainValidator(lambda value: value)] = as_written(None)
    currency: Currency | None = None
    timezone: Timezone = as_written("UTC")
    credentials: Annotated[Table, PlainValidator(_no_plain_secret)]
    pull: Pull = as_written({})
    push: Push = as_written({})
    limits: Limits = as_written({})
    lease: Lease = as_written({})
    guard: Guard = as_written({})
    cost: Cost = as_written({})

    @property
    def scope_values(self) -> Scope:
        """The scope by key, without what was left out."""
        return scope_values(self.scope)

    @property
    def secrets(self) -> Mapping[str, SecretReference]:
        """The references to the credentials that were given, by key."""
        return {key: reference for key, reference in self.credentials if reference is not None}

    @property
    def prices(self) -> tuple[Price, ...]:
        """What requests cost in the account's tier; empty where none is billed."""
        return tuple(one for one in self.registration.prices if one.tier == self.cost.tier)

    @property
    def limit_settings(self) -> Mapping[str, LimitSetting]:
        """What may be sent at most, by key: as configured, else as the provider declares it."""
        found: dict[str, LimitSetting] = {}
        for key in self.registration.limit_keys:
            declared = self.registration.limit(key)
            given: LimitSetting | None = getattr(self.limits, key)
            if given is not None:
                found[key] = given
            elif declared is not None:
                found[key] = values.limit(declared.written)
        return found

    def limits_for(self) -> tuple[RequestLimit, ...]:
        """What syncd keeps: its share of every limit, ready for the limiter."""
        found = []
        for key, setting in self.limit_settings.items():
            declared = self.registration.limit(key)
            limit = request_limit(setting, self.limits.share, self.limits.jitter)
            operations = frozenset(declared.operations if declared else ())
            found.append(replace(limit, operations=operations))
        return tuple(found)


def scope_values(table: Table) -> Scope:
    """The keys of a scope that were given; a single value stands alone in its tuple."""
    given = {key: value for key, value in table if value}
    return {key: (one,) if isinstance(one, str) else one for key, one in given.items()}


def request_limit(setting: LimitSetting, share: Decimal, jitter: timedelta | None) -> RequestLimit:
    """The share of a setting in the form that the limiter's arithmetic takes: seconds, fractions
    allowed."""
    return RequestLimit(
        count=float(setting.count * share),
        window=setting.window.total_seconds(),
        jitter=None if jitter is None else jitter.total_seconds(),
    )
