"""The writes of the simulated Epom: each is judged by the contract's words, then applied in one
step, and the journal learns the truth of every entry. Who may call at all was asked before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

from syncd.simulator.epom import values
from syncd.simulator.epom.entries import Entry, Reader, items_of
from syncd.simulator.epom.options import Options
from syncd.simulator.epom.pricing import FIGURES, PAYMENT_MODEL, TYPES, Figure, Pricing
from syncd.simulator.epom.refusal import Refusal
from syncd.simulator.epom.request import Request
from syncd.simulator.epom.world import Campaign, Waiting, World
from syncd.simulator.exchange import Exchange
from syncd.simulator.wire import plain

_FIGURES: Mapping[str, Figure] = {figure.path: figure for figure in FIGURES}
_NEED_PRICING = {"update_country", "batch", "action"}


@dataclass(kw_only=True)
class Steering:
    """What a fault makes of an accepted write."""

    places: int | None = None
    """Prices are rounded to so many places."""
    least: Decimal | None = None
    most: Decimal | None = None
    """Prices are pulled into these bounds."""
    is_late: bool = False
    """It is in force later."""
    seconds: int | None = None
    """How much later by the server's clock; None: when somebody settles it."""

    def taken(self, path: str, text: str | None) -> str | None:
        """What becomes of a value."""
        if text is None or path in _FIGURES or path == values.TYPE:
            return text
        amount = values.number(text)
        if self.places is not None:
            amount = round_to(amount, self.places)
        if self.least is not None:
            amount = max(amount, self.least)
        if self.most is not None:
            amount = min(amount, self.most)
        return plain(amount)


def round_to(amount: Decimal, places: int) -> Decimal:
    """Half to even."""
    return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


@dataclass
class Writes:
    """The writes over one world."""

    world: World
    options: Options
    reader: Reader
    steering: dict[int, Steering] = field(default_factory=dict)
    """By the number of the arrival."""

    def carry_out(self, exchange: Exchange, request: Request) -> None:
        """Judge a write and apply it; raises a Refusal where any of it is refused."""
        try:
            self._carry_out(exchange, request)
        except Refusal as refusal:
            for item in exchange.arrival.items:
                if item.truth == "untouched" and item.index not in exchange.unapplied:
                    item.truth = "refused"
                    item.codes = item.codes or [refusal.code]
            raise

    def _carry_out(self, exchange: Exchange, request: Request) -> None:
        campaign = self.world.visible(request.campaign_id())
        if campaign is None:
            raise Refusal(400, "no_such_campaign")
        if campaign.permission != "edit":
            raise Refusal(403, "permission_denied")
        entries = self.reader.entries(request, campaign)
        exchange.arrival.items = items_of(entries, campaign.id)
        self._judge(request, campaign, entries)
        problems = [entry.problem for entry in entries if entry.problem is not None]
        for item, entry in zip(exchange.arrival.items, entries, strict=True):
            item.codes = [] if entry.problem is None else [entry.problem]
        if problems and not (request.segments.get("countries") and self._applies_some):
            raise Refusal(400, problems[0])
        self._apply(exchange, request, campaign, entries)
        if problems:
            raise Refusal(400, problems[0])

    @property
    def _applies_some(self) -> bool:
        return self.options.multi_country == "some"

    def _judge(self, request: Request, campaign: Campaign, entries: list[Entry]) -> None:
        """Raise a Refusal for what is wrong with the whole; note in entries what is wrong with
        one."""
        if request.operation in _NEED_PRICING and campaign.pricing is None:
            raise Refusal(400, "pricing_disabled")
        _check_values(entries)
        if request.operation == "update" and request.only("paymentModel") != PAYMENT_MODEL:
            raise Refusal(400, "payment_model_invalid")
        if request.operation == "action" and _type_of(campaign) == "CPM":
            raise Refusal(400, "pricing_type_wrong")
        if self.options.disabled_twice == "400":
            _note_disabled_already(campaign, entries)

    def _apply(
        self, exchange: Exchange, request: Request, campaign: Campaign, entries: list[Entry]
    ) -> None:
        steering = self.steering.pop(exchange.arrival.seq, Steering())
        accepted: dict[str, str | None] = {}
        for item, entry in zip(exchange.arrival.items, entries, strict=True):
            paths = zip(entry.asked, entry.values, strict=True)
            item.old = {asked: values.value_at(campaign, path) for asked, path in paths}
            if entry.problem is not None or item.index in exchange.unapplied:
                continue
            item.truth = "applied_pending" if steering.is_late else "applied"
            taken = {path: steering.taken(path, text) for path, text in entry.values.items()}
            item.codes = ["taken_otherwise"] if taken != entry.values else []
            accepted |= taken
        if not accepted:
            return

        def change() -> None:
            self._change(request.operation, campaign, accepted)

        if steering.is_late:
            self.world.wait(Waiting(change=change), steering.seconds)
        else:
            change()

    def _change(
        self, operation: str, campaign: Campaign, accepted: Mapping[str, str | None]
    ) -> None:
        pricing = campaign.pricing
        if pricing is not None and operation == "update":
            self._forget(pricing, accepted)
        if pricing is not None and operation == "batch" and self.options.csv_mode == "replace":
            pricing.countries.clear()
            pricing.country_actions.clear()
        if pricing is None and values.AMOUNT not in accepted:
            return
        values.put(campaign, accepted, self.world.next_pricing)

    def _forget(self, pricing: Pricing, accepted: Mapping[str, str | None]) -> None:
        """What an update of a pricing takes away beside what it sets."""
        if self.options.type_change == "drop" and accepted.get(values.TYPE) != pricing.type:
            pricing.drop_details()
        if self.options.absent == "reset":
            pricing.figures.clear()


def _check_values(entries: list[Entry]) -> None:
    for entry in entries:
        for path, text in entry.values.items():
            _check_value(path, text)


def _check_value(path: str, text: str | None) -> None:
    """Raise a Refusal for a value of the wrong type or out of its range."""
    if text is None:
        return
    if path == values.TYPE:
        if text not in TYPES:
            raise Refusal(400, "pricing_type_invalid")
        return
    figure = _FIGURES.get(path)
    try:
        amount = values.whole(text) if figure and figure.is_whole else values.number(text)
    except ValueError as error:
        raise Refusal(400, "number_invalid") from error
    if figure is None:
        return
    if (figure.above_zero and not amount) or (figure.most is not None and amount > figure.most):
        raise Refusal(400, "number_out_of_range")


def _type_of(campaign: Campaign) -> str | None:
    return None if campaign.pricing is None else campaign.pricing.type


def _note_disabled_already(campaign: Campaign, entries: list[Entry]) -> None:
    """An entry that takes away what is not there is a problem."""
    for entry in entries:
        for path, text in entry.values.items():
            if text is None and values.value_at(campaign, path) is None and not entry.problem:
                entry.problem = "disabled_already"
