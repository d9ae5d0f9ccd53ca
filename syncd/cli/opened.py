"""A configuration and its database, open for the length of one command."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from syncd import telemetry
from syncd.cli.choices import Choices
from syncd.cli.render.screen import Screen
from syncd.config import Config
from syncd.daemon import open_store, register
from syncd.errors import MissingRight
from syncd.store.database import Database
from syncd.store.reports import Reports

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What a command works with."""

    choices: Choices
    screen: Screen
    config: Config
    database: Database
    reports: Reports

    async def introduce(self) -> None:
        """Make the configured accounts known where the login may; whoever only reads, asks or
        decides finds those that are known already."""
        with contextlib.suppress(MissingRight):
            await self.register()

    async def register(self) -> dict[str, int]:
        """Make the configured accounts known; returns their numbers by name."""
        return await register(self.config, self.database)


@contextlib.asynccontextmanager
async def opened(choices: Choices) -> AsyncIterator[Opened]:
    """Raises ConfigProblems, DatabaseUnavailable or SchemaMismatch."""
    config = choices.load()
    async with open_store(config) as database:
        yield Opened(
            choices=choices,
            screen=Screen(choices=choices),
            config=config,
            database=database,
            reports=Reports(database),
        )


def finish(choices: Choices, work: Coroutine[Any, Any, T]) -> T:
    """Run a command's own loop to its end; logs go to stderr."""
    telemetry.configure(is_verbose=choices.verbose or choices.debug)
    try:
        return asyncio.run(work)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
