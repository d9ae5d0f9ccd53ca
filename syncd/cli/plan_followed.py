"""A push that goes by a saved plan: which updates may go out, what became of each, and why some
dropped out. It approves nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncd.cli.kept_back import FREE
from syncd.cli.opened import Opened
from syncd.cli.plan_document import SHORT
from syncd.cli.planned import known_plan
from syncd.cli.render.screen import Screen
from syncd.cli.text import plural, shown
from syncd.engine.push import PushReport
from syncd.errors import UsageError
from syncd.model.agreed import PLAN_CHANGED
from syncd.model.plan import Agreed, Mark
from syncd.model.update import Terms
from syncd.store.plans import SavedPlan
from syncd.store.reports import Row

_MAY_LEAVE: Final = (Mark.SEND, Mark.LATER, Mark.HELD)
_OLDER: Final = "an older update of the same path is in the queue and not in the plan"
_LEFT: Final = ("queued", "held", "cancelled", "expired")


@dataclass(frozen=True, kw_only=True, slots=True)
class Dropped:
    """An update of the plan that did not go out: where it stands, why, and what to do about it."""

    update: int
    state: str
    code: str
    reason: str
    command: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """What became of a saved plan: how many updates it has, and those that did not go out."""

    hash: str
    updates: int
    dropped: tuple[Dropped, ...]

    @property
    def document(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return {
            "hash": self.hash,
            "updates": self.updates,
            "dropped": [
                {
                    "update": str(one.update),
                    "state": one.state,
                    "code": one.code,
                    "reason": one.reason,
                    "command": one.command,
                }
                for one in self.dropped
            ],
        }


async def valid_plan(here: Opened, prefix: str, names: Collection[str]) -> SavedPlan:
    """The saved plan that a push may go by. Raises UsageError."""
    saved = await known_plan(here.database, prefix)
    short = saved.hash[:SHORT]
    if saved.is_expired:
        raise UsageError(
            f"plan {short} expired at {saved.expires_at:%Y-%m-%d %H:%M} UTC",
            remedy=f"make a new one: syncd plan {saved.account} --save",
            code="plan",
        )
    if set(names) - {saved.account}:
        raise UsageError(
            f"plan {short} is one of account {saved.account}",
            remedy="leave the accounts out: the plan names its own",
            code="plan",
        )
    return saved


def agreed(saved: SavedPlan) -> Agreed:
    """By update what may leave, and how: what the plan sends, and what it holds and somebody
    approved meanwhile. What it leaves out stays out."""
    found: dict[int, list[Mapping[str, Any]]] = {}
    for item in saved.items:
        items = found.setdefault(item["update"], [])
        if item["mark"] in _MAY_LEAVE:
            items.append(item)
    return {
        update: Terms(
            remote={item["path"]: item["remote"] for item in items},
            hits={item["path"]: saved.hits[update, item["path"]] for item in items},
            is_held=any(item["mark"] == Mark.HELD for item in items),
        )
        for update, items in found.items()
    }


def followed(saved: SavedPlan, pushed: PushReport | None, rows: Sequence[Row]) -> Followed:
    """What became of the plan; `rows` are its updates as they stand now."""
    left = [row for row in rows if row["state"] in _LEFT]
    return Followed(
        hash=saved.hash,
        updates=len(saved.updates),
        dropped=tuple(_dropped(saved, row, pushed) for row in left),
    )


def draw(screen: Screen, account: str, done: Followed) -> None:
    """What went by the plan and what did not."""
    short, left = done.hash[:SHORT], len(done.dropped)
    went = f"{done.updates - left} of {plural(done.updates, 'update')} went by it"
    screen.deed(f"{account} plan {short}: {went}" + (f", {left} stayed behind" if left else ""))
    for one in done.dropped:
        screen.deed(f"  #{one.update}  {one.state}: {shown(one.reason)}")
        if one.command is not None:
            screen.deed(f"    help: {one.command}")


def _dropped(saved: SavedPlan, row: Row, pushed: PushReport | None) -> Dropped:
    number, state = row["id"], row["state"]
    code, reason, command = row["reason_code"] or state, row["reason"] or state, row["command"]
    if state == "queued":
        code, reason = _waits(row, pushed)
        if code == PLAN_CHANGED:
            command = f"syncd plan {saved.account} --save"
    elif state == "held" and _is_as_planned(saved, row) and _is_approvable(row):
        code = "not_approved"
        command = f"syncd updates approve --plan {saved.hash[:SHORT]}, then this command again"
    return Dropped(update=number, state=state, code=code, reason=reason, command=command)


def _waits(row: Row, pushed: PushReport | None) -> tuple[str, str]:
    """Why an update is still in the queue. One that nothing else keeps back, and that the push did
    not even take, has an older one before it."""
    waiting = row["waiting_for"]
    if pushed is not None and row["id"] in pushed.dropped:
        return PLAN_CHANGED, pushed.dropped[row["id"]]
    is_left = pushed is not None and pushed.error is None and row["id"] not in pushed.states
    if is_left and waiting["code"] in FREE:
        return "older_first", _OLDER
    return waiting["code"], waiting["text"]


def _is_approvable(row: Row) -> bool:
    """Whether leave would help it: not where a later update has overtaken it meanwhile."""
    return (row["command"] or "").startswith("syncd updates approve")


def _is_as_planned(saved: SavedPlan, row: Row) -> bool:
    """Whether an update is held for nothing but what the plan says, so that approving the plan lets
    it out."""
    holds: Mapping[str, Any] = row["holds"] or {}
    met = [(path, hit["digest"]) for path, hold in holds.items() for hit in hold["hits"]]
    return bool(met) and all(
        digest in saved.hits.get((row["id"], path), frozenset()) for path, digest in met
    )
