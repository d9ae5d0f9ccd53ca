"""ICAS's own words about a failure: an array with every problem of the one request, and what its
codes mean whatever the HTTP status is. Tolerant: an answer is known by its shape, not by its
type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from syncd.errors import (
    AuthFailed,
    BadAnswer,
    CallRefused,
    Forbidden,
    ProviderDown,
    ProviderError,
    Throttled,
)
from syncd.model.call import Whole
from syncd.providers.calls import Hide
from syncd.providers.icas.auth import AUTHORIZE
from syncd.providers.outcomes import Said
from syncd.providers.redaction import LONGEST
from syncd.providers.transport import Answer
from syncd.providers.wire import parse

INTERNAL: Final = 1000
NOT_IMPLEMENTED: Final = 1001
NOT_FOUND: Final = 1004
_DENIED: Final = 1003
_STALE: Final = 1007
_USER_GONE: Final = 1008
_NO_TOKEN: Final = 1009

# These speak of the account, whatever was asked; the first of them that an answer has counts.
ACCOUNT: Final = {
    _USER_GONE: Whole.UNAUTHORISED,
    _STALE: Whole.UNAUTHORISED,
    _NO_TOKEN: Whole.UNAUTHORISED,
    _DENIED: Whole.FORBIDDEN,
}
_BASE_URL: Final = "check base_url: it ends in /api/sellside"
_REMEDIES: Final = {
    NOT_IMPLEMENTED: "the provider does not offer this; it is not tried again",
    _DENIED: "the seller's user lacks a right; with it, " + AUTHORIZE,
    NOT_FOUND: "the campaign does not exist, or it is another seller's: the next pull lists all",
    1005: "the request was not understood: this needs a newer syncd",
    _STALE: AUTHORIZE,
    _USER_GONE: "the user behind the token is no longer valid; " + AUTHORIZE,
    _NO_TOKEN: "no token was understood; " + _BASE_URL,
    2019: "set a larger budget",
    2020: "set a larger daily budget",
    2024: "a vendorId is set once",
    2025: "another campaign of the seller has this vendorId, perhaps in other case; choose another",
    2027: "budgets of this seller are not for the API to change",
    2034: "this seller has its one campaign already",
    2035: "the field cannot be written: this needs a newer syncd",
    2037: "the field is not known: this needs a newer syncd",
    2039: "the seller has as many campaigns as the provider allows",
}
_STATUS_REMEDIES: Final = {
    401: AUTHORIZE,
    403: _REMEDIES[_DENIED],
    404: _BASE_URL,
    406: "the provider speaks version 5 no longer: this needs a newer syncd",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What an answer says. `codes` are those of its error array, empty where it has none that can
    be read; `remedy` is what to do about it."""

    codes: tuple[int, ...]
    said: Said
    remedy: str

    @property
    def account(self) -> int | None:
        """The code that speaks of the account, None where none does."""
        return next((code for code in ACCOUNT if code in self.codes), None)


def word(answer: Answer, hide: Hide) -> Word:
    """The words of an answer that is no success."""
    entries = _entries(answer.body)
    found = [(_code(entry), _text(entry, hide)) for entry in entries]
    codes = tuple(code for code, _ in found if code is not None)
    lead = f"HTTP {answer.status}"
    text = ": ".join([lead, *filter(None, ["; ".join(text for _, text in found)])])
    if answer.status == 403:
        text += _scopes(answer, hide)
    main = next((code for code in (*ACCOUNT, *codes) if code in codes), None)
    remedy = _STATUS_REMEDIES.get(answer.status, "") if main is None else _REMEDIES.get(main, "")
    code = f"http-{answer.status}" if main is None else str(main)
    return Word(codes=codes, said=Said(code=code, text=text[:LONGEST]), remedy=remedy)


def is_unauthorised(answer: Answer) -> bool:
    """The token was refused, and a new one may do better."""
    if not 400 <= answer.status <= 499:
        return False
    codes = word(answer, str).codes
    if _USER_GONE in codes:
        return False
    return answer.status == 401 or _STALE in codes or _NO_TOKEN in codes


def is_absent(answer: Answer) -> bool:
    """The provider's own word that this seller has no such campaign; another 404 is a wrong
    address."""
    return answer.status == 404 and NOT_FOUND in word(answer, str).codes


def refusal(answer: Answer, operation: str, hide: Hide, seconds: float) -> ProviderError:
    """The error of a read that was not answered as it should be."""
    told, status = word(answer, hide), answer.status
    message = f"{operation}: {told.said.text}"
    if status == 429:
        remedy = "nothing to do: the next pass goes on when the provider lets it"
        return Throttled(message, retry_after=seconds, remedy=remedy)
    whole = ACCOUNT.get(told.account or 0)
    if status == 401 or (whole is Whole.UNAUTHORISED and status < 500):
        return AuthFailed(message, remedy=told.remedy, status=status)
    if status == 403 or (whole is Whole.FORBIDDEN and status < 500):
        return Forbidden(message, remedy=told.remedy, status=status)
    kind: type[ProviderError] = CallRefused
    if status < 300:
        kind = BadAnswer
    elif status >= 500 and set(told.codes) != {NOT_IMPLEMENTED}:
        kind = ProviderDown
    return kind(message, remedy=told.remedy, code=told.said.code, status=status)


def _entries(body: bytes) -> list[Any]:
    """The entries of an error array; one alone, and a bare text, count as one."""
    try:
        found = parse(body, "the answer")
    except BadAnswer:
        return []
    if isinstance(found, list):
        return found
    return [found] if found and isinstance(found, (str, dict)) else []


def _code(entry: Any) -> int | None:
    code = entry.get("code") if isinstance(entry, dict) else None
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) < 10:
        code = int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _text(entry: Any, hide: Hide) -> str:
    if isinstance(entry, str):
        return hide(entry)
    if not isinstance(entry, dict):
        return "a problem that cannot be read"
    code = _code(entry)
    texts = [entry.get("msg"), entry.get("text")]
    said = next((hide(text) for text in texts if isinstance(text, str) and text), "")
    place = [entry.get("field"), entry.get("arg")]
    where = ", ".join(hide(str(one)) for one in place if one not in (None, ""))
    parts = ["" if code is None else str(code), said, f"({where})" if where else ""]
    return " ".join(part for part in parts if part) or "a problem without a text"


def _scopes(answer: Answer, hide: Hide) -> str:
    """The scopes that the token has and the right that was needed, where the answer tells."""
    names = {"oauth-scope": "the token has", "oauth-scope-required": "this call needs"}
    told = [
        f"{lead} {hide(answer.headers[name])}"
        for name, lead in names.items()
        if answer.headers.get(name)
    ]
    return f" ({'; '.join(told)})" if told else ""
