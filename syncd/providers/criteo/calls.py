"""Requests to Criteo as one account: signed, under a permit, with reads tried again and limits
heeded. Knows what a status means for a read; what an answer holds is read by its callers."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Self, TypeVar

from syncd import timing
from syncd.limiter import Permit
from syncd.ports import Intend
from syncd.providers.auth import ClientCredentials, Token
from syncd.providers.criteo.problems import refusal
from syncd.providers.retries import retried
from syncd.providers.settings import Settings
from syncd.providers.throttle import announced_ceiling, freeze_seconds
from syncd.providers.transport import Answer, Reach, Request, Transport

_JSON: Final = {"Content-Type": "application/json", "Accept": "application/json"}

T = TypeVar("T")


class Calls:
    """One account's way to Criteo, while `opened`."""

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.limits
        self._need = settings.request_timeout
        self._base = settings.base_url.rstrip("/")
        self._transport = Transport(
            Reach(
                base_url=settings.base_url,
                observe=settings.observe,
                allow_loopback=settings.allow_loopback,
                request_timeout=settings.request_timeout,
                read_timeout=settings.read_timeout,
            )
        )
        self._tokens = ClientCredentials(
            self._transport,
            settings.limits,
            url=f"{self._base}/oauth2/token",
            credentials=settings.credentials,
        )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Self]:
        async with self._transport:
            yield self

    def request(self, operation: str, method: str, path: str, body: bytes = b"") -> Request:
        return Request(
            operation=operation, method=method, url=self._base + path, headers=_JSON, body=body
        )

    def hide(self, text: str) -> str:
        """A provider's text without this account's secrets."""
        return self._tokens.hide(text)

    async def read(
        self,
        request: Request,
        decode: Callable[[Answer], T],
        *,
        is_answer: Callable[[Answer], bool] = lambda answer: answer.status == 200,
    ) -> T:
        """What `decode` makes of the answer. Request and decoding are tried again together; a 401
        is answered once with a new token. Raises ProviderError."""

        async def attempt() -> T:
            answer, token = await self._exchange(request)
            if answer.status == 401:
                self._tokens.drop(token)
                answer, token = await self._exchange(request)
            if is_answer(answer):
                return decode(answer)
            if answer.status == 401:
                self._tokens.drop(token)
            freeze = freeze_seconds(answer, timing.wall_clock())
            raise refusal(answer, request.operation, self.hide, freeze)

        return await retried(attempt, patience=self._limits.patience)

    async def ready(self, operation: str) -> tuple[Token, Permit]:
        """What a write needs, in this order: nothing may wait between its permit and its send.
        Raises ProviderError, and then nothing of the write has left."""
        token = await self._tokens.get(self._need)
        permit = await self._limits.acquire(operation, is_write=True)
        if not token.serves(self._need):  # it ran out while the permit was waited for
            token = await self._tokens.get(self._need)
            permit = await self._limits.acquire(operation, is_write=True)
        return token, permit

    async def write(self, request: Request, ready: tuple[Token, Permit], intend: Intend) -> Answer:
        """The answer to one send of a write, whose intent is committed first. Raises ProviderError
        for the send and whatever `intend` raises."""
        token, permit = ready
        await intend(hashlib.sha256(request.body).digest())
        answer = await self._transport.send(_signed(request, token, is_write=True), permit)
        if answer.status == 401:
            self._tokens.drop(token)
        await self._heed(answer)
        return answer

    async def freeze(self, seconds: float, reason: str) -> None:
        """Let nothing leave for so long."""
        await self._limits.freeze(seconds, reason)

    async def _exchange(self, request: Request) -> tuple[Answer, Token]:
        token = await self._tokens.get()
        permit = await self._limits.acquire(request.operation, is_write=False)
        answer = await self._transport.send(_signed(request, token), permit)
        await self._heed(answer)
        return answer, token

    async def _heed(self, answer: Answer) -> None:
        ceiling = announced_ceiling(answer)
        if ceiling is not None:
            await self._limits.lower(ceiling)
        if answer.status == 429 or (answer.status == 503 and "retry-after" in answer.headers):
            seconds = freeze_seconds(answer, timing.wall_clock())
            await self.freeze(seconds, f"Criteo throttles (HTTP {answer.status})")


def _signed(request: Request, token: Token, *, is_write: bool = False) -> Request:
    headers = {**request.headers, "Authorization": f"Bearer {token.value}"}
    return dataclasses.replace(request, headers=headers, is_write=is_write)
