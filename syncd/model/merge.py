"""One queued update against what the provider shows: three ways by path, with the policy for third
values and the rules that the change meets by itself. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from syncd.model.figures import word
from syncd.model.guard import Change, Hit, Recent, Rules, Way
from syncd.model.item_rules import item_hits
from syncd.model.path import DELETED, VERSION, is_told
from syncd.model.plan import Found, Mark, PathPlan, UpdatePlan, Values, blank, superseded, whole
from syncd.model.update import Pending, Policy

NOT_TOLD: Final = "not shown"
"""What stands for the value of a path that a read leaves out."""
Refusal = Callable[[Change], Hit | None]
"""What the adapter says of a change by itself: why it cannot be written, or None."""


def merge(
    update: Pending, remote: Values | None, refusal: Refusal, rules: Rules, recent: Recent
) -> UpdatePlan:
    """This update alone. `remote` None: the provider does not show the campaign; one that it says
    is gone shows `deleted` alone. What is met on one path decides the whole update."""
    if update.is_create:
        paths = [
            replace(blank(update, path, None, Mark.SEND), found=Found.CREATE)
            for path in sorted(update.patch)
        ]
    elif remote is None or (remote.get(DELETED) and not _may_have_ended(update)):
        return _without_remote(update, is_gone=remote is not None)
    else:
        paths = [_merge_path(update, path, remote) for path in sorted(update.patch)]
    version = None if remote is None else remote.get(VERSION)
    plan = UpdatePlan(update=update, paths=tuple(paths), version=version)
    change = change_of(plan, remote or {})
    if not change.changes:
        return plan
    judged = guarded(plan, item_hits(rules, change, recent))
    if judged.mark is Mark.HELD and any(path.hits for path in plan.paths):
        return judged  # whether it could be written is a question to what stands there now
    why = refusal(change)
    return judged if why is None else whole(plan, Mark.REJECTED, why.code, why.message)


def _may_have_ended(update: Pending) -> bool:
    """Whether a campaign that is gone may be what this update asks for: what nobody ever saw alive
    proves nothing, its number may be a mistake."""
    return DELETED in update.patch and update.is_known


def change_of(plan: UpdatePlan, remote: Values) -> Change:
    """What this update would send by itself; what conflicts counts as sent, so that a person who
    lets it through sees every rule at once."""
    return Change(
        external_id=plan.update.external_id,
        changes={path.path: path.desired for path in plan.paths if path.mark is Mark.SEND},
        remote=remote,
        currency=plan.update.currency,
        is_create=plan.update.is_create,
    )


def guarded(plan: UpdatePlan, hits: Mapping[str, Iterable[Hit]]) -> UpdatePlan:
    """The plan with these hits besides those that it has: held as a whole, unless each of them
    has been approved just so."""
    judged = tuple(
        _approved(path.meeting(plan.update.id, hits.get(path.path, ())), plan.update.approved)
        if path.mark is Mark.SEND
        else path
        for path in plan.paths
    )
    plan = replace(plan, paths=judged)
    held = next((path for path in judged if _stops(path)), None)
    if held is None:
        return plan
    return whole(plan, Mark.HELD, held.hits[0].code, _sentence(judged))


def _stops(path: PathPlan) -> bool:
    return path.mark is Mark.SEND and bool(path.hits) and not path.relies_on


def _approved(path: PathPlan, approved: frozenset[str]) -> PathPlan:
    may_be = all(hit.way is Way.APPROVE for hit in path.hits)
    is_let = may_be and approved.issuperset(path.hit_digests)
    return replace(path, relies_on=path.hit_digests if is_let else ())


def _sentence(paths: Iterable[PathPlan]) -> str:
    """Everything that holds the update, each once, the reason that it is filed under first."""
    said = [hit.message for path in paths if _stops(path) for hit in path.hits]
    return "; ".join(dict.fromkeys(said))


def _merge_path(update: Pending, path: str, remote: Values) -> PathPlan:
    """What is found of a path, and what comes of it by itself. What was held while a later update
    went out comes too late; what a read leaves out wins over nothing."""
    desired, now = update.patch[path], remote.get(path)
    found = _find(update, path, remote)
    is_ours, is_theirs = update.policy is Policy.OURS, update.policy is Policy.THEIRS
    if found is Found.OVERTAKEN:
        plan = superseded(blank(update, path, now, Mark.SUPERSEDED), update.overtaken[path])
    elif found is Found.ALREADY_SET:
        plan = blank(update, path, now, Mark.ALREADY_SET)
    elif found not in (Found.THIRD_VALUE, Found.UNTOLD, Found.UNSEEN) or is_ours:
        plan = blank(update, path, now, Mark.SEND)
    elif found is Found.THIRD_VALUE and is_theirs:
        plan = blank(update, path, now, Mark.SUPERSEDED, _remote_wins(path, desired, now))
    else:
        is_unseen = found is Found.UNSEEN
        hit = _base_unknown(path, desired, now) if is_unseen else _conflict(update, path, remote)
        plan = blank(update, path, now, Mark.SEND).meeting(update.id, [hit])
    return replace(plan, found=found)


def _find(update: Pending, path: str, remote: Values) -> Found:
    """Three ways: reference, desired, remote. Only a third value at the provider is a surprise: one
    that neither the requester saw nor we put there, nor stands there until ours takes effect."""
    desired, now = update.patch[path], remote.get(path)
    if path in update.overtaken:
        return Found.OVERTAKEN
    if now == desired and path not in update.awaited and is_told(path, remote):
        return Found.ALREADY_SET
    if path == DELETED:
        return Found.PRESENT
    if update.reference is None or path not in update.reference:
        return Found.UNSEEN
    reference = update.reference[path]
    known = {Found.AS_SEEN: reference, Found.OURS: update.ours.get(path, reference)}
    if path in update.awaited:
        known[Found.AWAITED] = update.awaited[path]
    other = Found.THIRD_VALUE if is_told(path, remote) else Found.UNTOLD
    return next((found for found, value in known.items() if value == now), other)


def _conflict(update: Pending, path: str, remote: Values) -> Hit:
    reference = word(None if update.reference is None else update.reference.get(path))
    desired, shown = word(update.patch[path]), word(remote.get(path))
    message = (
        f"{path} moved at the provider: it was {reference} when {desired} was asked for,"
        f" now it is {shown}"
    )
    if not is_told(path, remote):
        shown = NOT_TOLD
        message = (
            f"{path} was {reference} when {desired} was asked for, and what it is now is not"
            " shown by the provider"
        )
    return Hit(
        code="conflict",
        message=message,
        figures={"reference": reference, "remote": shown, "desired": desired},
        binds=shown,
    )


def _base_unknown(path: str, desired: str | None, now: str | None) -> Hit:
    return Hit(
        code="base_unknown",
        message=f"{path} is {word(now)} at the provider, and nobody saw that when {word(desired)}"
        " was asked for",
        figures={"remote": word(now), "desired": word(desired)},
        binds=word(now),
    )


def _remote_wins(path: str, desired: str | None, now: str | None) -> Hit:
    return Hit(
        code="remote_wins",
        message=f"{path} is {word(now)} at the provider since; by the policy of this update that"
        f" stays, and {word(desired)} is not sent",
    )


def _without_remote(update: Pending, *, is_gone: bool) -> UpdatePlan:
    """The provider does not show this campaign, or says itself that it is gone."""
    mark = Mark.REJECTED
    if is_gone and update.is_known:
        code, said = "gone", f"campaign {update.external_id} is deleted at the provider"
    elif not update.is_known:
        code = "no_such_campaign"
        said = f"the provider shows no campaign {update.external_id} in this account"
    else:
        mark, code = Mark.HELD, "out_of_view"
        said = f"the provider no longer shows campaign {update.external_id} to this account"
    hit = Hit(code=code, message=said, way=Way.RETRY)
    paths = tuple(
        replace(blank(update, path, None, mark, hit), found=Found.NOT_SHOWN)
        for path in sorted(update.patch)
    )
    if mark is Mark.HELD:
        paths = tuple(path.meeting(update.id, [hit]) for path in paths)
    return UpdatePlan(update=update, paths=paths)
