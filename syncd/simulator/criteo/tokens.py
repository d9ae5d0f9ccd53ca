"""Access tokens of the simulated Criteo: several may live at once, each ends after its time. Tokens
that ended are still recognised, so that their arrivals count against the credential's limit."""

from dataclasses import dataclass
from random import Random
from time import monotonic_ns

from syncd.simulator.rate import SECOND_NS

TOKEN_TTL = 900
"""Seconds, as documented."""


@dataclass(kw_only=True)
class Token:
    """One access token that was handed out."""

    text: str
    client_id: str
    ends_ns: int

    @property
    def is_alive(self) -> bool:
        return monotonic_ns() < self.ends_ns


class Tokens:
    """Every token that was ever handed out, by its text."""

    def __init__(self, random: Random, ttl: int) -> None:
        self.ttl = ttl
        self._random = random
        self._made: dict[str, Token] = {}

    def make(self, client_id: str) -> Token:
        text = f"sim-{self._random.getrandbits(128):032x}"
        token = Token(text=text, client_id=client_id, ends_ns=monotonic_ns() + self.ttl * SECOND_NS)
        self._made[text] = token
        return token

    def known(self, authorization: str | None) -> Token | None:
        """The token of an Authorization header, alive or not; None for one never handed out."""
        scheme, _, text = (authorization or "").partition(" ")
        return self._made.get(text) if scheme.lower() == "bearer" else None

    def expire(self) -> int:
        """End every token now; returns how many were alive."""
        alive = [token for token in self._made.values() if token.is_alive]
        for token in alive:
            token.ends_ns = 0
        return len(alive)
