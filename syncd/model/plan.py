"""What a push would do, as a value: a decision for each path of each queued update, and the calls
that carry what goes out. Pure; how it is made stands in `merge` and `fold`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.digest import item_digest, plan_hash
from syncd.model.guard import Hit
from syncd.model.path import DELETED
from syncd.model.update import Pending, State

Values = Mapping[str, str | None]
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


@dataclass(frozen=True, kw_only=True, slots=True)
class PathPlan:
    """One path, the item of a plan: what the requester saw, what the provider shows, what is
    wanted, what is to happen, and every rule that it meets. `digest` names the item with those
    hits; `relies_on` is the same where an approval lets it through."""

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
    relies_on: str | None = None

    def meeting(self, update_id: int, hits: Iterable[Hit]) -> PathPlan:
        """The same path with these hits as well, and the digest that fits them."""
        all_hits = (*self.hits, *hits)
        digest = item_digest(update_id, self.path, (self.reference, self.desired), all_hits)
        return replace(self, hits=all_hits, digest=digest)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdatePlan:
    """One update with the decision for each of its paths; `version` is the provider's mark of the
    state that was read, where it gives one."""

    update: Pending
    paths: tuple[PathPlan, ...]
    version: str | None = None

    @property
    def mark(self) -> Mark:
        """The update's own mark: the first of these that any of its paths has."""
        marks = {path.mark for path in self.paths}
        return next(mark for mark in _MARK_ORDER if mark in marks)

    @property
    def deciding(self) -> PathPlan:
        """The path that gave the update its mark: the one whose words explain it."""
        return next(path for path in self.paths if path.mark is self.mark)


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
        """The name of this plan: its items with the rules that each meets."""
        return plan_hash(path.digest for update in self.updates for path in update.paths)

    def marked(self, mark: Mark) -> tuple[UpdatePlan, ...]:
        """The updates with this mark."""
        return tuple(update for update in self.updates if update.mark is mark)

    def carried_by(self, call: WriteCall) -> tuple[UpdatePlan, ...]:
        """The updates that a call's answer decides, with those that it supersedes. Paths that the
        call leaves out are marked `later`."""
        changes = {item.external_id: item.changes for item in call.items}
        found = (
            _narrowed(update, changes[update.update.external_id])
            for update in self.updates
            if update.update.external_id in changes
            and update.mark in (Mark.SEND, Mark.LATER, Mark.SUPERSEDED)
        )
        return tuple(update for update in found if update is not None)


def _narrowed(plan: UpdatePlan, changes: Values) -> UpdatePlan | None:
    """The plan as far as a call with these changes decides it, all else marked `later`; None when
    the call neither carries nor replaces anything of it. A replaced path is decided together with
    the newer value that goes out: its own would else be sent after it."""
    paths = tuple(
        replace(path, mark=Mark.LATER)
        if (path.mark is Mark.SEND or (path.mark is Mark.SUPERSEDED and path.superseded_by))
        and path.path not in changes
        and DELETED not in changes
        else path
        for path in plan.paths
    )
    if not {path.mark for path in paths} & {Mark.SEND, Mark.SUPERSEDED}:
        return None
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


def whole(plan: UpdatePlan, mark: Mark, code: str | None, message: str | None) -> UpdatePlan:
    """Every path gets the mark that one of them earned."""
    paths = tuple(
        replace(path, mark=mark, code=code, message=message, relies_on=None) for path in plan.paths
    )
    return replace(plan, paths=paths)
