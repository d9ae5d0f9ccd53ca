"""What the adapters declare, as tables and as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import entry_points
from typing import Any, Final

from syncd.cli.checking import did_you_mean
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Column, Line, Listing
from syncd.cli.text import shown
from syncd.config import registrations
from syncd.errors import UsageError
from syncd.model.listing import Capabilities, Evidence
from syncd.model.path import Field, Kind
from syncd.model.registration import Registration, Scope, ScopeKind
from syncd.providers import registry

_GROUP: Final = "syncd.providers"
_PROVIDER_FIELDS: Final = ("name", "title", "dialects", "creates", "gone", "origin")
_FIELD_FIELDS: Final = (
    "provider", "dialect", "path", "kind", "read", "change", "create", "required", "null",
    "choices", "least", "above_least", "scale", "longest", "guard", "call", "note",
)  # fmt: skip
_COLUMNS: Final = (
    Column("PATH"),
    Column("VALUE"),
    Column("READ"),
    Column("CHANGE"),
    Column("CREATE"),
    Column("CALL"),
    Column("NOTE", flexible=True),
)
_GONE: Final = {
    Evidence.NEVER: "never",
    Evidence.PERSON: "a person confirms",
    Evidence.TWO_PULLS: "two pulls and a read",
    Evidence.MARKED: "the provider's mark",
}


def list_providers(screen: Screen) -> None:
    """Every provider with what it can do and where it comes from."""
    rows = [about(one) for one in sorted(registrations().values(), key=lambda one: one.name)]
    screen.listing(
        Listing(
            schema="syncd.providers/1",
            key="providers",
            fields=_PROVIDER_FIELDS,
            rows=rows,
            columns=[Column(name.upper()) for name in _PROVIDER_FIELDS],
            lines=[
                Line(
                    tuple(
                        ", ".join(cell) if isinstance(cell, list) else shown(cell)
                        for cell in row.values()
                    )
                )
                for row in rows
            ],
        )
    )


def list_fields(screen: Screen, names: Sequence[str], dialect: str) -> None:
    """The paths of these providers in one dialect. Raises UsageError for a name or dialect that
    there is not."""
    rows, lines = [], []
    some = chosen(names)
    for one in some:
        for field in declared(one, dialect):
            rows.append(_row(one.name, dialect, field))
            cells = cells_of(field)
            lines.append(Line((one.name, *cells) if len(some) > 1 else cells))
    columns = (Column("PROVIDER"), *_COLUMNS) if len(some) > 1 else _COLUMNS
    screen.listing(
        Listing(
            schema="syncd.fields/1",
            key="fields",
            fields=_FIELD_FIELDS,
            rows=rows,
            columns=columns,
            lines=lines,
        )
    )


def chosen(names: Sequence[str]) -> list[Registration]:
    """The providers of these names, or all. Raises UsageError."""
    known = registrations()
    for name in names:
        if name not in known:
            raise UsageError(
                f'there is no provider "{shown(name)}"{did_you_mean(name, list(known))}',
                remedy=f"providers: {', '.join(sorted(known))}",
                code="provider",
            )
    return [known[name] for name in dict.fromkeys(names)] or sorted(
        known.values(), key=lambda one: one.name
    )


def declared(one: Registration, dialect: str) -> tuple[Field, ...]:
    """What a provider's adapter declares in a dialect. Raises UsageError."""
    if dialect not in one.dialects:
        raise UsageError(
            f'{one.name} has no dialect "{shown(dialect)}"',
            remedy=f"dialects of {one.name}: {', '.join(one.dialects)}",
            code="dialect",
        )
    (_, scope), *_ = _scopes(one)
    return registry.capabilities(one.name, dialect, scope).fields


def about(one: Registration) -> dict[str, Any]:
    """A provider as a row of the list."""
    return {
        "name": one.name,
        "title": one.title,
        "dialects": list(one.dialects),
        "creates": _by_scope(one, lambda offer: "yes" if offer.creates else "no"),
        "gone": _by_scope(one, lambda offer: _GONE[offer.gone]),
        "origin": _origin(one.name),
    }


def _by_scope(one: Registration, told: Callable[[Capabilities], str]) -> str:
    """What an adapter offers, and with which scopes it offers something else."""
    offers = {
        label: told(registry.capabilities(one.name, one.dialects[0], scope))
        for label, scope in _scopes(one)
    }
    if len(set(offers.values())) == 1:
        return next(iter(offers.values()))
    grouped: dict[str, list[str]] = {}
    for label, offer in offers.items():
        grouped.setdefault(offer, []).append(label)
    return "; ".join(f"{', '.join(labels)}: {offer}" for offer, labels in grouped.items())


def _scopes(one: Registration) -> list[tuple[str, Scope]]:
    """Scopes that may make a difference, each with its words; the first is the plainest that an
    account can have."""
    plainest: dict[str, tuple[str, ...]] = {}
    for key in one.scope:
        if key.is_required:
            plainest[key.name] = (key.choices[0] if key.choices else key.example or "1",)
    found: list[tuple[str, Scope]] = []
    for key in one.scope:
        if key.kind is ScopeKind.CHOICE:
            found += [(choice, {**plainest, key.name: (choice,)}) for choice in key.choices]
        elif key.kind is ScopeKind.IDS:
            found.append((f"with {key.name}", {**plainest, key.name: ("1",)}))
    is_told = any(scope == plainest for _, scope in found)
    return found if is_told else [("otherwise", plainest), *found]


def _origin(name: str) -> str:
    """Where the adapter comes from: the distribution that registers it, where it is not ours."""
    points = [point for point in entry_points(group=_GROUP) if point.name == name]
    if not points or points[0].dist is None:
        return "built in"
    return f"{points[0].dist.name} {points[0].dist.version}"


def _row(provider: str, dialect: str, field: Field) -> dict[str, Any]:
    return {
        "provider": provider,
        "dialect": dialect,
        "path": field.path,
        "kind": field.kind.value,
        "read": field.readable,
        "change": field.changeable,
        "create": field.creatable,
        "required": field.required,
        "null": field.nullable,
        "choices": list(field.choices),
        "least": field.least,
        "above_least": field.above_least,
        "scale": field.scale if field.kind in (Kind.AMOUNT, Kind.NUMBER) else None,
        "longest": field.longest,
        "guard": field.guard,
        "call": field.call or None,
        "note": field.note or None,
    }


def cells_of(field: Field) -> tuple[str, ...]:
    """A field as a row: path, value, read, change, create, call, note."""
    creates = "required" if field.required else "yes" if field.creatable else "-"
    changes = "yes" if field.changeable else "-"
    if field.guard is not None:
        changes += f", guard.{field.guard}"
    return (
        field.path,
        _value(field),
        "yes" if field.readable else "-",
        changes,
        creates,
        field.call or "-",
        field.note,
    )


def _value(field: Field) -> str:
    """A field's kind with its bounds: `amount, 2 decimals, at least 0.01`."""
    return ", ".join(_bounds(field))


def _bounds(field: Field) -> Iterator[str]:
    yield "one of " + ", ".join(field.choices) if field.kind is Kind.CHOICE else field.kind.value
    is_text = field.kind in (Kind.TEXT, Kind.JSON)
    if field.changeable or field.creatable:
        if field.kind in (Kind.AMOUNT, Kind.NUMBER):
            yield f"{field.scale} decimals"
        if field.least is not None:
            unit = " characters" if is_text else ""
            yield f"{'more than' if field.above_least else 'at least'} {field.least}{unit}"
        if field.longest is not None:
            yield f"at most {field.longest} characters"
    if field.nullable:
        yield "or null"
