"""What a push would do, as a value: a decision for each path of each queued update, and the calls
that carry what goes out. Pure; how it is made stands in `merge` and `fold`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.digest import hit_digest, item_digest, plan_hash
from syncd.model.guard import Hit
from syncd.model.jsontext import canonical_json
from syncd.model.path import DELETED
from syncd.model.update import Pending, State, Terms

Values = Mapping[str, str | None]
Agreed = Mapping[int, Terms]
"""What a person looked at and wants to go out, by update."""
PlanCalls = Callable[[Sequence[WriteItem]], WritePlan]


class Mark(StrEnum):
    """What is to happen to one path of one update. `later`: it stays queued, because another call
    to the same campaign comes first."""

    SEND = "send"
    LATER = "later"
    ALREADY_SET = "already_set"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    HELD = "held"

    @property
    def state(self) -> State:
        """The state that a path with this mark gives its update before anything is sent."""
        return _STATE[self]


_STATE = {
    Mark.SEND: State.SENDING,
    Mark.LATER: State.QUEUED,
    Mark.ALREADY_SET: State.APPLIED,
    Mark.SUPERSEDED: State.SUPERSEDED,
    Mark.REJECTED: State.REJECTED,
    Mark.HELD: State.HELD,
}


class Found(StrEnum):
    """What the merge found of a path by itself. `as_seen`: what the requester saw; `ours`: what we
    put there since; `awaited`: what stands there until ours takes effect; `third_value`: none of
    these; `untold`: the read leaves the path out; `unseen`: nobody saw any; `overtaken`: a later
    update has set it; `present`: what is to be deleted is there."""

    AS_SEEN = "as_seen"
    OURS = "ours"
    AWAITED = "awaited"
    ALREADY_SET = "already_set"
    THIRD_VALUE = "third_value"
    UNTOLD = "untold"
    UNSEEN = "unseen"
    OVERTAKEN = "overtaken"
    PRESENT = "present"
    CREATE = "create"
    NOT_SHOWN = "not_shown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """When what the provider shows of a campaign was read, and whether for this very plan."""

    at: dt.datetime
    is_new: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PathPlan:
    """One path, the item of a plan: what the requester saw, what the provider shows, what is
    wanted, what the merge found, what is to happen, and every rule that it meets. `digest` names
    the item with those hits, `hit_digests` each of them; `relies_on` has the latter where approvals
    let it through."""

    path: str
    reference: str | None
    remote: str | None
    desired: str | None
    mark: Mark
    code: str | None = None
    message: str | None = None
    superseded_by: int | None = None
    hits: tuple[Hit, ...] = ()
    digest: str = ""
    hit_digests: tuple[str, ...] = ()
    relies_on: tuple[str, ...] = ()
    found: Found | None = None

    @property
    def shown(self) -> str:
        """All that a plan shows of the item, as one text."""
        return canonical_json([self.digest, self.mark.value, self.remote])

    def meeting(self, update_id: int, hits: Iterable[Hit]) -> PathPlan:
        """The same path with these hits as well, and the digest that fits them."""
        all_hits = (*self.hits, *hits)
        if self.digest and all_hits == self.hits:
            return self
        values = (self.reference, self.desired)
        return replace(
            self,
            hits=all_hits,
            digest=item_digest(update_id, self.path, values, all_hits),
            hit_digests=tuple(hit_digest(update_id, self.path, values, hit) for hit in all_hits),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdatePlan:
    """One update with the decision for each of its paths; `version` is the provider's mark of the
    state that was read, where it gives one, `read` when that was."""

    update: Pending
    paths: tuple[PathPlan, ...]
    version: str | None = None
    read: Read | None = None

    @property
    def mark(self) -> Mark:
        """The update's own mark: the first of these that any of its paths has."""
        marks = {path.mark for path in self.paths}
        return next(mark for mark in _MARK_ORDER if mark in marks)

    @property
    def deciding(self) -> PathPlan:
        """The path that gave the update its mark: the one whose words explain it, one that names a
        winner before one that lost to the provider."""
        found = [path for path in self.paths if path.mark is self.mark]
        return next((path for path in found if path.superseded_by), found[0])

    def falls_with(self, others: Collection[int]) -> bool:
        """Whether one of these takes the place of a part of it."""
        return any(path.superseded_by in others for path in self.paths)


_OPEN = (Mark.SEND, Mark.LATER, Mark.SUPERSEDED)
_MARK_ORDER = (
    Mark.HELD,
    Mark.REJECTED,
    Mark.SEND,
    Mark.LATER,
    Mark.SUPERSEDED,
    Mark.ALREADY_SET,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PushPlan:
    """Every update with its decision, in queue order, and the calls that carry those to be sent."""

    updates: tuple[UpdatePlan, ...] = ()
    calls: tuple[WriteCall, ...] = ()

    @property
    def hash(self) -> str:
        """The name of this plan: its items with the rules that each meets, what stands at the
        provider, and what is to happen."""
        return plan_hash(path.shown for update in self.updates for path in update.paths)

    @property
    def without_call(self) -> tuple[UpdatePlan, ...]:
        """What is decided before anything is sent."""
        return _without_call(self.updates)

    def marked(self, mark: Mark) -> tuple[UpdatePlan, ...]:
        """The updates with this mark."""
        return tuple(update for update in self.updates if update.mark is mark)

    def resting_on(self, reads: Mapping[str, Read]) -> PushPlan:
        """The same plan with the read that it rests on, by campaign."""
        updates = (replace(one, read=reads.get(one.update.external_id)) for one in self.updates)
        return replace(self, updates=tuple(updates))

    def carried_by(self, call: WriteCall) -> tuple[UpdatePlan, ...]:
        """The updates that a call's answer decides, with those that it supersedes. Paths that the
        call leaves out are marked `later`."""
        changes = {item.external_id: item.changes for item in call.items}
        here = [one for one in self.updates if one.update.external_id in changes]
        moving = {one.update.id for one in here if _is_moved(one, changes[one.update.external_id])}
        settled = {one.update.id for one in _without_call(here)}
        stands = {
            (one.update.id, path.path): one.update.id in moving
            for one in here
            if one.update.id in moving or one.update.id in settled
            for path in one.paths
            if path.mark is Mark.ALREADY_SET
        }
        found = (_narrowed(one, changes[one.update.external_id], stands) for one in here)
        return tuple(one for one in found if one is not None)


def _without_call(plans: Sequence[UpdatePlan]) -> tuple[UpdatePlan, ...]:
    """Those that go nowhere, and fall neither with what goes out nor with what falls with that."""
    waiting = {one.update.id for one in plans if one.mark is Mark.SEND}
    lost = [one for one in plans if one.mark is Mark.SUPERSEDED]
    while more := {one.update.id for one in lost if one.falls_with(waiting)} - waiting:
        waiting |= more
    ends = (Mark.HELD, Mark.REJECTED, Mark.SUPERSEDED, Mark.ALREADY_SET)
    return tuple(one for one in plans if one.mark in ends and one.update.id not in waiting)


def _is_moved(plan: UpdatePlan, changes: Values) -> bool:
    """Whether a call with these changes sends a path of this update or what replaces it."""
    return plan.mark in _OPEN and any(_is_in(path, changes) for path in plan.paths)


def _is_in(path: PathPlan, changes: Values) -> bool:
    is_open = path.mark is Mark.SEND or path.superseded_by is not None
    return is_open and (path.path in changes or DELETED in changes)


def _narrowed(
    plan: UpdatePlan, changes: Values, stands: Mapping[tuple[int, str], bool]
) -> UpdatePlan | None:
    """The plan as far as a call with these changes decides it, all else marked `later`; None when
    the call neither carries nor replaces anything of it. A replaced path is decided together with
    the newer value: the older one would else be sent after it. That value goes out, or `stands`
    there already, whose update is decided by the same call (true) or was before."""
    won = {path.path: stands.get((path.superseded_by or 0, path.path)) for path in plan.paths}
    if not (_is_moved(plan, changes) or any(won.values())):
        return None
    paths = tuple(
        replace(path, mark=Mark.LATER, relies_on=())
        if (path.mark is Mark.SEND or path.superseded_by is not None)
        and not _is_in(path, changes)
        and won[path.path] is None
        else path
        for path in plan.paths
    )
    return replace(plan, paths=paths)


def hold_all(pending: Sequence[Pending], hit: Hit) -> PushPlan:
    """Every update held for one reason that is none of its own."""
    return PushPlan(
        updates=tuple(
            UpdatePlan(
                update=update,
                paths=tuple(
                    blank(update, path, None, Mark.HELD, hit).meeting(update.id, [hit])
                    for path in sorted(update.patch)
                ),
            )
            for update in pending
        )
    )


def blank(
    update: Pending, path: str, now: str | None, mark: Mark, why: Hit | None = None
) -> PathPlan:
    """A path of an update with a mark and the words for it, without any rule met yet."""
    found = PathPlan(
        path=path,
        reference=None if update.reference is None else update.reference.get(path),
        remote=now,
        desired=update.patch[path],
        mark=mark,
        code=None if why is None else why.code,
        message=None if why is None else why.message,
    )
    return found.meeting(update.id, ())


def superseded(path: PathPlan, winner: int) -> PathPlan:
    """The same path, taken over by a later update."""
    return replace(
        path,
        mark=Mark.SUPERSEDED,
        relies_on=(),
        code="superseded",
        message=f"update {winner} of the same campaign came later",
        superseded_by=winner,
    )


def whole(plan: UpdatePlan, mark: Mark, code: str | None, message: str | None) -> UpdatePlan:
    """Every path gets the mark that one of them earned."""
    paths = tuple(
        replace(path, mark=mark, code=code, message=message, relies_on=()) for path in plan.paths
    )
    return replace(plan, paths=paths)
