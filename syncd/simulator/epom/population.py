"""Fills a world of the simulated Epom from a seed: the same seed and numbers always give the same
campaigns. It also points out campaigns that show one answer of the provider each, with the value to
ask for."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

from syncd.simulator.epom import values
from syncd.simulator.epom.pricing import Action, Pricing
from syncd.simulator.epom.world import Campaign, World
from syncd.simulator.wire import plain

_ODD_NAMES = (
    "Größe & Maß",
    "夏のバナー",
    "баннер",
    "حملة",
    "🎯 Retarget",
    "<b>Bold</b> & <script>alert(1)</script>",
    '=HYPERLINK("http://localhost","open")',
    "'; DROP TABLE campaigns; --",
    "tab\there",
    "  padded  ",
    "Twin",
    "Twin",
    'quote " and, comma',
    "L" * 255,
)
_WHAT = ("Banner", "Video", "Native", "Pop", "Push", "Interstitial", "Skin", "Text")
_WHERE = ("Tier 1", "Tier 2", "Nordics", "LATAM", "MENA", "APAC", "Worldwide")
_WHEN = ("Spring", "Summer", "Autumn", "Winter", "Always on")
_COUNTRIES = ("US", "UK", "CA", "DE", "FR", "IT", "ES", "BR", "JP", "IN")
_VIEW_ONLY = 11


def populate(seed: int, campaigns: int, advertisers: int) -> World:
    """A world of so many campaigns of so many advertisers.

    With twelve campaigns or more one of them can be seen and not changed. Of every five, one has
    prices per country, one prices per action, one both, one no pricing, and one a price alone.
    """
    random = Random(seed)
    world = World()
    for position in range(advertisers):
        world.advertisers[str(101 + 3 * position)] = f"Advertiser {position + 1}"
    for _ in range(campaigns):
        add_campaign(world, random)
    return world


def add_campaign(world: World, random: Random) -> Campaign:
    """One more campaign of the sort that is next."""
    position = len(world.campaigns)
    owners = list(world.advertisers)
    highest = max(map(int, world.campaigns), default=16)
    campaign = Campaign(
        id=str(highest + random.randint(1, 9)),
        name=_name(position, random),
        advertiser_id=owners[position % len(owners)],
        actions=_actions(position, random),
        permission="view" if position == _VIEW_ONLY else "edit",
        is_active=random.random() < 0.8,
    )
    price = _SORTS[position % len(_SORTS)]
    if price is not None:
        price(world, campaign, random)
    return world.add(campaign)


def _name(position: int, random: Random) -> str:
    if position % 4 == 2 and position // 4 < len(_ODD_NAMES):
        return _ODD_NAMES[position // 4]
    words = (random.choice(_WHAT), random.choice(_WHERE), random.choice(_WHEN))
    return f"{' '.join(words)} {position + 1}"


def _actions(position: int, random: Random) -> list[Action]:
    names = ("install", "Sign up") if position % 2 else ("install",)
    return [
        Action(id=10 * position + turn, key=f"{random.getrandbits(32):08x}", name=name)
        for turn, name in enumerate(names, 1)
    ]


def _price(random: Random) -> Decimal:
    """With cents, with a single decimal, or with the four places of a small price."""
    if random.random() < 0.2:
        return Decimal(random.randint(5, 900)).scaleb(-4)
    return Decimal(random.randint(20, 950)).scaleb(-2)


def _pricing(world: World, campaign: Campaign, random: Random, kind: str) -> Pricing:
    pricing = world.next_pricing(_price(random))
    pricing.type = kind
    campaign.pricing = pricing
    return pricing


def _set_countries(pricing: Pricing, random: Random) -> None:
    chosen = random.sample(_COUNTRIES, random.randint(1, 4))
    pricing.countries = {country: _price(random) for country in chosen}


def _by_country(world: World, campaign: Campaign, random: Random) -> None:
    _set_countries(_pricing(world, campaign, random, "CPM"), random)


def _by_action(world: World, campaign: Campaign, random: Random) -> None:
    pricing = _pricing(world, campaign, random, "CPC")
    pricing.actions = {campaign.actions[0].key: _price(random)}


def _by_both(world: World, campaign: Campaign, random: Random) -> None:
    pricing = _pricing(world, campaign, random, "CPA")
    _set_countries(pricing, random)
    pricing.actions = {action.key: _price(random) for action in campaign.actions}


def _plain(world: World, campaign: Campaign, random: Random) -> None:
    pricing = _pricing(world, campaign, random, "CPM")
    pricing.figures = {
        "price.estimated_ctr": Decimal(random.randint(1, 900)).scaleb(-4),
        "price.estimated_conversion_rate": Decimal(random.randint(0, 900)).scaleb(-4),
        "price.burn_up_period": Decimal(random.randint(0, 30)),
        "price.start_up_period": Decimal(random.randint(0, 30)),
        "price.min_conversions": Decimal(random.randint(0, 500)),
        "price.min_clicks": Decimal(random.randint(0, 5_000_000_000)),
    }


_SORTS: tuple[Callable[[World, Campaign, Random], None] | None, ...] = (
    _by_country,
    _by_action,
    _by_both,
    None,
    _plain,
)


def picks(world: World) -> dict[str, Any]:
    """Campaigns that show one documented answer each; a case that the world lacks is absent.

    Every pick names the campaign, the path, its value and the amount to ask for, and the `code` to
    expect (None: plain success). `ordinary` is a list of campaigns whose price is accepted at once;
    `unpriced` needs a type beside its amount.
    """
    found: dict[str, Any] = {}
    ordinary: list[dict[str, Any]] = []
    for campaign in world.in_view():
        for case, path, code in _cases(campaign):
            pick = _pick(campaign, path, code)
            if case == "ordinary":
                ordinary.append(pick)
            elif case not in found:
                found[case] = pick
                break
    taken = {pick["id"] for pick in found.values()}
    found["ordinary"] = [pick for pick in ordinary if pick["id"] not in taken][:20]
    return found


def _cases(campaign: Campaign) -> Iterator[tuple[str, str, str | None]]:
    if campaign.permission != "edit":
        yield "forbidden", values.AMOUNT, "permission_denied"
        return
    pricing = campaign.pricing
    if pricing is None:
        yield "unpriced", values.AMOUNT, None
        return
    if pricing.countries:
        yield "country", values.country_path(next(iter(pricing.countries))), None
    if pricing.actions:
        yield "action", values.action_path(next(iter(pricing.actions))), None
    yield "ordinary", values.AMOUNT, None


def _pick(campaign: Campaign, path: str, code: str | None) -> dict[str, Any]:
    current = values.value_at(campaign, path)
    amount = Decimal("1.25" if current is None else current) * Decimal("1.1")
    return {
        "id": campaign.id,
        "name": campaign.name,
        "advertiser_id": campaign.advertiser_id,
        "path": path,
        "current": current,
        "amount": plain(amount.quantize(Decimal("0.0001"))),
        "code": code,
    }
