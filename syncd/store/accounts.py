"""Accounts as the database knows them: registered from the configuration, with the times at which
their next passes are due, and what a door may ask of them. Needs no lease: none of this says
anything to a provider."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from syncd.errors import ConfigError, Refusal, Refused
from syncd.model.path import Field
from syncd.ports import Due
from syncd.store.database import Database, Session

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
    """What the database needs to know of a configured account. `settle` is its settle time."""

    name: str
    provider: str
    dialect: str
    currency: str | None
    settle: dt.timedelta
    max_amount: Decimal | None
    pull_schedule: str
    push_schedule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One line for the queue, as `syncd.enqueue` takes it; values are texts by path."""

    account: str
    campaign: str
    patch: Mapping[str, str]
    expect: Mapping[str, str] | None = None
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
        name."""
        numbers = {}
        async with self._database.transaction() as session:
            for one in sorted(accounts, key=lambda account: account.name):
                row = await session.row(
                    "account_register",
                    one.name,
                    one.provider,
                    one.dialect,
                    one.currency,
                    one.settle,
                    one.max_amount,
                    one.pull_schedule,
                    one.push_schedule,
                )
                if row is None or row["provider"] != one.provider:
                    raise ConfigError(
                        f'account "{one.name}" belongs to another provider in the database',
                        remedy="give the new account another name: history stays with the old one",
                    )
                numbers[one.name] = int(row["id"])
                await session.run("lease_register", row["id"])
            await session.run("accounts_unlisted", list(numbers))
        return numbers

    async def declare(self, provider: str, fields: Sequence[Field]) -> None:
        """Write down what a provider's adapter offers, so that SQL is refused at once too."""
        async with self._database.transaction() as session:
            await session.run(
                "field_register",
                provider,
                [one.path for one in fields],
                [one.kind.value for one in fields],
                [one.readable for one in fields],
                [one.changeable for one in fields],
                [one.scale for one in fields],
                [one.call for one in fields],
                [one.note for one in fields],
            )
            await session.run("fields_forget", provider, [one.path for one in fields])

    async def enqueue(self, wanted: Sequence[Wanted]) -> list[int]:
        """Queue all of these or none; returns their ids. Raises Refused with the reason of each
        bad one."""
        async with self._database.transaction() as session:
            ids, refusals = await _try(session, wanted)
            if refusals:
                first = refusals[0]
                raise Refused(first.message, remedy=first.remedy, refusals=refusals)
        return ids

    async def check(self, wanted: Sequence[Wanted]) -> tuple[Refusal, ...]:
        """What queueing these would refuse; nothing is queued."""
        async with self._database.rehearsal() as session:
            return (await _try(session, wanted))[1]

    async def cancel(self, update_id: int, requester: str) -> None:
        """Take an update back. Raises Refused when it is too late."""
        await self._database.run("cancel", update_id, requester)

    async def pause(self, account_id: int, by: str | None, at: dt.datetime | None) -> None:
        """Stop all passes of an account, or resume them (both None)."""
        await self._database.run("account_pause", account_id, at, by)


class Slots:
    """When one account's passes are due."""

    def __init__(self, database: Database, account_id: int) -> None:
        self._database = database
        self._account_id = account_id

    async def due(self) -> Due:
        """How things stand now."""
        (slots,) = await self._database.rows("account_slots", self._account_id)
        (wanted,) = await self._database.rows("push_wanted", self._account_id)
        work_in = 0.0 if wanted["has_orphans"] else wanted["due_in"]
        return Due(
            now=slots["at"],
            pull_in=slots["pull_in"],
            push_in=slots["push_in"],
            work_in=work_in,
            is_paused=slots["is_paused"],
        )

    async def pulled(self, next_at: dt.datetime) -> None:
        """The pull's slot is done."""
        await self._database.run("slot_pull", self._account_id, next_at)

    async def pushed(self, next_at: dt.datetime | None) -> None:
        """The push's slot is done; None where pushes follow the queue."""
        await self._database.run("slot_push", self._account_id, next_at)


async def _try(session: Session, wanted: Sequence[Wanted]) -> tuple[list[int], tuple[Refusal, ...]]:
    if not wanted:
        return [], ()
    columns = list(zip(*(_arguments(one) for one in wanted), strict=True))
    await session.rows("enqueue_lock", sorted({one.account for one in wanted}))
    rows = await session.rows("enqueue_many", *(list(column) for column in columns))
    refusals = tuple(
        Refusal(
            index=row["n"] - 1,
            code=_CODES.get(row["code"], "refused"),
            message=row["message"],
            remedy=row["hint"] or "",
        )
        for row in rows
        if row["code"] is not None
    )
    return [row["id"] for row in rows], refusals


def _arguments(one: Wanted) -> tuple[Any, ...]:
    return (
        one.account,
        one.campaign,
        dict(one.patch),
        None if one.expect is None else dict(one.expect),
        one.key,
        one.policy or "hold",
        one.not_before,
        one.expires_at,
        one.requester,
        one.reason,
    )
