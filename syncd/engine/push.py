"""The write pass: due updates are merged with a fresh read, what is left goes out in batches, and
the result of every single item is recorded. Runs once, straight through; it never decides when it
runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from syncd.crashpoint import crashpoint
from syncd.engine.account import Account
from syncd.engine.ledger import Ledger, outcome_of
from syncd.engine.reading import proven, shown
from syncd.engine.send import Sender
from syncd.engine.supervisor import in_parallel
from syncd.errors import CallRefused, ProviderError, SyncdError
from syncd.model.agreed import PLAN_CHANGED
from syncd.model.call import WriteCall
from syncd.model.fold import plan_push
from syncd.model.guard import mismatch
from syncd.model.plan import Agreed, Mark, PushPlan, Read, Values, hold_all
from syncd.model.run import RunKind, RunOutcome, RunResult
from syncd.model.update import Pending, State

EVERYTHING: Final = 1_000_000
"""More campaigns than stand in any queue."""
NAMED: Final = 3
"""So many campaigns a message names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PushReport:
    """What one push did; `run_id` None: nothing was due. `states` is where each update of it
    stands, `dropped` why some stayed in the queue that are no longer what was agreed on."""

    run_id: int | None = None
    outcome: RunOutcome = RunOutcome.OK
    counts: Mapping[str, int] = field(default_factory=dict)
    error: SyncdError | None = None
    states: Mapping[int, State] = field(default_factory=dict)
    dropped: Mapping[int, str] = field(default_factory=dict)


async def push(account: Account, agreed: Agreed | None = None) -> PushReport:
    """Send what is due; where something was agreed on, only that and as long as it is the same.
    Raises LeaseLost and DatabaseUnavailable; then what was open is recovered later."""
    ledger = Ledger(agreed=agreed)
    ledger.states.update(dict.fromkeys(await account.queue.expire(), State.EXPIRED))
    await account.queue.release()
    size = account.portion
    pending = await account.outbox.due(size, (), ledger.wanted)
    if not pending and not ledger.states:
        return PushReport()
    run_id = await account.begin(RunKind.PUSH)
    while pending:
        await _push_some(account, run_id, pending, ledger)
        if ledger.error is not None or account.is_stopping():
            break
        pending = await account.outbox.due(size, ledger.spent(), ledger.wanted)
    return await _close(account, run_id, ledger)


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """What was read without a push: the values of each campaign that was asked for and answered
    about, None where it is not shown."""

    report: PushReport
    values: Mapping[str, Values | None]


async def look(account: Account) -> Looked:
    """Read what a push would read now, and what waits for a person, and send nothing: a push that
    claims no update."""
    ledger, fresh = Ledger(), _Fresh()
    pending = await account.outbox.due(EVERYTHING, (), released=True, held=True)
    run_id = await account.begin(RunKind.PUSH)
    try:
        ids = dict.fromkeys(update.external_id for update in pending if not update.is_create)
        await _read(account, run_id, list(ids), fresh)
        await _dialect(account, fresh)
    except ProviderError as error:
        ledger.halt(error, outcome_of(error))
    read = fresh.reads.keys() - fresh.unread
    return Looked(
        report=await _close(account, run_id, ledger),
        values={one: fresh.values.get(one) for one in read},
    )


async def _push_some(
    account: Account, run_id: int, pending: Sequence[Pending], ledger: Ledger
) -> None:
    """Read, plan, decide what needs no call, send the rest."""
    crashpoint("after_claim")
    for update in pending:
        ledger.states[update.id] = State.QUEUED
    ledger.tries.update({update.external_id for update in pending})
    try:
        fresh = await _fresh(account, run_id, pending)
    except ProviderError as error:
        ledger.halt(error, outcome_of(error))
        return
    ledger.unread = (ledger.unread - fresh.reads.keys()) | fresh.unread
    readable = [
        ledger.bound(update) for update in pending if update.external_id not in fresh.unread
    ]
    hit = mismatch(account.provider.capabilities.dialect, await _dialect(account, fresh))
    if hit is not None:
        plan = hold_all(readable, hit)
    else:
        rules = await account.rules_now()
        recent = await account.records.recent(
            rules.window, {update.external_id for update in readable}
        )
        plan = plan_push(readable, fresh.values, account.provider.plan, rules, recent)
    plan = plan.resting_on(fresh.reads)
    await _decide(account, plan, ledger)
    await in_parallel(
        [partial(_send, account, run_id, plan, call, ledger) for call in plan.calls],
        account.in_flight,
    )


@dataclass(kw_only=True)
class _Fresh:
    """What the provider shows now, by external id, with the read that says so, and the ids about
    which an incomplete answer said nothing."""

    values: dict[str, Values] = field(default_factory=dict)
    reads: dict[str, Read] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    dialect: str | None = None


async def _fresh(account: Account, run_id: int, pending: Sequence[Pending]) -> _Fresh:
    """What the provider shows of these campaigns: a read that is young enough, else a new one. What
    starts, deletes or disables is worth a read of its own, and so is a write that carries more than
    was asked for."""
    campaigns = dict.fromkeys(update.external_id for update in pending if not update.is_create)
    weighty = {update.external_id for update in pending if account.rules.is_guarded(update.patch)}
    reads_first = account.provider.capabilities.reads_first
    light = [one for one in campaigns if one not in weighty and not reads_first]
    known = await account.mirror.recent(light, account.fresh_for) if light else {}
    fresh = _Fresh(
        values={one: seen.values for one, seen in known.items()},
        reads={one: Read(at=seen.at, is_new=False) for one, seen in known.items()},
    )
    await _read(account, run_id, [one for one in campaigns if one not in known], fresh)
    return fresh


async def _read(account: Account, run_id: int, ids: Sequence[str], fresh: _Fresh) -> None:
    """Read these campaigns; the mirror takes over what is shown."""
    size = account.provider.capabilities.read_batch
    for start in range(0, len(ids), size):
        some = ids[start : start + size]
        marker = await account.mirror.mark()
        reading = await proven(account, await account.provider.read(some))
        await account.mirror.absorb(run_id, list(reading.campaigns.values()), marker)
        fresh.values.update(shown(reading))
        fresh.reads.update(dict.fromkeys(some, Read(at=marker.at, is_new=True)))
        fresh.dialect = reading.dialect or fresh.dialect
        if not reading.is_whole:
            fresh.unread.update(one for one in some if one not in fresh.values)


async def _dialect(account: Account, fresh: _Fresh) -> str | None:
    """The dialect of what was just read, else of what was last seen."""
    if fresh.dialect is None:
        return await account.mirror.dialect_seen()
    await account.mirror.note_dialect(fresh.dialect)
    return fresh.dialect


async def _decide(account: Account, plan: PushPlan, ledger: Ledger) -> None:
    """Settle what needs no call. Whoever is superseded by an update that goes out falls with its
    intent."""
    decided = plan.without_call
    ledger.dropped.update(
        {
            update.update.id: update.deciding.message or ""
            for update in plan.marked(Mark.LATER)
            if update.deciding.code == PLAN_CHANGED
        }
    )
    moved = await account.outbox.decide(decided)
    for update in decided:
        # One that did not move was taken back or let through by somebody in this very moment; where
        # it stands is looked up in the end.
        reached = update.mark.state if update.update.id in moved else State.QUEUED
        ledger.states[update.update.id] = reached


async def _send(
    account: Account, run_id: int, plan: PushPlan, call: WriteCall, ledger: Ledger
) -> None:
    """One call of the plan, halved as long as it is refused as a whole for what is in it."""
    sender = Sender(account, run_id, plan, ledger)
    waiting = [call]
    while waiting and ledger.error is None:
        waiting[:0] = await sender.send(waiting.pop(0))


async def _close(account: Account, run_id: int, ledger: Ledger) -> PushReport:
    ledger.states.update(await account.queue.states(ledger.still_queued()))
    counts = ledger.counts()
    left_over = counts["queued"] - len(ledger.dropped.keys() & set(ledger.still_queued()))
    if left_over and ledger.error is None:
        ledger.halt(_left(left_over, sorted(ledger.unread)), RunOutcome.PARTIAL)
    result = RunResult(outcome=ledger.outcome, error=ledger.error, calls=ledger.calls)
    await account.runs.close(run_id, result, counts)
    account.end(RunKind.PUSH, run_id, result, counts)
    return PushReport(
        run_id=run_id,
        outcome=ledger.outcome,
        counts=counts,
        error=ledger.error,
        states=dict(ledger.states),
        dropped=dict(ledger.dropped),
    )


def _left(number: int, unread: Sequence[str]) -> CallRefused:
    """Why updates are still in the queue at the end of a pass that nothing stopped."""
    said = f"{number} update{'' if number == 1 else 's'} not judged and left in the queue"
    if not unread:
        return CallRefused(said, remedy="the next pass tries again")
    names = ", ".join(unread[:NAMED]) + (" and others" if len(unread) > NAMED else "")
    return CallRefused(
        f"{said}: no read could tell what stands at the provider for {names}",
        remedy="nothing is sent to what cannot be read: look there; the next pass tries again",
    )
