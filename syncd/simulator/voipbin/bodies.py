"""What the bodies of writes to the simulated VoIPBIN ask for, field by field. A field that is
missing or null is asked for as blank, as the service takes it; whether it can be done is judged
elsewhere."""

from collections.abc import Callable, Mapping
from typing import Any

from syncd.simulator.voipbin.answers import Refusal
from syncd.simulator.voipbin.values import NIL, NoValue, is_uuid, kept_actions
from syncd.simulator.wire import MalformedJson, parse

BASIC = ("name", "detail", "type", "service_level", "end_handle")
REFERENCES = ("outplan_id", "outdial_id", "queue_id", "next_campaign_id")
_WHOLE = (*BASIC, "actions", *REFERENCES)

FIELDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "documented": {"create": _WHOLE, "update": _WHOLE},
    "current": {
        "create": _WHOLE,
        "update": BASIC,
        "service_level": ("service_level",),
        "actions": ("actions",),
        "resource_info": REFERENCES,
        "next_campaign_id": ("next_campaign_id",),
        "status": ("status",),
    },
}
"""By dialect and operation: what a write replaces, given or not."""
_LARGEST = 2**31
_LONGEST = 255


def fields_asked(dialect: str, operation: str, raw: bytes) -> dict[str, Any]:
    """The API's names to the values that a body asks for; raises Refusal where it cannot be read.

    The document's update takes a status too: `status` is there only where the body has one, and is
    `run` or `stop` (the document's word is `running`), or the refused word itself.
    """
    body = _object(raw)
    asked = {name: _READ[name](body.get(name)) for name in FIELDS[dialect][operation]}
    if dialect == "documented" and operation == "update" and body.get("status") is not None:
        asked["status"] = _text(body["status"])
    if "status" in asked:
        asked["status"] = _settable(dialect, asked["status"])
    if operation == "next_campaign_id":
        _check_id(body.get("next_campaign_id"))
    return asked


def check_stored(asked: Mapping[str, Any]) -> None:
    """Raise the Refusal of values that the columns do not hold or that no status can be set to.

    Nothing else is checked: a type or end_handle that nobody knows is stored.
    """
    texts = (asked.get(name, "") for name in ("name", "type", "end_handle"))
    if any(len(text) > _LONGEST for text in texts):
        raise Refusal("INVALID_ARGUMENT")
    if not -_LARGEST <= asked.get("service_level", 0) < _LARGEST:
        raise Refusal("INVALID_ARGUMENT")
    if asked.get("status", "run") not in {"run", "stop"}:
        raise Refusal("INVALID_ARGUMENT")


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = parse(raw)
    except MalformedJson as error:
        raise Refusal("INVALID_JSON_BODY") from error
    if not isinstance(body, dict):
        raise Refusal("INVALID_JSON_BODY")
    return body


def _settable(dialect: str, word: str) -> str:
    """`run` for the dialect's word for it; the other dialect's word is none."""
    words = {"running": "run", "run": "not settable"} if dialect == "documented" else {}
    return words.get(word, word)


def _text(value: Any) -> str:
    if not isinstance(value, str | None):
        raise Refusal("INVALID_JSON_BODY")
    return value or ""


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | None):
        raise Refusal("INVALID_JSON_BODY")
    return value or 0


def _reference(value: Any) -> str:
    """A malformed UUID is taken as the nil one, without a word."""
    text = _text(value)
    return text.lower() if is_uuid(text) else NIL


def _check_id(value: Any) -> None:
    """The one call that refuses a malformed UUID; nothing or an empty one unlinks."""
    text = _text(value)
    if text and not is_uuid(text):
        raise Refusal("INVALID_ARGUMENT")


def _actions(value: Any) -> list[dict[str, Any]] | None:
    try:
        return None if value is None else kept_actions(value)
    except NoValue as error:
        raise Refusal("INVALID_JSON_BODY") from error


_READ: Mapping[str, Callable[[Any], Any]] = {
    "name": _text,
    "detail": _text,
    "type": _text,
    "service_level": _number,
    "end_handle": _text,
    "status": _text,
    "actions": _actions,
    **dict.fromkeys(REFERENCES, _reference),
}
