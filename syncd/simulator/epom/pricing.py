"""The pricing of one campaign and the actions that can be priced: plain values of the simulated
Epom. No rules and no wire forms stand here."""

from dataclasses import dataclass, field
from decimal import Decimal

TYPES = ("CPM", "CPC", "CPA")
PAYMENT_MODEL = "FIXED_PRICE"


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something that visitors do and that a CPA or CPC campaign pays for."""

    id: int
    key: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One of the optional parameters of an update."""

    path: str
    parameter: str
    is_whole: bool
    most: Decimal | None = None
    """The largest whole number of its type."""
    above_zero: bool = False
    """Zero is refused, and it has no value until one is set."""


_INT = Decimal(2**31 - 1)
_LONG = Decimal(2**63 - 1)

FIGURES = (
    Figure(path="price.estimated_ctr", parameter="estimatedCtr", is_whole=False, above_zero=True),
    Figure(
        path="price.estimated_conversion_rate",
        parameter="estimatedConversionRate",
        is_whole=False,
    ),
    Figure(path="price.burn_up_period", parameter="burnUpPeriod", is_whole=True, most=_INT),
    Figure(path="price.start_up_period", parameter="startUpPeriod", is_whole=True, most=_INT),
    Figure(path="price.min_conversions", parameter="minConversions", is_whole=True, most=_LONG),
    Figure(path="price.min_clicks", parameter="minClicks", is_whole=True, most=_LONG),
)


@dataclass(kw_only=True)
class Pricing:
    """What a campaign pays: one price, and others for countries and actions."""

    id: int
    amount: Decimal
    type: str
    figures: dict[str, Decimal] = field(default_factory=dict)
    """By path; what was never set is not there."""
    countries: dict[str, Decimal] = field(default_factory=dict)
    actions: dict[str, Decimal] = field(default_factory=dict)
    """By the action's key."""
    country_actions: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    """By country and key; only a file of a CPA campaign sets them and no read shows them."""

    def figure(self, figure: Figure) -> Decimal | None:
        """Its value; zero where it was never set, None where zero is no value of it."""
        return self.figures.get(figure.path, None if figure.above_zero else Decimal(0))

    def drop_details(self) -> None:
        """Forget every price but the campaign's own."""
        self.countries.clear()
        self.actions.clear()
        self.country_actions.clear()
