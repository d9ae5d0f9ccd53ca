"""What every adapter's requests have in common: keys that end or are refused, the order of key,
permit, intent, signature and send, and limits that answers announce."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from syncd.errors import (
    AuthFailed,
    CallRefused,
    IntentRefused,
    LimitWait,
    NoAnswer,
    NotSent,
    ProviderDown,
    ProviderError,
)
from syncd.limiter import Freeze, Limits
from syncd.model.batch import Outgoing
from syncd.model.limits import Limit
from syncd.providers.calls import Calls, Hide, Manner, freeze_asked, open_transport
from syncd.providers.settings import Settings
from syncd.providers.transport import Answer, Request
from tests.providers.accounts import always, in_turn
from tests.providers.scripted import Reply, Script, Scripted, http

GET, PUT = "GET thing", "PUT thing"


@dataclass
class Keys:
    """A signer that hands out `k1`, `k2` and so on; it notes all that it is asked."""

    follow: bool = True
    serving: list[bool] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    fails_from: int | None = None
    _given: int = 0
    _signed: int = 0
    _is_dropped: bool = True

    async def get(self, need: float = 0.0) -> str:
        self.asked.append(f"get {need:g}")
        if self.fails_from is not None and len(self.asked) >= self.fails_from:
            raise AuthFailed("no more keys")
        if self._is_dropped:
            self._given += 1
            self._is_dropped = False
        return f"k{self._given}"

    def sign(self, request: Request, key: str) -> Request:
        self._signed += 1
        self.asked.append(f"sign {key}")
        mark = f"{request.url}?signature={self._signed}"
        return dataclasses.replace(request, url=mark, headers={**request.headers, "X-Key": key})

    def serves(self, key: str, need: float) -> bool:
        self.asked.append(f"serves {key} {need:g}")
        is_good = self.serving.pop(0) if self.serving else True
        self._is_dropped = self._is_dropped or not is_good
        return is_good

    def drop(self, key: str) -> bool:
        self.asked.append(f"drop {key}")
        self._is_dropped = self.follow
        return self.follow

    def conceal(self, text: str) -> str:
        return text.replace("secret", "[hidden]")

    def hide(self, text: str) -> str:
        return self.conceal(text)


def refusal(answer: Answer, operation: str, hide: Hide, seconds: float) -> ProviderError:
    """As an adapter makes it: of its words, and of the seconds of silence."""
    words = hide(f"{operation} {answer.status} {answer.body.decode()} {seconds:g}")
    match answer.status:
        case 401:
            return AuthFailed(words)
        case 500:
            return ProviderDown(words)
    return CallRefused(words)


@dataclass
class Place:
    """Calls, and all that they stand on."""

    calls: Calls
    keys: Keys
    limits: Limits
    server: Scripted
    freezes: list[Freeze]
    shown: list[str] = field(default_factory=list)
    intents: list[bytes] = field(default_factory=list)

    async def intend(self, outgoing: Outgoing) -> None:
        self.keys.asked.append(f"intend after {len(self.server.arrivals)}")
        self.intents.append(outgoing.sha256)
        self.shown.append(outgoing.text)

    async def read(self, **more: Any) -> bytes:
        request = self.calls.request(GET, "GET", "/thing")
        return await self.calls.read(request, lambda answer: answer.body, **more)

    async def write(self, body: bytes = b"body") -> Answer:
        ready = await self.calls.ready(PUT)
        return await self.calls.write(
            self.calls.request(PUT, "PUT", "/thing", body), ready, self.intend
        )

    @property
    def used(self) -> list[str]:
        """The keys that arrived, in order."""
        return [arrival.headers["x-key"] for arrival in self.server.arrivals]


@asynccontextmanager
async def place(
    script: Script,
    keys: Keys | None = None,
    limits: list[Limit] | None = None,
    suffix: str = "",
    seconds: float = 10.0,
    **manner: Callable[..., Any],
) -> AsyncIterator[Place]:
    freezes: list[Freeze] = []
    keys = keys or Keys()

    async def on_freeze(freeze: Freeze) -> None:
        freezes.append(freeze)

    def observe(event: str, /, **figures: object) -> None:
        return None

    granted = Limits(limits or [], patience=2.0, on_freeze=on_freeze)
    async with Scripted(script) as server:
        settings = Settings(
            provider="any",
            base_url=server.url + suffix,
            allow_loopback=True,
            credentials=dict,
            limits=granted,
            observe=observe,
            request_timeout=seconds,
            read_timeout=seconds,
        )
        spoken = Manner(title="Any", refusal=refusal, **manner)
        calls = Calls(settings, open_transport(settings), keys, spoken)
        async with calls.transport:
            yield Place(calls, keys, granted, server, freezes)


async def test_a_read_takes_key_then_permit_then_signature() -> None:
    async with place(always(http(200, b"x"))) as there:
        assert await there.read() == b"x"
        assert there.keys.asked == ["get 0", "sign k1"]
        assert there.limits.taken() == {GET: 1}
        (call,) = there.server.arrivals
    assert (call.method, call.path) == ("GET", "/thing?signature=1")
    assert call.headers["content-type"] == call.headers["accept"] == "application/json"


@pytest.mark.parametrize("suffix", ["", "/", "/v1.0", "/v1.0/"])
async def test_a_path_stands_below_the_base_url(suffix: str) -> None:
    async with place(always(http(200)), suffix=suffix) as there:
        await there.read()
        assert there.server.arrivals[0].path.startswith(f"{suffix.rstrip('/')}/thing?")


async def test_every_attempt_is_signed_afresh_under_a_permit_of_its_own() -> None:
    script = in_turn(http(500), Reply(ends="closed"), http(200, b"x"))
    async with place(script) as there:
        assert await there.read() == b"x"
        assert [call.path for call in there.server.arrivals] == [
            f"/thing?signature={count}" for count in (1, 2, 3)
        ]
        assert there.limits.taken() == {GET: 3}


async def test_a_refused_key_is_answered_once_with_a_new_one() -> None:
    async with place(in_turn(http(401), http(200, b"x"))) as there:
        assert await there.read() == b"x"
        assert there.used == ["k1", "k2"]
        assert there.keys.asked == ["get 0", "sign k1", "drop k1", "get 0", "sign k2"]
        assert there.limits.taken() == {GET: 2}


async def test_a_second_refusal_is_the_end_and_drops_that_key_too() -> None:
    async with place(always(http(401, b"no secret"))) as there:
        with pytest.raises(AuthFailed, match=r"GET thing 401 no \[hidden\] 0"):
            await there.read()
        assert there.used == ["k1", "k2"]
        assert [one for one in there.keys.asked if "drop" in one] == ["drop k1", "drop k2"]


async def test_a_key_without_a_successor_is_not_tried_twice() -> None:
    async with place(always(http(401)), Keys(follow=False)) as there:
        with pytest.raises(AuthFailed):
            await there.read()
        assert there.used == ["k1"]
        assert there.limits.taken() == {GET: 1}


async def test_what_a_refused_key_looks_like_is_the_providers_own() -> None:
    def is_unauthorised(answer: Answer) -> bool:
        return answer.body == b"who?"

    script = in_turn(http(200, b"who?"), http(200, b"x"))
    async with place(script, is_unauthorised=is_unauthorised) as there:
        assert await there.read() == b"x"
        assert there.used == ["k1", "k2"]
        there.server.script = always(http(200, b"who?"))
        await there.write()
        assert there.keys.asked[-1] == "drop k2"
        assert len(there.server.arrivals) == 3, "a write is not repeated"
        there.server.script = always(http(401))
        with pytest.raises(AuthFailed):
            await there.read()
        assert there.used[3:] == ["k3"], "here a 401 is something else"


async def test_what_counts_as_an_answer_is_the_adapters_own() -> None:
    async with place(always(http(404, b"gone"))) as there:
        with pytest.raises(CallRefused):
            await there.read()
        assert await there.read(is_answer=lambda answer: answer.status == 404) == b"gone"


async def test_an_answer_that_cannot_be_decoded_is_asked_for_again() -> None:
    async with place(in_turn(http(200, b"bad"), http(200, b"good"))) as there:

        def decode(answer: Answer) -> bytes:
            if answer.body == b"bad":
                raise ProviderDown("unreadable")
            return answer.body

        request = there.calls.request(GET, "GET", "/thing")
        assert await there.calls.read(request, decode) == b"good"
        assert len(there.server.arrivals) == 2


async def test_a_write_takes_key_permit_intent_signature_and_send_in_this_order() -> None:
    async with place(always(http(401, b"no"))) as there:
        answer = await there.write(b"exact bytes")
        (call,) = there.server.arrivals
        assert there.keys.asked == [
            "get 10",
            "serves k1 10",
            "intend after 0",
            "sign k1",
            "drop k1",
        ]
        assert there.intents == [hashlib.sha256(b"exact bytes").digest()]
        assert there.limits.taken() == {PUT: 1}
    assert (answer.status, answer.body) == (401, b"no")
    assert (call.method, call.body) == ("PUT", b"exact bytes")


async def test_an_intent_shows_what_leaves_without_query_and_secrets() -> None:
    async with place(always(http(200))) as there:
        ready = await there.calls.ready(PUT)
        body = b'{"key": "secret"}\nline two'
        request = there.calls.request(PUT, "PUT", "/of/secret?proof=1", body)
        await there.calls.write(request, ready, there.intend)
        assert there.shown == ['PUT /of/[hidden]\n{"key": "[hidden]"}\nline two']
        assert there.intents == [hashlib.sha256(body).digest()], "of the bytes that left"
        assert there.server.arrivals[0].body == body


async def test_a_key_that_ran_out_while_the_permit_was_awaited_is_replaced() -> None:
    async with place(always(http(200)), Keys(serving=[False])) as there:
        await there.write()
        assert there.used == ["k2"]
        assert there.keys.asked[:3] == ["get 10", "serves k1 10", "get 10"]
        assert there.limits.taken() == {PUT: 2}, "the first permit may have run out as well"


async def test_a_successor_that_cannot_be_had_holds_the_write_back() -> None:
    async with place(always(http(200)), Keys(serving=[False], fails_from=2)) as there:
        with pytest.raises(AuthFailed, match="no more keys"):
            await there.write()
        assert there.limits.taken() == {PUT: 1}
        assert (there.intents, there.server.arrivals) == ([], [])


async def test_without_a_key_no_permit_is_taken() -> None:
    async with place(always(http(200)), Keys(fails_from=1)) as there:
        with pytest.raises(AuthFailed):
            await there.calls.ready(PUT)
        with pytest.raises(AuthFailed):
            await there.read()
        assert there.limits.taken() == {}
        assert there.server.arrivals == []


async def test_without_a_permit_nothing_is_intended() -> None:
    async with place(always(http(200))) as there:
        await there.limits.freeze(60, "a pause")
        with pytest.raises(LimitWait):
            await there.write()
        assert there.intents == []
        assert there.server.arrivals == []


async def test_a_refused_intent_comes_out_before_anything_is_signed() -> None:
    async def refuse(outgoing: Outgoing) -> None:
        raise IntentRefused("paused")

    async with place(always(http(200))) as there:
        ready = await there.calls.ready(PUT)
        request = there.calls.request(PUT, "PUT", "/thing", b"x")
        with pytest.raises(IntentRefused):
            await there.calls.write(request, ready, refuse)
        assert there.server.arrivals == []
        assert not any("sign" in one for one in there.keys.asked)


async def test_a_permit_serves_one_write() -> None:
    async with place(always(http(200))) as there:
        ready = await there.calls.ready(PUT)
        request = there.calls.request(PUT, "PUT", "/thing", b"x")
        await there.calls.write(request, ready, there.intend)
        with pytest.raises(ValueError, match="once"):
            await there.calls.write(request, ready, there.intend)
        assert len(there.server.arrivals) == 1


@pytest.mark.parametrize("reply", [Reply(ends="closed"), Reply(ends="reset"), Reply(hangs=True)])
async def test_a_write_without_an_answer_is_sent_once(reply: Reply) -> None:
    async with place(always(reply)) as there:
        with pytest.raises(NoAnswer):
            await there.write()
        assert len(there.server.arrivals) == 1


async def test_a_write_that_cannot_connect_was_not_sent() -> None:
    async with place(always(http(200))) as there:
        there.server.close()
        with pytest.raises(NotSent):
            await there.write()


FREEZING = {"Retry-After": "60"}


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (http(429, b"", FREEZING), 60),
        (http(429), 10),
        (http(503, b"", FREEZING), 60),
        (http(503), 0),
        (http(200, b"", FREEZING), 0),
        (http(500, b"", FREEZING), 0),
    ],
)
async def test_an_answer_to_a_write_may_ask_for_silence(reply: Reply, seconds: float) -> None:
    async with place(always(reply)) as there:
        await there.write()
        assert seconds / 2 <= there.limits.frozen_for() <= seconds
        assert [round(freeze.seconds) for freeze in there.freezes] == [seconds] * bool(seconds)
        assert all("Any throttles (HTTP" in freeze.reason for freeze in there.freezes)


async def test_a_refused_read_is_told_how_long_the_silence_lasts() -> None:
    async with place(always(http(429, b"slow", FREEZING))) as there:
        with pytest.raises(CallRefused, match="GET thing 429 slow 60"):
            await there.read()
        assert len(there.freezes) == 1


async def test_what_asks_for_silence_is_the_providers_own() -> None:
    def freeze(answer: Answer) -> float | None:
        return 30.0 if answer.body == b"hush" else None

    async with place(always(http(200, b"hush")), freeze=freeze) as there:
        assert await there.read() == b"hush", "what was asked for came all the same"
        assert 15 < there.limits.frozen_for() <= 30
    async with place(always(http(429)), freeze=freeze) as there:
        await there.write()
        assert there.limits.frozen_for() == 0


async def test_a_lower_ceiling_is_believed_and_a_higher_one_is_not() -> None:
    declared = [Limit(count=1000, window=60)]
    for announced, lowered in (("500", 500), ("1000", None), ("5000", None), ("x", None)):
        script = always(http(200, b"", {"X-RateLimit-Limit": announced}))
        async with place(script, limits=declared) as there:
            await there.read()
            assert there.limits.lowered == lowered


def test_silence_is_asked_for_in_the_usual_way() -> None:
    for status, headers, seconds in (
        (429, {"retry-after": "7"}, 7.0),
        (503, {"retry-after": "7"}, 7.0),
        (503, {}, None),
        (500, {"retry-after": "7"}, None),
        (200, {"retry-after": "7"}, None),
    ):
        answer = Answer(status=status, headers=headers, body=b"", date=None)
        assert freeze_asked(answer) == seconds
