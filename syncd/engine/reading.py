"""What a read says as values by campaign, those that are gone included. Knows values only."""

from __future__ import annotations

from syncd.model.path import DELETED
from syncd.model.plan import Values
from syncd.ports import Reading


def shown(reading: Reading) -> dict[str, Values]:
    """The values of every campaign that the reading speaks of; one that the provider says does not
    exist shows `deleted` and nothing else."""
    values: dict[str, Values] = {one: {DELETED: "true"} for one in reading.gone}
    values.update({one: campaign.values for one, campaign in reading.campaigns.items()})
    return values
