"""People at the provider: random edits of a simulated world, and what a pull must say of them,
worked out from the world's truth before and after."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from syncd.simulator import Simulator
from syncd.simulator.criteo.world import PERIODS, UNCAPPED, Campaign, SpendLimit, capped

Truth = Mapping[str, Mapping[str, Any]]

AMOUNTS = ("0.01", "7", "19.9", "120.50", "12.345", "99.999999", "5000", "99999999999999.99")
NAMES = (
    "Frühling",
    "夏",
    "a\tb",
    "e\u0301",
    "  padded  ",
    "'; --",
    "👩‍👩‍👧",
    "right\u202eleft",
    " ",
)
GOALS = ("Acquisition", "Retention", "Unspecified")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which advertisers an account has; none named is all."""

    advertisers: tuple[str, ...]

    def shows(self, campaign: Mapping[str, Any]) -> bool:
        is_ours = not self.advertisers or campaign["advertiser_id"] in self.advertisers
        return is_ours and not campaign["is_removed"]

    def of(self, simulator: Simulator) -> Truth:
        """Every campaign that the account sees now, by id."""
        truth = simulator.world.truth()
        return {one["id"]: one for one in truth if self.shows(one)}


def some_limit(random: Random) -> SpendLimit:
    """Any spend limit that people can set."""
    if random.random() < 0.2:
        return UNCAPPED
    return capped(random.choice(PERIODS), random.choice(AMOUNTS))


def people_edit(simulator: Simulator, random: Random) -> None:
    """A morning's work: names, goals, budgets, spend, campaigns that come, go and come back.

    At most a sixth of what an advertiser shows goes, so that it never looks like a fault.
    """
    world = simulator.world
    gone = [one.id for one in world.campaigns.values() if one.is_removed]
    world.restore(random.sample(gone, len(gone) // 2))
    for advertiser in world.advertisers:
        shown = [one for one in world.in_view() if one.advertiser_id == advertiser]
        world.remove(one.id for one in random.sample(shown, len(shown) // 6))
    shown = world.in_view()
    for campaign in random.sample(shown, len(shown) // 3):
        _edit(simulator, campaign, random)
    simulator.service.add_campaigns(random.randint(0, 3))
    if world.advertisers:
        campaign = Campaign(
            id=world.free_id(),
            name=random.choice(NAMES),
            advertiser_id=random.choice(list(world.advertisers)),
            goal=random.choice(GOALS),
            limit=some_limit(random),
        )
        world.add(campaign)


def _edit(simulator: Simulator, campaign: Campaign, random: Random) -> None:
    world = simulator.world
    match random.randrange(4):
        case 0:
            world.edit(campaign.id, name=random.choice(NAMES))
        case 1:
            world.edit(campaign.id, goal=random.choice(GOALS))
        case 2:
            world.edit(campaign.id, limit=some_limit(random))
        case _:
            world.spend(campaign.id, period=Decimal(random.randint(0, 900)))


def paths(campaign: Mapping[str, Any]) -> dict[str, str]:
    """A campaign of the truth by field path."""
    return dict(campaign["values"])


def changes(before: Truth, after: Truth) -> list[tuple[str, str, str, str]]:
    """(campaign, path, old, new) of whatever differs; `before` is what was known of each."""
    return sorted(
        (one, path, paths(before[one])[path], new)
        for one in before.keys() & after.keys()
        for path, new in paths(after[one]).items()
        if paths(before[one])[path] != new
    )


def without_nulls(values: Mapping[str, str | None]) -> dict[str, str]:
    """The values that there are."""
    return {path: value for path, value in values.items() if value is not None}


def folded(first: Mapping[str, str], history: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The values that a campaign's first version and its field changes add up to."""
    values = dict(first)
    for change in history:
        assert values.get(change["path"]) == change["old"], change
        values[change["path"]] = change["new"]
    return values
