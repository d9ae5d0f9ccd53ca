"""The way past the brake: what a braked pull notes, who may let how much pass and for how long, and
what a pull that passes uses up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from syncd.errors import BadAnswer, Refused
from syncd.model.brake import brake
from syncd.model.run import RunOutcome, RunResult
from tests.store.parts import CAPABILITIES, COMPLETE, Parts, campaign

ALL = [campaign(f"c{number:02}") for number in range(20)]
WHY = BadAnswer("half of it is missing", remedy="look", code="braked")
BRAKED = RunResult(outcome=RunOutcome.BRAKED, error=WHY)
DAY = dt.timedelta(hours=24)


@pytest.fixture
async def parts(parts: Parts) -> Parts:
    """The account after a complete pull of twenty campaigns."""
    await parts.pull(ALL)
    return parts


async def pull(parts: Parts, shown: int) -> str | None:
    """A pull that shows so many of them; returns what braked it."""
    _, sighting = await parts.see(ALL[:shown])
    absence = await sighting.absent(CAPABILITIES)
    why = brake(absence)
    await sighting.close(COMPLETE if why is None else BRAKED, absence.ids if why is None else ())
    return why


async def health(parts: Parts) -> Mapping[str, Any]:
    row = await parts.sql.fetchrow("SELECT * FROM report.account_health WHERE account = 'shop'")
    return dict(row or {})


async def test_a_braked_pull_says_how_to_let_it_pass(parts: Parts) -> None:
    assert await pull(parts, 8)
    row = await health(parts)
    assert (row["state"], row["braked_absent"], row["missing"]) == ("braked", 12, 0)
    assert "12 campaigns" in row["cause"]
    assert row["remedy"].endswith("syncd accounts accept shop")
    assert row["since"] is not None


async def test_what_a_person_accepts_passes_once(parts: Parts) -> None:
    assert await pull(parts, 8)
    assert await parts.accounts.accept("shop", "ann") == 12
    assert (await health(parts))["remedy"].startswith("accepted by ann")
    assert await pull(parts, 8) is None
    row = await health(parts)
    assert (row["state"], row["braked_absent"], row["missing"]) == ("ok", None, 12)
    await parts.pull(ALL)
    assert await pull(parts, 8)


async def test_no_more_passes_than_was_accepted(parts: Parts) -> None:
    assert await pull(parts, 8)
    await parts.accounts.accept("shop", "ann")
    assert await pull(parts, 7)
    assert (await health(parts))["braked_absent"] == 13
    assert await pull(parts, 8) is None


async def test_leave_is_given_for_a_day(parts: Parts) -> None:
    assert await pull(parts, 8)
    await parts.accounts.accept("shop", "ann")
    await parts.move_clock(DAY)
    assert await pull(parts, 8)
    await parts.accounts.accept("shop", "ann")
    await parts.move_clock(DAY - dt.timedelta(minutes=1))
    assert await pull(parts, 8) is None


async def test_a_pull_that_passes_by_itself_uses_the_leave_up(parts: Parts) -> None:
    assert await pull(parts, 8)
    await parts.accounts.accept("shop", "ann")
    assert await pull(parts, 20) is None
    assert await pull(parts, 8)


async def test_a_failed_pull_changes_nothing_of_it(parts: Parts) -> None:
    assert await pull(parts, 8)
    await parts.accounts.accept("shop", "ann")
    _, sighting = await parts.see(ALL[:3])
    await sighting.absent(CAPABILITIES)
    await sighting.close(RunResult(outcome=RunOutcome.PARTIAL, error=WHY), ())
    assert (await health(parts))["braked_absent"] == 12
    assert await pull(parts, 8) is None


async def test_where_nothing_was_braked_there_is_nothing_to_accept(parts: Parts) -> None:
    with pytest.raises(Refused, match="was not braked") as refused:
        await parts.accounts.accept("shop", "ann")
    assert "syncd campaigns gone" in refused.value.remedy
    with pytest.raises(Refused, match='unknown account "nope"'):
        await parts.accounts.accept("nope", "ann")
