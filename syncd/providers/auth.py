"""Bearer tokens in memory, fetched by one caller for all and renewed before they end; the usual way
to get one, OAuth2 client credentials. Secrets leave it only inside a request."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from syncd import timing
from syncd.errors import AuthFailed, BadAnswer, CallRefused, ProviderDown, ProviderError, Throttled
from syncd.limiter import Limits
from syncd.providers import wire
from syncd.providers.redaction import redact, visible
from syncd.providers.retries import retried
from syncd.providers.settings import Credentials
from syncd.providers.throttle import freeze_seconds
from syncd.providers.transport import Answer, Request, Transport

OPERATION: Final = "token"
LIFETIME: Final = 900.0
_LONGEST_LIFETIME: Final = 86_400.0
_EARLY: Final = 30.0
_HIDDEN: Final = 8
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A bearer token and its times: seconds of CLOCK_BOOTTIME, and seconds that it lives."""

    value: str = field(repr=False)
    expires: float
    lifetime: float

    def serves(self, need: float) -> bool:
        """Whether it is good for `need` more seconds; of a short life the first half is good."""
        return timing.boottime() + min(need, self.lifetime / 2) < self.expires


class Tokens(ABC):
    """The tokens of one account; how one is fetched, a subclass tells."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._fetching = asyncio.Lock()
        self._fetches = 0
        self._fetched: Token | ProviderError = ProviderError("no token was asked for")
        self._token: Token | None = None
        self._secrets: tuple[str, ...] = ()

    @abstractmethod
    async def ask(self) -> Token:
        """Fetch a token, once. Raises ProviderError."""

    async def get(self, need: float = 0.0) -> Token:
        """A token that lasts at least `need` seconds, or is as fresh as the provider gives them.
        Callers at the same time share one fetch, and its failure."""
        need = max(need, _EARLY)
        if self._token is not None and self._token.serves(need):
            return self._token
        seen = self._fetches
        async with self._fetching:
            # Whoever waited while another fetched takes what came of it. One that was cancelled
            # left nothing behind, and the next in line fetches.
            if self._fetches == seen:
                self._fetched = await self._fetch()
                self._fetches += 1
            fetched = self._fetched
        if isinstance(fetched, Token):
            return fetched
        raise fetched

    def sign(self, request: Request, key: Token) -> Request:
        """The request with its bearer token."""
        headers = {**request.headers, "Authorization": f"Bearer {key.value}"}
        return dataclasses.replace(request, headers=headers)

    def serves(self, key: Token, need: float) -> bool:
        """Whether a token is still good for `need` seconds."""
        return key.serves(need)

    def drop(self, key: Token) -> bool:
        """The provider does not take this token any more; another one is fetched when asked for."""
        if self._token is key:
            self._token = None
        return True

    def conceal(self, text: str) -> str:
        """The text without this account's secrets, else as it is."""
        return redact(text, self._secrets)

    def hide(self, text: str) -> str:
        """A provider's text, fit to be shown: without this account's secrets, in one line."""
        return visible(self.conceal(text))

    async def _fetch(self) -> Token | ProviderError:
        self._token = None
        try:
            self._token = await retried(self.ask, patience=self._limits.patience)
        except ProviderError as error:
            error.is_transient = False  # tried often enough here; whoever needs it does not again
            return error
        return self._token

    def keep(self, *secrets: str) -> None:
        """Hide these from now on; the last few stay hidden too."""
        self._secrets = tuple(dict.fromkeys((*secrets, *self._secrets)))[:_HIDDEN]


class Grants(Tokens):
    """Tokens of an OAuth2 token endpoint (RFC 6749); which grant they come for, a subclass tells.
    `credentials` is asked at every fetch, so that a rotated secret is taken up without a restart.
    `lifetime`: seconds that a token lives where the answer does not say it."""

    def __init__(
        self,
        transport: Transport,
        limits: Limits,
        *,
        url: str,
        credentials: Credentials,
        lifetime: float = LIFETIME,
    ) -> None:
        super().__init__(limits)
        self._transport = transport
        self._url = url
        self._credentials = credentials
        self._lifetime = lifetime

    def client(self) -> dict[str, str]:
        """The client's own part of a form. Raises AuthFailed where it is not configured."""
        given = self._credentials()
        try:
            client = {key: given[key] for key in ("client_id", "client_secret")}
        except KeyError as error:
            raise AuthFailed(f"no {error.args[0]} is configured", remedy=_REMEDY) from None
        self.keep(client["client_secret"])
        return client

    async def grant(self, form: Mapping[str, str]) -> tuple[Token, Mapping[str, Any]]:
        """The token for this form from one call, and all that the answer says. Raises
        ProviderError."""
        permit = await self._limits.acquire(OPERATION, is_write=False)
        sent = timing.boottime()
        answer = await self._transport.send(
            Request(
                operation=OPERATION,
                method="POST",
                url=self._url,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Accept": "application/json",
                },
                body=urlencode(form).encode(),
            ),
            permit,
        )
        if answer.status != 200:
            raise await self.refusal(answer)
        told = wire.parse(answer.body, "the token answer")
        token = _token(told, sent, self._lifetime)
        self.keep(token.value)
        return token, told

    async def refusal(self, answer: Answer) -> ProviderError:
        """The error for a token call that was not answered with 200."""
        status = answer.status
        error, text = grant_error(answer.body)
        words = self.hide(text)
        if status == 429:
            seconds = freeze_seconds(answer, timing.wall_clock())
            await self._limits.freeze(seconds, "the provider throttles token calls (429)")
            return Throttled(f"the token call was throttled{words}", retry_after=seconds)
        if status >= 500:
            return ProviderDown(f"the token call failed: HTTP {status}{words}", status=status)
        if status in {401, 403} or (status == 400 and error in _NOT_ACCEPTED):
            message = f"the provider does not accept the credentials: HTTP {status}{words}"
            return AuthFailed(message, remedy=_REMEDY, status=status)
        if status < 300:
            return BadAnswer(f"the token call gave HTTP {status}{words}", status=status)
        remedy = "check base_url"
        message = f"the token call was refused: HTTP {status}{words}"
        return CallRefused(message, remedy=remedy, status=status)


class ClientCredentials(Grants):
    """OAuth2 client credentials."""

    async def ask(self) -> Token:
        token, _ = await self.grant({"grant_type": "client_credentials", **self.client()})
        return token


_REMEDY: Final = "check what client_id and client_secret under the account's `credentials` point to"
_NOT_ACCEPTED: Final = frozenset({"invalid_client", "unauthorized_client", "invalid_grant"})


def _token(answer: Any, sent: float, usual: float) -> Token:
    value = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(value, str) or not _TOKEN.fullmatch(value) or "error" in answer:
        raise BadAnswer("the token call gave HTTP 200 and no usable access_token", status=200)
    lifetime = _seconds(answer.get("expires_in"), usual)
    return Token(value=value, expires=sent + lifetime, lifetime=lifetime)


def _seconds(given: Any, usual: float) -> float:
    """A lifetime. What cannot be read counts as the usual one; what already ended serves one
    call."""
    if isinstance(given, bool) or not isinstance(given, (int, str, Decimal)):
        return usual
    try:
        seconds = float(given)
    except ValueError:
        return usual
    return min(max(seconds, 0.0), _LONGEST_LIFETIME) if math.isfinite(seconds) else usual


def grant_error(body: bytes) -> tuple[str, str]:
    """`error` of a refusal, and that with `error_description` for people (RFC 6749 §5.2)."""
    try:
        answer = wire.parse(body, "the token answer")
    except BadAnswer:
        return "", ""
    if not isinstance(answer, dict):
        return "", ""
    words = [answer.get("error"), answer.get("error_description")]
    texts = [word for word in words if isinstance(word, str)]
    return str(words[0]), "".join(f", {text}" for text in texts)
