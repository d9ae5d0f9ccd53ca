"""The calls of the simulated VoIPBIN: list, get, create, delete and the updates. A call judges its
request against the world and applies it; who may call at all was asked before."""

import re
from collections.abc import Mapping
from random import Random
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.journal import Item
from syncd.simulator.voipbin.answers import Answers, Refusal
from syncd.simulator.voipbin.bodies import check_stored, fields_asked
from syncd.simulator.voipbin.routes import WRITES, Route, route_of
from syncd.simulator.voipbin.times import instant
from syncd.simulator.voipbin.values import NIL, is_uuid, values_of
from syncd.simulator.voipbin.world import Campaign, Change, World

_MOST_ROWS = 100
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DELETED = {"deleted": "true"}


class Calls:
    """The calls over one world in one dialect."""

    def __init__(self, dialect: str, world: World, answers: Answers, random: Random) -> None:
        self.dialect = dialect
        self.world = world
        self.withheld: dict[int, Change] = {}
        """By arrival: what a fault keeps from being applied although it was accepted."""
        self._answers = answers
        self._random = random

    def items(self, exchange: Exchange) -> list[Item]:
        """The one entry of a write, before it is judged; nothing for a body that cannot be read."""
        route = self._route(exchange)
        if route.operation not in WRITES:
            return []
        kind = route.operation if route.operation in {"create", "delete"} else "update"
        item = Item(index=0, id=route.campaign_id.lower(), kind=kind)
        try:
            item.new = dict(_DELETED) if kind == "delete" else values_of(self._asked(exchange))
        except Refusal:
            return [item]
        self._note_old(item)
        return [item]

    def judge(self, exchange: Exchange) -> Reply:
        """The answer to a call; raises Refusal where it is refused."""
        route = self._route(exchange)
        match route.operation:
            case "list":
                return self._list(exchange)
            case "get":
                return self._answers.one(self._campaign(route))
            case "create":
                return self._create(exchange)
            case "delete":
                return self._delete(exchange, route)
        return self._update(exchange, route)

    def _route(self, exchange: Exchange) -> Route:
        return route_of(self.dialect, exchange.arrival.method, exchange.target)

    def _asked(self, exchange: Exchange) -> dict[str, Any]:
        return fields_asked(self.dialect, exchange.arrival.operation, exchange.body)

    def _list(self, exchange: Exchange) -> Reply:
        query = parse_qs(exchange.target.partition("?")[2], keep_blank_values=True)
        size = _size_of(query)
        before = _before(query, self.world.clock.now())
        rows = [one for one in self.world.listed() if one.tm_create < before]
        return self._answers.page(rows[:size])

    def _create(self, exchange: Exchange) -> Reply:
        asked = self._readable(exchange)
        self._check_references(asked, None)
        made = Campaign(
            id=str(UUID(int=self._random.getrandbits(128), version=4)),
            customer_id=self.world.customer_id,
            tm_create=self.world.clock.now(),
            **asked,
        )
        return self._answers.created(self._write(exchange, Change(campaign_id=made.id, made=made)))

    def _update(self, exchange: Exchange, route: Route) -> Reply:
        campaign = self._campaign(route)
        asked = self._readable(exchange)
        if route.operation in {"update", "resource_info"}:
            self._check_references(asked, campaign)
        change = Change(campaign_id=campaign.id, fields=asked)
        return self._answers.one(self._write(exchange, change))

    def _delete(self, exchange: Exchange, route: Route) -> Reply:
        """A campaign that is not in `stop` stays, and the answer is a campaign of zeros."""
        campaign = self._campaign(route)
        if campaign.status != "stop":
            for item in exchange.arrival.items:
                item.truth, item.codes = "refused", ["NOT_IN_STOP"]
            return self._answers.nothing()
        change = Change(campaign_id=campaign.id, deletes=True)
        return self._answers.one(self._write(exchange, change))

    def _campaign(self, route: Route) -> Campaign:
        """The campaign of a path, a deleted one too; raises Refusal for one that this caller may
        not see."""
        if not is_uuid(route.campaign_id) or route.campaign_id == NIL:
            raise Refusal("INVALID_ID")
        campaign = self.world.campaigns.get(route.campaign_id.lower())
        if campaign is None or campaign.is_hidden:
            raise Refusal("CAMPAIGN_NOT_FOUND")
        if campaign.customer_id != self.world.customer_id or campaign.id in self.world.denied:
            raise Refusal("PERMISSION_DENIED")
        return campaign

    def _readable(self, exchange: Exchange) -> dict[str, Any]:
        sent = exchange.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if sent != "application/json":
            raise Refusal("INVALID_JSON_BODY")
        asked = self._asked(exchange)
        check_stored(asked)
        return asked

    def _check_references(self, asked: Mapping[str, Any], campaign: Campaign | None) -> None:
        """Whatever is referred to exists and is this customer's. Only the dialect `current` also
        refuses an outdial of another campaign: the document's own examples share one."""
        for name, known in self.world.resources.items():
            wanted = asked.get(name, NIL)
            found = known.get(wanted)
            if wanted == NIL:
                continue
            if found is None or found.is_deleted or found.customer_id != self.world.customer_id:
                raise Refusal("INVALID_ARGUMENT")
        self._check_next(asked.get("next_campaign_id", NIL))
        outdial = asked.get("outdial_id", NIL)
        if self.dialect == "current" and outdial != NIL:
            tied = [one for one in self.world.own() if one.outdial_id == outdial]
            if any(one is not campaign and not one.is_removed for one in tied):
                raise Refusal("INVALID_ARGUMENT")

    def _check_next(self, campaign_id: str) -> None:
        following = self.world.campaigns.get(campaign_id)
        if campaign_id == NIL:
            return
        is_ours = following is not None and following.customer_id == self.world.customer_id
        if following is None or not is_ours or following.is_removed:
            raise Refusal("INVALID_ARGUMENT")

    def _write(self, exchange: Exchange, change: Change) -> Campaign:
        """Apply a change, unless a fault keeps it back; returns the campaign to be shown."""
        seq = exchange.arrival.seq
        for item in exchange.arrival.items:
            item.id = change.campaign_id
            self._note_old(item)
        if 0 in exchange.unapplied:
            self.withheld[seq] = change
            return self.world.preview(change)
        if change.made is not None:
            exchange.arrival.ids = [change.campaign_id]
        for item in exchange.arrival.items:
            item.truth = "applied"
        return self.world.apply(change, seq)

    def _note_old(self, item: Item) -> None:
        campaign = self.world.campaigns.get(item.id)
        if campaign is None:
            return
        values = values_of(vars(campaign))
        values["deleted"] = "false" if campaign.tm_delete is None else "true"
        item.old = {path: values[path] for path in item.new}


def _size_of(query: Mapping[str, list[str]]) -> int:
    """How many rows a page has: more than a hundred or fewer than one are a hundred."""
    sizes = query.get("page_size", [str(_MOST_ROWS)])
    if len(sizes) > 1 or _INTEGER.fullmatch(sizes[0]) is None:
        raise Refusal("INVALID_REQUEST_PARAMETER")
    size = int(sizes[0])
    return size if 1 <= size <= _MOST_ROWS else _MOST_ROWS


def _before(query: Mapping[str, list[str]], now: int) -> int:
    """The time that all rows of a page lie before."""
    tokens = query.get("page_token", [""])
    if len(tokens) > 1:
        raise Refusal("INVALID_REQUEST_PARAMETER")
    if not tokens[0]:
        return now
    try:
        return instant(tokens[0])
    except ValueError as error:
        raise Refusal("INVALID_ARGUMENT") from error
