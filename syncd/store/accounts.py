"""Accounts as the database knows them: registered from the configuration, with the times at which
their next passes are due, and what a door may ask of them. Needs no lease: none of this says
anything to a provider."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import asyncpg

from syncd.errors import ConfigError, Refusal, Refused
from syncd.model.listing import Evidence
from syncd.model.path import Field, Guard
from syncd.model.registration import Price
from syncd.model.update import Policy
from syncd.ports import Due
from syncd.store.database import Database, Session

# Lines in one statement: a file takes as long as it takes, and each statement of it is done within
# its time, on a machine that has other things to do as well.
_AT_ONCE: Final = 500
_CODES: Final = {
    "SY001": "account",
    "SY002": "campaign",
    "SY003": "path",
    "SY004": "value",
    "SY005": "amount",
    "SY006": "key",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """What the database needs to know of a configured account. `settle` is its settle time,
    `push_interval` the time between two pushes, None where they follow the queue; `scope` is the
    configured scope as one text, the same for the same scope. `free_guards` are the changes that
    need no approval, `evidence` and `missing_after` say when an absent campaign is gone. `policy`
    is that of updates that name none, a read stands for `fresh_for`, and with `four_eyes` nobody
    approves what they asked for."""

    name: str
    provider: str
    dialect: str
    currency: str | None
    settle: dt.timedelta
    max_amount: Decimal | None
    pull_schedule: str
    push_schedule: str
    can_create: bool = False
    free_guards: frozenset[Guard] = frozenset()
    evidence: Evidence = Evidence.PERSON
    missing_after: dt.timedelta = dt.timedelta(hours=1)
    push_interval: dt.timedelta | None = None
    scope: str = ""
    policy: Policy = Policy.HOLD
    fresh_for: dt.timedelta = dt.timedelta(seconds=60)
    four_eyes: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One line for the queue, as `syncd.enqueue` takes it; values are texts by path, None for null.
    Without a campaign it creates one."""

    account: str
    campaign: str | None
    patch: Mapping[str, str | None]
    expect: Mapping[str, str | None] | None = None
    key: str | None = None
    policy: str | None = None
    not_before: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    requester: str | None = None
    reason: str | None = None


class Accounts:
    """All accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(self, accounts: Sequence[Registration]) -> dict[str, int]:
        """Make these known, with their settings as they are now; returns the number of each by
        name. One that is new while all others are paused begins paused."""
        numbers = {}
        async with self._database.transaction() as session:
            known = {row["id"] for row in await session.rows("accounts_known")}
            for one in sorted(accounts, key=lambda account: account.name):
                numbers[one.name] = await _register(session, one)
                await session.run("lease_register", numbers[one.name])
            await session.run("accounts_joined", sorted(set(numbers.values()) - known))
            await session.run("accounts_unlisted", list(numbers))
        return numbers

    async def declare(self, provider: str, dialect: str, fields: Sequence[Field]) -> None:
        """Write down what a provider's adapter offers in a dialect, so that SQL is refused at once
        too."""
        async with self._database.transaction() as session:
            rows = [_declared(one) for one in fields]
            await session.run("field_register", provider, dialect, rows)
            paths = [one.path for one in fields]
            await session.run("fields_forget", provider, dialect, paths)

    async def enqueue(self, wanted: Sequence[Wanted]) -> list[int]:
        """Queue all of these or none; returns their ids. Raises Refused with the reason of each
        bad one."""

        async def queue() -> list[int]:
            async with self._database.transaction() as session:
                return [row["id"] for row in await _each(session, "enqueue_many", wanted)]

        try:
            return await self._database.repeated(queue)
        except Refused as refused:
            # Only now every line is tried by itself, which costs more.
            refusals = await self.check(wanted)
            first = refusals[0] if refusals else refused
            raise Refused(first.message, remedy=first.remedy, refusals=refusals) from refused

    async def check(self, wanted: Sequence[Wanted]) -> tuple[Refusal, ...]:
        """What queueing these would refuse; nothing is queued."""
        async with self._database.rehearsal() as session:
            rows = await _each(session, "enqueue_tries", wanted)
        return tuple(
            Refusal(
                index=index,
                code=_CODES.get(row["code"], "refused"),
                message=row["message"],
                remedy=row["hint"] or "",
            )
            for index, row in enumerate(rows)
            if row["code"] is not None
        )

    async def cancel(self, update_id: int, requester: str) -> None:
        """Take an update back. Raises Refused when it is too late."""
        await self._database.run("cancel", update_id, requester)

    async def accept(self, account: str, requester: str) -> int:
        """Let the next complete pull pass the brake, for a day; returns how many campaigns it may
        count as missing. Raises Refused when no pull was braked."""
        return int(await self._database.value("accept", account, requester))

    async def rename(self, old: str, new: str) -> str:
        """Give an account another name; returns what is to be done next. Raises Refused."""
        return str(await self._database.value("rename_account", old, new))

    async def confirm_gone(self, account: str, campaign: str, requester: str) -> None:
        """Say that a campaign which is out of view is gone for good. Raises Refused when it is in
        view."""
        await self._database.run("confirm_gone", account, campaign, requester)

    async def price(self, account_id: int, prices: Sequence[Price], zone: str) -> None:
        """What requests of an account cost from now on, and for the past as well: figures are
        computed when they are read. The zone's offset is a whole number of hours."""
        async with self._database.transaction() as session:
            await session.run(
                "price_register",
                account_id,
                zone,
                [one.operation for one in prices],
                [one.amount for one in prices],
                [one.currency for one in prices],
                [one.free_per_month for one in prices],
            )
            await session.run("prices_forget", account_id, [one.operation for one in prices])

    async def pause(
        self, account: str | None, requester: str | None = None, reason: str | None = None
    ) -> int:
        """Stop all passes of an account by its name, or of every account (None); returns how many
        were running until now. Raises Refused."""
        return int(await self._database.value("pause", account, requester, reason))

    async def resume(
        self, account: str | None, requester: str | None = None, reason: str | None = None
    ) -> int:
        """Let them run again; returns how many were paused until now. Raises Refused."""
        return int(await self._database.value("resume", account, requester, reason))


class Slots:
    """When one account's passes are due."""

    def __init__(self, database: Database, account_id: int) -> None:
        self._database = database
        self._account_id = account_id

    async def due(self) -> Due:
        """How things stand now."""
        (slots,) = await self._database.rows("account_slots", self._account_id)
        (wanted,) = await self._database.rows("push_wanted", self._account_id)
        is_open = wanted["has_orphans"]
        return Due(
            now=slots["at"],
            pull_in=slots["pull_in"],
            push_in=slots["push_in"],
            work_in=0.0 if is_open else wanted["due_in"],
            unknown_in=0.0 if is_open else wanted["unknown_in"],
            is_paused=slots["is_paused"],
        )

    async def pulled(self, next_at: dt.datetime) -> None:
        """The pull's slot is done."""
        await self._database.run("slot_pull", self._account_id, next_at)

    async def pushed(self, next_at: dt.datetime | None) -> None:
        """The push's slot is done; None where pushes follow the queue."""
        await self._database.run("slot_push", self._account_id, next_at)


async def _register(session: Session, one: Registration) -> int:
    renamed = await session.value("account_renamed", one.name)
    if renamed is not None:
        raise ConfigError(
            f'account "{one.name}" was renamed to "{renamed}"',
            remedy=f'write name = "{renamed}" in the configuration; a new account needs another'
            " name",
        )
    await session.run("account_rescoped", one.name, one.provider, one.scope)
    number = await session.value(
        "account_register",
        one.name,
        one.provider,
        one.dialect,
        one.currency,
        one.settle,
        one.max_amount,
        one.pull_schedule,
        one.push_schedule,
        one.can_create,
        sorted(guard.value for guard in one.free_guards),
        one.evidence.value,
        one.missing_after,
        one.push_interval,
        one.scope,
        one.policy.value,
        one.fresh_for,
        one.four_eyes,
    )
    if number is None:
        raise ConfigError(
            f'account "{one.name}" belongs to another provider in the database',
            remedy="give the new account another name: history stays with the old one",
        )
    return int(number)


def _declared(field: Field) -> dict[str, Any]:
    return {
        "path": field.path,
        "kind": field.kind.value,
        "is_readable": field.readable,
        "is_changeable": field.changeable,
        "is_creatable": field.creatable,
        "is_required": field.required,
        "is_nullable": field.nullable,
        "choices": list(field.choices),
        "scale": field.scale,
        "least": None if field.least is None else str(field.least),
        "is_above_least": field.above_least,
        "longest": field.longest,
        "guard": None if field.guard is None else field.guard.value,
        "call": field.call,
        "note": field.note,
    }


async def _each(session: Session, question: str, wanted: Sequence[Wanted]) -> list[asyncpg.Record]:
    """The answer of the queue's door to each line, in their order."""
    await session.run("enqueue_lock", sorted({one.account for one in wanted}))
    rows: list[asyncpg.Record] = []
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        columns = zip(*(_arguments(one) for one in some), strict=True)
        rows += await session.rows(question, *(list(column) for column in columns))
    return rows


def _arguments(one: Wanted) -> tuple[Any, ...]:
    return (
        one.account,
        one.campaign,
        dict(one.patch),
        None if one.expect is None else dict(one.expect),
        one.key,
        one.policy,
        one.not_before,
        one.expires_at,
        one.requester,
        one.reason,
    )
