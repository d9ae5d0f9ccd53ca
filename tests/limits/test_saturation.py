"""A provider's limit under a load that never lets go, with two owners one after the other: judged
by the receiver's journal alone. No window holds more than the limit, and nearly all is used."""

import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.processes import Running, simulator_started, syncd_started
from tests.e2e.scene import Place, connected
from tests.promises import most_in_window
from tests.waiting import eventually

SECOND_NS = 1_000_000_000
LEAST_USE = 0.9


@dataclass(frozen=True, kw_only=True)
class Load:
    """`n` arrivals in any window of `seconds`, against two pulls of so many advertisers each."""

    n: int
    seconds: int
    advertisers: int
    is_enforced: bool = False
    """Whether the simulator refuses what is past the limit, instead of only writing it down."""

    @property
    def limit(self) -> str:
        return f"{self.n}/{self.seconds}s"

    @property
    def scope(self) -> list[str]:
        return ["12345", *(str(20_000 + 37 * place) for place in range(1, self.advertisers))]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the receiver saw; shares are of the limit."""

    arrivals: int
    span: float
    most: int
    best: float
    overall: float
    refused: int

    def table(self, load: Load) -> str:
        return "\n".join(
            [
                f"limit                    {load.limit:>10}",
                f"arrivals                 {self.arrivals:>10}",
                f"between first and last   {self.span:>9.1f}s",
                f"most in any window       {self.most:>10}",
                f"used in the best window  {self.best:>10.1%}",
                f"used overall             {self.overall:>10.1%}",
                f"answered with 429        {self.refused:>10}",
            ]
        )


def measured(journal: Sequence[dict[str, Any]], load: Load) -> Measured:
    """Every arrival of the one credential; token calls count like all others."""
    times = sorted(one["arrived_ns"] for one in journal if one["credential"] is not None)
    assert len(times) == len(journal)
    span = (times[-1] - times[0]) / SECOND_NS
    most = max(most_in_window(times, load.seconds))
    return Measured(
        arrivals=len(times),
        span=span,
        most=most,
        best=most / load.n,
        overall=(len(times) - 1) / span * load.seconds / load.n,
        refused=sum(one["status"] == 429 for one in journal),
    )


@asynccontextmanager
async def receiving(
    folder: Path, database_url: str, load: Load
) -> AsyncIterator[tuple[Place, str]]:
    """A simulator process and the configuration for it; gives the address of its journal too."""
    place = Place(
        folder=folder,
        database_url=database_url,
        base_url="",
        tables={"limits": {"default": load.limit}},
        scope=load.scope,
    )
    options = ["--advertisers", str(load.advertisers), "--campaigns", str(2 * load.advertisers)]
    options += ["--limit", load.limit if load.is_enforced else "off"]
    async with simulator_started(place, *options) as ready:
        there = replace(place, base_url=ready["base_url"])
        there.write()
        yield there, f"{ready['admin_url']}/journal"


async def arrivals(address: str) -> list[dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        found: list[dict[str, Any]] = (await answer.json())["arrivals"]
        return found


async def arrived(address: str, count: int) -> None:
    """Wait until so many have arrived."""

    async def enough() -> bool:
        return len(await arrivals(address)) >= count

    await eventually(enough, timeout=120)


async def ended(running: Running) -> int:
    """The exit code, however long the limit makes it take."""
    return await running.process.wait()


def assert_limit_is_kept_and_used(found: Measured, load: Load) -> None:
    assert found.most <= load.n, found.table(load)
    assert found.refused == 0, found.table(load)
    assert found.best >= LEAST_USE, found.table(load)
    assert found.overall >= LEAST_USE, found.table(load)


async def assert_one_after_the_other(database_url: str, outcomes: list[str]) -> None:
    """The two pulls had an epoch each, and the second began when the first had ended."""
    async with connected(database_url) as books:
        first, second = await books.runs("pull")
    assert [first["outcome"], second["outcome"]] == outcomes
    assert first["epoch"] < second["epoch"]
    assert first["ended_at"] <= second["started_at"]


async def handed_over(folder: Path, database_url: str, load: Load) -> Measured:
    """Two pulls, the second waiting from the start for the first to end."""
    async with receiving(folder, database_url, load) as (place, journal):
        async with (
            syncd_started(place, "sync", "--pull") as first,
            syncd_started(place, "sync", "--pull") as second,
        ):
            assert [await ended(first), await ended(second)] == [0, 0], second.told()
        found = measured(await arrivals(journal), load)
    await assert_one_after_the_other(database_url, ["ok", "ok"])
    assert found.arrivals == 2 * load.advertisers + 2
    return found


def show(capsys: pytest.CaptureFixture[str], found: Measured, load: Load) -> None:
    """The figures are the result, so they are printed whatever pytest captures."""
    with capsys.disabled():
        print(f"\n{found.table(load)}")  # noqa: T201  (the table is what was asked for)


async def test_a_limit_that_the_provider_enforces_is_never_hit_across_a_clean_hand_over(
    tmp_path: Path, database_url: str
) -> None:
    load = Load(n=10, seconds=2, advertisers=8, is_enforced=True)
    found = await handed_over(tmp_path, database_url, load)
    assert found.most <= load.n, found.table(load)
    assert found.refused == 0, found.table(load)


async def test_a_limit_that_the_provider_enforces_is_never_hit_even_when_an_owner_is_killed(
    tmp_path: Path, database_url: str
) -> None:
    load = Load(n=10, seconds=2, advertisers=12, is_enforced=True)
    async with receiving(tmp_path, database_url, load) as (place, journal):
        async with (
            syncd_started(place, "sync", "--pull") as first,
            syncd_started(place, "sync", "--pull") as second,
        ):
            await arrived(journal, 9)
            killed, other = (first, second)
            async with connected(database_url) as books:
                (row,) = await books.runs("pull")
            if f"|{second.pid}|" in row["owner"]:
                killed, other = second, first
            killed.signal(signal.SIGKILL)
            assert await ended(killed) == -signal.SIGKILL
            assert await ended(other) == 0, other.told()
        found = measured(await arrivals(journal), load)
    await assert_one_after_the_other(database_url, ["failed", "ok"])
    assert found.most <= load.n, found.table(load)
    assert found.refused == 0, found.table(load)


@pytest.mark.limits
async def test_the_documented_limit_is_kept_and_used_for_more_than_a_minute(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    load = Load(n=250, seconds=60, advertisers=150)
    found = await handed_over(tmp_path, database_url, load)
    show(capsys, found, load)
    assert found.span >= 70
    assert_limit_is_kept_and_used(found, load)


@pytest.mark.limits
async def test_an_enforced_limit_is_never_hit_across_a_clean_hand_over(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    load = Load(n=25, seconds=6, advertisers=50, is_enforced=True)
    found = await handed_over(tmp_path, database_url, load)
    show(capsys, found, load)
    assert_limit_is_kept_and_used(found, load)
