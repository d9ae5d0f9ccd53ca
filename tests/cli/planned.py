"""A plan made by hand, with an item of every kind: what the tests of its documents draw."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from syncd.daemon import AccountPlan
from syncd.daemon.calls import Cost, LimitShare
from syncd.model.call import WriteCall, WriteItem
from syncd.model.guard import Hit, Way
from syncd.model.plan import Mark, PathPlan, PushPlan, UpdatePlan, blank
from syncd.model.update import Pending, Policy
from syncd.store.prospects import AccountState, Approval, OpenUpdate

AT = dt.datetime(2026, 11, 11, 13, 2, 11, tzinfo=dt.UTC)
DAILY = "budget.daily"
FACTOR = Hit(
    code="factor",
    message="budget.daily would rise from 100 to 300, 3 times as much; 2 times may be",
    figures={"before": "100", "wanted": "300", "factor": "3", "allowed": "2"},
    binds="2",
)
CONFLICT = Hit(
    code="conflict",
    message="budget.daily moved at the provider: it was 70 when 110 was asked for, now it is 90",
    figures={"reference": "70", "remote": "90", "desired": "110"},
    binds="90",
)


def pending(number: int, campaign: str, patch: dict[str, str | None], **other: Any) -> Pending:
    settings: dict[str, Any] = {
        "name": f"Campaign {campaign}",
        "currency": "EUR",
        "reference": dict.fromkeys(patch, "100"),
        "requester": "marc",
    }
    return Pending(id=number, external_id=campaign, patch=patch, **(settings | other))


def item(update: Pending, path: str, remote: str | None, mark: Mark, **other: Any) -> PathPlan:
    """A path of an update, with `hits` and all that follows from them."""
    hits = other.pop("hits", ())
    made = blank(update, path, remote, mark).meeting(update.id, hits)
    if hits:
        made = replace(made, code=hits[0].code, message=hits[0].message)
    return replace(made, **other)


def one(update: Pending, remote: str | None, mark: Mark, **other: Any) -> UpdatePlan:
    """An update with the same for each of its paths."""
    paths = tuple(item(update, path, remote, mark, **other) for path in sorted(update.patch))
    return UpdatePlan(update=update, paths=paths)


def updates() -> tuple[UpdatePlan, ...]:
    """Sent, replaced, set already, approved, held, refused, over their heads, in two steps, new."""
    seen = {"reference": {DAILY: "70"}, "policy": Policy.OURS}
    steps = pending(20, "9", {DAILY: "130", "status": "active"})
    return (
        one(pending(11, "1", {DAILY: "150"}), "100", Mark.SEND),
        one(
            pending(12, "1", {DAILY: "140"}), "100", Mark.SUPERSEDED,
            code="superseded", superseded_by=11,
        ),
        one(pending(13, "2", {DAILY: "75"}), "75", Mark.ALREADY_SET),
        one(pending(14, "3", {DAILY: "300"}), "100", Mark.SEND, hits=(FACTOR,)),
        one(pending(15, "4", {DAILY: "300"}), "100", Mark.HELD, hits=(FACTOR,)),
        one(pending(16, "5", {DAILY: "110"}, **seen), "90", Mark.SEND),
        one(
            pending(17, "6", {"name": "x"}, name="=`|@all\u202e"), "y", Mark.REJECTED,
            code="bad_value", message="name: the provider takes no names of one letter",
        ),
        UpdatePlan(
            update=steps,
            paths=(
                item(steps, DAILY, "100", Mark.SEND),
                item(steps, "status", "paused", Mark.SEND),
            ),
        ),
        one(
            pending(21, "+21", {DAILY: "40"}, is_create=True, reference={}, name=""), None,
            Mark.SEND,
        ),
        one(pending(18, "7", {DAILY: "110"}), "90", Mark.HELD, hits=(CONFLICT,)),
        one(
            pending(19, "8", {DAILY: "110"}), "90", Mark.HELD,
            code="attempts_spent", message="it was sent twice and shows twice what stood before",
        ),
    )  # fmt: skip


def write(campaign: str, changes: dict[str, str | None]) -> WriteItem:
    return WriteItem(
        external_id=campaign, changes=changes, remote={}, is_create=campaign.startswith("+")
    )


def plan(**other: Any) -> AccountPlan:
    """The whole of it; 18 and 19 are held already."""
    made = updates()
    patch = WriteCall(
        operation="PATCH campaigns",
        items=(
            write("1", {DAILY: "150"}),
            write("3", {DAILY: "300"}),
            write("5", {DAILY: "110"}),
            write("9", {DAILY: "130"}),
        ),
    )
    create = WriteCall(operation="POST campaigns", items=(write("+21", {DAILY: "40"}),))
    settings: dict[str, Any] = {
        "account": "criteo-eu",
        "number": 1,
        "state": AccountState(
            at=AT, complete_at=AT - dt.timedelta(hours=1), paused_at=None, paused_by=None
        ),
        "plan": PushPlan(updates=made, calls=(patch, create)),
        "held": frozenset({18, 19}),
        "waiting": (
            OpenUpdate(
                id=22, state="queued", code="not_before", text="not due yet", is_late=False,
                is_releasable=False,
            ),
        ),
        "late": (23,),
        "seen": {"1": AT - dt.timedelta(seconds=31), "2": AT - dt.timedelta(seconds=20)},
        "approvals": {
            made[3].paths[0].digest: Approval(by="anna", until=AT + dt.timedelta(hours=2))
        },
        "limits": (
            LimitShare(key="default", ceiling="250/60s", calls=2, share=0.008, seconds=0.5),
            LimitShare(key="create", ceiling="1/10s", calls=1, share=1.0, seconds=12.2),
        ),
        "costs": (
            Cost(
                operation="POST campaigns", calls=1, free_per_month=0, free_left=0, billed=1,
                amount=Decimal("0.0020"), currency="CNY",
            ),
            Cost(
                operation="PATCH campaigns", calls=1, free_per_month=100, free_left=97, billed=0,
                amount=Decimal(0), currency="CNY",
            ),
        ),
    }  # fmt: skip
    return AccountPlan(**(settings | other))


def saved(document: dict[str, Any]) -> dict[str, Any]:
    """The same as it is found again."""
    kept = {
        "made_at": "2026-11-11T13:02:11.000000Z",
        "made_by": "marc (CLI)",
        "expires_at": "2026-11-12T13:02:11.000000Z",
        "is_expired": False,
    }
    return {**document, "saved": kept}


UNAPPROVABLE = replace(FACTOR, way=Way.CAP, code="cap-amount")
