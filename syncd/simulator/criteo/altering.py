"""The kinds of fault that change the simulated Criteo's world beside its answer: an amount that
becomes another, one that waits, a new campaign that nobody sees yet; and reads that show what no
document names."""

from collections.abc import Callable, Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from syncd.simulator.criteo.world import Campaign, SpendLimit, World, limit_of
from syncd.simulator.exchange import Exchange, Stage
from syncd.simulator.faults import Fault, Kind, when_accepted
from syncd.simulator.journal import Item

_AFTER = (Stage.AFTER,)


def altering_kinds(world: World) -> Mapping[str, Kind]:
    """The kinds over one world.

    `clamp`: yes is said, and no amount above `to` (half of it) is taken. `round`: yes is said, and
    cents are dropped. `later`: yes is said without the warning, and it takes effect when the period
    turns. `unseen`: the created campaign is out of sight until it is restored. `twice`, also called
    `page_repeat`: a search shows its first campaigns once more. `unknown_enum`: reads show a goal
    and a renewal that no document names. `new_fields`, also called `new_field`: reads have fields
    that no document names.
    """
    alters = _Alters(world)
    return {
        "clamp": Kind(act=alters.clamp, stages=_AFTER, fits=_updated),
        "round": Kind(act=alters.round, stages=_AFTER, fits=_updated),
        "later": Kind(act=alters.later, stages=_AFTER, fits=_updated, prepare=_spare_all),
        "unseen": Kind(act=alters.unseen, stages=_AFTER, fits=_created),
        **dict.fromkeys(("twice", "page_repeat"), Kind(act=_twice, stages=_AFTER, fits=_searched)),
        "unknown_enum": Kind(act=_unknown_enum, stages=_AFTER, fits=_read),
        **dict.fromkeys(
            ("new_fields", "new_field"), Kind(act=_new_fields, stages=_AFTER, fits=_read)
        ),
    }


class _Alters:
    """What a fault does in a world after the service has done its part."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def clamp(self, exchange: Exchange, fault: Fault) -> None:
        most = fault.params.get("to")
        self._change(
            exchange, lambda amount: amount / 2 if most is None else min(amount, Decimal(str(most)))
        )

    async def round(self, exchange: Exchange, _: Fault) -> None:
        self._change(exchange, lambda amount: amount.to_integral_value(ROUND_FLOOR))

    async def later(self, exchange: Exchange, _: Fault) -> None:
        for campaign, item in self._changed(exchange):
            budgets = {path: one for path, one in item.new.items() if path.startswith("budget.")}
            if budgets and item.truth == "untouched":
                campaign.pending = limit_of(budgets)
                item.truth = "applied_pending"

    async def unseen(self, exchange: Exchange, _: Fault) -> None:
        self._world.remove(exchange.arrival.ids)

    def _change(self, exchange: Exchange, change: Callable[[Decimal], Decimal]) -> None:
        for campaign, item in self._changed(exchange):
            amount = campaign.limit.amount
            if item.truth == "applied" and amount is not None:
                campaign.limit = SpendLimit(campaign.limit.renewal, change(amount))
                item.new |= campaign.limit.paths()

    def _changed(self, exchange: Exchange) -> list[tuple[Campaign, Item]]:
        known = self._world.campaigns
        return [(known[item.id], item) for item in exchange.arrival.items if item.id in known]


def _spare_all(exchange: Exchange, _: Fault) -> None:
    exchange.unapplied.update(range(len(exchange.arrival.items)))


def _shown(exchange: Exchange) -> list[dict[str, Any]]:
    data: Any = exchange.reply.value["data"] if exchange.reply else []
    return data if isinstance(data, list) else [data]


async def _twice(exchange: Exchange, fault: Fault) -> None:
    shown = _shown(exchange)
    shown += shown[: int(fault.params.get("rows", 1))]


async def _unknown_enum(exchange: Exchange, _: Fault) -> None:
    for one in _shown(exchange):
        one["attributes"]["goal"] = "Consideration"
        one["attributes"]["spendLimit"]["spendLimitRenewal"] = "weekly"


async def _new_fields(exchange: Exchange, _: Fault) -> None:
    for one in _shown(exchange):
        one["links"] = {"self": None}
        one["attributes"]["pacing"] = {"share": Decimal("0.5"), "tags": ["x", {"deep": [1]}]}


def _updated(exchange: Exchange) -> bool:
    return when_accepted(exchange) and exchange.arrival.operation == "update"


def _created(exchange: Exchange) -> bool:
    return exchange.arrival.operation == "create" and bool(exchange.arrival.ids)


def _searched(exchange: Exchange) -> bool:
    return when_accepted(exchange) and exchange.arrival.operation == "search"


def _read(exchange: Exchange) -> bool:
    return when_accepted(exchange) and exchange.arrival.operation in {"search", "get"}
