"""A world and a service for a small provider of somebody else's: campaigns as plain values by
field path, one list of them all, one PUT for each, one key. It knows no provider: how rows are
written and what a body asks for is a subclass's to say."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.faults import Kind
from syncd.simulator.journal import Item
from syncd.simulator.rate import Rate, Verdict
from syncd.simulator.service import Act
from syncd.simulator.wire import MalformedJson, parse

Values = Mapping[str, str | None]


class SmallWorld:
    """Campaigns by id; whatever is asked for at a known path is taken."""

    def __init__(self, campaigns: Mapping[str, Values]) -> None:
        self.campaigns = {known: dict(values) for known, values in campaigns.items()}
        self._removed: set[str] = set()

    def ids(self) -> list[str]:
        return [known for known in self.campaigns if known not in self._removed]

    def truth(self) -> list[dict[str, Any]]:
        return [
            {"id": known, "is_removed": known in self._removed, "values": dict(values)}
            for known, values in self.campaigns.items()
        ]

    def edit(self, campaign_id: str, values: Values) -> None:
        unknown = values.keys() - self.campaigns[campaign_id].keys()
        if unknown:
            raise ValueError(f"a campaign has nothing at {', '.join(sorted(unknown))}")
        self.campaigns[campaign_id] |= values

    def remove(self, ids: Iterable[str]) -> None:
        self._removed |= set(ids)

    def restore(self, ids: Iterable[str]) -> None:
        self._removed -= set(ids)


class SmallService(ABC):
    """GET shows every campaign, PUT to a path that ends in an id changes that one; each request
    carries `key` as a bearer token. A subclass says how a row and the list are written, and what a
    body asks for."""

    writes = frozenset({"change"})

    def __init__(self, world: SmallWorld, *, key: str, base_path: str) -> None:
        self.world = world
        self._key = key
        self._base_path = base_path

    @abstractmethod
    def row(self, campaign_id: str, values: Values) -> dict[str, Any]:
        """A campaign as the API shows it."""

    @abstractmethod
    def page(self, rows: list[dict[str, Any]]) -> Any:
        """The list as the API shows it."""

    @abstractmethod
    def wanted(self, body: Any) -> Values:
        """What the body of a PUT asks for, by field path; raises KeyError for what is missing."""

    @property
    def kinds(self) -> Mapping[str, Kind]:
        return {}

    @property
    def rates(self) -> Mapping[str, Rate | None]:
        return {"default": None}

    @property
    def acts(self) -> Mapping[str, Act]:
        return {}

    def limit_group(self, operation: str) -> str | None:  # noqa: ARG002  (one limit for all)
        return "default"

    def operation(self, method: str, path: str) -> str:  # noqa: ARG002  (the method says it)
        return {"GET": "list", "PUT": "change"}.get(method, "other")

    def inspect(self, exchange: Exchange) -> None:
        arrival = exchange.arrival
        arrival.take_body(exchange.body, exchange.body.decode("utf-8", "replace"))
        arrival.credential = "key" if self._is_known(exchange) else None
        if arrival.operation == "change":
            arrival.items = [Item(index=0, id=exchange.target.rpartition("/")[2])]

    def answer(self, exchange: Exchange) -> Reply:
        if not self._is_known(exchange):
            return Reply(status=401, value={"error": "the key is not known"})
        match exchange.arrival.operation:
            case "list":
                rows = [self.row(one, self.world.campaigns[one]) for one in self.world.ids()]
                return Reply(status=200, value=self.page(rows))
            case "change":
                return self._change(exchange)
        return Reply(status=405, value={"error": "there is no such call"})

    def throttled(self, verdict: Verdict, wall_ns: int) -> Reply:  # noqa: ARG002  (it is bare)
        return Reply(status=429, raw=b"", readable=True)

    def describe(self) -> dict[str, Any]:
        return {"base_path": self._base_path, "credentials": {"api_key": self._key}, "scope": {}}

    def state(self) -> dict[str, Any]:
        return {}

    def picks(self) -> dict[str, Any]:
        return {}

    def expire_tokens(self) -> int:
        """There are none."""
        return 0

    def add_campaigns(self, count: int) -> list[str]:
        """Add copies of the first campaign; returns their ids."""
        like = next(iter(self.world.campaigns.values()))
        made = [f"added-{len(self.world.campaigns) + number}" for number in range(count)]
        self.world.campaigns |= {one: dict(like) for one in made}
        return made

    def _is_known(self, exchange: Exchange) -> bool:
        return exchange.headers.get("Authorization") == f"Bearer {self._key}"

    def _change(self, exchange: Exchange) -> Reply:
        (item,) = exchange.arrival.items
        item.truth = "refused"
        if item.id not in self.world.ids():
            return Reply(status=404, value={"error": "there is no such campaign"})
        try:
            item.new = dict(self.wanted(parse(exchange.body)))
        except (MalformedJson, KeyError, TypeError) as error:
            return Reply(status=400, value={"error": f"the body cannot be read: {error}"})
        item.old = {path: self.world.campaigns[item.id].get(path) for path in item.new}
        self.world.edit(item.id, item.new)
        item.truth = "applied"
        return Reply(status=200, value=self.row(item.id, self.world.campaigns[item.id]))
