"""Requests as one account: signed afresh for every send, under a permit, with reads tried again and
limits heeded. Knows what every provider has in common; what an answer means is told by a
`Manner`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar
from urllib.parse import urlsplit

from syncd import timing
from syncd.errors import ProviderError
from syncd.limiter import Permit
from syncd.model.batch import Outgoing
from syncd.model.listing import Capabilities
from syncd.ports import Intend
from syncd.providers.retries import retried
from syncd.providers.settings import Settings
from syncd.providers.throttle import announced_ceiling, freeze_seconds
from syncd.providers.transport import Answer, Reach, Request, Transport

JSON: Final[Mapping[str, str]] = {"Content-Type": "application/json", "Accept": "application/json"}

T = TypeVar("T")
Hide = Callable[[str], str]


class Signer(Protocol):
    """How requests prove who sends them. A key is what one needs to have before a permit is asked
    for: a token, or nothing at all."""

    async def get(self, need: float = 0.0) -> Any:
        """A key that serves `need` more seconds. Raises ProviderError."""
        ...

    def sign(self, request: Request, key: Any) -> Request:
        """The request with its proof, made for this one send. The body stays as it is."""
        ...

    def serves(self, key: Any, need: float) -> bool:
        """Whether a key is still good for `need` seconds."""
        ...

    def drop(self, key: Any) -> bool:
        """The provider does not take this key any more; says whether another can be had."""
        ...

    def conceal(self, text: str) -> str:
        """The text without this account's secrets, else as it is."""
        ...

    def hide(self, text: str) -> str:
        """A provider's text, fit to be shown: without this account's secrets, in one line."""
        ...


def is_unauthorised(answer: Answer) -> bool:
    """The usual way of refusing a key."""
    return answer.status == 401


def freeze_asked(answer: Answer) -> float | None:
    """Seconds for which an answer asks for silence in the usual way: 429, or 503 with a time."""
    if answer.status == 429 or (answer.status == 503 and "retry-after" in answer.headers):
        return freeze_seconds(answer, timing.wall_clock())
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How one provider speaks. `refusal` makes the error of a read that was not answered as it
    should be: from the answer, the operation, the hiding of secrets and the seconds that a throttle
    lasts. `freeze`: for how long an answer asks for silence, None where it does not."""

    title: str
    refusal: Callable[[Answer, str, Hide, float], ProviderError]
    is_unauthorised: Callable[[Answer], bool] = is_unauthorised
    freeze: Callable[[Answer], float | None] = freeze_asked


def open_transport(settings: Settings) -> Transport:
    """The connections of one account, still closed."""
    return Transport(
        Reach(
            base_url=settings.base_url,
            observe=settings.observe,
            allow_loopback=settings.allow_loopback,
            request_timeout=settings.request_timeout,
            read_timeout=settings.read_timeout,
        )
    )


class Calls:
    """One account's way to its provider, while the `transport` is open."""

    def __init__(
        self, settings: Settings, transport: Transport, signer: Signer, manner: Manner
    ) -> None:
        self._limits = settings.limits
        self._need = settings.request_timeout
        self._base = settings.base_url.rstrip("/")
        self.transport: Final = transport
        self._signer = signer
        self._manner = manner

    def request(
        self,
        operation: str,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] = JSON,
    ) -> Request:
        """A request below the account's base_url; `path` is encoded already."""
        return Request(
            operation=operation, method=method, url=self._base + path, headers=headers, body=body
        )

    def hide(self, text: str) -> str:
        """A provider's text without this account's secrets."""
        return self._signer.hide(text)

    async def read(
        self,
        request: Request,
        decode: Callable[[Answer], T],
        *,
        is_answer: Callable[[Answer], bool] = lambda answer: answer.status == 200,
    ) -> T:
        """What `decode` makes of the answer. Request and decoding are tried again together; a
        refused key is answered once with a new one. Raises ProviderError."""

        async def attempt() -> T:
            answer, key = await self._exchange(request)
            if self._manner.is_unauthorised(answer) and self._signer.drop(key):
                answer, key = await self._exchange(request)
            if self._manner.is_unauthorised(answer):
                self._signer.drop(key)
            elif is_answer(answer):
                return decode(answer)
            freeze = self._manner.freeze(answer) or 0.0
            raise self._manner.refusal(answer, request.operation, self.hide, freeze)

        return await retried(attempt, patience=self._limits.patience)

    async def ready(self, operation: str) -> tuple[Any, Permit]:
        """What a write needs, in this order: nothing may wait between its permit and its send.
        Raises ProviderError, and then nothing of the write has left."""
        key = await self._signer.get(self._need)
        permit = await self._limits.acquire(operation, is_write=True)
        if not self._signer.serves(key, self._need):  # it ran out while the permit was waited for
            key = await self._signer.get(self._need)
            permit = await self._limits.acquire(operation, is_write=True)
        return key, permit

    async def write(self, request: Request, ready: tuple[Any, Permit], intend: Intend) -> Answer:
        """The answer to one send of a write, whose intent is committed first. Raises ProviderError
        for the send and whatever `intend` raises."""
        key, permit = ready
        last_word = await intend(self._outgoing(request))
        signed = dataclasses.replace(self._signer.sign(request, key), is_write=True)
        answer = await self.transport.send(signed, permit, last_word)
        if self._manner.is_unauthorised(answer):
            self._signer.drop(key)
        await self._heed(answer)
        return answer

    def drop(self, ready: tuple[Any, Permit]) -> None:
        """The key of a write was refused inside an answer that looks like a yes."""
        self._signer.drop(ready[0])

    async def freeze(self, seconds: float, reason: str) -> None:
        """Let nothing leave for so long."""
        await self._limits.freeze(seconds, reason)

    def _outgoing(self, request: Request) -> Outgoing:
        """What is shown of a write, from before its signature. The digest is that of the bytes
        that leave."""
        shown = self._signer.conceal(request.body.decode(errors="replace"))
        target = self._signer.conceal(urlsplit(request.url).path)
        return Outgoing(request.method, target, request.body, shown)

    async def _exchange(self, request: Request) -> tuple[Answer, Any]:
        key = await self._signer.get()
        permit = await self._limits.acquire(request.operation, is_write=False)
        answer = await self.transport.send(self._signer.sign(request, key), permit)
        await self._heed(answer)
        return answer, key

    async def _heed(self, answer: Answer) -> None:
        ceiling = announced_ceiling(answer)
        if ceiling is not None:
            await self._limits.lower(ceiling)
        seconds = self._manner.freeze(answer)
        if seconds is not None:
            await self.freeze(seconds, f"{self._manner.title} throttles (HTTP {answer.status})")


class Connected:
    """What every adapter is: what it can do, and an async context that holds its connections."""

    def __init__(self, capabilities: Capabilities, calls: Calls) -> None:
        self.capabilities: Final = capabilities
        self._calls: Final = calls

    async def __aenter__(self) -> Self:
        await self._calls.transport.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._calls.transport.__aexit__(exc_type, exc, traceback)
