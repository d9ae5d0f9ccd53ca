"""The kinds of fault that need to know Epom's answers and what it does with a price. Each is armed
beside the general kinds; its parameters stand in its docstring."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from syncd.simulator.epom import answers
from syncd.simulator.epom.request import WRITES
from syncd.simulator.epom.writes import Steering, Writes
from syncd.simulator.exchange import Exchange, Reply, Stage
from syncd.simulator.faults import Fault, Kind, when_accepted

_AFTER = (Stage.AFTER,)
_SAMPLES = {
    "permission": b'{"permission_denied":,"success":false}',
    "entity": b'{"160":"no_url_property_found","success":false}',
}


@dataclass(frozen=True)
class WriteFaults:
    """What can go wrong with an accepted write; `indexes` are those of its entries."""

    writes: Writes

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """By name."""
        return {
            "success_true": Kind(act=_success_true, stages=_AFTER, fits=_wrote),
            "success_false": Kind(act=_success_false, stages=_AFTER, fits=_wrote, prepare=_spare),
            "odd_json": Kind(act=_odd_json, stages=_AFTER, fits=_wrote, prepare=_spare),
            "error_page": Kind(act=_error_page, stages=_AFTER, fits=_wrote, prepare=_spare),
            "ignore": Kind(act=_nothing, stages=_AFTER, fits=_wrote, prepare=_spare),
            "some_rows": Kind(act=_nothing, stages=_AFTER, fits=_wrote, prepare=_spare_others),
            "half": Kind(act=_half, stages=_AFTER, fits=_wrote, prepare=_spare_half),
            "round": Kind(act=_nothing, stages=_AFTER, fits=_wrote, prepare=self._round),
            "clamp": Kind(act=_nothing, stages=_AFTER, fits=_wrote, prepare=self._clamp),
            "late": Kind(act=_nothing, stages=_AFTER, fits=_wrote, prepare=self._late),
        }

    def _steering(self, exchange: Exchange) -> Steering:
        return self.writes.steering.setdefault(exchange.arrival.seq, Steering())

    def _round(self, exchange: Exchange, fault: Fault) -> None:
        """Prices are taken with `places` (4) and no more."""
        self._steering(exchange).places = int(fault.params.get("places", 4))

    def _clamp(self, exchange: Exchange, fault: Fault) -> None:
        """Prices are taken within `least` and `most`."""
        steering = self._steering(exchange)
        if "least" in fault.params:
            steering.least = Decimal(fault.params["least"])
        if "most" in fault.params:
            steering.most = Decimal(fault.params["most"])

    def _late(self, exchange: Exchange, fault: Fault) -> None:
        """In force after `seconds` of the server's clock, or when the act `settle` says so."""
        steering = self._steering(exchange)
        steering.is_late = True
        if "seconds" in fault.params:
            steering.seconds = int(fault.params["seconds"])


def _wrote(exchange: Exchange) -> bool:
    """It is a write that is about to be answered with 200."""
    return when_accepted(exchange) and exchange.arrival.operation in WRITES


def _spare(exchange: Exchange, fault: Fault) -> None:
    """Keep `indexes` (all) from being applied, unless the fault was armed with `apply = true`."""
    if not fault.params.get("apply", False):
        everything: Iterable[int] = range(len(exchange.arrival.items))
        exchange.unapplied.update(fault.params.get("indexes", everything))


def _spare_others(exchange: Exchange, fault: Fault) -> None:
    """Keep `indexes` (every second, from the second on) from being applied."""
    every_second: Iterable[int] = range(1, len(exchange.arrival.items), 2)
    exchange.unapplied.update(fault.params.get("indexes", every_second))


def _spare_half(exchange: Exchange, _: Fault) -> None:
    count = len(exchange.arrival.items)
    exchange.unapplied.update(range(count // 2, count))


async def _nothing(_: Exchange, __: Fault) -> None:
    """The answer says yes; what the fault does was done before."""


async def _success_true(exchange: Exchange, _: Fault) -> None:
    exchange.reply = Reply(status=200, value={"success": True})


async def _success_false(exchange: Exchange, fault: Fault) -> None:
    """200 that says no, with `error` (permission_denied)."""
    code = str(fault.params.get("error", "permission_denied"))
    exchange.reply = Reply(status=200, value=answers.problem(code))


async def _odd_json(exchange: Exchange, fault: Fault) -> None:
    """200 with a `sample` of the provider's pages: `permission` is no JSON, `entity` is."""
    sample = str(fault.params.get("sample", "permission"))
    exchange.reply = Reply(status=200, raw=_SAMPLES[sample])


async def _error_page(exchange: Exchange, fault: Fault) -> None:
    """A page for people with `status` (500)."""
    page = answers.error_page(int(fault.params.get("status", 500)))
    page.readable = None
    exchange.reply = page


async def _half(exchange: Exchange, fault: Fault) -> None:
    """The first half is applied, the answer is an empty `status` (500)."""
    exchange.reply = Reply(status=int(fault.params.get("status", 500)), raw=b"")
