"""Fills a seller's world from a seed: the same seed and number always give the same campaigns. It
also points out campaigns that show one rule of the platform each, with a value that shows it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from syncd.simulator.icas.micros import amount_of
from syncd.simulator.icas.world import Campaign, World

_ODD_TITLES = (
    " ",
    "Frühjahr: Größe & Maß",
    "夏のセール 2026",
    "🎯 Retarget 🛒✨",
    "<b>Bold</b> & <script>alert(1)</script>",
    '=HYPERLINK("http://localhost","open")',
    "-2+3",
    "'; DROP TABLE campaigns; --",
    "tab\there, line\nbreak",
    "  padded  ",
    "Twin",
    "Twin",
    "e\u0301 and \u00e9",
    "right\u202eleft",
    "L" * 64,
)
_WHAT = ("Fahrräder", "Möbel", "Auto's", "Tuin", "Vêtements", "Phones", "Toys", "Books")
_WHEN = ("Spring", "Summer", "Autumn", "Winter", "Always on")
_FIRST_DAY = datetime(2023, 1, 1, 8, tzinfo=UTC)
_CENT = 10_000


def add_campaign(world: World, random: Random) -> Campaign:
    """One more campaign, of the sort that is next."""
    position = len(world.campaigns)
    created = _FIRST_DAY + timedelta(seconds=random.randint(0, 86_400 * 700))
    campaign = Campaign(
        id=_next_id(world, random),
        title=_title(position, random),
        vendor_id=f"Shop-{position + 1:04d}-{random.randint(100, 999)}",
        daily=random.randint(500, 50_000) * _CENT,
        created=created,
        updated=created + timedelta(seconds=random.randint(60, 86_400 * 90)),
    )
    return world.add(_SORTS[position % len(_SORTS)](campaign, random))


def _next_id(world: World, random: Random) -> str:
    """Growing ids with gaps; from the tenth on they no longer fit 32 bits."""
    highest = max(world.highest_id, 100_000)
    if len(world.campaigns) == 10:
        highest = max(highest, 4_294_967_296)
    return str(highest + random.randint(1, 97))


def _title(position: int, random: Random) -> str:
    if position % 3 == 2 and position // 3 < len(_ODD_TITLES):
        return _ODD_TITLES[position // 3]
    return f"{random.choice(_WHAT)} {random.choice(_WHEN)} {position + 1}"


def _quiet(campaign: Campaign, random: Random) -> Campaign:
    """Active, with little spent: any sensible daily limit is accepted."""
    spent = (campaign.daily or 0) * random.randint(0, 20) // 100
    return replace(campaign, spent_daily=spent, spent_total=spent * random.randint(1, 60))


def _paused(campaign: Campaign, random: Random) -> Campaign:
    return replace(campaign, is_active=False, spent_total=random.randint(0, 900) * _CENT)


def _capped(campaign: Campaign, random: Random) -> Campaign:
    """With a total of which a good part is spent."""
    total = random.randint(100_000, 2_000_000) * _CENT
    return replace(campaign, total=total, spent_total=total * random.randint(40, 80) // 100)


def _day_reached(campaign: Campaign, random: Random) -> Campaign:
    daily = campaign.daily or 0
    return replace(campaign, spent_daily=daily, spent_total=daily * random.randint(1, 60))


def _reached(campaign: Campaign, random: Random) -> Campaign:
    total = random.randint(1_000, 20_000) * _CENT
    return replace(campaign, total=total, spent_total=total)


def _bare(campaign: Campaign, _: Random) -> Campaign:
    """Made by the platform: neither title nor vendorId."""
    return replace(campaign, title=None, vendor_id=None)


def _fine(campaign: Campaign, random: Random) -> Campaign:
    """A limit finer than a cent."""
    return replace(campaign, daily=(campaign.daily or 0) + random.randint(1, 9_999))


_SORTS: tuple[Callable[[Campaign, Random], Campaign], ...] = (
    _quiet,
    _paused,
    _capped,
    _day_reached,
    _quiet,
    _bare,
    _reached,
    _fine,
)


def picks(world: World) -> dict[str, Any]:
    """Campaigns that show one documented answer each; a case that the world lacks is absent.

    Every pick names the campaign, the path and value to ask for, and the `code` to expect (None:
    plain success). `ordinary` is a list of campaigns that accept their daily limit at once.
    """
    found: dict[str, Any] = {}
    ordinary: list[dict[str, Any]] = []
    for campaign in world.in_view():
        for case, path, value, code in _cases(world, campaign):
            pick = _pick(campaign, path, value, code)
            if case == "ordinary":
                ordinary.append(pick)
            elif case not in found:
                found[case] = pick
                break
    taken = {pick["id"] for pick in found.values()}
    found["ordinary"] = [pick for pick in ordinary if pick["id"] not in taken][:20]
    return found


def _cases(world: World, campaign: Campaign) -> Iterator[tuple[str, str, str, str | None]]:
    daily = campaign.daily or _CENT
    taken = [one.vendor_id for one in world.in_view() if one.vendor_id and one.id != campaign.id]
    if campaign.status == "DAILY_BUDGET_REACHED":
        yield "daily_reached", "budget.daily", amount_of(daily * 2), None
    elif campaign.status == "BUDGET_REACHED":
        yield "total_reached", "budget.lifetime", amount_of((campaign.total or 0) * 2), None
    elif campaign.vendor_id is None:
        if taken:
            yield "vendor_taken", "native.vendorId", taken[0].upper(), "2025"
    elif campaign.total is not None:
        yield "total_spent", "budget.lifetime", amount_of(campaign.spent_total // 2), "2002"
    elif campaign.is_active:
        yield "pause", "status", "paused", None
        yield "vendor_set", "native.vendorId", "another", "2024"
        yield "ordinary", "budget.daily", amount_of(daily * 11 // 10), None
    else:
        yield "activate", "status", "active", None


def _pick(campaign: Campaign, path: str, value: str, code: str | None) -> dict[str, Any]:
    return {
        "id": campaign.id,
        "name": campaign.title,
        "path": path,
        "current": campaign.values()[path],
        "amount": value,
        "code": code,
    }
