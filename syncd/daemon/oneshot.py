"""One round over accounts and then the end: recover, pull, push now. What cron runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial

from syncd.config import Config
from syncd.daemon.composition import (
    Station,
    Watch,
    chosen,
    hold,
    pull_times,
    push_times,
    register,
    stations,
)
from syncd.engine.account import Account
from syncd.engine.events import Observer
from syncd.engine.ledger import Ledger
from syncd.engine.pull import PullReport, pull
from syncd.engine.push import PushReport, push
from syncd.engine.recover import RecoverReport, recover
from syncd.engine.supervisor import in_parallel
from syncd.engine.worker import rest, until_free
from syncd.errors import LeaseBusy, SyncdError
from syncd.model.plan import Agreed
from syncd.model.run import RunOutcome
from syncd.store.database import Database

AT_ONCE = 8
PATIENCE = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncRequest:
    """What is asked: `accounts` by name (none: all that are configured), which passes, only those
    that are due, what to do when another process holds an account (`wait` or `fail`), and whether
    to wait for settle times. `agreed`: push only this, as long as it is the same."""

    accounts: tuple[str, ...] = ()
    pull: bool = True
    push: bool = True
    due_only: bool = False
    agreed: Agreed | None = None
    if_busy: str = "wait"
    wait_unknown: bool = False
    started_by: str


@dataclass(kw_only=True)
class AccountReport:
    """What became of one account. `error` stopped it altogether; a pass's own error is in that
    pass's report."""

    account: str
    recovered: RecoverReport | None = None
    pulled: PullReport | None = None
    pushed: PushReport | None = None
    error: SyncdError | None = None
    is_busy: bool = False
    paused: bool = False
    skipped: bool = False
    waiting_unknown: int = 0
    unknown_seconds: float = 0.0


async def sync(
    config: Config, database: Database, request: SyncRequest, observe: Observer
) -> tuple[AccountReport, ...]:
    """One report an account, in the order of the configuration. One account's trouble is its
    own."""
    accounts = chosen(config, request.accounts)
    numbers = await register(config, database)
    reports = {account.name: AccountReport(account=account.name) for account in accounts}
    watch = Watch(started_by=request.started_by, observe=observe, is_stopping=lambda: False)
    async with stations(config, database, accounts, numbers) as live:
        await in_parallel(
            [
                partial(_one, database, one, (request, watch), reports[one.settings.name])
                for one in live
            ],
            AT_ONCE,
        )
    return tuple(reports.values())


async def _one(
    database: Database, station: Station, asked: tuple[SyncRequest, Watch], report: AccountReport
) -> None:
    request, watch = asked

    async def held() -> None:
        async with hold(database, station, watch) as account:
            await _passes(account, station, request, report)

    try:
        due = await station.slots.due()
        report.paused = due.is_paused
        report.skipped = request.due_only and not any(
            seconds is not None and seconds <= 0 for seconds in (due.pull_in or 0.0, due.work_in)
        )
        if report.paused or report.skipped:
            return
        patience = (
            0.0
            if request.if_busy == "fail"
            else station.settings.lease.ttl.total_seconds() + PATIENCE
        )
        await until_free(held, patience)
    except LeaseBusy as error:
        report.is_busy, report.error = True, error
    except SyncdError as error:
        report.error = error


async def _passes(
    account: Account, station: Station, request: SyncRequest, report: AccountReport
) -> None:
    """Recovery always comes first: nothing is sent to a campaign whose last write has no known
    outcome."""
    settings, slots = station.settings, station.slots
    report.recovered = await recover(account)
    due = await slots.due()
    if request.pull and not (request.due_only and (due.pull_in or 0.0) > 0):
        report.pulled = await pull(account)
        at = pull_times(settings).next_time(due.now)
        await slots.pulled(at or due.now)
    if request.push:
        report.pushed = await push(account, request.agreed)
        await slots.pushed(push_times(settings).next_time(due.now))
    await _see_unknown(account, report)
    while request.wait_unknown and report.waiting_unknown and _went_well(report):
        await rest(report.unknown_seconds)
        report.recovered = _joined(report.recovered, await recover(account))
        if request.push:
            report.pushed = _pushed_too(report.pushed, await push(account, request.agreed))
        await _see_unknown(account, report)
        report.pushed = await _as_it_stands(account, report.pushed)


async def _see_unknown(account: Account, report: AccountReport) -> None:
    unknown = await account.unknowns.all()
    report.waiting_unknown = len(unknown)
    report.unknown_seconds = max((one.seconds_left for one in unknown), default=0.0)


def _went_well(report: AccountReport) -> bool:
    return report.recovered is None or report.recovered.outcome is RunOutcome.OK


def _joined(first: RecoverReport | None, second: RecoverReport) -> RecoverReport:
    """What both found out; how they went, and what still waits, is told by the later one."""
    if first is None or first.run_id is None:
        return second
    if second.run_id is None:
        return first
    ended = Counter(first.counts) + Counter(second.counts)
    counts = Counter({name: ended[name] for name in ended if name not in ("found", "waiting")})
    counts["waiting"] = second.counts.get("waiting", 0)
    counts["found"] = counts.total()
    return replace(second, counts=counts, touched=(*first.touched, *second.touched))


async def _as_it_stands(account: Account, pushed: PushReport | None) -> PushReport | None:
    """The same push, its updates where recovery has brought them."""
    if pushed is None or pushed.run_id is None:
        return pushed
    ledger = Ledger(states=dict(await account.queue.states(list(pushed.states))))
    return replace(pushed, states=ledger.states, counts=ledger.counts())


def _pushed_too(first: PushReport | None, second: PushReport) -> PushReport:
    if first is None or first.run_id is None:
        return second
    if second.run_id is None:
        return first
    return PushReport(
        run_id=second.run_id,
        outcome=second.outcome,
        counts=second.counts,
        error=second.error,
        states={**first.states, **second.states},
        dropped={**first.dropped, **second.dropped},
    )
