"""One POST that makes a campaign at the simulated Criteo: what it must bring, what it makes, and
what the journal learns of it. Who may call at all was asked before."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from syncd.simulator.criteo.dialect import Dialect
from syncd.simulator.criteo.refusals import Refusal, forbidden, invalid, unreadable
from syncd.simulator.criteo.rules import (
    UnreadableEntry,
    check_limit_shape,
    is_acceptable,
    read_limit,
)
from syncd.simulator.criteo.world import UNCAPPED, Campaign, SpendLimit, World
from syncd.simulator.exchange import Exchange
from syncd.simulator.journal import Item

_GOALS = {"Acquisition", "Retention"}


@dataclass(frozen=True)
class Creation:
    """Creates in one world."""

    world: World
    dialect: Dialect

    @staticmethod
    def items() -> list[Item]:
        """What a create carries, for the journal: one campaign without an id."""
        return [Item(index=0, id="", kind="create")]

    def carry_out(self, body: Any, exchange: Exchange) -> Campaign:
        """Make the campaign that a parsed body asks for; raises Refusal, and says so in the
        journal."""
        (item,) = exchange.arrival.items
        try:
            campaign = self._read(body)
        except Refusal as refusal:
            item.truth, item.codes = "refused", [refusal.code]
            raise
        self.world.add(campaign)
        item.truth, item.id = "applied", campaign.id
        item.new = self.world.values(campaign)
        exchange.arrival.ids = [campaign.id]
        return campaign

    def _read(self, body: Any) -> Campaign:
        attributes = self._attributes(body)
        asked = attributes.get("spendLimit", {})
        try:
            check_limit_shape(asked)
        except UnreadableEntry as error:
            raise unreadable(str(error)) from error
        owner = self.world.advertisers.get(str(attributes.get("advertiserId")))
        if owner is None or not owner.may_update:
            raise forbidden("You may not create campaigns for this advertiser.")
        if attributes.get("goal") not in _GOALS:
            raise invalid("goal is mandatory and can be Acquisition or Retention")
        name = attributes.get("name")
        if not isinstance(name, str) or not name:
            raise invalid("name is mandatory")
        return Campaign(
            id=self.world.free_id(),
            name=name,
            advertiser_id=owner.id,
            goal=attributes["goal"],
            limit=_limit_of(asked),
        )

    def _attributes(self, body: Any) -> dict[str, Any]:
        entry = body.get("data") if isinstance(body, dict) else None
        attributes = entry.get("attributes") if isinstance(entry, dict) else None
        if not isinstance(attributes, dict):
            raise unreadable("data.attributes must be an object")
        if self.dialect.is_current and not isinstance(attributes.get("advertiserId"), str):
            raise unreadable("data.attributes.advertiserId must be a string")
        return attributes


def _limit_of(asked: Mapping[str, Any]) -> SpendLimit:
    if "spendLimitType" not in asked:
        raise invalid("spendLimit.spendLimitType is mandatory")
    limit = read_limit(asked, UNCAPPED)
    if limit is None or not is_acceptable(limit, Decimal("Infinity")):
        raise invalid("the spend limit contradicts itself")
    return limit
