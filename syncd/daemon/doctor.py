"""Checking an account as a doctor would: step by step from the configuration to one page of the
provider, each step with its result, ending at the first that fails; and what a person should know
of its campaigns."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syncd.config import Account, Config
from syncd.daemon.composition import (
    Station,
    Watch,
    chosen,
    hold,
    register,
    stations,
    token_vault,
)
from syncd.daemon.databases import open_store
from syncd.errors import SyncdError
from syncd.model.campaign import Campaign
from syncd.model.guard import mismatch
from syncd.model.listing import Page
from syncd.store.database import Database
from syncd.store.reports import CampaignFilter, Reports, Row

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "voipbin": ("native.outplan_id", "native.outdial_id", "native.queue_id"),
}
"""By provider, the paths without which a campaign cannot do what it is for."""
WITH_DEFAULT: Final = frozenset({"icas"})
"""Providers that make a first campaign themselves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step and what it showed. `findings` are no failure, and somebody should look at them."""

    name: str
    ok: bool
    text: str
    remedy: str = ""
    findings: tuple[str, ...] = ()


async def check_account(config: Config, name: str) -> AsyncIterator[Step]:
    """Credentials, database, lease, token and one page. Sends what one page takes and no write."""
    (account,) = chosen(config, [name])
    try:
        for key, reference in account.secrets.items():
            reference.resolve()
            yield Step(name="credentials", ok=True, text=f"{key} found ({reference.text})")
        async with open_store(config) as database:
            yield Step(name="database", ok=True, text="reachable, schema right")
            numbers = await register(config, database)
            if account.registration.needs_token_key:
                consent = await _consent(config, database, account, numbers[name])
                yield consent
                if not consent.ok:
                    return
            async with stations(config, database, [account], numbers) as (station,):
                async for step in _at_the_provider(database, station):
                    yield step
    except SyncdError as error:
        yield Step(name=error.code, ok=False, text=error.message, remedy=error.remedy)


async def _consent(config: Config, database: Database, account: Account, number: int) -> Step:
    """Where the refresh token comes from that the next call will use."""
    vault = token_vault(config, database, account, number)
    given = account.secrets.get("refresh_token")
    if vault is not None and await vault.load() is not None:
        return Step(name="consent", ok=True, text="refresh token kept in the database")
    if given is not None:
        return Step(name="consent", ok=True, text=f"refresh token of {given.text}, not used yet")
    return Step(
        name="consent",
        ok=False,
        text="nobody has consented yet, so there is no refresh token",
        remedy=f"syncd accounts authorize {account.name}",
    )


async def _at_the_provider(database: Database, station: Station) -> AsyncIterator[Step]:
    watch = Watch(
        started_by="accounts check", observe=lambda _event: None, is_stopping=lambda: False
    )
    async with hold(database, station, watch) as account:
        yield Step(name="lease", ok=True, text="the account is free")
        async with contextlib.aclosing(account.provider.pages()) as pages:
            page = await anext(pages, None)
        yield Step(name="token", ok=True, text="accepted")
    if page is None:
        yield Step(name="one page", ok=True, text="the configured scope holds nothing to list")
        return
    first = _one_page(page)
    yield first
    if first.ok:
        async for step in _of_campaigns(database, station, page):
            yield step


async def _of_campaigns(database: Database, station: Station, page: Page) -> AsyncIterator[Step]:
    """What the rows of the page, and the mirror where it knows more, say beyond that they came."""
    settings = station.settings
    hit = mismatch(settings.dialect, page.dialect)
    if hit is not None:
        text, _, remedy = hit.message.partition(": ")
        yield Step(name="dialect", ok=False, text=text, remedy=remedy)
        return
    needed = NEEDED.get(settings.provider, ())
    if not needed and settings.provider not in WITH_DEFAULT:
        return
    wanted = CampaignFilter(account=settings.name, limit=None)
    shown = {one.external_id for one in page.campaigns}
    rows = await Reports(database).campaigns(wanted)
    mirror = [row for row in rows if row["gone_at"] is None and row["external_id"] not in shown]
    if settings.provider in WITH_DEFAULT:
        yield _default(mirror, page.campaigns)
    if needed:
        yield _incomplete(mirror, page.campaigns, needed)


def _one_page(page: Page) -> Step:
    text = f"{len(page.campaigns)} campaigns for {page.label}"
    if page.is_whole and not page.bad:
        return Step(name="one page", ok=True, text=text)
    said = "; ".join(page.notes) or page.bad[0].message
    return Step(
        name="one page",
        ok=False,
        text=f"{text}, and: {said}",
        remedy="look at the account's rights",
    )


def _default(mirror: Sequence[Row], shown: Sequence[Campaign]) -> Step:
    """The campaign that the provider itself made for the account."""
    found = {row["external_id"]: row["name"] for row in mirror if row["is_default"]}
    found |= {one.external_id: one.name for one in shown if one.is_default}
    named = ", ".join(f"{key} {name or '(no name)'}" for key, name in sorted(found.items()))
    return Step(name="default", ok=True, text=named or "no campaign is marked as the default")


def _incomplete(mirror: Sequence[Row], shown: Sequence[Campaign], needed: Sequence[str]) -> Step:
    """Campaigns that lack what they need: those of the page as they are now, others as the mirror
    has them."""
    values = {row["external_id"]: row["values"] for row in mirror}
    values |= {one.external_id: one.values for one in shown if not one.is_gone}
    found = []
    for external_id, known in sorted(values.items()):
        nil = [path for path in needed if known.get(path) is None]
        if nil:
            found.append(f"{external_id}: {', '.join(nil)} not set")
    if not found:
        return Step(name="references", ok=True, text="every campaign has those that it needs")
    text = f"{len(found)} of {len(values)} campaigns cannot call anybody"
    return Step(name="references", ok=True, text=text, findings=tuple(found))
