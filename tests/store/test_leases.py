"""Leases: one owner at a time, in the server's own time, and nothing written without one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest

from syncd.errors import LeaseBusy, LeaseLost
from syncd.model.recovery import Resolution
from syncd.model.run import RunKind, RunOutcome, RunResult
from syncd.model.update import Outcome, State, Verdict
from syncd.store.leases import Lease, is_dead, own_name, shown_owner, take_lease
from syncd.timing import boottime
from tests.store.parts import BODY, Parts, bound, campaign, settlement
from tests.store.test_schema import heard

OTHER_BOOT = "elsewhere|0d5ad2e0-0000-0000-0000-000000000000|pid:[1]|4711|100"


async def own(parts: Parts, owner: str) -> None:
    """Make somebody else the owner."""
    await parts.sql.execute(
        "UPDATE syncd.leases SET owner = $1, epoch = epoch + 1,"
        " expires_at = now() + interval '40 s'",
        owner,
    )


async def run_out(parts: Parts) -> None:
    await parts.sql.execute("UPDATE syncd.leases SET expires_at = clock_timestamp()")


async def test_of_twenty_takers_at_once_one_gets_the_account(parts: Parts) -> None:
    await parts.lease.release()
    taken = await asyncio.gather(
        *(take_lease(parts.database, parts.number, 45) for _ in range(20)), return_exceptions=True
    )
    leases = [one for one in taken if isinstance(one, Lease)]
    assert len(leases) == 1
    assert all(isinstance(one, LeaseBusy) for one in taken if one not in leases)
    assert leases[0].epoch == parts.lease.epoch + 1


async def test_every_owner_has_a_higher_epoch(parts: Parts) -> None:
    epochs = [parts.lease.epoch]
    for _ in range(5):
        await parts.sql.execute("UPDATE syncd.leases SET expires_at = clock_timestamp()")
        epochs.append((await take_lease(parts.database, parts.number, 45)).epoch)
    assert epochs == list(range(epochs[0], epochs[0] + 6))


async def test_a_busy_account_names_its_owner_and_the_time_left(parts: Parts) -> None:
    await own(parts, OTHER_BOOT)
    with pytest.raises(LeaseBusy, match="process 4711 on elsewhere") as busy:
        await take_lease(parts.database, parts.number, 45)
    assert "within 40 s" in busy.value.remedy


async def test_a_lease_that_ran_out_is_taken_and_cannot_be_renewed(parts: Parts) -> None:
    await own(parts, OTHER_BOOT)
    await run_out(parts)
    with pytest.raises(LeaseLost):
        await parts.lease.renew()
    lease = await take_lease(parts.database, parts.number, 45)
    await run_out(parts)
    with pytest.raises(LeaseLost, match="ran out before it was renewed"):
        await lease.renew()


async def test_a_moved_clock_ends_no_lease(parts: Parts) -> None:
    await parts.sql.execute("UPDATE syncd.clock SET shift = '1 year'")
    with pytest.raises(LeaseBusy):
        await take_lease(parts.database, parts.number, 45)
    await parts.lease.renew()


async def test_renewing_moves_the_owners_own_deadline(parts: Parts) -> None:
    assert parts.lease.deadline <= boottime() + 44
    parts.lease.deadline = 0.0
    before = boottime()
    await parts.lease.renew()
    assert before + 44 <= parts.lease.deadline <= boottime() + 44


async def test_an_owner_that_died_on_this_machine_is_replaced_at_once(parts: Parts) -> None:
    code = "from syncd.store.leases import own_name; print(own_name())"
    dead = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()
    assert is_dead(dead)
    await own(parts, dead)
    lease = await take_lease(parts.database, parts.number, 45)
    assert lease.epoch == parts.lease.epoch + 2


async def test_a_process_takes_back_what_it_left_and_could_not_give_back(parts: Parts) -> None:
    left = parts.lease.epoch
    with pytest.raises(LeaseBusy):
        await take_lease(parts.database, parts.number, 45)
    with pytest.raises(LeaseBusy):
        await take_lease(parts.database, parts.number, 45, left=left - 1)
    taken = await take_lease(parts.database, parts.number, 45, left=left)
    assert taken.epoch == left + 1
    await own(parts, OTHER_BOOT)
    with pytest.raises(LeaseBusy):
        await take_lease(parts.database, parts.number, 45, left=left + 2)


async def test_an_owner_that_lives_or_cannot_be_seen_is_left_alone(parts: Parts) -> None:
    host, boot, space, pid, start = own_name().split("|")
    for owner in (
        own_name(),
        f"{host}|{boot}|pid:[1]|{pid}|{int(start) + 1}",
        f"{host}|other-boot|{space}|{pid}|{int(start) + 1}",
        OTHER_BOOT,
        "a name of another form",
        f"{host}|||{pid}|1",
    ):
        await own(parts, owner)
        with pytest.raises(LeaseBusy):
            await take_lease(parts.database, parts.number, 45)


def test_a_process_that_took_over_the_number_of_a_dead_one_is_not_it() -> None:
    host, boot, space, pid, start = own_name().split("|")
    assert pid == str(os.getpid())
    assert not is_dead(own_name())
    assert is_dead(f"{host}|{boot}|{space}|{pid}|{int(start) - 1}")


def test_owners_are_shown_as_people_think_of_them() -> None:
    assert shown_owner(OTHER_BOOT) == "process 4711 on elsewhere"
    assert shown_owner("other") == "other"


async def test_releasing_wakes_whoever_waits_and_only_the_owner_can(parts: Parts) -> None:
    number = str(parts.number)
    mine = f"UPDATE syncd.leases SET owner = NULL WHERE epoch = {parts.lease.epoch}"
    assert await heard(parts, "syncd_leases", [mine]) == [number]
    assert await heard(parts, "syncd_leases", [mine]) == []
    lease = await take_lease(parts.database, parts.number, 45)
    await parts.lease.release()  # of an epoch that is over
    with pytest.raises(LeaseBusy):
        await take_lease(parts.database, parts.number, 45)
    await lease.release()
    await take_lease(parts.database, parts.number, 45)


async def test_nothing_is_written_under_an_epoch_that_is_over(parts: Parts) -> None:
    """Every statement of a pass that writes, tried by the owner before the present one."""
    await parts.pull([campaign("a"), campaign("b"), campaign("c")])
    past = await parts.sql.fetchval("SELECT syncd.now()")
    await parts.enqueue("a", "50")
    open_batch = await parts.intend(["a"])
    unknown = await parts.enqueue("c", "50")
    await parts.settle(await parts.intend(["c"]), Verdict(outcome=Outcome.UNKNOWN))
    await parts.enqueue("b", "50")
    late = await parts.enqueue("b", "40", expires_at=past.replace(year=past.year + 1))
    run_id, sighting = await parts.see([campaign("b", "70")])
    plan = await parts.plan()
    batch = await parts.batch(run_id, plan)
    await parts.lease.release()
    await take_lease(parts.database, parts.number, 45)
    stale = bound(parts.database, parts.lease, parts.url, parts.sql, parts.name)
    marker = await stale.mirror.mark()
    failed = RunResult(outcome=RunOutcome.FAILED)
    decided = Resolution(update_id=unknown, state=State.HELD, code="x", message=None)
    await parts.sql.execute("UPDATE syncd.clock SET shift = '2 years'")
    writes: dict[str, Callable[[], Awaitable[object]]] = {
        "absorb": lambda: stale.mirror.absorb(run_id, [campaign("b", "80")], marker),
        "see": lambda: stale.mirror.sighting(run_id).see([campaign("b", "81")], (), marker),
        "close a pull": lambda: sighting.close(failed, ()),
        "intend": lambda: stale.outbox.intend(batch, BODY),
        "settle": lambda: stale.outbox.settle(
            open_batch, settlement(open_batch, Verdict(outcome=Outcome.APPLIED))
        ),
        "decide": lambda: stale.outbox.decide(plan.updates),
        "expire": stale.outbox.expire,
        "adopt": stale.unknowns.adopt,
        "resolve": lambda: stale.unknowns.resolve([decided]),
        "open a run": lambda: stale.runs.open(RunKind.PULL, "test"),
        "close a run": lambda: stale.runs.close(run_id, failed, {}),
    }
    before = await everything(parts)
    for name, write in writes.items():
        refused = await asyncio.gather(write(), return_exceptions=True)
        assert isinstance(refused[0], LeaseLost), (name, refused)
    assert await everything(parts) == before
    assert (await parts.update(late))["state"] == "queued"


async def everything(parts: Parts) -> list[object]:
    """Every row that a pass may write."""
    found: list[object] = []
    for table in (
        "accounts",
        "campaigns",
        "campaign_versions",
        "field_changes",
        "runs",
        "updates",
        "batches",
        "attempts",
        "staging",
    ):
        rows = await parts.sql.fetch(f"SELECT t.*, t.ctid::text FROM syncd.{table} t")
        found += sorted(map(str, rows))
    return found
