"""What a push would do now, by the account's own rules and the mirror's values: the plan itself,
how old the values are, and what its calls take of limits and money. Nothing is sent; only a fresh
plan reads at the provider first."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from syncd.config import Config
from syncd.daemon.calls import Cost, LimitShare, costs, shares
from syncd.daemon.composition import Station, Watch, chosen, hold, register, stations
from syncd.daemon.guarding import rules_of
from syncd.engine.events import Observer
from syncd.engine.push import EVERYTHING, look
from syncd.errors import SyncdError
from syncd.model.fold import plan_push
from syncd.model.guard import mismatch
from syncd.model.plan import PushPlan, UpdatePlan, Values, hold_all
from syncd.model.update import Pending
from syncd.store.database import Database
from syncd.store.mirror import Mirror
from syncd.store.outbox import Outbox
from syncd.store.prospects import AccountState, Approval, OpenUpdate, Prospects
from syncd.store.records import Records

STARTED_BY = "syncd plan --fresh"
NO_EPOCH = 0  # reading needs no lease


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountPlan:
    """One account's plan. `plan` has what a push would claim and, after that, what is held already:
    those in `held`, which a push leaves alone. `waiting` are the other open updates, `late` those
    that a push would end. `seen` says when what the mirror shows of a campaign was read,
    `approvals` who let an item through, by its digest. `error`: what a fresh plan could not
    read."""

    account: str
    number: int
    state: AccountState
    plan: PushPlan
    held: frozenset[int]
    waiting: tuple[OpenUpdate, ...]
    late: tuple[int, ...]
    seen: Mapping[str, dt.datetime]
    approvals: Mapping[str, Approval]
    limits: tuple[LimitShare, ...]
    costs: tuple[Cost, ...]
    error: SyncdError | None = None

    @property
    def read_at(self) -> dt.datetime | None:
        """When the oldest value that the plan rests on was read; without any the mirror's own last
        complete pull."""
        return min(self.seen.values(), default=self.state.complete_at)


async def plan(config: Config, database: Database, names: Sequence[str]) -> tuple[AccountPlan, ...]:
    """Plans of these accounts, or of all, from the mirror as it is."""
    return await _plans(config, database, names, None)


async def fresh_plan(
    config: Config, database: Database, names: Sequence[str], observe: Observer
) -> tuple[AccountPlan, ...]:
    """The same after a read of every campaign concerned. Raises LeaseBusy when another process has
    an account."""
    watch = Watch(started_by=STARTED_BY, observe=observe, is_stopping=lambda: False)
    return await _plans(config, database, names, watch)


async def mirrored(database: Database, number: int, ids: Collection[str]) -> Mapping[str, Values]:
    """What the mirror shows of these campaigns of an account."""
    return await Mirror(database, number, NO_EPOCH).values(sorted(ids))


async def _plans(
    config: Config, database: Database, names: Sequence[str], watch: Watch | None
) -> tuple[AccountPlan, ...]:
    accounts = chosen(config, names)
    numbers = await register(config, database)
    async with stations(config, database, accounts, numbers) as live:
        errors = [None if watch is None else await _look(database, one, watch) for one in live]
        return tuple(
            [
                replace(await _plan(database, station), error=error)
                for station, error in zip(live, errors, strict=True)
            ]
        )


async def _look(database: Database, station: Station, watch: Watch) -> SyncdError | None:
    """Read as a push would, under the lease; a paused account is left alone."""
    if (await station.slots.due()).is_paused:
        return None
    async with hold(database, station, watch) as account:
        return (await look(account)).error


async def _plan(database: Database, station: Station) -> AccountPlan:
    prospects = Prospects(database, station.number)
    open_ = await prospects.open()
    late = tuple(one.id for one in open_ if one.is_late and one.state in ("queued", "held"))
    outbox = Outbox(database, station.number, NO_EPOCH)
    pending = [one for one in await outbox.due(EVERYTHING, (), released=True) if one.id not in late]
    held = await prospects.held()
    campaigns = {one.external_id for one in (*pending, *(plan.update for plan in held))}
    values = await mirrored(database, station.number, campaigns)
    made = await _merged(database, station, pending, values)
    whole = PushPlan(
        updates=(*made.updates, *(_beside(one, values) for one in held)), calls=made.calls
    )
    mine = {one.update.id for one in whole.updates}
    calls = Counter(call.operation for call in made.calls)
    return AccountPlan(
        account=station.settings.name,
        number=station.number,
        state=await prospects.account(),
        plan=whole,
        held=frozenset(one.update.id for one in held),
        waiting=tuple(one for one in open_ if one.id not in mine and one.id not in late),
        late=late,
        seen=await prospects.seen(campaigns),
        approvals=await prospects.approvals(_met(whole.updates)),
        limits=shares(station.settings, calls),
        costs=costs(station.settings.prices, calls, await prospects.used()),
    )


async def _merged(
    database: Database, station: Station, pending: Sequence[Pending], values: Mapping[str, Values]
) -> PushPlan:
    """As a push does it, from the mirror's values and what it last saw of the dialect."""
    capabilities = station.provider.capabilities
    seen = await Mirror(database, station.number, NO_EPOCH).dialect_seen()
    hit = mismatch(capabilities.dialect, seen)
    if hit is not None:
        return hold_all(pending, hit)
    records = Records(database, station.number)
    rules = replace(rules_of(station.settings, capabilities.fields), caps=await records.caps())
    recent = await records.recent(rules.window)
    return plan_push(pending, values, station.provider.plan, rules, recent)


def _beside(held: UpdatePlan, values: Mapping[str, Values]) -> UpdatePlan:
    """What was held for something else than a value has the mirror's values beside it."""
    shown = values.get(held.update.external_id, {})
    paths = (
        path if path.hits else replace(path, remote=shown.get(path.path)) for path in held.paths
    )
    return replace(held, paths=tuple(paths))


def _met(updates: Iterable[UpdatePlan]) -> dict[str, tuple[str, ...]]:
    return {path.digest: path.hit_digests for one in updates for path in one.paths if path.hits}
