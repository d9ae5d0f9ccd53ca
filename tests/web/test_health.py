"""The two addresses that tell whether the service lives and can work."""

from __future__ import annotations

import aiohttp
import pytest

from syncd.config import Listen
from syncd.errors import ConfigError
from syncd.web.health import serve_health

LOOPBACK = Listen(host="127.0.0.1", port=0)


async def fine() -> str | None:
    return None


async def get(url: str, host: str | None = None, method: str = "GET") -> tuple[int, str]:
    headers = {} if host is None else {"Host": host}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def test_a_service_that_works_answers_one_word() -> None:
    async with serve_health(LOOPBACK, fine) as address:
        assert address.startswith("http://127.0.0.1:")
        assert await get(f"{address}/livez") == (200, "ok\n")
        assert await get(f"{address}/readyz") == (200, "ok\n")


@pytest.mark.parametrize("word", ["database", "schema"])
async def test_a_service_that_cannot_work_lives_and_says_what_is_wrong(word: str) -> None:
    async def trouble() -> str | None:
        return word

    async with serve_health(LOOPBACK, trouble) as address:
        assert await get(f"{address}/livez") == (200, "ok\n")
        assert await get(f"{address}/readyz") == (503, f"{word}\n")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8440", "127.0.0.1.evil.example", "[::2]:1", "localhost.evil"],
)
async def test_a_name_that_somebody_pointed_at_this_machine_is_refused(host: str) -> None:
    async with serve_health(LOOPBACK, fine) as address:
        for path in ("/livez", "/readyz", "/other"):
            assert await get(f"{address}{path}", host) == (421, "unknown host\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:80", "[::1]", "[::1]:8440"])
async def test_this_machines_own_names_are_answered(host: str) -> None:
    async with serve_health(LOOPBACK, fine) as address:
        assert (await get(f"{address}/livez", host))[0] == 200


async def test_there_is_nothing_else() -> None:
    async with serve_health(LOOPBACK, fine) as address:
        for path in ("/", "/metrics", "/livez/", "/api", "/readyz/../x", "/static/"):
            assert (await get(f"{address}{path}"))[0] == 404
        assert (await get(f"{address}/livez", method="POST"))[0] == 405


async def test_an_address_in_use_is_a_matter_for_the_configuration() -> None:
    async with serve_health(LOOPBACK, fine) as address:
        taken = Listen(host="127.0.0.1", port=int(address.rpartition(":")[2]))
        with pytest.raises(ConfigError, match=r"cannot listen on 127\.0\.0\.1") as refused:
            async with serve_health(taken, fine):
                pass
        assert refused.value.remedy
    async with serve_health(taken, fine) as again:
        assert again == address
