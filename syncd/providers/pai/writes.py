"""Changes at PAI as requests, one campaign a call, and what the answer to a call says of it. Pure;
nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from syncd.errors import BadAnswer
from syncd.model.call import CallResult, Whole, WriteCall, WriteItem, WritePlan
from syncd.model.path import DELETED
from syncd.model.update import Outcome, Verdict
from syncd.providers.calls import Hide
from syncd.providers.fields import RowError, identifier, may_be_called
from syncd.providers.outcomes import Said, every, refused, rejected, undecided, unjudged
from syncd.providers.pai.answers import Meaning, Word, word
from syncd.providers.pai.rows import is_segment
from syncd.providers.redaction import LONGEST
from syncd.providers.transport import Answer
from syncd.providers.wire import parse

CREATE: Final = "POST campaigns"
UPDATE: Final = "PUT campaign"
DELETE: Final = "DELETE campaign"
_KEYS: Final = {"name": "Name", "note": "Remark"}

# What says nothing of the campaign in the call.
_WHOLE: Final = {
    Meaning.UNAUTHORISED: Whole.UNAUTHORISED,
    Meaning.FORBIDDEN: Whole.FORBIDDEN,
    Meaning.THROTTLED: Whole.THROTTLED,
    Meaning.UNUSABLE: Whole.UNUSABLE,
}


def plan(items: Sequence[WriteItem]) -> WritePlan:
    """One call a campaign, in the order given."""
    impossible = {item.external_id: verdict for item in items if (verdict := _refusal(item))}
    writable = [item for item in items if item.external_id not in impossible]
    if len({item.external_id for item in writable}) != len(writable):
        raise ValueError("a campaign stands in one plan twice")
    calls = tuple(WriteCall(operation=_operation(item), items=(item,)) for item in writable)
    return WritePlan(calls=calls, refused=impossible)


def body(item: WriteItem) -> bytes:
    """The request's bytes. An update carries what stays beside what changes, so that it means the
    same whether the provider keeps or clears what is left out; what is empty is left out."""
    if DELETED in item.changes:
        return b""
    given = {path: item.remote.get(path) or None for path in _KEYS} | dict(item.changes)
    found = {_KEYS[path]: value for path, value in given.items() if value is not None}
    return msgspec.json.encode(found)


def judge(item: WriteItem, answer: Answer, hide: Hide) -> CallResult:
    """What came of the one campaign in a call."""
    items = (item,)
    try:
        told = word(answer, "the answer", hide)
        if told.meaning is Meaning.YES:
            return _yes(item, told, answer.status, hide)
    except BadAnswer as error:
        said = Said(code=error.code, text=hide(error.message))
        return undecided(items, said, answer.status)
    if whole := _WHOLE.get(told.meaning):
        return unjudged(items, whole, told.said, answer.status, remedy=told.remedy)
    if told.meaning is Meaning.UNDECIDED:
        return undecided(items, told.said, answer.status)
    return rejected(items, told.said, answer.status, remedy=told.remedy)


def _yes(item: WriteItem, told: Word, status: int, hide: Hide) -> CallResult:
    """A yes to a delete stands alone; any other shows the campaign that it speaks of."""
    items, trace_id = (item,), told.said.trace_id
    if DELETED in item.changes:
        return every(items, Verdict(outcome=Outcome.APPLIED, trace_id=trace_id), status)
    shown = {} if told.data is None else parse(told.data, "Data")
    try:
        named = identifier(shown.get("Id"), "Data.Id")
    except RowError:
        text = "the answer says yes and names no campaign"
        return undecided(items, Said(code="not_mentioned", text=text, trace_id=trace_id), status)
    if not item.is_create and named != item.external_id:
        text = f"the answer says yes and speaks of campaign {hide(named)}"
        return undecided(items, Said(code="contradictory", text=text, trace_id=trace_id), status)
    if item.is_create and (why := _other_name(item, shown, hide)) is not None:
        text = f"the answer says yes and speaks of campaign {hide(named)}: {why}"[:LONGEST]
        return undecided(items, Said(code="contradictory", text=text, trace_id=trace_id), status)
    other = _other(item, shown, hide)
    if other is not None and not item.is_create:
        return rejected(items, Said(code="not_taken", text=other, trace_id=trace_id), status)
    # What was created under its name is there, whatever else it shows: after a no it would be
    # created twice. Under another name it is another campaign, whose answer went astray.
    verdict = Verdict(
        outcome=Outcome.APPLIED,
        trace_id=trace_id,
        created_id=named if item.is_create else None,
        warnings=() if other is None else (other,),
    )
    return every(items, verdict, status)


def _other_name(item: WriteItem, shown: Mapping[str, Any], hide: Hide) -> str | None:
    """Why an answer is about another campaign than the one that was to be made."""
    given, asked = shown.get(_KEYS["name"]), item.changes["name"] or ""
    if given is None or may_be_called(str(given), asked):
        return None
    return f"its name is {hide(str(given))!r}"


def _other(item: WriteItem, shown: Mapping[str, Any], hide: Hide) -> str | None:
    """A value in the answer that is not the one asked for. A null is an empty text; a field that is
    left out says nothing."""
    for path, wanted in item.changes.items():
        given = shown.get(_KEYS[path], wanted)
        given = "" if given is None else given
        if given != wanted:
            return f"{path}: the answer shows {hide(str(given))!r} instead"[:LONGEST]
    return None


def _operation(item: WriteItem) -> str:
    if item.is_create:
        return CREATE
    return DELETE if DELETED in item.changes else UPDATE


def _refusal(item: WriteItem) -> Verdict | None:
    if item.is_create:
        return _create_refusal(item)
    if not is_segment(item.external_id):
        return refused("bad_id", f'"{item.external_id}" cannot be the id of a campaign')
    if DELETED not in item.changes:
        return _value_refusal(item.changes) or _cleaned_refusal(item)
    if len(item.changes) > 1:
        return refused("not_alone", "a delete stands alone in its update")
    return None


def _create_refusal(item: WriteItem) -> Verdict | None:
    if "name" not in item.changes:
        return refused("bad_value", "a campaign needs a name")
    return _value_refusal(item.changes)


def _value_refusal(changes: Mapping[str, str | None]) -> Verdict | None:
    for path, value in changes.items():
        if path not in _KEYS:
            return refused("not_changeable", f"PAI takes no change of {path}")
        if value is None:
            return refused("bad_value", f"{path} cannot be null; an empty text clears a note")
        if path == "name" and not value.strip():
            return refused("bad_value", "a campaign needs a name")
    return None


def _cleaned_refusal(item: WriteItem) -> Verdict | None:
    """A name or remark that could not be kept as it is cannot be sent back as it is either."""
    for path, key in _KEYS.items():
        if path not in item.changes and item.remote.get(f"native.{path}_cleaned"):
            return refused(
                "unwritable",
                f"the {key} of this campaign has characters that cannot be sent back, and each"
                f" write carries it along: set {path} too",
            )
    return None
