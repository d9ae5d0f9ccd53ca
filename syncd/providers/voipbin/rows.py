"""One campaign object of VoIPBIN becomes a campaign, or an error that says why not. Reads both
dialects and all forms of a time that is not set; knows no HTTP."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Final

from syncd.model.campaign import Campaign, Status, StatusSeen
from syncd.model.jsontext import canonical_json
from syncd.providers.fields import RowError, clean, identifier, row_object, text

NIL: Final = "00000000-0000-0000-0000-000000000000"
REFERENCES: Final = ("outplan_id", "outdial_id", "queue_id", "next_campaign_id")
CLEANED: Final = "text_cleaned"
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)

_STATUSES: Final = {
    "stop": (Status.PAUSED, StatusSeen.PAUSED),
    "stopping": (Status.PAUSED, StatusSeen.STOPPING),
    "run": (Status.ACTIVE, StatusSeen.ACTIVE),
    "running": (Status.ACTIVE, StatusSeen.ACTIVE),
}
_TIMES: Final = ("tm_create", "tm_update", "tm_delete")
_UNSET: Final = ("9999-", "0001-", "0000-")  # a far end, or a zero time


class NilRow(RowError):
    """The empty campaign: an object whose id is the nil UUID."""


def campaign(row: bytes) -> Campaign:
    """As `read`, without the dialect."""
    return read(row)[0]


def read(row: bytes) -> tuple[Campaign, str | None]:
    """The campaign in one object, and the dialect whose marks it bears, None where it bears those
    of both or of none. Raises RowError. What a row leaves out is unknown, not cleared: its path is
    absent then."""
    found = row_object(row)
    name, note = text(found.get("name"), "name"), _text(found, "detail")
    native = _native(found)
    raw_status = _text(found, "status")
    status, seen = _STATUSES.get(raw_status or "", (Status.NONE, StatusSeen.UNKNOWN))
    texts = {"name": name, "note": note, **{f"native.{key}": native[key] for key in native}}
    if cleaned := [path for path, given in texts.items() if given and clean(given)[1]]:
        native[CLEANED] = ", ".join(cleaned)
    one = Campaign(
        external_id=_id(found.get("id")),
        name=clean(name)[0],
        raw=row,
        status=status,
        status_seen=seen,
        status_raw=None if raw_status is None else clean(raw_status)[0],
        kind=native.get("type"),
        others={} if note is None else {"note": clean(note)[0]},
        native={key: value and clean(value)[0] for key, value in native.items()},
        is_gone=_deleted(found.get("tm_delete")),
        created_at=_moment(found.get("tm_create")),
        updated_at=_moment(found.get("tm_update")),
    )
    return one, _dialect(found)


def bare(action: Any) -> Any:
    """An action without the ids and times that VoIPBIN adds where nobody set them."""
    if not isinstance(action, dict):
        return action
    return {
        key: value
        for key, value in action.items()
        if not (key in {"id", "next_id"} and value == NIL)
        and not (key == "tm_execute" and value is None)
    }


def _id(given: Any) -> str:
    found = text(given, "id")
    if found == NIL:
        raise NilRow("id is the nil UUID: it is an empty campaign")
    if not UUID.fullmatch(found):
        raise RowError("id is no UUID")
    return found


def _text(found: Mapping[str, Any], key: str) -> str | None:
    return None if found.get(key) is None else text(found[key], key)


def _dialect(found: Mapping[str, Any]) -> str | None:
    texts = [found[key] for key in _TIMES if isinstance(found.get(key), str)]
    is_current = (
        "customer_id" in found
        or any("T" in one for one in texts)
        or ("tm_delete" in found and found["tm_delete"] is None)
    )
    is_documented = any(" " in one for one in texts)
    if is_current == is_documented:
        return None
    return "current" if is_current else "documented"


def _is_unset(given: Any) -> bool:
    return given in (None, "") or (isinstance(given, str) and given.startswith(_UNSET))


def _deleted(given: Any) -> bool:
    """Whether this is a time at all: what cannot be read must not decide what is gone."""
    if _is_unset(given):
        return False
    if _moment(given) is None:
        raise RowError("tm_delete is no time")
    return True


def _moment(given: Any) -> dt.datetime | None:
    """A time in either spelling, in UTC; None for all that means unset and for what is no time."""
    if _is_unset(given) or not isinstance(given, str):
        return None
    try:
        found = dt.datetime.fromisoformat(given)
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _native(found: Mapping[str, Any]) -> dict[str, str | None]:
    native: dict[str, str | None] = {}
    for key in ("type", "end_handle"):
        if (given := _text(found, key)) is not None:
            native[key] = given
    if found.get("service_level") is not None:
        native["service_level"] = _level(found["service_level"])
    if "actions" in found:
        native["actions"] = _actions(found["actions"])
    native.update({key: _reference(found[key], key) for key in REFERENCES if key in found})
    if found.get("customer_id") is not None:
        native["customer_id"] = identifier(found["customer_id"], "customer_id")
    return native


def _actions(given: Any) -> str:
    """Actions as one comparable text; null is the same as an empty list."""
    if given is None:
        return "[]"
    if not isinstance(given, list):
        raise RowError("actions is not a list")
    return canonical_json([bare(one) for one in given])


def _level(given: Any) -> str:
    if isinstance(given, bool) or not isinstance(given, int):
        raise RowError("service_level is not a whole number")
    return str(given)


def _reference(given: Any, key: str) -> str | None:
    return None if given in (None, "", NIL) else identifier(given, key)
