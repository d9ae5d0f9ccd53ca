"""The error codes of ICAS that campaign calls can answer with, and the array that tells them. It
knows nothing of when they are due."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CODES: Mapping[int, tuple[int, str, str]] = {
    1000: (500, "internal error", "The server encountered an error"),
    1001: (500, "not implemented", "This is not implemented"),
    1003: (403, "access denied", "The user or the token may not do this"),
    1004: (404, "not found", "The entity was not found"),
    1005: (400, "invalid json", "The body is not valid JSON"),
    1007: (401, "invalid token", "The access token is invalid or has expired"),
    1008: (401, "invalid user", "The user behind the access token is invalid"),
    1009: (401, "missing token", "Authorization header is missing or in the wrong format"),
    2000: (400, "missing", "The field '{field}' is missing."),
    2001: (400, "invalid", "The value of the field '{field}' is invalid."),
    2002: (400, "out of range", "The field '{field}' must be within its limit {arg}."),
    2003: (400, "not equal", "The field '{field}' must be equal to {arg}."),
    2004: (400, "too short", "The field '{field}' must have at least {arg} characters."),
    2005: (400, "too long", "The field '{field}' must not be longer than {arg} characters."),
    2019: (400, "insufficient budget", "The budget of the seller is insufficient."),
    2020: (400, "insufficient daily budget", "The daily budget of the seller is insufficient."),
    2024: (400, "change not allowed", "The field '{field}' cannot be changed once it is set."),
    2025: (400, "duplicate", "There is a campaign with this {field} already."),
    2027: (400, "cannot change budget", "The budget of this seller cannot be changed."),
    2034: (
        400,
        "campaign already exists",
        "Campaign can only be created once for the same user",
    ),
    2035: (400, "not writable", "The field '{field}' cannot be written."),
    2037: (400, "unknown field", "There is no field '{field}'."),
    2039: (400, "too many campaigns", "The maximum of {arg} campaigns is reached."),
    2040: (400, "status change not allowed", "The status cannot be changed to {arg}."),
}
"""Code to HTTP status, text and sentence."""


@dataclass(frozen=True)
class Problem:
    """One entry of an error array."""

    code: int
    field: str | None = None
    arg: str | int | None = None

    @property
    def status(self) -> int:
        return CODES[self.code][0]

    def entry(self) -> dict[str, Any]:
        """As the API writes it: field and arg only where there are any."""
        _, text, sentence = CODES[self.code]
        named = {"field": self.field, "arg": self.arg}
        shown: dict[str, Any] = {"code": self.code, "text": text}
        shown |= {name: value for name, value in named.items() if value is not None}
        return shown | {"msg": sentence.format(**named)}


class Refusal(Exception):
    """A call that is refused, for one reason or several."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(", ".join(str(problem.code) for problem in problems))
        self.problems = problems

    @property
    def status(self) -> int:
        return self.problems[0].status


class NotAcceptable(Exception):
    """A call whose media types are not those of its operation; answered with 406 and this text."""


def refused(code: int, field: str | None = None, arg: str | int | None = None) -> Refusal:
    """A refusal for one reason."""
    return Refusal(Problem(code, field, arg))
