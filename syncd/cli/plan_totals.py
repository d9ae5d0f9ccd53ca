"""What a plan comes to: calls by operation with limits, time and cost, sums of money that never
cross a currency or a period, and how many campaigns begin, start or end. Pure values."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from syncd.cli.text import as_amount
from syncd.daemon import AccountPlan
from syncd.model.money import UNLIMITED, canonical
from syncd.model.path import DELETED
from syncd.model.plan import Mark, UpdatePlan

PERIODS: Final = {
    "budget.daily": "a day",
    "budget.monthly": "a month",
    "budget.lifetime": "in all",
}


def totals(planned: AccountPlan) -> dict[str, Any]:
    """Everything that can be added up."""
    sending = planned.plan.marked(Mark.SEND)
    operations = Counter(call.operation for call in planned.plan.calls)
    cost: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in planned.costs:
        cost[one.currency] += one.amount
    return {
        "campaigns": sum(len(call.items) for call in planned.plan.calls),
        "operations": dict(operations),
        "limits": [asdict(one) for one in planned.limits],
        "seconds": math.ceil(max((one.seconds for one in planned.limits), default=0.0)),
        "costs": [{**asdict(one), "amount": canonical(one.amount)} for one in planned.costs],
        "cost": {currency: canonical(amount) for currency, amount in cost.items()},
        "money": list(_money(sending)),
        "acts": _acts(sending),
    }


def _money(sending: Sequence[UpdatePlan]) -> Iterator[dict[str, Any]]:
    """Rises and falls of budgets per currency and period, and the largest share that one budget
    moves by."""
    sums: defaultdict[tuple[str, str | None], dict[str, Decimal]] = defaultdict(
        lambda: {"up": Decimal(0), "down": Decimal(0), "largest": Decimal(0)}
    )
    for plan in sending:
        for path in plan.paths:
            before, after = as_amount(path.remote), as_amount(path.desired)
            is_sum = path.path in PERIODS and path.mark is Mark.SEND
            if not is_sum or after is None or (before is None and path.remote is not None):
                continue
            start = before or Decimal(0)
            place = sums[path.path, plan.update.currency]
            place["up" if after > start else "down"] += abs(after - start)
            if start and abs(after - start) / start > abs(place["largest"]):
                place["largest"] = (after - start) / start
    for (path_name, currency), moves in sums.items():
        yield {
            "path": path_name,
            "currency": currency,
            "up": canonical(moves["up"]),
            "down": canonical(moves["down"]),
            "largest": f"{moves['largest']:.6g}",
        }


def _acts(sending: Sequence[UpdatePlan]) -> dict[str, int]:
    """Campaigns that begin, start or end, and budgets that lose their limit."""
    wanted = [
        (path.path, path.desired)
        for plan in sending
        for path in plan.paths
        if path.mark is Mark.SEND
    ]
    return {
        "create": sum(plan.update.is_create for plan in sending),
        "start": wanted.count(("status", "active")),
        "delete": sum(path == DELETED for path, _ in wanted),
        "unlimited": sum(_lifts(plan) for plan in sending),
    }


def _lifts(plan: UpdatePlan) -> bool:
    """Whether no limit is left: a change of the period sets another one."""
    budgets = [path for path in plan.paths if path.path in PERIODS and path.mark is Mark.SEND]
    return any(path.desired == UNLIMITED != path.remote for path in budgets) and all(
        path.desired == UNLIMITED for path in budgets
    )
