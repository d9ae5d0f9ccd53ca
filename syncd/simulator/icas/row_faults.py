"""Faults in single campaigns that the simulated ICAS shows: members of another kind than
documented. They change an answer that was written already, and take out of the arrival what is no
longer shown truly."""

from collections.abc import Callable, Mapping
from typing import Any

from syncd.simulator.exchange import Exchange, Stage
from syncd.simulator.faults import Fault, Kind, when_accepted

Row = dict[str, Any]
_READS = {"list", "get", "get_by_vendor"}
_BUDGETS = ("budget.daily", "budget.lifetime")


def _status(row: Row, fault: Fault) -> None:
    row["status"] = fault.params.get("status", "UNDER_REVIEW")


def _new_field(row: Row, _: Fault) -> None:
    row["labels"] = {"season": "winter", "weights": [1, 2]}
    row["budgets"]["weekly"] = {"limitMicros": "70000000"}


def _date(row: Row, fault: Fault) -> None:
    row["dateLastUpdated"] = fault.params.get("date", "2022-12-28T22:40:15:531Z")


def _id(row: Row, _: Fault) -> None:
    row["id"] = str(row["id"])


def _no_budgets(row: Row, _: Fault) -> None:
    del row["budgets"]


def _unlimited(row: Row, _: Fault) -> None:
    row["budgets"]["daily"]["limitMicros"] = "UNLIMITED"


def _numbers(row: Row, _: Fault) -> None:
    daily = row["budgets"]["daily"]
    daily["limitMicros"] = int(daily["limitMicros"])


def _micros(row: Row, fault: Fault) -> None:
    row["budgets"]["daily"]["limitMicros"] = fault.params.get("micros", "12,5")


def _kind(change: Callable[[Row, Fault], None], *untold: str) -> Kind:
    """A change to the rows at `indexes` (the first) or with `ids`; `untold` are the paths that they
    no longer show truly."""

    async def act(exchange: Exchange, fault: Fault) -> None:
        for row in _chosen(exchange, fault):
            change(row, fault)
            for path in untold:
                exchange.arrival.shown[str(row["id"])].pop(path)

    return Kind(act=act, stages=(Stage.AFTER,), fits=_is_read)


def _chosen(exchange: Exchange, fault: Fault) -> list[Row]:
    value = exchange.reply.value if exchange.reply else {}
    rows: list[Row] = value["campaigns"] if exchange.arrival.operation == "list" else [value]
    if "ids" in fault.params:
        return [row for row in rows if str(row["id"]) in fault.params["ids"]]
    return [rows[index] for index in fault.params.get("indexes", [0]) if index < len(rows)]


def _is_read(exchange: Exchange) -> bool:
    return when_accepted(exchange) and exchange.arrival.operation in _READS


ROW_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("unknown_status", "unknown_enum"), _kind(_status, "status")),
    "new_field": _kind(_new_field),
    "odd_date": _kind(_date),
    "id_as_text": _kind(_id),
    "budgets_missing": _kind(_no_budgets, *_BUDGETS),
    "daily_unlimited": _kind(_unlimited, "budget.daily"),
    "micros_as_number": _kind(_numbers),
    "bad_micros": _kind(_micros, "budget.daily"),
}
"""On lists and gets: a `status` that nobody documented (under two names), fields that are new, a
malformed `date`, an id as text, no budgets, a daily budget without a limit, a limit as a number, a
limit (`micros`) that is none."""
