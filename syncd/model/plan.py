"""What a push would do, as a value: each queued update merged with what the provider shows, several
updates of one campaign folded into one write. Pure: the same queue, the same remote values and the
same rules give the same plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.guard import Hit, Rules
from syncd.model.path import DELETED, VERSION, stem_of
from syncd.model.update import Pending, State, Verdict

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
    """One path: what the requester saw, what the provider shows, what is wanted, and what is to
    happen."""

    path: str
    reference: str | None
    remote: str | None
    desired: str | None
    mark: Mark
    code: str | None = None
    message: str | None = None
    superseded_by: int | None = None


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
        if path.mark in (Mark.SEND, Mark.SUPERSEDED)
        and path.path not in changes
        and DELETED not in changes
        else path
        for path in plan.paths
    )
    if not {path.mark for path in paths} & {Mark.SEND, Mark.SUPERSEDED}:
        return None
    return replace(plan, paths=paths)


def plan_push(
    pending: Sequence[Pending],
    remote: Mapping[str, Values],
    plan_calls: PlanCalls,
    rules: Rules | None = None,
) -> PushPlan:
    """`pending` in queue order; `remote` the values of the campaigns that the provider shows, by
    external id; one that is known to be gone shows `deleted` alone."""
    merged = [
        _merged(update, remote.get(update.external_id), plan_calls, rules or Rules())
        for update in pending
    ]
    while True:
        folded = _coalesced(merged)
        calls = plan_calls(_items(folded, remote))
        if not calls.refused:
            return PushPlan(updates=tuple(folded), calls=calls.calls)
        # Each alone could be written, together they cannot: the newest of them gives way.
        merged = _without_newest(merged, folded, calls.refused)


def hold_all(pending: Sequence[Pending], hit: Hit) -> PushPlan:
    """Every update held for one reason that is none of its own."""
    held = [
        UpdatePlan(
            update=update,
            paths=tuple(_path(update, path, None, hit, Mark.HELD) for path in sorted(update.patch)),
        )
        for update in pending
    ]
    return PushPlan(updates=tuple(held))


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


def _merged(
    update: Pending, remote: Values | None, plan_calls: PlanCalls, rules: Rules
) -> UpdatePlan:
    """This update alone against what the provider shows. A hit on one path decides the whole
    update."""
    if update.is_create:
        paths = [_path(update, path, None, None, Mark.SEND) for path in sorted(update.patch)]
    elif remote is None or (remote.get(DELETED) and DELETED not in update.patch):
        return _without_remote(update, is_gone=remote is not None)
    else:
        paths = [_merge_path(update, path, remote) for path in sorted(update.patch)]
    conflict = next((path for path in paths if path.mark is Mark.HELD), None)
    if conflict is not None:
        return _whole(update, paths, Mark.HELD, conflict.code, conflict.message)
    changes = {path.path: path.desired for path in paths if path.mark is Mark.SEND}
    if not changes:
        return UpdatePlan(update=update, paths=tuple(paths))
    item = WriteItem(
        external_id=update.external_id,
        changes=changes,
        remote=remote or {},
        is_create=update.is_create,
    )
    refusal = plan_calls([item]).refused.get(update.external_id)
    if refusal is not None:
        return _refused(UpdatePlan(update=update, paths=tuple(paths)), refusal)
    hit = rules.hit(changes)
    if hit is not None:
        return _whole(update, paths, Mark.HELD, hit.code, hit.message)
    version = None if remote is None else remote.get(VERSION)
    return UpdatePlan(update=update, paths=tuple(paths), version=version)


def _merge_path(update: Pending, path: str, remote: Values) -> PathPlan:
    """Three ways: reference, desired, remote. Only a third value at the provider is a conflict."""
    desired, now = update.patch[path], remote.get(path)
    reference = None if update.reference is None else update.reference.get(path)
    if now == desired and path not in update.awaited and _is_told(path, remote):
        return _path(update, path, now, None, Mark.ALREADY_SET)
    if path == DELETED:
        return _path(update, path, now, None, Mark.SEND)
    if update.reference is None or path not in update.reference:
        said = f"{path} is {now} at the provider, and nobody saw that when {desired} was asked for"
        return _path(update, path, now, Hit(code="base_unknown", message=said), Mark.HELD)
    if now not in (reference, update.ours.get(path, reference)):
        said = (
            f"{path} moved at the provider: it was {reference} when {desired} was asked for, "
            f"now it is {now}"
        )
        return _path(update, path, now, Hit(code="conflict", message=said), Mark.HELD)
    return _path(update, path, now, None, Mark.SEND)


def _is_told(path: str, remote: Values) -> bool:
    """Whether a read that does not show a path says that it is null: only where it shows the list
    that the path would stand in."""
    return path in remote or stem_of(path) in remote


def _path(update: Pending, path: str, now: str | None, hit: Hit | None, mark: Mark) -> PathPlan:
    return PathPlan(
        path=path,
        reference=None if update.reference is None else update.reference.get(path),
        remote=now,
        desired=update.patch[path],
        mark=mark,
        code=None if hit is None else hit.code,
        message=None if hit is None else hit.message,
    )


def _without_remote(update: Pending, *, is_gone: bool) -> UpdatePlan:
    """The provider does not show this campaign, or says itself that it is gone."""
    if is_gone:
        mark, code = Mark.REJECTED, "gone"
        message = f"campaign {update.external_id} is deleted at the provider"
    elif not update.is_known:
        mark, code = Mark.REJECTED, "no_such_campaign"
        message = f"the provider shows no campaign {update.external_id} in this account"
    else:
        mark, code = Mark.HELD, "out_of_view"
        message = f"the provider no longer shows campaign {update.external_id} to this account"
    hit = Hit(code=code, message=message)
    paths = tuple(_path(update, path, None, hit, mark) for path in sorted(update.patch))
    return UpdatePlan(update=update, paths=paths)


def _coalesced(plans: Sequence[UpdatePlan]) -> list[UpdatePlan]:
    """Per campaign and path the latest update that is itself good wins; each keeps its own result.
    A delete replaces what was asked for before it, and what comes after it waits for its result."""
    winners: dict[tuple[str, str], int] = {}
    deletes: dict[str, int] = {}
    folded: list[UpdatePlan] = []
    for plan in plans:
        is_good = plan.mark in (Mark.SEND, Mark.ALREADY_SET)
        campaign = plan.update.external_id
        if is_good and campaign in deletes:
            folded.append(_postponed(plan))
            continue
        folded.append(plan)
        if is_good:
            for path in plan.paths:
                winners[campaign, path.path] = plan.update.id
        if plan.mark is Mark.SEND and DELETED in plan.update.patch:
            deletes[campaign] = plan.update.id
    return [
        _lose(plan, winners, deletes.get(plan.update.external_id))
        if plan.mark in (Mark.SEND, Mark.ALREADY_SET)
        else plan
        for plan in folded
    ]


def _postponed(plan: UpdatePlan) -> UpdatePlan:
    return replace(plan, paths=tuple(replace(path, mark=Mark.LATER) for path in plan.paths))


def _lose(
    plan: UpdatePlan, winners: Mapping[tuple[str, str], int], delete: int | None
) -> UpdatePlan:
    paths = []
    for path in plan.paths:
        winner = delete or winners[plan.update.external_id, path.path]
        paths.append(path if winner == plan.update.id else _superseded(path, winner))
    return replace(plan, paths=tuple(paths))


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
    changes: dict[str, dict[str, str | None]] = {}
    creates = set()
    for plan in plans:
        for path in plan.paths:
            if path.mark is Mark.SEND:
                changes.setdefault(plan.update.external_id, {})[path.path] = path.desired
                if plan.update.is_create:
                    creates.add(plan.update.external_id)
    return [
        WriteItem(
            external_id=external_id,
            changes=wanted,
            remote=remote.get(external_id, {}),
            is_create=external_id in creates,
        )
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
