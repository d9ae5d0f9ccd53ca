"""What one call did to a campaign's pricing, read from the answer. A bare 200 is the documented
yes; where several countries were in a call, a refusal may leave some of them changed."""

from __future__ import annotations

from typing import Final

from syncd.model.call import CallResult, Whole, WriteCall
from syncd.providers.calls import Hide
from syncd.providers.epom.answers import Told, clock_remedy, remedy, told
from syncd.providers.epom.rows import values
from syncd.providers.epom.writes import is_of_many
from syncd.providers.fields import RowError, identifier
from syncd.providers.outcomes import Said, applied, rejected, undecided, unjudged
from syncd.providers.transport import Answer

_WHOLE: Final = {
    401: Whole.UNAUTHORISED,
    413: Whole.TOO_LARGE,
    429: Whole.THROTTLED,
    **dict.fromkeys((405, 406, 410, 415), Whole.UNUSABLE),
}
# What the documents print as the sample of a yes, and how an empty answer is written in JSON.
_YES: Final = (b"", b"200 OK", b"OK", b'"200 OK"', b'"OK"', b"null")
_SILENT_400: Final = (
    "HTTP 400: wrong format, or campaign/country does not exist, or pricing is disabled"
)


def judge(call: WriteCall, answer: Answer, hide: Hide) -> CallResult:
    """The result of a call with one campaign, from an answer of any status."""
    found, status = told(answer, hide), answer.status
    if status == 200:
        return _of_200(call, answer, found, hide)
    whole = _WHOLE.get(status)
    if status == 404 and not found.is_no:  # not a documented answer: there is no such call here
        whole = Whole.UNUSABLE
    if whole is not None:
        way = clock_remedy(answer) if status == 401 else remedy(status)
        return unjudged(call.items, whole, found.said, status, remedy=way)
    if status == 403:
        return rejected(call.items, found.said, status, remedy=remedy(status))
    if not 400 <= status <= 499 or status == 408:
        return undecided(call.items, found.said, status)
    said = found.said
    if status == 400 and not found.has_words:
        said = Said(code=said.code, text=_SILENT_400)
    if is_of_many(call):
        text = f"{said.text}; some of the countries may have changed"
        return undecided(call.items, Said(code=said.code, text=text), status)
    return rejected(call.items, said, status, remedy=remedy(status, said.code))


def _of_200(call: WriteCall, answer: Answer, found: Told, hide: Hide) -> CallResult:
    if answer.body.strip() in _YES:
        return applied(call.items, 200)
    if found.is_no:
        way = remedy(200, found.said.code)
        return rejected(call.items, found.said, 200, remedy=way)
    if (flaw := _flaw(found)) is not None:
        return undecided(call.items, flaw, 200)
    if found.has_error:
        return rejected(call.items, found.said, 200)
    return _shown(call, found, hide)


def _flaw(found: Told) -> Said | None:
    """Why a 200 with a body says nothing, None where it does."""
    words = found.said.text
    if found.fields is None:
        return Said(code="bad-answer", text=f"the answer is not empty and no JSON object ({words})")
    if found.is_unclear:
        return Said(
            code="bad-answer", text=f"`success` in the answer is neither true nor false ({words})"
        )
    if found.has_error and found.is_yes:
        return Said(code="contradictory", text=f"the answer says both done and failed ({words})")
    return None


def _shown(call: WriteCall, found: Told, hide: Hide) -> CallResult:
    """A yes that shows the pricing says what was taken. What a DELETE shows may be what it
    ended."""
    (item,) = call.items
    try:
        shown = values(found.fields or {})
        owner = identifier((found.fields or {}).get("campaignId", item.external_id), "campaignId")
    except RowError as error:
        text = f"the answer shows no pricing that can be read: {hide(str(error))}"
        return undecided(call.items, Said(code="bad-answer", text=text), 200)
    if owner != item.external_id:
        text = f"the answer speaks of campaign {owner}"
        return undecided(call.items, Said(code="contradictory", text=text), 200)
    others = [
        f"{path} is {shown[path]}"
        for path, value in item.changes.items()
        if value is not None and shown.get(path, value) != value
    ]
    if not others:
        return applied(call.items, 200)
    text = f"the answer shows another value: {', '.join(others)}"
    return rejected(call.items, Said(code="not_taken", text=text), 200)
