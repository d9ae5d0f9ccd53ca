"""Random histories at any provider: what people edit there, what is queued, and what goes wrong on
the way, all from one seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.e2e.scene import Row, Scene

Patch = dict[str, Any]
NAMES = ("Frühling", "夏", "  padded  ", "'; --", "👩‍👩‍👧", "Plain", "Twin", "e\u0301")
NOTES = ("", "first wave", "第二波", '"quoted"', "Once more.")
COUNTRIES = ("US", "UK", "SE", "NO", "FI", "JP")
ACTIONS = (
    '[{"type": "talk", "option": {"text": "Now.", "language": "de-DE"}}]',
    '[{"type": "answer"}, {"type": "talk", "option": {"text": "\u00e9", "language": "fr"}}]',
    "[]",
)
FAULTS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("reset", "before", {}),
    ("reset", "after", {}),
    ("status", "before", {"status": 500}),
    ("status", "after", {"status": 502}),
    ("status", "before", {"status": 429, "headers": {"Retry-After": "1"}}),
    ("html", "after", {}),
    ("truncate", "after", {}),
    ("malformed", "before", {}),
    ("redirect", "before", {"location": "http://127.0.0.1:9/"}),
)


def _amount(random: Random) -> str:
    return f"{random.randint(100, 99_999)}.{random.randint(0, 99):02d}".rstrip("0").rstrip(".")


def _criteo(random: Random, campaign: Row) -> Patch:
    """Another amount for the period that has one, if any has."""
    values = campaign["values"]
    budgets = [path for path in values if path.startswith("budget.")]
    capped = [path for path in budgets if values[path] != "unlimited"]
    return {random.choice(capped or budgets): _amount(random)}


def _icas(random: Random, _: Row) -> Patch:
    every: Patch = {
        "name": random.choice(NAMES),
        "status": random.choice(("active", "paused")),
        "budget.daily": _amount(random),
        "budget.lifetime": _amount(random),
    }
    return _some(random, every)


def _epom(random: Random, campaign: Row) -> Patch:
    prices = {
        f"price.country.{one}": random.choice((_price(random), _price(random), None))
        for one in random.sample(COUNTRIES, 3)
    }
    actions = [path for path in campaign["values"] if path.startswith("price.action.")]
    every: Patch = {"price.amount": _price(random), **prices}
    every |= {path: _price(random) for path in actions}
    if campaign["values"]["price.amount"] is None:
        return {"price.amount": _price(random), "price.type": "CPM"}
    return _some(random, every)


def _price(random: Random) -> str:
    return f"{random.randint(1, 9)}.{random.randint(1, 9)}{random.randint(1, 9)}"


def _pai(random: Random, _: Row) -> Patch:
    return _some(random, {"name": random.choice(NAMES), "note": random.choice(NOTES)})


def _voipbin(random: Random, _: Row) -> Patch:
    every: Patch = {
        "name": random.choice(NAMES),
        "note": random.choice(NOTES),
        "status": random.choice(("active", "paused")),
        "native.service_level": str(random.randint(0, 100)),
        "native.end_handle": random.choice(("stop", "continue")),
        "native.actions": random.choice(ACTIONS),
    }
    return _some(random, every)


def _some(random: Random, every: Patch) -> Patch:
    count = random.randint(1, min(3, len(every)))
    return {path: every[path] for path in random.sample(sorted(every), count)}


CHANGES: Mapping[str, Callable[[Random, Row], Patch]] = {
    "criteo": _criteo,
    "icas": _icas,
    "epom": _epom,
    "pai": _pai,
    "voipbin": _voipbin,
}
CREATES: Mapping[str, Patch] = {
    "icas": {"native.vendorId": "made-{}", "name": "Made", "budget.daily": "12.5"},
    "pai": {"name": "Made {}", "note": "by the queue"},
    "voipbin": {
        "name": "Made {}",
        "native.type": "call",
        "native.service_level": "80",
        "native.end_handle": "stop",
    },
}


@dataclass
class Turmoil:
    """One seed's history at one scene."""

    scene: Scene
    random: Random
    queued: int = 0

    @property
    def provider(self) -> str:
        return self.scene.place.provider

    def people_edit(self) -> None:
        """Somebody changes a few campaigns, one goes and one comes back."""
        world, random = self.scene.simulator.world, self.random
        truth = self.scene.truth()
        for campaign in random.sample(world.ids(), 2):
            patch = self._change(truth[campaign])
            if not self._is_impossible(truth[campaign], patch):
                world.edit(campaign, patch)
        gone = [one for one in truth if one not in world.ids() and truth[one]["is_removed"]]
        if gone and self.provider != "voipbin":
            world.restore(random.sample(gone, 1))
        elif random.random() < 0.3:
            world.remove(random.sample(world.ids(), 1))

    async def people_queue(self) -> None:
        """A few updates, some of the same campaign; now and then a create or a delete."""
        random, books = self.random, self.scene.books
        mirror = await books.campaigns()
        truth = self.scene.truth()
        known = sorted(one for one, row in mirror.items() if not row["gone_at"])
        for campaign in random.choices(known, k=random.randint(2, 5)):
            self.queued += 1
            await books.queue(campaign, self._change(truth[campaign]))
        if self.provider in CREATES and random.random() < 0.4:
            self.queued += 1
            made = {path: one.format(self.queued) for path, one in CREATES[self.provider].items()}
            await books.queue(None, made)
        if self.provider in {"pai", "voipbin"} and random.random() < 0.3:
            self.queued += 1
            await books.queue(random.choice(known), {"deleted": True})

    def things_go_wrong(self) -> None:
        """Faults of the calls to come, of writes above all."""
        random, simulator = self.random, self.scene.simulator
        simulator.faults.clear()
        reads = ("search", "list", "get")
        for _ in range(random.randint(0, 4)):
            kind, when, options = random.choice(FAULTS)
            writes = sorted(simulator.service.writes)
            operation = random.choice([*writes, random.choice(reads)])
            simulator.faults.arm(
                kind, operation, when=when, nth=random.randint(1, 3), **dict(options)
            )

    def _change(self, campaign: Row) -> Patch:
        return CHANGES[self.provider](self.random, campaign)

    def _is_impossible(self, campaign: Row, patch: Patch) -> bool:
        """Whether not even a person can do that: price parts of what has no pricing."""
        is_bare = campaign["values"].get("price.amount", "") is None
        return is_bare and "price.amount" not in patch
