"""Overrides from the environment: `SYNCD_SERVICE__LISTEN`, `SYNCD_ACCOUNTS__0__LIMITS__SHARE`. Two
underscores go one level down, numbers count accounts from 0. It lays the values over the raw
tables and remembers which variable set which path; whether a value is right is judged later, with
all others."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from syncd.config.account import Account
from syncd.config.findings import MISSING, Finding, KeyPath, value_at
from syncd.config.settings import Config
from syncd.config.tables import Table

PREFIX: Final = "SYNCD_"
_VARIABLE = re.compile(
    r"SYNCD_[A-Z][A-Z0-9]*(_[A-Z0-9]+)*(__[A-Za-z0-9]+(_[A-Za-z0-9]+)*)+", re.ASCII
)


@dataclass(kw_only=True)
class Overlaid:
    """The raw tables with the overrides in them, the variable that set each path, and what does
    not fit."""

    raw: dict[str, Any]
    variables: dict[KeyPath, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def variable(self, path: KeyPath) -> str | None:
        """The variable that set the value at a path or one around it."""
        while path:
            if path in self.variables:
                return self.variables[path]
            path = path[:-1]
        return None


def overlay(raw: Mapping[str, Any], environ: Mapping[str, str]) -> Overlaid:
    """A copy of the raw tables with every override laid over it, whole tables before single
    keys."""
    result = Overlaid(raw=copy.deepcopy(dict(raw)))
    names = [name for name in environ if _VARIABLE.fullmatch(name)]
    for name in sorted(names, key=lambda name: (name.count("__"), name)):
        path = _path(name)
        for length in range(1, len(path)):
            if value_at(result.raw, path[:length]) is MISSING:  # a table that this variable makes
                result.variables[path[:length]] = name
        result.variables[path] = name
        if not _put(result.raw, path, _value(environ[name], path)):
            result.findings.append(_nowhere(path))
    return result


def _path(name: str) -> KeyPath:
    parts = name.removeprefix(PREFIX).lower().split("__")
    is_account = (
        len(parts) > 1 and parts[0] == "accounts" and parts[1].isdigit() and len(parts[1]) < 6
    )
    return (parts[0], int(parts[1]), *parts[2:]) if is_account else tuple(parts)


def _put(raw: dict[str, Any], path: KeyPath, value: object) -> bool:
    """Put the value there, making tables on the way. False where a number or a value stands in the
    way."""
    table: Any = raw
    for number, part in enumerate(path):
        is_last = number == len(path) - 1
        fresh: object = value if is_last else [] if isinstance(path[number + 1], int) else {}
        if isinstance(table, dict) and isinstance(part, str):
            table[part] = fresh if is_last else table.get(part, fresh)
        elif isinstance(table, list) and isinstance(part, int) and part <= len(table):
            table[part : part + 1] = [fresh if is_last or part == len(table) else table[part]]
        else:
            return False
        table = table[part]
    return True


def _nowhere(path: KeyPath) -> Finding:
    return Finding(
        path=path,
        code="bad-override",
        text="there is no such place in the configuration to override",
        help="accounts count from 0 in the order of the file; two underscores go one level down",
    )


def _value(text: str, path: KeyPath) -> object:
    """The text as TOML where the place takes numbers, true or false, lists or tables; else as it
    is."""
    if not text.startswith(("[", "{")) and _scalar(path) not in (bool, int, float):
        return text
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _scalar(path: KeyPath) -> type | None:
    """The type of the place's default, None where the place is unknown or takes text."""
    model: object = Config
    for part in path:
        if isinstance(part, int):
            model = Account  # nothing else stands there more than once
            continue
        if (
            not (isinstance(model, type) and issubclass(model, Table))
            or part not in model.model_fields
        ):
            return None
        setting = model.model_fields[part]
        if isinstance(setting.default, bool | int | float):
            return type(setting.default)
        model = setting.annotation
    return None
