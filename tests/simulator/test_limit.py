"""The receiver's limit: no sliding window ever lets more in."""

from time import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.simulator import Settings, parse_rate
from syncd.simulator.rate import Rate, SlidingWindow
from tests.simulator.client import Client
from tests.simulator.conftest import Start


@given(
    gaps=st.lists(st.integers(0, 12), max_size=60),
    n=st.integers(1, 6),
    window=st.integers(1, 40),
)
def test_what_is_let_in_is_what_a_count_of_each_window_allows(
    gaps: list[int], n: int, window: int
) -> None:
    limiter = SlidingWindow(Rate(n, window))
    times: list[int] = []
    now = 1_000
    for gap in gaps:
        now += gap
        verdict = limiter.count("one", now)
        assert verdict is not None
        assert verdict.refused == (sum(now - window < past for past in times) >= n)
        times.append(now)
        later = now + verdict.wait_ns
        assert sum(later - window < past for past in times) < n
        if verdict.wait_ns:
            assert sum(later - 1 - window < past for past in times) >= n


async def test_calls_past_the_limit_are_refused_with_the_documented_headers(start: Start) -> None:
    client = await start(Settings(campaigns=5, rate=parse_rate("5/60s")))
    statuses = [(await client.search()).status for _ in range(4)]
    assert statuses == [200] * 4  # the token call was the first of five
    refused = await client.search()
    assert refused.status == 429
    assert refused.headers["x-ratelimit-limit"] == "5"
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert 55 < int(refused.headers["x-ratelimit-reset"]) - time() < 62
    assert (await client.authenticate()).status == 429
    assert (await client.admin("counters"))["refused_by_limit"] == 2
    await client.admin("limit", limit="off")
    assert (await client.search()).status == 200


async def test_another_credential_has_a_limit_of_its_own(start: Start) -> None:
    client = await start(Settings(campaigns=5, rate=parse_rate("2/60s")))
    for _ in range(2):
        assert (await client.authenticate(client_id="somebody")).status == 401
    assert (await client.authenticate(client_id="somebody")).status == 429
    assert (await client.authenticate()).status == 200


async def test_expired_tokens_still_count(start: Start) -> None:
    client = await start(Settings(campaigns=5, token_ttl=0, rate=parse_rate("3/60s")))
    assert [(await client.search()).status for _ in range(3)] == [401, 401, 429]


async def test_admin_calls_do_not_count(client: Client) -> None:
    await client.admin("limit", limit="2/60s")
    for _ in range(5):
        await client.admin("state")
    assert (await client.search()).status == 200
    assert (await client.search()).status == 429


@pytest.mark.parametrize("text", ["250", "0/60s", "5/0s", "5/60", "-1/2s", "x/1s", ""])
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no limit"):
        parse_rate(text)


def test_a_limit_is_written_as_it_is_read() -> None:
    assert str(parse_rate("250/60s")) == "250/60s"
    assert str(parse_rate("25/0.5s")) == "25/0.5s"
    assert parse_rate("off") is None
