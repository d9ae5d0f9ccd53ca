"""Faults of what the simulated VoIPBIN says: refusals, campaigns that show something odd, lists
that do not show what is there. `faults` says what each kind does; nothing is applied here."""

from collections.abc import Mapping
from typing import Any

from syncd.simulator.exchange import Exchange, Reply, Stage
from syncd.simulator.faults import Fault, Kind, when_accepted
from syncd.simulator.voipbin.answers import Answers, Refusal
from syncd.simulator.voipbin.showing import note_shown, shown_by
from syncd.simulator.voipbin.world import Campaign, World
from syncd.simulator.voipbin.write_faults import answer

_AFTER = (Stage.AFTER,)
_EITHER = (Stage.BEFORE, Stage.AFTER)


class AnswerFaults:
    """Faults over one world."""

    def __init__(self, world: World, answers: Answers) -> None:
        self._world = world
        self._answers = answers

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """By name."""
        lists = {
            "rows_left_out": _rows_left_out,
            **dict.fromkeys(("rows_twice", "page_repeat"), _rows_twice),
            **dict.fromkeys(("empty_page", "page_empty"), _empty_page),
            "null_result": _null_result,
            "token": _token,
            "deleted_hidden": self._deleted_hidden,
            **dict.fromkeys(("token_stuck", "page_stuck"), self._token_stuck),
        }
        objects = {
            "odd_value": _odd_value,
            "new_field": _odd_value,
            "unknown_enum": _unknown_enum,
            "missing_field": _missing_field,
        }
        made = {name: Kind(act=act, stages=_AFTER, fits=_lists) for name, act in lists.items()}
        made |= {name: Kind(act=act, stages=_AFTER, fits=_shows) for name, act in objects.items()}
        made["page_drift"] = Kind(act=self._page_drift, stages=_AFTER, fits=self._has_before)
        made["refuse"] = Kind(act=self._refuse, stages=_EITHER)
        made["bare"] = Kind(act=_bare, stages=_AFTER, fits=_refused)
        return made

    async def _refuse(self, exchange: Exchange, fault: Fault) -> None:
        refusal = Refusal(fault.params["reason"], fault.params.get("details"))
        reply = self._answers.refusal(refusal)
        if "retry_after" in fault.params:
            reply.headers["Retry-After"] = str(fault.params["retry_after"])
        answer(exchange, reply)

    async def _deleted_hidden(self, exchange: Exchange, _: Fault) -> None:
        kept = [one for one in _rows(exchange) if self._campaign(one).tm_delete is None]
        _keep(exchange, kept)

    async def _token_stuck(self, exchange: Exchange, _: Fault) -> None:
        first = self._campaign(_rows(exchange)[0])
        _page(exchange)["next_page_token"] = self._answers.token(first.tm_create + 1)

    async def _page_drift(self, exchange: Exchange, _: Fault) -> None:
        rows = _rows(exchange)
        before = self._answers.campaign(self._before(exchange)[-1])
        _keep(exchange, [before, *rows[:-1]])

    def _has_before(self, exchange: Exchange) -> bool:
        return _lists(exchange) and bool(self._before(exchange))

    def _before(self, exchange: Exchange) -> list[Campaign]:
        """All campaigns above the first row of a page."""
        listed = self._world.listed()
        return listed[: listed.index(self._campaign(_rows(exchange)[0]))]

    def _campaign(self, shown: Mapping[str, Any]) -> Campaign:
        return self._world.campaigns[shown["id"]]


async def _rows_left_out(exchange: Exchange, fault: Fault) -> None:
    ids = _ids(exchange, fault)
    _keep(exchange, [one for one in _rows(exchange) if one["id"] not in ids])


async def _rows_twice(exchange: Exchange, fault: Fault) -> None:
    ids = _ids(exchange, fault)
    again = [one for one in _rows(exchange) if one["id"] in ids]
    _keep(exchange, [*_rows(exchange), *again])


async def _empty_page(exchange: Exchange, _: Fault) -> None:
    _page(exchange)["next_page_token"] = ""
    _keep(exchange, [])


async def _null_result(exchange: Exchange, _: Fault) -> None:
    _page(exchange)["result"] = None
    note_shown(exchange.arrival, exchange.reply)


async def _token(exchange: Exchange, fault: Fault) -> None:
    page = _page(exchange)
    del page["next_page_token"]
    if "value" in fault.params:
        page["next_page_token"] = fault.params["value"]


async def _odd_value(exchange: Exchange, fault: Fault) -> None:
    field, value = fault.params.get("field", "labels"), fault.params.get("value", ["new"])
    for shown in _chosen(exchange, fault):
        shown[field] = value
    note_shown(exchange.arrival, exchange.reply)


async def _unknown_enum(exchange: Exchange, fault: Fault) -> None:
    for shown in _chosen(exchange, fault):
        shown |= {"status": "winding_up", "type": "letter"}
    note_shown(exchange.arrival, exchange.reply)


async def _missing_field(exchange: Exchange, fault: Fault) -> None:
    for shown in _chosen(exchange, fault):
        shown.pop(fault.params["field"], None)
    note_shown(exchange.arrival, exchange.reply)


async def _bare(exchange: Exchange, _: Fault) -> None:
    status = 0 if exchange.reply is None else exchange.reply.status
    answer(exchange, Reply(status=status, raw=b"", content_type="text/plain"))


def _chosen(exchange: Exchange, fault: Fault) -> list[dict[str, Any]]:
    """The campaigns of an answer that a fault is about."""
    ids = fault.params.get("ids")
    return [one for one in shown_by(exchange.reply) if ids is None or one["id"] in ids]


def _ids(exchange: Exchange, fault: Fault) -> list[str]:
    ids: list[str] = fault.params.get("ids", [_rows(exchange)[-1]["id"]])
    return ids


def _page(exchange: Exchange) -> dict[str, Any]:
    """The page to be changed; kinds fit only where the service answered 200 with one."""
    value: dict[str, Any] = exchange.reply.value if exchange.reply else {}
    return value


def _rows(exchange: Exchange) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _page(exchange)["result"]
    return rows


def _keep(exchange: Exchange, rows: list[dict[str, Any]]) -> None:
    _page(exchange)["result"] = rows
    note_shown(exchange.arrival, exchange.reply)


def _lists(exchange: Exchange) -> bool:
    """It is a list that is about to show something."""
    return exchange.arrival.operation == "list" and bool(shown_by(exchange.reply))


def _shows(exchange: Exchange) -> bool:
    return when_accepted(exchange) and bool(shown_by(exchange.reply))


def _refused(exchange: Exchange) -> bool:
    return exchange.reply is not None and exchange.reply.status >= 400
