"""What a push would do, as a value: each queued update merged with what the provider shows, several
updates of one campaign folded into one write. Pure: the same queue and the same remote values give
the same plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.update import Pending, State, Verdict

Values = Mapping[str, str | None]
PlanCalls = Callable[[Sequence[WriteItem]], WritePlan]


class Mark(StrEnum):
    """What is to happen to one path of one update."""

    SEND = "send"
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
    Mark.ALREADY_SET: State.APPLIED,
    Mark.SUPERSEDED: State.SUPERSEDED,
    Mark.REJECTED: State.REJECTED,
    Mark.HELD: State.HELD,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PathPlan:
    """One path: what the requester saw, what the provider shows, what is wanted, and what is to
    happen."""

    path: str
    reference: str | None
    remote: str | None
    desired: str
    mark: Mark
    code: str | None = None
    message: str | None = None
    superseded_by: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdatePlan:
    """One update with the decision for each of its paths."""

    update: Pending
    paths: tuple[PathPlan, ...]

    @property
    def mark(self) -> Mark:
        """The update's own mark: the first of these that any of its paths has."""
        marks = {path.mark for path in self.paths}
        return next(mark for mark in _MARK_ORDER if mark in marks)

    @property
    def deciding(self) -> PathPlan:
        """The path that gave the update its mark: the one whose words explain it."""
        return next(path for path in self.paths if path.mark is self.mark)


_MARK_ORDER = (Mark.HELD, Mark.REJECTED, Mark.SEND, Mark.SUPERSEDED, Mark.ALREADY_SET)


@dataclass(frozen=True, kw_only=True, slots=True)
class PushPlan:
    """Every update with its decision, in queue order, and the calls that carry those to be sent."""

    updates: tuple[UpdatePlan, ...] = ()
    calls: tuple[WriteCall, ...] = ()

    def marked(self, mark: Mark) -> tuple[UpdatePlan, ...]:
        """The updates with this mark."""
        return tuple(update for update in self.updates if update.mark is mark)

    def of_campaigns(self, ids: Iterable[str]) -> tuple[UpdatePlan, ...]:
        """The updates of these campaigns that a call's answer decides, with those that it
        supersedes."""
        wanted = set(ids)
        return tuple(
            update
            for update in self.updates
            if update.update.external_id in wanted and update.mark in (Mark.SEND, Mark.SUPERSEDED)
        )


def plan_push(
    pending: Sequence[Pending], remote: Mapping[str, Values], plan_calls: PlanCalls
) -> PushPlan:
    """`pending` in queue order; `remote` the values of the campaigns that the provider shows, by
    external id."""
    merged = [_merged(update, remote.get(update.external_id), plan_calls) for update in pending]
    while True:
        folded = _coalesced(merged)
        calls = plan_calls(_items(folded, remote))
        if not calls.refused:
            return PushPlan(updates=tuple(folded), calls=calls.calls)
        # Each alone could be written, together they cannot: the newest of them gives way.
        merged = _without_newest(merged, folded, calls.refused)


def _without_newest(
    merged: Sequence[UpdatePlan], folded: Sequence[UpdatePlan], refused: Mapping[str, Verdict]
) -> list[UpdatePlan]:
    newest = {
        plan.update.external_id: plan.update.id
        for plan in folded
        if plan.mark is Mark.SEND and plan.update.external_id in refused
    }
    return [
        _refused(plan, refused[plan.update.external_id])
        if newest.get(plan.update.external_id) == plan.update.id
        else plan
        for plan in merged
    ]


def _merged(update: Pending, remote: Values | None, plan_calls: PlanCalls) -> UpdatePlan:
    """This update alone against what the provider shows. A hit on one path decides the whole
    update."""
    if remote is None:
        return _without_remote(update)
    paths = [_merge_path(update, path, remote) for path in sorted(update.patch)]
    conflict = next((path for path in paths if path.mark is Mark.HELD), None)
    if conflict is not None:
        return _whole(update, paths, Mark.HELD, conflict.code, conflict.message)
    changes = {path.path: path.desired for path in paths if path.mark is Mark.SEND}
    if changes:
        item = WriteItem(external_id=update.external_id, changes=changes, remote=remote)
        refusal = plan_calls([item]).refused.get(update.external_id)
        if refusal is not None:
            return _refused(UpdatePlan(update=update, paths=tuple(paths)), refusal)
    return UpdatePlan(update=update, paths=tuple(paths))


def _merge_path(update: Pending, path: str, remote: Values) -> PathPlan:
    """Three ways: reference, desired, remote. Only a third value at the provider is a conflict."""
    desired, now = update.patch[path], remote.get(path)
    reference = None if update.reference is None else update.reference.get(path)
    mark, code, message = Mark.SEND, None, None
    if now == desired and path not in update.awaited:
        mark = Mark.ALREADY_SET
    elif update.reference is None or path not in update.reference:
        mark, code = Mark.HELD, "base_unknown"
        message = (
            f"{path} is {now} at the provider, and nobody saw that when {desired} was asked for"
        )
    elif now not in (reference, update.ours.get(path, reference)):
        mark, code = Mark.HELD, "conflict"
        message = (
            f"{path} moved at the provider: it was {reference} when {desired} was asked for, "
            f"now it is {now}"
        )
    return PathPlan(
        path=path,
        reference=reference,
        remote=now,
        desired=desired,
        mark=mark,
        code=code,
        message=message,
    )


def _without_remote(update: Pending) -> UpdatePlan:
    """The provider does not show this campaign."""
    if not update.is_known:
        mark, code = Mark.REJECTED, "no_such_campaign"
        message = f"the provider shows no campaign {update.external_id} in this account"
    else:
        mark, code = Mark.HELD, "out_of_view"
        message = f"the provider no longer shows campaign {update.external_id} to this account"
    paths = [
        PathPlan(
            path=path,
            reference=None if update.reference is None else update.reference.get(path),
            remote=None,
            desired=desired,
            mark=mark,
            code=code,
            message=message,
        )
        for path, desired in sorted(update.patch.items())
    ]
    return UpdatePlan(update=update, paths=tuple(paths))


def _coalesced(plans: Sequence[UpdatePlan]) -> list[UpdatePlan]:
    """Per campaign and path the latest update that is itself good wins; each keeps its own
    result."""
    winners: dict[tuple[str, str], int] = {}
    for plan in plans:
        if plan.mark in (Mark.SEND, Mark.ALREADY_SET):
            for path in plan.paths:
                winners[plan.update.external_id, path.path] = plan.update.id
    return [
        _lose(plan, winners) if plan.mark in (Mark.SEND, Mark.ALREADY_SET) else plan
        for plan in plans
    ]


def _lose(plan: UpdatePlan, winners: Mapping[tuple[str, str], int]) -> UpdatePlan:
    paths = []
    for path in plan.paths:
        winner = winners[plan.update.external_id, path.path]
        paths.append(path if winner == plan.update.id else _superseded(path, winner))
    return UpdatePlan(update=plan.update, paths=tuple(paths))


def _superseded(path: PathPlan, winner: int) -> PathPlan:
    return replace(
        path,
        mark=Mark.SUPERSEDED,
        code="superseded",
        message=f"update {winner} of the same campaign came later",
        superseded_by=winner,
    )


def _items(plans: Sequence[UpdatePlan], remote: Mapping[str, Values]) -> list[WriteItem]:
    """One item a campaign, in the order in which the first that goes out stands in the queue."""
    changes: dict[str, dict[str, str]] = {}
    for plan in plans:
        for path in plan.paths:
            if path.mark is Mark.SEND:
                changes.setdefault(plan.update.external_id, {})[path.path] = path.desired
    return [
        WriteItem(external_id=external_id, changes=wanted, remote=remote[external_id])
        for external_id, wanted in changes.items()
    ]


def _refused(plan: UpdatePlan, verdict: Verdict) -> UpdatePlan:
    return _whole(plan.update, plan.paths, Mark.REJECTED, verdict.code, verdict.message)


def _whole(
    update: Pending, paths: Iterable[PathPlan], mark: Mark, code: str | None, message: str | None
) -> UpdatePlan:
    """Every path gets the mark that one of them earned."""
    decided = tuple(replace(path, mark=mark, code=code, message=message) for path in paths)
    return UpdatePlan(update=update, paths=decided)
