"""What a write at the simulated Epom asks for, entry by entry: one for a price, one for each
country of a path, one for each line of a file. Entries are read here and judged elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syncd.simulator.epom import price_file, values
from syncd.simulator.epom.countries import coded, named
from syncd.simulator.epom.options import Options
from syncd.simulator.epom.pricing import FIGURES
from syncd.simulator.epom.refusal import Refusal
from syncd.simulator.epom.request import Request
from syncd.simulator.epom.world import Campaign
from syncd.simulator.journal import Item
from syncd.simulator.wire import plain

_FIGURES = {figure.parameter: figure.path for figure in FIGURES}


@dataclass(kw_only=True)
class Entry:
    """One entry: the values that it asks for by path."""

    asked: dict[str, str | None]
    """As the caller spelt countries; a number in its plain form, another text as it came."""
    values: dict[str, str | None]
    """As the world spells them."""
    problem: str | None = None
    """Why its country cannot be."""


@dataclass(frozen=True)
class Reader:
    """Reads writes; `options` say what nobody has written down."""

    options: Options
    file_cap: int | None = None
    """A file with more lines is refused with 413."""

    def entries(self, request: Request, campaign: Campaign | None) -> list[Entry]:
        """The entries of a write; raises a Refusal where its form is wrong."""
        readers: Mapping[str, Callable[[Request, Campaign | None], list[Entry]]] = {
            "update": self._update,
            "update_country": self._update_country,
            "batch": self._batch,
            "action": self._action,
            "disable": self._disable,
            "disable_country": self._disable_country,
        }
        return readers[request.operation](request, campaign)

    def items(self, request: Request, campaign: Campaign | None) -> list[Item]:
        """The same for the journal; nothing where the form is wrong."""
        try:
            entries = self.entries(request, campaign)
        except Refusal:
            return []
        return items_of(entries, request.segments.get("campaign", ""))

    def _update(self, request: Request, _: Campaign | None) -> list[Entry]:
        given = request.fields("price", "paymentModel", "pricingType", *_FIGURES)
        _need(given, "price", "paymentModel", "pricingType")
        asked: dict[str, str | None] = {
            values.AMOUNT: _plain(given["price"]),
            values.TYPE: given["pricingType"],
        }
        asked |= {path: _plain(given[name]) for name, path in _FIGURES.items() if name in given}
        return [Entry(asked=asked, values=asked)]

    def _update_country(self, request: Request, _: Campaign | None) -> list[Entry]:
        given = request.fields("price")
        _need(given, "price")
        return [self._country(one, _plain(given["price"])) for one in request.countries()]

    def _disable_country(self, request: Request, _: Campaign | None) -> list[Entry]:
        request.fields()
        return [self._country(one, None) for one in request.countries()]

    def _disable(self, request: Request, _: Campaign | None) -> list[Entry]:
        request.fields()
        asked: dict[str, str | None] = {values.AMOUNT: None}
        return [Entry(asked=asked, values=asked)]

    def _action(self, request: Request, campaign: Campaign | None) -> list[Entry]:
        """By key, by name, or by both where they agree; names count case."""
        given = request.fields("price", "actionName", "actionKey")
        _need(given, "price")
        if not given.keys() & {"actionName", "actionKey"}:
            raise Refusal(400, "parameter_missing")
        known = [] if campaign is None else campaign.actions
        found = [
            action.key
            for action in known
            if given.get("actionKey", action.key) == action.key
            and given.get("actionName", action.name) == action.name
        ]
        key = found[0] if found else given.get("actionKey", given.get("actionName", ""))
        asked: dict[str, str | None] = {values.action_path(key): _plain(given["price"])}
        problem = None if len(found) == 1 else "no_such_action"
        return [Entry(asked=asked, values=asked, problem=problem)]

    def _batch(self, request: Request, campaign: Campaign | None) -> list[Entry]:
        request.fields()
        rows = price_file.read(self._file(request))
        if self.file_cap is not None and len(rows) > self.file_cap:
            raise Refusal(413, "file_too_long")
        if campaign is not None and campaign.pricing is not None and campaign.pricing.type == "CPA":
            keys = {action.name: action.key for action in campaign.actions}
            return [self._line(one, prices) for one, prices in price_file.by_action(rows, keys)]
        return [self._row(one, _plain(price)) for one, price in price_file.by_country(rows)]

    def _file(self, request: Request) -> bytes:
        part = self.options.csv_part
        wanted = {"countryPricing", "countryPrices"} if part == "both" else {part}
        match request.parts:
            case [one] if one.is_file and one.name in wanted:
                return one.content
        raise Refusal(400, "file_missing")

    def _row(self, country: str, price: str) -> Entry:
        if country == price_file.EVERYWHERE:
            asked: dict[str, str | None] = {values.AMOUNT: price}
            return Entry(asked=asked, values=asked)
        return self._country(named(country, "apart") or country, price)

    def _line(self, country: str, prices: Mapping[str, str]) -> Entry:
        if country == price_file.EVERYWHERE:
            asked: dict[str, str | None] = {
                values.action_path(key): _plain(price) for key, price in prices.items()
            }
            return Entry(asked=asked, values=asked)
        spelt = named(country, "apart") or country
        known = coded(spelt, self.options.united_kingdom)
        return Entry(
            asked={
                values.country_action_path(spelt, key): _plain(price)
                for key, price in prices.items()
            },
            values={
                values.country_action_path(known or spelt, key): _plain(price)
                for key, price in prices.items()
            },
            problem="no_such_country" if known is None else None,
        )

    def _country(self, country: str, price: str | None) -> Entry:
        known = coded(country, self.options.united_kingdom)
        return Entry(
            asked={values.country_path(country): price},
            values={values.country_path(known or country): price},
            problem="no_such_country" if known is None else None,
        )


def items_of(entries: list[Entry], campaign_id: str) -> list[Item]:
    """Entries as the journal has them: nothing is judged yet."""
    return [
        Item(index=index, id=campaign_id, new=dict(entry.asked))
        for index, entry in enumerate(entries)
    ]


def _plain(text: str) -> str:
    """A number without trailing zeros; what is no number stays as it is."""
    try:
        return plain(values.number(text))
    except ValueError:
        return text


def _need(given: Mapping[str, str], *names: str) -> None:
    if any(name not in given for name in names):
        raise Refusal(400, "parameter_missing")
