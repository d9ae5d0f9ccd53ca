"""Leases: the time-limited right to act for one account, kept in Postgres's own time. An owner's
name says which process it is, so that a dead one on this very machine is replaced at once."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from syncd.errors import LeaseBusy, LeaseLost
from syncd.store.database import Database
from syncd.timing import boottime


@dataclass(kw_only=True)
class Lease:
    """An account held by us. `deadline` (boot time, seconds) is when nothing of ours may be in
    flight any more; every renewal moves it."""

    database: Database
    account_id: int
    epoch: int
    ttl: float
    deadline: float

    async def renew(self) -> None:
        """Hold it for another `ttl` seconds. Raises LeaseLost when it is ours no longer."""
        left = boottime()
        if await self.database.value("lease_renew", self.account_id, self.epoch, self.ttl) is None:
            raise LeaseLost(
                f"the lease of account {self.account_id} ran out before it was renewed",
                remedy="another process took the account over; it recovers what was open",
            )
        self.deadline = left + self.ttl - 1

    async def release(self) -> None:
        """Give it back: a waiting process may go on at once."""
        await self.database.run("lease_release", self.account_id, self.epoch)


async def take_lease(
    database: Database, account_id: int, ttl: float, *, left: int | None = None
) -> Lease:
    """Take the account's lease. `left` is an epoch of this very process that ended without being
    given back: nothing of it is in flight any more. Raises LeaseBusy with the owner's name and the
    seconds that it still has."""
    row = await database.row("lease_read", account_id)
    holder = row["owner"] if row else None
    dead = holder if holder is not None and is_dead(holder) else None
    asked_at = boottime()
    epoch = await database.value("lease_take", account_id, own_name(), ttl, dead, left)
    if epoch is None:
        seconds = float(row["seconds_left"]) if row else ttl
        raise LeaseBusy(
            f"another process holds the account: {shown_owner(holder or 'unknown')}",
            remedy=f"it ends its lease within {seconds:.0f} s, or keeps working",
        )
    return Lease(
        database=database,
        account_id=account_id,
        epoch=int(epoch),
        ttl=ttl,
        deadline=asked_at + ttl - 1,
    )


@cache
def own_name() -> str:
    """host|boot id|pid namespace|pid|start time of this process."""
    return "|".join([socket.gethostname(), *_place(), str(os.getpid()), _started("self")])


def shown_owner(owner: str) -> str:
    """An owner for people: process and host."""
    parts = owner.split("|")
    return f"process {parts[3]} on {parts[0]}" if len(parts) == 5 else owner


def is_dead(owner: str) -> bool:
    """Whether that process certainly ended: only on this boot and in this pid namespace can we
    tell."""
    parts = owner.split("|")
    if len(parts) != 5 or tuple(parts[1:3]) != _place() or "" in parts[1:3]:
        return False
    return _started(parts[3]) != parts[4]


def _place() -> tuple[str, str]:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return boot, str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return "", ""


def _started(pid: str) -> str:
    """The start time of a process in clock ticks since boot, empty when there is none. A zombie is
    gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
