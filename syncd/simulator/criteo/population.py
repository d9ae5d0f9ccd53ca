"""Fills a world from a seed: the same seed and numbers always give the same advertisers and
campaigns. It also points out campaigns that show one rule of the provider each, with an amount that
shows it."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

from syncd.simulator.criteo.world import UNCAPPED, Advertiser, Campaign, SpendLimit, World
from syncd.simulator.wire import plain

_ODD_NAMES = (
    " ",
    "Frühjahr: Größe & Maß",
    "夏のセール 2026",
    "Летняя распродажа",
    "حملة الصيف",
    "קמפיין קיץ",
    "🎯 Retarget 🛒✨",
    "👩‍👩‍👧‍👦 Family",
    "<b>Bold</b> & <script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    '=HYPERLINK("http://localhost","open")',
    "+1+1",
    "-2+3",
    "@SUM(A1:A9)",
    "'; DROP TABLE campaigns; --",
    "tab\there, line\nbreak",
    "  padded  ",
    "Twin",
    "Twin",
    "e\u0301 and \u00e9",
    "right\u202eleft",
    "zero\u200bwidth",
    "100 % [bold]markup[/bold] {braces} %s $HOME",
    "L" * 500,
)
_WHAT = ("Brand", "Sale", "Clearance", "Launch", "Retargeting", "Prospecting", "Loyalty", "App")
_WHERE = ("DE", "FR", "IT", "ES", "US", "UK", "JP", "BR", "Nordics", "Benelux")
_WHEN = ("Spring", "Summer", "Autumn", "Winter", "Q1", "Q2", "Q3", "Q4", "Always on")
_GOALS = ("Acquisition", "Retention", "Acquisition", "Retention", "Unspecified")

_PREFIX = "campaign--campaign-update-check--"


def populate(seed: int, campaigns: int, advertisers: int) -> World:
    """A world of so many campaigns of so many advertisers.

    The last of several advertisers lacks the feature. With five campaigns or more per advertiser,
    each has one of every sort: daily with spend, monthly, lifetime with spend, uncapped, and daily
    with little spend (under a tight hidden maximum for the first advertiser and every other one).
    """
    random = Random(seed)
    world = World()
    for position in range(advertisers):
        advertiser_id = "12345" if position == 0 else str(20_000 + 37 * position)
        lacks = 0 < position == advertisers - 1
        name = f"Advertiser {position + 1}"
        world.advertisers[advertiser_id] = Advertiser(
            id=advertiser_id, name=name, has_feature=not lacks
        )
    for _ in range(campaigns):
        add_campaign(world, random)
    return world


def add_campaign(world: World, random: Random) -> Campaign:
    """One more campaign of the sort that is next for its advertiser."""
    position = len(world.campaigns)
    owners = list(world.advertisers)
    turn, place = divmod(position, len(owners))
    owner = owners[place] if turn < len(_SORTS) else random.choice(owners)
    campaign = Campaign(
        id=_next_id(world, random),
        name=_name(position, random),
        advertiser_id=owner,
        goal=random.choice(_GOALS),
        limit=UNCAPPED,
    )
    _sort_of(turn, place, random)(campaign, random)
    if position % 7 == 3:
        campaign.automation = "conversions"
    if position % 11 == 5:
        campaign.scheduled = [("2031-01-01", SpendLimit("monthly", Decimal("999.5")))]
    return world.add(campaign)


def _sort_of(turn: int, place: int, random: Random) -> Callable[[Campaign, Random], None]:
    """The first campaigns of an advertiser take the sorts in turn, every other starts with
    `_quiet`."""
    if turn >= len(_SORTS):
        return random.choices(_SORTS, _WEIGHTS)[0]
    return _quiet if turn == _SORTS.index(_tight) and place % 2 else _SORTS[turn]


def _next_id(world: World, random: Random) -> str:
    """Growing ids with gaps; from the tenth on they no longer fit 32 bits."""
    highest = max(world.highest_id, 100_000)
    if len(world.campaigns) == 10:
        highest = max(highest, 4_294_967_296)
    return str(highest + random.randint(1, 97))


def _name(position: int, random: Random) -> str:
    if position % 4 == 2 and position // 4 < len(_ODD_NAMES):
        return _ODD_NAMES[position // 4]
    words = (random.choice(_WHAT), random.choice(_WHERE), random.choice(_WHEN))
    return f"{' '.join(words)} {position + 1}"


def _amount(random: Random, low: int, high: int) -> Decimal:
    """Whole, with cents, or with a single decimal."""
    amount = Decimal(random.randint(low * 100, high * 100)).scaleb(-2)
    return amount.quantize(Decimal(random.choice(("1", "0.1", "0.01", "0.01"))))


def _daily(campaign: Campaign, random: Random) -> None:
    amount = _amount(random, 20, 500)
    campaign.limit = SpendLimit("daily", amount)
    _spend(campaign, _share(amount, random.uniform(0.4, 0.7)), random.randint(5, 60))


def _monthly(campaign: Campaign, random: Random) -> None:
    amount = _amount(random, 500, 9_000)
    campaign.limit = SpendLimit("monthly", amount)
    _spend(campaign, _share(amount, random.uniform(0.0, 0.2)), random.randint(1, 12))


def _lifetime(campaign: Campaign, random: Random) -> None:
    amount = _amount(random, 1_000, 50_000)
    campaign.limit = SpendLimit("lifetime", amount)
    _spend(campaign, _share(amount, random.uniform(0.6, 0.9)), 1)


def _uncapped(campaign: Campaign, random: Random) -> None:
    campaign.limit = UNCAPPED
    _spend(campaign, _amount(random, 1, 900), random.randint(1, 40))


def _tight(campaign: Campaign, random: Random) -> None:
    """Daily with little spent today, and a maximum that nobody can read."""
    amount = _amount(random, 20, 500)
    campaign.limit = SpendLimit("daily", amount)
    campaign.maximum = _share(amount, 1.5)
    _spend(campaign, _share(amount, random.uniform(0.0, 0.1)), random.randint(5, 60))


def _quiet(campaign: Campaign, random: Random) -> None:
    """Daily with little spent today and no maximum: any sensible amount is accepted."""
    _tight(campaign, random)
    campaign.maximum = None


_SORTS: tuple[Callable[[Campaign, Random], None], ...] = (
    _daily,
    _monthly,
    _lifetime,
    _uncapped,
    _tight,
    _quiet,
)
_WEIGHTS = (15, 25, 10, 10, 5, 35)


def _spend(campaign: Campaign, period: Decimal, periods: int) -> None:
    campaign.spent_period = period
    campaign.spent_lifetime = period * periods


def _share(amount: Decimal, share: float) -> Decimal:
    return (amount * Decimal(str(round(share, 3)))).quantize(Decimal("0.01"))


def picks(world: World) -> dict[str, Any]:
    """Campaigns that show one documented answer each; a case that the world lacks is absent.

    Every pick names the campaign, the path and amount to ask for, and the `code` to expect (None:
    plain success). `ordinary` is a list of daily and monthly campaigns that accept their amount at
    once.
    """
    found: dict[str, Any] = {}
    ordinary: list[dict[str, Any]] = []
    for campaign in world.in_view():
        for case, amount, code in _cases(world, campaign):
            pick = _pick(campaign, amount, code)
            if case == "ordinary":
                ordinary.append(pick)
            elif case not in found:
                found[case] = pick
                break
    taken = {pick["id"] for pick in found.values()}
    found["ordinary"] = [pick for pick in ordinary if pick["id"] not in taken][:20]
    return found


def _cases(world: World, campaign: Campaign) -> Iterator[tuple[str, Decimal, str | None]]:
    amount = campaign.limit.amount
    if not world.advertisers[campaign.advertiser_id].has_feature:
        if amount is not None and campaign.limit.renewal == "monthly":
            yield (
                "unavailable_feature",
                _share(amount, 1.2),
                "unavailable-feature-for-this-advertiser",
            )
    elif amount is None:
        yield "uncapped", Decimal("75.00"), "spend-limit-does-not-exist"
    elif campaign.limit.renewal == "lifetime":
        yield (
            "lifetime_spent",
            _share(campaign.spent_lifetime, 0.9),
            "cannot-decrease-lifetime-spend-limit-below-what-is-already-spent",
        )
    elif campaign.maximum is not None:
        yield "hidden_rule", _share(campaign.maximum, 1.1), "validation-failed-on-spend-limit"
    elif campaign.spent_period > amount * Decimal("0.3"):
        yield (
            "daily_spent",
            _share(campaign.spent_period, 0.9),
            "new-spend-limit-amount-will-take-place-at-the-next-period-start",
        )
    else:
        yield "ordinary", _share(amount, 1.1), None


def _pick(campaign: Campaign, amount: Decimal, code: str | None) -> dict[str, Any]:
    period = campaign.limit.renewal if campaign.limit.is_capped else "daily"
    return {
        "id": campaign.id,
        "name": campaign.name,
        "advertiser_id": campaign.advertiser_id,
        "path": f"budget.{period}",
        "current": campaign.limit.values()[period],
        "amount": plain(amount),
        "code": None if code is None else _PREFIX + code,
    }
