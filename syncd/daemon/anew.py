"""What was held and is read again: each such update as a push would judge it now, beside why it is
held. Pure; approves nothing and puts nothing back into the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from syncd.model.plan import Mark, PathPlan, PushPlan, UpdatePlan

CLEARED: Final = "cleared"
"""The code of what no rule would hold any more."""
_WOULD: Final = {
    Mark.SEND: "it would be sent",
    Mark.LATER: "it would be sent",
    Mark.ALREADY_SET: "the value is already set",
}


def judged_anew(held: Sequence[UpdatePlan], now: PushPlan) -> dict[int, UpdatePlan]:
    """By its number each held update with the rules that it meets now. Held it stays, whatever a
    push would do. Of what a read of an unanswered call left to a person no rule can say that it may
    be sent again: all that can be told is that the provider shows all of it by now."""
    found = {plan.update.id: plan for plan in now.updates}
    return {
        one.update.id: _held(found[one.update.id])
        for one in held
        if one.update.id in found
        and (any(path.hits for path in one.paths) or found[one.update.id].mark is Mark.ALREADY_SET)
    }


def moved(held: Sequence[UpdatePlan], anew: Mapping[int, UpdatePlan]) -> dict[int, UpdatePlan]:
    """Of those judged anew the ones that meet other rules now, as they were held."""
    return {
        one.update.id: one
        for one in held
        if one.update.id in anew and _bound(one) != _bound(anew[one.update.id])
    }


def _bound(plan: UpdatePlan) -> dict[str, str]:
    """What an approval is bound to, by path."""
    return {path.path: path.digest for path in plan.paths if path.hits}


def _held(plan: UpdatePlan) -> UpdatePlan:
    if plan.mark is Mark.HELD:
        return plan
    would = _WOULD.get(plan.mark) or f"it would be {plan.mark.value}: {plan.deciding.message}"
    said = (
        f"nothing holds it any more: {would}; syncd updates retry {plan.update.id}, then a new plan"
    )
    return replace(plan, paths=tuple(_cleared(path, said) for path in plan.paths))


def _cleared(path: PathPlan, said: str) -> PathPlan:
    return replace(path, mark=Mark.HELD, code=CLEARED, message=said, superseded_by=None)
