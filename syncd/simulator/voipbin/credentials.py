"""Who may call the simulated VoIPBIN: passwords, tokens of seven days and one access key, and where
in a request they may stand. It knows nothing of campaigns."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from random import Random
from urllib.parse import parse_qs

from syncd.simulator.settings import Settings
from syncd.simulator.voipbin.answers import Refusal
from syncd.simulator.voipbin.times import SECOND_US, Clock, spelt

LIFE_S = 7 * 24 * 3600
_HEADER = {"alg": "HS256", "typ": "JWT"}


class Credentials:
    """The credentials of one customer."""

    def __init__(self, settings: Settings, clock: Clock, random: Random) -> None:
        self.username = settings.option("username", "demo@example.com")
        self.password = settings.option("password", "demo-password")
        self.access_key = settings.option("access_key", "vb_demoAccessKey0000000000000000")
        self.has_access_key = True
        """Whether the access key is valid; an admin act may take it back."""
        seconds = LIFE_S if settings.token_ttl is None else settings.token_ttl
        self._life_us = seconds * SECOND_US
        self._clock = clock
        self._random = random
        self._ends: dict[str, int] = {}

    def log_in(self, username: object, password: object) -> str | None:
        """A new token, None for wrong credentials."""
        if (username, password) != (self.username, self.password):
            return None
        ends = self._clock.now() + self._life_us
        claims = {"agent": {"username": self.username}, "expire": spelt(ends, "documented")}
        signature = self._random.randbytes(32)
        token = ".".join((_packed(_HEADER), _packed(claims), _text(signature)))
        self._ends[token] = ends
        return token

    def check(self, query: str, headers: Mapping[str, str]) -> None:
        """Raise a Refusal unless a living credential stands where one may stand.

        A token stands in the query or in a bearer header, an access key only in the query; a token
        that is there counts, whatever key stands beside it.
        """
        asked = parse_qs(query, keep_blank_values=True)
        token = asked["token"][0] if "token" in asked else _bearer(headers)
        if token is not None:
            is_known = self._ends.get(token, 0) > self._clock.now()
        elif "accesskey" in asked:
            is_known = self.has_access_key and asked["accesskey"][0] == self.access_key
        else:
            raise Refusal("AUTHENTICATION_REQUIRED")
        if not is_known:
            raise Refusal("INVALID_CREDENTIALS")

    def is_ours(self, query: str, headers: Mapping[str, str]) -> bool:
        """Whether a request carries a credential of this customer, living or not: whose limit it
        counts in."""
        asked = parse_qs(query, keep_blank_values=True)
        token = asked["token"][0] if "token" in asked else _bearer(headers)
        return token in self._ends or self.access_key in asked.get("accesskey", ())

    def expire(self) -> int:
        """End all tokens now; returns how many were alive."""
        now = self._clock.now()
        alive = sum(ends > now for ends in self._ends.values())
        self._ends = dict.fromkeys(self._ends, now)
        return alive

    def masked(self, text: str) -> str:
        """A text for the journal, without the secrets that are known here."""
        for secret in (self.password, self.access_key, *self._ends):
            text = text.replace(secret, "***")
        return text


def _bearer(headers: Mapping[str, str]) -> str | None:
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def _packed(claims: Mapping[str, object]) -> str:
    return _text(json.dumps(claims, separators=(",", ":")).encode())


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
