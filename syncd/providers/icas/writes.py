"""Changes at ICAS as requests, one campaign a call and the steps of one campaign in the order that
costs least when the next one fails. Pure; how a call ended is told by `verdicts`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

import msgspec

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.money import UNLIMITED, AmountError, parse_amount
from syncd.model.update import Verdict
from syncd.providers.icas.rows import PERIODS, micros
from syncd.providers.outcomes import refused

CREATE: Final = "POST campaign"
UPDATE: Final = "PUT campaign"
BUDGETS: Final = "PUT campaign/budgets"
STATUS: Final = "PUT campaign/status"

VENDOR: Final = "native.vendorId"
LONGEST: Final = 64
SCALE: Final = 2
LEAST: Final = Decimal("0.01")
BUDGET_PATHS: Final = {f"budget.{period}": key for period, key in PERIODS.items()}
STATUSES: Final = {"active": "ACTIVE", "paused": "PAUSED"}
PATHS: Final = frozenset({"name", "status", VENDOR, *BUDGET_PATHS})
# How other letters would have to stand in an address is not documented; dots alone would lead
# elsewhere there, and blanks at an end may be cut off.
_VENDOR: Final = re.compile(r"(?!\.{1,2}$)[!-~]([ -~]{0,62}[!-~])?", re.ASCII)


def plan(items: Sequence[WriteItem], *, creates: bool) -> WritePlan:
    """One call a campaign, in the order given, with the step that comes first."""
    impossible = {
        item.external_id: verdict for item in items if (verdict := _refusal(item, creates=creates))
    }
    calls = tuple(_first_step(item) for item in items if item.external_id not in impossible)
    return WritePlan(calls=calls, refused=impossible)


def body(call: WriteCall) -> bytes:
    """The request's exact bytes."""
    (item,) = call.items
    if call.operation == STATUS:
        return b""  # it stands in the address
    if call.operation == BUDGETS:
        return msgspec.json.encode(_budgets({**item.remote, **item.changes}))
    return msgspec.json.encode(_new(item) if item.is_create else _whole(item))


def _first_step(item: WriteItem) -> WriteCall:
    """A pause goes before everything and an activation after every budget, so that what was asked
    for never spends more than either end of the way; title and vendorId spend nothing."""
    if item.is_create:
        return WriteCall(operation=CREATE, items=(item,))
    budgets = {path: value for path, value in item.changes.items() if path in BUDGET_PATHS}
    status = {path: value for path, value in item.changes.items() if path == "status"}
    steps = [(BUDGETS, budgets), (STATUS, status)]
    if status.get("status") == "paused":
        steps.reverse()
    operation, changes = next((step for step in steps if step[1]), (UPDATE, item.changes))
    return WriteCall(operation=operation, items=(replace(item, changes=changes),))


def _new(item: WriteItem) -> dict[str, object]:
    """Nothing that was not asked for, but a status, which a create must have; paused costs
    nothing."""
    return {
        "status": STATUSES[item.changes.get("status") or "paused"],
        **_labels(item.changes),
        "budgets": _budgets(item.changes),
    }


def _whole(item: WriteItem) -> dict[str, object]:
    """The whole campaign as it is to be: what a PUT leaves out may be cleared."""
    wanted = {**item.remote, **item.changes}
    labels = _labels(wanted)
    if "name" in item.changes:
        labels["title"] = item.changes["name"]  # an empty one clears it
    return {
        "status": STATUSES[wanted["status"] or ""],
        **labels,
        "budgets": _budgets(wanted),
    }


def _labels(values: Mapping[str, str | None]) -> dict[str, str | None]:
    labels = {"title": values.get("name"), "vendorId": values.get(VENDOR)}
    return {key: value for key, value in labels.items() if value}


def _budgets(values: Mapping[str, str | None]) -> dict[str, dict[str, str]]:
    shown = {key: values.get(path) for path, key in BUDGET_PATHS.items()}
    return {key: {"limitMicros": micros(value)} for key, value in shown.items() if value}


def _refusal(item: WriteItem, *, creates: bool) -> Verdict | None:
    if item.is_create and not creates:
        return refused(
            "not_offered", "only sellers at Kleinanzeigen can have more than one campaign"
        )
    if item.is_create and VENDOR not in item.changes:
        return refused("bad_value", f"a new campaign needs {VENDOR}, by which it is found again")
    for path, value in item.changes.items():
        if path not in PATHS:
            return refused("not_changeable", f"ICAS takes no change of {path}")
        if value is None:
            return refused("bad_value", f"{path} cannot be null")
        if why := _wrong(path, value):
            return refused(*why)
    return None if item.is_create else _remote_refusal(item)


def _wrong(path: str, value: str) -> tuple[str, str] | None:
    """Code and words for a value that can never be sent."""
    if path == "name" and len(value) > LONGEST:
        return "bad_value", f"name has {len(value)} characters; ICAS takes {LONGEST}"
    if path == "status" and value not in STATUSES:
        return "bad_value", f"status can be active or paused, not {value}"
    if path == VENDOR and not _VENDOR.fullmatch(value):
        return (
            "bad_value",
            f"{VENDOR} is 1 to {LONGEST} ASCII characters, without blanks at the ends",
        )
    return _wrong_amount(path, value) if path in BUDGET_PATHS else None


def _wrong_amount(path: str, value: str) -> tuple[str, str] | None:
    if value == UNLIMITED:
        return ("not_offered", f"{path} cannot be unlimited") if path == "budget.daily" else None
    try:
        amount = parse_amount(value, scale=SCALE)
    except AmountError as error:
        return "bad_amount", f"{path}: {error}"
    return None if amount >= LEAST else ("bad_amount", f"{path}: the least is {LEAST}")


def _remote_refusal(item: WriteItem) -> Verdict | None:
    """What cannot be written to this campaign as the provider shows it: a call that carries what
    nobody asked to change needs to know it."""
    has = item.remote.get(VENDOR)
    if has and item.changes.get(VENDOR, has) != has:
        return refused("not_changeable", f"{VENDOR} is {has}; it can be set once")
    carried = set[str]()
    if BUDGET_PATHS.keys() & item.changes.keys():
        carried |= BUDGET_PATHS.keys()
    if {"name", VENDOR} & item.changes.keys():
        carried |= {"status", *BUDGET_PATHS}
        if item.remote.get("native.text_cleaned"):
            said = "title or vendorId has characters that syncd cannot repeat; change it at ICAS"
            return refused("not_shown", said)
    missing = sorted(path for path in carried - item.changes.keys() if not item.remote.get(path))
    if missing:
        return refused(
            "not_shown",
            f"ICAS shows no {' and no '.join(missing)} that syncd knows, and the call must repeat"
            " it",
        )
    return None
