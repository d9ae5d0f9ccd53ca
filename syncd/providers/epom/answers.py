"""What an answer of Epom says beyond its HTTP status. Its documents leave nearly every body blank:
nothing is expected but JSON where there are words, and what cannot be read says nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
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
from syncd.providers.transport import Answer
from syncd.providers.wire import NotStrict, parse_row

PERMISSION_DENIED: Final = "permission_denied"

_REMEDIES: Final = {
    401: "check what username and password under the account's `credentials` point to",
    403: "let the user have the right to this campaign's pricing; Epom's support grants what the"
    " network's own pages do not: support@epom.com",
    404: "check base_url: it is the network's host alone; where there is no list of campaigns, give"
    " `ids` in the account's scope",
}
_SKEW: Final = 60.0
_SHORT: Final = 200
# As one page of the provider prints a refusal: {"permission_denied":,"success":false}
_PRINTED = re.compile(r'"(?P<word>\w+)"\s*:\s*,')
_PRINTED_NO = re.compile(r'"success"\s*:\s*false')


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An answer's own word. `fields` is None where it is no JSON object; `is_yes` and `is_no` are
    its `success`, `is_unclear` one that is neither true nor false, `is_printed_no` such a word in
    what is almost JSON, `has_error` any error that it names."""

    said: Said
    fields: Mapping[str, Any] | None = None
    is_yes: bool = False
    is_no: bool = False
    is_unclear: bool = False
    is_printed_no: bool = False
    has_error: bool = False
    has_words: bool = False


def told(answer: Answer, hide: Hide) -> Told:
    """What an answer says."""
    try:
        found = parse_row(answer.body)
    except NotStrict:
        return _unreadable(answer, hide)
    if not isinstance(found, dict):
        return Told(said=_said(answer.status, None, [], hide))
    success = found.get("success")
    is_no = success is False
    code, words = _words(found, is_no=is_no)
    return Told(
        said=_said(answer.status, code, words, hide),
        fields=found,
        is_yes=success is True,
        is_no=is_no,
        is_unclear="success" in found and not isinstance(success, bool),
        has_error=bool(found.get("error") or found.get("errors")),
        has_words=bool(words),
    )


def remedy(status: int, code: str | None = None) -> str:
    """What a person can do about a refusal."""
    return _REMEDIES.get(403 if code == PERMISSION_DENIED else status, "")


def refusal(answer: Answer, operation: str, hide: Hide, seconds: float) -> ProviderError:
    """The error of a read that was not answered as it should be."""
    found, status = told(answer, hide), answer.status
    message, way = f"{operation}: {found.said.text}", remedy(status, found.said.code)
    if status == 429:
        way = "nothing to do: the next pass goes on when the provider lets it"
        return Throttled(message, retry_after=seconds, remedy=way)
    if status == 401:
        return AuthFailed(message, remedy=clock_remedy(answer), status=status)
    if status == 403 or found.said.code == PERMISSION_DENIED:
        return Forbidden(message, remedy=way, status=status)
    kind: type[ProviderError] = CallRefused
    if status >= 500:
        kind = ProviderDown
    elif status < 300 and not (found.is_no or found.is_printed_no):
        kind, message = BadAnswer, f"{message}, and not what was asked for"
    return kind(message, remedy=way, code=found.said.code, status=status)


def clock_remedy(answer: Answer) -> str:
    """What to do about a 401: a hash made by a wrong clock looks like a wrong password."""
    now = timing.wall_clock()
    skew = abs((now - (answer.date or now)).total_seconds())
    if skew < _SKEW:
        return _REMEDIES[401]
    return f"set this machine's clock: it is {skew:.0f} s away from the provider's"


def _unreadable(answer: Answer, hide: Hide) -> Told:
    shown = answer.body.decode("utf-8", "replace").strip()
    is_no = _PRINTED_NO.search(shown) is not None
    word = _PRINTED.search(shown) if is_no else None
    is_text = 0 < len(shown) <= _SHORT and not shown.startswith("<")
    return Told(
        said=_said(answer.status, word and word["word"], [shown] if is_text else [], hide),
        is_printed_no=is_no,
        has_words=is_text,
    )


def _words(found: Mapping[str, Any], *, is_no: bool) -> tuple[str | None, list[str]]:
    """A code, and texts for people; a refusal without `error` may be keyed by what it is about."""
    words = [found[key] for key in ("error", "message") if isinstance(found.get(key), str)]
    words = [word for word in words if word]
    if words or not is_no:
        return (words[0] if words and found.get("error") == words[0] else None), words
    pairs = [(key, value) for key, value in found.items() if key != "success"]
    if not pairs:
        return None, []
    key, value = pairs[0]
    code = value if isinstance(value, str) and value else key
    return code, [f"{key}: {value}" if isinstance(value, str) else key for key, value in pairs]


def _said(status: int, code: str | None, words: list[str], hide: Hide) -> Said:
    return Said(
        code=hide(code) if code else f"http-{status}",
        text=": ".join([f"HTTP {status}", *map(hide, words)])[:LONGEST],
    )
