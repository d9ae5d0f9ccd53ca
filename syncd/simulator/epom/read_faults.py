"""The kinds of fault of Epom's reads: lists that do not show everything, prices in another spelling
or of another campaign. What the arrival noted as shown is kept true."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from syncd.simulator.epom import answers, values
from syncd.simulator.epom.options import Options
from syncd.simulator.epom.world import World
from syncd.simulator.exchange import Exchange, Reply, Stage
from syncd.simulator.faults import Fault, Kind, when_accepted
from syncd.simulator.wire import Double, emit

_AFTER = (Stage.AFTER,)
_LISTS = {"campaigns", "of_advertiser"}
_TOKEN = re.compile(r'(?P<text>"(?:[^"\\]|\\.)*")(?P<colon>:?)|(?P<double>\d+\.\d+)')


@dataclass(frozen=True)
class ReadFaults:
    """What can go wrong with a read."""

    world: World
    options: Options

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """By name; some have a second name, by which every provider's bench knows them."""
        return {
            "list_missing": Kind(act=_list_missing, stages=_AFTER, fits=_lists),
            **dict.fromkeys(
                ("list_twice", "page_repeat"), Kind(act=_list_twice, stages=_AFTER, fits=_lists)
            ),
            **dict.fromkeys(
                ("list_empty", "page_empty"), Kind(act=_list_empty, stages=_AFTER, fits=_lists)
            ),
            "list_as_object": Kind(act=_list_as_object, stages=_AFTER, fits=_lists),
            "countries_as": Kind(act=_countries_as, stages=_AFTER, fits=_prices),
            "unquoted": Kind(act=_unquoted, stages=_AFTER, fits=_reads),
            "java_doubles": Kind(act=_java_doubles, stages=_AFTER, fits=_reads),
            "text_numbers": Kind(act=_text_numbers, stages=_AFTER, fits=_prices),
            **dict.fromkeys(
                ("new_fields", "new_field"), Kind(act=_new_fields, stages=_AFTER, fits=_reads)
            ),
            "lacking": Kind(act=_lacking, stages=_AFTER, fits=_prices),
            "unknown_enum": Kind(act=_unknown_enum, stages=_AFTER, fits=_prices),
            "not_set": Kind(act=_not_set, stages=_AFTER, fits=_prices),
            "other_pricing": Kind(act=self._other_pricing, stages=_AFTER, fits=_prices),
        }

    async def _other_pricing(self, exchange: Exchange, fault: Fault) -> None:
        """The pricing of another campaign, `id` or the first that has one."""
        asked = exchange.arrival.ids[0]
        wanted = str(fault.params.get("id", ""))
        for campaign in self.world.in_view():
            if campaign.pricing and campaign.id != asked and wanted in {"", campaign.id}:
                shown = answers.pricing_of(campaign, campaign.pricing, self.options)
                exchange.reply = Reply(status=200, value=shown)
                _show(exchange, [])
                return


def _reads(exchange: Exchange) -> bool:
    """It is a read that is about to be answered with 200 and JSON."""
    return when_accepted(exchange) and not exchange.arrival.is_write


def _lists(exchange: Exchange) -> bool:
    return _reads(exchange) and exchange.arrival.operation in _LISTS


def _prices(exchange: Exchange) -> bool:
    return _reads(exchange) and exchange.arrival.operation == "get"


def _value(exchange: Exchange) -> Any:
    return exchange.reply.value if exchange.reply else None


def _show(exchange: Exchange, ids: list[str]) -> None:
    """No more than these campaigns were shown."""
    arrival = exchange.arrival
    arrival.ids = ids
    arrival.shown = {one: shown for one, shown in arrival.shown.items() if one in ids}


async def _list_missing(exchange: Exchange, fault: Fault) -> None:
    """Without the campaigns of `ids`, by default without the last."""
    shown = _value(exchange)
    ids = set(fault.params.get("ids", [str(one["id"]) for one in shown[-1:]]))
    shown[:] = [one for one in shown if str(one["id"]) not in ids]
    _show(exchange, [str(one["id"]) for one in shown])


async def _list_twice(exchange: Exchange, _: Fault) -> None:
    """The first campaign stands at the end once more."""
    shown = _value(exchange)
    shown += shown[:1]


async def _list_empty(exchange: Exchange, _: Fault) -> None:
    _value(exchange).clear()
    _show(exchange, [])


async def _list_as_object(exchange: Exchange, _: Fault) -> None:
    """The array stands within an object."""
    exchange.reply = Reply(status=200, value={"campaigns": _value(exchange)})


async def _countries_as(exchange: Exchange, fault: Fault) -> None:
    """The countries in another form, `as` list, pairs or object."""
    arrival = exchange.arrival
    prices = {
        path.removeprefix("price.country."): Decimal(price or 0)
        for path, price in arrival.shown[arrival.ids[0]].items()
        if path.startswith("price.country.")
    }
    value = _value(exchange)
    value.pop("countries", None)
    value.pop("countryPricing", None)
    value |= answers.countries_as(prices, str(fault.params.get("as", "object")))


async def _unquoted(exchange: Exchange, _: Fault) -> None:
    """Names without quotes, as the provider's pages print them: no JSON."""

    def bare(found: re.Match[str]) -> str:
        return f"{found['text'][1:-1]}:" if found["colon"] else found[0]

    exchange.reply = Reply(status=200, raw=_rewritten(exchange, bare))


async def _java_doubles(exchange: Exchange, _: Fault) -> None:
    """Doubles as Java writes them: small and large ones with an exponent."""

    def as_java(found: re.Match[str]) -> str:
        return found[0] if found["double"] is None else _java(Decimal(found["double"]))

    exchange.reply = Reply(status=200, raw=_rewritten(exchange, as_java), readable=True)


def _rewritten(exchange: Exchange, change: Callable[[re.Match[str]], str]) -> bytes:
    return _TOKEN.sub(change, emit(_value(exchange)).decode()).encode()


def _java(amount: Decimal) -> str:
    if not amount or Decimal("0.001") <= amount < 10**7:
        return emit(Double(amount)).decode()
    exponent = amount.adjusted()
    return f"{emit(Double(amount.scaleb(-exponent))).decode()}E{exponent}"


async def _text_numbers(exchange: Exchange, _: Fault) -> None:
    """The price is a string."""
    value = _value(exchange)
    value["price"] = emit(value["price"]).decode()


async def _new_fields(exchange: Exchange, _: Fault) -> None:
    """Every object has fields that nobody has heard of."""
    value = _value(exchange)
    for one in value if isinstance(value, list) else [value]:
        one |= {"currency": "EUR", "ecpmFloor": None, "schedule": {"days": [1, 2]}}


async def _lacking(exchange: Exchange, fault: Fault) -> None:
    """Without `fields` (price), or with null in their place where armed with `as = "null"`."""
    value = _value(exchange)
    for name in fault.params.get("fields", ["price"]):
        value.pop(name, None)
        if fault.params.get("as", "absent") == "null":
            value[name] = None
    _show(exchange, [])


async def _unknown_enum(exchange: Exchange, fault: Fault) -> None:
    """`field` (pricingType) holds `value` (CPV)."""
    field = str(fault.params.get("field", "pricingType"))
    word = str(fault.params.get("value", "CPV"))
    _value(exchange)[field] = word
    if field == "pricingType":
        arrival = exchange.arrival
        arrival.shown[arrival.ids[0]][values.TYPE] = word


async def _not_set(exchange: Exchange, _: Fault) -> None:
    """404 although there is a pricing."""
    exchange.reply = Reply(status=404, value=answers.problem("no_pricing"))
    _show(exchange, [])
