"""Journal lines and database rows made by hand, for tests of the checker."""

import json
from dataclasses import asdict, replace
from hashlib import sha256
from typing import Any

from syncd.simulator import Arrival, Item

SECOND = 1_000_000_000
SETTLE = 2.0
PERIODS = ("budget.daily", "budget.monthly", "budget.lifetime")
CODE = "campaign--campaign-update-check--validation-failed-on-spend-limit"


def values(short: str) -> dict[str, str | None]:
    """`daily:50` (or `50` alone), or `unlimited`, by field path."""
    budgets: dict[str, str | None] = dict.fromkeys(PERIODS, "unlimited")
    if short != "unlimited":
        period, _, amount = short.rpartition(":")
        budgets[f"budget.{period or 'daily'}"] = amount
    return budgets


def body_of(entries: dict[str, str]) -> str:
    return json.dumps(entries)


def write(at: float, entries: dict[str, str], **changed: Any) -> dict[str, Any]:
    """A PATCH, applied and answered 0.1 s later; entries map campaign to daily amount."""
    items = [
        Item(index=index, id=one, truth="applied", old=values("daily:1"), new=values(amount))
        for index, (one, amount) in enumerate(entries.items())
    ]
    reply = {"data": [{"type": "Campaign", "id": one} for one in entries], "errors": []}
    seen: dict[str, Any] = {
        "operation": "update",
        "method": "PATCH",
        "is_write": True,
        "reply_readable": True,
        "body": body_of(entries),
        "body_sha256": sha256(body_of(entries).encode()).hexdigest(),
        "status": 200,
        "reply": json.dumps(reply),
        "items": items,
    }
    return arrival(at, seen | changed)


def read(at: float, shown: dict[str, str], **changed: Any) -> dict[str, Any]:
    """A search at a second that showed the campaigns with these budgets."""
    seen: dict[str, Any] = {"operation": "search", "ids": list(shown), "status": 200}
    seen["shown"] = {one: values(short) for one, short in shown.items()}
    return arrival(at, seen | {"reply_readable": True} | changed)


def arrival(at: float, seen: dict[str, Any]) -> dict[str, Any]:
    start = int(at * SECOND)
    made = Arrival(
        seq=int(at * 10),
        arrived_ns=start,
        wall_ns=0,
        connection="",
        method="",
        path="",
        headers={},
        operation="",
        credential="app",
        limit_group="default",
        replied_ns=start + SECOND // 10,
        reply_whole=True,
    )
    return asdict(replace(made, **seen))


LOST = {"replied_ns": None, "reply_whole": False, "status": None, "reply": None}


def lost(at: float, entries: dict[str, str], **changed: Any) -> dict[str, Any]:
    """A PATCH that was applied and never answered."""
    return write(at, entries, gone_ns=int((at + 0.1) * SECOND), **(LOST | changed))


def update(number: int, campaign: str, amount: str, **changed: Any) -> dict[str, Any]:
    """An applied update of a daily budget."""
    state = changed.get("state", "applied")
    row = {
        "id": number,
        "external_id": campaign,
        "patch": {"budget.daily": amount},
        "state": "applied",
        "confirmation": "confirmed",
        "results": {"budget.daily": {"outcome": state, "code": None}},
        "due_at": "2026-01-01T00:00:00+00:00",
        "expires_at": None,
    }
    return row | changed


def attempt(
    batch: int,
    number: int,
    entries: dict[str, str],
    outcome: str | None = "applied",
    **changed: Any,
) -> dict[str, Any]:
    row = {
        "batch_id": batch,
        "update_id": number,
        "operation": "",
        "sent": None,
        "outcome": outcome,
        "http_status": 200,
        "body_sha256": sha256(body_of(entries).encode()).hexdigest(),
        "sent_at": None,
        "answered_at": None,
    }
    return row | changed
