"""Checking an account as a doctor would: step by step from the configuration to one page of the
provider, each step with its result, ending at the first that fails."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from syncd.config import Config
from syncd.daemon.composition import Station, Watch, chosen, hold, open_store, register, stations
from syncd.errors import SyncdError
from syncd.store.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step and what it showed."""

    name: str
    ok: bool
    text: str
    remedy: str = ""


async def check_account(config: Config, name: str) -> AsyncIterator[Step]:
    """Credentials, database, lease, token and one page. Sends two requests at most and no write."""
    (account,) = chosen(config, [name])
    try:
        for key, reference in account.credentials:
            reference.resolve()
            yield Step(name="credentials", ok=True, text=f"{key} found ({reference.text})")
        async with open_store(config) as database:
            yield Step(name="database", ok=True, text="reachable, schema right")
            numbers = await register(config, database)
            async with stations(config, database, [account], numbers) as (station,):
                async for step in _at_the_provider(database, station):
                    yield step
    except SyncdError as error:
        yield Step(name=error.code, ok=False, text=error.message, remedy=error.remedy)


async def _at_the_provider(database: Database, station: Station) -> AsyncIterator[Step]:
    watch = Watch(
        started_by="accounts check", observe=lambda _event: None, is_stopping=lambda: False
    )
    async with hold(database, station, watch) as account:
        yield Step(name="lease", ok=True, text="the account is free")
        async with contextlib.aclosing(account.provider.pages()) as pages:
            page = await anext(pages)
        text = f"{len(page.campaigns)} campaigns for {page.label}"
        yield Step(name="token", ok=True, text="accepted")
        if page.is_whole and not page.bad:
            yield Step(name="one page", ok=True, text=text)
        else:
            said = "; ".join(page.notes) or page.bad[0].message
            yield Step(
                name="one page",
                ok=False,
                text=f"{text}, and: {said}",
                remedy="look at the account's rights",
            )
