"""Changes at VoIPBIN as requests, one campaign and one step a call. Objects are written whole: what
a PUT leaves out is blanked there, so everything that was read goes back. Pure; what an answer says
stands in `verdicts`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.path import DELETED
from syncd.model.update import Verdict
from syncd.providers.outcomes import refused
from syncd.providers.voipbin.rows import CLEANED, NIL, REFERENCES, UUID, bare
from syncd.providers.wire import NotStrict, parse_row

CREATE: Final = "POST campaigns"
UPDATE: Final = "PUT campaign"
STATUS: Final = "PUT campaign/status"
LEVEL: Final = "PUT campaign/service_level"
ACTIONS: Final = "PUT campaign/actions"
RESOURCES: Final = "PUT campaign/resource_info"
NEXT: Final = "PUT campaign/next_campaign_id"
DELETE: Final = "DELETE campaign"

NEEDED: Final = ("name", "native.type", "native.service_level", "native.end_handle")
"""What a create must give: VoIPBIN would make a campaign without them."""

_REFERENCES: Final = tuple(f"native.{key}" for key in REFERENCES)
_KEYS: Final = {
    "name": "name",
    "note": "detail",
    **{f"native.{key}": key for key in ("type", "service_level", "end_handle", "actions")},
    **dict(zip(_REFERENCES, REFERENCES, strict=True)),
}
_BASIC: Final = ("name", "note", "native.type", "native.service_level", "native.end_handle")
_BODIES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "documented": {UPDATE: tuple(_KEYS)},
    "current": {
        UPDATE: _BASIC,
        LEVEL: ("native.service_level",),
        ACTIONS: ("native.actions",),
        RESOURCES: _REFERENCES,
        NEXT: ("native.next_campaign_id",),
        STATUS: (),
    },
}
_WORDS: Final = {
    "documented": {"active": "running", "paused": "stop"},
    "current": {"active": "run", "paused": "stop"},
}
# What every create carries where nothing is given. A server may ask for all that the document's
# example has; the next campaign is not in there.
_EXAMPLE: Final[Mapping[str, Any]] = {
    "detail": "",
    "actions": [],
    **dict.fromkeys(("outplan_id", "outdial_id", "queue_id"), NIL),
}
_BLANK: Final[Mapping[str, Mapping[str, Any]]] = {
    "documented": _EXAMPLE,
    "current": {**_EXAMPLE, "next_campaign_id": NIL},
}
_LARGEST: Final = 2**31 - 1

_Step = tuple[str, Sequence[str]]


def operations(dialect: str) -> frozenset[str]:
    """The operations that change campaigns in this dialect."""
    return frozenset({CREATE, DELETE, *_BODIES[dialect]})


def operation_of(path: str, dialect: str) -> str:
    """The operation that changes this path alone."""
    return _steps({path: "active" if path == "status" else None}, dialect)[0][0]


def plan(items: Sequence[WriteItem], dialect: str) -> WritePlan:
    """One call a campaign: the first step of what was asked. A stop comes before everything else, a
    start after it, and neither travels with another change."""
    impossible = {item.external_id: v for item in items if (v := _refusal(item, dialect))}
    calls = tuple(
        _first_step(item, dialect) for item in items if item.external_id not in impossible
    )
    return WritePlan(calls=calls, refused=impossible)


def body(call: WriteCall, dialect: str) -> bytes:
    """The request's bytes. The status goes along only where it is what is to change."""
    (item,) = call.items
    if call.operation == DELETE:
        return b""
    if item.is_create:
        return msgspec.json.encode(_new(item.changes, _BLANK[dialect]))
    values = {**item.remote, **item.changes}
    written = {_KEYS[path]: _value(path, values) for path in _BODIES[dialect][call.operation]}
    if (wanted := item.changes.get("status")) is not None:
        written["status"] = _WORDS[dialect][wanted]
    return msgspec.json.encode(written)


def _new(changes: Mapping[str, str | None], blank: Mapping[str, Any]) -> dict[str, Any]:
    given = {_KEYS[path]: _value(path, changes) for path in changes}
    whole = {**blank, **given}
    return {key: whole[key] for key in _KEYS.values() if key in whole}


def _value(path: str, values: Mapping[str, str | None]) -> Any:
    value = values[path]
    if path in _REFERENCES:
        return value or NIL
    if value is None:
        raise ValueError(f"{path} has no value")
    match path:
        case "native.actions":
            return msgspec.Raw(value.encode())
        case "native.service_level":
            return int(value)
        case _:
            return value


def _first_step(item: WriteItem, dialect: str) -> WriteCall:
    if item.is_create:
        return WriteCall(operation=CREATE, items=(item,))
    operation, paths = _steps(item.changes, dialect)[0]
    part = replace(item, changes={path: item.changes[path] for path in paths})
    return WriteCall(operation=operation, items=(part,))


def _steps(changes: Mapping[str, str | None], dialect: str) -> list[_Step]:
    """The calls that it takes, in the order in which they are right."""
    if DELETED in changes:
        return [(DELETE, [DELETED])]
    rest = [path for path in changes if path != "status"]
    own = _own_calls(rest) if dialect == "current" else [(UPDATE, rest)]
    steps: list[_Step] = [(operation, paths) for operation, paths in own if paths]
    if "status" not in changes:
        return steps
    switch: _Step = (STATUS if dialect == "current" else UPDATE, ["status"])
    return [*steps, switch] if changes["status"] == "active" else [switch, *steps]


def _own_calls(paths: Sequence[str]) -> list[_Step]:
    """The calls that `current` has for these paths; the basic ones travel together."""
    basic = [path for path in paths if path in _BASIC]
    links = [path for path in paths if path in _REFERENCES]
    return [
        (LEVEL if basic == ["native.service_level"] else UPDATE, basic),
        (ACTIONS, [path for path in paths if path == "native.actions"]),
        (NEXT if links == ["native.next_campaign_id"] else RESOURCES, links),
    ]


def _refusal(item: WriteItem, dialect: str) -> Verdict | None:
    if item.remote.get(DELETED):
        return refused("gone", f"campaign {item.external_id} is deleted at VoIPBIN")
    if DELETED in item.changes:
        return _delete_refusal(item)
    for path, value in item.changes.items():
        if path == "status" and item.is_create:
            return refused("bad_value", "a new campaign is stopped; start it by an update")
        if path != "status" and path not in _KEYS:
            return refused("not_changeable", f"VoIPBIN takes no change of {path}")
        if (why := _flaw(path, value)) is not None:
            return refused("bad_value", f"{path}: {why}")
    return _missing(item) if item.is_create else _unread(item, dialect)


def _delete_refusal(item: WriteItem) -> Verdict | None:
    if len(item.changes) != 1 or item.is_create:
        return refused("bad_value", "a delete stands alone")
    if item.remote.get("status") != "paused":
        return refused("not_stopped", "VoIPBIN deletes only a stopped campaign: stop it first")
    return None


def _missing(item: WriteItem) -> Verdict | None:
    missing = [path for path in NEEDED if path not in item.changes]
    return refused("bad_value", f"a campaign needs {', '.join(missing)}") if missing else None


def _unread(item: WriteItem, dialect: str) -> Verdict | None:
    """A PUT of the whole needs to know the whole: what was not read as it stands would be blanked
    or spoiled."""
    written = {
        path
        for operation, _ in _steps(item.changes, dialect)
        for path in _BODIES[dialect][operation]
    }
    spoiled = (item.remote.get(f"native.{CLEANED}") or "").split(", ")
    known = (item.remote.keys() - set(spoiled)) | item.changes.keys()
    if unread := sorted(written - known):
        text = f"{', '.join(unread)} could not be read as VoIPBIN has it, and would be overwritten"
        return refused("unread", text)
    return None


def _flaw(path: str, value: str | None) -> str | None:
    """Why a value cannot be written, None where it can."""
    if path in _REFERENCES:
        is_id = value is None or (
            value != NIL and value == value.lower() and UUID.fullmatch(value) is not None
        )
        return None if is_id else "a UUID in small letters; null unlinks it"
    if value is None:
        return "null is no value here"
    if path not in _FLAWS:
        return None
    is_good, words = _FLAWS[path]
    return None if is_good(value) else words


def _is_level(value: str) -> bool:
    is_number = value.isascii() and value.isdigit() and len(value) <= len(str(_LARGEST))
    return is_number and str(int(value)) == value and int(value) <= _LARGEST


def _is_bare_list(value: str) -> bool:
    """Ids and times that nobody set would come back otherwise than they were asked for."""
    try:
        given = parse_row(value.encode())
    except NotStrict:
        return False
    return isinstance(given, list) and all(
        isinstance(action, dict) and bare(action) == action for action in given
    )


_FLAWS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "status": (lambda value: value in {"active", "paused"}, "active or paused"),
    "name": (lambda value: 1 <= len(value) <= 255, "a name has 1 to 255 characters"),
    "native.type": (lambda value: value in {"call", "flow"}, "call or flow"),
    "native.end_handle": (lambda value: value in {"stop", "continue"}, "stop or continue"),
    "native.service_level": (_is_level, f"a whole number from 0 to {_LARGEST}"),
    "native.actions": (
        _is_bare_list,
        "a JSON list of actions, without id, next_id and tm_execute where they are not set",
    ),
}
