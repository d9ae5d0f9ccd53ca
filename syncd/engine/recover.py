"""The pass that finds out: attempts without a known outcome are read back, after their settle time
and before anything else is sent to the same campaign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.crashpoint import crashpoint
from syncd.engine.account import Account
from syncd.engine.ledger import outcome_of
from syncd.engine.reading import proven, shown
from syncd.errors import BadAnswer, ProviderError, SyncdError
from syncd.model.call import WriteItem
from syncd.model.recovery import Resolution, Unknown, resolve, resolve_create
from syncd.model.run import RunKind, RunOutcome, RunResult
from syncd.model.update import State


@dataclass(frozen=True, kw_only=True, slots=True)
class RecoverReport:
    """What one recovery did; `run_id` None: there was nothing to find out. `waits` is the longest
    remaining settle time in seconds."""

    run_id: int | None = None
    outcome: RunOutcome = RunOutcome.OK
    counts: Mapping[str, int] = field(default_factory=dict)
    error: SyncdError | None = None
    waits: float = 0.0
    touched: tuple[int, ...] = ()


async def recover(account: Account) -> RecoverReport:
    """Read back what may be read now. Raises LeaseLost and DatabaseUnavailable."""
    await account.unknowns.adopt(account.provider.capabilities.settles)
    unknown = await account.unknowns.all()
    if not unknown:
        return RecoverReport()
    waits = max(one.seconds_left for one in unknown)
    ready = [one for one in unknown if not one.seconds_left]
    if not ready:
        return RecoverReport(waits=waits, counts={"waiting": len(unknown)})
    run_id = await account.begin(RunKind.RECOVER)
    crashpoint("recover_start")
    counts = Counter(found=len(unknown), waiting=len(unknown) - len(ready))
    error: ProviderError | None = None
    touched: list[int] = []
    left = len(ready)
    for some in _portions(ready, account.provider.capabilities.read_batch):
        try:
            if some[0].is_create:
                resolutions = await _find_and_decide(account, run_id, some[0])
            else:
                resolutions = await _read_and_decide(account, run_id, some)
        except ProviderError as failed:
            error = failed
            counts["waiting"] += left
            break
        left -= len(some)
        counts.update(_COUNTED.get(one.state, one.state.value) for one in resolutions)
        touched.extend(resolution.update_id for resolution in resolutions)
        undecided = len(some) - len(resolutions)
        counts["waiting"] += undecided
        if undecided:
            error = BadAnswer(
                f"the read was not whole: it says nothing of {undecided} unknown updates",
                remedy="nothing is sent to these campaigns; the next pass reads again",
                code="incomplete",
            )
    return await _close(account, run_id, counts, error, (waits, tuple(touched)))


async def _read_and_decide(
    account: Account, run_id: int, some: Sequence[Unknown]
) -> list[Resolution]:
    """One read for all of these. An answer that is not whole decides only about what it shows."""
    marker = await account.mirror.mark()
    crashpoint("before_read")
    reading = await account.provider.read([one.external_id for one in some])
    reading = await proven(account, reading)
    crashpoint("after_read_before_decision")
    values = shown(reading)
    resolutions = [
        resolve(one, values.get(one.external_id), is_start=account.rules.starts(one.sent))
        for one in some
        if one.external_id in values or reading.is_whole
    ]
    await account.unknowns.resolve(resolutions)
    crashpoint("after_decision_commit")
    await account.mirror.absorb(run_id, list(reading.campaigns.values()), marker)
    gone = sorted(one.external_id for one in some if one.external_id in reading.gone)
    if gone:
        await account.mirror.bury(run_id, gone, marker)
    return resolutions


async def _find_and_decide(account: Account, run_id: int, create: Unknown) -> list[Resolution]:
    """Look for the campaign that an unanswered create may have made."""
    marker = await account.mirror.mark()
    crashpoint("before_read")
    item = WriteItem(external_id=create.external_id, changes=create.sent, remote={}, is_create=True)
    found = await account.provider.find(item)
    crashpoint("after_read_before_decision")
    if not found.is_whole:
        return []
    newcomers = await account.unknowns.newcomers(create.update_id, sorted(found.campaigns))
    resolution = resolve_create(create, newcomers, found.unlike)
    await account.unknowns.resolve([resolution])
    crashpoint("after_decision_commit")
    if resolution.created_id is not None:
        await account.mirror.absorb(run_id, [found.campaigns[resolution.created_id]], marker)
    return [resolution]


def _portions(ready: Sequence[Unknown], size: int) -> list[list[Unknown]]:
    """Creates one by one, all others as many as one read takes."""
    others = [one for one in ready if not one.is_create]
    return [
        *([one] for one in ready if one.is_create),
        *(others[start : start + size] for start in range(0, len(others), size)),
    ]


async def _close(
    account: Account,
    run_id: int,
    counts: Counter[str],
    error: ProviderError | None,
    rest: tuple[float, tuple[int, ...]],
) -> RecoverReport:
    outcome = RunOutcome.OK
    if error is not None:
        outcome = RunOutcome.PARTIAL if error.code == "incomplete" else outcome_of(error)
    books = {name: counts[name] for name in _COUNTS}
    result = RunResult(outcome=outcome, error=error)
    await account.runs.close(run_id, result, books)
    account.end(RunKind.RECOVER, run_id, result, books)
    seconds, touched = rest
    return RecoverReport(
        run_id=run_id, outcome=outcome, counts=books, error=error, waits=seconds, touched=touched
    )


_COUNTED = {State.UNKNOWN: "waiting"}
_COUNTS = ("found", "applied", "queued", "held", "expired", "waiting")
