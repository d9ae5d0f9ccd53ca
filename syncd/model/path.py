"""Field paths: the one vocabulary for queueing, diffing, history and reports. Pure text; which of
them a provider reads, creates with or changes is what its adapter declares as `Field` values."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

PERIODS = ("daily", "monthly", "lifetime")
DELETED: Final = "deleted"
"""The path that asks for the end of a campaign; it stands alone in its patch."""
ANY_KEY: Final = "*"
VERSION: Final = "@version"
"""No path: beside the values of a read it holds what moves with every change at the provider."""
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class Kind(StrEnum):
    """What a field's value is: `amount` is money or `unlimited`, `text` anything, `status` active
    or paused, `choice` one of a few words, `number` a decimal, `count` a whole number, `json` a
    JSON text, `flag` only ever true."""

    AMOUNT = "amount"
    TEXT = "text"
    STATUS = "status"
    CHOICE = "choice"
    NUMBER = "number"
    COUNT = "count"
    JSON = "json"
    FLAG = "flag"


class Guard(StrEnum):
    """What only goes out where the account's configuration says that it may."""

    START = "start"
    DELETE = "delete"
    DISABLE = "disable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One path as a provider offers it. A path that ends in `.*` stands for every key there.
    `nullable`: null may be asked for, and what it does stands in `note`. `scale` is the number of
    decimals of an amount or number, `least` the smallest one (`above_least`: itself not allowed),
    `longest` the most characters of a text. `guard`: this change (of a status only `active`, of a
    nullable path only null) needs the account's leave; `needs` are the paths that must be set
    before such a change."""

    path: str
    kind: Kind
    readable: bool = True
    changeable: bool = False
    creatable: bool = False
    required: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    scale: int = 2
    least: Decimal | None = None
    above_least: bool = False
    longest: int | None = None
    guard: Guard | None = None
    needs: tuple[str, ...] = ()
    call: str = ""
    note: str = ""

    def covers(self, path: str) -> bool:
        """Whether this is the field of a path."""
        return covers(self.path, path)

    def guarded(self, value: str | None) -> Guard | None:
        """The leave that this value needs, None where it needs none."""
        if self.guard is None:
            return None
        if self.kind is Kind.STATUS:
            return self.guard if value == "active" else None
        if self.nullable:
            return self.guard if value is None else None
        return self.guard


def covers(wide: str, path: str) -> bool:
    """Whether a path is this one, or stands below it where it ends in `.*`."""
    if not wide.endswith(f".{ANY_KEY}"):
        return path == wide
    stem = wide.removesuffix(ANY_KEY)
    return path.startswith(stem) and len(path) > len(stem)


def field_of(fields: Iterable[Field], path: str) -> Field | None:
    """The field that covers a path, the narrowest where several do; None where the provider has no
    such thing."""
    found = [field for field in fields if field.covers(path)]
    return max(found, key=lambda field: (field.path == path, len(field.path)), default=None)


def keyed(stem: str, key: str) -> str:
    """The path of one key below a stem: `price.country.US`; a key of anything but ASCII letters,
    digits, `-` and `_` is quoted."""
    if _PLAIN_KEY.fullmatch(key):
        return f"{stem}.{key}"
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'{stem}."{escaped}"'


def stem_of(path: str) -> str:
    """The path without its last key: `price.country` of `price.country.US`."""
    if path.endswith('"'):
        return path[: path.index('."')] if '."' in path else path
    return path.rpartition(".")[0]


def is_told(path: str, values: Container[str]) -> bool:
    """Whether a read that shows these paths tells of this one. One that it leaves out is null only
    where it shows the list that the path would stand in."""
    return path in values or stem_of(path) in values


def key_of(stem: str, path: str) -> str | None:
    """The key of a path below a stem, without its quotes; None for another path."""
    if not path.startswith(f"{stem}.") or len(path) == len(stem) + 1:
        return None
    key = path[len(stem) + 1 :]
    if len(key) >= 2 and key[0] == key[-1] == '"':
        return key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return key
