"""One row of a PAI answer becomes a campaign, or an error that says why not. Knows no HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from syncd.model.campaign import Campaign
from syncd.providers.fields import RowError, clean, identifier, row_object, text

CHINA: Final = dt.timezone(dt.timedelta(hours=8))


def campaign(row: bytes, currency: str | None) -> Campaign:
    """The campaign in one `{"Id": …, "Name": …, "Remark": …}`. Raises RowError. A name or remark
    that is absent, null or empty is an empty one: the provider does not tell them apart."""
    found = row_object(row)
    external_id = identifier(found.get("Id"), "Id")
    if not is_segment(external_id):
        raise RowError("Id is not an id")
    name, is_name_cleaned = clean(_optional(found, "Name"))
    note, is_note_cleaned = clean(_optional(found, "Remark"))
    native: dict[str, str | None] = {}
    if is_name_cleaned:
        native["name_cleaned"] = "true"
    if is_note_cleaned:
        native["note_cleaned"] = "true"
    return Campaign(
        external_id=external_id,
        name=name,
        raw=row,
        currency=currency,
        others={"note": note},
        native=native,
        created_at=moment(found.get("CreatedTime")),
        updated_at=moment(found.get("UpdatedTime")),
    )


def is_segment(external_id: str) -> bool:
    """Whether an id can stand in an address; dots alone would lead to another one."""
    return external_id.strip(".") != ""


def moment(given: Any) -> dt.datetime | None:
    """A time as the provider writes it, `2020-01-01 12:00:00` in UTC+8 without saying so; one that
    names its offset is believed. None for what is no time: nothing depends on it."""
    if not isinstance(given, str):
        return None
    try:
        found = dt.datetime.fromisoformat(given)
        return (found if found.tzinfo else found.replace(tzinfo=CHINA)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _optional(found: dict[str, Any], field: str) -> str:
    given = found.get(field)
    return "" if given is None else text(given, field)
