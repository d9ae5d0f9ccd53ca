"""An update in words: what it changes, where it stands, what the provider said, what it waits for.
Works on rows of `report.updates` and knows neither the database nor a terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final

from syncd.cli.text import difference, is_money, money, quoted, shown, transition, visible
from syncd.model.path import DELETED

Row = Mapping[str, Any]

_PREFIX: Final = "campaign--campaign-update-check--"
_OPEN: Final = ("queued", "sending", "unknown", "held")


def id_of(row: Row) -> str:
    """The campaign's id; of one that is to be created there is none yet."""
    return "new" if row["external_id"] is None else str(row["external_id"])


def campaign_of(row: Row) -> str:
    """Id and name of the campaign."""
    name = row.get("campaign_name")
    return f"{id_of(row)}  {visible(name)}" if name is not None else id_of(row)


def name_of(row: Row) -> str:
    """The campaign's name, of one that is to be created the wanted one; nothing where no pull has
    shown it yet."""
    name = row["campaign_name"]
    if name is None and row["is_create"]:
        name = row["patch"].get("name")
    return "" if name is None else visible(name)


def transitions(row: Row) -> Iterator[str]:
    """`budget.daily 120.00 -> 150.00 EUR (+30.00  +25 %)` for each path."""
    reference, currency = row["reference"] or {}, row["currency"]
    for path, wanted in sorted(row["patch"].items()):
        if path == DELETED:
            yield "delete the campaign"
        elif row["is_create"]:
            yield f"{path} {wanted_value(path, wanted, currency)}"
        elif path not in reference:
            yield f"{path} -> {wanted_value(path, wanted, currency)}"
        else:
            yield move(path, reference[path], wanted, currency)


def move(path: str, old: str | None, wanted: str | None, currency: str | None) -> str:
    """One path of a change from one value to another."""
    if path == DELETED:
        return "delete the campaign"
    said = transition(path, old, wanted, currency)
    moved = difference(old, wanted, currency) if is_money(path) else ""
    return f"{said} ({moved})" if moved else said


def wanted_value(path: str, value: str | None, currency: str | None) -> str:
    """A value as it is asked for: money with its currency, a text in quotation marks."""
    if value is None:
        return "null"
    return money(value, currency) if is_money(path) else quoted(value)


def change_of(row: Row) -> str:
    """All paths in one line."""
    said = ", ".join(transitions(row))
    return f"create with {said}" if row["is_create"] else said


def short_code(code: str | None) -> str:
    """A provider's code without the part that all of its codes share."""
    return (code or "").removeprefix(_PREFIX)


def answer_of(row: Row, at: dt.datetime) -> str:
    """Why it is where it is: the provider's answer, the reason, or what it waits for. Of one that
    takes several calls, first what is done."""
    said = _answer(row, at)
    if row["state"] not in _OPEN:
        return said
    done = [path for path, outcome, *_ in outcomes(row) if outcome == "applied"]
    return f"{', '.join(done)} applied; {said}" if done else said


def _answer(row: Row, at: dt.datetime) -> str:
    state, waits = row["state"], row["waiting_for"]
    by = row["superseded_by"]
    if state == "superseded" and by is not None:
        return f"by #{by}"
    if state in ("rejected", "held", "superseded"):
        said = shown(row["reason"] or "")
        return (
            f"{short_code(row['reason_code'])}: {said}" if said else short_code(row["reason_code"])
        )
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
    moment = dt.datetime.fromisoformat(until)
    seconds = (moment - at).total_seconds()
    if seconds < 600:
        return f" (in {max(0, round(seconds))} s)"
    return f" (until {moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC)"
