"""Faults in the lists that the simulated ICAS shows: pages that drift, end early or never. They
change an answer that was written already, and note in the arrival what it still shows."""

from collections.abc import Mapping
from typing import Any

from syncd.simulator.exchange import Exchange, Stage
from syncd.simulator.faults import Fault, Kind, when_accepted
from syncd.simulator.icas.answers import shown
from syncd.simulator.icas.routes import query_of
from syncd.simulator.icas.world import World

_AFTER = (Stage.AFTER,)


class PageFaults:
    """The kinds that work on lists of one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def by_name(self) -> Mapping[str, Kind]:
        """`page_drift`: the first row of a later page has moved to the page before, so that nobody
        shows it. `page_duplicate`, also called `page_repeat`: a later page begins with the last
        row of the page before. `page_cut`: the next token is lost. `page_loop`, also called
        `page_stuck`: a later page's next token leads to itself.
        `page_missing`: `ids` (or the first row) are left out. `page_empty`: no rows, `total` 0, no
        next token. `page_total`: another `total` (one more). `page_bare`: the array alone."""
        return {
            "page_drift": Kind(act=_drift, stages=_AFTER, fits=_is_later_page),
            **dict.fromkeys(
                ("page_duplicate", "page_repeat"),
                Kind(act=self._duplicate, stages=_AFTER, fits=_is_later_page),
            ),
            "page_cut": Kind(act=_cut, stages=_AFTER, fits=_has_next),
            **dict.fromkeys(
                ("page_loop", "page_stuck"),
                Kind(act=_loop, stages=_AFTER, fits=_is_later_page),
            ),
            "page_missing": Kind(act=_missing, stages=_AFTER, fits=_is_list),
            "page_empty": Kind(act=_empty, stages=_AFTER, fits=_is_list),
            "page_total": Kind(act=_total, stages=_AFTER, fits=_is_list),
            "page_bare": Kind(act=_bare, stages=_AFTER, fits=_is_list),
        }

    async def _duplicate(self, exchange: Exchange, _: Fault) -> None:
        rows = _page(exchange)["campaigns"]
        first = int(rows[0]["id"]) if rows else self._world.highest_id + 1
        before = [one for one in self._world.in_view() if int(one.id) < first]
        for campaign in before[-1:]:
            rows.insert(0, shown(campaign))
            exchange.arrival.ids.insert(0, campaign.id)
            exchange.arrival.shown[campaign.id] = campaign.values()


def _is_list(exchange: Exchange) -> bool:
    return when_accepted(exchange) and exchange.arrival.operation == "list"


def _is_later_page(exchange: Exchange) -> bool:
    return _is_list(exchange) and _token(exchange) is not None


def _has_next(exchange: Exchange) -> bool:
    return _is_list(exchange) and "nextPageToken" in _page(exchange)


def _token(exchange: Exchange) -> str | None:
    """The page token of the request."""
    return dict(query_of(exchange.target)).get("pageToken")


def _page(exchange: Exchange) -> dict[str, Any]:
    """The answer to be changed."""
    value: dict[str, Any] = exchange.reply.value if exchange.reply else {}
    return value


def _keep(exchange: Exchange, rows: list[dict[str, Any]]) -> None:
    _page(exchange)["campaigns"] = rows
    arrival = exchange.arrival
    arrival.ids = [str(row["id"]) for row in rows]
    arrival.shown = {one: arrival.shown[one] for one in arrival.ids}


async def _drift(exchange: Exchange, _: Fault) -> None:
    _keep(exchange, _page(exchange)["campaigns"][1:])


async def _cut(exchange: Exchange, _: Fault) -> None:
    del _page(exchange)["nextPageToken"]


async def _loop(exchange: Exchange, _: Fault) -> None:
    _page(exchange)["nextPageToken"] = _token(exchange)


async def _missing(exchange: Exchange, fault: Fault) -> None:
    rows = _page(exchange)["campaigns"]
    gone = set(fault.params.get("ids", [str(row["id"]) for row in rows[:1]]))
    _keep(exchange, [row for row in rows if str(row["id"]) not in gone])


async def _empty(exchange: Exchange, _: Fault) -> None:
    _keep(exchange, [])
    _page(exchange)["total"] = 0
    _page(exchange).pop("nextPageToken", None)


async def _total(exchange: Exchange, fault: Fault) -> None:
    page = _page(exchange)
    page["total"] = fault.params.get("total", page["total"] + 1)


async def _bare(exchange: Exchange, _: Fault) -> None:
    if exchange.reply is not None:
        exchange.reply.value = _page(exchange)["campaigns"]
