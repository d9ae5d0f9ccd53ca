"""What an answer of PAI says beyond its HTTP status: two envelopes, an error number inside HTTP
200, throttling under HTTP 400, names of errors that outweigh a status. Tolerant: of an error
nothing but JSON or XML is expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from syncd import timing
from syncd.errors import (
    AuthFailed,
    BadAnswer,
    CallRefused,
    Forbidden,
    ProviderDown,
    ProviderError,
    Throttled,
)
from syncd.providers.calls import Hide
from syncd.providers.outcomes import Said
from syncd.providers.redaction import LONGEST
from syncd.providers.throttle import freeze_seconds
from syncd.providers.transport import Answer
from syncd.providers.wire import parse, split_one


class Meaning(StrEnum):
    """What an answer comes to. `absent`: PAI's own word that there is no such campaign; `refused`:
    a no about what was asked for; `unusable`: nothing like it would be answered here; `undecided`:
    what was asked for may have happened or not."""

    YES = "yes"
    ABSENT = "absent"
    REFUSED = "refused"
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    THROTTLED = "throttled"
    UNUSABLE = "unusable"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """An answer's own word. `code` is in the terms of the error table (0: success); `data` are the
    exact bytes of the object in `Data`, None where none stands there."""

    meaning: Meaning
    code: int
    said: Said
    data: bytes | None = None

    @property
    def remedy(self) -> str:
        """What to do about it: what the provider recommends, by code, or what the name says."""
        match self.meaning:
            case Meaning.THROTTLED:
                return "nothing to do: the next pass goes on when the provider lets it"
            case Meaning.UNUSABLE:
                return "check base_url, which ends where /2022-01-12 or /api/v2 begins, and dialect"
            case Meaning.UNAUTHORISED if self.code != 401:
                return _UNSIGNED
            case Meaning.FORBIDDEN:
                return _REMEDIES[403]
            case _:
                return _REMEDIES.get(self.code, "")


_REMEDIES: Final = {
    400: "validate all required parameters and data formats",
    401: "check what the key under the account's `credentials` points to, and that it is valid",
    403: "verify that the account has permissions for campaign management in PAI",
    404: "confirm that the campaign exists: the next pull lists them all",
    500: "the next pass tries again; contact the provider's support if it stays",
    503: "wait: the next pass tries again",
}
_UNSIGNED: Final = (
    "check the access key under the account's `credentials`, this machine's clock, and dialect"
)

# Names of the gateway's errors that weigh more than the status they come with: an unknown access
# key is a 404, a bad signature a 400. A nonce that was used says that the same request came twice,
# and nothing of what the first one did.
_NAMED: Final = (
    (re.compile(r"throttling", re.IGNORECASE), Meaning.THROTTLED),
    (re.compile(r"signaturenonceused", re.IGNORECASE), Meaning.UNDECIDED),
    (
        re.compile(
            r"(incomplete|invalid|missing|unsupported)?(signature|authorization)"
            r"|(invalid|missing|inactive)?(accesskey|apikey|securitytoken)"
            r"|(invalid|illegal|missing|expired)?timestamp",
            re.IGNORECASE,
        ),
        Meaning.UNAUTHORISED,
    ),
    (re.compile(r"forbidden|nopermission|accessdenied", re.IGNORECASE), Meaning.FORBIDDEN),
    (
        re.compile(
            r"(invalid|unsupported)(action|api|version|product|domain|region|httpmethod)",
            re.IGNORECASE,
        ),
        Meaning.UNUSABLE,
    ),
)
_ABSENT: Final = re.compile(r"404|.*(campaign|not_?found|not_?exist)", re.IGNORECASE)
_FIGURE: Final = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_CODES: Final = {
    401: Meaning.UNAUTHORISED,
    403: Meaning.FORBIDDEN,
    408: Meaning.UNDECIDED,
    429: Meaning.THROTTLED,
    **dict.fromkeys((405, 406, 410, 415), Meaning.UNUSABLE),
    **dict.fromkeys(range(500, 600), Meaning.UNDECIDED),
}
_NAMES: Final = {"code": "Code", "message": "Message", "requestId": "RequestId"}
_XML = re.compile(r"<(Code|Message|RequestId)>([^<]*)</\1>")


def word(answer: Answer, what: str, hide: Hide) -> Word:
    """The answer's word. Raises BadAnswer, naming `what`, for a success that cannot be read."""
    if answer.status >= 300:
        fields = _fields(answer.body)
        meaning = _meaning(answer.status, fields)
        said = _said(fields, f"HTTP {answer.status}", hide)
        return Word(meaning=meaning, code=answer.status, said=said)
    fields, data = split_one(answer.body, "Data", what)
    number = _number(fields)
    if number is None and _name(fields) is None:
        raise BadAnswer(f"{what} has no ErrorCode", status=answer.status)
    code = answer.status if number is None else number
    said = _said(fields, f"ErrorCode {number}" if number else f"HTTP {answer.status}", hide)
    return Word(meaning=_meaning(code, fields), code=code, said=said, data=data)


def is_unauthorised(answer: Answer) -> bool:
    """The key was refused, under whatever status."""
    found = _word(answer)
    return found is not None and found.meaning is Meaning.UNAUTHORISED


def freeze(answer: Answer) -> float | None:
    """Seconds of silence that an answer asks for, wherever the throttling or the 503 stands."""
    found = _word(answer)
    if found is None:
        return None
    is_pause = found.code == 503 and "retry-after" in answer.headers
    if answer.status == 429 or found.meaning is Meaning.THROTTLED or is_pause:
        return freeze_seconds(answer, timing.wall_clock())
    return None


def refusal(answer: Answer, operation: str, hide: Hide, seconds: float) -> ProviderError:
    """The error of a read that was not answered with what was asked for. Raises BadAnswer for an
    answer that cannot be read."""
    found = word(answer, f"{operation}: the answer", hide)
    message = f"{operation}: {found.said.text}"
    if found.meaning is Meaning.THROTTLED:
        return Throttled(message, retry_after=seconds, remedy=found.remedy)
    kind: type[ProviderError] = CallRefused
    match found.meaning:
        case Meaning.UNAUTHORISED:
            kind = AuthFailed
        case Meaning.FORBIDDEN:
            kind = Forbidden
        case Meaning.UNDECIDED:
            kind = ProviderDown
    # Our own word is what the account's health goes by; the provider's stands in the message.
    code = None if kind in (AuthFailed, Forbidden) else found.said.code
    trace_id = found.said.trace_id
    return kind(message, remedy=found.remedy, code=code, status=answer.status, trace_id=trace_id)


def _word(answer: Answer) -> Word | None:
    try:
        return word(answer, "the answer", str)
    except BadAnswer:
        return None


def _meaning(code: int, fields: Mapping[str, Any]) -> Meaning:
    """By the error's name where that is known, else by its number. A number of no known kind is a
    no: each request is paid for, and the same one would be answered with the same."""
    number, name = _number(fields), _name(fields)
    if number == 0:
        return Meaning.YES if code == 0 else Meaning.UNDECIDED
    for pattern, meaning in _NAMED:
        if name is not None and pattern.match(name):
            return meaning
    if number == 429:
        return Meaning.THROTTLED
    if code == 404:
        is_told = number == 404 or (name is not None and _ABSENT.match(name))
        return Meaning.ABSENT if is_told else Meaning.UNUSABLE
    if 200 <= code <= 299 and number is None:
        return Meaning.UNDECIDED
    return _CODES.get(code, Meaning.REFUSED)


def _number(fields: Mapping[str, Any]) -> int | None:
    """The service's ErrorCode; a text of digits counts."""
    given = fields.get("ErrorCode")
    if isinstance(given, str) and _FIGURE.fullmatch(given):
        return int(given)
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def _name(fields: Mapping[str, Any]) -> str | None:
    """The gateway's Code, or an ErrorCode that is a name."""
    if given := fields.get("Code"):
        return given if isinstance(given, str) else str(given) if isinstance(given, int) else None
    given = fields.get("ErrorCode")
    return given if isinstance(given, str) and given and _number(fields) is None else None


def _fields(body: bytes) -> Mapping[str, Any]:
    """The fields of an error, whatever it is written in; lower-case names count too."""
    try:
        found = parse(body, "the answer")
    except BadAnswer:
        return dict(_XML.findall(body.decode("utf-8", "replace")))
    if not isinstance(found, dict):
        return {}
    return {_NAMES.get(key) or key: value for key, value in found.items()}


def _said(fields: Mapping[str, Any], lead: str, hide: Hide) -> Said:
    text = fields.get("Message", fields.get("ErrorMessage"))
    trace_id = fields.get("RequestId")
    words = hide(text) if isinstance(text, str) else ""
    name = _name(fields) or ""
    own = "" if _FIGURE.fullmatch(name) else hide(name)
    parts = [part for part in (own, words) if part]
    return Said(
        code=own or lead.lower().replace(" ", "-"),
        text=": ".join([lead, *parts])[:LONGEST],
        trace_id=hide(trace_id) if isinstance(trace_id, str) and trace_id else None,
    )
