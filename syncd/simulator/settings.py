"""What a simulator is started with: plain values, checked nowhere but where they are used."""

from dataclasses import dataclass
from pathlib import Path

from syncd.simulator.rate import Rate, parse_rate

DEFAULT_RATE = parse_rate("250/60s")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One simulator."""

    provider: str = "criteo"
    port: int = 0
    """0 lets the system choose."""
    seed: int = 1
    campaigns: int = 250
    advertisers: int = 5
    client_id: str = "demo-client"
    client_secret: str = "demo-secret"
    token_ttl: int = 900
    """Seconds that an access token lives."""
    rate: Rate | None = DEFAULT_RATE
    entry_cap: int | None = None
    """A write with more entries is refused with 413; the contract names no cap."""
    advertiser_id_as: str = "number"
    """How reads spell advertiser ids: `number`, `string`, or `mixed` (either, by campaign)."""
    journal: Path | None = None
    """The file that arrivals are appended to."""
