"""All checks in their order, and one run over them. Knows which checks there are, and none of what
they look at."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

import stamina

from syncd import timing
from syncd.conformance import (
    dialects,
    mapping,
    money,
    paging,
    readonly,
    reads,
    secrecy,
    steadiness,
    storms,
    times,
    unknowns,
    writes,
)
from syncd.conformance.bench import Bench, BenchFailed, running
from syncd.conformance.check import Check
from syncd.conformance.ending import Broken, NotApplicable, Outcome, Result
from syncd.conformance.stand import Stand, Subject
from syncd.errors import SyncdError
from syncd.providers import registry

CHECKS: Final[tuple[Check, ...]] = (
    *paging.CHECKS,
    *mapping.CHECKS,
    *readonly.CHECKS,
    *reads.CHECKS,
    *writes.CHECKS,
    *money.CHECKS,
    *times.CHECKS,
    *steadiness.CHECKS,
    *unknowns.CHECKS,
    *storms.CHECKS,
    *dialects.CHECKS,
    *secrecy.CHECKS,
)
VALUES: Final = 100_000
_ATTEMPTS: Final = 2


async def checked(
    subject: Subject, *, checks: Sequence[Check] = CHECKS, values: int = VALUES
) -> AsyncGenerator[Result, None]:
    """Start the provider's bench and run these checks one after the other, each result as it comes.
    Raises BenchFailed where there is nothing to check against."""
    registration = subject.registration
    if not registration.bench:
        raise BenchFailed(
            f"{registration.title} names no bench, so there is nothing to check it against",
            remedy="its registration's `bench` is the command that starts a server to check with",
        )
    async with (
        running(registration.bench, subject.spoken) as bench,
        aclosing(checked_at(bench, subject, checks=checks, values=values)) as results,
    ):
        async for result in results:
            yield result


async def checked_at(
    bench: Bench, subject: Subject, *, checks: Sequence[Check] = CHECKS, values: int = VALUES
) -> AsyncGenerator[Result, None]:
    """The same at a bench that is running."""
    name, scope = subject.registration.name, bench.told.scope
    stand = Stand(
        subject=subject,
        bench=bench,
        capabilities=registry.capabilities(name, subject.dialect, scope),
        values=values,
    )
    # Reads are tried again here as ever, only without the pauses between.
    with stamina.set_testing(True, attempts=_ATTEMPTS, cap=True):
        async with stand.opening():
            for one in checks:
                yield await _result(one, stand)


async def _result(check: Check, stand: Stand) -> Result:
    started = timing.boottime()
    outcome, told = await _ending(check, stand)
    await stand.bench.admin.act("faults/clear")
    if outcome is Outcome.SKIPPED and not told.strip():
        outcome, told = Outcome.FAILED, "it was skipped without a reason"
    return Result(
        name=check.name,
        sentence=check.sentence,
        outcome=outcome,
        told=told,
        seconds=timing.boottime() - started,
    )


async def _ending(check: Check, stand: Stand) -> tuple[Outcome, str]:
    try:
        return Outcome.PASSED, await check.run(stand)
    except Broken as broken:
        return Outcome.FAILED, broken.text
    except NotApplicable as reason:
        return Outcome.SKIPPED, str(reason)
    except SyncdError as error:
        return Outcome.FAILED, f"{type(error).__name__}: {error.message}"
    except Exception as error:  # noqa: BLE001 - a stranger's adapter may raise anything
        return Outcome.FAILED, f"{type(error).__name__}: {error}"
