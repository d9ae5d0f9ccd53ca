"""What was agreed on in a saved plan, against what a push would send now: an update that differs
stays in the queue as a whole, and so does what would overtake it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from syncd.model.figures import word
from syncd.model.plan import Mark, PathPlan, UpdatePlan, whole
from syncd.model.update import Pending, Terms

PLAN_CHANGED: Final = "plan_changed"
"""The code of what stays in the queue because it is no longer what a saved plan says."""


def drifted(plans: Sequence[UpdatePlan]) -> dict[int, str]:
    """Of the updates that would go out, those that are not what was agreed on any more, and why.
    Nothing overtakes what stays behind: sent later, that would overwrite it."""
    found: dict[int, str] = {}
    behind: dict[tuple[str, str], int] = {}
    for plan in plans:
        why = _drift_of(plan, behind) if plan.mark is Mark.SEND else None
        if why is not None:
            found[plan.update.id] = why
        if why is not None or plan.deciding.code == PLAN_CHANGED:
            behind.update(
                {(plan.update.external_id, path): plan.update.id for path in plan.update.patch}
            )
    return found


def without(plans: Sequence[UpdatePlan], reasons: Mapping[int, str]) -> list[UpdatePlan]:
    """The same plans, of which these updates stay in the queue."""
    return [
        whole(plan, Mark.LATER, PLAN_CHANGED, reasons[plan.update.id])
        if plan.update.id in reasons
        else plan
        for plan in plans
    ]


def _drift_of(plan: UpdatePlan, behind: Mapping[tuple[str, str], int]) -> str | None:
    update = plan.update
    if update.agreed is None:
        return None
    for path in plan.paths:
        before = behind.get((update.external_id, path.path))
        if before is not None:
            return f"update {before} of the same campaign comes before it and stays in the queue"
        why = _drift(path, update.agreed) if path.mark is Mark.SEND else None
        if why is not None:
            return why
    return _without_leave(update, update.agreed)


def _drift(path: PathPlan, terms: Terms) -> str | None:
    """In what a path that would go out differs from what the plan shows of it."""
    if path.path not in terms.hits:
        return f"{path.path} was not to be sent by the saved plan, and now it would be"
    met = zip(path.hits, path.hit_digests, strict=True)
    new = {hit.code for hit, digest in met if digest not in terms.hits[path.path]}
    if new:
        rules = " and ".join(sorted(new))
        return f"{path.path} meets {rules} now, which is not what the saved plan says"
    was, now = word(terms.remote[path.path]), word(path.remote)
    if path.remote != terms.remote[path.path]:
        return f"{path.path} is {now} at the provider now, and the saved plan shows {was}"
    return None


def _without_leave(update: Pending, terms: Terms) -> str | None:
    """What a plan holds goes out by it only if somebody let through what it shows of that, also
    where nothing holds it any more."""
    shown = frozenset[str]().union(*terms.hits.values())
    if not terms.is_held or shown & update.approved:
        return None
    return "the saved plan holds it; it is in the queue again, but not by an approval of that"
