"""A plan in a few stable lines: the calls with limit and cost, the sums of money, what begins,
starts or ends, and what stays behind. Pure text; knows no terminal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from syncd.cli.text import as_amount, count, percent, plain_money, plural
from syncd.daemon import AccountPlan
from syncd.model.money import canonical
from syncd.model.path import DELETED
from syncd.model.plan import Mark, UpdatePlan
from syncd.model.registration import Price

_PERIODS: Final = {
    "budget.daily": " a day",
    "budget.monthly": " a month",
    "budget.lifetime": " in all",
}


def summary(planned: AccountPlan, prices: Sequence[Price]) -> Iterator[str]:
    """`will send`, `money`, `acts`, `will not`: stable lines that also stand alone."""
    sending = planned.plan.marked(Mark.SEND)
    calls = Counter(call.operation for call in planned.plan.calls)
    if sending:
        named = ", ".join(f"{number} x {operation}" for operation, number in calls.items())
        campaigns = sum(len(call.items) for call in planned.plan.calls)
        later = " and then in later ones" if later_paths(planned) else ""
        yield (
            f"will send   {plural(len(sending), 'update')} of {plural(campaigns, 'campaign')} in "
            f"{plural(sum(calls.values()), 'call')} ({named}){later} · limit {planned.limit} · "
            f"{_cost(calls, prices)}"
        )
        yield from _money(sending)
        yield from _acts(sending)
    else:
        yield "will send   nothing"
    left = {mark: len(planned.plan.marked(mark)) for mark in Mark if mark is not Mark.SEND}
    words = [
        f"{count(number)} {mark.value.replace('_', ' ')}" for mark, number in left.items() if number
    ]
    if planned.waiting:
        words.append(f"{count(len(planned.waiting))} waiting")
    yield f"will not    {' · '.join(words) or 'leave anything out'}"


def _cost(calls: Mapping[str, int], prices: Sequence[Price]) -> str:
    """What the provider bills for these calls at most: free ones of the month may be left."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for price in prices:
        sums[price.currency] += price.amount * calls.get(price.operation, 0)
    billed = [f"{canonical(amount)} {currency}" for currency, amount in sums.items() if amount]
    return f"costs {', '.join(billed)} at most" if billed else "no cost"


def _acts(sending: Sequence[UpdatePlan]) -> Iterator[str]:
    """What cannot be told in money: campaigns that begin, start or end."""
    wanted = [
        (path.path, path.desired)
        for plan in sending
        for path in plan.paths
        if path.mark is Mark.SEND
    ]
    acts = {
        "create": sum(plan.update.is_create for plan in sending),
        "start": wanted.count(("status", "active")),
        "delete": sum(path == DELETED for path, _ in wanted),
    }
    words = [plural(number, act) for act, number in acts.items() if number]
    if words:
        yield f"acts        {', '.join(words)}"


def _money(sending: Sequence[UpdatePlan]) -> Iterator[str]:
    """Increases and decreases of budgets per currency and period; they are never added up across
    either."""
    sums: defaultdict[tuple[str, str | None], dict[str, Decimal]] = defaultdict(
        lambda: {"+": Decimal(0), "-": Decimal(0)}
    )
    largest = ""
    most = Decimal(0)
    for plan in sending:
        for path in plan.paths:
            before, after = as_amount(path.remote), as_amount(path.desired)
            is_sum = path.path in _PERIODS and path.mark is Mark.SEND
            if not is_sum or before is None or after is None:
                continue
            moved = after - before
            sums[path.path, plan.update.currency]["+" if moved > 0 else "-"] += abs(moved)
            if before and abs(moved / before) > most:
                most, largest = abs(moved / before), percent(before, after)
    words = []
    for (path_name, currency), moves in sums.items():
        unit = f"{currency or '(no currency)'}{_PERIODS[path_name]}"
        words += [
            f"{sign}{plain_money(sum_, currency)} {unit}" for sign, sum_ in moves.items() if sum_
        ]
    if words:
        yield f"money       {', '.join(words)} · largest {largest}"


def later_paths(planned: AccountPlan) -> frozenset[tuple[str, str]]:
    """Campaigns and paths that do not go out with the first call: that comes before they may."""
    first = {
        (item.external_id, path)
        for call in planned.plan.calls
        for item in call.items
        for path in item.changes
    }
    return frozenset(
        (one.update.external_id, path.path)
        for one in planned.plan.updates
        for path in one.paths
        if path.mark is Mark.LATER
        or (path.mark is Mark.SEND and (one.update.external_id, path.path) not in first)
    )
