"""What can go wrong with a request on its way, as faults that a bench can be armed with, and what
an adapter may then say of a write and of a read. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from syncd.errors import AuthFailed, Forbidden, ProviderDown, ProviderError, Throttled

_UNKNOWN: Final = frozenset({"unknown"})
_MEGABYTES: Final = 8
_NO: Final = frozenset({"rejected", "invalid", "unusable", "unknown"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """One of them: `kind` and `params` arm it, at each of the stages `when`. `words` are what a
    write may be told as, `error` is what a read ends with. `hides_empty`: what is left of an empty
    answer is an empty answer."""

    name: str
    sentence: str
    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)
    when: tuple[str, ...] = ("before",)
    words: frozenset[str] = _UNKNOWN
    error: type[ProviderError] = ProviderError
    hides_empty: bool = False

    @property
    def for_writes(self) -> Mapping[str, Any]:
        """The parameters for an answer to a write, which may be far smaller and still too large."""
        return {**self.params, **({"megabytes": _MEGABYTES} if "megabytes" in self.params else {})}


def _status(number: int, words: frozenset[str], error: type[ProviderError], what: str) -> Trouble:
    """A bare status. A refusal comes before anything was done; after it nobody may say so."""
    return Trouble(
        name=str(number),
        sentence=f"HTTP {number}: {what}",
        kind="status",
        params={"status": number},
        when=("before", "after") if number >= 500 else ("before",),
        words=words,
        error=error,
    )


def _odd(
    kind: str,
    sentence: str,
    *,
    hides_empty: bool = False,
    stages: tuple[str, ...] = (),
    **params: Any,
) -> Trouble:
    """An answer that is none: nobody knows what was done."""
    return Trouble(
        name=kind.replace("_", "-"),
        sentence=f"{sentence}: whatever happened is not known",
        kind=kind,
        params=params,
        when=stages or ("before", "after"),
        hides_empty=hides_empty,
    )


TROUBLES: Final = (
    _status(400, _NO, ProviderError, "a refusal of what was asked"),
    _status(401, frozenset({"unauthorised"}), AuthFailed, "the credentials are not taken"),
    _status(403, frozenset({"forbidden", "rejected"}), Forbidden, "the right is missing"),
    _status(404, _NO, ProviderError, "there is no such address"),
    _status(413, frozenset({"too_large", "rejected"}), ProviderError, "the request is too large"),
    _status(429, frozenset({"throttled"}), Throttled, "too many requests, nothing was judged"),
    _status(500, _UNKNOWN, ProviderDown, "the provider failed, and may have done it"),
    _status(503, _UNKNOWN, ProviderDown, "the provider is not there, and may have done it"),
    _odd("html", "a page for people under HTTP 200"),
    _odd("empty", "an empty answer", hides_empty=True),
    _odd("malformed", "an answer that is no JSON"),
    _odd("duplicate_keys", "an answer that says a thing twice"),
    _odd("truncate", "an answer that breaks off", hides_empty=True),
    _odd("redirect", "a way to another address, which is not taken", location="/elsewhere"),
    _odd("gzip_bomb", "an answer that unpacks to far too much", megabytes=80),
    _odd("reset", "a connection that breaks", stages=("head", "before", "after")),
)
