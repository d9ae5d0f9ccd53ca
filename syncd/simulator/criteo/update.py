"""One PATCH of many campaigns at the simulated Criteo: each entry is judged and applied by itself,
and the journal learns the truth of each."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from syncd.simulator.criteo.dialect import Dialect
from syncd.simulator.criteo.rules import (
    NEXT_PERIOD,
    REPEATED,
    Judgement,
    UnreadableEntry,
    bare,
    check_shape,
    judge,
)
from syncd.simulator.criteo.world import Campaign, World
from syncd.simulator.exchange import Exchange
from syncd.simulator.journal import Item
from syncd.simulator.wire import MalformedJson, parse


@dataclass
class Update:
    """The entries of one call, and their judgements once it was carried out."""

    entries: list[dict[str, Any]]
    dialect: Dialect
    judgements: list[Judgement] = field(default_factory=list)

    @classmethod
    def read(cls, body: Any, dialect: Dialect) -> "Update":
        """The entries of a parsed body, amounts bare; raises UnreadableEntry."""
        entries = body.get("data") if isinstance(body, dict) else None
        if not isinstance(entries, list):
            raise UnreadableEntry("data must be an array")
        for entry in entries:
            check_shape(entry, dialect)
        return cls([bare(entry, dialect) for entry in entries], dialect)

    @classmethod
    def items(cls, body: bytes, dialect: Dialect, world: World) -> list[Item]:
        """What a body carries, for the journal; nothing where it cannot be read."""
        try:
            update = cls.read(parse(body), dialect)
        except (MalformedJson, UnreadableEntry):
            return []
        items = [Item(index=index, id=entry["id"]) for index, entry in enumerate(update.entries)]
        for item, judgement in zip(items, update.judge(world), strict=True):
            _note(world.visible(item.id), judgement, item)
        return items

    def carry_out(self, world: World, exchange: Exchange) -> None:
        """Judge every entry, then apply those without an error, all in one step."""
        self.judgements = self.judge(world)
        for item, judgement in zip(exchange.arrival.items, self.judgements, strict=True):
            campaign = world.visible(item.id)
            _note(campaign, judgement, item)
            item.codes = [*judgement.errors, *judgement.warnings]
            if judgement.errors or campaign is None:
                item.truth = "refused"
            elif item.index not in exchange.unapplied:
                _apply(campaign, judgement, item)

    def judge(self, world: World) -> list[Judgement]:
        """What would become of every entry now."""
        copies = Counter(entry["id"] for entry in self.entries)
        judgements = []
        for entry in self.entries:
            campaign = world.visible(entry["id"])
            owner = None if campaign is None else world.advertisers[campaign.advertiser_id]
            judgement = judge(campaign, owner, entry, needs_whole=self.dialect.is_current)
            if copies[entry["id"]] > 1:
                judgement.errors = [REPEATED]
            if judgement.errors:
                judgement.warnings = []
            judgements.append(judgement)
        return judgements


def _note(campaign: Campaign | None, judgement: Judgement, item: Item) -> None:
    """What stands there now, and what is asked for."""
    item.old, item.new = {}, {}
    if campaign is None:
        return
    if judgement.goal is not None:
        item.old["native.goal"], item.new["native.goal"] = campaign.goal, judgement.goal
    if judgement.limit is not None:
        item.old |= campaign.limit.paths()
        item.new |= judgement.limit.paths()


def _apply(campaign: Campaign, judgement: Judgement, item: Item) -> None:
    item.truth = "applied"
    if judgement.goal is not None:
        campaign.goal = judgement.goal
    if judgement.limit is None:
        return
    if NEXT_PERIOD in judgement.warnings:
        item.truth = "applied_pending"
        campaign.pending = judgement.limit
    else:
        campaign.limit, campaign.pending = judgement.limit, None
