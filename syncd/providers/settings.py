"""What an adapter is built from: one account's endpoint, scope, credentials and limits. Values
only; the composition root fills them from the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncd.limiter import Limits
from syncd.providers.auth import Credentials
from syncd.providers.transport import Observe


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """`currency` is one for the account or one per advertiser; `batch` the most campaigns in one
    write; timeouts in seconds. `limits` carries the account's patience too."""

    provider: str
    base_url: str
    credentials: Credentials = field(repr=False)
    limits: Limits
    observe: Observe
    allow_loopback: bool = False
    advertisers: tuple[str, ...] = ()
    currency: str | Mapping[str, str] | None = None
    batch: int = 50
    request_timeout: float = 20.0
    read_timeout: float = 120.0
