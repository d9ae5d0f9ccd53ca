"""`syncd run` beside a provider: pulls by schedule, pushes as soon as something is queued, answers
on its health port, and ends cleanly when it is told to. SYNCD_RUN_SECONDS says for how long the
first test runs it; from 90 on its two pulls are left to the schedule."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from syncd.simulator.faults import Fault
from tests.checker import check
from tests.e2e.conftest import Stage
from tests.e2e.processes import PATIENCE, Running, simulator_started, syncd, syncd_started
from tests.e2e.scene import ACCOUNT, SECRETS, SETTLE, Books, Place, Scene, connected
from tests.waiting import eventually

SECONDS = float(os.environ.get("SYNCD_RUN_SECONDS", "5"))
BY_THE_MINUTE = {"pull": {"schedule": "* * * * *", "jitter": "0s"}}
BRIEF = {"lease": {"ttl": "12s", "renew": "500ms", "request_timeout": "2s"}}
"""Little time for a call, so that nobody waits long for one that never ends."""


@asynccontextmanager
async def serving(place: Place) -> AsyncIterator[tuple[Running, str]]:
    """`syncd run`, ready; and where its health can be asked for."""
    async with syncd_started(place, "run") as running:
        ready = await running.says("health http://")
        yield running, ready.partition("health ")[2].split()[0]


async def asked(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def told(url: str, **what: Any) -> dict[str, Any]:
    """GET, or POST where something is said."""
    async with aiohttp.ClientSession() as session:
        method = session.post(url, json=what) if what else session.get(url)
        async with method as answer:
            said: dict[str, Any] = json.loads(await answer.text(), parse_float=Decimal)
            assert answer.status == 200, said
            return said


async def ok_pulls(books: Books, count: int) -> None:
    """Wait until so many pulls have ended well."""

    async def enough() -> bool:
        ended = [row["outcome"] for row in await books.runs("pull") if row["outcome"] != "open"]
        assert set(ended) <= {"ok"}
        return len(ended) >= count

    await eventually(enough, timeout=max(SECONDS, PATIENCE))


async def settled(books: Books, update: int) -> None:
    """Wait until an update is applied, sooner than a service that was not told of it would look."""

    async def is_applied() -> bool:
        return bool((await books.update(update))["state"] == "applied")

    await eventually(is_applied)


def of_configuration(path: Path) -> list[int]:
    """Processes that still run with this configuration."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(path).encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def assert_logs_are_clean(running: Running) -> None:
    """Every line is an event, and no secret stands in any of them."""
    lines = running.err.read_text().splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    assert events
    assert all(event["event"] and event["timestamp"] for event in events)
    for secret in [SECRETS["client_secret"], "Bearer", "access_token"]:
        assert secret not in running.told()


async def drive(books: Books, ready: dict[str, Any], until: float) -> int:
    """Queue one update after the other until then, three at least; each is applied at once."""
    picks = (await told(f"{ready['admin_url']}/picks"))["ordinary"]
    number = 0
    while number < 3 or time.monotonic() < until:
        pick = picks[number % len(picks)]
        number += 1
        amount = Decimal(pick["amount"]) + number
        update = await books.enqueue(pick["id"], pick["path"], f"{amount}")
        await settled(books, update)
        await confirmed(books, update)
        turn = time.monotonic() + 1
        await eventually(partial(passed, turn))
    return number


async def confirmed(books: Books, update: int) -> None:
    """Wait until a read has shown an applied value."""

    async def is_confirmed() -> bool:
        return bool((await books.update(update))["confirmation"] == "confirmed")

    await eventually(is_confirmed)


def passed(moment: float) -> bool:
    return time.monotonic() >= moment


async def move_the_slot(books: Books) -> None:
    """Let the next scheduled pull be due now; the service sees it when it next wakes."""
    await books.connection.execute("UPDATE syncd.accounts SET pull_due_at = syncd.now()")
    await books.connection.execute(
        "SELECT pg_notify('syncd_updates', id::text) FROM syncd.accounts"
    )


async def test_the_service_pulls_by_schedule_pushes_within_seconds_and_ends_cleanly(
    tmp_path: Path, database_url: str
) -> None:
    tables = {} if SECONDS < 90 else BY_THE_MINUTE  # no pull is under way when it is stopped
    place = Place(folder=tmp_path, database_url=database_url, base_url="", tables=tables)
    began = time.monotonic()
    async with (
        simulator_started(place, "--campaigns", "60", "--limit", "off") as ready,
        connected(database_url) as books,
    ):
        place = replace(place, base_url=ready["base_url"])
        place.write()
        async with serving(place) as (running, health):
            assert await asked(f"{health}/livez") == (200, "ok\n")
            assert await asked(f"{health}/readyz") == (200, "ok\n")
            await ok_pulls(books, 1)
            edited = (await told(f"{ready['admin_url']}/picks"))["uncapped"]["id"]
            await told(f"{ready['admin_url']}/edit", id=edited, name="By a person")
            if SECONDS < 90:
                await move_the_slot(books)
            pushed = await drive(books, ready, began + SECONDS)
            await ok_pulls(books, 2)
            assert (await books.campaigns())[edited]["name"] == "By a person"
            assert (await asked(f"{health}/readyz"))[0] == 200
            running.signal(signal.SIGTERM)
            assert await running.end() == 0
        journal = (await told(f"{ready['admin_url']}/journal"))["arrivals"]
        assert len([one for one in journal if one["is_write"]]) == pushed
        assert await check(journal, books.connection, SETTLE) == []
        assert of_configuration(place.path) == []
        assert_logs_are_clean(running)
        assert await books.connection.fetchval("SELECT count(owner) FROM syncd.leases") == 0
        assert await books.connection.fetchval("SELECT count(*) FROM syncd.services") == 0
        assert await books.view("runs", "outcome::text NOT IN ('ok')") == []


async def fired(fault: Fault) -> None:
    async with asyncio.timeout(PATIENCE):
        await fault.wait_fired()


async def opened(stage: Stage, **where: Any) -> tuple[Scene, dict[str, Any]]:
    """A pulled scene, and one campaign that takes its amount."""
    scene = await stage(**where)
    await scene.pull()
    (pick,) = scene.ordinary(1)
    return scene, pick


async def test_a_call_under_way_at_sigterm_is_ended_and_recorded(stage: Stage) -> None:
    scene, pick = await opened(stage)
    held = scene.simulator.faults.arm("hold", "update", when="after")
    async with serving(scene.place) as (running, _):
        (update,) = await scene.books.enqueue_picks([pick])
        await fired(held)
        running.signal(signal.SIGTERM)
        await running.says("stopping")
        held.release()
        assert await running.end() == 0, running.told()
    assert await scene.books.states([update]) == ["applied"]
    assert await scene.books.view("runs", "outcome::text = 'open'") == []
    assert await scene.violations() == []


async def test_nothing_queued_after_sigterm_is_sent(stage: Stage) -> None:
    scene, pick = await opened(stage)
    held = scene.simulator.faults.arm("hold", "update", when="after")
    async with serving(scene.place) as (running, _):
        await scene.books.enqueue_picks([pick])
        await fired(held)
        running.signal(signal.SIGTERM)
        await running.says("stopping")
        other = scene.ordinary(2)[1]
        (late,) = await scene.books.enqueue_picks([other])
        held.release()
        assert await running.end() == 0, running.told()
    assert await scene.books.states([late]) == ["queued"]
    assert len(scene.sent()) == 1


async def test_a_service_that_waits_for_a_freeze_stops_without_another_request(
    stage: Stage,
) -> None:
    scene, pick = await opened(stage)
    async with serving(scene.place) as (running, _):
        reset = int(time.time()) + 120
        frozen = scene.simulator.faults.arm("throttle", count=None, reset=reset)
        (update,) = await scene.books.enqueue_picks([pick])
        await fired(frozen)
        running.signal(signal.SIGTERM)
        await running.says("stopping")
        arrived = len(scene.simulator.journal.arrivals)
        assert await running.end() == 0, running.told()
    assert len(scene.simulator.journal.arrivals) == arrived
    assert await scene.books.states([update]) == ["queued"]
    assert await scene.books.view("runs", "outcome::text = 'open'") == []


async def test_a_call_that_never_ends_is_unknown_at_the_end_and_the_next_one_finds_out(
    stage: Stage,
) -> None:
    scene, pick = await opened(stage, tables=BRIEF)
    held = scene.simulator.faults.arm("hold", "update", when="after")
    async with serving(scene.place) as (running, _):
        (update,) = await scene.books.enqueue_picks([pick])
        await fired(held)
        running.signal(signal.SIGTERM)
        assert await running.end() == 0, running.told()
    assert await scene.books.states([update]) == ["unknown"]
    scene.simulator.faults.clear()
    async with serving(scene.place) as (running, _):
        await settled(scene.books, update)
        running.signal(signal.SIGTERM)
        assert await running.end() == 0
    assert (await scene.books.update(update))["reason_code"] == "read_back"
    assert len(scene.sent()) == 1
    assert await scene.violations() == []


async def test_a_second_signal_ends_it_at_once_and_loses_no_knowledge(stage: Stage) -> None:
    scene, pick = await opened(stage)
    held = scene.simulator.faults.arm("hold", "update", when="after")
    async with serving(scene.place) as (running, _):
        (update,) = await scene.books.enqueue_picks([pick])
        await fired(held)
        running.signal(signal.SIGTERM)
        await running.says("stopping")
        running.signal(signal.SIGTERM)
        assert await running.end() != 0
    assert await scene.books.states([update]) == ["unknown"]
    scene.simulator.faults.clear()
    code, said = await syncd(scene.place, "sync", "--push", "--wait-unknown")
    assert code == 0, said
    assert await scene.books.states([update]) == ["applied"]
    assert len(scene.sent()) == 1
    assert await scene.violations() == []


async def test_a_service_that_was_killed_is_followed_by_one_that_finds_out(stage: Stage) -> None:
    scene, pick = await opened(stage)
    held = scene.simulator.faults.arm("hold", "update", when="after")
    async with serving(scene.place) as (running, _):
        (update,) = await scene.books.enqueue_picks([pick])
        await fired(held)
        running.signal(signal.SIGKILL)
        assert await running.end() == -signal.SIGKILL
    scene.simulator.faults.clear()
    assert await scene.books.states([update]) == ["sending"]
    async with serving(scene.place) as (running, _):
        await settled(scene.books, update)
        running.signal(signal.SIGTERM)
        assert await running.end() == 0
    assert len(scene.sent()) == 1
    assert await scene.violations() == []


async def test_cron_beside_an_idle_service_gets_the_account(stage: Stage) -> None:
    scene, _ = await opened(stage)
    async with serving(scene.place) as (running, _):
        code, said = await syncd(scene.place, "sync", "--if-busy", "fail")
        assert code == 0, said
        running.signal(signal.SIGTERM)
        assert await running.end() == 0


async def test_a_paused_account_is_left_alone_until_it_is_resumed(stage: Stage) -> None:
    scene, pick = await opened(stage)
    pause = "UPDATE syncd.accounts SET paused_at = $1, paused_by = $2 WHERE name = $3"
    await scene.books.connection.execute(pause, datetime.now().astimezone(), "ann", ACCOUNT)
    (update,) = await scene.books.enqueue_picks([pick])
    arrived = len(scene.simulator.journal.arrivals)
    code, said = await syncd(scene.place, "sync")
    assert code == 0, said
    assert "paused" in said
    row = await scene.books.update(update)
    assert (row["state"], row["waiting_for"]["code"]) == ("queued", "account_paused")
    assert len(scene.simulator.journal.arrivals) == arrived
    await scene.books.connection.execute(pause, None, None, ACCOUNT)
    code, said = await syncd(scene.place, "sync")
    assert code == 0, said
    assert await scene.books.states([update]) == ["applied"]
