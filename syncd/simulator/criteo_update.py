"""One PATCH of many campaigns at the simulated Criteo: each entry is judged and applied by itself,
and the journal learns the truth of each."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from syncd.simulator.criteo_rules import (
    NEXT_PERIOD,
    REPEATED,
    Judgement,
    UnreadableEntry,
    check_shape,
    judge,
)
from syncd.simulator.exchange import Exchange
from syncd.simulator.journal import Item
from syncd.simulator.wire import MalformedJson, parse
from syncd.simulator.world import Campaign, World


@dataclass
class Update:
    """The entries of one call, and their judgements once it was carried out."""

    entries: list[dict[str, Any]]
    judgements: list[Judgement] = field(default_factory=list)

    @classmethod
    def read(cls, body: Any) -> "Update":
        """The entries of a parsed body; raises UnreadableEntry."""
        entries = body.get("data") if isinstance(body, dict) else None
        if not isinstance(entries, list):
            raise UnreadableEntry("data must be an array")
        for entry in entries:
            check_shape(entry)
        return cls(entries)

    @classmethod
    def items(cls, body: bytes) -> list[Item]:
        """What a body carries, for the journal; nothing where it cannot be read."""
        try:
            entries = cls.read(parse(body)).entries
        except (MalformedJson, UnreadableEntry):
            return []
        return [Item(index=index, id=entry["id"]) for index, entry in enumerate(entries)]

    def carry_out(self, world: World, exchange: Exchange) -> None:
        """Judge every entry, then apply those without an error, all in one step."""
        copies = Counter(entry["id"] for entry in self.entries)
        for index, entry in enumerate(self.entries):
            campaign = world.visible(entry["id"])
            owner = None if campaign is None else world.advertisers[campaign.advertiser_id]
            judgement = judge(campaign, owner, entry)
            if copies[entry["id"]] > 1:
                judgement = Judgement(errors=[REPEATED])
            if judgement.errors:
                judgement.warnings = []
            self.judgements.append(judgement)
            item = exchange.arrival.items[index]
            item.codes = [*judgement.errors, *judgement.warnings]
            if judgement.errors or campaign is None:
                item.truth = "refused"
            elif index not in exchange.unapplied:
                _apply(campaign, judgement, item)


def _apply(campaign: Campaign, judgement: Judgement, item: Item) -> None:
    item.truth = "applied"
    item.old = item.new = campaign.limit.short
    if judgement.goal is not None:
        campaign.goal = judgement.goal
    if judgement.limit is None:
        return
    item.new = judgement.limit.short
    if NEXT_PERIOD in judgement.warnings:
        item.truth = "applied_pending"
        campaign.pending = judgement.limit
    else:
        campaign.limit, campaign.pending = judgement.limit, None
