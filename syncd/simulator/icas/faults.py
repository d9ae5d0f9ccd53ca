"""Faults in what the simulated ICAS does with a write, says of it, or hands out: stored otherwise
than accepted, not at all, later or by half; refused for any code; tokens that end or are lost."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from syncd.simulator.exchange import Exchange, Reply, Stage
from syncd.simulator.faults import Fault, Kind, when_accepted
from syncd.simulator.icas.codes import CODES, Problem
from syncd.simulator.icas.routes import WRITES
from syncd.simulator.icas.tokens import Tokens
from syncd.simulator.icas.world import World

_AFTER = (Stage.AFTER,)
_EITHER = (Stage.BEFORE, Stage.AFTER)


class WriteFaults:
    """The kinds that steer one world and its tokens."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens

    def by_name(self) -> Mapping[str, Kind]:
        """`error`: refused with `codes` (and `field`, `arg`), or after it was applied. `ignore`: a
        yes, and nothing is applied. `echo_other`: applied, and the answer shows another `value` of
        a `field` (the daily limit). `clamp`: budgets are stored at `percent` (50) of what was
        accepted. `later`: accepted, and applied at the act `later` or after so many `seconds`.
        `half`: the first half of the fields is applied, then comes a 500. `vendor_lag`: a new
        campaign is not found by its vendorId, with `everywhere` not listed either, until the act
        `index`. `status_object`: the empty yes is an empty object. `code_as_text`: error codes are
        texts. `tokens_end`: every access token ends before this call is judged. `other_state`: the
        consent page sends another state back. `no_refresh_token`: an answer with tokens lacks it.
        """
        made = {
            "error": Kind(act=_error, stages=_EITHER),
            "ignore": Kind(act=_nothing, stages=_AFTER, fits=_is_accepted, prepare=_spare),
            "echo_other": Kind(act=_echo_other, stages=_AFTER, fits=_shows_write),
            "clamp": Kind(act=self._clamp, stages=_AFTER, fits=_was_applied),
            "later": Kind(act=self._later, stages=_AFTER, fits=_was_changed),
            "half": Kind(act=self._half, stages=_AFTER, fits=_was_changed),
            "vendor_lag": Kind(act=self._lag, stages=_AFTER, fits=_was_made),
        }
        return made | {
            "status_object": Kind(act=_status_object, stages=_AFTER, fits=_is_status),
            "code_as_text": Kind(act=_code_as_text, stages=_AFTER, fits=_is_error),
            "tokens_end": Kind(act=self._tokens_end, stages=(Stage.BEFORE,)),
            "other_state": Kind(act=_other_state, stages=_AFTER, fits=_sends_back),
            "no_refresh_token": Kind(act=_no_refresh_token, stages=_AFTER, fits=_is_token),
        }

    async def _clamp(self, exchange: Exchange, fault: Fault) -> None:
        """The journal keeps what was asked for; the world has less."""
        (item,) = exchange.arrival.items
        campaign = self._world.campaigns[item.id]
        percent = int(fault.params.get("percent", 50))
        if "budget.daily" in item.new and campaign.daily is not None:
            campaign = replace(campaign, daily=campaign.daily * percent // 100)
        if "budget.lifetime" in item.new and campaign.total is not None:
            campaign = replace(campaign, total=campaign.total * percent // 100)
        self._world.put(campaign)

    async def _later(self, exchange: Exchange, fault: Fault) -> None:
        (item,) = exchange.arrival.items
        self._world.edit(item.id, item.old)
        self._world.waiting.append((item.id, item.new))
        item.truth = "applied_pending"
        if "seconds" in fault.params:
            seconds = float(fault.params["seconds"])
            asyncio.get_running_loop().call_later(seconds, self._world.apply_waiting)

    async def _half(self, exchange: Exchange, _: Fault) -> None:
        """The journal names the fields that were applied."""
        (item,) = exchange.arrival.items
        paths = list(item.new)
        for path in paths[(len(paths) + 1) // 2 :]:
            self._world.edit(item.id, {path: item.old[path]})
            del item.new[path], item.old[path]
        exchange.reply = _said([Problem(1000)], 500)

    async def _lag(self, exchange: Exchange, fault: Fault) -> None:
        campaign = self._world.campaigns[exchange.arrival.items[0].id]
        is_listed = not fault.params.get("everywhere", False)
        self._world.put(replace(campaign, is_indexed=False, is_listed=is_listed))

    async def _tokens_end(self, _: Exchange, __: Fault) -> None:
        self._tokens.expire()


def _spare(exchange: Exchange, _: Fault) -> None:
    exchange.unapplied.add(0)


def _said(problems: list[Problem], status: int) -> Reply:
    value = [problem.entry() for problem in problems]
    return Reply(status=status, value=value, content_type="application/sellside.error.list-v1+json")


async def _error(exchange: Exchange, fault: Fault) -> None:
    codes = [int(code) for code in fault.params.get("codes", [1000])]
    place, arg = fault.params.get("field"), fault.params.get("arg")
    status = int(fault.params.get("status", CODES[codes[0]][0]))
    was_judged = exchange.reply is not None
    exchange.reply = _said([Problem(code, place, arg) for code in codes], status)
    for item in exchange.arrival.items:
        item.codes = [str(code) for code in codes]
        if not was_judged and status < 500:
            item.truth = "refused"


async def _nothing(_: Exchange, __: Fault) -> None:
    """All was done before."""


async def _echo_other(exchange: Exchange, fault: Fault) -> None:
    value = _value(exchange)
    name = fault.params.get("field", "daily")
    if name in {"daily", "total"}:
        value.get("budgets", value)[name]["limitMicros"] = fault.params.get("value", "1230000")
    else:
        value[name] = fault.params.get("value", "another")


async def _status_object(exchange: Exchange, _: Fault) -> None:
    if exchange.reply is not None:
        exchange.reply.raw, exchange.reply.value = None, {}


async def _code_as_text(exchange: Exchange, _: Fault) -> None:
    for entry in _value(exchange):
        entry["code"] = str(entry["code"])


async def _other_state(exchange: Exchange, _: Fault) -> None:
    if exchange.reply is not None:
        head, _mark, query = exchange.reply.headers["Location"].partition("?")
        answer = [(name, "other" if name == "state" else text) for name, text in parse_qsl(query)]
        exchange.reply.headers["Location"] = f"{head}?{urlencode(answer)}"


async def _no_refresh_token(exchange: Exchange, _: Fault) -> None:
    del _value(exchange)["refresh_token"]


def _value(exchange: Exchange) -> Any:
    """The value that the answer is about to show."""
    return exchange.reply.value if exchange.reply else None


def _is_accepted(exchange: Exchange) -> bool:
    """It is a write that is about to be answered with a yes."""
    reply, operation = exchange.reply, exchange.arrival.operation
    return operation in WRITES and reply is not None and reply.status in {200, 201}


def _shows_write(exchange: Exchange) -> bool:
    return _is_accepted(exchange) and isinstance(_value(exchange), dict)


def _was_applied(exchange: Exchange) -> bool:
    return _is_accepted(exchange) and exchange.arrival.items[0].truth == "applied"


def _was_changed(exchange: Exchange) -> bool:
    return _was_applied(exchange) and exchange.arrival.operation != "create"


def _was_made(exchange: Exchange) -> bool:
    return _was_applied(exchange) and exchange.arrival.operation == "create"


def _is_status(exchange: Exchange) -> bool:
    return _is_accepted(exchange) and exchange.arrival.operation == "status"


def _is_error(exchange: Exchange) -> bool:
    return isinstance(_value(exchange), list) and (exchange.reply or Reply(status=0)).status >= 400


def _sends_back(exchange: Exchange) -> bool:
    return exchange.reply is not None and "Location" in exchange.reply.headers


def _is_token(exchange: Exchange) -> bool:
    return when_accepted(exchange) and exchange.arrival.operation == "token"
