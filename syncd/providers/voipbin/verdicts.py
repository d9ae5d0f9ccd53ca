"""What one call to VoIPBIN did to its campaign, read from the answer. A yes is the campaign itself,
with the values that were asked for; the empty campaign after a delete is a no. What was made shows
at least its own name and type: a campaign with others is another one."""

from __future__ import annotations

from typing import Final

from syncd.model.call import CallResult, Whole, WriteCall, WriteItem
from syncd.model.campaign import Campaign, Status
from syncd.model.path import DELETED
from syncd.model.update import Outcome, Verdict
from syncd.providers.calls import Hide
from syncd.providers.fields import RowError, may_be_called
from syncd.providers.outcomes import Said, applied, every, rejected, undecided, unjudged
from syncd.providers.redaction import LONGEST
from syncd.providers.transport import Answer
from syncd.providers.voipbin import rows
from syncd.providers.voipbin.answers import ASTRAY, REMEDIES, Told, told

_WHOLE: Final = {
    401: Whole.UNAUTHORISED,
    402: Whole.FORBIDDEN,
    413: Whole.TOO_LARGE,
    429: Whole.THROTTLED,
    **dict.fromkeys((405, 406, 410, 415), Whole.UNUSABLE),
}
_NO: Final = frozenset({400, 403, 404, 409, 422})  # to the campaign, where not to more than that
_TYPE: Final = "native.type"


def judge(call: WriteCall, answer: Answer, hide: Hide) -> CallResult:
    """The result of a call with one campaign, from an answer of any status."""
    (item,) = call.items
    status = answer.status
    if status == 200 or (status == 201 and item.is_create):
        return _yes(item, answer, hide)
    found = told(answer, hide)
    whole = _whole(item, status, found)
    if whole is not None:
        remedy = found.remedy or (REMEDIES[ASTRAY] if status == 404 else "")
        return unjudged(call.items, whole, found.said, status, remedy=remedy)
    if status in _NO:
        return rejected(call.items, found.said, status, remedy=found.remedy)
    return undecided(call.items, found.said, status)


def _whole(item: WriteItem, status: int, found: Told) -> Whole | None:
    """Why nothing was judged. 403 and 404 may speak of the one campaign or of all; without a word,
    of the one, because a read of it has just worked with the same address and key. A campaign that
    is to be made belongs to nobody else yet, and is not there to be missed: a 404 without a word is
    about the address."""
    match status:
        case 403 if item.is_create or found.reason not in {"PERMISSION_DENIED", ""}:
            return Whole.FORBIDDEN
        case 404 if found.reason == ASTRAY or (item.is_create and not found.reason):
            return Whole.UNUSABLE
        case _:
            return _WHOLE.get(status)


def _yes(item: WriteItem, answer: Answer, hide: Hide) -> CallResult:
    status = answer.status
    try:
        shown = rows.campaign(answer.body)
    except rows.NilRow:
        return _empty(item, status)
    except RowError as error:
        said = Said(code="bad-answer", text=f"the answer is no campaign: {hide(str(error))}")
        return undecided([item], said, status)
    if (why := _mismatch(item, shown)) is not None:
        return _contradiction(item, status, hide(why)[:LONGEST])
    others = [hide(one) for one in _others(item, shown)]
    if item.is_create:
        id_ = shown.external_id
        made = Verdict(outcome=Outcome.APPLIED, created_id=id_, warnings=tuple(others))
        return every([item], made, status)
    if others:
        text = f"the answer shows another value: {', '.join(others)}"[:LONGEST]
        return rejected([item], Said(code="not_taken", text=text), status)
    return applied([item], status)


def _mismatch(item: WriteItem, shown: Campaign) -> str | None:
    """Why an answer with a campaign says nothing of what was asked for."""
    if item.is_create:
        why = [] if may_be_called(shown.name, item.changes.get("name") or "") else ["name"]
        why += [_TYPE] if shown.values.get(_TYPE) not in (None, item.changes.get(_TYPE)) else []
        others = [f"{path} is {shown.values[path]}" for path in why]
        return f"it speaks of campaign {shown.external_id}: {', '.join(others)}" if why else None
    if shown.external_id != item.external_id:
        return f"it speaks of campaign {shown.external_id}"
    if "status" in item.changes and shown.status is Status.NONE:
        return "it shows no status that is known"
    return None


def _empty(item: WriteItem, status: int) -> CallResult:
    if DELETED not in item.changes:
        return _contradiction(item, status, "it is an empty campaign")
    text = "VoIPBIN answered with an empty campaign: it deletes only a campaign that is stopped"
    return rejected([item], Said(code="not_done", text=text), status)


def _contradiction(item: WriteItem, status: int, why: str) -> CallResult:
    said = Said(code="contradictory", text=f"the answer is HTTP {status}, but {why}")
    return undecided([item], said, status)


def _others(item: WriteItem, shown: Campaign) -> list[str]:
    """What the answer shows otherwise than it was asked for; what it leaves out is none of it."""
    values = {DELETED: None, **shown.values}
    return [
        f"{path} is {values[path]}"
        for path, value in item.changes.items()
        if path in values and values[path] != value
    ]
