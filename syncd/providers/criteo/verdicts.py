"""What one PATCH of many campaigns did to each of them, read from its answer. The provider's word
about an item decides that item; a missing, contradictory or unreadable word decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from syncd.errors import BadAnswer
from syncd.model.call import CallResult, Whole, WriteItem
from syncd.model.update import Outcome, Verdict
from syncd.providers.calls import Hide
from syncd.providers.criteo.problems import (
    MISREAD,
    REMEDIES,
    Problem,
    is_misread,
    problems,
    told,
)
from syncd.providers.outcomes import Said, rejected, undecided, unjudged
from syncd.providers.redaction import LONGEST
from syncd.providers.transport import Answer
from syncd.providers.wire import parse

_NEXT_PERIOD: Final = (
    "campaign--campaign-update-check--"
    "new-spend-limit-amount-will-take-place-at-the-next-period-start"
)

# Refused before any item was looked at. A status that is not here says nothing about the items.
WHOLE: Final = {
    401: Whole.UNAUTHORISED,
    403: Whole.FORBIDDEN,
    413: Whole.TOO_LARGE,
    429: Whole.THROTTLED,
    **dict.fromkeys((400, 409, 422), Whole.INVALID),
    **dict.fromkeys((404, 405, 410, 415), Whole.UNUSABLE),
}

# The same things told of items, the gravest first, by the status that usually says them.
_STATUS: Final = {Whole.UNAUTHORISED: 401, Whole.FORBIDDEN: 403, Whole.THROTTLED: 429}


def judge(items: Sequence[WriteItem], answer: Answer, hide: Hide) -> CallResult:
    """Every item's verdict from an answer of any status."""
    if answer.status == 200:
        try:
            return _judge_items(items, parse(answer.body, "the answer"), hide)
        except BadAnswer as error:
            said = Said(code=error.code, text=hide(error.message))
            return undecided(items, said, 200)
    return by_status(items, answer, hide)


def by_status(items: Sequence[WriteItem], answer: Answer, hide: Hide) -> CallResult:
    """What a status alone says of a call: that no item was judged, or nothing at all."""
    said = told(answer, hide)
    whole, remedy = WHOLE.get(answer.status), REMEDIES.get(answer.status, "")
    if answer.status == 400 and is_misread(answer):
        # Every amount is written in this one form, so that no part of the call would do better.
        whole, remedy = Whole.UNUSABLE, MISREAD
    if whole is not None:
        return unjudged(items, whole, said, answer.status, remedy=remedy)
    return undecided(items, said, answer.status)


def of_one(
    items: Sequence[WriteItem], errors: Sequence[Problem], said: Said, status: int
) -> CallResult:
    """The result where errors say all that is said of the one item."""
    match _outcome(errors):
        case Outcome.NOT_JUDGED:
            whole = next(one for one in _STATUS if one in {error.whole for error in errors})
            return unjudged(items, whole, said, status, remedy=REMEDIES.get(_STATUS[whole], ""))
        case Outcome.UNKNOWN:
            return undecided(items, said, status)
        case _:
            return rejected(items, said, status)


def is_pending(warnings: Sequence[Problem]) -> bool:
    """Whether one of these says that the value takes effect later."""
    return any(warning.code == _NEXT_PERIOD for warning in warnings)


def line(problem: Problem) -> str:
    """A problem in one line, its code included."""
    if problem.code is None:
        return problem.text
    return problem.text if problem.code in problem.text else f"{problem.code}: {problem.text}"


class _Word:
    """An answer's three lists, sorted by the item that they speak of."""

    def __init__(self, answer: Any, count: int, hide: Hide) -> None:
        if not isinstance(answer, dict) or "data" not in answer:
            raise BadAnswer("the answer is not an object with `data`")
        self.taken = Counter(_ids(answer["data"]))
        errors = _placed(problems(answer.get("errors"), hide), count)
        warnings = _placed(problems(answer.get("warnings"), hide), count)
        self.errors = [_of(errors, index) for index in range(count)]
        self.warnings = [_of(warnings, index) for index in range(count)]
        self.loose_errors = _loose(errors, count)
        self.loose_warnings = _loose(warnings, count)


def _judge_items(items: Sequence[WriteItem], answer: Any, hide: Hide) -> CallResult:
    word = _Word(answer, len(items), hide)
    ids = [item.external_id for item in items]
    verdicts = {id_: _verdict(word, id_, index) for index, id_ in enumerate(ids)}
    reasons = _reasons(word, verdicts)
    if all(one.outcome is Outcome.NOT_JUDGED for one in verdicts.values()):
        first, remedy = word.errors[0][0], REMEDIES.get(_STATUS[reasons[0]], "")
        result = unjudged(items, reasons[0], first, 200, remedy=remedy)
        return replace(result, verdicts=verdicts, partly=frozenset(reasons[1:]))
    foreign = len(word.taken.keys() - set(ids))
    notes = [
        *(f"error without an item: {line(error)}" for error in word.loose_errors),
        *(f"warning without an item: {line(warning)}" for warning in word.loose_warnings),
        *([f"{foreign} of the ids in the answer were not sent"] if foreign else []),
        *([f"not all items were judged: {', '.join(reasons)}"] if reasons else []),
    ]
    return CallResult(
        verdicts=verdicts,
        status=200,
        partly=frozenset(reasons),
        message="; ".join(notes)[:LONGEST] or None,
        remedy=REMEDIES.get(_STATUS[reasons[0]], "") if reasons else "",
    )


def _reasons(word: _Word, verdicts: Mapping[str, Verdict]) -> list[Whole]:
    """What the answer says of the caller: told of fifty items it is still one thing. An item that
    has a verdict of its own keeps it; a throttle counts even where no item is named."""
    told = {error.whole for error in word.loose_errors} & {Whole.THROTTLED}
    for errors, verdict in zip(word.errors, verdicts.values(), strict=True):
        if verdict.outcome is Outcome.NOT_JUDGED:
            told |= {error.whole for error in errors}
    return [one for one in _STATUS if one in told]


def _verdict(word: _Word, external_id: str, index: int) -> Verdict:
    errors, warnings = word.errors[index], word.warnings[index]
    times = word.taken[external_id]
    lines = tuple(line(warning) for warning in warnings)
    if times == 1 and not errors:
        pending = is_pending(warnings)
        return Verdict(outcome=Outcome.APPLIED, warnings=lines, is_pending=pending)
    if times:
        why = "; ".join(["the answer says both done and failed", *map(line, errors)])
        if not errors:
            why = f"the answer names this campaign {times} times"
        return _unknown("contradictory", why, errors, lines)
    if errors:
        first = next((error for error in errors if not error.whole), errors[0])
        return Verdict(
            outcome=_outcome(errors),
            code=first.code,
            message="; ".join(error.text for error in errors)[:LONGEST],
            trace_id=first.trace_id,
            warnings=lines,
        )
    why = "the answer does not mention this campaign"
    if word.loose_errors:
        why += "; it also says: " + "; ".join(map(line, word.loose_errors))
    return _unknown("not_mentioned", why, word.loose_errors, lines)


def _outcome(errors: Sequence[Problem]) -> Outcome:
    """What errors about one item come to: its own no, if there is one."""
    own = [error for error in errors if error.whole is None]
    if not own:
        return Outcome.NOT_JUDGED
    return Outcome.UNKNOWN if all(error.is_open for error in own) else Outcome.REJECTED


def _unknown(
    code: str, message: str, evidence: Sequence[Problem], warnings: tuple[str, ...]
) -> Verdict:
    trace_id = evidence[0].trace_id if evidence else None
    return Verdict(
        outcome=Outcome.UNKNOWN,
        code=code,
        message=message[:LONGEST],
        trace_id=trace_id,
        warnings=warnings,
    )


def _ids(given: Any) -> list[str]:
    """The ids in `data`; null is none."""
    if given is None:
        return []
    if not isinstance(given, list):
        raise BadAnswer(f"`data` is {type(given).__name__}, not a list")
    ids = [entry.get("id") if isinstance(entry, dict) else None for entry in given]
    if any(isinstance(id_, bool) or not isinstance(id_, (str, int)) for id_ in ids):
        raise BadAnswer("an entry of `data` has no id")
    return [str(id_) for id_ in ids]


def _placed(found: Sequence[Problem], count: int) -> list[Problem]:
    """Problems by the item that each speaks of: without a place, that is the only one there is. One
    that says nothing speaks of none."""
    if count > 1:
        return list(found)
    return [
        replace(one, index=0) if one.index is None and not one.is_mute else one for one in found
    ]


def _of(found: Sequence[Problem], index: int) -> list[Problem]:
    return [problem for problem in found if problem.index == index]


def _loose(found: Sequence[Problem], count: int) -> list[Problem]:
    return [problem for problem in found if problem.index is None or problem.index >= count]
