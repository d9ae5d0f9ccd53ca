"""What the calls of a plan take of an account's limits, and what they cost after the free ones of
the month. Arithmetic on the configuration's values; asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from syncd.config import Account
from syncd.model.registration import Price


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitShare:
    """What some calls take of one limit: `share` is of the ceiling within its window, `seconds` how
    long they last under it when its bucket is full at the start."""

    key: str
    ceiling: str
    calls: int
    share: float
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What the provider bills for calls of an operation: `free_left` requests of the month are free
    before these, `billed` of them are not."""

    operation: str
    calls: int
    free_per_month: int
    free_left: int
    billed: int
    amount: Decimal
    currency: str


def shares(account: Account, calls: Mapping[str, int]) -> tuple[LimitShare, ...]:
    """The limits that these calls, counted by operation, take from."""
    found = []
    limits = zip(account.limit_settings.items(), account.limits_for(), strict=True)
    for (key, setting), limit in limits:
        count = sum(
            number
            for operation, number in calls.items()
            if not limit.operations or operation in limit.operations
        )
        if count:
            share = count / float(setting.count)
            found.append(
                LimitShare(
                    key=key,
                    ceiling=str(setting),
                    calls=count,
                    share=share,
                    seconds=count / limit.rate,
                )
            )
    return tuple(found)


def costs(
    prices: Sequence[Price], calls: Mapping[str, int], used: Mapping[str, int]
) -> tuple[Cost, ...]:
    """What these calls cost, after the requests of this month; none where nothing is billed."""
    found = []
    for price in prices:
        count = calls.get(price.operation, 0)
        if not count:
            continue
        left = max(0, price.free_per_month - used.get(price.operation, 0))
        billed = max(0, count - left)
        found.append(
            Cost(
                operation=price.operation,
                calls=count,
                free_per_month=price.free_per_month,
                free_left=left,
                billed=billed,
                amount=price.amount * billed,
                currency=price.currency,
            )
        )
    return tuple(found)
