"""What a refusal of VoIPBIN says: its error envelope, or a bare status with nothing in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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
from syncd.providers.wire import parse

REMEDIES: Final = {
    "PERMISSION_DENIED": "let the user be an administrator or manager of the customer",
    "ACCOUNT_FROZEN": "the customer's account is frozen: ask VoIPBIN to lift that",
    "DIRECT_ACCESS_NOT_SUPPORTED": "log in as a user, or use an access key",
    "ROUTE_NOT_FOUND": "check base_url: it ends in /v1.0",
    "INVALID_ARGUMENT": (
        "VoIPBIN does not say what it means: check that outplan, outdial, queue and next campaign"
        " exist, belong to this customer, and that no other campaign has the outdial"
    ),
}
# VoIPBIN's own words for: no such campaign.
ABSENT: Final = frozenset({"CAMPAIGN_NOT_FOUND", "RESOURCE_NOT_FOUND"})
# The word of a server that was asked at a wrong address. The words of a 404 have no end: any other
# one speaks of what was asked for, or of what it names.
ASTRAY: Final = "ROUTE_NOT_FOUND"
# Words that may be about the one campaign that was asked for; older servers say nothing at all.
_OF_ONE: Final = {400: {"INVALID_ID", ""}, 403: {"PERMISSION_DENIED", ""}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A refusal's words; `reason` is empty where there was no envelope."""

    reason: str
    said: Said

    @property
    def remedy(self) -> str:
        return REMEDIES.get(self.reason, "")


def told(answer: Answer, hide: Hide) -> Told:
    """What a refusal says."""
    try:
        body = parse(answer.body, "the answer")
    except BadAnswer:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    fields = error if isinstance(error, dict) else {}

    def word(key: str) -> str:
        value = fields.get(key)
        return hide(value) if isinstance(value, str) else ""

    reason = word("reason")
    parts = [part for part in (reason, word("message")) if part]
    trace_id = word("request_id") or hide(answer.headers.get("x-request-id", ""))
    return Told(
        reason=reason,
        said=Said(
            code=reason or f"http-{answer.status}",
            text=": ".join([f"HTTP {answer.status}", *parts])[:LONGEST],
            trace_id=trace_id or None,
        ),
    )


def is_of_one(answer: Answer, hide: Hide) -> bool:
    """Whether a refusal of a single campaign may be about that campaign alone."""
    reason = told(answer, hide).reason
    if answer.status == 404:
        return reason != ASTRAY
    return reason in _OF_ONE.get(answer.status, ())


def refusal(answer: Answer, operation: str, hide: Hide, seconds: float) -> ProviderError:
    """The error of a read that was not answered with 200."""
    found, status = told(answer, hide), answer.status
    message, trace_id = f"{operation}: {found.said.text}", found.said.trace_id
    if status == 429:
        remedy = "nothing to do: the next pass goes on when the provider lets it"
        return Throttled(message, retry_after=seconds, remedy=remedy)
    if status == 401:
        remedy = "check what the account's `credentials` point to"
        return AuthFailed(message, remedy=remedy, status=status, trace_id=trace_id)
    if status in {402, 403}:
        remedy = found.remedy or REMEDIES["PERMISSION_DENIED"]
        return Forbidden(message, remedy=remedy, status=status, trace_id=trace_id)
    kind: type[ProviderError] = CallRefused
    if status < 300:
        kind = BadAnswer
    elif status >= 500:
        kind = ProviderDown
    remedy = found.remedy or (REMEDIES["ROUTE_NOT_FOUND"] if status == 404 else "")
    return kind(message, remedy=remedy, code=found.said.code, status=status, trace_id=trace_id)
