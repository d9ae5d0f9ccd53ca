"""Fills the simulated PAI from a seed: the same seed and number always give the same campaigns. It
also points out campaigns that show one rule of the provider each."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from syncd.simulator.pai.world import Campaign, World

_FIRST_DAY = datetime(2022, 1, 12, tzinfo=UTC)
_ODD = (
    ("VIP客户", "双十一活动"),
    ("VIPcustomers", "Double 11 campaign"),
    ("Größe & Maß", "50 % <b>Rabatt</b>"),
    ("🎯 再次营销 🛒", "👩‍👩‍👧‍👦"),
    ("  padded  ", " "),
    ("tab\there, line\nbreak", "=1+1"),
    ("حملة الصيف", "right\u202eleft"),
    ("'; DROP TABLE campaigns; --", "{braces} %s $HOME"),
    ("e\u0301 and \u00e9", "zero\u200bwidth"),
    ("L" * 300, "M" * 1000),
)
_WHAT = ("VIP", "Renewal", "Welcome", "Win-back", "Sale", "Launch", "Survey", "Birthday")
_WHEN = ("Spring", "Summer", "Autumn", "Winter", "Double 11", "New Year", "618")
_NOTES = ("first wave", "second wave", "", "by message", "ask sales", "")


def new_id(random: Random) -> str:
    """The next UUID of a seed."""
    return str(UUID(int=random.getrandbits(128), version=4))


def populate(world: World, random: Random, count: int, *, newest_first: bool) -> None:
    """Add so many campaigns: the odd names first, then ordinary ones, every seventh of which has a
    twin of the same name and remark and every fifth of which something refers to."""
    for position in range(count):
        made = _made_up(random, position)
        if position < len(_ODD):
            made.name, made.note = _ODD[position]
        elif position % 7 == 0:
            before = world.campaigns[next(reversed(world.campaigns))]
            made.name, made.note = before.name, before.note
        made.references = 1 + position % 3 if position % 5 == 4 else 0
        world.add(made, first=newest_first)


def add_campaign(world: World, random: Random, *, first: bool) -> Campaign:
    """Add one ordinary campaign, made just now."""
    made = _made_up(random, len(world.campaigns))
    made.created = made.updated = world.clock.now()
    return world.add(made, first=first)


def picks(world: World) -> dict[str, Any]:
    """Campaigns that show one rule each: `ordinary` ones with a new name, `referenced`,
    `without_remark`, and `twins` of one name and remark."""
    seen: dict[tuple[str, str | None], str] = {}
    told: dict[str, list[Any]] = {
        "ordinary": [],
        "referenced": [],
        "without_remark": [],
        "twins": [],
    }
    for known in world.ids():
        campaign = world.campaigns[known]
        twin = seen.setdefault((campaign.name, campaign.note), known)
        if twin != known:
            told["twins"].append([twin, known])
        if campaign.references:
            told["referenced"].append(known)
        else:
            told["ordinary"].append(
                {"id": known, "path": "name", "value": f"{campaign.name[:40]} II"}
            )
        if campaign.note is None:
            told["without_remark"].append(known)
    return told


def _made_up(random: Random, position: int) -> Campaign:
    created = _FIRST_DAY + timedelta(hours=11 * position, seconds=random.randrange(36_000))
    return Campaign(
        id=new_id(random),
        name=f"{random.choice(_WHEN)} {random.choice(_WHAT)} {position + 1}",
        note=random.choice(_NOTES) or None,
        created=created,
        updated=created + timedelta(seconds=random.randrange(30_000)),
    )
