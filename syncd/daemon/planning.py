"""What a push would do now, from the mirror alone: nothing is read at the provider, nothing is
sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from syncd.config import Account, Config
from syncd.daemon.composition import Station, chosen, register, stations
from syncd.daemon.guarding import free_guards
from syncd.model.fold import plan_push
from syncd.model.guard import Rules
from syncd.model.plan import PushPlan
from syncd.model.registration import DEFAULT_LIMIT
from syncd.store.database import Database
from syncd.store.mirror import Mirror
from syncd.store.outbox import Outbox

MOST = 1_000_000
NO_EPOCH = 0  # reading needs no lease


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountPlan:
    """One account's plan. `waiting` are open updates that a push would leave alone now: id, code
    and sentence. `read_at` is when the mirror was last complete; `limit` the account's limit as
    text."""

    account: str
    plan: PushPlan
    waiting: tuple[tuple[int, str, str], ...]
    read_at: dt.datetime | None
    limit: str


async def plan(config: Config, database: Database, names: Sequence[str]) -> tuple[AccountPlan, ...]:
    """Plans of these accounts, or of all."""
    accounts = chosen(config, names)
    numbers = await register(config, database)
    async with stations(config, database, accounts, numbers) as live:
        return tuple([await _plan(database, station) for station in live])


def _limits(account: Account) -> str:
    """All limits as they are written, the one for all requests without its key."""
    return ", ".join(
        f"{setting}" if key == DEFAULT_LIMIT else f"{key} {setting}"
        for key, setting in account.limit_settings.items()
    )


async def _plan(database: Database, station: Station) -> AccountPlan:
    pending = await Outbox(database, station.number, NO_EPOCH).due(MOST, ())
    mirror = Mirror(database, station.number, NO_EPOCH)
    remote = await mirror.values(sorted({update.external_id for update in pending}))
    rules = Rules(fields=station.provider.capabilities.fields, free=free_guards(station.settings))
    planned = {update.id for update in pending}
    waiting = await database.rows("plan_waiting", station.number)
    return AccountPlan(
        account=station.settings.name,
        plan=plan_push(pending, remote, station.provider.plan, rules),
        waiting=tuple(
            (row["id"], row["waiting_for"]["code"], row["waiting_for"]["text"])
            for row in waiting
            if row["id"] not in planned
        ),
        read_at=await database.value("plan_read_at", station.number),
        limit=_limits(station.settings),
    )
