"""What a read says as values by campaign, and whether its word that one is gone can be believed.
Knows nothing of what is done with it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import aclosing
from dataclasses import replace

from syncd.engine.account import Account
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


async def proven(account: Account, reading: Reading) -> Reading:
    """The same, but that a campaign does not exist counts only while the account shows another one:
    whoever has lost the rights, or asks at another address, is told so of every campaign. Raises
    ProviderError."""
    if not reading.gone or _shows_one(reading) or await _is_in_order(account, reading.gone):
        return reading
    return replace(reading, gone=frozenset(), is_whole=False)


async def _is_in_order(account: Account, gone: Collection[str]) -> bool:
    """Whether the provider shows another campaign of the account, or, where there is none, still
    answers for the account at all."""
    witnesses = await account.mirror.witnesses(gone)
    for witness in witnesses:
        if _shows_one(await account.provider.read([witness])):
            return True
    if not witnesses:
        async with aclosing(account.provider.pages()) as pages:
            async for page in pages:
                return page.is_whole
    return not witnesses


def _shows_one(reading: Reading) -> bool:
    return any(not one.is_gone for one in reading.campaigns.values())


def _versioned(campaign: Campaign) -> Values:
    version = version_of(campaign.status_raw, campaign.updated_at)
    return {**campaign.values, VERSION: version} if version else campaign.values
