"""One row of a Criteo answer becomes a campaign, or an error that says why not; nothing is guessed.
Reads a bare amount and one in a wrapper, ids as text and as numbers; knows no HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from syncd.model.campaign import Amount, Campaign
from syncd.model.money import UNLIMITED
from syncd.model.path import PERIODS
from syncd.ports import BadRow
from syncd.providers.redaction import visible
from syncd.providers.wire import NotStrict, parse_row

_MONEY: Final = Decimal("0.000001")
_TOO_MUCH: Final = Decimal(10) ** 14
_LONGEST_ID: Final = 100
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class RowError(ValueError):
    """A row that is not a campaign as the contract has it; the message says which field."""


class _Identified(msgspec.Struct):
    id: str | int


def campaign(row: bytes, currency: str | Mapping[str, str] | None) -> Campaign:
    """The campaign in one `{"type": "Campaign", "id": …, "attributes": {…}}`. Raises RowError."""
    try:
        found = parse_row(row)
    except NotStrict as error:
        raise RowError(str(error)) from error
    if not isinstance(found, dict) or found.get("type") not in (None, "Campaign"):
        raise RowError("it is not an object of type Campaign")
    external_id = _identifier(found.get("id"), "id")
    attributes = _object(found.get("attributes"), "attributes")
    advertiser = _identifier(attributes.get("advertiserId"), "advertiserId")
    name, is_cleaned = _clean(_text(attributes.get("name"), "name"))
    goal = attributes.get("goal")
    if goal is not None:
        goal, _ = _clean(_text(goal, "goal"))
    native: dict[str, str | None] = {"goal": goal, "advertiserId": advertiser}
    if is_cleaned:
        native["name_cleaned"] = "true"
    return Campaign(
        external_id=external_id,
        name=name,
        raw=row,
        goal=goal,
        part=advertiser,
        currency=currency.get(advertiser) if isinstance(currency, Mapping) else currency,
        budgets=_budgets(_object(attributes.get("spendLimit"), "spendLimit")),
        native=native,
    )


def bad_row(row: bytes, message: str) -> BadRow:
    """The row for the record, with its id where even a broken row shows one."""
    try:
        external_id = _identifier(msgspec.json.decode(row, type=_Identified).id, "id")
    except (msgspec.DecodeError, RecursionError, RowError):
        external_id = None
    return BadRow(external_id=external_id, raw=row, message=visible(message))


def _budgets(limit: Mapping[str, Any]) -> dict[str, Amount]:
    """One spend limit seen as three periods: the one that renews has the amount."""
    kind, renewal = limit.get("spendLimitType"), limit.get("spendLimitRenewal")
    amount = _amount(limit.get("spendLimitAmount"))
    budgets: dict[str, Amount] = dict.fromkeys(PERIODS, UNLIMITED)
    match kind:
        case "uncapped":
            if amount is not None or renewal not in (None, "undefined"):
                raise RowError("spendLimit is uncapped and has an amount or a renewal")
        case "capped":
            if renewal not in PERIODS or amount is None:
                raise RowError(f"spendLimit is capped with renewal {renewal!r}, amount {amount}")
            budgets[renewal] = amount
        case _:
            raise RowError(f"spendLimitType is {kind!r}, neither capped nor uncapped")
    return budgets


def _amount(given: Any) -> Decimal | None:
    """A bare number, or `{"value": number}`; null in either form is None."""
    if isinstance(given, dict):
        if "value" not in given:
            raise RowError("spendLimitAmount is an object without a value")
        given = given["value"]
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, Decimal)):
        raise RowError(f"spendLimitAmount is {type(given).__name__}, not a number")
    amount = Decimal(given)
    if not 0 <= amount < _TOO_MUCH:
        raise RowError(f"spendLimitAmount is {amount}, which is no budget")
    # On the wire it is a double: what stands beyond the sixth decimal is its noise.
    return abs(amount.quantize(_MONEY))


def _identifier(given: Any, field: str) -> str:
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    text = _text(given, field)
    if not (0 < len(text) <= _LONGEST_ID and text.isprintable() and not text.isspace()):
        raise RowError(f"{field} is not an id")
    return text


def _text(given: Any, field: str) -> str:
    if not isinstance(given, str):
        kind = "missing" if given is None else type(given).__name__
        raise RowError(f"{field} is {kind}, not a text")
    return given


def _object(given: Any, field: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        kind = "missing" if given is None else type(given).__name__
        raise RowError(f"{field} is {kind}, not an object")
    return given


def _clean(text: str) -> tuple[str, bool]:
    """The text as a database takes it: NUL and half surrogates become U+FFFD."""
    clean = _UNSTORABLE.sub("\ufffd", text)
    return clean, clean != text
