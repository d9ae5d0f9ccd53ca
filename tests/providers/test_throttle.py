"""What the headers of a throttled answer are taken to say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pytest

from syncd.providers.throttle import announced_ceiling, freeze_seconds
from syncd.providers.transport import Answer

NOW = dt.datetime(2026, 3, 1, 12, 0, 0, tzinfo=dt.UTC)
EPOCH = int(NOW.timestamp())


def answer(headers: Mapping[str, str], date: dt.datetime | None = NOW) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=429, headers=named, body=b"", date=date)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x_ratelimit_reset": str(EPOCH + 30)}, 30),
        ({"x_ratelimit_reset": f"{EPOCH + 30}000"}, 30),
        ({"x_ratelimit_reset": str(EPOCH - 30)}, 1),
        ({"x_ratelimit_reset": str(EPOCH)}, 1),
        ({"x_ratelimit_reset": "-5"}, 1),
        ({"x_ratelimit_reset": str(10**9)}, 1),
        ({"x_ratelimit_reset": str(EPOCH + 10**9)}, 3600),
        ({"x_ratelimit_reset": "9" * 400}, 10),
        ({"x_ratelimit_reset": "soon"}, 10),
        ({"x_ratelimit_reset": str(EPOCH + 30), "retry_after": "5"}, 30),
        ({"x_ratelimit_reset": str(EPOCH - 30), "retry_after": "3"}, 3),
        ({"x_ratelimit_reset": "soon", "retry_after": "5"}, 5),
        ({"retry_after": "17"}, 17),
        ({"retry_after": "-17"}, 1),
        ({"retry_after": str(10**9)}, 3600),
        ({"retry_after": "Sun, 01 Mar 2026 12:00:45 GMT"}, 45),
        ({"retry_after": "Sun, 01 Mar 2026 11:00:45 GMT"}, 1),
        ({"retry_after": "Sun, 99 Mar"}, 10),
        ({}, 10),
    ],
)
def test_a_freeze_lasts_as_long_as_the_headers_say_within_reason(
    headers: dict[str, str], seconds: float
) -> None:
    assert freeze_seconds(answer(headers), NOW) == seconds


def test_the_providers_own_clock_counts_where_it_sent_one() -> None:
    late = NOW + dt.timedelta(hours=5)
    headers = {"x_ratelimit_reset": str(EPOCH + 30)}
    assert freeze_seconds(answer(headers), late) == 30
    assert freeze_seconds(answer(headers, None), NOW) == 30
    assert freeze_seconds(answer(headers, None), late) == 1


@pytest.mark.parametrize(
    ("text", "ceiling"),
    [("100", 100.0), ("0", None), ("-3", None), ("", None), ("many", None), ("1e3", None)],
)
def test_an_announced_ceiling_is_a_whole_number(text: str, ceiling: float | None) -> None:
    assert announced_ceiling(answer({"x_ratelimit_limit": text})) == ceiling
