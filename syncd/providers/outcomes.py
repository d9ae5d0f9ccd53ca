"""What a call did to its items where the provider says the same of all of them, or nothing: whole
refusals, sends that failed, single calls. Knows no provider's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from syncd.errors import (
    AuthFailed,
    Forbidden,
    LimitWait,
    NotSent,
    ProviderError,
    Stopped,
    Throttled,
)
from syncd.model.call import CallResult, Whole, WriteItem
from syncd.model.update import Outcome, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A provider's words about a failure."""

    code: str | None = None
    text: str = ""
    trace_id: str | None = None


def every(items: Sequence[WriteItem], verdict: Verdict, status: int | None = None) -> CallResult:
    """One verdict for all items; its message stands for the call too."""
    verdicts = {item.external_id: verdict for item in items}
    return CallResult(verdicts=verdicts, status=status, message=verdict.message)


def applied(
    items: Sequence[WriteItem], status: int, *, created_id: str | None = None
) -> CallResult:
    """The provider's own yes."""
    return every(items, Verdict(outcome=Outcome.APPLIED, created_id=created_id), status)


def rejected(
    items: Sequence[WriteItem], said: Said, status: int | None, *, remedy: str = ""
) -> CallResult:
    """The provider's own no about these items."""
    verdict = Verdict(
        outcome=Outcome.REJECTED, code=said.code, message=said.text, trace_id=said.trace_id
    )
    return replace(every(items, verdict, status), remedy=remedy)


def unjudged(
    items: Sequence[WriteItem],
    whole: Whole,
    said: Said,
    status: int | None = None,
    *,
    remedy: str = "",
) -> CallResult:
    """No item was looked at, all for one reason."""
    verdict = Verdict(
        outcome=Outcome.NOT_JUDGED, code=said.code, message=said.text, trace_id=said.trace_id
    )
    return replace(every(items, verdict, status), whole=whole, remedy=remedy)


def undecided(items: Sequence[WriteItem], said: Said, status: int | None = None) -> CallResult:
    """Nothing readable says what happened to any item: a read has to tell."""
    verdict = Verdict(
        outcome=Outcome.UNKNOWN, code=said.code, message=said.text, trace_id=said.trace_id
    )
    return every(items, verdict, status)


def failed(items: Sequence[WriteItem], error: ProviderError) -> CallResult:
    """The result when the send itself ended in an error."""
    said = Said(code=error.code, text=error.message, trace_id=error.trace_id)
    if isinstance(error, NotSent):
        return unjudged(items, Whole.NOT_SENT, said, remedy=error.remedy)
    return replace(undecided(items, said, error.status), remedy=error.remedy)


def held_back(items: Sequence[WriteItem], error: ProviderError) -> CallResult:
    """The key or the permit did not come, so nothing of this call left."""
    whole = Whole.NOT_SENT
    match error:
        case AuthFailed():
            whole = Whole.UNAUTHORISED
        case Forbidden():
            whole = Whole.FORBIDDEN
        case Throttled() | LimitWait():
            whole = Whole.THROTTLED
        case Stopped():
            whole = Whole.STOPPED
    said = Said(code=error.code, text=error.message, trace_id=error.trace_id)
    return unjudged(items, whole, said, remedy=error.remedy)


def refused(code: str, message: str) -> Verdict:
    """A change that our own rules do not send."""
    return Verdict(outcome=Outcome.REJECTED, code=code, message=message)
