"""Many at once: the service, rounds of `syncd sync` beside it, and people who queue, approve,
cancel, retry, take note, pause and resume in SQL, all for the same campaigns. Nobody waits for
ever, whoever is refused is told why, no call is made twice, every update ends where it truly is."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from random import Random
from typing import Final

import asyncpg
import pytest

from tests.e2e.conftest import Stage
from tests.e2e.processes import syncd
from tests.e2e.scene import Scene
from tests.e2e.test_service import serving
from tests.e2e.truths import assert_all_is_kept
from tests.waiting import eventually

ROUNDS: Final = 3
ACTS: Final = 60
PEOPLE: Final = 6
CODES: Final = {0, 1, 3, 5}
"""1: the account was paused while its round was under way, say; 3: something is held."""


async def person(scene: Scene, seed: int, told: Counter[str]) -> None:
    """So many acts on a connection of one's own; refusals are counted by their code."""
    random = Random(seed)
    campaigns = [one["id"] for one in scene.ordinary(6)]
    connection = await asyncpg.connect(scene.place.database_url)
    try:
        for _ in range(ACTS):
            try:
                await connection.execute(await _act(connection, random, campaigns))
                told["done"] += 1
            except asyncpg.PostgresError as refused:
                told[refused.sqlstate or ""] += 1
    finally:
        await connection.close()


async def _act(
    connection: asyncpg.Connection[asyncpg.Record], random: Random, campaigns: list[str]
) -> str:
    """What somebody does next: mostly with one of the newest updates."""
    newest = await connection.fetch("SELECT id FROM syncd.updates ORDER BY id DESC LIMIT 8")
    one = random.choice(newest)["id"] if newest else 0
    asked = f"syncd.enqueue('criteo-eu', '{random.choice(campaigns)}'"
    daily = '{"budget.daily": "%d"}'
    return "SELECT " + random.choice(
        (
            f"{asked}, '{daily % random.randint(10, 900)}')",
            f"{asked}, '{daily % random.randint(2_000, 90_000)}')",
            f"{asked}, '{daily % random.randint(10, 900)}', policy => 'ours')",
            f"syncd.approve({one}, valid_for => '{random.choice((1, 30_000))} ms')",
            f"syncd.approve({one})",
            f"syncd.retry({one})",
            f"syncd.cancel({one})",
            f"syncd.seen({one})",
            random.choice(("syncd.pause()", "syncd.resume()", "syncd.resume()")),
        )
    )


async def rounds(scene: Scene, *how: str) -> list[int]:
    return [(await syncd(scene.place, "sync", *how))[0] for _ in range(ROUNDS)]


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_crowd_does_no_harm(stage: Stage, seed: int) -> None:
    scene = await stage(tables={"guard": {"max_factor": 2, "share": 1}})
    await scene.pull()
    told = Counter[str]()
    async with serving(scene.place) as (running, _):
        people = [person(scene, seed * 100 + number, told) for number in range(PEOPLE)]
        crowd = asyncio.gather(*people)
        first, second = await asyncio.gather(rounds(scene, "--if-busy", "fail"), rounds(scene))
        await crowd
        await scene.books.connection.execute("SELECT syncd.resume()")
        assert {*first, *second} <= CODES, (first, second, told)
        await eventually(lambda: _is_calm(scene), timeout=60)
        running.signal(signal.SIGTERM)
        assert await running.end() == 0, running.told()
    assert all(code == "done" or code.startswith("SY") for code in told), told
    assert told["done"] > PEOPLE * ACTS / 3, told
    assert await scene.books.view("runs", "outcome::text = 'open'") == []
    await assert_all_is_kept(scene)


async def _is_calm(scene: Scene) -> bool:
    """Nothing is on its way, and what is left waits for a person."""
    rows = await scene.books.view("updates", "state NOT IN ('applied', 'rejected', 'cancelled')")
    return all(row["state"] in ("held", "superseded", "expired") for row in rows)
