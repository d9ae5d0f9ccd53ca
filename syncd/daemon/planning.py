"""What a push would do now, by the account's own rules and the mirror's values: the plan itself,
how old the values are, and what its calls take of limits and money. Nothing is sent; only a fresh
plan reads at the provider first."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncd.config import Config
from syncd.daemon.anew import judged_anew, moved
from syncd.daemon.calls import Cost, LimitShare, costs, shares
from syncd.daemon.composition import Station, Watch, chosen, hold, register, stations
from syncd.daemon.guarding import rules_of
from syncd.engine.events import Observer
from syncd.engine.push import EVERYTHING, Looked, look
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
    those in `held`, which a push leaves alone; in a fresh plan as it would be judged now, and in
    `moved`, as it was held, what meets other rules by now. `waiting` are the other open updates,
    `late` those that a push would end. `seen` says when what the mirror shows of a campaign was
    read, `approvals` who let an item through, by its digest. `error`: what a fresh plan could not
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
    moved: Mapping[int, UpdatePlan] = field(default_factory=dict)
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
    """The same after a read of every campaign concerned, with what is held judged anew. Raises
    LeaseBusy when another process has an account."""
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
        looks = [None if watch is None else await _look(database, one, watch) for one in live]
        return tuple(
            [
                await _plan(database, station, looked)
                for station, looked in zip(live, looks, strict=True)
            ]
        )


async def _look(database: Database, station: Station, watch: Watch) -> Looked | None:
    """Read as a push would, under the lease; a paused account is left alone."""
    if (await station.slots.due()).is_paused:
        return None
    async with hold(database, station, watch) as account:
        return await look(account)


async def _plan(database: Database, station: Station, looked: Looked | None) -> AccountPlan:
    prospects = Prospects(database, station.number)
    open_ = await prospects.open()
    late = tuple(one.id for one in open_ if one.is_late and one.state in ("queued", "held"))
    outbox = Outbox(database, station.number, NO_EPOCH)
    pending = [one for one in await outbox.due(EVERYTHING, (), released=True) if one.id not in late]
    held = await prospects.held()
    anew: dict[int, UpdatePlan] = {}
    campaigns = {one.external_id for one in (*pending, *(plan.update for plan in held))}
    values = await mirrored(database, station.number, campaigns)
    if looked is not None:
        values = _with_read(values, looked)
        both = await outbox.due(EVERYTHING, (), released=True, held=True)
        both = [one for one in both if one.id not in late and _is_read(one, looked)]
        anew = judged_anew(held, await _merged(database, station, both, values))
    made = await _merged(database, station, pending, values)
    beside = (anew.get(one.update.id) or _beside(one, values) for one in held)
    whole = PushPlan(updates=(*made.updates, *beside), calls=made.calls)
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
        moved=moved(held, anew),
        error=None if looked is None else looked.report.error,
    )


def _with_read(values: Mapping[str, Values], looked: Looked) -> dict[str, Values]:
    """What the mirror shows, and what was just read in its place; nothing of what is not shown."""
    both = {**values, **looked.values}
    return {one: shown for one, shown in both.items() if shown is not None}


def _is_read(update: Pending, looked: Looked) -> bool:
    return update.is_create or update.external_id in looked.values


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
