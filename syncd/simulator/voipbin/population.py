"""Fills a world from a seed: the same seed and number always give the same campaigns. It also
points out campaigns that show one behaviour of the provider each."""

from itertools import groupby
from random import Random
from typing import Any
from uuid import UUID

from syncd.simulator.voipbin.times import SECOND_US, instant
from syncd.simulator.voipbin.values import NIL
from syncd.simulator.voipbin.world import Campaign, Resource, World

CUSTOMER = "7a1b2c3d-4e5f-4789-abcd-ef0123456789"
_STRANGER = "5e8f0c11-90ab-4cde-8f01-23456789abcd"
_NEWEST = instant("2026-03-01T09:30:00.123456Z")
_DAY_US = 24 * 3600 * SECOND_US
_SAME_MICROSECOND = ((2, 3), (99, 3), (-3, 2))
"""Where in the list, counted from its top or end, how many rows share a microsecond: near the top,
across the end of a full page, and near the end."""
_FIRST_DELETED = 7
_ODD_NAMES = (
    " ",
    "Rückrufe: Größe & Maß",
    "夏の電話 2026",
    "Летняя рассылка",
    "حملة الصيف",
    "🎯 Callback ☎️",
    "<b>Bold</b> & <script>alert(1)</script>",
    '=HYPERLINK("http://localhost","open")',
    "@SUM(A1:A9)",
    "'; DROP TABLE campaigns; --",
    "tab\there, line\nbreak",
    "  padded  ",
    "Twin",
    "Twin",
    "e\u0301 and \u00e9",
    "right\u202eleft",
    "100 % [bold]markup[/bold] {braces} %s $HOME",
    "L" * 255,
)
_WHAT = ("Survey", "Renewal", "Callback", "Reminder", "Welcome", "Win-back", "Appointment")
_WHERE = ("DE", "FR", "IT", "ES", "US", "UK", "KR", "BR", "Nordics", "Benelux")
_TEXTS = (
    "Hello. This is a call about your appointment.",
    "Hello. Please wait until an agent answers the call. Thank you.",
)


def populate(seed: int, campaigns: int) -> World:
    """A world of so many campaigns in view; about every twentieth beside them is deleted and still
    listed, and another customer has two."""
    random = Random(seed)
    world = World(customer_id=CUSTOMER)
    _add_resources(world, random)
    rows = campaigns + max(-(-(campaigns - _FIRST_DELETED) // 19), 0)
    for position, moment in enumerate(_moments(rows, random)):
        campaign = _made(world, random, position, CUSTOMER)
        campaign.tm_create = moment
        _give_past(campaign, position, random)
    for position in range(2):
        stranger = _made(world, random, position, _STRANGER)
        stranger.tm_create = _NEWEST - position * _DAY_US
    _chain(world)
    return world


def add_campaign(world: World, random: Random) -> Campaign:
    """One more campaign, newer than all others."""
    campaign = _made(world, random, len(world.campaigns), world.customer_id)
    campaign.tm_create = world.clock.now()
    return campaign


def picks(world: World) -> dict[str, Any]:
    """Campaigns that show one documented behaviour each; a case that the world lacks is absent.

    `ordinary` is a list of stopped and complete campaigns with a path and a value that they accept;
    `same_microsecond` has groups of campaigns of one tm_create with their positions in the list,
    counted from 0; `free` has what a new campaign may refer to, and what it may not.
    """
    found: dict[str, Any] = {}
    ordinary: list[dict[str, Any]] = []
    for campaign in world.listed():
        for case in _cases(campaign):
            if case == "ordinary":
                ordinary.append({"id": campaign.id, "path": "note", "value": "Changed."})
            else:
                found.setdefault(case, {"id": campaign.id})
    strangers = [one.id for one in world.campaigns.values() if one.customer_id == _STRANGER]
    found["other_customer"] = {"id": strangers[0]}
    found["unknown"] = {"id": "00000000-0000-4000-8000-00000000dead"}
    found["same_microsecond"] = _groups(world)
    found["free"] = _free(world)
    return found | {"ordinary": ordinary[:20]}


def _cases(campaign: Campaign) -> list[str]:
    if campaign.tm_delete is not None:
        return ["deleted"]
    is_complete = NIL not in {campaign.outplan_id, campaign.outdial_id, campaign.queue_id}
    told = {
        "running": campaign.status == "run" and not campaign.live_calls,
        "running_with_calls": campaign.status == "run" and campaign.live_calls,
        "stopping": campaign.status == "stopping",
        "without_outplan": campaign.outplan_id == NIL,
        "without_actions": campaign.actions is None,
        "flow": campaign.type == "flow",
        "with_next": campaign.next_campaign_id != NIL,
        "ordinary": campaign.status == "stop" and is_complete and campaign.actions,
    }
    return [case for case, is_so in told.items() if is_so]


def _groups(world: World) -> list[dict[str, Any]]:
    rows = enumerate(world.listed())
    groups = [list(rows) for _, rows in groupby(rows, key=lambda row: row[1].tm_create)]
    return [
        {"ids": [row.id for _, row in group], "positions": [position for position, _ in group]}
        for group in groups
        if len(group) > 1
    ]


def _free(world: World) -> dict[str, Any]:
    """Of each sort of reference one that may be used; `deleted` and `other_customer` are refused
    outplans, `taken_outdial` is another campaign's."""
    used = {one.outdial_id for one in world.own()}
    told: dict[str, Any] = {}
    for name, known in world.resources.items():
        usable = [
            one.id
            for one in known.values()
            if one.customer_id == CUSTOMER and not one.is_deleted and one.id not in used
        ]
        told[name] = usable[0]
    outplans = world.resources["outplan_id"].values()
    told["deleted"] = next(one.id for one in outplans if one.is_deleted)
    told["other_customer"] = next(one.id for one in outplans if one.customer_id == _STRANGER)
    told["taken_outdial"] = next((one for one in sorted(used) if one != NIL), NIL)
    return told


def _add_resources(world: World, random: Random) -> None:
    """A few outplans and queues that campaigns share; outdials come with the campaigns."""
    for name, count in (("outplan_id", 5), ("queue_id", 4), ("outdial_id", 3)):
        made = [Resource(id=_uuid(random), customer_id=CUSTOMER) for _ in range(count)]
        made.append(Resource(id=_uuid(random), customer_id=CUSTOMER, is_deleted=True))
        made.append(Resource(id=_uuid(random), customer_id=_STRANGER))
        world.resources[name] = {one.id: one for one in made}


def _made(world: World, random: Random, position: int, owner: str) -> Campaign:
    outdial = Resource(id=_uuid(random), customer_id=owner)
    world.resources["outdial_id"][outdial.id] = outdial
    campaign = Campaign(
        id=_uuid(random),
        customer_id=owner,
        type="flow" if position % 9 == 4 else "call",
        name=_name(position, random),
        detail=random.choice(("", "Quarterly outreach.", "Calls on weekdays only.")),
        service_level=random.choice((0, 50, 80, 90, 100)),
        end_handle=random.choice(("stop", "stop", "continue")),
        actions=None if position % 11 == 5 else [_talk(random)],
        outplan_id=NIL if position % 10 == 6 else _usable(world, "outplan_id", random),
        outdial_id=outdial.id,
        queue_id=_usable(world, "queue_id", random),
    )
    world.campaigns[campaign.id] = campaign
    return campaign


def _moments(rows: int, random: Random) -> list[int]:
    """When the campaigns were made, newest first."""
    moments = [_NEWEST]
    while len(moments) < rows:
        moments.append(moments[-1] - random.randrange(1, _DAY_US))
    for first, count in _SAME_MICROSECOND:
        if rows >= abs(first) + 6:
            start = first % rows
            moments[start : start + count] = [moments[start]] * count
    return moments[:rows]


def _give_past(campaign: Campaign, position: int, random: Random) -> None:
    """What happened since it was made: changes, a start, a stop that waits for calls to end, a
    deletion."""
    if position % 3:
        campaign.tm_update = campaign.tm_create + random.randrange(1, _DAY_US)
    if position % 20 == _FIRST_DELETED:
        campaign.tm_update = campaign.tm_delete = campaign.tm_create + 2 * _DAY_US
    elif position % 12 in {1, 3}:
        campaign.status = "run"
        campaign.live_calls = 3 * (position % 12 == 3)
    elif position % 24 == 10:
        campaign.status, campaign.live_calls = "stopping", 2


def _chain(world: World) -> None:
    """Some campaigns are followed by the one that is listed after them."""
    in_view = [one for one in world.listed() if one.tm_delete is None]
    for campaign, following in zip(in_view[8::13], in_view[9::13], strict=False):
        campaign.next_campaign_id = following.id


def _talk(random: Random) -> dict[str, Any]:
    option = {"text": random.choice(_TEXTS), "language": random.choice(("en-US", "de-DE"))}
    return {"id": NIL, "next_id": NIL, "type": "talk", "option": option}


def _usable(world: World, name: str, random: Random) -> str:
    """One of the customer's own that all campaigns share."""
    known = world.resources[name].values()
    return random.choice(
        [one.id for one in known if one.customer_id == CUSTOMER and not one.is_deleted]
    )


def _name(position: int, random: Random) -> str:
    if position % 4 == 2 and position // 4 < len(_ODD_NAMES):
        return _ODD_NAMES[position // 4]
    words = (random.choice(_WHAT), random.choice(_WHERE), random.choice(_WHAT).lower())
    return f"{' '.join(words)} {position + 1}"


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))
