"""One ICAS campaign object becomes a campaign, or an error that says why not; its amounts are texts
of whole micros. Knows no HTTP."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from syncd.model.campaign import Amount, Campaign, Status, StatusSeen
from syncd.model.money import UNLIMITED
from syncd.providers.fields import RowError, clean, identifier, mapping, row_object, text

PERIODS: Final = {"daily": "daily", "lifetime": "total"}
"""Our names of the two budgets, and the provider's."""
LIMITLESS: Final = "UNLIMITED"
_SIX: Final = 6  # a micro is the sixth decimal
_DIGITS: Final = re.compile(r"[0-9]{1,20}", re.ASCII)

STATUSES: Final[Mapping[str, tuple[Status, StatusSeen]]] = {
    "ACTIVE": (Status.ACTIVE, StatusSeen.ACTIVE),
    "PAUSED": (Status.PAUSED, StatusSeen.PAUSED),
    # Somebody wants these to be active; the system lets them wait.
    "BUDGET_REACHED": (Status.ACTIVE, StatusSeen.LIMITED),
    "DAILY_BUDGET_REACHED": (Status.ACTIVE, StatusSeen.LIMITED),
}
# The documents' own example writes a colon before the milliseconds.
_COLON: Final = re.compile(r"(T[0-9]{2}:[0-9]{2}:[0-9]{2}):([0-9]{1,6})", re.ASCII)


def campaign(row: bytes, currency: str | None) -> Campaign:
    """The campaign in one object. Raises RowError. A title or vendorId that is not set is left out
    there."""
    found = row_object(row)
    name, is_cleaned = clean(_optional(found, "title"))
    vendor, is_vendor_cleaned = clean(_optional(found, "vendorId"))
    raw_status = text(found.get("status"), "status")
    status, seen = STATUSES.get(raw_status, (Status.NONE, StatusSeen.UNKNOWN))
    is_default = found.get("isDefault")
    if not isinstance(is_default, bool | None):
        raise RowError("isDefault is neither true nor false")
    native: dict[str, str | None] = {"vendorId": vendor or None}
    if is_cleaned or is_vendor_cleaned:
        native["text_cleaned"] = "true"
    return Campaign(
        external_id=identifier(found.get("id"), "id"),
        name=name,
        raw=row,
        status=status,
        status_seen=seen,
        status_raw=clean(raw_status)[0],
        currency=currency,
        is_default=bool(is_default),
        budgets=budgets(found.get("budgets")),
        native=native,
        created_at=moment(found.get("dateCreated")),
        updated_at=moment(found.get("dateLastUpdated")),
    )


def budgets(given: Any) -> dict[str, Amount]:
    """The limits by our name of the period; one that is not shown is left out. Raises RowError."""
    if given is None:
        return {}
    shown = mapping(given, "budgets")
    found: dict[str, Amount] = {}
    for period, key in PERIODS.items():
        if shown.get(key) is not None:
            budget = mapping(shown[key], f"budgets.{key}")
            found[period] = _limit(budget.get("limitMicros"), f"budgets.{key}.limitMicros")
    return found


def micros(value: str) -> str:
    """An amount, or `unlimited`, as the provider writes it."""
    if value == UNLIMITED:
        return LIMITLESS
    whole = Decimal(value).scaleb(_SIX)
    if whole != whole.to_integral_value() or whole < 0:
        raise ValueError(f"{value} is no whole number of micros")
    return str(int(whole))


def moment(given: Any) -> dt.datetime | None:
    """A time in UTC, None for what is no time: nothing depends on it."""
    if not isinstance(given, str):
        return None
    try:
        found = dt.datetime.fromisoformat(_COLON.sub(r"\1.\2", given))
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _limit(given: Any, field: str) -> Amount:
    if given == LIMITLESS:
        return UNLIMITED
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)  # micros in any case: the field's name says so
    if not _DIGITS.fullmatch(text(given, field)):
        raise RowError(f"{field} is no number of micros")
    return Decimal(given).scaleb(-_SIX)


def _optional(found: dict[str, Any], field: str) -> str:
    given = found.get(field)
    return "" if given is None else text(given, field)
