"""One request and the answer it is about to get: the value that the server, the faults and a
provider's service pass to each other. It holds no behaviour of any of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from syncd.simulator.journal import Arrival


class Stage(StrEnum):
    """Where in an exchange something happens."""

    HEAD = "head"
    """The head was read, the body was not."""
    BEFORE = "before"
    """The body was read, nothing was judged or applied."""
    AFTER = "after"
    """Everything was applied, nothing was answered."""


class Cut(Exception):
    """The connection is to be reset now, without another byte."""


@dataclass(kw_only=True)
class Reply:
    """An answer before it is sent: a JSON value, or raw bytes in its place."""

    status: int
    value: Any = None
    raw: bytes | None = None
    readable: bool | None = None
    """Whether it is what the service means to say; None: where it is a JSON value. A service whose
    own answers are raw (an empty 200) says True; what a fault puts in their place stays None."""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    keep: int | None = None
    """Send the head for the whole body, then only so many bytes of it, then hang up."""
    drip: float | None = None
    """Seconds to wait before each byte of the body."""


@dataclass(kw_only=True)
class Exchange:
    """One request with what is known of it so far."""

    arrival: Arrival
    headers: Mapping[str, str]
    """Case-insensitive, with the real Authorization."""
    target: str = ""
    """Path and query exactly as they came; the arrival's path has its secrets masked."""
    body: bytes = b""
    reply: Reply | None = None
    unapplied: set[int] = field(default_factory=set)
    """Entries that a fault keeps from being applied although the service would."""
