"""An update in words: what it changes, where it stands, what the provider said, what it waits for.
Works on rows of `report.updates` and knows neither the database nor a terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from syncd.cli.text import difference, money, shown, transition, visible

Row = Mapping[str, Any]

_PREFIX = "campaign--campaign-update-check--"


def campaign_of(row: Row) -> str:
    """Id and name of the campaign."""
    name = row.get("campaign_name")
    return f"{row['external_id']}  {visible(name)}" if name is not None else str(row["external_id"])


def name_of(row: Row) -> str:
    """The campaign's name; nothing where no pull has shown it yet."""
    name = row["campaign_name"]
    return "" if name is None else visible(name)


def transitions(row: Row) -> Iterator[str]:
    """`budget.daily 120.00 -> 150.00 EUR (+30.00  +25 %)` for each path."""
    reference = row["reference"] or {}
    for path, wanted in sorted(row["patch"].items()):
        moved = difference(reference.get(path), wanted, row["currency"])
        said = transition(path, reference.get(path), wanted, row["currency"])
        if path not in reference:
            said = f"{path} -> {money(wanted, row['currency'])}"
        yield f"{said} ({moved})" if moved else said


def change_of(row: Row) -> str:
    """All paths in one line."""
    return ", ".join(transitions(row))


def short_code(code: str | None) -> str:
    """A provider's code without the part that all of its codes share."""
    return (code or "").removeprefix(_PREFIX)


def answer_of(row: Row, at: dt.datetime) -> str:
    """Why it is where it is: the provider's answer, the reason, or what it waits for."""
    state, waits = row["state"], row["waiting_for"]
    if state in ("rejected", "held"):
        said = shown(row["reason"] or "")
        return (
            f"{short_code(row['reason_code'])}: {said}" if said else short_code(row["reason_code"])
        )
    if state == "superseded":
        return f"by #{row['superseded_by']}"
    if state == "applied":
        return _applied(row)
    if waits:
        return f"{waits['text']}{_until(waits.get('until'), at)}"
    return shown(row["reason"] or "")


def outcomes(row: Row) -> Iterator[tuple[str, str, str | None, str | None, str | None]]:
    """Path, outcome, code, the provider's own words and trace id, for each path that has a
    result."""
    for path, result in sorted((row["results"] or {}).items()):
        yield (
            path,
            result["outcome"],
            result.get("code"),
            result.get("message"),
            result.get("trace_id"),
        )


def warnings_of(row: Row) -> list[str]:
    """What the provider added to its yes."""
    found = (result.get("warnings") or () for result in (row["results"] or {}).values())
    return sorted({warning for some in found for warning in some})


def _applied(row: Row) -> str:
    if row["reason_code"] == "already_set":
        return "already set, no call"
    said = {
        "confirmed": "read back",
        "pending": "accepted for later",
        "different": "a read shows another value",
    }.get(row["confirmation"], "the provider said yes")
    codes = ", ".join(short_code(warning).partition(": ")[0] for warning in warnings_of(row))
    return f"{said}, with warning: {codes}" if codes else said


def _until(until: str | None, at: dt.datetime) -> str:
    if not until:
        return ""
    seconds = (dt.datetime.fromisoformat(until) - at).total_seconds()
    return f" (in {max(0, round(seconds))} s)" if seconds < 600 else f" (until {until[:16]} UTC)"
