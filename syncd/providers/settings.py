"""What an adapter is built from: one account's endpoint, scope, credentials and limits. Values
only; the composition root fills them from the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from syncd.limiter import Limits
from syncd.ports import Vault


class Observe(Protocol):
    """Receives what happened: an event's name and its figures, never a secret or a whole URL."""

    def __call__(self, event: str, /, **figures: object) -> None: ...


Credentials = Callable[[], Mapping[str, str]]
"""Asked whenever they are needed, so that a rotated secret is taken up without a restart."""

Scope = Mapping[str, tuple[str, ...]]
"""The account's `scope` by key; a single value stands alone in its tuple."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """`currency` is one for the account or one per part of its scope; `batch` the most campaigns in
    one write; timeouts in seconds. `limits` carries the account's patience too. `vault` keeps the
    credential of providers whose credential changes with its use."""

    provider: str
    base_url: str
    credentials: Credentials = field(repr=False)
    limits: Limits
    observe: Observe
    dialect: str = "documented"
    scope: Scope = field(default_factory=dict)
    vault: Vault | None = None
    allow_loopback: bool = False
    currency: str | Mapping[str, str] | None = None
    batch: int = 50
    request_timeout: float = 20.0
    read_timeout: float = 120.0
