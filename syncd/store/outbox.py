"""The outbox: queued updates claimed in order, intents committed before anything is sent, and the
result of every single item settled. Each write is guarded by the state that it expects, so a late
one changes nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

import asyncpg

from syncd.crashpoint import crashpoint
from syncd.errors import DatabaseUnavailable, IntentRefused, Refused
from syncd.model.batch import Batch, Outgoing, Settlement
from syncd.model.plan import Mark, UpdatePlan
from syncd.model.update import Pending, Policy, State, new_id
from syncd.store import plan_rows
from syncd.store.database import Database, Session
from syncd.timing import boottime

# What stands before an update's number in the placeholder of what it creates.
PLACEHOLDER: Final = new_id(0).removesuffix("0")


class Outbox:
    """The outbox of one account under one lease."""

    def __init__(self, database: Database, account_id: int, epoch: int) -> None:
        self._database = database
        self._account_id = account_id
        self._epoch = epoch

    async def expire(self) -> list[int]:
        """End the updates whose time has passed; returns their ids."""
        rows = await self._database.rows("outbox_expire", self._account_id, self._epoch)
        return [row["id"] for row in rows]

    async def due(
        self,
        campaigns: int,
        without: Collection[str],
        only: Collection[int] | None = None,
        *,
        released: bool = False,
        held: bool = False,
    ) -> list[Pending]:
        """All due updates of the first `campaigns` campaigns in the queue, leaving out those in
        `without`, each with the paths that have no final result yet. A create counts as a campaign
        and has a placeholder for its id. With `only` just these updates, and none of a campaign
        where an older one of the same path would be left to overwrite them. `released`: also what
        `release` would put back into the queue; `held`: with all else that is held, as if it were
        queued."""
        rows = await self._database.rows(
            "outbox_due",
            self._account_id,
            campaigns,
            list(without),
            PLACEHOLDER,
            None if only is None else list(only),
            released,
            held,
        )
        return [_pending(row) for row in rows]

    async def decide(self, plans: Sequence[UpdatePlan]) -> set[int]:
        """Settle updates that need no call. Returns those that moved; the others were taken back
        meanwhile."""
        if not plans:
            return set()
        deciding = [plan_rows.explaining(plan) for plan in plans]
        rows = await self._database.rows(
            "outbox_decide",
            self._account_id,
            self._epoch,
            [plan.update.id for plan in plans],
            [path.mark.state.value for path in deciding],
            [plan_rows.reason_code(path) for path in deciding],
            [path.message for path in deciding],
            [plan_rows.results(plan) for plan in plans],
            [path.superseded_by for path in deciding],
            [plan_rows.holds(plan) for plan in plans],
            [plan_rows.merged(plan) for plan in plans],
        )
        return {row["id"] for row in rows}

    async def release(self) -> int:
        """Put back into the queue what was held for a cause that is gone; returns how many."""
        return len(await self._database.rows("outbox_release", self._account_id, self._epoch))

    async def states(self, ids: Collection[int]) -> dict[int, State]:
        """Where these updates stand now."""
        rows = await self._database.rows("outbox_states", self._account_id, list(ids))
        return {row["id"]: State(row["state"]) for row in rows}

    async def new_batch_id(self) -> int:
        """The key under which an intent will be written, and found again when its commit was not
        answered."""
        return int(await self._database.value("outbox_next_id"))

    async def intend(self, batch: Batch, outgoing: Outgoing) -> float:
        """Commit what is about to be sent; returns when that was begun, in BOOTTIME: until then a
        pause had to wait. Raises IntentRefused when anything says no, LeaseLost, or
        DatabaseUnavailable when it is certain that nothing was committed."""
        begun = boottime()
        try:
            async with self._database.transaction() as session:
                await session.run("intent_lease", self._account_id, self._epoch)
                ids = [item.external_id for item in batch.call.items if not item.is_create]
                await session.run("intent_campaigns", self._account_id, ids, batch.id)
                await self._gate(session, "intent_gate")
                await self._write_intent(session, batch, outgoing)
                crashpoint("before_intent_commit")
                begun = boottime()
        except DatabaseUnavailable:
            if not await self._was_intended(batch):
                raise
        except Refused as refused:  # the owner's caps have changed since the plan was made
            raise _changed(refused.message) from refused
        return begun

    async def still_wanted(self) -> None:
        """Ask after an intent whether it may still leave. Raises IntentRefused or
        DatabaseUnavailable."""
        async with self._database.session() as session:
            await self._gate(session, "outbox_gate")

    async def _was_intended(self, batch: Batch) -> bool:
        """Whether a commit that was not answered happened. It may still be on its way; it holds the
        account until it ends, and then the batch's own id tells."""
        async with self._database.transaction() as session:
            await session.run("account_hold", self._account_id)
            return bool(await session.value("intent_found", self._account_id, batch.id))

    async def settle(self, batch: Batch, settlement: Settlement) -> dict[int, State]:
        """Record what came back, for the call, each attempt and each update. Returns the states
        reached; an update that is no longer this batch's is left alone and missing from the
        answer."""
        return await self._database.repeated(partial(self._settle, batch, settlement))

    async def _settle(self, batch: Batch, settlement: Settlement) -> dict[int, State]:
        items, result = settlement.items, settlement.result
        async with self._database.transaction() as session:
            if any(item.verdict.created_id is not None for item in items):
                await session.run("account_hold", self._account_id)
            await session.run(
                "settle_batch",
                self._account_id,
                batch.id,
                result.status,
                result.whole.value if result.whole else None,
                result.message,
                self._epoch,
            )
            await session.run(
                "settle_attempts",
                self._account_id,
                batch.id,
                [item.update_id for item in items],
                [item.verdict.outcome.value for item in items],
                [item.verdict.code for item in items],
                [item.verdict.message for item in items],
                [item.verdict.trace_id for item in items],
                [json.dumps(item.verdict.warnings) for item in items],
            )
            rows = await session.rows(
                "settle_updates",
                self._account_id,
                batch.id,
                [item.update_id for item in items],
                [item.state.value for item in items],
                [item.verdict.code for item in items],
                [item.verdict.message for item in items],
                [dict(item.results) for item in items],
                [item.confirmation.value for item in items],
                [item.verdict.created_id for item in items],
                [item.settle for item in items],
            )
            ids = [row["id"] for row in rows]
            replaced = await session.rows("settle_replaced", self._account_id, ids)
            crashpoint("before_result_commit")
        rows = [*rows, *replaced]
        return {row["id"]: State(row["state"]) for row in rows}

    async def _gate(self, session: Session, question: str) -> None:
        row = await session.row(question, self._account_id)
        if row is None or row["is_paused"]:
            by = row["paused_by"] if row else "somebody"
            raise IntentRefused(
                f"the account was paused by {by}",
                remedy="resume it when sending is wanted again",
                code="paused",
            )

    async def _write_intent(self, session: Session, batch: Batch, outgoing: Outgoing) -> None:
        account, out = self._account_id, plan_rows.marked(batch, Mark.SEND)
        lost, waiting = (
            plan_rows.marked(batch, Mark.SUPERSEDED),
            plan_rows.marked(batch, Mark.LATER),
        )
        ids = [plan.update.id for plan in out]
        await session.run(
            "intent_batch",
            account,
            batch.id,
            batch.run_id,
            batch.call.operation,
            plan_rows.items(batch),
            outgoing.sha256,
            self._epoch,
            outgoing.text,
        )
        moved = await session.rows(
            "intent_updates",
            account,
            batch.id,
            ids,
            [plan_rows.results(plan) for plan in out],
            [plan_rows.merged(plan) for plan in out],
        )
        if len(moved) != len(ids):
            raise _changed("an update of this batch was cancelled or expired in the last moment")
        await self._check_approvals(session, out)
        await session.run(
            "intent_superseded",
            account,
            [plan.update.id for plan in lost],
            [plan_rows.explaining(plan).superseded_by for plan in lost],
            [plan_rows.results(plan) for plan in lost],
            [plan_rows.merged(plan) for plan in lost],
        )
        await session.run(
            "intent_waiting",
            account,
            [plan.update.id for plan in waiting],
            [plan_rows.results(plan) for plan in waiting],
            [plan_rows.merged(plan) for plan in waiting],
        )
        await session.run(
            "intent_attempts",
            account,
            batch.id,
            ids,
            [None if plan.update.is_create else plan.update.external_id for plan in out],
            [plan_rows.sent(plan) for plan in out],
            [plan_rows.before(plan) for plan in out],
        )
        await session.run("intent_usage", account, batch.call.operation)

    async def _check_approvals(self, session: Session, out: Sequence[UpdatePlan]) -> None:
        relied = [
            (plan.update.id, digest)
            for plan in out
            for path in plan.paths
            if path.mark is Mark.SEND
            for digest in path.relies_on
        ]
        if not relied:
            return
        ids, digests = zip(*relied, strict=True)
        lapsed = await session.rows("intent_approvals", self._account_id, list(ids), list(digests))
        if lapsed:
            raise _changed(f"the approval of update {lapsed[0]['update_id']} holds no longer")


def _changed(message: str) -> IntentRefused:
    return IntentRefused(
        message, remedy="nothing to do: the others go out with the next call", code="changed"
    )


def _pending(row: asyncpg.Record) -> Pending:
    return Pending(
        id=row["id"],
        external_id=row["external_id"],
        patch=row["patch"],
        reference=row["reference"],
        ours=row["ours"] or {},
        awaited=row["awaited"] or {},
        overtaken=row["overtaken"] or {},
        policy=Policy(row["policy"]),
        approved=frozenset(row["approved"]),
        name=row["name"] or "",
        currency=row["currency"],
        is_known=row["is_known"],
        is_create=row["is_create"],
        requester=row["requester"],
    )
