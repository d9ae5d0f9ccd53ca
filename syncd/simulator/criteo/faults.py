"""The kinds of fault that need to know Criteo's answers: items left out, said twice, said to
nobody, and searches that do not show everything."""

from collections.abc import Mapping
from typing import Any

from syncd.simulator.criteo.rules import INVALID, TEXTS
from syncd.simulator.exchange import Exchange, Reply, Stage
from syncd.simulator.faults import Fault, Kind, when_accepted

_FOREIGN_ID = "777777777"


def _indexes(fault: Fault) -> list[int]:
    return list(fault.params.get("indexes", [0]))


def _spare(exchange: Exchange, fault: Fault) -> None:
    """Keep the entries from being applied, unless the fault was armed with `apply = true`."""
    if not fault.params.get("apply", False):
        exchange.unapplied.update(_indexes(fault))


def _omit_prepare(exchange: Exchange, fault: Fault) -> None:
    if not fault.params.get("apply", True):
        exchange.unapplied.update(_indexes(fault))


def _half_prepare(exchange: Exchange, _: Fault) -> None:
    count = len(exchange.arrival.items)
    exchange.unapplied.update(range(count // 2, count))


def _lists(exchange: Exchange) -> dict[str, Any]:
    """The answer to be changed; kinds fit only where the service answered 200 with an object."""
    value: dict[str, Any] = exchange.reply.value if exchange.reply else {}
    return value


def _problem(instance: str | None, code: str = INVALID) -> dict[str, str]:
    title, detail = TEXTS[code]
    problem = {"traceIdentifier": "00000000-0000-4000-8000-000000000000", "type": "validation"}
    problem |= {"code": code, "title": title, "detail": detail}
    return problem if instance is None else problem | {"instance": instance}


def _id_at(exchange: Exchange, index: int) -> str:
    return exchange.arrival.items[index].id


def _leave_out(exchange: Exchange, indexes: list[int]) -> None:
    """Remove every word about some entries from the answer."""
    lists = _lists(exchange)
    ids = {_id_at(exchange, index) for index in indexes}
    instances = {f"@data/{index}" for index in indexes}
    lists["data"] = [said for said in lists["data"] if said["id"] not in ids]
    for name in ("errors", "warnings"):
        lists[name] = [said for said in lists[name] if said.get("instance") not in instances]


async def _omit(exchange: Exchange, fault: Fault) -> None:
    _leave_out(exchange, _indexes(fault))


async def _both(exchange: Exchange, fault: Fault) -> None:
    lists = _lists(exchange)
    for index in _indexes(fault):
        campaign_id = _id_at(exchange, index)
        if all(said["id"] != campaign_id for said in lists["data"]):
            lists["data"].append({"type": "Campaign", "id": campaign_id})
        lists["errors"].append(_problem(f"@data/{index}"))


async def _no_instance(exchange: Exchange, fault: Fault) -> None:
    indexes = _indexes(fault)
    _leave_out(exchange, indexes)
    _lists(exchange)["errors"] += [_problem(None) for _ in indexes]


async def _bad_index(exchange: Exchange, fault: Fault) -> None:
    indexes = _indexes(fault)
    _leave_out(exchange, indexes)
    beyond = len(exchange.arrival.items) + int(fault.params.get("beyond", 7))
    _lists(exchange)["errors"] += [_problem(f"@data/{beyond}") for _ in indexes]


async def _several_errors(exchange: Exchange, fault: Fault) -> None:
    _leave_out(exchange, _indexes(fault))
    for index in _indexes(fault):
        problems = [_problem(f"@data/{index}", code) for code in list(TEXTS)[:3]]
        _lists(exchange)["errors"] += problems


async def _no_lists(exchange: Exchange, fault: Fault) -> None:
    """Empty lists become null, or absent with `as = "absent"`."""
    lists = _lists(exchange)
    for name in fault.params.get("lists", ["errors", "warnings"]):
        if not lists.get(name):
            lists[name] = None
            if fault.params.get("as", "null") == "absent":
                del lists[name]


async def _foreign_id(exchange: Exchange, fault: Fault) -> None:
    foreign = str(fault.params.get("id", _FOREIGN_ID))
    _lists(exchange)["data"].append({"type": "Campaign", "id": foreign})


async def _reorder(exchange: Exchange, _: Fault) -> None:
    for name in ("data", "errors"):
        _lists(exchange)[name].reverse()


async def _ignore(_: Exchange, __: Fault) -> None:
    """The answer says yes and nothing was applied: all was done before."""


async def _half(exchange: Exchange, fault: Fault) -> None:
    exchange.reply = Reply(status=int(fault.params.get("status", 500)), raw=b"")


async def _search_errors(exchange: Exchange, _: Fault) -> None:
    _lists(exchange)["errors"] = [_problem(None)]


async def _search_missing(exchange: Exchange, fault: Fault) -> None:
    """Leave out `ids`, or all campaigns of `advertiser` (by default that of the first one
    shown)."""
    shown = _lists(exchange)["data"]
    ids = set(fault.params.get("ids", ()))
    if not ids and shown:
        first = str(shown[0]["attributes"]["advertiserId"])
        advertiser = str(fault.params.get("advertiser", first))
        ids = {one["id"] for one in shown if str(one["attributes"]["advertiserId"]) == advertiser}
    _keep_shown(exchange, [one for one in shown if one["id"] not in ids])


async def _search_empty(exchange: Exchange, _: Fault) -> None:
    _keep_shown(exchange, [])


def _keep_shown(exchange: Exchange, shown: list[dict[str, Any]]) -> None:
    _lists(exchange)["data"] = shown
    arrival = exchange.arrival
    arrival.ids = [one["id"] for one in shown]
    arrival.shown = {campaign_id: arrival.shown[campaign_id] for campaign_id in arrival.ids}


def _answers_lists(exchange: Exchange) -> bool:
    """It is about to be answered with 200 and an object that no fault has spoilt before."""
    value = exchange.reply.value if exchange.reply else None
    return when_accepted(exchange) and isinstance(value, dict)


def _answers_update(exchange: Exchange) -> bool:
    """It is such an update, and carries something."""
    return _answers_lists(exchange) and bool(exchange.arrival.items)


def _answers_search(exchange: Exchange) -> bool:
    return _answers_lists(exchange) and exchange.arrival.operation == "search"


_AFTER = (Stage.AFTER,)

KINDS: Mapping[str, Kind] = {
    "omit": Kind(act=_omit, stages=_AFTER, fits=_answers_update, prepare=_omit_prepare),
    "both": Kind(act=_both, stages=_AFTER, fits=_answers_update, prepare=_spare),
    "no_instance": Kind(act=_no_instance, stages=_AFTER, fits=_answers_update, prepare=_spare),
    "bad_index": Kind(act=_bad_index, stages=_AFTER, fits=_answers_update, prepare=_spare),
    "several_errors": Kind(
        act=_several_errors, stages=_AFTER, fits=_answers_update, prepare=_spare
    ),
    "foreign_id": Kind(act=_foreign_id, stages=_AFTER, fits=_answers_update),
    "reorder": Kind(act=_reorder, stages=_AFTER, fits=_answers_update),
    "ignore": Kind(act=_ignore, stages=_AFTER, fits=_answers_update, prepare=_spare),
    "half": Kind(act=_half, stages=_AFTER, fits=_answers_update, prepare=_half_prepare),
    "no_lists": Kind(act=_no_lists, stages=_AFTER, fits=_answers_lists),
    "search_errors": Kind(act=_search_errors, stages=_AFTER, fits=_answers_search),
    "search_missing": Kind(act=_search_missing, stages=_AFTER, fits=_answers_search),
    **dict.fromkeys(
        ("search_empty", "page_empty"),
        Kind(act=_search_empty, stages=_AFTER, fits=_answers_search),
    ),
}
