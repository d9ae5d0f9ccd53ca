"""Faults of writes to the simulated VoIPBIN: applied later, in part, otherwise or not at all, and
answered as if not so. `faults` says what each kind does."""

from collections.abc import Mapping
from dataclasses import replace

from syncd.simulator.exchange import Exchange, Reply, Stage
from syncd.simulator.faults import Fault, Kind, when_accepted
from syncd.simulator.journal import Item
from syncd.simulator.voipbin.answers import Answers, Refusal
from syncd.simulator.voipbin.times import SECOND_US
from syncd.simulator.voipbin.values import field_of
from syncd.simulator.voipbin.world import Change, World

_AFTER = (Stage.AFTER,)
_BESIDE_THE_ROW = {"actions": "native.actions", "status": "status"}
"""What the service hands to its other parts after the row is written: field to path."""


class WriteFaults:
    """Faults over one world; `withheld` has the changes that a fault kept back, by arrival."""

    def __init__(self, world: World, answers: Answers, withheld: dict[int, Change]) -> None:
        self._world = world
        self._answers = answers
        self._withheld = withheld

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """By name."""
        kept_back = {
            "ignore": self._ignore,
            "later": self._later,
            "half": self._half,
            "echo_other": self._echo_other,
            "all_zero": self._all_zero,
        }
        made = {
            name: Kind(act=act, stages=_AFTER, fits=_writes, prepare=_keep_back)
            for name, act in kept_back.items()
        }
        made["alter"] = Kind(act=self._alter, stages=_AFTER, fits=_applied)
        made["stopping"] = Kind(act=self._stopping, stages=(Stage.BEFORE,), fits=_stops)
        return made

    async def _ignore(self, exchange: Exchange, fault: Fault) -> None:
        self._take(exchange)
        self._show(exchange, fault)

    async def _later(self, exchange: Exchange, fault: Fault) -> None:
        change = self._take(exchange)
        if change is None:
            return
        seconds = fault.params.get("seconds")
        due = None if seconds is None else self._world.clock.now() + int(seconds * SECOND_US)
        self._world.waiting.append((due, change, exchange.arrival.seq))
        _item(exchange).truth = "applied_pending"
        self._show(exchange, fault)
        if "reason" in fault.params:
            answer(exchange, self._answers.refusal(Refusal(fault.params["reason"])))

    async def _half(self, exchange: Exchange, _: Fault) -> None:
        change, item = self._take(exchange), _item(exchange)
        if change is not None:
            row = {
                name: value for name, value in change.fields.items() if name not in _BESIDE_THE_ROW
            }
            if row or change.deletes or change.made is not None:
                self._world.apply(replace(change, fields=row), exchange.arrival.seq)
                item.truth = "applied"
            for path in _BESIDE_THE_ROW.values():
                item.new.pop(path, None)
                item.old.pop(path, None)
        answer(exchange, self._answers.refusal(Refusal("INTERNAL")))

    async def _echo_other(self, exchange: Exchange, fault: Fault) -> None:
        self._take(exchange)
        others = [one for one in self._world.listed() if one.id != _item(exchange).id]
        wanted = fault.params.get("id", others[0].id)
        answer(exchange, self._answers.one(self._world.campaigns[wanted]))

    async def _all_zero(self, exchange: Exchange, _: Fault) -> None:
        self._take(exchange)
        answer(exchange, self._answers.nothing())

    async def _alter(self, exchange: Exchange, fault: Fault) -> None:
        name, value = field_of(fault.params["path"], fault.params["value"])
        change = Change(campaign_id=_item(exchange).id, fields={name: value})
        self._world.apply(change, exchange.arrival.seq)
        self._show(exchange, fault)

    async def _stopping(self, exchange: Exchange, _: Fault) -> None:
        campaign = self._world.campaigns.get(_item(exchange).id)
        if campaign is not None:
            campaign.live_calls = max(campaign.live_calls, 1)

    def _take(self, exchange: Exchange) -> Change | None:
        """The change that was kept back; None where it was applied."""
        return self._withheld.pop(exchange.arrival.seq, None)

    def _show(self, exchange: Exchange, fault: Fault) -> None:
        campaign = self._world.campaigns.get(_item(exchange).id)
        if fault.params.get("shows", "asked") == "real" and campaign is not None:
            answer(exchange, self._answers.one(campaign))


def answer(exchange: Exchange, reply: Reply) -> None:
    """Put an answer in the place of the one before, whose headers stay."""
    before = {} if exchange.reply is None else exchange.reply.headers
    exchange.reply = replace(reply, headers=before | reply.headers)


def _keep_back(exchange: Exchange, fault: Fault) -> None:
    if not fault.params.get("apply", False):
        exchange.unapplied.add(0)


def _item(exchange: Exchange) -> Item:
    """The one entry of a write."""
    return exchange.arrival.items[0]


def _writes(exchange: Exchange) -> bool:
    """It is a write that is about to be answered with 200, and not a delete that did nothing."""
    items = exchange.arrival.items
    return when_accepted(exchange) and bool(items) and items[0].truth != "refused"


def _applied(exchange: Exchange) -> bool:
    return _writes(exchange) and exchange.arrival.items[0].truth == "applied"


def _stops(exchange: Exchange) -> bool:
    items = exchange.arrival.items
    return bool(items) and items[0].new.get("status") == "paused"
