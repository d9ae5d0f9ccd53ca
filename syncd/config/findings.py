"""A finding: what is wrong at a path of the configuration, before anybody knows its file and line;
and how a path, a misspelt key and a refusal of pydantic's become one. It reads no file and no
environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from syncd.config import catalogue
from syncd.config.account import Account
from syncd.config.problems import Severity
from syncd.config.references import is_reference
from syncd.config.settings import Config, account_class
from syncd.config.tables import Table
from syncd.config.values import kind, quoted
from syncd.model.registration import Registration

KeyPath = tuple[str | int, ...]
Raw = Mapping[str, Any]
T = TypeVar("T")
MISSING: Final = object()
_CHOSEN: Final = "*"
"""Stands for the name of a table that people choose."""
_SECRET_KEYS: Final = ("credentials", "http_token", "token_key", "url", "owner_url")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """`at` says whether the key or the value is pointed at; `hides_value` that the value at this
    path may be a secret and is never shown."""

    path: KeyPath
    code: str
    text: str
    help: str
    label: str = ""
    severity: Severity = "error"
    at: Literal["key", "value"] = "value"
    hides_value: bool = False


def value_at(raw: Any, path: KeyPath) -> object:
    """The value at a path, MISSING where there is none."""
    for part in path:
        in_list = isinstance(raw, list) and isinstance(part, int) and part < len(raw)
        if in_list or (isinstance(raw, dict) and part in raw):
            raw = raw[part]
        else:
            return MISSING
    found: object = raw
    return found


def account_paths(raw: Raw) -> list[KeyPath]:
    """The paths of all accounts."""
    accounts = value_at(raw, ("accounts",))
    count = len(accounts) if isinstance(accounts, list) else 0
    return [("accounts", number) for number in range(count)]


def setting(raw: Raw, path: KeyPath, reader: Callable[[object], T], model: type[Table]) -> T | None:
    """The value of a key or its default, read; None where it is refused on its own."""
    value = value_at(raw, path)
    if value is MISSING:
        value = model.model_fields[str(path[-1])].default
    try:
        return reader(value)
    except PydanticCustomError:
        return None


def from_validation(error: ValidationError, raw: Raw) -> Iterator[Finding]:
    """The findings of pydantic's error over the raw tables. Its own texts, which show values, are
    not used."""
    for detail in error.errors(include_url=False, include_input=False):
        path: KeyPath = detail["loc"]
        if detail["type"] == "extra_forbidden":
            yield _unknown_key(path, raw)
        elif detail["type"] == "missing":
            yield missing_key(path, raw)
        elif detail["type"] == "refused":
            yield _refused(path, detail["ctx"], raw)
        else:
            yield _not_a_table(path, raw)


def describe(path: KeyPath, raw: Raw) -> str:
    """The table at a path as people name it: `[[accounts]] "criteo-eu" pull`."""
    if len(path) < 2 or path[0] != "accounts" or not isinstance(path[1], int):
        return f"[{'.'.join(str(part) for part in path)}]" if path else "the file"
    name = value_at(raw, (*path[:2], "name"))
    shown = quoted(name) if isinstance(name, str) else f"number {path[1] + 1}"
    inner = ".".join(str(part) for part in path[2:])
    return f"[[accounts]] {shown} {inner}".rstrip()


def reference_help(path: KeyPath, raw: Raw) -> str:
    """The line that a secret at this path should be."""
    key = str(path[-1])
    owner = value_at(raw, (*path[:2], "provider")) if path[0] == "accounts" else "syncd"
    prefix = owner.replace("-", "_") if isinstance(owner, str) else "syncd"
    prefix = prefix if prefix.isidentifier() else "syncd"
    name = "SYNCD_DATABASE_URL" if key == "url" else f"{prefix}_{key}".upper()
    return f'{key} = "env:{name}"   or "file:/run/secrets/{prefix.lower()}_{key}"'


def _unknown_key(path: KeyPath, raw: Raw) -> Finding:
    tables = dict(_tables(account_class(_provider(path, raw))))
    key, table = str(path[-1]), _pattern(path[:-1])
    table = table if table in tables else (*table[:-1], _CHOSEN)
    near = get_close_matches(key, tables[table], n=1, cutoff=0.7)
    label = help_text = ""
    hides = True
    if near:
        label = f'did you mean "{near[0]}"?'
        help_text = f"rename {quoted(key)} to {near[0]}"
        hides = "credentials" in table or near[0] in _SECRET_KEYS
    elif elsewhere := _elsewhere(key, path, tables):
        right, homes = elsewhere
        written = [_in_table(right, home, value_at(raw, path)) for home in homes]
        places = " or ".join(_place(home) for home in homes)
        belongs = f"it belongs inside {places}"
        label = belongs if right == key else f'did you mean "{right}"? {belongs}'
        help_text = "   or ".join(written)
        hides = any("credentials" in home for home in homes) or right in _SECRET_KEYS
    else:
        help_text = f"known here: {', '.join(tables[table])}"
    text = f"unknown key {quoted(key)} in {describe(path[:-1], raw)}"
    return Finding(
        path=path,
        code="unknown-key",
        text=text,
        help=help_text,
        label=label,
        at="key",
        hides_value=hides,
    )


def _elsewhere(
    key: str, path: KeyPath, tables: Mapping[tuple[str, ...], list[str]]
) -> tuple[str, list[tuple[str, ...]]] | None:
    """The nearest known key of other tables and those tables; those around or below the given
    place first."""
    here = _pattern(path[:-1])
    known = sorted({name for names in tables.values() for name in names})
    near = get_close_matches(key, known, n=1, cutoff=0.7)
    if not near:
        return None
    homes = [table for table, names in tables.items() if near[0] in names and table != here]
    related = [home for home in homes if home[: len(here)] == here or here[: len(home)] == home]
    return near[0], related or homes


def _place(home: tuple[str, ...]) -> str:
    if not home:
        return "the top of the file"
    if home == ("accounts",):
        return "[[accounts]]"
    if home[-1] == _CHOSEN:
        return f"a table of {home[-2]}"
    return f"{home[-1]} = {{ ... }}" if home[0] == "accounts" else f"[{'.'.join(home)}]"


def _in_table(key: str, home: tuple[str, ...], value: object) -> str:
    """The misplaced key where it belongs, with its value where that is plain and no secret."""
    plain = isinstance(value, str) and not is_reference(value) and "credentials" not in home
    shown = quoted(value) if plain and key not in _SECRET_KEYS else "..."
    if home and home[-1] == _CHOSEN:
        return f'{home[-2]} = {{ "..." = {{ {key} = {shown} }} }}'
    if len(home) > 1:
        return f"{home[-1]} = {{ {key} = {shown} }}"
    return f"{_place(home)} {key} = {shown}"


def missing_key(path: KeyPath, raw: Raw) -> Finding:
    """A required key is not there; the remedy is the line that it should be."""
    key = str(path[-1])
    examples = {"name": 'name = "criteo-eu"', "provider": 'provider = "criteo"'}
    help_text = examples.get(key, f"{key} = {{ ... }}")
    registration = catalogue.lookup(_provider(path, raw))
    if "credentials" in path[:-1]:
        help_text = reference_help(path, raw)
    elif "scope" in path[:-1] and isinstance(registration, Registration):
        wanted = next(one for one in registration.scope if one.name == key)
        words = " or ".join(quoted(word) for word in wanted.choices) or quoted(wanted.example)
        help_text = f"scope = {{ {key} = {words} }}"
    elif key == "credentials" and isinstance(registration, Registration):
        dialect = value_at(raw, (*path[:-1], "dialect"))
        ways = registration.ways(str(dialect)) or registration.ways("documented")
        lines = ((*path, part) for part in ways[0].required)
        written = (reference_help(line, raw).partition("   or")[0] for line in lines)
        help_text = f"credentials = {{ {', '.join(written)} }}"
    return Finding(
        path=path, code="missing-key", text=_missing(path, raw), help=help_text, at="key"
    )


def _missing(path: KeyPath, raw: Raw) -> str:
    return f"{path[-1]} is missing in {describe(path[:-1], raw)}"


def _refused(path: KeyPath, context: Mapping[str, Any], raw: Raw) -> Finding:
    """A refusal by a reader. Where the reader cannot know its key, it leaves `{key}` in its
    sentence."""
    code, key = context["code"], str(path[-1])
    text, help_text, label = context["text"].replace("{key}", key), context["help"], ""
    if code == "missing-key":
        text = _missing(path, raw)
    if code == "plain-secret":
        label, help_text = "value hidden", reference_help(path, raw)
    elif code in ("wrong-type", "bad-duration", "bad-hours", "out-of-range", "bad-text"):
        text = f"{_key_of(path)}: {text}"
    return Finding(path=path, code=code, text=text, help=help_text, label=label)


def _not_a_table(path: KeyPath, raw: Raw) -> Finding:
    found = kind(value_at(raw, path))
    if path == ("accounts",):
        text, help_text = (
            f"accounts: expected [[accounts]] tables, found {found}",
            "write [[accounts]]",
        )
    else:
        text = f"{_key_of(path)}: expected a table, found {found}"
        key = quoted(path[-1]) if "." in str(path[-1]) else path[-1]
        help_text = f"write {key} = {{ ... }} or a [{key}] table"
    return Finding(path=path, code="wrong-type", text=text, help=help_text)


def _key_of(path: KeyPath) -> str:
    names = [part for part in path if isinstance(part, str) and part != "accounts"]
    return ".".join(names[-2:]) or "accounts"


def _pattern(path: KeyPath) -> tuple[str, ...]:
    return tuple(part for part in path if isinstance(part, str))


def _provider(path: KeyPath, raw: Raw) -> object:
    """The provider of the account that a path lies in, of the first one for paths elsewhere."""
    number = path[1] if len(path) > 1 and path[0] == "accounts" else 0
    return value_at(raw, ("accounts", number, "provider"))


def _tables(account: type[Account]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Every table that the file may have, by its names without numbers, and its keys."""
    yield (), list(Config.model_fields)
    yield from _below(Config, ())
    yield ("accounts",), list(account.model_fields)
    yield from _below(account, ("accounts",))


def _below(
    model: type[Table], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    for key, field in model.model_fields.items():
        type_ = field.annotation
        if isinstance(type_, type) and issubclass(type_, Table):
            yield (*path, key), list(type_.model_fields)
            yield from _below(type_, (*path, key))
        for one in get_args(type_):
            if isinstance(one, type) and issubclass(one, Table) and not issubclass(one, Account):
                yield (*path, key, _CHOSEN), list(one.model_fields)
