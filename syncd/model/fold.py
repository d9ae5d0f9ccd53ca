"""A push as a value: each update merged by itself, several of one campaign folded into one write,
and what may happen within the window counted over all. Pure: the same queue, the same remote values
and the same rules give the same plan."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from syncd.model.agreed import drifted, without
from syncd.model.call import WriteItem
from syncd.model.guard import Change, Hit, Recent, Rules
from syncd.model.item_rules import item_hits
from syncd.model.merge import change_of, guarded, merge
from syncd.model.path import DELETED
from syncd.model.plan import (
    Mark,
    PlanCalls,
    PushPlan,
    UpdatePlan,
    Values,
    superseded,
    whole,
)
from syncd.model.update import Pending, Verdict
from syncd.model.window_rules import Tally

Hits = Mapping[str, tuple[Hit, ...]]
"""Hits by path."""

_GOOD = (Mark.SEND, Mark.ALREADY_SET)
"""Of a path: what its update asks for stands there in the end."""
_PLAYING = (*_GOOD, Mark.SUPERSEDED)
"""Of an update: no person and no refusal keeps it."""
_NOTHING_RECENT = Recent(now=dt.datetime.min.replace(tzinfo=dt.UTC))


def plan_push(
    pending: Sequence[Pending],
    remote: Mapping[str, Values],
    plan_calls: PlanCalls,
    rules: Rules | None = None,
    recent: Recent | None = None,
) -> PushPlan:
    """`pending` in queue order; `remote` the values of the campaigns that the provider shows, by
    external id; `recent` what happened within the window before. What was agreed on goes
    out only as long as it is the same."""
    rules, recent = rules or Rules(), recent or _NOTHING_RECENT

    def refusal(change: Change) -> Hit | None:
        refused = plan_calls([_item(change)]).refused.get(change.external_id)
        if refused is None:
            return None
        return Hit(code=refused.code or "refused", message=refused.message or "")

    merged = [
        merge(update, remote.get(update.external_id), refusal, rules, recent) for update in pending
    ]
    while True:
        folded = _coalesced(merged)
        together = _together(folded, remote, rules, recent)
        folded, beyond = _counted(folded, remote, Tally(rules, recent), together)
        if beyond:
            merged = [
                guarded(one, beyond[one.update.id]) if one.update.id in beyond else one
                for one in merged
            ]
            continue
        changed = drifted(folded)
        if changed:
            merged = without(merged, changed)
            continue
        calls = plan_calls(_items(folded, remote))
        if not calls.refused:
            return PushPlan(updates=tuple(folded), calls=calls.calls)
        # Each alone could be written, together they cannot: the newest of them gives way.
        merged = _without_newest(merged, folded, calls.refused)


def _together(
    plans: Sequence[UpdatePlan], remote: Mapping[str, Values], rules: Rules, recent: Recent
) -> dict[int, Hits]:
    """The rules that updates meet only in the write that they share: one may lift a limit and count
    on another that a later update takes back, or start what by then misses something."""
    sharing = Counter(plan.update.external_id for plan in plans if plan.mark in _PLAYING)
    currencies = {plan.update.external_id: plan.update.currency for plan in plans}
    met = {
        item.external_id: item_hits(rules, _change(item, currencies[item.external_id]), recent)
        for item in _items(plans, remote)
        if sharing[item.external_id] > 1
    }
    found: dict[int, Hits] = {}
    for plan in plans:
        hits = met.get(plan.update.external_id, {})
        new = {
            path.path: _beside(path.hits, hits.get(path.path, ()))
            for path in plan.paths
            if path.mark is Mark.SEND
        }
        if any(new.values()):
            found[plan.update.id] = new
    return found


def _beside(known: Iterable[Hit], hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Those hits that are not known already."""
    bound = {(hit.code, hit.binds) for hit in known}
    return tuple(hit for hit in hits if (hit.code, hit.binds) not in bound)


def _counted(
    plans: Sequence[UpdatePlan],
    remote: Mapping[str, Values],
    tally: Tally,
    together: Mapping[int, Hits],
) -> tuple[list[UpdatePlan], dict[int, Hits]]:
    """The same plans with the approvals that they rely on, and the hits of those that would go
    beyond what may happen `together` or within the window: what is held makes room for what comes
    after it."""
    counted = list(plans)
    beyond: dict[int, Hits] = {}
    for index in _in_place(plans):
        plan = plans[index]
        if plan.mark is not Mark.SEND:
            continue
        change = change_of(plan, remote.get(plan.update.external_id, {}))
        hits = _joined(together.get(plan.update.id, {}), tally.hits(change))
        judged = guarded(plan, hits) if hits else plan
        if judged.mark is Mark.HELD:
            beyond[plan.update.id] = hits
        else:
            counted[index] = judged
            tally.count(change)
    return counted, beyond


def _in_place(plans: Sequence[UpdatePlan]) -> list[int]:
    """The places of the queue in the order of counting: what replaces an earlier update counts in
    its place, as that one would if the later one were held."""
    replaced: dict[int, int] = {}
    for index, plan in enumerate(plans):
        for path in plan.paths:
            if path.superseded_by is not None:
                replaced.setdefault(path.superseded_by, index)
    return sorted(range(len(plans)), key=lambda one: replaced.get(plans[one].update.id, one))


def _joined(one: Hits, other: Hits) -> Hits:
    return {path: (*one.get(path, ()), *other.get(path, ())) for path in {**one, **other}}


def _without_newest(
    merged: Sequence[UpdatePlan], folded: Sequence[UpdatePlan], refused: Mapping[str, Verdict]
) -> list[UpdatePlan]:
    newest = {
        plan.update.external_id: plan.update.id
        for plan in folded
        if plan.mark is Mark.SEND and plan.update.external_id in refused
    }
    return [
        _rejected(plan, refused[plan.update.external_id])
        if newest.get(plan.update.external_id) == plan.update.id
        else plan
        for plan in merged
    ]


def _coalesced(plans: Sequence[UpdatePlan]) -> list[UpdatePlan]:
    """Per campaign and path the latest update that is itself good wins; each keeps its own result.
    A delete replaces what was asked for before it, and what comes after it waits for its result."""
    winners: dict[tuple[str, str], int] = {}
    deletes: dict[str, int] = {}
    folded: list[UpdatePlan] = []
    for plan in plans:
        campaign = plan.update.external_id
        if plan.mark not in _PLAYING:
            folded.append(plan)
            continue
        if campaign in deletes:
            folded.append(_postponed(plan))
            continue
        folded.append(plan)
        for path in plan.paths:
            if path.mark in _GOOD:
                winners[campaign, path.path] = plan.update.id
        if plan.mark is Mark.SEND and DELETED in plan.update.patch:
            deletes[campaign] = plan.update.id
    return [_lose(plan, winners, deletes.get(plan.update.external_id)) for plan in folded]


def _postponed(plan: UpdatePlan) -> UpdatePlan:
    paths = tuple(
        replace(path, mark=Mark.LATER, relies_on=()) if path.mark in _GOOD else path
        for path in plan.paths
    )
    return replace(plan, paths=paths)


def _lose(
    plan: UpdatePlan, winners: Mapping[tuple[str, str], int], delete: int | None
) -> UpdatePlan:
    paths = []
    for path in plan.paths:
        winner = delete or winners.get((plan.update.external_id, path.path), plan.update.id)
        is_lost = path.mark in _GOOD and winner != plan.update.id
        paths.append(superseded(path, winner) if is_lost else path)
    return replace(plan, paths=tuple(paths))


def _rejected(plan: UpdatePlan, verdict: Verdict) -> UpdatePlan:
    return whole(plan, Mark.REJECTED, verdict.code, verdict.message)


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


def _change(item: WriteItem, currency: str | None) -> Change:
    return Change(
        external_id=item.external_id,
        changes=item.changes,
        remote=item.remote,
        currency=currency,
        is_create=item.is_create,
    )


def _item(change: Change) -> WriteItem:
    return WriteItem(
        external_id=change.external_id,
        changes=change.changes,
        remote=change.remote,
        is_create=change.is_create,
    )
