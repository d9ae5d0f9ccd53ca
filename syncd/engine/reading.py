"""What a read says as values by campaign, and whether its word that one is gone can be believed.
Knows nothing of what is done with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import aclosing
from dataclasses import replace

from syncd.engine.account import Account
from syncd.model.campaign import Campaign, version_of
from syncd.model.listing import Reading
from syncd.model.path import DELETED, VERSION
from syncd.model.plan import Values


def shown(reading: Reading) -> dict[str, Values]:
    """The values of every campaign that the reading speaks of, with the version of each; one that
    the provider says does not exist shows `deleted` and nothing else."""
    values: dict[str, Values] = {one: {DELETED: "true"} for one in reading.gone}
    values.update({one: _versioned(campaign) for one, campaign in reading.campaigns.items()})
    return values


async def proven(account: Account, reading: Reading) -> Reading:
    """The same, but that a campaign does not exist counts only while the account shows another one:
    whoever has lost the rights, or asks at another address, is told so of every campaign. What is
    shown of that one belongs to what was read. Raises ProviderError."""
    if not reading.gone or _shows_one(reading):
        return reading
    beside = await _witness(account, reading.gone)
    if beside is None:
        return replace(reading, gone=frozenset(), is_whole=False)
    return replace(reading, campaigns={**beside, **reading.campaigns})


async def _witness(account: Account, gone: Collection[str]) -> Mapping[str, Campaign] | None:
    """Another campaign of the account as the provider shows it; without any, where there is none
    and the provider still answers for the account at all; None where it shows none any more."""
    witnesses = await account.mirror.witnesses(gone)
    for witness in witnesses:
        reading = await account.provider.read([witness])
        if _shows_one(reading):
            return reading.campaigns
    if not witnesses:
        async with aclosing(account.provider.pages()) as pages:
            async for page in pages:
                return {} if page.is_whole else None
    return None if witnesses else {}


def _shows_one(reading: Reading) -> bool:
    return any(not one.is_gone for one in reading.campaigns.values())


def _versioned(campaign: Campaign) -> Values:
    version = version_of(campaign.status_raw, campaign.updated_at)
    return {**campaign.values, VERSION: version} if version else campaign.values
