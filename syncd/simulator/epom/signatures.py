"""Who calls the simulated Epom: a username, a time, and a hash of the password's digest and that
time, made afresh for every call. It knows nothing of what is asked for."""

from dataclasses import dataclass
from hashlib import md5
from hmac import compare_digest

from syncd.simulator.epom.options import Options
from syncd.simulator.epom.refusal import Refusal
from syncd.simulator.epom.request import Request
from syncd.simulator.epom.world import Clock

LIFE_MS = 300_000
"""How far a timestamp may be from the server's clock, either way."""
NAMES = ("username", "timestamp", "hash")


def hash_of(password: str, timestamp: str) -> str:
    """What a caller proves its password with, at one millisecond."""
    inner = md5(password.encode(), usedforsecurity=False).hexdigest()
    return md5((inner + timestamp).encode(), usedforsecurity=False).hexdigest()


@dataclass
class Signatures:
    """Every hash that was ever seen, and the judgement of the next."""

    options: Options
    clock: Clock

    def __post_init__(self) -> None:
        self._first: dict[tuple[str, str], int] = {}
        self.reused: list[int] = []
        """The arrivals that brought a hash and a time for another time."""

    def note(self, request: Request, seq: int) -> int | None:
        """Remember the hash of an arrival; returns the arrival that brought it first, if one
        did."""
        seen = (request.only("hash"), request.only("timestamp"))
        if seen[0] is None or seen[1] is None:
            return None
        first = self._first.setdefault((seen[0], seen[1]), seq)
        if first == seq:
            return None
        self.reused.append(seq)
        return first

    def check(self, request: Request, seq: int) -> None:
        """Raise a Refusal with 401 unless the call is signed by the account, now."""
        username, timestamp, given = (request.only(name) for name in NAMES)
        if username is None or timestamp is None or given is None:
            raise _unauthorized("credentials_missing")
        if username != self.options.username:
            raise _unauthorized("unknown_user")
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 20):
            raise _unauthorized("timestamp_invalid")
        right = hash_of(self.options.password, timestamp)
        if not compare_digest(right.encode(), given.encode()):
            raise _unauthorized("hash_invalid")
        if abs(self.clock.now_ms() - int(timestamp)) > LIFE_MS:
            raise _unauthorized("timestamp_expired")
        if seq in self.reused and self.options.replay == "refuse":
            raise _unauthorized("hash_used")


def _unauthorized(code: str) -> Refusal:
    return Refusal(401, code)
