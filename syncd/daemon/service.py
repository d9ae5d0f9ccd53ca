"""The service: a worker for each account, woken by schedules and by the queue, health over HTTP,
and an end that leaves nothing half done."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from syncd import __version__
from syncd.config import Config
from syncd.daemon.composition import (
    Station,
    Watch,
    hold,
    pull_times,
    push_times,
    register,
    stations,
)
from syncd.daemon.consent import refresh_idle
from syncd.daemon.databases import open_lasting_store
from syncd.engine.events import CallSettled, Event, PassEnded
from syncd.engine.schedule import WakeTrigger
from syncd.engine.supervisor import serve
from syncd.engine.worker import Duties, Worker
from syncd.errors import DatabaseUnavailable, SchemaMismatch, SyncdError
from syncd.store.database import SCHEMA_VERSION, Database, listening
from syncd.store.leases import own_name
from syncd.web.health import serve_health

BEAT = 5.0
IDLE_EVERY = 3600.0
LISTEN_AGAIN = 5.0
GRACE = 30.0
log = structlog.get_logger()


async def run(config: Config, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; a second signal ends at once. `ready` is called with one line
    when every part is up. Raises SyncdError when it cannot begin."""
    stop = asyncio.Event()
    async with open_lasting_store(config) as (database, bring_back):
        numbers = await register(config, database)
        async with (
            stations(config, database, config.accounts, numbers) as live,
            serve_health(config.service.listen, partial(_readiness, database)) as address,
        ):
            workers = [_worker(database, station, stop) for station in live]
            by_number = {
                station.number: worker for station, worker in zip(live, workers, strict=True)
            }
            scheduler = _scheduler(live, workers)
            scheduler.start()
            _end_on_signals(stop, workers, [station.limits.close for station in live])
            ready(
                f"syncd {__version__} {config.service.name}: {_counted(len(live))}, "
                f"database ok, health {address}"
            )
            try:
                await serve(
                    [
                        *((worker.name, worker.run(stop)) for worker in workers),
                        ("listener", _listen(database, by_number, stop)),
                        ("heartbeat", _beat(database, bring_back, stop)),
                        ("tokens", _use_tokens(config, database, stop)),
                    ],
                    stop,
                    GRACE,
                )
            finally:
                scheduler.shutdown(wait=False)
    log.info("stopped")


def _counted(accounts: int) -> str:
    return "1 account" if accounts == 1 else f"{accounts} accounts"


def _worker(database: Database, station: Station, stop: asyncio.Event) -> Worker:
    watch = Watch(started_by="service", observe=_note, is_stopping=stop.is_set)
    settings = station.settings
    return Worker(
        Duties(
            name=settings.name,
            slots=station.slots,
            hold=partial(hold, database, station, watch),
            pull=pull_times(settings),
            push=push_times(settings),
        )
    )


def _scheduler(live: Sequence[Station], workers: Sequence[Worker]) -> AsyncIOScheduler:
    """Only wakes workers: what is due stands in Postgres. A late wake-up is never dropped."""
    scheduler = AsyncIOScheduler(
        timezone="UTC",
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    for station, worker in zip(live, workers, strict=True):
        for times in (pull_times(station.settings), push_times(station.settings)):
            if not times.schedule.on_enqueue:
                scheduler.add_job(worker.wake, WakeTrigger(times))
    return scheduler


async def _listen(database: Database, workers: dict[int, Worker], stop: asyncio.Event) -> None:
    """A new update wakes its account's worker. While the connection is away the workers' own polls
    do."""

    def heard(_channel: str, payload: str) -> None:
        worker = workers.get(int(payload)) if payload.isdigit() else None
        if worker is not None:
            worker.wake()

    while not stop.is_set():
        try:
            async with listening(database.dsn, ["syncd_updates"], heard) as is_there:
                for worker in workers.values():
                    worker.wake()  # whatever came while nobody listened
                while is_there() and not stop.is_set():
                    await _pause(LISTEN_AGAIN, stop)
        except SyncdError as error:
            log.warning("not-listening", reason=error.message, again_in=LISTEN_AGAIN)
            await _pause(LISTEN_AGAIN, stop)


async def _beat(
    database: Database, bring_back: Callable[[], Awaitable[None]], stop: asyncio.Event
) -> None:
    """Let everybody see that a service is alive, and see to it that its database is."""
    while not stop.is_set():
        try:
            await database.run("service_beat", own_name(), socket.gethostname(), __version__)
        except DatabaseUnavailable as error:
            log.warning("no-heartbeat", reason=error.message)
            await _try(bring_back)
        await _pause(BEAT, stop)
    await _try(partial(database.run, "service_end", own_name()))


async def _use_tokens(config: Config, database: Database, stop: asyncio.Event) -> None:
    """Credentials that nobody uses would die: those of paused accounts too."""
    while not stop.is_set():
        try:
            for account, error in await refresh_idle(config, database, "service"):
                log.warning(
                    "token-not-refreshed", account=account, code=error.code, reason=error.message,
                    remedy=error.remedy,
                )  # fmt: skip
        except SyncdError as error:
            log.warning("tokens-not-refreshed", code=error.code, reason=error.message)
        await _pause(IDLE_EVERY, stop)


async def _try(act: Callable[[], Awaitable[None]]) -> None:
    try:
        await act()
    except DatabaseUnavailable as error:
        log.warning("database-away", reason=error.message)


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def _readiness(database: Database) -> str | None:
    try:
        found = await database.value("schema_version")
    except DatabaseUnavailable:
        return "database"
    except SchemaMismatch:
        return "schema"
    return None if found == SCHEMA_VERSION else "schema"


def _end_on_signals(
    stop: asyncio.Event, workers: Sequence[Worker], closings: Sequence[Callable[[], None]]
) -> None:
    loop, whole = asyncio.get_running_loop(), asyncio.current_task()

    def end(name: str) -> None:
        if stop.is_set() and whole is not None:
            log.warning("stopping-at-once", signal=name)
            whole.cancel()
            return
        log.info("stopping", signal=name, grace=GRACE)
        stop.set()
        for close in closings:
            close()
        for worker in workers:
            worker.wake()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number.name)


def _note(event: Event) -> None:
    match event:
        case CallSettled():
            log.info(
                "call", account=event.account, batch=event.batch_id, operation=event.operation,
                status=event.status, **event.outcomes,
            )  # fmt: skip
        case PassEnded(error=error) if error is not None:
            log.warning(
                "pass-trouble", kind=event.kind.value, account=event.account, run=event.run_id,
                outcome=event.outcome.value, code=error.code, reason=error.message,
                remedy=error.remedy,
            )  # fmt: skip
        case _:
            return
