"""What was agreed on in a saved plan, against what a push would send now: an update that differs
stays in the queue as a whole, and so does what would overtake it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from syncd.model.plan import Mark, PathPlan, UpdatePlan, whole

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
        agreed = update.agreed.get(path.path)
        if path.mark is Mark.SEND and (agreed is None or not agreed.issuperset(path.hit_digests)):
            return _drift(path, agreed)
    return None


def _drift(path: PathPlan, agreed: frozenset[str] | None) -> str:
    if agreed is None:
        return f"{path.path} was not to be sent by the saved plan, and now it would be"
    met = zip(path.hits, path.hit_digests, strict=True)
    rules = " and ".join(sorted({hit.code for hit, digest in met if digest not in agreed}))
    return f"{path.path} meets {rules} now, which is not what the saved plan says"
