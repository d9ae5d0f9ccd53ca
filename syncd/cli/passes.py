"""One round of passes and what it did: a sentence for each pull, a table for each push with every
item's result, books that add up, and the code that all of it deserves."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncd import daemon
from syncd.cli import inbox, kept_back, plan_followed
from syncd.cli.choices import Choices
from syncd.cli.codes import BUSY, FAILED, ITEMS, OK, code_of, worst
from syncd.cli.opened import Opened, opened
from syncd.cli.plan_followed import Followed, agreed, followed, valid_plan
from syncd.cli.pushed import draw_push
from syncd.cli.render.progress import progress
from syncd.cli.text import age, count, lasted, plural
from syncd.daemon import AccountReport, SyncRequest
from syncd.engine.pull import PullReport
from syncd.engine.push import PushReport
from syncd.engine.recover import RecoverReport
from syncd.errors import SyncdError, UsageError
from syncd.model.run import RunOutcome
from syncd.store.plans import SavedPlan
from syncd.store.reports import Row

_PULL_TERMS: Final = ("new", "changed", "moved", "unchanged", "skipped", "bad")
_RECOVER_TERMS: Final = ("applied", "queued", "held", "expired", "waiting")
_ITEMS: Final = ("rejected", "held", "unknown")


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What one account's round did, with the rows that the database has of it; `gone` campaigns
    were found to be gone by its pull. `followed`: the saved plan that its push went by; `kept`: why
    others are still in the queue."""

    report: AccountReport
    runs: Mapping[int, Row]
    updates: Sequence[Row]
    gone: int = 0
    followed: Followed | None = None
    kept: Sequence[Mapping[str, Any]] = ()


async def sync_accounts(choices: Choices, names: Sequence[str], wanted: Mapping[str, Any]) -> int:
    """Run the round and tell; returns the exit code."""
    _refuse_both(wanted)
    async with opened(choices) as here:
        here.screen.refuse_csv("a round of passes")
        hash_ = wanted.get("plan")
        saved = None if hash_ is None else await valid_plan(here, hash_, names)
        request = _request(names, wanted, saved)
        with progress(here.screen) as observe:
            reports = await daemon.sync(here.config, here.database, request, observe)
            idle = await daemon.refresh_idle(here.config, here.database, request.started_by)
        rounds = [await _round(here, report, saved) for report in reports]
        codes = [code for one in rounds for code in _codes(one)]
        codes += [code_of(error) for _, error in idle]
        waiting = await here.reports.inbox_counts([report.account for report in reports])
        if choices.format == "json":
            document = {
                "accounts": [_document(one) for one in rounds],
                "not_refreshed": [
                    {"account": account, "error": _error(error)} for account, error in idle
                ],
                "inbox": waiting,
            }
            here.screen.document("syncd.sync/1", document)
        else:
            for one in rounds:
                _draw(here, one, everything=wanted["everything"])
                _say_what_is_left(here, one)
            for account, error in idle:
                _trouble(here, account, ": its token, unused for 30 days, is not refreshed", error)
            if waiting:
                here.screen.deed(f"{inbox.tally(waiting)}; next: {inbox.COMMAND}")
        return worst(codes)


def _refuse_both(wanted: Mapping[str, Any]) -> None:
    if wanted["only_pull"] and wanted["only_push"]:
        raise UsageError("--pull and --push exclude each other", remedy="leave both out to do both")
    if wanted.get("plan") is not None and (wanted["only_pull"] or wanted["due"]):
        raise UsageError("--plan is for a push now", remedy="leave --pull and --due out")


def _request(
    names: Sequence[str], wanted: Mapping[str, Any], saved: SavedPlan | None
) -> SyncRequest:
    return SyncRequest(
        accounts=tuple(names) if saved is None else (saved.account,),
        pull=not wanted["only_push"],
        push=not wanted["only_pull"],
        due_only=wanted["due"],
        agreed=None if saved is None else agreed(saved),
        if_busy=wanted["if_busy"],
        wait_unknown=wanted["wait_unknown"],
        started_by="syncd sync",
    )


async def _round(here: Opened, report: AccountReport, saved: SavedPlan | None) -> Round:
    passes = (report.recovered, report.pulled, report.pushed)
    runs = [one.run_id for one in passes if one is not None and one.run_id is not None]
    touched = set(report.pushed.states) if report.pushed else set()
    if report.recovered:
        touched |= set(report.recovered.touched)
    updates = await here.reports.updates_by_id(touched)
    known = await here.reports.runs(runs)
    return Round(
        report=report,
        runs=known,
        updates=updates,
        gone=await _gone(here, report, known),
        kept=()
        if report.pushed is None
        else kept_back.kept_back(
            await here.reports.queued(report.account, kept_back.MOST), report.pushed.states
        ),
        followed=None
        if saved is None
        else followed(saved, report.pushed, await here.reports.updates_by_id(saved.updates)),
    )


async def _gone(here: Opened, report: AccountReport, runs: Mapping[int, Row]) -> int:
    """How many campaigns the pull found to be gone."""
    run = runs.get(report.pulled.run_id) if report.pulled else None
    if run is None or run["ended_at"] is None:
        return 0
    rows = await here.reports.gone(report.account, None)
    return sum(
        row["gone_by"] == "provider" and run["started_at"] <= row["gone_at"] <= run["ended_at"]
        for row in rows
        if row["gone_at"] is not None
    )


def _codes(done: Round) -> Iterator[int]:
    """Every code that something in this round deserves."""
    report = done.report
    if report.is_busy:
        yield BUSY
    elif report.error is not None:
        yield code_of(report.error)
    for one in (report.recovered, report.pulled, report.pushed):
        if one is not None and one.outcome is not RunOutcome.OK:
            yield FAILED if one.outcome is RunOutcome.FAILED else ITEMS
    if report.waiting_unknown or any(row["state"] in _ITEMS for row in done.updates):
        yield ITEMS
    if done.followed is not None and done.followed.dropped:
        yield ITEMS
    if not _balances(report):
        yield FAILED


def _balances(report: AccountReport) -> bool:
    pulled, pushed = report.pulled, report.pushed
    if pulled is not None and pulled.counts:
        seen = sum(pulled.counts.get(term, 0) for term in _PULL_TERMS)
        if pulled.counts.get("seen", 0) != seen:
            return False
    if pushed is None or not pushed.counts:
        return True
    claimed = pushed.counts["claimed"]
    return claimed == sum(number for name, number in pushed.counts.items() if name != "claimed")


def _draw(here: Opened, done: Round, *, everything: bool) -> None:
    screen, report = here.screen, done.report
    if report.paused:
        screen.deed(f"{report.account} is paused; nothing was read or sent")
    if report.skipped:
        screen.deed(f"{report.account}: nothing is due")
    if report.error is not None:
        _trouble(here, report.account, "", report.error)
    _draw_reads(here, done)
    if report.pushed is not None:
        if report.pushed.run_id is None:
            screen.deed(f"{report.account} push: nothing is due")
        else:
            draw_push(screen, report.pushed, done.runs, done.updates, everything=everything)
        _trouble_of(here, report.account, "push", report.pushed)
    kept_back.draw(screen, report.account, done.kept)
    if done.followed is not None:
        plan_followed.draw(screen, report.account, done.followed)
    if report.waiting_unknown:
        number = plural(report.waiting_unknown, "update")
        screen.talk(
            f"{report.account}: {number} without a known outcome; readable in "
            f"{_rest(report.unknown_seconds)}, the next pass decides (--wait-unknown waits)"
        )


def _rest(seconds: float) -> str:
    """What is left of a wait, never less than it is."""
    whole = math.ceil(seconds)
    return age(whole) if whole < 60 else lasted(whole)


def _say_what_is_left(here: Opened, done: Round) -> None:
    """Where everything but trouble is silent, the items that end the command with 3 are trouble."""
    states = Counter(row["state"] for row in done.updates if row["state"] in _ITEMS)
    if here.choices.quiet and states:
        account = done.report.account
        named = ", ".join(f"{number} {state}" for state, number in states.items())
        here.screen.problem(
            SyncdError(
                f"{account} push: {named}",
                remedy=f"see: syncd updates list --state {next(iter(states))} --account {account}",
                code="items",
            )
        )


def _draw_reads(here: Opened, done: Round) -> None:
    report = done.report
    if report.recovered is not None and report.recovered.run_id is not None:
        here.screen.deed(_recovered(report.account, report.recovered))
        _trouble_of(here, report.account, "recover", report.recovered)
    if report.pulled is not None:
        here.screen.deed(_pulled(report.account, report.pulled, done))
        _trouble_of(here, report.account, "pull", report.pulled)


def _trouble_of(
    here: Opened, account: str, kind: str, report: RecoverReport | PullReport | PushReport
) -> None:
    if report.error is not None:
        _trouble(here, account, f" {kind} {report.outcome.value}", report.error)


def _trouble(here: Opened, account: str, what: str, error: SyncdError) -> None:
    here.screen.problem(
        SyncdError(f"{account}{what}: {error.message}", remedy=error.remedy, code=error.code)
    )


def _pulled(account: str, report: PullReport, done: Round) -> str:
    """`criteo-eu pull ok: seen 1,204 = 3 new + 41 changed + 1,160 unchanged; 2 missing, 1 gone;
    13 calls, 4.1 s`."""
    counts = report.counts
    terms = [
        f"{count(counts[term])} {term}"
        for term in _PULL_TERMS
        if counts.get(term) or term == "unchanged"
    ]
    seen = count(counts.get("seen", 0))
    said = f"{account} pull {report.outcome.value}: seen {seen} = {' + '.join(terms)}"
    beside = {"missing": counts.get("missing"), "gone": done.gone} | {
        "duplicates": counts.get("duplicates")
    }
    words = [f"{count(number)} {name}" for name, number in beside.items() if number]
    return said + (f"; {', '.join(words)}" if words else "") + _cost(report.run_id, done.runs)


def _recovered(account: str, report: RecoverReport) -> str:
    counts = report.counts
    terms = [f"{counts[term]} {term}" for term in _RECOVER_TERMS if counts.get(term)]
    found = f"{counts['found']} without a known outcome = {' + '.join(terms)}"
    return f"{account} recover {report.outcome.value}: {found}"


def _cost(run_id: int, runs: Mapping[int, Row]) -> str:
    run = runs.get(run_id)
    if run is None or run["ended_at"] is None:
        return ""
    took = lasted((run["ended_at"] - run["started_at"]).total_seconds())
    return f"; {plural(run['calls'], 'call')}, {took}"


def _document(done: Round) -> dict[str, Any]:
    report = done.report
    return {
        "account": report.account,
        "paused": report.paused,
        "skipped": report.skipped,
        "is_busy": report.is_busy,
        "waiting_unknown": report.waiting_unknown,
        "error": _error(report.error),
        **{
            kind: None if one is None else _pass_document(one, done.runs)
            for kind, one in (
                ("recover", report.recovered),
                ("pull", report.pulled),
                ("push", report.pushed),
            )
        },
        "gone": done.gone,
        "plan": None if done.followed is None else done.followed.document,
        "updates": list(done.updates),
        "queued": list(done.kept),
        "exit_code": worst(list(_codes(done))) or OK,
    }


def _pass_document(
    report: RecoverReport | PullReport | PushReport, runs: Mapping[int, Row]
) -> dict[str, Any]:
    run = runs.get(report.run_id) if report.run_id is not None else None
    return {
        "run_id": report.run_id,
        "outcome": report.outcome.value,
        "counts": report.counts,
        "calls": None if run is None else run["calls"],
        "started_at": None if run is None else run["started_at"],
        "ended_at": None if run is None else run["ended_at"],
        "error": _error(report.error),
    }


def _error(error: SyncdError | None) -> dict[str, str] | None:
    if error is None:
        return None
    return {"code": error.code, "detail": error.message, "remedy": error.remedy}
