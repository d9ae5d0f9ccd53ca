"""What a read says as values by campaign, those that are gone included. Knows values only."""

from __future__ import annotations

from syncd.model.campaign import Campaign, version_of
from syncd.model.path import DELETED, VERSION
from syncd.model.plan import Values
from syncd.ports import Reading


def shown(reading: Reading) -> dict[str, Values]:
    """The values of every campaign that the reading speaks of, with the version of each; one that
    the provider says does not exist shows `deleted` and nothing else."""
    values: dict[str, Values] = {one: {DELETED: "true"} for one in reading.gone}
    values.update({one: _versioned(campaign) for one, campaign in reading.campaigns.items()})
    return values


def _versioned(campaign: Campaign) -> Values:
    version = version_of(campaign.status_raw, campaign.updated_at)
    return {**campaign.values, VERSION: version} if version else campaign.values
