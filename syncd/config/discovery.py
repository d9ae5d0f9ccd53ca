"""Providers of other packages: each is an entry point of the group `syncd.providers`, by the name
that accounts use, which leads to a Registration. A package is loaded only when its name is asked
for, and what is wrong with it becomes a sentence that names the distribution. It knows none of our
own providers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

from pydantic_core import PydanticCustomError

from syncd.config import values
from syncd.config.values import quoted
from syncd.model.registration import Registration

GROUP = "syncd.providers"


@dataclass(frozen=True, kw_only=True, slots=True)
class Flaw:
    """Why a registered provider cannot be used, and what to do about it."""

    text: str
    help: str


def claimed() -> tuple[str, ...]:
    """The names under which other packages register a provider, sorted."""
    return tuple(sorted({point.name for point in _points(tuple(sys.path))}))


def load(name: str) -> Registration | Flaw | None:
    """The provider that a package registers under this name, None where none does."""
    points = _of(name)
    if not points:
        return None
    if len(points) > 1:
        owners = " and ".join(_distribution(point) for point in points)
        return Flaw(
            text=f"provider {quoted(name)} is registered twice, by {owners}",
            help="uninstall one of the two",
        )
    return _loaded(points[0])


def taken(name: str) -> Flaw:
    """The flaw of registering under a name that is ours."""
    owners = [_distribution(point) for point in _of(name)]
    return Flaw(
        text=f"{' and '.join(owners)} registers provider {quoted(name)}, which syncd brings along",
        help=f"uninstall {owners[0].split()[0]}, or have it take another name",
    )


@lru_cache(maxsize=1)
def _points(_path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """All entry points of the group. Every folder on the path is looked through for them, so once
    for one path has to do."""
    return tuple(entry_points(group=GROUP))


def _of(name: str) -> list[EntryPoint]:
    points = (point for point in _points(tuple(sys.path)) if point.name == name)
    return sorted(points, key=_distribution)


def _loaded(point: EntryPoint) -> Registration | Flaw:
    owner = _distribution(point)
    remedy = f"ask the makers of {owner}, or uninstall it and remove the account"
    try:
        found = point.load()
    except Exception as error:  # noqa: BLE001 - a stranger's module may raise anything
        why = f"{type(error).__name__} {quoted(str(error))}"
        return Flaw(
            text=f"provider {quoted(point.name)} of {owner} fails to load: {why}", help=remedy
        )
    why_not = next(_complaints(point, found), None)
    if why_not is None:
        return found  # type: ignore[no-any-return]
    return Flaw(text=f"provider {quoted(point.name)} of {owner}: {why_not}", help=remedy)


def _complaints(point: EntryPoint, found: object) -> Iterator[str]:
    """What a registration says that the rest of the configuration could not work with."""
    if not isinstance(found, Registration):
        yield f"{quoted(point.value)} is {quoted(type(found).__name__)} and not a Registration"
        return
    if found.name != point.name:
        yield f"it registers itself as {quoted(found.name)}"
    if found.open is None or found.capabilities is None:
        yield "its registration leaves out open or capabilities, so there is no adapter"
    try:
        values.duration(found.settle)
        values.duration(found.fresh_for)
        for limit in found.limits:
            values.limit(limit.written)
        values.time_zone(found.price_zone)
    except PydanticCustomError as refused:
        yield str((refused.context or {}).get("text"))


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
