"""How requests to Epom prove who sends them: a user name, the time, and a digest of the password's
digest with that time, all in the query. Reads no configuration; it is told where the secrets
are."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import deque
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from syncd import timing
from syncd.errors import AuthFailed
from syncd.providers.redaction import redact, visible
from syncd.providers.settings import Credentials
from syncd.providers.transport import Request

_HIDDEN: Final = 32
_SECOND: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A user; the password's digest is all that a signature needs, and as secret as the
    password."""

    username: str
    digest: str = field(repr=False)


class QuerySigner:
    """`username`, `timestamp` and `hash` in the query, made anew for every send."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._last = 0
        self._hashes: deque[str] = deque(maxlen=_HIDDEN)

    async def get(self, need: float = 0.0) -> Login:  # noqa: ARG002 (a password that does not end)
        """The user as configured now."""
        given = self._credentials()
        try:
            return Login(username=given["username"], digest=_md5(given["password"]))
        except KeyError as error:
            raise AuthFailed(
                f"no {error.args[0]} is configured", remedy="set it under the account's credentials"
            ) from None

    def sign(self, request: Request, key: Login) -> Request:
        """The request with its query. The body stays free for what is asked."""
        timestamp = str(self._timestamp())
        proof = signature(key.digest, timestamp)
        self._hashes.append(proof)
        query = f"username={quote(key.username, safe='')}&timestamp={timestamp}&hash={proof}"
        return dataclasses.replace(request, url=f"{request.url}?{query}")

    def serves(self, _key: Login, _need: float) -> bool:
        return True

    def drop(self, _key: Login) -> bool:
        """Nobody fetches another password."""
        return False

    def conceal(self, text: str) -> str:
        """The text without this account's secrets, else as it is."""
        password = self._credentials().get("password", "")
        return redact(text, (password, _md5(password), *self._hashes))

    def hide(self, text: str) -> str:
        """A provider's text, fit to be shown: without this account's secrets, in one line."""
        return visible(self.conceal(text))

    def _timestamp(self) -> int:
        """Milliseconds, a new figure each time: two sends in one millisecond would share a hash."""
        now = int(timing.wall_clock().timestamp() * _SECOND)
        if 0 <= self._last - now < _SECOND:
            now = self._last + 1
        self._last = now
        return now


def signature(digest: str, timestamp: str) -> str:
    """The hash of one send, from the password's digest and the timestamp's own text."""
    return _md5(digest + timestamp)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
