"""What a simulator is started with: plain values, checked nowhere but where they are used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from syncd.simulator.rate import Rate


class Documented(Enum):
    """In the place of a value: whatever the provider's documents say."""

    DOCUMENTED = "documented"


DOCUMENTED = Documented.DOCUMENTED


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One simulator."""

    provider: str = "criteo"
    dialect: str = "documented"
    """`documented` speaks as the documents say, `current` as the published specification does."""
    port: int = 0
    """0 lets the system choose."""
    seed: int = 1
    campaigns: int = 250
    advertisers: int = 5
    client_id: str = "demo-client"
    client_secret: str = "demo-secret"
    token_ttl: int | None = None
    """Seconds that an access token lives; None is as the provider documents."""
    rate: Rate | Documented | None = DOCUMENTED
    """The limit of the group `default`; None is none."""
    entry_cap: int | None = None
    """A write with more entries is refused with 413; the contract names no cap."""
    advertiser_id_as: str = "number"
    """How reads spell advertiser ids: `number`, `string`, or `mixed` (either, by campaign)."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What only one provider knows, by name; each package says which it reads."""
    journal: Path | None = None
    """The file that arrivals are appended to."""

    def option(self, name: str, default: str) -> str:
        """One of the options, or its default where it is not given."""
        return self.options.get(name, default)


def of_each(providers: Sequence[str], settings: Settings) -> list[Settings]:
    """The same settings for each provider; of several, each has a port and a journal of its own.

    Raises ValueError where several are to share a port.
    """
    if len(providers) == 1:
        return [replace(settings, provider=providers[0])]
    if settings.port:
        raise ValueError("a port is for one provider, and several are to be served")
    return [
        replace(settings, provider=one, journal=_journal_of(one, settings.journal))
        for one in providers
    ]


def _journal_of(provider: str, journal: Path | None) -> Path | None:
    """`journal.jsonl` is `journal-icas.jsonl` for icas."""
    return None if journal is None else journal.with_stem(f"{journal.stem}-{provider}")
