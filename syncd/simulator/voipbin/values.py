"""Campaign fields of the VoIPBIN API as values by field path, whether they come from a campaign,
from a body that asks for them, or from an answer that a fault has changed. Pure; it judges
nothing."""

import re
from collections.abc import Mapping
from typing import Any

from syncd.simulator.wire import MalformedJson, emit, parse

NIL = "00000000-0000-0000-0000-000000000000"
"""A reference that is not set."""
PATHS: Mapping[str, str] = {
    "name": "name",
    "note": "detail",
    "status": "status",
    "native.type": "type",
    "native.service_level": "service_level",
    "native.end_handle": "end_handle",
    "native.actions": "actions",
    "native.outplan_id": "outplan_id",
    "native.outdial_id": "outdial_id",
    "native.queue_id": "queue_id",
    "native.next_campaign_id": "next_campaign_id",
}
"""Field path to the API's name."""
_PATH_OF = {name: path for path, name in PATHS.items()}
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_STATUS = {"run": "active", "running": "active", "stop": "paused", "stopping": "paused"}
_ADDED = {"id": NIL, "next_id": NIL, "tm_execute": None}
"""What the service adds to an action by itself."""

Values = dict[str, str | None]


class NoValue(ValueError):
    """A text or JSON value does not stand for what a field holds; the message says why."""


def values_of(shown: Mapping[str, Any]) -> Values:
    """The values of an object's fields; what the object lacks, and what is no campaign field, is
    absent."""
    return {_PATH_OF[name]: text_of(name, shown[name]) for name in _PATH_OF if name in shown}


def text_of(name: str, value: Any) -> str | None:
    """The text of one field; None for null and for a status that nobody knows."""
    if name == "status":
        return _STATUS.get(value) if isinstance(value, str) else None
    if value is None or isinstance(value, str):
        return value
    return canonical(value) if name == "actions" else emit(value).decode()


def canonical(actions: Any) -> str:
    """Actions as compact JSON with sorted keys, without what the service adds by itself, so that
    what was sent and what is echoed have one text."""
    if isinstance(actions, list):
        actions = [_bare(action) for action in actions]
    return emit(_sorted(actions)).decode()


def field_of(path: str, text: str | None) -> tuple[str, Any]:
    """The field that a path names and the value that a text stands for; raises ValueError (NoValue,
    or that of a number that is none)."""
    if path not in PATHS:
        raise NoValue(f"a VoIPBIN campaign has no {path}")
    name = PATHS[path]
    match name:
        case "status":
            return name, _status_of(text)
        case "actions":
            return name, None if text is None else _actions_of(text)
        case "service_level":
            return name, int(text or "0")
        case "outplan_id" | "outdial_id" | "queue_id" | "next_campaign_id":
            return name, text or NIL
    return name, text or ""


def _status_of(text: str | None) -> str:
    if text not in {"active", "paused"}:
        raise NoValue(f"{text!r} is no status: active or paused")
    return "run" if text == "active" else "stop"


def _actions_of(text: str) -> list[dict[str, Any]]:
    try:
        return kept_actions(parse(text.encode()))
    except MalformedJson as error:
        raise NoValue(str(error)) from error


def kept_actions(actions: Any) -> list[dict[str, Any]]:
    """Actions as they are kept: the ids nil where they were not given; raises NoValue for what is
    no list of actions."""
    if not isinstance(actions, list):
        raise NoValue("actions are a list")
    return [_kept(action) for action in actions]


def _kept(action: Any) -> dict[str, Any]:
    if not isinstance(action, dict) or not isinstance(action.get("type", ""), str):
        raise NoValue("an action is an object with a type")
    ids = {name: action.get(name) or NIL for name in ("id", "next_id")}
    if not all(isinstance(one, str) and is_uuid(one) for one in ids.values()):
        raise NoValue("the ids of an action are UUIDs")
    option = action.get("option")
    if not isinstance(option, dict | None):
        raise NoValue("the option of an action is an object")
    kept = ids | {"type": action.get("type", "")}
    return kept if option is None else kept | {"option": option}


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in its usual form."""
    return _UUID.fullmatch(text) is not None


def _bare(action: Any) -> Any:
    if not isinstance(action, dict):
        return action
    return {name: one for name, one in action.items() if (name, one) not in _ADDED.items()}


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(one) for one in value]
    return value
