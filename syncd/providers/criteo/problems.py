"""Criteo's own words about a failure: the entries of `errors` and `warnings`, and what an HTTP
status means. Tolerant: every field of an entry may be missing."""

from __future__ import annotations

import re
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
from syncd.providers.criteo.dialects import CURRENT
from syncd.providers.outcomes import Said
from syncd.providers.redaction import LONGEST
from syncd.providers.transport import Answer
from syncd.providers.wire import parse

REMEDIES: Final = {
    401: "check what client_id and client_secret under the account's `credentials` point to",
    403: "let the advertiser consent to the app again, with the right to read and manage campaigns",
    404: (
        'check base_url, which is the host alone, and dialect: "documented" asks below'
        ' /marketing-solutions, "current" below /2026-07/marketing-solutions'
    ),
    410: "the API version is retired: set another dialect, or move to a newer syncd",
    413: "lower the account's push.batch",
}

MISREAD: Final = (
    "Criteo does not read amounts as the account's dialect writes them: set the other dialect"
    ' ("documented" writes 100, "current" writes {"value": 100})'
)

# What the provider's documents say of a code beyond the title it comes with.
_HINTS: Final = {
    "spend-limit-does-not-exist": (
        "either the campaign is uncapped, or these credentials may not change its spend limit"
    ),
}
_AMOUNT: Final = b"spendLimitAmount"
_NOT_OF_THIS_TYPE = re.compile(
    rb"deseriali[sz]|convert(?:ed|ing)?\b|(?:must be|expected) (?:an? )?(?:number|object)",
    re.IGNORECASE,
)
# What the codes about an access token begin with, whatever type stands beside them.
_CREDENTIALS: Final = "authorization-"
_INSTANCE = re.compile(r"@data/(\d{1,9})(?:/.*)?", re.ASCII | re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem(Said):
    """One entry. `index` is the place in the request's `data` that it names, None without one;
    `dialect` the one that writes entries so, None where both may. `is_mute`: nothing in it
    can be read."""

    kind: str | None = None
    dialect: str | None = None
    index: int | None = None
    is_mute: bool = False

    @property
    def whole(self) -> Whole | None:
        """What an entry says of the caller, however many items it is told of; None where it speaks
        of the item."""
        if self.kind == "quota":
            return Whole.THROTTLED
        if self.kind == "authentication" or (self.code or "").startswith(_CREDENTIALS):
            return Whole.UNAUTHORISED
        return Whole.FORBIDDEN if self.kind == "authorization" else None

    @property
    def is_open(self) -> bool:
        """Whether the provider failed over the item: that is no answer to what was asked."""
        return self.kind == "availability"


def problems(given: Any, hide: Hide) -> list[Problem]:
    """The entries of an `errors` or `warnings` list; null and absent are none. Raises BadAnswer
    when something else stands there."""
    if given is None:
        return []
    if not isinstance(given, list):
        raise BadAnswer(f"errors or warnings is {type(given).__name__}, not a list")
    return [_problem(entry, hide) for entry in given]


def told(answer: Answer, hide: Hide) -> Problem:
    """The first problem that a refusal names, or what its status alone says."""
    try:
        body = parse(answer.body, "the answer")
        found = problems(body.get("errors"), hide) if isinstance(body, dict) else []
    except BadAnswer:
        found = []
    first = found[0] if found else Problem()
    text = f"HTTP {answer.status}" + (f": {first.text}" if first.text else "")
    code = first.code or f"http-{answer.status}"
    return Problem(kind=first.kind, code=code, text=text, trace_id=first.trace_id)


def is_misread(answer: Answer) -> bool:
    """Whether a refusal says in its own words that an amount is not of the type that it takes."""
    return _AMOUNT in answer.body and _NOT_OF_THIS_TYPE.search(answer.body) is not None


def refusal(answer: Answer, operation: str, hide: Hide, freeze: float) -> ProviderError:
    """The error for a read that was not answered with 200; `freeze` is how long a 429 lasts."""
    said, status = told(answer, hide), answer.status
    message = f"{operation}: {said.text}"
    if status == 429:
        remedy = "nothing to do: the next pass goes on when the provider lets it"
        return Throttled(message, retry_after=freeze, remedy=remedy)
    if status in {401, 403}:
        # Our own word is what the account's health goes by; the provider's stands beside it.
        named = f"{operation}: {said.code}: {said.text}" if said.code else message
        refused = AuthFailed if status == 401 else Forbidden
        remedy = REMEDIES.get(status, "")
        return refused(named, remedy=remedy, status=status, trace_id=said.trace_id)
    kind: type[ProviderError] = CallRefused
    if status < 300:
        kind = BadAnswer
    elif status >= 500:
        kind = ProviderDown
    remedy = REMEDIES.get(status, "")
    return kind(message, remedy=remedy, code=said.code, status=status, trace_id=said.trace_id)


def _problem(entry: Any, hide: Hide) -> Problem:
    if not isinstance(entry, dict):
        return Problem(text="an entry that cannot be read", is_mute=True)

    def word(key: str) -> str | None:
        value = entry.get(key)
        return hide(value) if isinstance(value, str) and value else None

    code = word("code")
    parts = [word("title"), word("detail"), _HINTS.get((code or "").rpartition("--")[2])]
    texts = [part for part in parts if part]
    found = _INSTANCE.fullmatch(word("instance") or "")
    return Problem(
        kind=word("type"),
        code=code,
        text=(
            ": ".join([*(text.rstrip(".") for text in texts[:-1]), *texts[-1:]])
            or code
            or "a problem without a text"
        )[:LONGEST],
        dialect=CURRENT if entry.get("traceId") else None,
        trace_id=word("traceId") or word("traceIdentifier"),
        index=int(found[1]) if found else None,
        is_mute=not (texts or code or word("type")),
    )
