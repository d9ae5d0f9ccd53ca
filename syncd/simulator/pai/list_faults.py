"""Faults of the simulated PAI's lists: rows that move, come and go between two pages, rows left out
or shown twice, totals that do not fit. They work on the world and on the page about to be sent."""

from collections.abc import Mapping
from random import Random
from typing import Any

from syncd.simulator.exchange import Exchange, Stage
from syncd.simulator.faults import Fault, Kind
from syncd.simulator.pai.course import Courses
from syncd.simulator.pai.population import add_campaign
from syncd.simulator.pai.world import World
from syncd.simulator.pai.write_faults import accepted

_AFTER = (Stage.AFTER,)


def _list(exchange: Exchange) -> bool:
    return accepted(exchange) and exchange.arrival.operation == "list"


def _rows(exchange: Exchange) -> bool:
    return _list(exchange) and bool(exchange.arrival.ids)


class ListFaults:
    """The kinds over one world."""

    def __init__(self, world: World, courses: Courses, random: Random) -> None:
        self._world = world
        self._courses = courses
        self._random = random

    def kinds(self) -> Mapping[str, Kind]:
        """By name; `page_drift`, `page_repeat`, `page_empty` and `page_stuck` are second names.

        - `drift`: after this page the first row of the next goes to the start (`to` = `earlier`),
          or the first row of this one to the end (`later`): one row is missed, one seen twice
        - `created_meanwhile`: after this page there is a new campaign, `at` the `start` or `end`
        - `deleted_meanwhile`: after this page its first row, or `id`, is gone
        - `omit_rows`: the rows at `indexes` ([0]) are left out, the total is as it was
        - `repeat_rows`: the rows at `indexes` ([0]) are shown again at the end of the page
        - `empty_page`: no rows; `total` replaces the total where given
        - `stuck_page`: the first page again, whichever was asked for, with the number asked for
        - `total`: TotalCount is `value`, or off `by` so many
        - `page`: Data with the members of `set` changed and those of `drop` left out
        """
        return {
            **dict.fromkeys(
                ("drift", "page_drift"), Kind(act=self._drift, stages=_AFTER, fits=_rows)
            ),
            "created_meanwhile": Kind(act=self._created, stages=_AFTER, fits=_list),
            "deleted_meanwhile": Kind(act=self._deleted, stages=_AFTER, fits=_rows),
            "omit_rows": Kind(act=_omit, stages=_AFTER, fits=_rows),
            **dict.fromkeys(
                ("repeat_rows", "page_repeat"), Kind(act=_repeat, stages=_AFTER, fits=_rows)
            ),
            **dict.fromkeys(
                ("empty_page", "page_empty"), Kind(act=_empty, stages=_AFTER, fits=_list)
            ),
            **dict.fromkeys(
                ("stuck_page", "page_stuck"),
                Kind(act=_done, stages=_AFTER, fits=_list, prepare=self._stick),
            ),
            "total": Kind(act=_total, stages=_AFTER, fits=_list),
            "page": Kind(act=_page, stages=_AFTER, fits=_list),
        }

    async def _drift(self, exchange: Exchange, fault: Fault) -> None:
        shown = exchange.arrival.ids
        if fault.params.get("to", "earlier") == "later":
            self._world.move(shown[0], first=False)
            return
        listed = [campaign.id for campaign in self._world.listed()]
        following = listed[listed.index(shown[-1]) + 1 :]
        if following:
            self._world.move(following[0], first=True)

    async def _created(self, _: Exchange, fault: Fault) -> None:
        is_first = fault.params.get("at", "start") == "start"
        add_campaign(self._world, self._random, first=is_first)

    async def _deleted(self, exchange: Exchange, fault: Fault) -> None:
        self._world.remove([str(fault.params.get("id", exchange.arrival.ids[0]))])

    def _stick(self, exchange: Exchange, _: Fault) -> None:
        self._courses.bend(exchange).is_stuck = True


def changed(shown: dict[str, Any], fault: Fault) -> dict[str, Any]:
    """An object with the members of `set` changed and those of `drop` left out."""
    dropped = set(fault.params.get("drop", ()))
    kept = {name: value for name, value in shown.items() if name not in dropped}
    return kept | dict(fault.params.get("set", {}))


def data_of(exchange: Exchange) -> Any:
    """What is about to be sent as Data; kinds fit only where all is well."""
    return exchange.reply.value["Data"] if exchange.reply else None


def put_data(exchange: Exchange, data: Any) -> None:
    """Send something else as Data."""
    if exchange.reply is not None:
        exchange.reply.value["Data"] = data


def _keep(exchange: Exchange, positions: list[int]) -> None:
    """Show the rows of these positions only."""
    page = data_of(exchange)
    page["Campaigns"] = [page["Campaigns"][position] for position in positions]


def _indexes(exchange: Exchange, fault: Fault) -> list[int]:
    count = len(exchange.arrival.ids)
    return [index for index in fault.params.get("indexes", [0]) if index < count]


async def _omit(exchange: Exchange, fault: Fault) -> None:
    out = _indexes(exchange, fault)
    _keep(exchange, [index for index in range(len(exchange.arrival.ids)) if index not in out])


async def _repeat(exchange: Exchange, fault: Fault) -> None:
    _keep(exchange, [*range(len(exchange.arrival.ids)), *_indexes(exchange, fault)])


async def _empty(exchange: Exchange, fault: Fault) -> None:
    _keep(exchange, [])
    if "total" in fault.params:
        data_of(exchange)["TotalCount"] = fault.params["total"]


async def _total(exchange: Exchange, fault: Fault) -> None:
    page = data_of(exchange)
    page["TotalCount"] = fault.params.get("value", page["TotalCount"] + fault.params.get("by", 1))


async def _page(exchange: Exchange, fault: Fault) -> None:
    put_data(exchange, changed(data_of(exchange), fault))


async def _done(_: Exchange, __: Fault) -> None:
    """All was done on the call's way."""
