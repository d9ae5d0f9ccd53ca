"""What the answer to a call means: for its items, for the updates in it, and for each path of them.
Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from syncd.errors import IntentRefused
from syncd.model.batch import Batch, Settled
from syncd.model.call import CallResult, Whole, WriteCall, WriteItem
from syncd.model.path import DELETED, is_told
from syncd.model.plan import Mark, UpdatePlan, Values
from syncd.model.update import Confirmation, Outcome, State, Verdict

NOT_TAKEN = "not_taken"
"""An adapter's code for a reply that shows another value than the one asked for."""

_STATE = {
    Outcome.APPLIED: State.APPLIED,
    Outcome.REJECTED: State.REJECTED,
    Outcome.NOT_JUDGED: State.QUEUED,
    Outcome.UNKNOWN: State.UNKNOWN,
}


def looked_up(verdict: Verdict, item: WriteItem, now: Values | None) -> Verdict:
    """The verdict on an item of which the reply showed another value, after a read. What that
    leaves out may stand there as it was asked for."""
    if now is None or not all(path == DELETED or is_told(path, now) for path in item.changes):
        is_open = verdict.code == NOT_TAKEN or DELETED in item.changes
        return replace(verdict, outcome=Outcome.UNKNOWN) if is_open else verdict
    taken = frozenset(path for path, value in item.changes.items() if now.get(path) == value)
    return _taken(verdict) if taken == item.changes.keys() else replace(verdict, taken=taken)


def _taken(verdict: Verdict) -> Verdict:
    """A no that a read has refuted."""
    warning = f"the reply said otherwise: {verdict.message}"
    return Verdict(outcome=Outcome.APPLIED, warnings=(warning,), trace_id=verdict.trace_id)


def judged_alone(result: CallResult) -> CallResult:
    """A refusal of a call with a single item judges that item."""
    if result.whole not in (Whole.INVALID, Whole.TOO_LARGE) or len(result.verdicts) > 1:
        return result
    verdicts = {
        external_id: replace(verdict, outcome=Outcome.REJECTED)
        for external_id, verdict in result.verdicts.items()
    }
    return replace(result, verdicts=verdicts, whole=None)


def halves(call: WriteCall) -> list[WriteCall]:
    """A call that was refused for what is in it, as two."""
    middle = len(call.items) // 2
    return [replace(call, items=call.items[:middle]), replace(call, items=call.items[middle:])]


def no_word(batch: Batch, message: str) -> CallResult:
    """Nobody knows what became of any item."""
    verdict = Verdict(outcome=Outcome.UNKNOWN, code="no-answer", message=message)
    return CallResult(verdicts=dict.fromkeys(batch.external_ids, verdict), message=message)


def undecided(result: CallResult, odd: Sequence[WriteItem], message: str) -> CallResult:
    """The same answer, of which nobody knows what it means for the odd items."""
    unknown = Verdict(outcome=Outcome.UNKNOWN, code="no-answer", message=message)
    open_ones = {item.external_id: unknown for item in odd}
    return replace(result, verdicts={**result.verdicts, **open_ones})


def nothing_sent(batch: Batch, refused: IntentRefused) -> CallResult:
    """The call never left: every item goes back to the queue."""
    verdict = Verdict(outcome=Outcome.NOT_JUDGED, code=refused.code, message=refused.message)
    return CallResult(
        verdicts=dict.fromkeys(batch.external_ids, verdict),
        whole=Whole.STOPPED,
        message=refused.message,
        remedy=refused.remedy,
    )


def settled(update: UpdatePlan, verdict: Verdict, settle: float | None) -> Settled:
    """What the call means for one update and each of its paths: the provider may have taken some of
    a write and not the rest, and so all that one of several updates asked for. Paths that wait for
    a later call go on after a yes; after a no they are not sent: who asked for both wanted no
    half."""
    sent = [path.path for path in update.paths if path.mark is Mark.SEND]
    if verdict.taken and verdict.taken.issuperset(sent):
        verdict = _taken(verdict)
    later = [path.path for path in update.paths if path.mark is Mark.LATER]
    state, results = _STATE[verdict.outcome], {}
    if verdict.outcome is not Outcome.NOT_JUDGED:
        word, taken = _word(verdict), _word(_taken(verdict))
        results = {path: taken if path in verdict.taken else word for path in sent}
    if later and verdict.outcome is Outcome.APPLIED:
        state = State.QUEUED
    if later and verdict.outcome is Outcome.REJECTED:
        results |= dict.fromkeys(later, _word(_NOT_REACHED))
    return Settled(
        update_id=update.update.id,
        state=state,
        verdict=verdict,
        results=results,
        confirmation=Confirmation.PENDING if verdict.is_pending else Confirmation.NONE,
        settle=settle,
    )


_NOT_REACHED = Verdict(
    outcome=Outcome.REJECTED,
    code="not_sent",
    message="another change of the same update was rejected before this one was sent",
)


def _word(verdict: Verdict) -> dict[str, object]:
    return {
        "outcome": verdict.outcome.value,
        "code": verdict.code,
        "message": verdict.message,
        "trace_id": verdict.trace_id,
        "warnings": list(verdict.warnings),
    }
