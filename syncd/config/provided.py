"""The table of an account as its provider's registration shapes it: the keys of scope, credentials
and limits, its dialects and address, and what is usual there. It declares no provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    create_model,
)

from syncd.config import addresses, values
from syncd.config.account import Account, Cost, Guard, Limits, PathGuard, Push, scope_values
from syncd.config.tables import (
    CURRENCY_SCHEMA,
    Duration,
    Identifiers,
    Limit,
    Secret,
    Table,
    as_written,
    between,
    one_of,
)
from syncd.config.values import quoted, refusal
from syncd.model.registration import Endpoint, Registration, ScopeKey, ScopeKind


@cache
def account_model(registration: Registration) -> type[Account]:
    """The class of this provider's accounts."""
    shape: dict[str, Any] = {
        "provider": (Annotated[str, WithJsonSchema({"const": registration.name})], ...),
        "dialect": (
            Annotated[str, *one_of(registration.dialects, "unknown-dialect", "dialect")],
            "documented",
        ),
        "scope": (_scope(registration), as_written({})),
        "base_url": (_address(registration), as_written(None)),
        "currency": (_currency(registration), as_written(None)),
        "credentials": (_credentials(registration), ...),
        "push": (_push(registration), as_written({})),
        "limits": (_limits(registration), as_written({})),
        "guard": (_guard(registration), as_written({})),
        "cost": _cost(registration),
    }
    model = create_model(_named(registration, Account), __base__=Account, **shape)
    model.registration = registration
    return model


def _named(registration: Registration, table: type[Table] | str) -> str:
    name = registration.name.replace("-", "_").title().replace("_", "")
    return name + (table if isinstance(table, str) else table.__name__)


def _scope(registration: Registration) -> type[Table]:
    keys: dict[str, Any] = {key.name: _scope_key(key) for key in registration.scope}
    return create_model(
        _named(registration, "Scope"),
        __base__=Table,
        __doc__=f"Which campaigns at {registration.title} are the account's.",
        **keys,
    )


def _scope_key(key: ScopeKey) -> tuple[Any, Any]:
    if key.kind is ScopeKind.IDS:
        type_: Any = Identifiers
        empty = as_written([])
    elif key.kind is ScopeKind.CHOICE:
        type_, empty = Annotated[str, *one_of(key.choices, "bad-scope", key.name)], None
    else:
        described = WithJsonSchema({"type": "string", "pattern": f"^({key.pattern})$"})
        reader = PlainValidator(lambda value: values.matching(value, key.pattern, key.example))
        type_, empty = Annotated[str, reader, described], None
    if key.is_required:
        return type_, ...
    return (type_ if key.kind is ScopeKind.IDS else type_ | None), empty


def _credentials(registration: Registration) -> type[Table]:
    """Every key of every way to log in; whether they are one whole way is a rule of its own."""
    keys: dict[str, Any] = {
        key: (Secret | None, None) for way in registration.credentials for key in way.keys
    }
    ways: list[Any] = [{"required": list(way.required)} for way in registration.credentials]
    table = create_model(
        _named(registration, "Credentials"),
        __base__=Table,
        __doc__=f"How the account logs in at {registration.title}.",
        **keys,
    )
    table.model_config = ConfigDict(**table.model_config, json_schema_extra={"anyOf": ways})
    return table


def _push(registration: Registration) -> type[Push]:
    return create_model(
        _named(registration, Push),
        __base__=Push,
        __doc__=Push.__doc__,
        batch=(Annotated[int, *between(1, registration.largest_batch)], registration.batch),
        in_flight=(Annotated[int, *between(1, 64)], registration.in_flight),
        settle=(Duration, as_written(registration.settle)),
        fresh_for=(Duration, as_written(registration.fresh_for)),
    )


def _limits(registration: Registration) -> type[Limits]:
    own = [key for key in registration.limit_keys if key not in Limits.model_fields]
    keys: dict[str, Any] = dict.fromkeys(own, (Limit | None, None))
    return create_model(
        _named(registration, Limits), __base__=Limits, __doc__=Limits.__doc__, **keys
    )


def _guard(registration: Registration) -> type[Guard]:
    """The schema names the paths; `syncd.config.guard_rules` judges them."""
    plain = [path for path in registration.figures if not path.endswith(".*")]
    stems = {path[:-1] for path in registration.figures if path.endswith(".*")}
    around = {f"{path.partition('.')[0]}.*" for path in registration.figures}
    kinds: list[Any] = [{"pattern": f"^{re.escape(stem)}."} for stem in sorted(stems)]
    kinds += [{"const": path} for path in sorted({*plain, *around})]
    named: dict[str, Any] = {"propertyNames": {"anyOf": kinds or [False]}}
    return create_model(
        _named(registration, Guard),
        __base__=Guard,
        __doc__=Guard.__doc__,
        paths=(
            Annotated[Mapping[str, PathGuard], AfterValidator(MappingProxyType)],
            Field(default={}, json_schema_extra=named),
        ),
    )


def _cost(registration: Registration) -> tuple[Any, Any]:
    if registration.tiers:
        tier = Annotated[str, *one_of(registration.tiers, "unknown-tier", "tier")]
        table = create_model(
            _named(registration, Cost),
            __base__=Cost,
            __doc__=Cost.__doc__,
            tier=(tier, registration.tiers[0]),
        )
        return table, as_written({})

    def refuse(value: object) -> Cost:
        if value is not None:
            text = f"{registration.title} bills no requests, so cost says nothing here"
            raise refusal("no-prices", text, "remove cost")
        return Cost()

    return Annotated[Cost, PlainValidator(refuse), WithJsonSchema({"not": {}})], as_written(None)


def _address(registration: Registration) -> Any:
    def read(value: object, info: ValidationInfo) -> str:
        endpoint = _endpoint(registration, info)
        if endpoint is None:  # what would tell it is refused already
            return ""
        loopback = bool(info.data.get("allow_loopback", False))
        given = endpoint.url if value is None else value
        return addresses.base_url(given, endpoint, allow_loopback=loopback)

    return Annotated[str, PlainValidator(read), WithJsonSchema({"type": "string", "format": "uri"})]


def _currency(registration: Registration) -> Any:
    def read(value: object, info: ValidationInfo) -> str | Mapping[str, str] | None:
        endpoint = _endpoint(registration, info)
        theirs = endpoint.currency if endpoint else None
        given = theirs if value is None else values.currency(value)
        if isinstance(given, Mapping) and registration.currency_by is None:
            text = f"accounts at {registration.title} have one currency, and this is a table"
            raise refusal("bad-currency", text, 'write one code, such as "EUR"')
        if theirs not in (None, given):
            text = f"{quoted(given)} is not the currency there, which is {theirs}"
            raise refusal("bad-currency", text, "leave currency out")
        return given

    return Annotated[str | Mapping[str, str] | None, PlainValidator(read), CURRENCY_SCHEMA]


def _endpoint(registration: Registration, info: ValidationInfo) -> Endpoint | None:
    """Where the account is reached, as far as its dialect and scope are known to be good."""
    scope, dialect = info.data.get("scope"), info.data.get("dialect")
    if dialect is None:
        return None
    return registration.endpoint(dialect, scope_values(scope) if isinstance(scope, Table) else {})
