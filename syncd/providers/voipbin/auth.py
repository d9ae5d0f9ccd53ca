"""How requests to VoIPBIN prove who sends them: a token from a login, or an access key. The
documented place is the query; a token may stand in a header too, an access key may not."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import msgspec
from yarl import URL

from syncd import timing
from syncd.errors import AuthFailed, BadAnswer, CallRefused, ProviderDown, ProviderError, Throttled
from syncd.providers import wire
from syncd.providers.auth import Token, Tokens
from syncd.providers.calls import JSON
from syncd.providers.settings import Settings
from syncd.providers.throttle import freeze_seconds
from syncd.providers.transport import Answer, Request, Transport
from syncd.providers.voipbin.answers import told

LOGIN: Final = "POST auth/login"
_REMEDY: Final = "check what username and password under the account's `credentials` point to"
# A token lives for seven days, which the answer does not tell: the last of them is left alone.
_LIFETIME: Final = 6 * 86_400.0
# The document has an access key as another way to a token, and shows `token` alone; the parameter
# that the service itself reads an access key from comes first.
_PLACES: Final = ("accesskey", "token")
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessKey(Token):
    """A key that does not end and that nobody fetches, and the parameter that it travels in."""

    place: str


class Access(Tokens):
    """What one account signs with: its access key where it has one, else the token of a login by
    name and password. A token travels as the account's dialect has it, a key in the query."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        super().__init__(settings.limits)
        self._credentials = settings.credentials
        self._transport = transport
        self._url = f"{URL(settings.base_url).origin()}/auth/login"
        self._is_in_query = settings.dialect == "documented"
        self._has_key: bool | None = None
        self._place = _PLACES[0]

    async def get(self, need: float = 0.0) -> Token:
        """The key as it is configured now, or a token for `need` more seconds."""
        if self._has_key is None:
            self._has_key = "access_key" in self._credentials()
        if not self._has_key:
            return await super().get(need)
        key = self._credentials()["access_key"]
        self.keep(key)
        return AccessKey(value=key, expires=math.inf, lifetime=math.inf, place=self._place)

    def sign(self, request: Request, key: Token) -> Request:
        """The request with its proof."""
        if isinstance(key, AccessKey):
            return _with(request, key.place, key)
        return _with(request, "token", key) if self._is_in_query else super().sign(request, key)

    def drop(self, key: Token) -> bool:
        """As for every token. Of a key there is no other, but in the document's dialect another
        parameter; whoever was refused first turns to it."""
        if not isinstance(key, AccessKey):
            return super().drop(key)
        if self._is_in_query and key.place == self._place:
            self._place = _PLACES[1 - _PLACES.index(key.place)]
        return self._is_in_query

    async def ask(self) -> Token:
        body = self._login()
        permit = await self._limits.acquire(LOGIN, is_write=False)
        sent = timing.boottime()
        request = Request(operation=LOGIN, method="POST", url=self._url, headers=JSON, body=body)
        answer = await self._transport.send(request, permit)
        if answer.status != 200:
            raise await self._refusal(answer)
        value = _token(wire.parse(answer.body, "the login's answer"))
        self.keep(value)
        return Token(value=value, expires=sent + _LIFETIME, lifetime=_LIFETIME)

    def _login(self) -> bytes:
        given = self._credentials()
        try:
            login = {key: given[key] for key in ("username", "password")}
        except KeyError as error:
            raise AuthFailed(f"no {error.args[0]} is configured", remedy=_REMEDY) from None
        self.keep(login["password"])
        return msgspec.json.encode(login)

    async def _refusal(self, answer: Answer) -> ProviderError:
        said, status = told(answer, self.hide).said, answer.status
        trace_id = said.trace_id
        if status == 429:
            seconds = freeze_seconds(answer, timing.wall_clock())
            await self._limits.freeze(seconds, "VoIPBIN throttles logins (HTTP 429)")
            return Throttled(f"the login was throttled: {said.text}", retry_after=seconds)
        if status >= 500:
            message = f"the login failed: {said.text}"
            return ProviderDown(message, status=status, trace_id=trace_id)
        if status in {400, 401, 403}:  # a wrong password is a bare 400
            message = f"VoIPBIN does not accept username and password: {said.text}"
            return AuthFailed(message, remedy=_REMEDY, status=status, trace_id=trace_id)
        if status < 300:
            return BadAnswer(f"the login gave HTTP {status}", status=status)
        remedy = "check base_url: it ends in /v1.0, and the login is at the root of its host"
        message = f"the login was refused: {said.text}"
        return CallRefused(message, remedy=remedy, status=status, trace_id=trace_id)


def _token(answer: Any) -> str:
    value = answer.get("token") if isinstance(answer, dict) else None
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise BadAnswer("the login gave HTTP 200 and no usable token", status=200)
    return value


def _with(request: Request, name: str, key: Token) -> Request:
    joint = "&" if "?" in request.url else "?"
    url = f"{request.url}{joint}{name}={quote(key.value, safe='')}"
    return dataclasses.replace(request, url=url)
