"""Every call by which campaigns are changed, at every provider: what the database calls it, what
the simulator calls it, and a change that one such call carries out whole."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.scene import Row, Scene

Patch = Mapping[str, Any]
Asked = tuple[str | None, Patch]
"""A campaign, None to create one, and what is to become of it."""
BOTH = ("documented", "current")
DELETE = {"deleted": True}


@dataclass(kw_only=True)
class Stock:
    """The campaigns of a scene, each given out once."""

    scene: Scene
    given: set[str] = field(default_factory=set)

    def pick(self, case: str = "ordinary") -> Row:
        """The next one that the simulator names for a case."""
        named = self.scene.picks[case]
        for one in named if isinstance(named, list) else [named]:
            found: Row = one if isinstance(one, dict) else {"id": one}
            if found["id"] not in self.given:
                self.given.add(found["id"])
                return found
        raise AssertionError(f"no campaign is left for {case}")

    def with_values(self, **wanted: str) -> Row:
        """The next campaign in view with these values, by the last word of their paths."""
        for one in self._in_view():
            values = {path.rpartition(".")[2]: value for path, value in one["values"].items()}
            if wanted.items() <= values.items():
                self.given.add(one["id"])
                return one
        raise AssertionError(f"no campaign is left with {wanted}")

    def with_path(self, stem: str) -> tuple[str, str]:
        """The next ordinary campaign with a value below a stem: its id, and the path."""
        ordinary = {one["id"] for one in self.scene.picks["ordinary"]}
        for one in self._in_view():
            path = next((path for path in one["values"] if path.startswith(stem)), None)
            if path is not None and one["id"] in ordinary:
                self.given.add(one["id"])
                return one["id"], path
        raise AssertionError(f"no campaign is left with a {stem}")

    def _in_view(self) -> Iterator[Row]:
        truth = self.scene.truth()
        return (truth[one] for one in self.scene.simulator.world.ids() if one not in self.given)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One call in one dialect; `ask` picks a campaign and a change for it."""

    provider: str
    operation: str
    at: str
    ask: Callable[[Stock], Asked]
    dialect: str = "documented"
    detail: str = ""
    """What tells it from another use of the same call."""

    def __str__(self) -> str:
        words = (self.provider, self.dialect, self.operation, self.detail)
        return " ".join(word for word in words if word)

    @property
    def creates(self) -> bool:
        return self.at == "create"


def _pick(case: str = "ordinary") -> Callable[[Stock], Asked]:
    """The change that a pick of the simulator names."""

    def ask(stock: Stock) -> Asked:
        pick = stock.pick(case)
        return pick["id"], {pick["path"]: pick.get("amount", pick.get("value"))}

    return ask


def _of(case: str, patch: Patch | Callable[[Stock], Patch]) -> Callable[[Stock], Asked]:
    """A change of one's own for the campaign of a pick."""

    def ask(stock: Stock) -> Asked:
        campaign = stock.pick(case)["id"]
        return campaign, patch(stock) if callable(patch) else patch

    return ask


def _made(patch: Patch | Callable[[Stock], Patch]) -> Callable[[Stock], Asked]:
    return lambda stock: (None, patch(stock) if callable(patch) else patch)


def _criteo_campaign(stock: Stock) -> Patch:
    advertiser = next(iter(stock.scene.truth().values()))["advertiser_id"]
    told = {"name": "Made by a queue", "native.goal": "Acquisition"}
    return told | {"native.advertiserId": advertiser, "budget.daily": "12.50"}


def _country(price: str | None) -> Callable[[Stock], Asked]:
    """Another price for a country that has one."""

    def ask(stock: Stock) -> Asked:
        campaign, path = stock.with_path("price.country.")
        return campaign, {path: price}

    return ask


def _file(stock: Stock) -> Asked:
    """Three countries with a price each, where they are paid by the thousand."""
    three = {"price.country.SE": "1.25", "price.country.NO": "2.5", "price.country.FI": "3"}
    return stock.with_values(type="CPM")["id"], three


def _references(stock: Stock) -> Asked:
    """An outplan and a queue that may be referred to and that the campaign does not have."""
    campaign, world = stock.pick()["id"], stock.scene.simulator.world
    found = {}
    for path in ("native.outplan_id", "native.queue_id"):
        has = stock.scene.value(campaign, path)
        known = world.resources[path.removeprefix("native.")].values()
        usable = [one for one in known if one.customer_id == world.customer_id]
        found[path] = next(one.id for one in usable if not one.is_deleted and one.id != has)
    return campaign, found


def _next_campaign(stock: Stock) -> Patch:
    return {"native.next_campaign_id": stock.pick()["id"]}


def _voipbin_campaign(stock: Stock) -> Patch:
    told = {"name": "Made by a queue", "note": "Once.", "native.type": "call"}
    told |= {"native.service_level": "80", "native.end_handle": "stop"}
    free = stock.scene.picks["free"]
    names = ("outplan_id", "outdial_id", "queue_id")
    return told | {f"native.{name}": free[name] for name in names} | _ACTIONS


def _in_both(**told: Any) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(dialect=dialect, **told) for dialect in BOTH)


def _all(provider: str, *calls: tuple[Any, ...]) -> tuple[Endpoint, ...]:
    """Calls of both dialects: operation, the simulator's word, the change, and a detail."""
    return tuple(
        one
        for operation, at, ask, *detail in calls
        for one in _in_both(
            provider=provider, operation=operation, at=at, ask=ask, detail="".join(detail)
        )
    )


_ACTIONS = {"native.actions": '[{"type": "talk", "option": {"text": "Now.", "language": "de"}}]'}

_CRITEO = _all(
    "criteo",
    ("PATCH campaigns", "update", _pick()),
    ("POST campaigns", "create", _made(_criteo_campaign)),
)
_ICAS = _all(
    "icas",
    (
        "POST campaign",
        "create",
        _made({"native.vendorId": "e2e-1", "name": "Made by a queue", "budget.daily": "12.5"}),
    ),
    ("PUT campaign", "update", _of("ordinary", {"name": "Another title"}), "title"),
    ("PUT campaign", "update", _of("vendor_taken", {"native.vendorId": "e2e-2"}), "vendor id"),
    ("PUT campaign/budgets", "budgets", _of("ordinary", {"budget.daily": "321.5"}), "daily"),
    ("PUT campaign/budgets", "budgets", _of("ordinary", {"budget.lifetime": "90000"}), "total"),
    ("PUT campaign/status", "status", _pick("pause"), "pause"),
    ("PUT campaign/status", "status", _pick("activate"), "activate"),
)
_EPOM = _all(
    "epom",
    ("POST pricing", "update", _pick(), "amount"),
    ("POST pricing", "update", _of("unpriced", {"price.amount": "2", "price.type": "CPM"}), "new"),
    ("POST pricing/country", "update_country", _country("4.5"), "one"),
    (
        "POST pricing/country",
        "update_country",
        _of("ordinary", {"price.country.SE": "1.25", "price.country.NO": "1.25"}),
        "several",
    ),
    ("POST pricing/batch", "batch", _file),
    ("POST actionPricing", "action", _pick("action")),
    ("DELETE pricing/country", "disable_country", _country(None)),
    ("DELETE pricing", "disable", _of("ordinary", {"price.amount": None})),
)
_PAI = _all(
    "pai",
    ("POST campaigns", "create", _made({"name": "Made by a queue", "note": "Once."})),
    ("PUT campaign", "update", _pick(), "name"),
    ("PUT campaign", "update", _of("ordinary", {"note": "Another remark"}), "remark"),
    ("DELETE campaign", "delete", _of("ordinary", DELETE)),
)
_START = {"status": "active"}
_VOIPBIN = (
    *_all(
        "voipbin",
        ("POST campaigns", "create", _made(_voipbin_campaign)),
        ("PUT campaign", "update", _pick(), "note"),
        ("DELETE campaign", "delete", _of("ordinary", DELETE)),
    ),
    *(
        Endpoint(provider="voipbin", operation=operation, at=at, ask=ask, **more)
        for operation, at, ask, more in (
            ("PUT campaign", "update", _of("ordinary", _START), {"detail": "start"}),
            ("PUT campaign", "update", _of("running", {"status": "paused"}), {"detail": "stop"}),
            ("PUT campaign", "update", _of("ordinary", _ACTIONS), {"detail": "actions"}),
        )
    ),
    *(
        Endpoint(
            provider="voipbin",
            dialect="current",
            operation=f"PUT campaign/{at}",
            at=at,
            ask=ask,
            detail=detail,
        )
        for at, ask, detail in (
            ("status", _of("ordinary", _START), "start"),
            ("status", _of("running", {"status": "paused"}), "stop"),
            ("service_level", _of("ordinary", {"native.service_level": "65"}), ""),
            ("actions", _of("ordinary", _ACTIONS), ""),
            ("resource_info", _references, ""),
            ("next_campaign_id", _of("ordinary", _next_campaign), ""),
        )
    ),
)

ENDPOINTS = (*_CRITEO, *_ICAS, *_EPOM, *_PAI, *_VOIPBIN)


def of(provider: str, dialect: str) -> list[Endpoint]:
    """All calls of one provider in one dialect."""
    return [one for one in ENDPOINTS if (one.provider, one.dialect) == (provider, dialect)]


async def queued(scene: Scene, endpoints: list[Endpoint]) -> Mapping[int, Endpoint]:
    """An update for each of these calls, each of another campaign."""
    stock = Stock(scene=scene)
    return {await scene.books.queue(*one.ask(stock)): one for one in endpoints}
