"""The proof in the query, from a clock that stands still, steps back or runs on."""

from __future__ import annotations

import datetime as dt

import time_machine

from syncd.providers.epom.signing import QuerySigner
from syncd.providers.transport import Request

MOMENT = dt.datetime.fromtimestamp(1_500_000_000.123, dt.UTC)
REQUEST = Request(operation="GET pricing", method="GET", url="https://n1.example/a.do", body=b"x")
# From md5("secret") = 5ebe2294ecd0e0f08eab7690d2a6ee69 and the timestamp below.
QUERY = "username=an%20na%26&timestamp=1500000000123&hash=f264f0476d3484dabbf94e83465661f0"


async def stamps(signer: QuerySigner, count: int) -> list[int]:
    key = await signer.get()
    urls = [signer.sign(REQUEST, key).url for _ in range(count)]
    return [int(url.partition("timestamp=")[2].partition("&")[0]) for url in urls]


async def test_a_request_carries_user_time_and_proof_and_nothing_else_changes() -> None:
    signer = QuerySigner(lambda: {"username": "an na&", "password": "secret"})
    with time_machine.travel(MOMENT, tick=False):
        signed = signer.sign(REQUEST, await signer.get())
    assert signed.url == f"https://n1.example/a.do?{QUERY}"
    assert (signed.body, signed.headers, signed.method) == (b"x", {}, "GET")


async def test_no_two_sends_share_a_timestamp_and_a_clock_set_back_is_followed() -> None:
    signer = QuerySigner(lambda: {"username": "a", "password": "b"})
    with time_machine.travel(MOMENT, tick=False) as clock:
        first = await stamps(signer, 3)
        clock.shift(-0.002)
        second = await stamps(signer, 2)
        clock.shift(-3600)
        third = await stamps(signer, 1)
    assert first == [1_500_000_000_123 + step for step in (0, 1, 2)]
    assert second == [1_500_000_000_123 + step for step in (3, 4)]
    assert third == [1_499_996_400_121]


async def test_a_key_serves_for_ever_and_is_not_renewed() -> None:
    signer = QuerySigner(lambda: {"username": "a", "password": "canary-b"})
    key = await signer.get(20.0)
    assert signer.serves(key, 1e9)
    assert not signer.drop(key)
    assert key.digest not in repr(key)


async def test_what_was_signed_with_stays_hidden_for_a_while() -> None:
    signer = QuerySigner(lambda: {"username": "a", "password": "canary-b"})
    key = await signer.get()
    urls = [signer.sign(REQUEST, key).url for _ in range(10)]
    text = f"canary-b {key.digest}\n{' '.join(urls)}"
    for shown in (signer.hide(text), signer.conceal(text)):
        assert "canary-b" not in shown
        assert key.digest not in shown
        assert shown.count("hash=[redacted]") == 10
    assert "\n" in signer.conceal(text), "nothing else is changed"
