"""What the simulated ICAS hands out to an application: codes, access tokens and refresh tokens,
each with its life. It knows nothing of HTTP, campaigns or rights."""

from dataclasses import dataclass
from random import Random

from syncd.simulator.icas.clock import Clock
from syncd.simulator.rate import SECOND_NS

ROTATIONS = ("at_once", "until_used", "never")
_CODE_LIFE_NS = 600 * SECOND_NS
_UNUSED_NS = 60 * 24 * 3600 * SECOND_NS


@dataclass(kw_only=True)
class Code:
    """What a person's consent was answered with; of use once."""

    text: str
    scope: frozenset[str]
    redirect_uri: str
    ends_ns: int
    is_used: bool = False


@dataclass(kw_only=True)
class Refresh:
    """One refresh token."""

    text: str
    scope: frozenset[str]
    code: str
    """The code that its line began with; empty for the one that was there from the start."""
    used_ns: int
    is_revoked: bool = False
    predecessor: "Refresh | None" = None


@dataclass(kw_only=True)
class Access:
    """One access token."""

    text: str
    scope: frozenset[str]
    refresh: Refresh
    ends_ns: int


class Tokens:
    """Everything that was ever handed out, by its text.

    `rotation` says what a refresh does to the token that it used: it dies `at_once`, it lives
    `until_used` (its successor, or that one's access token), or `never` changes.
    """

    def __init__(self, clock: Clock, random: Random, ttl: int, rotation: str) -> None:
        if rotation not in ROTATIONS:
            raise ValueError(f"rotation is one of {', '.join(ROTATIONS)}")
        self.ttl = ttl
        self.newest = ""
        """The text of the refresh token that was handed out last."""
        self._clock = clock
        self._random = random
        self._rotation = rotation
        self._codes: dict[str, Code] = {}
        self._refreshes: dict[str, Refresh] = {}
        self._accesses: dict[str, Access] = {}

    def make_code(self, scope: frozenset[str], redirect_uri: str) -> Code:
        ends_ns = self._clock.now_ns() + _CODE_LIFE_NS
        code = Code(text=self._text(), scope=scope, redirect_uri=redirect_uri, ends_ns=ends_ns)
        self._codes[code.text] = code
        return code

    def redeem(self, text: str, redirect_uri: str) -> Access | None:
        """Tokens for a code, in the place of older ones of the same scope; None where it is not
        good. A code that comes twice takes back what it gave."""
        code = self._codes.get(text)
        if code is None:
            return None
        if code.is_used:
            self._take_back(code)
            return None
        if code.redirect_uri != redirect_uri or self._clock.now_ns() >= code.ends_ns:
            return None
        code.is_used = True
        for refresh in self._refreshes.values():
            refresh.is_revoked |= refresh.scope == code.scope
        return self._make_access(self.make_refresh(code.scope, code=code.text))

    def refresh(self, text: str) -> Access | None:
        """A new access token, and by rotation a new refresh token; None where it is not good."""
        used = self._refreshes.get(text)
        if used is None or not self._is_good(used):
            return None
        self._note_use(used)
        used.used_ns = self._clock.now_ns()
        if self._rotation == "never":
            return self._make_access(used)
        successor = self.make_refresh(used.scope, code=used.code)
        if self._rotation == "at_once":
            used.is_revoked = True
        else:
            successor.predecessor = used
        return self._make_access(successor)

    def make_refresh(self, scope: frozenset[str], *, code: str = "", text: str = "") -> Refresh:
        """A refresh token of that text, or of one made up."""
        text = text or self._text()
        made = Refresh(text=text, scope=scope, code=code, used_ns=self._clock.now_ns())
        self._refreshes[text] = made
        self.newest = text
        return made

    def known(self, text: str) -> Access | None:
        """The access token of that text, dead or alive."""
        return self._accesses.get(text)

    def use(self, access: Access) -> bool:
        """Whether it may be used now; to use it is to have got its refresh token."""
        if self._clock.now_ns() >= access.ends_ns:
            return False
        self._note_use(access.refresh)
        return True

    def expire(self) -> int:
        """End every access token now; returns how many were alive."""
        now = self._clock.now_ns()
        alive = [access for access in self._accesses.values() if now < access.ends_ns]
        for access in alive:
            access.ends_ns = now
        return len(alive)

    def revoke(self) -> int:
        """End every refresh token now; returns how many were alive."""
        alive = [refresh for refresh in self._refreshes.values() if self._is_good(refresh)]
        for refresh in alive:
            refresh.is_revoked = True
        return len(alive)

    def alive(self) -> dict[str, int]:
        """How many of each could be used now."""
        now = self._clock.now_ns()
        return {
            "access": sum(now < access.ends_ns for access in self._accesses.values()),
            "refresh": sum(self._is_good(refresh) for refresh in self._refreshes.values()),
        }

    def _make_access(self, refresh: Refresh) -> Access:
        ends_ns = self._clock.now_ns() + self.ttl * SECOND_NS
        made = Access(text=self._text(), scope=refresh.scope, refresh=refresh, ends_ns=ends_ns)
        self._accesses[made.text] = made
        return made

    def _is_good(self, refresh: Refresh) -> bool:
        return not refresh.is_revoked and self._clock.now_ns() - refresh.used_ns < _UNUSED_NS

    def _note_use(self, refresh: Refresh) -> None:
        """The token arrived where it was sent: the one before it is of no use any more."""
        if refresh.predecessor is not None:
            refresh.predecessor.is_revoked = True
            refresh.predecessor = None

    def _take_back(self, code: Code) -> None:
        for refresh in self._refreshes.values():
            refresh.is_revoked |= refresh.code == code.text
        for access in self._accesses.values():
            if access.refresh.code == code.text:
                access.ends_ns = self._clock.now_ns()

    def _text(self) -> str:
        return f"{self._random.getrandbits(128):032x}"
