"""The store's parts of one account under one lease, and short words for what the passes do with
them: a pull of given pages, an intent for what is due, the answer to it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, cast

import asyncpg

from syncd.model.batch import Batch, Outgoing, Settled, Settlement
from syncd.model.call import CallResult, WriteCall, WriteItem, WritePlan
from syncd.model.campaign import Amount, Campaign
from syncd.model.fold import plan_push
from syncd.model.guard import Bounds, Rules
from syncd.model.listing import BadRow, Capabilities
from syncd.model.path import Field, Kind
from syncd.model.plan import Mark, PlanCalls, PushPlan, UpdatePlan
from syncd.model.run import RunKind, RunOutcome, RunResult
from syncd.model.update import Confirmation, Outcome, State, Verdict
from syncd.store.accounts import Accounts, Registration, Wanted
from syncd.store.database import Database, open_database
from syncd.store.decisions import Decisions
from syncd.store.leases import Lease, take_lease
from syncd.store.mirror import Mirror, Sighting
from syncd.store.outbox import Outbox
from syncd.store.records import Records
from syncd.store.reports import Reports
from syncd.store.runs import Runs
from syncd.store.unknowns import Unknowns
from tests.lasting import EMPTY

SETTLE = dt.timedelta(seconds=120)
BODY = Outgoing("PATCH", "/campaigns", b"{}")
STATES = {
    Outcome.APPLIED: State.APPLIED,
    Outcome.REJECTED: State.REJECTED,
    Outcome.NOT_JUDGED: State.QUEUED,
    Outcome.UNKNOWN: State.UNKNOWN,
}
FINAL = ("applied", "rejected")
FIELDS = (
    Field(path="name", kind=Kind.TEXT),
    *(
        Field(path=f"budget.{period}", kind=Kind.AMOUNT, changeable=True, call="PATCH", scale=2)
        for period in ("daily", "monthly", "lifetime")
    ),
    Field(path="native.goal", kind=Kind.TEXT),
)

CAPABILITIES = Capabilities(
    provider="criteo", fields=FIELDS, read_batch=50, writes=frozenset({"PATCH campaigns"})
)


def registration(name: str = "shop", **other: Any) -> Registration:
    """An account as its configuration says it."""
    settings: dict[str, Any] = {
        "name": name,
        "provider": "criteo",
        "dialect": "documented",
        "currency": "EUR",
        "settle": SETTLE,
        "max_amount": None,
        "pull_schedule": "*/15 * * * *",
        "push_schedule": "@on_enqueue",
    }
    return Registration(**(settings | other))


def campaign(external_id: str, daily: str = "100", **other: Any) -> Campaign:
    """A campaign with a daily budget; `spent` moves nothing but its raw bytes."""
    spent = other.pop("spent", 0)
    budgets: dict[str, Amount] = {
        "daily": "unlimited" if daily == "unlimited" else Decimal(daily),
        "monthly": "unlimited",
        "lifetime": "unlimited",
    }
    settings: dict[str, Any] = {"name": f"Campaign {external_id}", "part": "10", "currency": "EUR"}
    settings |= {"native": {"goal": "Retention"}} | other
    row = {"id": external_id, "daily": daily, "spent": spent, "rest": str(settings)}
    settings.setdefault("raw", json.dumps(row).encode())
    return Campaign(external_id=external_id, budgets=budgets, **settings)


def stepwise(items: Sequence[WriteItem]) -> WritePlan:
    """One request with the first path of each campaign; the others are left for later ones."""
    return one_call([replace(one, changes=dict(sorted(one.changes.items())[:1])) for one in items])


def one_call(items: Sequence[WriteItem]) -> WritePlan:
    """Everything in one request, nothing refused."""
    call = WriteCall(operation="PATCH campaigns", items=tuple(items))
    return WritePlan(calls=(call,) if items else ())


@dataclass(kw_only=True)
class Parts:
    """One account; `sql` is the superuser's own connection to the same database."""

    url: str
    sql: asyncpg.Connection[asyncpg.Record]
    database: Database
    name: str
    number: int
    lease: Lease
    accounts: Accounts
    mirror: Mirror
    outbox: Outbox
    unknowns: Unknowns
    runs: Runs
    reports: Reports
    records: Records
    decisions: Decisions
    calls: PlanCalls = one_call
    rules: Rules = field(default_factory=Rules)
    capabilities: Capabilities = CAPABILITIES

    async def see(
        self, *pages: Sequence[Campaign], bad: Sequence[BadRow] = ()
    ) -> tuple[int, Sighting]:
        """A run that saw these pages and is still open."""
        run_id = await self.runs.open(RunKind.PULL, "test")
        sighting = self.mirror.sighting(run_id)
        for number, page in enumerate(pages):
            await sighting.see(page, bad if number == 0 else (), await self.mirror.mark())
        return run_id, sighting

    async def pull(
        self, *pages: Sequence[Campaign], bad: Sequence[BadRow] = ()
    ) -> Mapping[str, int]:
        """A complete pull of these pages."""
        _, sighting = await self.see(*pages, bad=bad)
        absence = await sighting.absent(self.capabilities)
        return await sighting.close(COMPLETE, absence.ids, absence.left)

    async def enqueue(self, campaign: str | None, daily: str = "", **other: Any) -> int:
        """Queue a daily budget, or the `patch` given."""
        patch = other.pop("patch", {"budget.daily": daily})
        wanted = Wanted(account=self.name, campaign=campaign, patch=patch, **other)
        return (await self.accounts.enqueue([wanted]))[0]

    async def plan(self) -> PushPlan:
        """What a push would do with all that is due, going by the mirror and the rules."""
        pending = await self.outbox.due(10_000, ())
        remote = await self.mirror.values([update.external_id for update in pending])
        recent = await self.records.recent(3600.0)
        rules = replace(self.rules, caps=await self.records.caps())
        return plan_push(pending, remote, self.calls, rules, recent)

    async def decide(self) -> PushPlan:
        """Settle what the plan sends nothing of."""
        plan = await self.plan()
        sent = (Mark.SEND, Mark.LATER)
        await self.outbox.decide([one for one in plan.updates if one.mark not in sent])
        return plan

    async def hold(self, external_id: str = "a", daily: str = "500", **other: Any) -> int:
        """An update that is held because it asks for more than twice what there is."""
        self.rules = Rules(fields=FIELDS, bounds=Bounds(max_factor=Decimal(2)))
        update_id = await self.enqueue(external_id, daily, **other)
        await self.decide()
        return update_id

    async def batch(self, run_id: int, plan: PushPlan, only: Sequence[str] = ()) -> Batch:
        """A batch of the plan's one call, or of some of its campaigns."""
        items = tuple(one for one in plan.calls[0].items if not only or one.external_id in only)
        call = WriteCall(operation=plan.calls[0].operation, items=items)
        return Batch(
            id=await self.outbox.new_batch_id(),
            run_id=run_id,
            call=call,
            updates=plan.carried_by(call),
        )

    async def intend(self, only: Sequence[str] = ()) -> Batch:
        """Commit an intent for what is due."""
        run_id = await self.runs.open(RunKind.PUSH, "test")
        batch = await self.batch(run_id, await self.plan(), only)
        await self.outbox.intend(batch, BODY)
        return batch

    async def settle(self, batch: Batch, *verdicts: Verdict) -> Mapping[int, State]:
        """Record one verdict for each update that went out, or the same for all."""
        return await self.outbox.settle(batch, settlement(batch, *verdicts))

    async def apply(self, external_id: str, daily: str) -> int:
        """An update that the provider applied, not confirmed by any read."""
        update_id = await self.enqueue(external_id, daily)
        await self.settle(await self.intend([external_id]), Verdict(outcome=Outcome.APPLIED))
        return update_id

    async def cap(self, path: str, **figures: Any) -> None:
        """What the owner allows: the columns of `syncd.caps`."""
        await self.sql.execute(
            "DELETE FROM syncd.caps WHERE account_id = $1 AND path = $2", self.number, path
        )
        await self.sql.execute(
            "INSERT INTO syncd.caps SELECT (jsonb_populate_record(NULL::syncd.caps,"
            " jsonb_build_object('account_id', $1::int, 'path', $2::text, 'set_by', 'owner',"
            " 'set_at', syncd.now()) || $3::jsonb)).*",
            self.number,
            path,
            json.dumps(figures),
        )

    async def row(self, table: str, update_id: int) -> dict[str, Any]:
        """One row by its id, its JSON decoded."""
        async with self.database.session() as session:
            rows = await session.ask(f"SELECT * FROM {table} WHERE id = $1", update_id)
        return dict(rows[0])

    async def update(self, update_id: int) -> dict[str, Any]:
        """An update as the table has it."""
        return await self.row("syncd.updates", update_id)

    async def is_waiting(self, count: int = 1) -> bool:
        """Whether so many wait for a lock in this database."""
        waiting = await self.sql.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
        return bool(waiting >= count)

    async def move_clock(self, by: dt.timedelta) -> None:
        """Let this much time pass for everything that is stored."""
        await self.sql.execute("UPDATE syncd.clock SET shift = shift + $1", by)


COMPLETE = RunResult(outcome=RunOutcome.OK, is_complete=True)


def settlement(batch: Batch, *verdicts: Verdict) -> Settlement:
    """What came back: one verdict for each update that went out, or one for all."""
    out = [update for update in batch.updates if update.mark is Mark.SEND]
    given = verdicts * len(out) if len(verdicts) == 1 else verdicts
    pairs = list(zip(out, given, strict=True))
    return Settlement(
        result=CallResult(
            verdicts={update.update.external_id: verdict for update, verdict in pairs}, status=200
        ),
        items=tuple(
            Settled(
                update_id=update.update.id,
                state=_state(update, verdict),
                verdict=verdict,
                results={
                    path.path: {"outcome": verdict.outcome.value}
                    for path in update.paths
                    if path.mark is Mark.SEND and verdict.outcome is not Outcome.NOT_JUDGED
                },
                confirmation=Confirmation.PENDING if verdict.is_pending else Confirmation.NONE,
            )
            for update, verdict in pairs
        ),
    )


def _state(update: UpdatePlan, verdict: Verdict) -> State:
    """Queued again where something of it is left for another call."""
    is_left = any(path.mark is Mark.LATER for path in update.paths)
    return State.QUEUED if is_left and verdict.outcome.value in FINAL else STATES[verdict.outcome]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the tests of a worker share: a database, open as the service's role, and a superuser's
    way in, which is reset after each test. Connections that have seen every table and function
    take a fraction of the time that new ones do."""

    url: str
    database: Database
    superuser: asyncpg.Pool[asyncpg.Record]

    @asynccontextmanager
    async def parts(self, name: str = "shop") -> AsyncIterator[Parts]:
        """The parts of a new account in the database without any rows."""
        async with self.superuser.acquire() as sql:
            await sql.execute("RESET ROLE")  # which RESET ALL leaves alone
            await sql.execute(EMPTY)
            lease = await _begun(self.database, name)
            yield bound(
                self.database,
                lease,
                self.url,
                cast("asyncpg.Connection[asyncpg.Record]", sql),
                name,
            )


@asynccontextmanager
async def lasting(url: str) -> AsyncIterator[Ground]:
    """The ground in this database. Each statement is planned anew, as it is for whoever has just
    connected: what a test sees does not depend on the tests before it."""
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as superuser:
        name = await superuser.fetchval("SELECT current_database()")
        await superuser.execute(f"ALTER DATABASE {name} SET plan_cache_mode = force_custom_plan")
        async with open_database(url, role="syncd_service") as database:
            yield Ground(url=url, database=database, superuser=superuser)


@asynccontextmanager
async def opened(url: str, *, name: str) -> AsyncIterator[Parts]:
    """The parts of another new account, on connections of its own."""
    async with open_database(url, role="syncd_service") as database:
        lease = await _begun(database, name)
        sql = await asyncpg.connect(url)
        try:
            yield bound(database, lease, url, sql, name)
        finally:
            await sql.close()


async def _begun(database: Database, name: str) -> Lease:
    """The lease of an account that has just been declared."""
    accounts = Accounts(database)
    await accounts.declare("criteo", "documented", FIELDS)
    number = (await accounts.register([registration(name)]))[name]
    return await take_lease(database, number, 45.0)


def bound(
    database: Database, lease: Lease, url: str, sql: asyncpg.Connection[asyncpg.Record], name: str
) -> Parts:
    """Parts that act under this lease."""
    number, epoch = lease.account_id, lease.epoch
    return Parts(
        url=url,
        sql=sql,
        database=database,
        name=name,
        number=number,
        lease=lease,
        accounts=Accounts(database),
        mirror=Mirror(database, number, epoch),
        outbox=Outbox(database, number, epoch),
        unknowns=Unknowns(database, number, epoch),
        records=Records(database, number, epoch),
        decisions=Decisions(database),
        runs=Runs(database, number, epoch, "test"),
        reports=Reports(database),
    )
