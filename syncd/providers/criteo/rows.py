"""One row of a Criteo answer becomes a campaign, or an error that says why not; nothing is guessed.
A name or spend limit that is null or left out, which the specification allows, is not shown. Reads
both dialects, ids as text and as numbers; knows no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from syncd.model.campaign import Campaign
from syncd.providers.criteo import spendlimit
from syncd.providers.fields import RowError, clean, identifier, mapping, row_object, text

GOALS: Final = ("Acquisition", "Retention", "Unspecified")
# One dialect writes `Retention`, the other `retention`; a goal has one spelling here, so that
# neither a change of dialect nor a create is taken for a change of the goal.
_GOALS: Final = {goal.lower(): goal for goal in GOALS}


def read(row: bytes, currency: str | Mapping[str, str] | None) -> tuple[Campaign, str | None]:
    """The campaign in one `{"type": "Campaign", "id": …, "attributes": {…}}`, and the dialect whose
    marks it bears, None where it bears none. Raises RowError."""
    found = row_object(row)
    if found.get("type") not in (None, "Campaign"):
        raise RowError("it is not an object of type Campaign")
    external_id = identifier(found.get("id"), "id")
    attributes = mapping(found.get("attributes"), "attributes")
    advertiser = identifier(attributes.get("advertiserId"), "advertiserId")
    given = attributes.get("name")
    name, is_cleaned = clean("" if given is None else text(given, "name"))
    goal = attributes.get("goal")
    if goal is not None:
        goal, _ = clean(text(goal, "goal"))
        goal = _GOALS.get(goal.lower(), goal)
    native: dict[str, str | None] = {"goal": goal, "advertiserId": advertiser}
    if is_cleaned:
        native["name_cleaned"] = "true"
    limit = attributes.get("spendLimit")
    budgets, mark = ({}, None) if limit is None else spendlimit.read(mapping(limit, "spendLimit"))
    campaign = Campaign(
        external_id=external_id,
        name=name,
        raw=row,
        goal=goal,
        part=advertiser,
        currency=currency.get(advertiser) if isinstance(currency, Mapping) else currency,
        budgets=budgets,
        native=native,
    )
    return campaign, mark
