"""Rules about guards: the paths that have some of their own are amounts or numbers that the
provider lets be changed, and no floor lies above its ceiling. They read the raw tables and skip
what is refused on its own."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from difflib import get_close_matches
from typing import Final

from syncd.config import catalogue, values
from syncd.config.account import PathGuard
from syncd.config.findings import MISSING, Finding, KeyPath, Raw, setting, value_at
from syncd.config.values import quoted
from syncd.model.path import ANY_KEY, covers
from syncd.model.registration import Registration

UNKNOWN: Final = "unknown-path"


def findings(raw: Raw, account: KeyPath) -> Iterator[Finding]:
    """What these rules find in one account."""
    place: KeyPath = (*account, "guard", "paths")
    paths = value_at(raw, place)
    registration = catalogue.lookup(value_at(raw, (*account, "provider")))
    if not isinstance(paths, dict):
        return
    for path, rules in paths.items():
        if isinstance(registration, Registration) and not _is_known(registration, path):
            yield _unknown((*place, path), registration, rules)
        elif isinstance(rules, dict):
            amounts = registration.amounts if isinstance(registration, Registration) else ()
            yield from _floor(raw, account, path, list(paths), amounts)


def _is_known(registration: Registration, path: str) -> bool:
    """A path that the provider changes, one below a stem of its, or a stem around one."""
    return _meets(path, registration.figures)


def _meets(path: str, declared: tuple[str, ...]) -> bool:
    return any(covers(one, path) or covers(path, one) for one in declared)


def _unknown(place: KeyPath, registration: Registration, rules: object) -> Finding:
    path, known = str(place[-1]), registration.figures
    near = get_close_matches(path, known, n=1)
    if not known:
        remedy = "remove it"
    elif isinstance(rules, dict) and any(_is_table(rules, one, path) for one in known):
        remedy = f'write the path in quotes, such as "{_written(rules, path)}"'
    elif near:
        remedy = f'did you mean "{near[0]}"?'
    else:
        remedy = f"known: {', '.join(known)}"
    return Finding(
        path=place,
        code=UNKNOWN,
        text=f"{quoted(path)} is no amount or number that {registration.title} changes",
        help=remedy,
        at="key",
    )


def _is_table(rules: dict[str, object], known: str, path: str) -> bool:
    """Whether TOML read the dots of a bare path as tables within each other."""
    return known.startswith(f"{path}.") and any(isinstance(one, dict) for one in rules.values())


def _written(rules: dict[str, object], path: str) -> str:
    inner = next(key for key, one in rules.items() if isinstance(one, dict))
    return f"{path}.{inner}"


def _floor(
    raw: Raw, account: KeyPath, path: str, paths: list[str], amounts: tuple[str, ...]
) -> Iterator[Finding]:
    """A floor above the ceiling leaves no value at all. What a path does not say itself, the
    narrowest stem around it says, and of an amount the account in the end."""
    place: KeyPath = (*account, "guard", "paths", path)
    floor = _amount(raw, (*place, "floor"))
    if floor is None:
        return
    around = sorted((one for one in paths if covers(one, path)), key=_narrowness, reverse=True)
    places: list[KeyPath] = [(*account, "guard", "paths", one, "max_amount") for one in around]
    if _meets(path, amounts):
        places.append((*account, "guard", "max_amount"))
    ceilings = (_amount(raw, one) for one in places)
    ceiling = next((one for one in ceilings if one is not None), None)
    if ceiling is not None and floor > ceiling:
        yield Finding(
            path=(*place, "floor"),
            code="impossible-floor",
            text=f"a floor of {floor} is above the ceiling of {ceiling}, which leaves no value",
            help=f"write a floor of at most {ceiling}, or a higher max_amount for {quoted(path)}",
        )


def _narrowness(path: str) -> tuple[bool, int]:
    return not path.endswith(f".{ANY_KEY}"), len(path)


def _amount(raw: Raw, place: KeyPath) -> Decimal | None:
    if value_at(raw, place) is MISSING:
        return None
    return setting(raw, place, values.amount, PathGuard)
